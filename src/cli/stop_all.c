/* canvass stop-all, start-all: the panic switch. */
#include "cli/commands.h"
#include "core/engine/engine.h"
#include "core/store/stores.h"

static int
turn(const struct cli *cli, const struct cli_command *command, int argc, char **argv, bool stop)
{
    const struct cli_option options[] = {{0}};
    struct error err = {0};
    struct db *ledger;
    bool ok;

    if (!cli_parse(cli, command, argc, argv, options, NULL, 0, NULL))
        return EXIT_USAGE;
    ledger = ledger_open(cli->home, &err);
    ok = ledger && (stop ? engine_stop_all(ledger, audit_actor(), cli->now_s, &err)
                         : engine_start_all(ledger, audit_actor(), cli->now_s, &err));
    db_close(ledger);
    if (!ok)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(json_pack("{s:b, s:s}", "stopped", stop, "by", audit_actor()));
    cli_printf(stop ? "Stopped. Nothing more is sent until start-all; what is under way ends.\n"
                    : "Sending again.\n");
    return EXIT_DONE;
}

static int
stop_all_run(const struct cli *cli, int argc, char **argv)
{
    return turn(cli, &cli_stop_all, argc, argv, true);
}

static int
start_all_run(const struct cli *cli, int argc, char **argv)
{
    return turn(cli, &cli_start_all, argc, argv, false);
}

const struct cli_command cli_stop_all = {
    .name = "stop-all",
    .synopsis = "",
    .summary = "The panic switch: nothing more is sent, by any engine",
    .run = stop_all_run,
};

const struct cli_command cli_start_all = {
    .name = "start-all",
    .synopsis = "",
    .summary = "Takes the panic switch back",
    .run = start_all_run,
};
