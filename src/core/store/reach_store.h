/*
 * Whose reach may have changed: the ledger notes the addresses of suppressions and deliveries that
 * change (triggers of the ledger's schema). Inside one transaction.
 */
#ifndef CANVASS_CORE_STORE_REACH_STORE_H
#define CANVASS_CORE_STORE_REACH_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/store/db.h"

/* The newest note of each kind; 0: none was ever made. */
struct reach_marks {
    int64_t suppressions, deliveries;
};
bool reach_store_marks(struct db *db, struct reach_marks *out, struct error *err) MUST_CHECK;

enum reach_notes { REACH_SUPPRESSIONS, REACH_DELIVERIES };
/*
 * Whether every note after `since` is still there and none was lost; false: look at everything.
 * Also when a ledger was put back from an old copy, as far as can be seen.
 */
bool reach_store_has_since(struct db *db, enum reach_notes which, int64_t since, bool *has,
                           struct error *err) MUST_CHECK;
/* Row ids of customers with an address that was noted after `since`; some more than once. */
bool reach_store_noted(struct db *db, enum reach_notes which, int64_t since,
                       void (*each)(void *ctx, int64_t id), void *ctx,
                       struct error *err) MUST_CHECK;

/*
 * Every customer on the suppression list, once for each entry: its channel ("sms", "all", ...), and
 * whether it names the email or the phone.
 */
typedef void reach_suppressed_fn(void *ctx, int64_t id, const char *channel, bool email);
bool reach_store_suppressed(struct db *db, reach_suppressed_fn *each, void *ctx,
                            struct error *err) MUST_CHECK;
/*
 * Row ids of customers who may be capped: at least `cap` deliveries to their address, however
 * written, that count since then.
 */
bool reach_store_maybe_capped(struct db *db, int64_t since_s, int64_t cap,
                              void (*each)(void *ctx, int64_t id), void *ctx,
                              struct error *err) MUST_CHECK;
/* Customers with a delivery accepted at from <= t < until. */
bool reach_store_accepted_between(struct db *db, int64_t from_s, int64_t until_s,
                                  void (*each)(void *ctx, int64_t id), void *ctx,
                                  struct error *err) MUST_CHECK;

/* Customers whose own deliveries were noted after `since`. */
bool reach_store_noted_customers(struct db *db, int64_t since, void (*each)(void *ctx, int64_t id),
                                 void *ctx, struct error *err) MUST_CHECK;
/* Customers with a delivery of their own accepted or answered at from <= t < until. */
bool reach_store_dated_between(struct db *db, int64_t from_s, int64_t until_s,
                               void (*each)(void *ctx, int64_t id), void *ctx,
                               struct error *err) MUST_CHECK;

#endif
