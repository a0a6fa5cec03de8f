/* canvass: flags and wiring. The only file that sees ui, core, cli and net together. */
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "core/base/env.h"
#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/engine/engine.h"
#include "core/query/query.h"
#include "core/store/stores.h"
#include "net/open.h"
#include "net/postgres.h"
#include "ui/app.h"
#include "ui/screen/screens.h"

struct start {
    struct cli cli;
    char *config_path; /* owned */
    char *home;        /* owned */
    const char **overrides;
    const char *config_flag;
    const char *home_flag;
    const char *now_flag;
    bool help, version;
    char **rest; /* the subcommand and what follows, in order */
    int rest_count;
};

static const char *
home_folder(void)
{
    const char *home = env_get("HOME");

    return home ? home : ".";
}

static char *
xdg_path(const char *variable, const char *below_home, const char *name)
{
    const char *base = env_get(variable);

    if (base && base[0] == '/')
        return mem_printf("%s/%s", base, name);
    return mem_printf("%s/%s/%s", home_folder(), below_home, name);
}

static void
print_help(FILE *out)
{
    (void)fprintf(out,
                  "canvass %s: the campaign console for the terminal\n\n"
                  "usage: canvass [flags]                    the console\n"
                  "       canvass [flags] COMMAND ...        one thing, then leave\n\n"
                  "commands:\n",
                  CANVASS_VERSION);
    for (size_t i = 0; cli_commands[i]; i++)
        (void)fprintf(out, "  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    (void)fputs(
        "\nflags (before or after the command):\n"
        "  --config FILE   the configuration (default $XDG_CONFIG_HOME/canvass/config.yaml)\n"
        "  --home DIR      the state (default $XDG_STATE_HOME/canvass)\n"
        "  --set KEY=VALUE one setting, over the file: --set sms.per_second=5\n"
        "  --now TIME      evaluate as of this RFC 3339 instant\n"
        "  --json          one JSON document instead of text\n"
        "  --no-color      no colours (NO_COLOR does the same)\n"
        "  -v              log more\n"
        "  --help, --version\n"
        "\n`canvass COMMAND --help` tells the forms of a command.\n"
        "Exit: 0 done, 1 failed, 2 usage, 3 refused by a rule, 4 nothing found.\n",
        out);
}

static void
print_command_help(const struct cli_command *command)
{
    const char *line = command->synopsis;

    (void)printf("%s\n", command->summary);
    while (*line) {
        size_t len = strcspn(line, "\n");

        (void)printf("  canvass %s %.*s\n", command->name, (int)len, line);
        line += len + (line[len] == '\n');
    }
}

/* Takes `--name value` or `--name=value`. */
static bool
flag_value(const char *name, int argc, char **argv, int *i, const char **out)
{
    size_t len = strlen(name);

    if (strncmp(argv[*i], name, len) != 0 || (argv[*i][len] && argv[*i][len] != '='))
        return false;
    if (argv[*i][len] == '=')
        *out = argv[*i] + len + 1;
    else
        *out = *i + 1 < argc ? argv[++*i] : "";
    return true;
}

/* Global flags stand anywhere; everything else is the command's, in order. */
static void
read_flags(struct start *s, int argc, char **argv)
{
    bool end = false;

    s->rest = mem_calloc((size_t)argc + 1, sizeof *s->rest);
    s->overrides = mem_calloc((size_t)argc + 1, sizeof *s->overrides);
    for (int i = 1; i < argc; i++) {
        const char *override = NULL;

        if (end || argv[i][0] != '-')
            s->rest[s->rest_count++] = argv[i];
        else if (strcmp(argv[i], "--json") == 0)
            s->cli.json = true;
        else if (strcmp(argv[i], "--no-color") == 0)
            s->cli.no_color = true;
        else if (strcmp(argv[i], "-v") == 0)
            s->cli.verbose = true;
        else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            s->help = true;
        else if (strcmp(argv[i], "--version") == 0)
            s->version = true;
        else if (flag_value("--config", argc, argv, &i, &s->config_flag) ||
                 flag_value("--home", argc, argv, &i, &s->home_flag) ||
                 flag_value("--now", argc, argv, &i, &s->now_flag))
            continue;
        else if (flag_value("--set", argc, argv, &i, &override))
            s->overrides[s->cli.override_count++] = override;
        else {
            end = strcmp(argv[i], "--") == 0;
            s->rest[s->rest_count++] = argv[i];
        }
    }
    s->cli.overrides = s->overrides;
}

