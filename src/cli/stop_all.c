/* canvass stop-all, start-all: the panic switch. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/base/fileio.h"
#include "core/engine/engine.h"
#include "core/store/stores.h"

static int
stop_all_run(const struct cli *cli, int argc, char **argv)
{
    const struct cli_option options[] = {{0}};
    struct error err = {0};
    struct db *ledger;
    int64_t under_way = 0;
    bool ok;

    if (!cli_parse(cli, &cli_stop_all, argc, argv, options, NULL, 0, NULL))
        return EXIT_USAGE;
    ledger = ledger_open(cli->home, &err);
    ok = ledger && engine_stop_all(ledger, audit_actor(), cli->now_s, &under_way, &err);
    db_close(ledger);
    if (!ok)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(json_pack("{s:b, s:s, s:I}", "stopped", 1, "by", audit_actor(),
                                        "under_way", (json_int_t)under_way));
    cli_printf("Stopped. Nothing more is sent until start-all. %" PRId64
               " were under way: what has "
               "left ends, the rest waits again.\n",
               under_way);
    return EXIT_DONE;
}

/* The file would stop it all again at once. */
static bool
remove_stop_file(const struct cli *cli, struct error *err)
{
    char *path = path_join(cli->home, "STOP");
    const bool ok = unlink(path) == 0 || errno == ENOENT;

    if (!ok)
        (void)error_set(err, ERR_DENIED, "%s stops all sending and cannot be removed (error %d)",
                        path, errno);
    free(path);
    return ok;
}

static int
start_all_run(const struct cli *cli, int argc, char **argv)
{
    const struct cli_option options[] = {{0}};
    struct error err = {0};
    struct db *ledger = NULL;
    bool ok;

    if (!cli_parse(cli, &cli_start_all, argc, argv, options, NULL, 0, NULL))
        return EXIT_USAGE;
    ok = remove_stop_file(cli, &err) && (ledger = ledger_open(cli->home, &err)) &&
         engine_start_all(ledger, audit_actor(), cli->now_s, &err);
    db_close(ledger);
    if (!ok)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(json_pack("{s:b, s:s}", "stopped", 0, "by", audit_actor()));
    cli_printf("Sending again.\n");
    return EXIT_DONE;
}

const struct cli_command cli_stop_all = {
    .name = "stop-all",
    .synopsis = "",
    .summary = "The panic switch: nothing more is sent, by any engine (so does a file STOP in the "
               "state folder)",
    .run = stop_all_run,
};

const struct cli_command cli_start_all = {
    .name = "start-all",
    .synopsis = "",
    .summary = "Takes the panic switch back, and the file STOP",
    .run = start_all_run,
};
