/* What a sync did, for people and for programs; and its progress on standard error. */
#ifndef CANVASS_CLI_SYNC_PRINT_H
#define CANVASS_CLI_SYNC_PRINT_H

#include "cli/cli.h"
#include "core/replica/sync.h"

json_t *cli_sync_json(const struct sync_result *result);
void cli_sync_print(const struct sync_result *result);

/* A line that overwrites itself, on a terminal only. */
struct cli_progress {
    bool shown; /* standard error is a terminal and no JSON is wanted */
    bool dirty; /* something stands on the line */
};

void cli_progress_init(struct cli_progress *p, const struct cli *cli);
void cli_progress_show(struct cli_progress *p, const char *what, int64_t done, int64_t total);
void cli_progress_clear(struct cli_progress *p);
/* A sync_progress_fn; arg is a struct cli_progress. */
void cli_sync_progress(void *arg, const char *table, int64_t done, int64_t total);

#endif
