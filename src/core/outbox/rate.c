#include "core/outbox/rate.h"

#include <math.h>

#include "core/base/text.h"
#include "core/store/engine_store.h"

/* Rounding must not make a full bucket look a hair short of full. */
static const double HAIR = 1e-9;
static const double BURST_S = 0.2;

static double
capacity(const struct rate *r)
{
    return fmax(1.0, r->per_second * BURST_S);
}

static double
needed(const struct rate *r, int64_t segments)
{
    return fmin((double)segments, capacity(r));
}

bool
rate_load(struct rate *r, struct db *db, const char *key, double per_second, int64_t now_ms,
          struct error *err)
{
    bool found = false;

    *r = (struct rate){.per_second = per_second, .updated_ms = now_ms};
    (void)text_copy(r->key, sizeof r->key, key);
    r->tokens = capacity(r);
    if (per_second <= 0.0)
        return true;
    if (!rate_bucket_load(db, r->key, &r->tokens, &r->updated_ms, &found, err))
        return false;
    rate_refill(r, now_ms);
    return true;
}

bool
rate_save(const struct rate *r, struct db *ledger, struct error *err)
{
    return r->per_second <= 0.0 || rate_bucket_save(ledger, r->key, r->tokens, r->updated_ms, err);
}

void
rate_refill(struct rate *r, int64_t now_ms)
{
    const int64_t passed_ms = now_ms - r->updated_ms;

    /* A clock that was set back gives nothing, but does not stop the bucket either. */
    if (passed_ms > 0)
        r->tokens += (double)passed_ms / 1000.0 * r->per_second;
    r->tokens = fmin(r->tokens, capacity(r));
    r->updated_ms = now_ms;
}

bool
rate_is_ready(const struct rate *r, int64_t segments)
{
    return r->per_second <= 0.0 || r->tokens + HAIR >= needed(r, segments);
}

void
rate_take(struct rate *r, int64_t segments)
{
    if (r->per_second > 0.0)
        r->tokens -= (double)segments;
}

int64_t
rate_wait_ms(const struct rate *r, int64_t segments)
{
    if (rate_is_ready(r, segments))
        return 0;
    return (int64_t)ceil((needed(r, segments) - r->tokens) / r->per_second * 1000.0);
}
