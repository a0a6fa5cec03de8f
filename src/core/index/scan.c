#include "core/index/scan.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

enum { CODES_8 = 256, CODES_16 = 65536 };

void
conditions_release(struct conditions *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->at[i].table);
    c->count = 0;
}

struct condition *
conditions_add(struct conditions *c, enum condition_kind kind)
{
    struct condition *added = &c->at[c->count < CONDITIONS_MAX ? c->count++ : c->count - 1];

    *added = (struct condition){.kind = kind};
    return added;
}

void
condition_set_codes(struct condition *c, const bool *holds, size_t count)
{
    c->code_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (holds[i] && c->code_count < MASK_FEW)
            c->codes[c->code_count] = (uint16_t)(i + 1);
        c->code_count += holds[i];
    }
    if (c->code_count <= MASK_FEW)
        return;
    c->table = mem_alloc(CODES_16);
    for (size_t i = 0; i < count && i + 1 < CODES_16; i++)
        c->table[i + 1] = holds[i];
}

/* --- one block */

/* A column of 4 bytes: what of the range it can hold. false: nothing. */
static bool
narrow_range(const struct condition *c, int32_t *low, int32_t *high)
{
    if (c->low > INT32_MAX || c->low > c->high)
        return false;
    *low = c->low == INT64_MIN ? INT32_MIN : c->low <= INT32_MIN ? INT32_MIN + 1 : (int32_t)c->low;
    if (c->high <= INT32_MIN) /* below every time: only "no time" is left */
        *high = INT32_MIN;
    else
        *high = c->high > INT32_MAX ? INT32_MAX : (int32_t)c->high;
    return *low <= *high;
}

static void
mask_time(const struct condition *c, size_t from, size_t n, uint8_t *m)
{
    int32_t low = 0;
    int32_t high = 0;

    if (c->column.width == 8)
        mask_range_i64(m, (const int64_t *)c->column.data + from, n, c->low, c->high);
    else if (narrow_range(c, &low, &high))
        mask_range_i32(m, (const int32_t *)c->column.data + from, n, low, high);
    else
        memset(m, 0, n);
}

static void
mask_later(const struct condition *c, size_t from, size_t n, uint8_t *m)
{
    int32_t low = 0;
    int32_t high = 0;

    if (c->column.width == 8 && c->second.width == 8) {
        mask_later_i64(m, (const int64_t *)c->column.data + from,
                       (const int64_t *)c->second.data + from, n, c->low, c->high);
    } else if (c->column.width == 4 && c->second.width == 4) {
        if (narrow_range(c, &low, &high))
            mask_later_i32(m, (const int32_t *)c->column.data + from,
                           (const int32_t *)c->second.data + from, n, low, high);
        else
            memset(m, 0, n);
    } else { /* one of them holds a time beyond 32 bits: rare */
        for (size_t i = 0; i < n; i++) {
            int64_t a = time_at(&c->column, from + i);
            int64_t b = time_at(&c->second, from + i);
            int64_t t = a > b ? a : b;

            m[i] &= t >= c->low && t <= c->high;
        }
    }
}

static void
mask_codes(const struct condition *c, const struct index_column *column, size_t from, size_t n,
           uint8_t *m)
{
    uint8_t few[MASK_FEW] = {0};

    if (c->code_count == 0) {
        memset(m, 0, n);
    } else if (column->width == 2) {
        const uint16_t *codes = (const uint16_t *)column->data + from;

        if (c->table)
            mask_table_u16(m, codes, n, c->table);
        else
            mask_codes_u16(m, codes, n, c->codes, c->code_count);
    } else {
        const uint8_t *codes = (const uint8_t *)column->data + from;

        for (size_t i = 0; i < MASK_FEW; i++)
            few[i] = (uint8_t)c->codes[i];
        if (c->table)
            mask_table_u8(m, codes, n, c->table);
        else
            mask_codes_u8(m, codes, n, few, c->code_count);
    }
}

static void
mask_intent(const struct condition *c, size_t from, size_t n, uint8_t *m)
{
    const uint8_t *byte = (const uint8_t *)c->second.data + from;
    uint8_t meant[MASK_BLOCK];

    mask_fill(meant, n, true);
    mask_codes(c, &c->column, from, n, meant);
    for (size_t i = 0; i < n; i++)
        m[i] &= (uint8_t)((byte[i] | meant[i]) == c->value);
}

