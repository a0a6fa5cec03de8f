/* canvass sync: brings the replica up to the main database. */
#include "cli/commands.h"
#include "cli/sync_print.h"
#include "core/base/fileio.h"

static int
sync_run(const struct cli *cli, int argc, char **argv)
{
    bool whole = false;
    const struct cli_option options[] = {{"--full", NULL, &whole}, {0}};
    struct config config = {0};
    struct cli_progress progress;
    struct sync_result result;
    struct error err = {0};
    bool ok;

    if (!cli_parse(cli, &cli_sync, argc, argv, options, NULL, 0, NULL) ||
        !cli_load_config(cli, &config))
        return EXIT_USAGE;
    cli_progress_init(&progress, cli);
    if (file_exists(config.path))
        ok = replica_sync(&(const struct sync_job){.home = cli->home,
                                                   .config = &config,
                                                   .open = cli->open_main_database,
                                                   .now_s = cli->now_s,
                                                   .mode = whole ? SYNC_FULL : SYNC_INCREMENTAL,
                                                   .progress = cli_sync_progress,
                                                   .arg = &progress},
                          &result, &err);
    else
        ok = error_set(&err, ERR_NOT_FOUND, "there is no configuration %s; canvass init makes one",
                       config.path);
    cli_progress_clear(&progress);
    config_release(&config);
    if (!ok)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(cli_sync_json(&result));
    cli_sync_print(&result);
    return EXIT_DONE;
}

const struct cli_command cli_sync = {
    .name = "sync",
    .synopsis = "[--full]",
    .summary = "Bring the replica up to the main database",
    .run = sync_run,
};
