/* What the engine keeps between turns and processes: events, rates, whose turn, ends of campaigns.
 */
#ifndef CANVASS_CORE_STORE_ENGINE_STORE_H
#define CANVASS_CORE_STORE_ENGINE_STORE_H

#include "core/base/log.h"
#include "core/store/db.h"

/* The monitor's line of events; campaign_id 0: of no campaign. Inside the caller's transaction. */
bool engine_event_add(struct db *ledger, enum log_level level, int64_t campaign_id,
                      const char *text, int64_t now_s, struct error *err) MUST_CHECK;

/* Keeps the newest few thousand. */
bool engine_event_prune(struct db *ledger, struct error *err) MUST_CHECK;

/* A token bucket as it was left; *found false when there is none. */
bool rate_bucket_load(struct db *db, const char *sender, double *tokens, int64_t *updated_ms,
                      bool *found, struct error *err) MUST_CHECK;
bool rate_bucket_save(struct db *ledger, const char *sender, double tokens, int64_t updated_ms,
                      struct error *err) MUST_CHECK;

enum { ENGINE_CAMPAIGNS_MAX = 256 };
struct engine_campaign {
    int64_t id, updated_at;
};
enum engine_campaign_kind {
    ENGINE_CAMPAIGNS_SENDING,  /* active and planned */
    ENGINE_CAMPAIGNS_PLANNING, /* launched, recipients not yet all queued */
    ENGINE_CAMPAIGN_KIND_COUNT
};
/* By id, at most ENGINE_CAMPAIGNS_MAX. */
bool engine_campaigns_load(struct db *db, enum engine_campaign_kind kind,
                           struct engine_campaign *out, size_t *count,
                           struct error *err) MUST_CHECK;
/* Still active and planned? Asked again inside the transaction that claims. */
bool engine_campaign_sends(struct db *db, int64_t id, bool *sends, struct error *err) MUST_CHECK;
/* Completed or cancelled: nothing of it may be queued again. id 0 is never over. */
bool engine_campaign_is_over(struct db *db, int64_t id, bool *over, struct error *err) MUST_CHECK;
/* Why a message of the agent's is not to go out any more; *reason NULL: it is, or is another's. */
bool engine_talk_is_over(struct db *db, int64_t message_id, const char **reason,
                         struct error *err) MUST_CHECK;
/* The earliest start of a scheduled campaign; 0: none. */
bool engine_next_start(struct db *db, int64_t *at_s, struct error *err) MUST_CHECK;

/* Pauses an active campaign (id 0: all that send by SMS), with audit and event. */
bool engine_pause_campaigns(struct db *ledger, int64_t id, const char *reason, int64_t now_s,
                            struct error *err) MUST_CHECK;
/* Active, planned, and no row left that could still move by itself: completed. */
bool engine_complete_finished(struct db *ledger, int64_t now_s, int64_t *count,
                              struct error *err) MUST_CHECK;
/* Is there one to complete? Cheap; so that nothing is written for nothing. */
bool engine_has_finished(struct db *db, bool *any, struct error *err) MUST_CHECK;

struct engine_left {
    int64_t queued, retry_wait, in_doubt; /* of active campaigns, and messages */
    int64_t paused;                       /* queued and retry_wait of paused campaigns */
};
/* Units that are claimed and whose end is not known. */
bool engine_sending_count(struct db *db, int64_t *count, struct error *err) MUST_CHECK;
bool engine_left_load(struct db *db, struct engine_left *out, struct error *err) MUST_CHECK;

#endif
