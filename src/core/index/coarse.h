/*
 * Columns of times in 16 bits: a preview that moves a number of days reads a half or a quarter of
 * the bytes, and the exact times only of the few rows on the border. Made when a column is asked
 * for the second time, so that a single question does not pay for it.
 */
#ifndef CANVASS_CORE_INDEX_COARSE_H
#define CANVASS_CORE_INDEX_COARSE_H

#include "core/index/file.h"

struct coarse {
    int column;      /* what it is of; COARSE_ACTIVITY, or an enum index_section */
    unsigned asked;  /* so often without one; 0: the place is free */
    uint16_t *codes; /* owned; NULL: not made yet. 0: no time; else 1 + (time - base) >> shift */
    size_t count;
    int64_t base, last; /* the least and the greatest time */
    unsigned shift;
    uint64_t used;
};

enum { COARSE_ACTIVITY = SECTION_COUNT }; /* the later of the last contact and appointment */

enum { COARSE_PLACES = 12 };
struct coarse_columns { /* zero is a valid empty value */
    struct coarse at[COARSE_PLACES];
    uint64_t uses, begun;
};
/* From here on, until the next call, what _get() returned is not let go. */
void coarse_columns_begin(struct coarse_columns *c);
void coarse_columns_release(struct coarse_columns *c);
/*
 * NULL: there is none (yet), read the column.
 *
 * b  the second of two, of which the later counts; NULL: one column
 */
const struct coarse *coarse_columns_get(struct coarse_columns *c, int column,
                                        const struct index_column *a, const struct index_column *b);

/* Codes low..high may hold a time that is wanted; of those on a border only some do. */
struct coarse_range {
    const uint16_t *codes; /* borrowed; NULL: none, read the column */
    uint16_t low, high;    /* low > high: nothing is wanted */
    bool low_is_border, high_is_border;
};
/* low, high: times; the lowest number is "no time" */
struct coarse_range coarse_range_of(const struct coarse *c, int64_t low, int64_t high);

/* One element of a column of times; the lowest number: no time. */
static inline int64_t
time_at(const struct index_column *c, size_t i)
{
    int32_t narrow;

    if (c->width == 8)
        return ((const int64_t *)c->data)[i];
    narrow = ((const int32_t *)c->data)[i];
    return narrow == INT32_MIN ? INT64_MIN : narrow;
}

#endif
