/* The suppression list: per address and channel; 'all' covers every channel. */
#ifndef CANVASS_CORE_STORE_SUPPRESSION_STORE_H
#define CANVASS_CORE_STORE_SUPPRESSION_STORE_H

#include "core/store/db.h"

struct suppression {
    char *address, *channel, *reason, *evidence; /* owned */
    int64_t at_s;
};

/*
 * Inside the caller's transaction: stores the opt-out and makes every queued or retry_wait delivery
 * to the address (and queued message of a conversation) skipped(opted_out). An existing row keeps
 * its first evidence. An SMS opt-out blocks sms; voice is its own; 'all' blocks all. *skipped may
 * be NULL.
 */
bool suppression_add(struct db *ledger, const char *address, const char *channel,
                     const char *reason, const char *evidence, int64_t now_s, int64_t *skipped,
                     struct error *err) MUST_CHECK;
/* The same with the time it was written down elsewhere. */
struct suppression_row {
    const char *address, *channel, *reason, *evidence; /* borrowed */
    int64_t at_s;
};
bool suppression_add_row(struct db *ledger, const struct suppression_row *row, int64_t now_s,
                         int64_t *skipped, struct error *err) MUST_CHECK;
/* ERR_NOT_FOUND when it was not there. */
bool suppression_remove(struct db *ledger, const char *address, const char *channel,
                        struct error *err) MUST_CHECK;
bool suppression_is(struct db *db, const char *address, const char *channel, bool *out,
                    struct error *err) MUST_CHECK;
bool suppression_list_load(struct db *db, struct suppression **out, size_t *count,
                           struct error *err) MUST_CHECK;
/* By address and channel; texts are borrowed for the call. Stops when each() returns false. */
bool suppression_each(struct db *db, bool (*each)(void *ctx, const struct suppression_row *row),
                      void *ctx, struct error *err) MUST_CHECK;
void suppression_list_release(struct suppression *list, size_t count);

#endif
