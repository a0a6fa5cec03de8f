/*
 * Who may send: one row with a fencing number that only grows. Times are wall-clock milliseconds;
 * the holder judges the end of its own lease by a monotonic clock as well.
 */
#ifndef CANVASS_CORE_STORE_LEASE_STORE_H
#define CANVASS_CORE_STORE_LEASE_STORE_H

#include "core/store/db.h"

enum { LEASE_TTL_MS = 3000, LEASE_RENEW_MS = 1000 };

struct lease {
    bool held;       /* by the one who asked */
    int64_t fence;   /* of the row as it stands now */
    char who[128];   /* the holder, in words for people */
    bool taken_over; /* held now, and somebody else's lease had run out before it was given back */
    int64_t dead_fence; /* taken over from a process that is known to have ended; 0: not known */
};

/*
 * Takes or renews the lease in one transaction of its own. held is false while somebody else's has
 * not run out. A new holder gets a fence one higher than any before.
 *
 * c->locked  this engine holds the lock on the state folder, which the kernel gives back when a
 *            process ends: a holder that was locked too is dead, and need not be waited for
 */
struct lease_claim {
    const char *holder; /* random id of the engine */
    const char *who;    /* host, process and user, for people */
    bool locked;
};
bool lease_take(struct db *ledger, const struct lease_claim *c, int64_t now_ms, struct lease *out,
                struct error *err) MUST_CHECK;
/* Inside the caller's transaction: whether holder still owns the lease under that fence. */
bool lease_check(struct db *ledger, const char *holder, int64_t fence, bool *holds,
                 struct error *err) MUST_CHECK;
/* Gives it back, so that the next one need not wait. No error when it was lost already. */
bool lease_release(struct db *ledger, const char *holder, int64_t fence,
                   struct error *err) MUST_CHECK;

#endif
