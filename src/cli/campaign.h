/* What the files of `canvass campaign` share. */
#ifndef CANVASS_CLI_CAMPAIGN_H
#define CANVASS_CLI_CAMPAIGN_H

#include "cli/cli.h"
#include "core/campaign/campaign.h"

struct campaign_job {
    const struct cli *cli;
    struct config config;
    struct db *ledger; /* writing; NULL for commands that only read */
    struct db *reader;
    int64_t id; /* of the campaign that was named; 0 for commands that name none */
    /* arguments; NULL or false when not given */
    const char *file, *confirm, *reason, *state, *status, *type, *limit, *name, *format, *output;
    bool everyone, no_wait, dry_run;
};

/* Each prints its result; on failure *err is filled in and -1 comes back. Else the exit code. */
int campaign_run_list(struct campaign_job *j, struct error *err);
int campaign_run_show(struct campaign_job *j, struct error *err);
int campaign_run_stats(struct campaign_job *j, struct error *err);
int campaign_run_recipients(struct campaign_job *j, struct error *err);
int campaign_run_export(struct campaign_job *j, struct error *err);
int campaign_run_create(struct campaign_job *j, struct error *err);
int campaign_run_edit(struct campaign_job *j, struct error *err);
int campaign_run_launch(struct campaign_job *j, struct error *err);
int campaign_run_dry(struct campaign_job *j, struct error *err); /* launch --dry-run */
int campaign_run_template_list(struct campaign_job *j, struct error *err);
int campaign_run_template_show(struct campaign_job *j, struct error *err);

json_t *campaign_json(const struct campaign *c); /* the row: id, name, status, figures, times */
/* {"queued": N, ...}, every state. */
json_t *campaign_states_json(const struct campaign *c);
json_t *campaign_time_or_null(int64_t utc_s);
json_t *campaign_text_or_null(const char *s);
/* text made fit for a terminal, filled up with blanks to `width` characters. */
void campaign_print_cell(const char *text, size_t width);
void campaign_print_count(int64_t n, size_t width); /* "1,234", to the right */

#endif
