/* From rows to the customers whose they are. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/scan.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

void
rows_map_make(struct rows_map *m, const uint32_t *first, size_t customers)
{
    *m = (struct rows_map){.first = first, .customers = customers, .rows = first[customers]};
    bits_init(&m->last, m->rows);
    bits_init(&m->some, customers);
    for (size_t p = 0; p < customers; p++) {
        uint32_t n = first[p + 1] - first[p];

        if (n > 0) {
            bits_add(&m->some, p);
            bits_add(&m->last, first[p + 1] - 1);
        }
        m->greatest = n > m->greatest ? n : m->greatest;
    }
}

void
rows_map_release(struct rows_map *m)
{
    bits_release(&m->last);
    bits_release(&m->some);
    *m = (struct rows_map){0};
}

/* --- any */

/*
 * Words of `last` for which a row of the same customer, up to there, is set. Between two customers'
 * last rows all other bits of ~last are ones; adding the rows to them makes a carry exactly when
 * one of them is set, and the carry comes to rest on the last row, where ~last is 0.
 */
static uint64_t
hits_of(uint64_t rows, uint64_t last, unsigned *carry)
{
    uint64_t others = ~last;
    uint64_t sum = 0;
    bool over = __builtin_add_overflow(others, rows & others, &sum);

    over |= __builtin_add_overflow(sum, (uint64_t)*carry, &sum);
    *carry = over;
    return (sum | rows) & last;
}

#ifdef __x86_64__
struct stream { /* bits put side by side, and read again */
    uint64_t *words;
    size_t at; /* bits */
};

static inline void
stream_put(struct stream *s, uint64_t bits, unsigned count)
{
    size_t word = s->at / 64;
    unsigned shift = s->at % 64;

    s->words[word] |= bits << shift;
    if (shift + count > 64)
        s->words[word + 1] = bits >> (64 - shift);
    s->at += count;
}

static inline uint64_t
stream_get(struct stream *s, unsigned count)
{
    size_t word = s->at / 64;
    unsigned shift = s->at % 64;
    uint64_t bits = s->words[word] >> shift;

    if (shift + count > 64)
        bits |= s->words[word + 1] << (64 - shift);
    s->at += count;
    return bits;
}

__attribute__((target("bmi2,popcnt"))) static void
any_bmi2(const struct rows_map *m, const struct bits *rows, struct bits *out)
{
    struct stream s = {.words = mem_calloc(bits_words(m->customers) + 2, sizeof(uint64_t))};
    unsigned carry = 0;

    for (size_t i = 0, n = bits_words(m->rows); i < n; i++) {
        uint64_t last = m->last.words[i];
        uint64_t hits = hits_of(rows->words[i], last, &carry);

        stream_put(&s, _pext_u64(hits, last), (unsigned)__builtin_popcountll(last));
    }
    s.at = 0;
    for (size_t i = 0, n = bits_words(m->customers); i < n; i++) {
        uint64_t some = m->some.words[i];

        out->words[i] = _pdep_u64(stream_get(&s, (unsigned)__builtin_popcountll(some)), some);
    }
    free(s.words);
}
#endif

static void
any_plain(const struct rows_map *m, const struct bits *rows, struct bits *out)
{
    size_t next = bits_next(&m->some, 0);
    unsigned carry = 0;

    bits_fill(out, false);
    for (size_t i = 0, n = bits_words(m->rows); i < n; i++) {
        uint64_t last = m->last.words[i];
        uint64_t hits = hits_of(rows->words[i], last, &carry);

        for (; last; last &= last - 1) {
            if (hits & last & -last)
                bits_add(out, next);
            next = bits_next(&m->some, next + 1);
        }
    }
}

void
rows_any(const struct rows_map *m, const struct bits *rows, struct bits *out)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")) {
        any_bmi2(m, rows, out);
        return;
    }
#endif
    any_plain(m, rows, out);
}

