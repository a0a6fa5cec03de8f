#include "core/outbox/daily.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/utime.h"
#include "core/base/zone.h"

enum { COUNT_AGAIN_MS = 10000, LONGEST_DAY_S = 30 * 3600 };

struct daily_limit
daily_limit_of(const struct config *config)
{
    return (struct daily_limit){config->policy.daily_messages, config->policy.daily_segments,
                                config->policy.daily_cost_micros};
}

bool
daily_is_set(const struct daily_limit *limit)
{
    return limit->messages > 0 || limit->segments > 0 || limit->cost_micros > 0;
}

static int64_t
local_day(const struct zone *z, int64_t utc_s)
{
    const int64_t local_s = utc_s + zone_offset_s(z, utc_s);

    return local_s >= 0 ? local_s / DAY_S : (local_s - DAY_S + 1) / DAY_S;
}

/* The first instant in (low, high] whose local day is `day` or later. */
static int64_t
first_of_day(const struct zone *z, int64_t day, int64_t low, int64_t high)
{
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;

        if (local_day(z, middle) >= day)
            high = middle;
        else
            low = middle;
    }
    return high;
}

bool
daily_bounds(const char *zone, int64_t now_s, int64_t *begin_s, int64_t *end_s, struct error *err)
{
    const struct zone *z = zone_find(zone, err);
    int64_t day;

    if (!z)
        return error_wrap(err, "daily limit");
    day = local_day(z, now_s);
    *begin_s = first_of_day(z, day, now_s - LONGEST_DAY_S, now_s);
    *end_s = first_of_day(z, day + 1, now_s, now_s + LONGEST_DAY_S);
    return true;
}

bool
daily_refresh(struct daily *d, struct db *db, const char *zone, struct attempts_since owner,
              int64_t now_ms, struct error *err)
{
    const int64_t now_s = now_ms / 1000;
    const bool same_day = now_s >= d->begin_s && now_s < d->end_s;

    if (!daily_is_set(&d->limit) || (d->counted_ms && same_day && now_ms >= d->counted_ms &&
                                     now_ms - d->counted_ms < COUNT_AGAIN_MS))
        return true;
    if (!same_day && !daily_bounds(zone, now_s, &d->begin_s, &d->end_s, err))
        return false;
    owner.since_s = d->begin_s;
    if (!attempts_since_sum(db, &owner, &d->sum, err))
        return false;
    d->counted_ms = now_ms;
    return true;
}

bool
daily_allows(const struct daily *d, int64_t segments)
{
    const struct daily_limit *l = &d->limit;
    const int64_t total = d->sum.segments + segments;

    return (l->messages <= 0 || d->sum.messages + 1 <= l->messages) &&
           (l->segments <= 0 || total <= l->segments) &&
           (l->cost_micros <= 0 || total * d->price_micros <= l->cost_micros);
}

void
daily_take(struct daily *d, int64_t segments)
{
    d->sum.messages++;
    d->sum.segments += segments;
}

enum daily_kind { BY_MESSAGES, BY_SEGMENTS, BY_COST };

/* The limit that is reached; when none is: one that is set. */
static enum daily_kind
told_limit(const struct daily *d)
{
    const struct daily_limit *l = &d->limit;
    const int64_t next_cost = (d->sum.segments + 1) * d->price_micros;

    if (l->messages > 0 && d->sum.messages >= l->messages)
        return BY_MESSAGES;
    if (l->cost_micros > 0 && (next_cost > l->cost_micros || l->segments <= 0))
        return BY_COST;
    return l->segments > 0 ? BY_SEGMENTS : BY_MESSAGES;
}

void
daily_describe(const struct daily *d, char *out, size_t size)
{
    const struct daily_limit *l = &d->limit;

    switch (told_limit(d)) {
    case BY_MESSAGES:
        (void)snprintf(out, size, "%" PRId64 " of %" PRId64 " messages today", d->sum.messages,
                       l->messages);
        break;
    case BY_SEGMENTS:
        (void)snprintf(out, size, "%" PRId64 " of %" PRId64 " segments today", d->sum.segments,
                       l->segments);
        break;
    case BY_COST:
        (void)snprintf(out, size, "%.2f of %.2f spent today",
                       (double)(d->sum.segments * d->price_micros) / 1e6,
                       (double)l->cost_micros / 1e6);
        break;
    }
}
