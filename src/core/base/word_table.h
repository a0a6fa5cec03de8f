/*
 * Words that come again and again, each kept once and numbered from 1 in the order of its coming.
 * Most are short: the first bytes stand in the table itself, and nothing else is looked at.
 */
#ifndef CANVASS_CORE_BASE_WORD_TABLE_H
#define CANVASS_CORE_BASE_WORD_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct word_slot;
/* Zero is a valid empty value. */
struct word_table {
    char **texts; /* owned, by number - 1 */
    size_t count, capacity;
    struct word_slot *slots; /* owned; open addressing, at most half full */
    size_t slot_count;       /* a power of 2 */
};

void word_table_release(struct word_table *t);
/* The word's number, 0: it is not there. */
uint32_t word_table_find(const struct word_table *t, const char *text);
/* The same; added when it is not there. At most 2^31 words. */
uint32_t word_table_add(struct word_table *t, const char *text);

#endif
