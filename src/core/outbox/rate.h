/*
 * How fast: a token bucket in SMS segments (providers.md 1.5). It holds a fifth of a second, so
 * that no second ever sees much more than the rate. A message needs as many tokens as it has
 * segments, or a full bucket when it has more than fit: the bucket then goes into debt.
 */
#ifndef CANVASS_CORE_OUTBOX_RATE_H
#define CANVASS_CORE_OUTBOX_RATE_H

#include "core/store/db.h"

struct rate {
    char key[96];      /* of the row: the sender, or "campaign 7" */
    double per_second; /* 0: no limit */
    double tokens;
    int64_t updated_ms;
};

/* Reads the bucket as it was left; a new one is full. */
bool rate_load(struct rate *r, struct db *db, const char *key, double per_second, int64_t now_ms,
               struct error *err) MUST_CHECK;
bool rate_save(const struct rate *r, struct db *ledger, struct error *err) MUST_CHECK;
void rate_refill(struct rate *r, int64_t now_ms);
bool rate_is_ready(const struct rate *r, int64_t segments);
void rate_take(struct rate *r, int64_t segments);
/* Milliseconds until rate_is_ready(); 0 when it is. */
int64_t rate_wait_ms(const struct rate *r, int64_t segments);

#endif