static void
mask_listed(const struct condition *c, size_t from, size_t n, uint8_t *m)
{
    uint8_t listed[MASK_BLOCK] = {0};
    size_t low = 0;
    size_t high = c->list_count;

    while (low < high) { /* the first that is not below `from` */
        size_t middle = low + (high - low) / 2;

        if (c->list[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < c->list_count && c->list[low] < from + n; low++)
        if (c->list[low] >= from) /* so unless the list were damaged */
            listed[c->list[low] - from] = 1;
    for (size_t i = 0; i < n; i++)
        m[i] &= listed[i];
}

static void
apply(const struct condition *c, size_t from, size_t n, uint8_t *m)
{
    switch (c->kind) {
    case CONDITION_TIME:
        mask_time(c, from, n, m);
        break;
    case CONDITION_LATER:
        mask_later(c, from, n, m);
        break;
    case CONDITION_CODES:
        mask_codes(c, &c->column, from, n, m);
        break;
    case CONDITION_BYTE:
        mask_flags(m, (const uint8_t *)c->column.data + from, n, c->which, c->value);
        break;
    case CONDITION_INTENT:
        mask_intent(c, from, n, m);
        break;
    case CONDITION_LISTED:
        mask_listed(c, from, n, m);
        break;
    case CONDITION_FALSE:
        memset(m, 0, n);
        break;
    }
}

/* --- codes */

static bool
holds_exactly(const struct condition *c, size_t i)
{
    int64_t t = time_at(&c->column, i);

    if (c->kind == CONDITION_LATER) {
        int64_t other = time_at(&c->second, i);

        t = other > t ? other : t;
    }
    return t >= c->low && t <= c->high;
}

/* first: words hold nothing yet. */
static void
and_codes(const struct condition *c, size_t from, size_t n, bool first, uint64_t *words)
{
    uint64_t held[MASK_BLOCK / 64];
    uint64_t border[MASK_BLOCK / 64];
    uint64_t *inside = first ? words : held;
    bool look;

    if (c->coarse.low > c->coarse.high) {
        memset(words, 0, bits_words(n) * sizeof *words);
        return;
    }
    look = bits_of_codes(
        c->coarse.codes + from, n,
        (struct code_range){c->coarse.low, c->coarse.high,
                            c->coarse.low_is_border ? c->coarse.low : c->coarse.high,
                            c->coarse.high_is_border ? c->coarse.high : c->coarse.low},
        inside, border);
    for (size_t w = 0; !first && w < bits_words(n); w++)
        words[w] &= inside[w];
    if (!look || (!c->coarse.low_is_border && !c->coarse.high_is_border))
        return;
    for (size_t w = 0; w < bits_words(n); w++)
        for (uint64_t left = border[w] & words[w]; left; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);

            if (!holds_exactly(c, from + w * 64 + bit))
                words[w] &= ~((uint64_t)1 << bit);
        }
}

/* Conditions that have codes, of any: the others look at bytes. */
static size_t
coarse_count(const struct conditions *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->count; i++)
        count += c->at[i].coarse.codes != NULL;
    return count;
}

static void
scan_block(const struct conditions *c, bool bytes, size_t from, size_t n, uint64_t *words)
{
    uint8_t m[MASK_BLOCK];
    bool first = !bytes;

    if (bytes) {
        mask_fill(m, n, true);
        for (size_t i = 0; i < c->count; i++)
            if (!c->at[i].coarse.codes)
                apply(&c->at[i], from, n, m);
        mask_pack(m, n, words);
    }
    for (size_t i = 0; i < c->count; i++) {
        if (!c->at[i].coarse.codes)
            continue;
        and_codes(&c->at[i], from, n, first, words);
        first = false;
    }
}

void
scan_rows(const struct conditions *c, struct bits *out)
{
    const bool bytes = coarse_count(c) < c->count;

    for (size_t i = 0; i < c->count; i++)
        if (c->at[i].kind == CONDITION_FALSE) {
            bits_fill(out, false);
            return;
        }
    if (c->count == 0) {
        bits_fill(out, true);
        return;
    }
    for (size_t from = 0; from < out->count; from += MASK_BLOCK)
        scan_block(c, bytes, from, out->count - from < MASK_BLOCK ? out->count - from : MASK_BLOCK,
                   out->words + from / 64);
}
