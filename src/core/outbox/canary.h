/*
 * A canary: the first few recipients of a campaign, chosen at random, go ahead; then it holds until
 * their figures have passed or an operator says go. Its limits stop the campaign at any time, over
 * its newest messages. Everything is in the ledger: a restart, or another engine, goes on from it.
 */
#ifndef CANVASS_CORE_OUTBOX_CANARY_H
#define CANVASS_CORE_OUTBOX_CANARY_H

#include "core/campaign/record.h"
#include "core/store/canary_store.h"

#define CANARY_NEVER INT64_MAX
struct canary_word {
    bool chosen_only;      /* only the chosen may go */
    int64_t hold_until_ms; /* nothing goes before; 0: it goes; CANARY_NEVER: a person must say so */
};
/*
 * One look, in a transaction of its own when something changes: chooses, holds, lets go, or pauses
 * the campaign with the reason. Campaigns without a canary always go.
 */
bool canary_look(struct db *ledger, const struct campaign *c, int64_t now_s,
                 struct canary_word *out, struct error *err) MUST_CHECK;
/*
 * An operator says go: the rest is sent, whatever the figures of the chosen are. ERR_CONFLICT when
 * there is nothing to let go. In the caller's transaction.
 */
bool canary_go(struct db *ledger, const struct campaign *c, int64_t now_s,
               struct error *err) MUST_CHECK;
/* "6.0 % failed (3 of 50, limit 5 %)": the first limit that is passed; "" when none is. */
bool canary_judge(const struct campaign_canary *limits, const struct canary_figures *f, char *out,
                  size_t size);

#endif