static bool
settle(struct start *s, struct error *err)
{
    if ((s->config_flag && !*s->config_flag) || (s->home_flag && !*s->home_flag))
        return error_set(err, ERR_INVALID, "--config and --home need a value");
    s->config_path = s->config_flag ? mem_strdup(s->config_flag)
                                    : xdg_path("XDG_CONFIG_HOME", ".config", "canvass/config.yaml");
    s->home = s->home_flag ? mem_strdup(s->home_flag)
                           : xdg_path("XDG_STATE_HOME", ".local/state", "canvass");
    s->cli.config_path = s->config_path;
    s->cli.home = s->home;
    s->cli.home_given = s->home_flag != NULL;
    s->cli.now_s = utime_now_s();
    s->cli.now_given = s->now_flag != NULL;
    if (s->now_flag && !utime_parse_rfc3339(s->now_flag, strlen(s->now_flag), &s->cli.now_s))
        return error_set(err, ERR_INVALID,
                         "--now must be a time such as 2026-11-23T09:00:00Z, not \"%s\"",
                         s->now_flag);
    return true;
}

static int
run_command(struct start *s)
{
    const struct cli_command *command = cli_find(s->rest[0]);
    struct error err = {0};

    if (!command) {
        const char *near = cli_nearest(s->rest[0]);

        error_set(&err, ERR_INVALID, "no command \"%s\"%s%s%s; canvass --help lists them",
                  s->rest[0], near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        return cli_fail(&s->cli, &err);
    }
    if (s->help) {
        print_command_help(command);
        return EXIT_DONE;
    }
    return command->run(&s->cli, s->rest_count, s->rest);
}

/* Without a terminal that can show the console: how things stand, and what to type instead. */
static int
run_without_screen(struct start *s)
{
    char *words[] = {(char[]){"doctor"}, NULL};
    const struct cli_command *doctor = cli_find(words[0]);

    (void)doctor->run(&s->cli, 1, words);
    (void)fputs("\nThis is no terminal that can show the console (80x24, TERM other than dumb).\n"
                "Everything that the console does is a command too: canvass --help lists them.\n",
                stderr);
    return EXIT_USAGE;
}

/* What the console is made of; released in the order that the threads need. */
struct console {
    struct config config;
    struct mailbox *answers, *events;
    struct query *query;
    struct engine *engine;
    char *log_path, *config_dir, *no_net_reason;
    int log_fd;
};

/* While the screen is up the log is a file: it must not write over the screen. */
static void
console_log(struct start *s, struct console *c)
{
    c->log_path = path_join(s->home, "canvass.log");
    c->log_fd = open(c->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    log_to_fd(c->log_fd, s->cli.verbose ? LOG_DEBUG : LOG_INFO);
}

static bool
console_open(struct start *s, struct console *c, struct error *err)
{
    struct engine_options options = {.home = s->home,
                                     .config = &c->config,
                                     .open_main_sink = net_main_sink_open,
                                     .open_main_database = net_main_database_open};
    struct error why = {0};

    if (!stores_make_home(s->home, err))
        return false;
    console_log(s, c);
    c->config_dir = path_dirname(s->config_path);
    c->answers = mailbox_new(query_free_answer, err);
    c->events = c->answers ? mailbox_new(engine_free_event, err) : NULL;
    c->query = c->events ? query_start(s->home, c->answers, err) : NULL;
    if (!c->query)
        return false;
    options.events = c->events;
    options.has_net = config_can_send(&c->config, &why) && net_open(&c->config, &options.net, &why);
    if (!options.has_net) {
        c->no_net_reason = mem_strdup(why.text);
        options.no_net_reason = c->no_net_reason;
    }
    c->engine = engine_start(&options, err);
    return c->engine != NULL;
}

static void
console_close(struct start *s, struct console *c)
{
    if (c->engine) {
        struct engine_status status = {0};

        engine_status(c->engine, &status);
        if (status.in_flight > 0) /* up to the provider's time-out */
            (void)fputs("Finishing what is under way; nothing is lost.\n", stderr);
        engine_stop(c->engine);
    }
    query_stop(c->query);
    mailbox_free(c->events);
    mailbox_free(c->answers);
    log_to_fd(STDERR_FILENO, s->cli.verbose ? LOG_DEBUG : LOG_WARN);
    if (c->log_fd >= 0)
        (void)close(c->log_fd);
    config_release(&c->config);
    free(c->log_path);
    free(c->config_dir);
    free(c->no_net_reason);
}

static int
run_console(struct start *s)
{
    struct console c = {.log_fd = -1};
    struct ui_options ui = {.screens = &all_screens, .home = s->home, .no_color = s->cli.no_color};
    struct error err = {0};
    bool ok = false;

    if (!cli_load_config(&s->cli, &c.config))
        return EXIT_USAGE;
    if (console_open(s, &c, &err)) {
        ui.config = &c.config;
        ui.config_dir = c.config_dir;
        ui.query = c.query;
        ui.answers = c.answers;
        ui.engine = c.engine;
        ui.events = c.events;
        ui.log_path = c.log_path;
        ok = ui_run(&ui, &err);
    }
    console_close(s, &c);
    return ok ? EXIT_DONE : cli_fail(&s->cli, &err);
}

/* Without --config a missing file means the defaults; one that was named and is not there is a
 * mistake, except for those who make it or look for it. */
static bool
config_is_there(const struct start *s, struct error *err)
{
    const char *command = s->rest_count ? s->rest[0] : "";

    if (!s->config_flag || s->help || text_eq(command, "init") || text_eq(command, "doctor") ||
        file_exists(s->config_flag))
        return true;
    return error_set(err, ERR_NOT_FOUND,
                     "the configuration %s is not there; canvass --config %s init makes it",
                     s->config_flag, s->config_flag);
}

static int
run(struct start *s)
{
    struct error err = {0};

    if (s->version) {
        (void)printf("canvass %s\n", CANVASS_VERSION);
        return EXIT_DONE;
    }
    if (s->help && !s->rest_count) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (!settle(s, &err) || !config_is_there(s, &err) || !net_global_init(&err))
        return cli_fail(&s->cli, &err);
    if (s->rest_count)
        return run_command(s);
    return ui_has_terminal() ? run_console(s) : run_without_screen(s);
}

/*
 * No memory for JSON ends the program at once, as it does everywhere in core: a NULL from jansson
 * would be taken for bad input. What a batch of messages frees the next one takes: not back to the
 * kernel in between.
 */
static void
set_up_memory(void)
{
    json_set_alloc_funcs(mem_alloc, free);
#ifdef __GLIBC__
    /* NOLINTBEGIN(concurrency-mt-unsafe): before there are threads */
    (void)mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
    (void)mallopt(M_TOP_PAD, 1024 * 1024);
    /* NOLINTEND(concurrency-mt-unsafe) */
#endif
}

int
main(int argc, char **argv)
{
    struct start s = {0};
    int status;

    ui_choose_locale();
    set_up_memory();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)audit_actor();
    read_flags(&s, argc, argv);
    s.cli.open_net = net_open;
    s.cli.open_main_database = net_main_database_open;
    s.cli.open_main_sink = net_main_sink_open;
    s.cli.check_main_database = net_main_database_check;
    log_to_fd(STDERR_FILENO, s.cli.verbose ? LOG_DEBUG : LOG_WARN);
    status = run(&s);
    free(s.config_path);
    free(s.home);
    free(s.overrides);
    free(s.rest);
    return status;
}
