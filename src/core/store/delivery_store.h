/*
 * What is due to be sent: deliveries of active, planned campaigns, and outbound messages of
 * conversations. Reads and small writes inside the caller's transaction; what they lead to is
 * decided in core/outbox/claim.
 */
#ifndef CANVASS_CORE_STORE_DELIVERY_STORE_H
#define CANVASS_CORE_STORE_DELIVERY_STORE_H

#include "core/store/attempt_store.h"

struct due_unit {
    struct unit unit;
    int64_t campaign_id;  /* 0: a message without one */
    struct key customer;  /* owned; deliveries only */
    char *address, *text; /* owned; text NULL for a delivery: it is rendered */
    int64_t variant, attempts;
    bool was_waiting; /* for another try, not queued for its first; deliveries only */
    /* filled by due_units_ask() */
    bool opted_out, in_review; /* in_review: an operator must look at a conversation first */
};
void due_units_release(struct due_unit *list, size_t count);

/* Up to max, the longest due first. out has room for max. */
bool delivery_due_load(struct db *db, int64_t campaign_id, bool chosen_only, int64_t now_ms,
                       size_t max, struct due_unit *out, size_t *count,
                       struct error *err) MUST_CHECK;
/*
 * Likewise for messages, whatever their campaign. A message of the agent waits while its campaign
 * is paused or its conversation needs a look by an operator; an operator's own goes.
 */
bool message_due_load(struct db *db, int64_t now_ms, size_t max, struct due_unit *out,
                      size_t *count, struct error *err) MUST_CHECK;
/* When the next one is due; *waits false: nothing is queued. campaign_id 0: messages. */
bool due_next(struct db *db, int64_t campaign_id, bool chosen_only, bool *waits, int64_t *at_ms,
              struct error *err) MUST_CHECK;
/* Not before then, for a reason that is no failure (quiet hours, a review). */
bool unit_defer(struct db *ledger, struct unit unit, int64_t next_attempt_at_ms, int64_t now_s,
                struct error *err) MUST_CHECK;

/*
 * Deliveries to the address since then, of any campaign and channel, that were sent or may have
 * been: what the preview of a segment counts as `capped`.
 */
bool delivery_count_recent(struct db *db, const char *address, int64_t since_s, int64_t except_id,
                           int64_t *count, struct error *err) MUST_CHECK;
/* Whether an operator must look at a conversation with the address before more goes out. */
bool conversation_review_is_pending(struct db *db, const char *address, const char *channel,
                                    bool *pending, struct error *err) MUST_CHECK;
/* Who of them has opted out, or waits for an operator to look at a conversation with them. */
bool due_units_ask(struct db *db, struct due_unit *list, size_t count,
                   struct error *err) MUST_CHECK;

#endif
