/*
 * Deliveries of one campaign that are claimed and not yet written down: they are written together
 * (core/store/attempt_batch_store), in the transaction of the claim. Until then a query does not
 * see them: ask claim_batch_may_hold() before one that counts what goes to an address.
 */
#ifndef CANVASS_CORE_OUTBOX_CLAIM_BATCH_H
#define CANVASS_CORE_OUTBOX_CLAIM_BATCH_H

#include "core/outbox/claim.h"
#include "core/store/attempt_batch_store.h"

enum { CLAIM_BATCH_WORDS = 64 };

/* Zero is empty. */
struct claim_batch {
    struct attempt_claim *items; /* owned; their texts are borrowed from the claims */
    size_t count, capacity;
    uint64_t seen[CLAIM_BATCH_WORDS]; /* a bit for each hash of an address */
};
void claim_batch_release(struct claim_batch *b);

/* False: surely not. */
bool claim_batch_may_hold(const struct claim_batch *b, const char *address);
void claim_batch_add(struct claim_batch *b, const struct attempt_claim *claim);
/*
 * Writes them down and empties the batch. common: its items and count are filled in here. last:
 * behind the claims that belong to it, the last of a list in the same order; they get their
 * attempts' ids.
 */
bool claim_batch_write(struct claim_batch *b, struct db *ledger, struct attempt_claims common,
                       struct claim *last, struct error *err) MUST_CHECK;

#endif
