#include "core/index/coarse.h"

#include <stdlib.h>

#include "core/base/mem.h"

/* All of them together; at 10M customers two or three. */
enum { COARSE_BYTES_MAX = 64 << 20, CODE_MAX = UINT16_MAX };

void
coarse_columns_release(struct coarse_columns *c)
{
    for (size_t i = 0; i < COARSE_PLACES; i++)
        free(c->at[i].codes);
    *c = (struct coarse_columns){0};
}

void
coarse_columns_begin(struct coarse_columns *c)
{
    c->begun = c->uses;
}

static int64_t
later_at(const struct index_column *a, const struct index_column *b, size_t i)
{
    int64_t x = time_at(a, i);
    int64_t y = b ? time_at(b, i) : INT64_MIN;

    return x > y ? x : y;
}

/* Also for differences beyond 63 bits. */
static uint64_t
distance(int64_t from, int64_t to)
{
    return (uint64_t)to - (uint64_t)from;
}

/* For times from base to last. */
static uint16_t
code_of(const struct coarse *c, int64_t time)
{
    return (uint16_t)(1 + (distance(c->base, time) >> c->shift));
}

static void
make(struct coarse *c, const struct index_column *a, const struct index_column *b)
{
    c->count = a->count;
    c->codes = mem_calloc(c->count, sizeof *c->codes);
    c->base = INT64_MAX;
    c->last = INT64_MIN;
    for (size_t i = 0; i < c->count; i++) {
        int64_t t = later_at(a, b, i);

        c->base = t != INT64_MIN && t < c->base ? t : c->base;
        c->last = t > c->last ? t : c->last;
    }
    c->shift = 0;
    while (c->base <= c->last && distance(c->base, c->last) >> c->shift >= CODE_MAX)
        c->shift++;
    for (size_t i = 0; i < c->count; i++) {
        int64_t t = later_at(a, b, i);

        c->codes[i] = t == INT64_MIN ? 0 : code_of(c, t);
    }
}

static struct coarse *
place_of(struct coarse_columns *c, int column)
{
    for (size_t i = 0; i < COARSE_PLACES; i++)
        if (c->at[i].asked > 0 && c->at[i].column == column)
            return &c->at[i];
    for (size_t i = 0; i < COARSE_PLACES; i++)
        if (c->at[i].asked == 0) {
            c->at[i].column = column;
            return &c->at[i];
        }
    return NULL;
}

/* Room for another column: what was used longest ago goes. */
static bool
make_room(struct coarse_columns *c, size_t wanted)
{
    for (;;) {
        struct coarse *oldest = NULL;
        size_t bytes = wanted;

        for (size_t i = 0; i < COARSE_PLACES; i++) {
            struct coarse *one = &c->at[i];

            if (!one->codes)
                continue;
            bytes += one->count * sizeof *one->codes;
            if (one->used <= c->begun && (!oldest || one->used < oldest->used))
                oldest = one;
        }
        if (!oldest || bytes <= COARSE_BYTES_MAX)
            return bytes <= COARSE_BYTES_MAX;
        free(oldest->codes);
        *oldest = (struct coarse){0};
    }
}

const struct coarse *
coarse_columns_get(struct coarse_columns *c, int column, const struct index_column *a,
                   const struct index_column *b)
{
    struct coarse *one = place_of(c, column);

    if (!one)
        return NULL;
    one->asked++;
    if (!one->codes && one->asked > 1 && make_room(c, a->count * sizeof *one->codes))
        make(one, a, b);
    one->used = ++c->uses;
    return one->codes ? one : NULL;
}

struct coarse_range
coarse_range_of(const struct coarse *c, int64_t low, int64_t high)
{
    struct coarse_range r = {.codes = c->codes, .low = 1, .high = 0};

    if (low > high)
        return r;
    r.low = low == INT64_MIN ? 0 : 1;
    if (low > c->last && low != INT64_MIN) {
        r.high = 0; /* 1..0: nothing */
        return r;
    }
    if (high >= c->base && c->base <= c->last) {
        r.high = high >= c->last ? CODE_MAX : code_of(c, high);
        r.high_is_border = high < c->last;
    } /* else only "no time" is left */
    if (low > c->base) {
        r.low = code_of(c, low);
        r.low_is_border = true;
    }
    return r;
}
