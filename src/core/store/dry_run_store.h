/* What a dry run reads from, and changes in, its own copy of the ledger (core/engine/dry_run). */
#ifndef CANVASS_CORE_STORE_DRY_RUN_STORE_H
#define CANVASS_CORE_STORE_DRY_RUN_STORE_H

#include "core/store/db.h"

/* Forgets whose copy it is and what holds it back, so that the engine runs; no sync to the disk. */
bool dry_run_store_free(struct db *copy, struct error *err) MUST_CHECK;
bool dry_run_store_unsynced(struct db *copy, struct error *err) MUST_CHECK;
/* Recipients that may still move by themselves, those not yet queued included. */
bool dry_run_store_open(struct db *copy, int64_t campaign_id, int64_t *open,
                        struct error *err) MUST_CHECK;
bool dry_run_store_last_attempt(struct db *copy, int64_t *id, struct error *err) MUST_CHECK;

struct dry_run_row {
    int64_t hour_s, messages, segments;
};
/* Of attempts behind after_attempt, by the hour; each() false stops. */
bool dry_run_store_hours(struct db *copy, int64_t campaign_id, int64_t after_attempt,
                         bool (*each)(void *ctx, const struct dry_run_row *row), void *ctx,
                         struct error *err) MUST_CHECK;
struct dry_run_person {
    const char *address, *state, *reason; /* borrowed; reason NULL: none */
    const char *time_zone;                /* the customer's own; NULL: none */
    int64_t at_s;                         /* of the attempt; 0: none behind after_attempt */
};
/* reader: of the copy and the replica. */
bool dry_run_store_people(struct db *reader, int64_t campaign_id, int64_t after_attempt,
                          bool (*each)(void *ctx, const struct dry_run_person *person), void *ctx,
                          struct error *err) MUST_CHECK;

#endif
