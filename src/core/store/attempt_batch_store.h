/*
 * What happens to nearly every delivery, to hundreds of them at once: claimed, and accepted. A
 * statement for all of them costs SQLite half of what one for each does, and the campaign's
 * counters change once (delivery.tally). Everything else goes its way one by one: attempt_store.h.
 * Inside the caller's transaction, which is rolled back when one of these fails.
 */
#ifndef CANVASS_CORE_STORE_ATTEMPT_BATCH_STORE_H
#define CANVASS_CORE_STORE_ATTEMPT_BATCH_STORE_H

#include "core/store/attempt_store.h"

/* A delivery that is queued, or was waiting for another try, and its new attempt. */
struct attempt_claim {
    char uid[UUID_SIZE];
    int64_t delivery_id, number, segments;
    const char *address, *text;
    bool was_waiting; /* its state is retry_wait */
};
/* What they have in common. */
struct attempt_claims {
    int64_t campaign_id, fence, now_s;
    const char *sender;
    const struct attempt_claim *items;
    size_t count;
};
/* Each delivery to sending, with its attempt. The attempts' ids are *first_id and those after it,
 * in the order of the items. A delivery that is not as it was said to be is ERR_CONFLICT. */
bool attempts_claim(struct db *ledger, const struct attempt_claims *claims, int64_t *first_id,
                    struct error *err) MUST_CHECK;

/*
 * The usual end: the answer says that it was accepted, nobody has said anything of the attempt or
 * of its delivery before, and no other attempt or message owns the provider's id. Then both are
 * accepted, and done is true; else done is false, and nothing of it has changed.
 */
struct attempt_accept {
    int64_t attempt_id;
    const char *provider_id; /* not "" */
    int64_t rank;            /* of the provider's status */
    bool done;
};
/* An id that stands twice in the list is ERR_CONFLICT. */
bool attempts_accept(struct db *ledger, struct attempt_accept *list, size_t count, int64_t now_s,
                     struct error *err) MUST_CHECK;

#endif
