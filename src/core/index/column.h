/* Arrays that grow while an index is made: for core/index only. */
#ifndef CANVASS_CORE_INDEX_COLUMN_H
#define CANVASS_CORE_INDEX_COLUMN_H

#include <stdint.h>

#include "core/base/word_table.h"
#include "core/index/file.h"
#include "core/port/main_database.h"

/* Zero is a valid empty value; width is chosen with the first element. */
struct column {
    void *data; /* owned */
    size_t count, capacity;
    unsigned width;
};

void column_release(struct column *c);
/* Room for count elements of width bytes, all zero. */
void column_size(struct column *c, size_t count, unsigned width);
void *column_add(struct column *c, unsigned width); /* one more; for writing it */
/* 4 bytes as long as they do, else 8 for all. */
void column_add_time(struct column *c, struct main_time t);
void column_set_time(struct column *c, size_t i, struct main_time t); /* after column_size(4) */
void column_add_u16(struct column *c, uint16_t value);
void column_add_u32(struct column *c, uint32_t value);
/* to[target[i]] = from[i] */
void column_scatter(const struct column *from, const uint32_t *target, struct column *to);
/* Numbers of 16 bits that all fit into 8. */
void column_narrow(struct column *c);
/* 4-byte numbers to 8, times and ids alike; times: the lowest number stays the lowest. */
void column_widen(struct column *c, bool times);

/* Different words, numbered from 1 in the order of their coming; zero is a valid empty value. */
enum { WORDS_MAX = 65535 };
struct words {
    struct word_table table;
    bool too_many; /* more than WORDS_MAX: none is kept */
};
void words_release(struct words *w);
uint16_t words_code(struct words *w, const char *text); /* 0: NULL, or too many */

/* Different numbers, likewise. */
struct scores {
    struct column values; /* doubles */
    bool too_many;
};
uint16_t scores_code(struct scores *s, bool set, double value);

#endif
