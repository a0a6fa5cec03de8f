/* canvass-sim: flags, then wait for a signal. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/log.h"
#include "sim/flags.h"
#include "sim/sim.h"

static bool
write_port(const char *path, uint16_t port, struct error *err)
{
    char text[8];
    int len = snprintf(text, sizeof text, "%u\n", (unsigned)port);

    return len > 0 && file_write_atomic(path, text, (size_t)len, 0644, err);
}

/* Until SIGTERM or SIGINT. */
static bool
serve(const struct sim_flags *flags, const sigset_t *end, struct error *err)
{
    struct sim *sim = sim_start(&flags->sim, err);
    int signal_number;
    bool ok = false;

    if (!sim)
        return false;
    if (flags->port_file && !write_port(flags->port_file, sim_port(sim), err))
        goto out;
    log_line(LOG_INFO, "sim", "listening on port %u", (unsigned)sim_port(sim));
    if (sigwait(end, &signal_number) != 0) {
        (void)error_set(err, ERR_INTERNAL, "cannot wait for signals");
        goto out;
    }
    log_line(LOG_INFO, "sim", "ending");
    ok = true;
out:
    sim_stop(sim);
    return ok;
}

static bool
run(struct sim_flags *flags, struct error *err)
{
    sigset_t end;
    char *token = NULL;
    int log_fd = STDERR_FILENO;
    bool ok = false;

    if (!flags->sim.account_sid || !flags->auth_token_file || flags->sim.from_count == 0)
        return error_set(err, ERR_INVALID,
                         "--account-sid, --auth-token-file and --from are needed; see --help");
    if (flags->log) {
        log_fd = open(flags->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0)
            return error_set(err, ERR_INVALID, "cannot open the log %s: error %d", flags->log,
                             errno);
    }
    log_to_fd(log_fd, LOG_INFO);
    token = file_read_secret(flags->auth_token_file, err);
    if (!token)
        goto out;
    flags->sim.auth_token = token;
    /* blocked before threads start, so that only sigwait() takes them */
    if (sigemptyset(&end) != 0 || sigaddset(&end, SIGTERM) != 0 || sigaddset(&end, SIGINT) != 0 ||
        pthread_sigmask(SIG_BLOCK, &end, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        (void)error_set(err, ERR_INTERNAL, "cannot set up signals");
        goto out;
    }
    ok = serve(flags, &end, err);
out:
    log_to_fd(STDERR_FILENO, LOG_INFO);
    free(token);
    if (log_fd != STDERR_FILENO)
        (void)close(log_fd);
    return ok;
}

int
main(int argc, char **argv)
{
    struct sim_flags flags;
    struct error err = {0};
    bool ok;

    if (!sim_flags_parse(argc, argv, &flags, &err)) {
        (void)fprintf(stderr, "canvass-sim: %s\n", err.text);
        return 2;
    }
    if (flags.help || flags.version) {
        if (flags.help)
            sim_flags_help(stdout);
        else
            (void)printf("canvass-sim %s\n", CANVASS_VERSION);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)fprintf(stderr, "canvass-sim: libcurl does not start\n");
        return 1;
    }
    ok = run(&flags, &err);
    curl_global_cleanup();
    if (!ok)
        (void)fprintf(stderr, "canvass-sim: %s\n", err.text);
    return ok ? 0 : err.code == ERR_INVALID ? 2 : 1;
}
