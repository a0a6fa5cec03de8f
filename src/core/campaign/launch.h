/* From a draft to frozen recipients (design.md "A send, step by step"). */
#ifndef CANVASS_CORE_CAMPAIGN_LAUNCH_H
#define CANVASS_CORE_CAMPAIGN_LAUNCH_H

#include "core/campaign/campaign.h"
#include "core/campaign/spec.h"
#include "core/segment/segment.h"

enum { LAUNCH_RECENT_DAYS = 14, LAUNCH_MANY_SEGMENTS = 4 };

enum launch_check_level { LAUNCH_OK, LAUNCH_LOOK, LAUNCH_STOP };
struct launch_check {
    enum launch_check_level level;
    char text[200];
};
/* What the review shows and the launch obeys: any LAUNCH_STOP refuses it. */
struct launch_review {
    /* Of people. Whom a clone leaves out is in none of its numbers; reachable is what is frozen. */
    struct reach reach;
    int64_t left_out; /* reached, or perhaps reached, by the originals or clones of this campaign */
    int64_t recent;   /* were sent something in the last LAUNCH_RECENT_DAYS */
    int64_t planned[SPEC_VARIANT_MAX]; /* exact share of each variant */
    bool everyone;                     /* the criteria mean every customer: needs an explicit yes */
    struct launch_check checks[16];
    size_t check_count;
    int64_t segments_total;    /* SMS segments of all messages */
    int64_t segments_most;     /* of the longest */
    int64_t cost_micros;       /* 0: price unknown */
    int64_t finish_at_s;       /* at the configured rate, quiet hours included; 0: cannot say */
    int64_t fallbacks_used;    /* recipients with at least one fallback in their text */
    struct key first_customer; /* a sample person */
};
void launch_review_release(struct launch_review *r);
/* false: ERR_CONFLICT with all that stops it. */
bool launch_may_go(const struct launch_review *r, struct error *err) MUST_CHECK;
/* db: a reader with one snapshot. Reads every recipient once; may take a second for a million. */
bool launch_review(struct db *db, const struct config *config, int64_t id, int64_t now_s,
                   struct launch_review *out, struct error *err) MUST_CHECK;

struct launch_request {
    int64_t id;
    int64_t confirm; /* the count that was typed: must equal reach.reachable */
    bool everyone_confirmed;
    int64_t now_s;
};
/*
 * Checks everything anew and freezes the recipients with their variants, in one transaction: draft
 * -> active (or scheduled when the file names a start in the future) with plan_state 'planning'.
 * Nothing is queued yet: call launch_plan_step() until done. From here on a sync of the replica
 * changes nothing. Holds the ledger's write lock for one walk over the recipients (a second or two
 * for a million), which is refused and undone when the review finds a reason. Neither connection
 * may be in a transaction.
 *
 * Errors  ERR_CONFLICT a rule forbids it: all of them in the text; ERR_NOT_FOUND; ERR_RETRY
 */
bool launch_begin(struct db *ledger, struct db *reader, const struct config *config,
                  const struct launch_request *request, struct error *err) MUST_CHECK;
/*
 * Queues up to max of the frozen recipients in one transaction; *done when all are there. Resumable
 * by any process, and any number may call it at once. When the deliveries do not come out as the
 * confirmed count, the campaign goes back to draft with the reason in the events and the audit
 * (ERR_CONFLICT). done at once when there is nothing to plan. reader and config may be NULL.
 */
bool launch_plan_step(struct db *ledger, struct db *reader, const struct config *config, int64_t id,
                      size_t max, bool *done, struct error *err) MUST_CHECK;

#endif
