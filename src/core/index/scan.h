/*
 * Conditions on the rows of one table of the index, all of which hold of the same row, and how the
 * rows that fit become customers.
 */
#ifndef CANVASS_CORE_INDEX_SCAN_H
#define CANVASS_CORE_INDEX_SCAN_H

#include "core/index/bits.h"
#include "core/index/coarse.h"

enum condition_kind {
    CONDITION_TIME,   /* low <= time <= high; the lowest number is "no time" */
    CONDITION_LATER,  /* the same of the later of two times */
    CONDITION_CODES,  /* one of these codes */
    CONDITION_BYTE,   /* (byte & which) == value */
    CONDITION_INTENT, /* (byte set or one of these codes) == value */
    CONDITION_LISTED, /* the row's number is in an ascending list */
    CONDITION_FALSE,
};

struct condition {
    enum condition_kind kind;
    struct index_column column, second;
    int64_t low, high;          /* TIME, LATER */
    struct coarse_range coarse; /* the same in 16 bits, where there is such a column */
    uint8_t which, value;
    uint16_t codes[MASK_FEW];
    size_t code_count;
    uint8_t *table;       /* owned; by code, when there are more than MASK_FEW */
    const uint32_t *list; /* LISTED; borrowed */
    size_t list_count;
};

enum { CONDITIONS_MAX = 16 };
struct conditions {
    struct condition at[CONDITIONS_MAX];
    size_t count;
};
void conditions_release(struct conditions *c);
struct condition *conditions_add(struct conditions *c, enum condition_kind kind);
/* All of the first `count` words (by code - 1) for which holds[] is true. */
void condition_set_codes(struct condition *c, const bool *holds, size_t count);

/* The rows for which all conditions hold; out has as many bits as there are rows. */
void scan_rows(const struct conditions *c, struct bits *out);

/* Rows of customers: what joins both, made once for a file. */
struct rows_map {
    const uint32_t *first; /* borrowed from the file */
    size_t customers, rows;
    struct bits last;  /* by row: the last one of its customer */
    struct bits some;  /* by customer: has rows */
    uint32_t greatest; /* rows of one customer */
};
void rows_map_make(struct rows_map *m, const uint32_t *first, size_t customers);
void rows_map_release(struct rows_map *m);
/* Customers with one row at least that is set. */
void rows_any(const struct rows_map *m, const struct bits *rows, struct bits *out);
/* Customers whose number of such rows n has holds[n] (0 or 1); there are greatest + 1 of these.
 * rows is used up. */
void rows_counted(const struct rows_map *m, struct bits *rows, const uint8_t *holds,
                  struct bits *out);
/* The same for all rows. */
void rows_numbered(const struct rows_map *m, const uint8_t *holds, struct bits *out);

#endif