/* --- how many */

/* Set bits from..end-1; a customer's rows are few, and lie in one word or two. */
static uint32_t
tally_between(const struct bits *rows, size_t from, size_t end)
{
    uint32_t count = 0;

    while (from < end) {
        size_t bits = end - from < 64 - from % 64 ? end - from : 64 - from % 64;
        uint64_t word = rows->words[from / 64] >> (from % 64);

        if (bits < 64)
            word &= ((uint64_t)1 << bits) - 1;
        for (; word; word &= word - 1)
            count++;
        from += bits;
    }
    return count;
}

/* One by one: for numbers too great to be reached by taking rows away. */
static void
counted_each(const struct rows_map *m, const struct bits *rows, const uint8_t *holds,
             struct bits *out)
{
    struct bits some = {0};

    bits_init(&some, m->customers);
    rows_any(m, rows, &some);
    bits_fill(out, holds[0]);
    for (size_t p = 0; (p = bits_next(&some, p)) < some.count; p++) {
        bool hold = holds[tally_between(rows, m->first[p], m->first[p + 1])];

        if (hold && !holds[0])
            bits_add(out, p);
        else if (!hold && holds[0])
            bits_drop(out, p);
    }
    bits_release(&some);
}

/*
 * Takes the first of each customer's rows out of the set. A customer's rows are read as one number
 * whose lowest bit is the first row: less 1, it loses its lowest one. Who has none gets a bit on
 * the last row for it, so that nothing is borrowed from the next customer.
 */
static void
take_first(const struct rows_map *m, struct bits *rows)
{
    uint64_t first_next = 1; /* the row after a customer's last is another's first */
    unsigned carry = 0;
    bool borrow = false;

    for (size_t i = 0, n = bits_words(m->rows); i < n; i++) {
        uint64_t last = m->last.words[i];
        uint64_t hits = hits_of(rows->words[i], last, &carry);
        uint64_t full = rows->words[i] | (last & ~hits);
        uint64_t less = 0;
        bool under = __builtin_sub_overflow(full, last << 1 | first_next, &less);

        under |= __builtin_sub_overflow(less, (uint64_t)borrow, &less);
        borrow = under;
        first_next = last >> 63;
        rows->words[i] = full & less;
    }
}

enum { LEVELS_MAX = 8 };

/* The greatest n for which holds[n] differs from holds[n - 1]. */
static uint32_t
last_change(const struct rows_map *m, const uint8_t *holds)
{
    uint32_t n = m->greatest;

    while (n > 0 && holds[n] == holds[n - 1])
        n--;
    return n;
}

void
rows_counted(const struct rows_map *m, struct bits *rows, const uint8_t *holds, struct bits *out)
{
    struct bits at_least = {0};
    uint32_t last = last_change(m, holds);

    if (last > LEVELS_MAX) {
        counted_each(m, rows, holds, out);
        return;
    }
    /* Who has n rows at least is among who has n - 1: each change turns those from n on. */
    bits_init(&at_least, m->customers);
    bits_fill(out, holds[0]);
    for (uint32_t n = 1; n <= last; n++) {
        if (n > 1)
            take_first(m, rows);
        if (holds[n] == holds[n - 1])
            continue;
        rows_any(m, rows, &at_least);
        bits_xor(out, &at_least);
    }
    bits_release(&at_least);
}

void
rows_numbered(const struct rows_map *m, const uint8_t *holds, struct bits *out)
{
    uint8_t held[MASK_BLOCK];

    for (size_t from = 0; from < m->customers; from += MASK_BLOCK) {
        size_t n = m->customers - from < MASK_BLOCK ? m->customers - from : MASK_BLOCK;
        const uint32_t *first = m->first + from;

        for (size_t i = 0; i < n; i++)
            held[i] = holds[first[i + 1] - first[i]];
        mask_pack(held, n, out->words + from / 64);
    }
}
