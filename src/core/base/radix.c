#include "core/base/radix.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

enum { DIGIT_BITS = 11, DIGITS = 6, VALUES = 1 << DIGIT_BITS }; /* 6 * 11 >= 64 */

static size_t
digit(uint64_t key, size_t place)
{
    return (size_t)(key >> (place * DIGIT_BITS)) & (VALUES - 1);
}

/* Counts of values become where each value begins; false: all items have one value. */
static bool
begin_places(uint32_t *counts, size_t items)
{
    uint32_t at = 0;

    for (size_t v = 0; v < VALUES; v++) {
        uint32_t n = counts[v];

        if (n == items)
            return false;
        counts[v] = at;
        at += n;
    }
    return true;
}

uint64_t
radix_signed(int64_t number)
{
    return (uint64_t)number ^ UINT64_C(0x8000000000000000);
}

void
radix_sort(struct radix_item *items, size_t count)
{
    uint32_t(*counts)[VALUES];
    struct radix_item *from = items;
    struct radix_item *to;
    struct radix_item *room;

    assert(count <= UINT32_MAX);
    if (count < 2)
        return;
    counts = mem_calloc(DIGITS, sizeof *counts);
    room = to = mem_calloc(count, sizeof *to);
    for (size_t i = 0; i < count; i++)
        for (size_t d = 0; d < DIGITS; d++)
            counts[d][digit(items[i].key, d)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        struct radix_item *swap = from;

        if (!begin_places(counts[d], count))
            continue;
        for (size_t i = 0; i < count; i++)
            to[counts[d][digit(from[i].key, d)]++] = from[i];
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
    free(room);
    free(counts);
}
