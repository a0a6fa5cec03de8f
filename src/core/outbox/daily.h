/*
 * How much in a day: messages, SMS segments and money, counted from the attempts in the ledger, so
 * that a restart or another engine counts the same. A day is one of the business's zone. What
 * surely reached no phone (not sent, or refused) does not count; what is under way or in doubt
 * does.
 */
#ifndef CANVASS_CORE_OUTBOX_DAILY_H
#define CANVASS_CORE_OUTBOX_DAILY_H

#include "core/config/config.h"
#include "core/store/attempt_store.h"

struct daily_limit {
    int64_t messages, segments, cost_micros; /* 0: no limit */
};

struct daily {
    struct daily_limit limit;
    int64_t price_micros;    /* of a segment */
    int64_t begin_s, end_s;  /* of the day that was counted */
    struct attempts_sum sum; /* so far */
    int64_t counted_ms;      /* when the ledger was asked last; 0: never */
};

/* The limits of the configuration: of all that is sent, whichever number sends. */
struct daily_limit daily_limit_of(const struct config *config);
bool daily_is_set(const struct daily_limit *limit);
/* Counts again when the day is another one, or the last count is old. owner->since_s is ignored. */
bool daily_refresh(struct daily *d, struct db *db, const char *zone, struct attempts_since owner,
                   int64_t now_ms, struct error *err) MUST_CHECK;
bool daily_allows(const struct daily *d, int64_t segments);
void daily_take(struct daily *d, int64_t segments);
/* "500 of 500 messages today": of the limit that is nearest. */
void daily_describe(const struct daily *d, char *out, size_t size);
/* The first instant of the local day in a zone, and of the next one. */
bool daily_bounds(const char *zone, int64_t now_s, int64_t *begin_s, int64_t *end_s,
                  struct error *err) MUST_CHECK;

#endif
