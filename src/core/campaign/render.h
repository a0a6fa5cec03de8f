/*
 * Variables of a message: {first_name|there}, {business}, {question_1}, ... An unknown variable is
 * an error when the campaign is written; one without a value and without a fallback is never sent.
 */
#ifndef CANVASS_CORE_CAMPAIGN_RENDER_H
#define CANVASS_CORE_CAMPAIGN_RENDER_H

#include "core/campaign/campaign.h"

struct customer_vars { /* texts owned, NULL when absent */
    char *name, *first_name, *service, *provider;
    bool has_last_visit;
    int64_t last_visit_s;
};
/* ERR_NOT_FOUND when the replica no longer has the customer. db: a reader (stores.h). */
bool customer_vars_load(struct db *db, const struct key *customer, struct customer_vars *out,
                        struct error *err) MUST_CHECK;
void customer_vars_release(struct customer_vars *v);

/* Syntax and names only. */
bool render_check(const struct config *config, const struct campaign *c, const char *text,
                  struct error *err) MUST_CHECK;
/* ERR_CONFLICT when a variable stays unfilled: the error names it. */
bool render_text(const struct config *config, const struct campaign *c, const char *text,
                 const struct customer_vars *vars, int64_t now_s, struct buf *out,
                 struct error *err) MUST_CHECK;
/* Whether the text tells how to opt out (STOP in words that semantics and law ask for). */
bool render_has_opt_out(const char *text);

#endif
