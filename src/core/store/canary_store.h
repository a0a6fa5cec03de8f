/* Who of a campaign goes first, how far that has come, and how its messages fare. */
#ifndef CANVASS_CORE_STORE_CANARY_STORE_H
#define CANVASS_CORE_STORE_CANARY_STORE_H

#include "core/store/db.h"

enum canary_state { CANARY_NONE, CANARY_SENDING, CANARY_HOLDING, CANARY_GONE };
struct canary_row {
    enum canary_state state;
    int64_t since_s;     /* of the state */
    int64_t watch_after; /* attempts up to this one have been ruled on by a person */
};
bool canary_load(struct db *db, int64_t campaign_id, struct canary_row *out,
                 struct error *err) MUST_CHECK;
bool canary_save(struct db *ledger, int64_t campaign_id, const struct canary_row *row,
                 struct error *err) MUST_CHECK;
bool canary_last_attempt(struct db *db, int64_t *id, struct error *err) MUST_CHECK;
/* A random choice of those who wait, always the same for one seed; *chosen how many. */
bool canary_choose(struct db *ledger, int64_t campaign_id, int64_t count, int64_t seed,
                   int64_t *chosen, struct error *err) MUST_CHECK;
/* Of the chosen: how many have still to go out, or are on their way. */
bool canary_left(struct db *db, int64_t campaign_id, int64_t *left, struct error *err) MUST_CHECK;

struct canary_figures {
    int64_t tried, failed, opted_out, filtered; /* filtered: 30007 */
    int64_t last_attempt;                       /* id of the newest; 0: none */
};
/* Of the chosen. */
bool canary_figures_of_chosen(struct db *db, int64_t campaign_id, struct canary_figures *out,
                              struct error *err) MUST_CHECK;
/* Of the newest `window` of the campaign after that attempt. */
bool canary_figures_of_last(struct db *db, int64_t campaign_id, int64_t after, int64_t window,
                            struct canary_figures *out, struct error *err) MUST_CHECK;

#endif
