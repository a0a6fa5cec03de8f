/* canvass backup: a copy of the ledger. */
#include "core/engine/backup.h"
#include "cli/commands.h"
#include "core/base/utime.h"
#include "core/store/stores.h"

static int
backup_run(const struct cli *cli, int argc, char **argv)
{
    const struct cli_option options[] = {{0}};
    const char *path = NULL;
    size_t count = 0;
    struct error err = {0};
    struct db *ledger;
    bool ok;

    if (!cli_parse(cli, &cli_backup, argc, argv, options, &path, 1, &count))
        return EXIT_USAGE;
    if (count == 0)
        return cli_usage(cli, &cli_backup, "the file to write is missing");
    ledger = ledger_open(cli->home, &err);
    ok = ledger && backup_write(ledger, path, utime_now_s(), &err);
    db_close(ledger);
    if (!ok)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(json_pack("{s:s}", "backup", path));
    cli_printf("%s written. Keep it as safe as the original: it holds names and numbers.\n", path);
    return EXIT_DONE;
}

const struct cli_command cli_backup = {
    .name = "backup",
    .synopsis = "FILE",
    .summary = "Copies the ledger into a new file, also while an engine sends",
    .run = backup_run,
};
