/*
 * The recipients of a launch between their freezing and their deliveries, and the plan's part of
 * the campaign's row (core/campaign/launch). Every write is inside the caller's transaction.
 */
#ifndef CANVASS_CORE_STORE_PLAN_STORE_H
#define CANVASS_CORE_STORE_PLAN_STORE_H

#include "core/base/error.h"
#include "core/store/db.h"

struct plan_row {
    const struct key *customer;
    const char *address;
    int64_t variant; /* from 0 */
};
/* Freezes rows, ascending by customer; they are all there after _end(). */
struct plan_writer;
struct plan_writer *plan_writer_new(struct db *db, int64_t campaign_id);
bool plan_writer_add(struct plan_writer *w, const struct plan_row *row,
                     struct error *err) MUST_CHECK;
bool plan_writer_end(struct plan_writer *w, struct error *err) MUST_CHECK;
void plan_writer_free(struct plan_writer *w); /* NULL is fine */

/* Room in memory for the indexes of a million rows while they are written; off gives it back. */
bool plan_store_roomy(struct db *db, bool on, struct error *err) MUST_CHECK;
/*
 * Moves up to max of them into deliveries, in order, and counts them in the campaign; *moved how
 * many. A rule of the table that one breaks (ERR_CONFLICT) rolls the transaction back.
 */
bool plan_store_move(struct db *db, int64_t campaign_id, const char *channel, size_t max,
                     int64_t now_s, int64_t *moved, struct error *err) MUST_CHECK;
/* Forgets what is not queued yet and leaves plan_state 'none'; *dropped how many. */
bool plan_store_drop(struct db *db, int64_t campaign_id, int64_t *dropped,
                     struct error *err) MUST_CHECK;

struct plan_head {
    const char *state;                               /* planning, planned */
    int64_t now_s, generation, confirmed, starts_at; /* starts_at 0: none */
};
bool plan_store_set(struct db *db, int64_t campaign_id, const struct plan_head *head,
                    struct error *err) MUST_CHECK;
bool plan_store_done(struct db *db, int64_t campaign_id, struct error *err) MUST_CHECK;
/* Takes back a plan of which nothing was sent: deliveries, variants, rows. ERR_CONFLICT else. */
bool plan_store_undo(struct db *db, int64_t campaign_id, struct error *err) MUST_CHECK;

/* Whether one of the campaigns (a JSON list of ids) has recipients that are not queued yet. */
bool plan_store_is_any(struct db *db, const char *campaign_ids, bool *any,
                       struct error *err) MUST_CHECK;

#endif
