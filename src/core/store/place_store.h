/*
 * What a ledger must know to tell itself from a copy of itself, and what it does not know of what
 * was sent meanwhile. What follows is decided in core/engine/place and core/outbox.
 */
#ifndef CANVASS_CORE_STORE_PLACE_STORE_H
#define CANVASS_CORE_STORE_PLACE_STORE_H

#include "core/store/attempt_store.h"

/* The highest attempt ever written here, also when its row is gone; 0: none. */
bool place_highest_attempt(struct db *db, int64_t *id, struct error *err) MUST_CHECK;
/* The fence of the lease; 0 when nobody ever held it. */
bool place_fence(struct db *db, int64_t *fence, struct error *err) MUST_CHECK;
/* When the last message was claimed, else the first campaign was made; 0: nothing ever was. */
bool place_last_known(struct db *db, int64_t *at_s, struct error *err) MUST_CHECK;
/* Gives the lease back and raises its fence, and the numbers of attempts, to at least these. */
bool place_raise(struct db *ledger, int64_t fence, int64_t attempt, struct error *err) MUST_CHECK;

/* What a status or the provider's list tells of an attempt that is not known here; once per
 * message. uid: the attempt's name, "" when only the list told of it. */
struct stray {
    const char *provider_id, *uid, *address, *status;
    int64_t received_at_s;
};
bool stray_add(struct db *ledger, const struct stray *s, struct error *err) MUST_CHECK;
struct stray_sum {
    int64_t count, people; /* messages that no attempt owns, and addresses */
    int64_t first_s, last_s;
};
bool stray_sum_load(struct db *db, struct stray_sum *out, struct error *err) MUST_CHECK;
/* Those that no attempt owns, the newest first; each borrowed. At most `max`. */
bool stray_each(struct db *db, size_t max, void (*each)(void *ctx, const struct stray *s),
                void *ctx, struct error *err) MUST_CHECK;
bool stray_exists(struct db *db, const char *address, bool *exists, struct error *err) MUST_CHECK;

/*
 * Whether a unit was written before the ledger was confirmed and nobody has asked the provider's
 * list since whether it went out meanwhile.
 */
bool place_unit_is_unchecked(struct db *db, struct unit unit, int64_t confirmed_s, bool *unchecked,
                             struct error *err) MUST_CHECK;
/* Deliveries and messages that would be asked about, and drafts that may have been launched. */
struct place_left {
    int64_t units, planned, drafts;
};
bool place_left_load(struct db *db, struct place_left *out, struct error *err) MUST_CHECK;

bool place_count_campaigns(struct db *db, int64_t *count, struct error *err) MUST_CHECK;
bool place_check_is_ledger(struct db *db, struct error *err) MUST_CHECK;
/* No -wal beside it any more: for a copy that nobody else has open. */
bool place_make_single_file(struct db *db, struct error *err) MUST_CHECK;
/* integrity_check and foreign_key_check; the first complaint is the error. */
bool place_check_integrity(struct db *db, struct error *err) MUST_CHECK;

#endif
