/* canvass sync: brings the replica up to the main database, once or for as long as it runs. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/sync_print.h"
#include "core/base/fileio.h"
#include "core/base/utime.h"

static atomic_bool stop; /* written by the handler, and nothing else is */

static void
on_signal(int number)
{
    (void)number;
    atomic_store(&stop, true);
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

/* Sleeps unless told to stop; a signal between look and sleep is not missed. */
static void
sleep_for(int64_t seconds)
{
    const struct timespec t = {.tv_sec = (time_t)seconds};
    sigset_t block;
    sigset_t before;

    (void)sigemptyset(&block);
    (void)sigaddset(&block, SIGTERM);
    (void)sigaddset(&block, SIGINT);
    (void)sigaddset(&block, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &block, &before);
    if (!atomic_load(&stop))
        (void)ppoll(NULL, 0, &t, &before);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int
tell(const struct cli *cli, const struct sync_result *result)
{
    if (cli->json)
        return cli_print_json(cli_sync_json(result));
    cli_sync_print(result);
    return EXIT_DONE;
}

/* Says what changed, and a failure once; the last good generation stays in use meanwhile. */
static int
watch(const struct cli *cli, const struct config *config, struct sync_job *job)
{
    bool failing = false;
    bool first = true;

    catch_signals();
    job->cancel = &stop;
    job->mode = SYNC_REFRESH;
    while (!atomic_load(&stop)) {
        struct sync_result result;
        struct error err = {0};

        if (!first || !cli->now_given)
            job->now_s = utime_now_s();
        if (replica_sync(job, &result, &err)) {
            if ((first || failing || result.changed) && tell(cli, &result) != EXIT_DONE)
                return EXIT_FAILED;
            (void)fflush(stdout);
            failing = false;
        } else if (!atomic_load(&stop) && err.code != ERR_RETRY) {
            if (!failing)
                (void)cli_fail(cli, &err);
            failing = true;
        }
        first = false;
        sleep_for(config->main_database.refresh_seconds);
    }
    return EXIT_DONE;
}

static int
once(const struct cli *cli, struct sync_job *job)
{
    struct cli_progress progress;
    struct sync_result result;
    struct error err = {0};
    bool ok;

    cli_progress_init(&progress, cli);
    job->progress = cli_sync_progress;
    job->arg = &progress;
    ok = replica_sync(job, &result, &err);
    cli_progress_clear(&progress);
    return ok ? tell(cli, &result) : cli_fail(cli, &err);
}

static int
sync_run(const struct cli *cli, int argc, char **argv)
{
    bool whole = false;
    bool watching = false;
    const struct cli_option options[] = {
        {"--full", NULL, &whole}, {"--watch", NULL, &watching}, {0}};
    struct config config = {0};
    struct sync_job job = {.home = cli->home, .config = &config, .now_s = cli->now_s};
    struct error err = {0};
    int status;

    if (!cli_parse(cli, &cli_sync, argc, argv, options, NULL, 0, NULL))
        return EXIT_USAGE;
    if (whole && watching)
        return cli_usage(cli, &cli_sync, "--full is done once, --watch goes on");
    if (!cli_load_config(cli, &config))
        return EXIT_USAGE;
    job.open = cli->open_main_database;
    job.mode = whole ? SYNC_FULL : SYNC_INCREMENTAL;
    if (!file_exists(config.path)) {
        (void)error_set(&err, ERR_NOT_FOUND, "there is no configuration %s; canvass init makes one",
                        config.path);
        status = cli_fail(cli, &err);
    } else {
        status = watching ? watch(cli, &config, &job) : once(cli, &job);
    }
    config_release(&config);
    return status;
}

const struct cli_command cli_sync = {
    .name = "sync",
    .synopsis = "[--full | --watch]",
    .summary = "Bring the replica up to the main database, once or every refresh_seconds",
    .run = sync_run,
};
