/*
 * A launch without a launch: the real engine, on a copy of the ledger that only this process sees,
 * with a provider that takes everything at once and a clock that jumps to whatever is due next.
 * The ledger is not written to; nothing leaves the machine.
 *
 * What it cannot know: how fast the provider answers, what it refuses, who answers meanwhile. The
 * other campaigns of the ledger send too, as they would.
 */
#ifndef CANVASS_CORE_ENGINE_DRY_RUN_H
#define CANVASS_CORE_ENGINE_DRY_RUN_H

#include "core/config/config.h"
#include "core/store/db.h"

enum { DRY_RUN_ZONES_MAX = 64, DRY_RUN_REASONS_MAX = 12, DRY_RUN_DAYS_MAX = 366 };

struct dry_run_hour {
    int64_t hour_s, messages, segments;
};
struct dry_run_zone { /* people whose numbers are of the same zones */
    char name[96];    /* "America/New_York", "A or B"; "" for numbers that tell nothing */
    int64_t people, sent;
    int64_t wait_for_hours; /* of people: outside their open hours at the start */
    int64_t open_s;         /* when these open, the earliest; 0: nobody waits for it */
    int64_t first_s, last_s;
};
struct dry_run_reason {
    char text[64]; /* "skipped: opted_out", "failed" */
    int64_t people;
};
struct dry_run {
    int64_t start_s, people, sent, segments, cost_micros, first_s, last_s;
    bool finished;              /* false: something is left after DRY_RUN_DAYS_MAX days */
    struct dry_run_hour *hours; /* owned */
    size_t hour_count, hour_capacity;
    struct dry_run_zone zones[DRY_RUN_ZONES_MAX];
    size_t zone_count;
    struct dry_run_reason reasons[DRY_RUN_REASONS_MAX]; /* why people get nothing */
    size_t reason_count;
};
void dry_run_release(struct dry_run *r);

/*
 * A draft is launched in the copy (its checks hold: ERR_DENIED), an active or scheduled one goes
 * on. home: of the ledger, for the replica. everyone: as at the launch.
 */
bool dry_run(struct db *ledger, const char *home, const struct config *config, int64_t campaign_id,
             bool everyone, int64_t now_s, struct dry_run *out, struct error *err) MUST_CHECK;

#endif
