#include "core/outbox/rate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/store/attempt_store.h"
#include "core/store/engine_store.h"

/* Rounding must not make a full bucket look a hair short of full. */
static const double HAIR = 1e-9;
static const double BURST_S = 0.1, BURST_FEW = 12.0;

enum {
    COMPACT_AT = 4096,
    REMEMBER_S = 62,
    MESSAGE_MAX = 24,             /* segments: SMS_MAX_CHARACTERS of 67 */
    WENT_MS = 1010 + RATE_LATE_MS /* what went in the last second was taken since */
};

struct rate_taken {
    int64_t at_ms, segments;
};

/* Segments come whole: of 2.5 a second, three may go in one second, but only 150 in a minute. */
static const struct level_rule {
    double length_s, slack; /* the window is taken so much longer */
    bool rounds_up;
    bool counts_only;
} rules[RATE_LEVELS] = {
    [RATE_SECOND] = {1.0, 1.01, true, false},
    [RATE_MINUTE] = {60.0, (60000 + RATE_LATE_MS) / 60000.0, false, false}, /* some went late */
    [RATE_SECOND_LATE] = {WENT_MS / 1000.0, 1.0, false, true},
};

static double
capacity(const struct rate *r)
{
    return fmax(1.0, fmax(fmin(r->per_second, BURST_FEW), r->per_second * BURST_S));
}

static double
needed(const struct rate *r, int64_t segments)
{
    return fmin((double)segments, capacity(r));
}

static int64_t
limit_of(const struct rate *r, size_t level)
{
    const double exact = r->per_second * rules[level].length_s;

    if (rules[level].counts_only)
        return INT64_MAX;
    return (int64_t)(rules[level].rounds_up || exact < 60.0 ? ceil(exact - HAIR)
                                                            : floor(exact + HAIR));
}

/* What does not fit into a window has as much of the next ones as it needs. */
static int64_t
expires_ms(const struct rate *r, size_t level, const struct rate_taken *t)
{
    const double needs_s = (double)t->segments / r->per_second;
    const double length_s = t->segments > limit_of(r, level) || r->per_second < 1.0
                                ? fmax(needs_s, rules[level].length_s)
                                : rules[level].length_s;

    return t->at_ms + (int64_t)ceil(length_s * rules[level].slack * 1000.0 - HAIR);
}

/* --- what was taken */

static void
add(struct rate *r, int64_t at_ms, int64_t segments)
{
    r->taken = mem_grow(r->taken, r->count, &r->capacity, sizeof *r->taken);
    r->taken[r->count++] = (struct rate_taken){at_ms, segments};
    for (size_t i = 0; i < RATE_LEVELS; i++)
        r->levels[i].sum += segments;
}

static void
compact(struct rate *r)
{
    size_t least = r->count;

    for (size_t i = 0; i < RATE_LEVELS; i++)
        if (r->levels[i].first < least)
            least = r->levels[i].first;
    if (least < COMPACT_AT || least < r->count / 2)
        return;
    memmove(r->taken, r->taken + least, (r->count - least) * sizeof *r->taken);
    r->count -= least;
    for (size_t i = 0; i < RATE_LEVELS; i++)
        r->levels[i].first -= least;
}

static void
forget_old(struct rate *r, int64_t now_ms)
{
    for (size_t i = 0; i < RATE_LEVELS; i++) {
        struct rate_level *l = &r->levels[i];

        while (l->first < r->count && expires_ms(r, i, &r->taken[l->first]) <= now_ms)
            l->sum -= r->taken[l->first++].segments;
    }
    compact(r);
}

/* The clock was set back: what was taken "later" counts as taken now. */
static void
clamp(struct rate *r, int64_t now_ms)
{
    for (size_t i = r->count; i > 0 && r->taken[i - 1].at_ms > now_ms; i--)
        r->taken[i - 1].at_ms = now_ms;
}

/* --- from and to the ledger */

static bool
remember(void *ctx, int64_t claimed_at_s, int64_t segments)
{
    struct rate *r = ctx;
    const int64_t end_ms = claimed_at_s * 1000 + 999; /* the ledger knows the second only */

    add(r, end_ms < r->updated_ms ? end_ms : r->updated_ms, segments);
    return true;
}

bool
rate_load(struct rate *r, struct db *db, const struct rate_owner *owner, double per_second,
          int64_t now_ms, struct error *err)
{
    const struct attempts_since since = {owner->sender, owner->campaign_id,
                                         now_ms / 1000 - REMEMBER_S};
    bool found = false;

    rate_release(r);
    *r = (struct rate){.per_second = per_second};
    (void)text_copy(r->key, sizeof r->key, owner->key);
    r->tokens = capacity(r);
    if (per_second <= 0.0)
        return true;
    if (!rate_bucket_load(db, r->key, &r->tokens, &r->updated_ms, &found, err))
        return false;
    if (!found)
        r->updated_ms = now_ms;
    rate_refill(r, now_ms);
    if (!attempts_since_each(db, &since, remember, r, err))
        return false;
    forget_old(r, now_ms);
    /* Of an engine before, or before a campaign changed: some may have gone late. */
    rate_went(r, &(struct rate_late){now_ms, RATE_LATE_MS});
    return true;
}

