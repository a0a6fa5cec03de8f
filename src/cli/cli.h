/*
 * The command line: one file a subcommand, each a row of the table in cli.c. A subcommand reads its
 * arguments, calls core and prints; it knows nothing that a screen could not also ask of core.
 */
#ifndef CANVASS_CLI_CLI_H
#define CANVASS_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/port/main_database.h"
#include "core/port/main_sink.h"
#include "core/port/net.h"
#include "core/store/db.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_REFUSED = 3,
    EXIT_NOTHING = 4
};

struct cli {
    const char *config_path; /* borrowed; default in the XDG folder */
    const char *home;        /* borrowed; state folder */
    bool home_given;
    const char *const *overrides; /* --set key=value */
    size_t override_count;
    bool json;
    bool no_color;
    bool verbose;
    bool now_given;
    int64_t now_s; /* of --now, else the clock's when the program began */
    /* Wired by main.c, so that cli needs no net. Copies what it needs of the configuration. */
    bool (*open_net)(const struct config *config, struct net_port *out, struct error *err);
    main_database_open_fn *open_main_database; /* the same */
    main_sink_open_fn *open_main_sink;
    /* The mapping against the live main database; problems: a line each. */
    bool (*check_main_database)(const struct config *config, struct buf *problems,
                                struct error *err);
};

struct cli_command {
    const char *name; /* "segment" */
    const char *
        synopsis; /* "count --template NAME | --saved NAME | --criteria FILE|- ..." a line a form */
    const char *summary;                                      /* one line */
    int (*run)(const struct cli *cli, int argc, char **argv); /* argv[0] is the command's name */
};

/*
 * Options of a subcommand. `options` is ended by {0}; positional arguments are collected in order.
 * Unknown options, missing values and too many positionals print an error and give false.
 */
struct cli_option {
    const char *name;   /* "--template" */
    const char **value; /* where to put its value; NULL for a flag */
    bool *flag;         /* set to true, for a flag */
};
bool cli_parse(const struct cli *cli, const struct cli_command *command, int argc, char **argv,
               const struct cli_option *options, const char **positional, size_t max_positional,
               size_t *positional_count);

/* Loads the configuration; prints all errors. A missing file gives the defaults unless must_exist.
 */
bool cli_load_config(const struct cli *cli, struct config *out);
/* Prints the error, as JSON on standard error with --json; returns the exit code that fits. */
int cli_fail(const struct cli *cli, const struct error *err);
int cli_usage(const struct cli *cli, const struct cli_command *command, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Prints one JSON document on standard output and frees it. Returns EXIT_DONE, or EXIT_FAILED. */
int cli_print_json(json_t *document);
/* A plain line on standard output; ends the program's success when output is closed. */
void cli_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
json_t *cli_json_time(int64_t utc_s);      /* RFC 3339 text */
json_t *cli_json_key(const struct key *k); /* number, text, or null for NULL */

#endif
