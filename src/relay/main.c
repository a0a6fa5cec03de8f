/* canvass-relay: the public webhook mailbox. Flags, signals and wiring. */
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "relay/relay.h"
#include "relay/relay_config.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char hint[] = "`canvass-relay --help` lists the flags";

struct flags {
    const char *config;
    const char *port_file;
    bool help, version;
};

static void
print_help(void)
{
    struct buf out = {0};

    buf_add_str(&out,
                "canvass-relay: receives Twilio's webhooks, keeps them, hands them to canvass\n\n"
                "  canvass-relay --config relay.yaml [--listen HOST:PORT] [...]\n\n"
                "  --config FILE      settings (YAML)\n"
                "  --port-file FILE   write the port that was taken into FILE\n"
                "  --help, --version\n\n"
                "Settings: key in the file, flag (wins over the file), value\n");
    relay_config_help(&out);
    buf_add_str(&out, "\nRelative paths in the file are relative to the file. SIGTERM and SIGINT:\n"
                      "store and answer what has arrived, then leave with 0.\n"
                      "Exit: 0 done, 1 failed, 2 usage.\n");
    (void)fputs(buf_str(&out), stdout);
    buf_release(&out);
}

static bool
usage(const char *what, const char *flag)
{
    const char *near = relay_config_near_flag(flag);

    (void)fprintf(stderr, "canvass-relay: %s %.100s; ", what, flag);
    if (near && strcmp(near, flag) != 0)
        (void)fprintf(stderr, "did you mean %s?\n", near);
    else
        (void)fprintf(stderr, "%s\n", hint);
    return false;
}

/* "--flag value" and "--flag=value". */
static bool
read_flags(int argc, char **argv, struct flags *flags, struct relay_config *config)
{
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        char *name =
            equals ? mem_strndup(argv[i], (size_t)(equals - argv[i])) : mem_strdup(argv[i]);
        bool is_flag = text_starts_with(name, "--");
        bool ok = true;

        if (!equals && strcmp(name, "--help") == 0) {
            flags->help = true;
        } else if (!equals && strcmp(name, "--version") == 0) {
            flags->version = true;
        } else if (!is_flag) {
            ok = usage("unexpected argument", name);
        } else {
            const char *value = equals ? equals + 1 : i + 1 < argc ? argv[i + 1] : NULL;

            if (strcmp(name, "--config") == 0)
                flags->config = value;
            else if (strcmp(name, "--port-file") == 0)
                flags->port_file = value;
            else if (!relay_config_set_flag(config, name, value))
                ok = usage("unknown flag", name);
            if (ok && (!value || (!*value && !relay_config_flag_may_be_empty(name))))
                ok = usage("a value is missing after", name);
            i += !equals;
        }
        free(name);
        if (!ok)
            return false;
    }
    return true;
}

/* Every connection is a descriptor; the usual soft limit is as low as their number. */
static void
raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max > 8192 ? 8192 : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_line(LOG_WARN, "relay", "cannot raise the limit of open files");
}

static bool
write_port(const char *path, uint16_t port, struct error *err)
{
    char *text = mem_printf("%u\n", port);
    bool ok = file_write_atomic(path, text, strlen(text), 0644, err);

    free(text);
    return ok;
}

static int
serve(const struct relay_config *config, const char *port_file)
{
    struct error err = {0};
    struct relay *relay;
    sigset_t stop_signals;
    int got = 0;

    /* Blocked before there are threads, so that only sigwait() below sees them. */
    sigemptyset(&stop_signals);
    sigaddset(&stop_signals, SIGTERM);
    sigaddset(&stop_signals, SIGINT);
    sigaddset(&stop_signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &stop_signals, NULL);
    json_set_alloc_funcs(mem_alloc, free); /* no memory ends it, as everywhere in core */
    (void)signal(SIGPIPE, SIG_IGN);

    relay = relay_start(config, &err);
    if (!relay)
        goto bad;
    if (port_file && !write_port(port_file, relay_port(relay), &err))
        goto bad;
    log_line(LOG_INFO, "relay", "listening on %s (port %u); public URL %s", config->listen,
             relay_port(relay), relay_public_url(relay));
    if (sigwait(&stop_signals, &got) == 0)
        log_line(LOG_INFO, "relay", "signal %d: storing what has arrived, then leaving", got);
    relay_stop(relay);
    return EXIT_DONE;
bad:
    (void)fprintf(stderr, "canvass-relay: %s\n", err.text);
    relay_stop(relay);
    return EXIT_FAILED;
}

int
main(int argc, char **argv)
{
    struct relay_config config = {0};
    struct flags flags = {0};
    struct buf errors = {0};
    int status = EXIT_FAILED;

    if (!read_flags(argc, argv, &flags, &config)) {
        status = EXIT_USAGE;
        goto out;
    }
    if (flags.help || flags.version) {
        if (flags.help)
            print_help();
        else
            (void)puts("canvass-relay " CANVASS_VERSION);
        status = EXIT_DONE;
        goto out;
    }
    log_to_fd(STDERR_FILENO, LOG_INFO);
    raise_file_limit();
    if (relay_config_load(&config, flags.config, &errors))
        status = serve(&config, flags.port_file);
    else
        (void)fputs(buf_str(&errors), stderr);
out:
    relay_config_release(&config);
    buf_release(&errors);
    return status;
}
