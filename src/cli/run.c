/* canvass run: the engine without a screen. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/base/log.h"
#include "core/engine/engine.h"

static volatile int stop; /* written by the handler, and nothing else is */

static void
on_signal(int number)
{
    stop = number;
}

static void
catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static const char *
end_name(enum engine_end end)
{
    switch (end) {
    case ENGINE_IDLE:
        return "idle";
    case ENGINE_STOPPED:
        return "stopped";
    case ENGINE_WAITS:
        return "waits";
    case ENGINE_NO_LEASE:
        return "no_lease";
    }
    return "";
}

static int
print_summary(const struct cli *cli, const struct engine_summary *s)
{
    if (cli->json)
        return cli_print_json(
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "end", end_name(s->end),
                      "accepted", (json_int_t)s->accepted, "rejected", (json_int_t)s->rejected,
                      "not_sent", (json_int_t)s->not_sent, "unknown", (json_int_t)s->unknown,
                      "replies", (json_int_t)s->replies, "opted_out", (json_int_t)s->opted_out,
                      "in_doubt", (json_int_t)s->in_doubt, "waits_for", s->waits_for));
    cli_printf("%" PRId64 " accepted, %" PRId64 " rejected, %" PRId64 " not sent, %" PRId64
               " without an answer; %" PRId64 " replies, %" PRId64 " opted out\n",
               s->accepted, s->rejected, s->not_sent, s->unknown, s->replies, s->opted_out);
    if (s->waits_for[0])
        cli_printf("left: %s\n", s->waits_for);
    return EXIT_DONE;
}

static int
run_engine(const struct cli *cli, const struct config *config, bool until_idle)
{
    struct engine_options options = {.home = cli->home,
                                     .config = config,
                                     .open_main_sink = cli->open_main_sink,
                                     .open_main_database = cli->open_main_database,
                                     .has_net = true};
    struct engine_summary summary;
    struct error err = {0};

    if (!config_can_send(config, &err) || !cli->open_net(config, &options.net, &err))
        return cli_fail(cli, &err);
    catch_signals();
    if (!engine_run(&options, until_idle, &stop, &summary, &err))
        return cli_fail(cli, &err);
    if (summary.end == ENGINE_NO_LEASE) {
        (void)error_set(&err, ERR_CONFLICT, "another engine sends already: %s", summary.waits_for);
        return cli_fail(cli, &err);
    }
    return print_summary(cli, &summary);
}

static int
run_run(const struct cli *cli, int argc, char **argv)
{
    bool until_idle = false;
    const struct cli_option options[] = {{"--until-idle", NULL, &until_idle}, {0}};
    struct config config = {0};
    int status;

    if (!cli_parse(cli, &cli_run, argc, argv, options, NULL, 0, NULL) ||
        !cli_load_config(cli, &config))
        return EXIT_USAGE;
    log_to_fd(STDERR_FILENO, cli->verbose ? LOG_DEBUG : LOG_INFO);
    status = run_engine(cli, &config, until_idle);
    config_release(&config);
    return status;
}

const struct cli_command cli_run = {
    .name = "run",
    .synopsis = "[--until-idle]",
    .summary = "Send, retry and listen for replies without a screen, until SIGTERM",
    .run = run_run,
};
