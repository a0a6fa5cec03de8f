/*
 * Rows of campaigns. Writes belong inside the caller's transaction; what may happen to a campaign
 * is decided in core/campaign.
 */
#ifndef CANVASS_CORE_STORE_CAMPAIGN_STORE_H
#define CANVASS_CORE_STORE_CAMPAIGN_STORE_H

#include "core/base/error.h"
#include "core/campaign/record.h"
#include "core/store/db.h"

/* The row with spec and wizard, without what is read out of the spec. */
bool campaign_store_load(struct db *db, int64_t id, struct campaign *out,
                         struct error *err) MUST_CHECK;
bool campaign_store_list(struct db *db, const enum campaign_status *status,
                         struct campaign_list *out, struct error *err) MUST_CHECK;

struct campaign_row {
    const char *name, *type, *channel;
    const char *spec;    /* JSON text */
    int64_t cloned_from; /* 0: none; only read by insert */
};
bool campaign_store_insert(struct db *db, const struct campaign_row *row, int64_t now_s,
                           int64_t *id, struct error *err) MUST_CHECK;
bool campaign_store_update(struct db *db, int64_t id, const struct campaign_row *row, int64_t now_s,
                           struct error *err) MUST_CHECK;
/* wizard NULL forgets it. */
bool campaign_store_set_wizard(struct db *db, int64_t id, const char *wizard, int64_t now_s,
                               struct error *err) MUST_CHECK;
/* Changes the status; sets launched_at or completed_at when it comes there first. ERR_CONFLICT when
 * the row no longer stands at `from`. */
bool campaign_store_move(struct db *db, int64_t id, enum campaign_status from,
                         enum campaign_status to, const char *pause_reason, int64_t now_s,
                         struct error *err) MUST_CHECK;
/* Every queued or retry_wait delivery becomes skipped(campaign_completed). */
bool campaign_store_skip_open(struct db *db, int64_t id, int64_t now_s, int64_t *skipped,
                              struct error *err) MUST_CHECK;
/* The agent's questions that wait become skipped(campaign_completed). */
bool campaign_store_skip_talk(struct db *db, int64_t id, int64_t now_s,
                              struct error *err) MUST_CHECK;
bool campaign_store_delete(struct db *db, int64_t id, struct error *err) MUST_CHECK;
bool campaign_store_hide(struct db *db, int64_t id, int64_t now_s, struct error *err) MUST_CHECK;
/* One scheduled campaign whose instant has come; 0 when there is none. */
bool campaign_store_next_due(struct db *db, int64_t now_s, int64_t *id,
                             struct error *err) MUST_CHECK;
/* All that are linked with it by cloning, deleted ones too, itself left out; caller frees. */
bool campaign_store_family(struct db *db, int64_t id, int64_t **ids, size_t *count,
                           struct error *err) MUST_CHECK;
/* Whether an engine holds the lease at that time. */
bool campaign_store_has_engine(struct db *db, int64_t now_ms, bool *held,
                               struct error *err) MUST_CHECK;
/* When the first of its queued or waiting deliveries is due; 0 when there is none. */
/*
 * Deliveries that wait for an instant after now, by that instant, soonest first: of the first few
 * groups of one minute each.
 */
struct campaign_wait {
    int64_t at_ms, count;
    char *address;   /* of one of them; owned */
    char *time_zone; /* the same one's own; owned; NULL: none */
};
enum { CAMPAIGN_WAITS_MAX = 4 };
bool campaign_store_waits(struct db *db, int64_t id, int64_t now_ms,
                          struct campaign_wait out[CAMPAIGN_WAITS_MAX], size_t *count, int64_t *all,
                          struct error *err) MUST_CHECK;
bool campaign_store_next_attempt(struct db *db, int64_t id, int64_t *due_ms,
                                 struct error *err) MUST_CHECK;
/* The line of events on the monitor. level: info, warn, error. */
bool campaign_store_event(struct db *db, int64_t id, const char *level, const char *text,
                          int64_t now_s, struct error *err) MUST_CHECK;

#endif