void
rate_release(struct rate *r)
{
    free(r->taken);
    r->taken = NULL;
    r->count = r->capacity = 0;
}

bool
rate_save(const struct rate *r, struct db *ledger, struct error *err)
{
    return r->per_second <= 0.0 || rate_bucket_save(ledger, r->key, r->tokens, r->updated_ms, err);
}

/* --- the two rules */

void
rate_refill(struct rate *r, int64_t now_ms)
{
    const int64_t passed_ms = now_ms - r->updated_ms;

    if (r->per_second <= 0.0)
        return;
    /* A clock that was set back gives nothing, but does not stop the bucket either. */
    if (passed_ms > 0)
        r->tokens += (double)passed_ms / 1000.0 * r->per_second;
    r->tokens = fmin(r->tokens, capacity(r));
    if (passed_ms < 0)
        clamp(r, now_ms);
    r->updated_ms = now_ms;
    forget_old(r, now_ms);
}

static bool
fits(const struct rate *r, size_t level, int64_t segments)
{
    const int64_t used = r->levels[level].sum;

    return used == 0 || segments <= limit_of(r, level) - used;
}

bool
rate_is_ready(const struct rate *r, int64_t segments)
{
    if (r->per_second <= 0.0)
        return true;
    for (size_t i = 0; i < RATE_LEVELS; i++)
        if (!fits(r, i, segments))
            return false;
    return r->tokens + HAIR >= needed(r, segments);
}

void
rate_take(struct rate *r, int64_t segments)
{
    if (r->per_second <= 0.0)
        return;
    r->tokens -= (double)segments;
    add(r, r->updated_ms, segments);
}

/* When so much of the window has left that the message fits. */
static int64_t
level_wait_ms(const struct rate *r, size_t level, int64_t segments)
{
    const int64_t limit = limit_of(r, level);
    int64_t used = r->levels[level].sum;
    int64_t at_ms = r->updated_ms;

    for (size_t i = r->levels[level].first; i < r->count && used > 0 && segments > limit - used;
         i++) {
        used -= r->taken[i].segments;
        at_ms = expires_ms(r, level, &r->taken[i]);
    }
    return at_ms - r->updated_ms;
}

int64_t
rate_wait_ms(const struct rate *r, int64_t segments)
{
    int64_t wait_ms = 0;

    if (rate_is_ready(r, segments))
        return 0;
    if (r->tokens + HAIR < needed(r, segments))
        wait_ms = (int64_t)ceil((needed(r, segments) - r->tokens) / r->per_second * 1000.0);
    for (size_t i = 0; i < RATE_LEVELS; i++) {
        const int64_t level_ms = level_wait_ms(r, i, segments);

        if (level_ms > wait_ms)
            wait_ms = level_ms;
    }
    return wait_ms > 0 ? wait_ms : 1;
}

int64_t
rate_room(const struct rate *r, int64_t most)
{
    int64_t room = most;

    if (r->per_second <= 0.0)
        return most;
    for (size_t i = 0; i < RATE_LEVELS; i++)
        if (limit_of(r, i) - r->levels[i].sum < room)
            room = limit_of(r, i) - r->levels[i].sum;
    if (r->tokens < (double)room)
        room = (int64_t)r->tokens;
    return room < 1 ? 1 : room;
}

/* --- a batch */

void
rate_begin(struct rate *r)
{
    r->mark = r->count;
    r->mark_tokens = r->tokens;
}

void
rate_undo(struct rate *r)
{
    while (r->count > r->mark) {
        r->count--;
        for (size_t i = 0; i < RATE_LEVELS; i++)
            r->levels[i].sum -= r->taken[r->count].segments;
    }
    r->tokens = r->mark_tokens;
}

/* --- what goes later than it was taken */

bool
rate_is_slack(const struct rate *r)
{
    /* before this is asked again the bucket lets go what it holds, or a message that is longer */
    const double next = fmax(capacity(r), MESSAGE_MAX);

    return r->per_second <= 0 || (double)r->levels[RATE_SECOND_LATE].sum + next <= r->per_second;
}

void
rate_went(struct rate *r, const struct rate_late *late)
{
    const int64_t now_ms = late->now_ms;

    for (size_t i = r->count; i > 0 && r->taken[i - 1].at_ms > now_ms - WENT_MS; i--) {
        struct rate_taken *t = &r->taken[i - 1];

        t->at_ms = t->at_ms + late->late_ms < now_ms ? t->at_ms + late->late_ms : now_ms;
        for (size_t k = 0; k < RATE_LEVELS; k++)
            if (r->levels[k].first == i && expires_ms(r, k, t) > now_ms) {
                r->levels[k].first--;
                r->levels[k].sum += t->segments;
            }
    }
}

void
rate_handed(struct rate *r, int64_t now_ms)
{
    for (size_t i = r->mark; i < r->count; i++)
        if (r->taken[i].at_ms < now_ms)
            r->taken[i].at_ms = now_ms;
    r->mark = r->count;
}
