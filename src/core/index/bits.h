/*
 * Sets of customers (or rows) as words of 64 bits, and the tight loops over columns that make them.
 * A column is looked at in blocks of MASK_BLOCK elements: a byte for each, 1 as long as every
 * condition held, is ANDed by one loop per condition (which the compiler vectorises) and packed
 * into bits at the end. Bits past the last element are always 0.
 */
#ifndef CANVASS_CORE_INDEX_BITS_H
#define CANVASS_CORE_INDEX_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MASK_BLOCK = 4096 }; /* a multiple of 64 */

struct bits {
    uint64_t *words; /* owned */
    size_t count;    /* bits */
};

static inline size_t
bits_words(size_t count)
{
    return (count + 63) / 64;
}
static inline bool
bits_has(const struct bits *b, size_t i)
{
    return b->words[i / 64] >> (i % 64) & 1;
}
static inline void
bits_add(struct bits *b, size_t i)
{
    b->words[i / 64] |= (uint64_t)1 << (i % 64);
}
static inline void
bits_join(struct bits *b, size_t i, bool value) /* set when it was or when value is */
{
    b->words[i / 64] |= (uint64_t)value << (i % 64);
}
static inline void
bits_drop(struct bits *b, size_t i)
{
    b->words[i / 64] &= ~((uint64_t)1 << (i % 64));
}

void bits_init(struct bits *b, size_t count); /* empty */
void bits_release(struct bits *b);
void bits_fill(struct bits *b, bool value);
void bits_copy(struct bits *to, const struct bits *from);
void bits_and(struct bits *to, const struct bits *with);
void bits_and_not(struct bits *to, const struct bits *with);
void bits_or(struct bits *to, const struct bits *with);
void bits_xor(struct bits *to, const struct bits *with);
void bits_not(struct bits *b);
int64_t bits_tally(const struct bits *b);
/*
 * left, none of the others: those of a set that are in `in` and neither in `out` nor in `off`. How
 * many are left before and after each of the three.
 */
struct bits_sieved {
    int64_t all, in, not_out, not_off;
};
struct bits_sieved bits_sieve(struct bits *left, const struct bits *set, const struct bits *in,
                              const struct bits *out, const struct bits *off);
int64_t bits_tally_and(const struct bits *a, const struct bits *b);
/* The first bit that is set at `from` or after; count when there is none. */
size_t bits_next(const struct bits *b, size_t from);

/* m[i] = value, and then the conditions: m[i] &= column[i] is ... */
void mask_fill(uint8_t *m, size_t n, bool value);
/* low <= t <= high; no time is the lowest number and never inside unless low is that number. */
void mask_range_i32(uint8_t *m, const int32_t *t, size_t n, int32_t low, int32_t high);
void mask_range_i64(uint8_t *m, const int64_t *t, size_t n, int64_t low, int64_t high);
/* The later of two times, in the same range. */
void mask_later_i32(uint8_t *m, const int32_t *a, const int32_t *b, size_t n, int32_t low,
                    int32_t high);
void mask_later_i64(uint8_t *m, const int64_t *a, const int64_t *b, size_t n, int64_t low,
                    int64_t high);
/* One of `count` codes; more than MASK_FEW are looked up in a table of all codes. */
enum { MASK_FEW = 4 };
void mask_codes_u8(uint8_t *m, const uint8_t *c, size_t n, const uint8_t *codes, size_t count);
void mask_codes_u16(uint8_t *m, const uint16_t *c, size_t n, const uint16_t *codes, size_t count);
void mask_table_u8(uint8_t *m, const uint8_t *c, size_t n, const uint8_t table[256]);
void mask_table_u16(uint8_t *m, const uint16_t *c, size_t n, const uint8_t table[65536]);
/* (f & which) == value */
void mask_flags(uint8_t *m, const uint8_t *f, size_t n, uint8_t which, uint8_t value);
/* Bits of n bytes that are 0 or 1, into words that begin at a word's border. */
void mask_pack(const uint8_t *m, size_t n, uint64_t *words);

/* Codes that are in a range, as bits; those at its ends may have to be looked at again. */
struct code_range {
    uint16_t low, high; /* low <= high */
    uint16_t x, y;      /* codes on a border */
};
/*
 * inside[w], border[w]: bits of c[64 w] and the 63 after it; border is part of inside. false: the
 * border is empty.
 */
bool bits_of_codes(const uint16_t *c, size_t n, struct code_range r, uint64_t *inside,
                   uint64_t *border);

#endif
