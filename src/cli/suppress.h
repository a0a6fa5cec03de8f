/* canvass suppress, shared by its files. */
#ifndef CANVASS_CLI_SUPPRESS_H
#define CANVASS_CLI_SUPPRESS_H

#include "cli/cli.h"

#define SUPPRESS_REASON_MAX 200 /* bytes */

struct suppress_job {
    const struct cli *cli;
    struct config config;
    const char *channel, *reason, *argument, *output; /* borrowed; NULL: not given */
    bool skip_bad;
};

bool suppress_check_channel(const char *channel, struct error *err) MUST_CHECK;
bool suppress_check_reason(const char *reason, struct error *err) MUST_CHECK; /* NULL is fine */
/* In the form that the list is asked by; caller frees. NULL: no address of that channel. */
char *suppress_normalise(const struct config *config, const char *channel, const char *address);
/* The subcommand export. */
int suppress_export(struct suppress_job *j);
/* The subcommand import: all of the file or nothing, unless --skip-bad. */
int suppress_import(struct suppress_job *j);

#endif
