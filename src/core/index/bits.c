#include "core/index/bits.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

void
bits_init(struct bits *b, size_t count)
{
    b->words = mem_calloc(bits_words(count) + 1, sizeof *b->words);
    b->count = count;
}

void
bits_release(struct bits *b)
{
    free(b->words);
    *b = (struct bits){0};
}

/* Nothing is ever set past the end, so that whole words can be counted. */
static void
trim(struct bits *b)
{
    if (b->count % 64)
        b->words[b->count / 64] &= ((uint64_t)1 << (b->count % 64)) - 1;
}

void
bits_fill(struct bits *b, bool value)
{
    memset(b->words, value ? 0xFF : 0, bits_words(b->count) * sizeof *b->words);
    trim(b);
}

void
bits_copy(struct bits *to, const struct bits *from)
{
    memcpy(to->words, from->words, bits_words(from->count) * sizeof *from->words);
}

void
bits_and(struct bits *to, const struct bits *with)
{
    for (size_t i = 0, n = bits_words(to->count); i < n; i++)
        to->words[i] &= with->words[i];
}

void
bits_and_not(struct bits *to, const struct bits *with)
{
    for (size_t i = 0, n = bits_words(to->count); i < n; i++)
        to->words[i] &= ~with->words[i];
}

void
bits_or(struct bits *to, const struct bits *with)
{
    for (size_t i = 0, n = bits_words(to->count); i < n; i++)
        to->words[i] |= with->words[i];
}

void
bits_xor(struct bits *to, const struct bits *with)
{
    for (size_t i = 0, n = bits_words(to->count); i < n; i++)
        to->words[i] ^= with->words[i];
}

void
bits_not(struct bits *b)
{
    for (size_t i = 0, n = bits_words(b->count); i < n; i++)
        b->words[i] = ~b->words[i];
    trim(b);
}

/*
 * Written once, for what every processor has and for those that count the bits of a word, or of
 * eight words, at once.
 */
#define TALLY(name, attribute)                                                                     \
    attribute static int64_t name(const uint64_t *a, const uint64_t *b, size_t n)                  \
    {                                                                                              \
        int64_t count = 0;                                                                         \
                                                                                                   \
        for (size_t i = 0; i < n; i++)                                                             \
            count += __builtin_popcountll(a[i] & b[i]);                                            \
        return count;                                                                              \
    }
#define SIEVE(name, attribute)                                                                     \
    attribute static struct bits_sieved name(                                                      \
        uint64_t *restrict left, const uint64_t *restrict set, const uint64_t *restrict in,        \
        const uint64_t *restrict out, const uint64_t *restrict off, size_t n)                      \
    {                                                                                              \
        struct bits_sieved s = {0};                                                                \
                                                                                                   \
        for (size_t i = 0; i < n; i++) {                                                           \
            uint64_t having = set[i] & in[i];                                                      \
            uint64_t not_out = having & ~out[i];                                                   \
                                                                                                   \
            left[i] = not_out & ~off[i];                                                           \
            s.all += __builtin_popcountll(set[i]);                                                 \
            s.in += __builtin_popcountll(having);                                                  \
            s.not_out += __builtin_popcountll(not_out);                                            \
            s.not_off += __builtin_popcountll(left[i]);                                            \
        }                                                                                          \
        return s;                                                                                  \
    }
#ifdef __x86_64__
#define BY_EIGHT __attribute__((target("avx512f,avx512vl,avx512vpopcntdq")))
#define BY_WORD __attribute__((target("popcnt")))
TALLY(tally_by_eight, BY_EIGHT)
TALLY(tally_by_word, BY_WORD)
SIEVE(sieve_by_eight, BY_EIGHT)
SIEVE(sieve_by_word, BY_WORD)

static bool
counts_eight(void)
{
    return __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vl");
}
#endif
TALLY(tally_plain, )
SIEVE(sieve_plain, )

int64_t
bits_tally_and(const struct bits *a, const struct bits *b)
{
#ifdef __x86_64__
    if (counts_eight())
        return tally_by_eight(a->words, b->words, bits_words(a->count));
    if (__builtin_cpu_supports("popcnt"))
        return tally_by_word(a->words, b->words, bits_words(a->count));
#endif
    return tally_plain(a->words, b->words, bits_words(a->count));
}

int64_t
bits_tally(const struct bits *b)
{
    return bits_tally_and(b, b);
}

struct bits_sieved
bits_sieve(struct bits *left, const struct bits *set, const struct bits *in, const struct bits *out,
           const struct bits *off)
{
    size_t n = bits_words(set->count);

#ifdef __x86_64__
    if (counts_eight())
        return sieve_by_eight(left->words, set->words, in->words, out->words, off->words, n);
    if (__builtin_cpu_supports("popcnt"))
        return sieve_by_word(left->words, set->words, in->words, out->words, off->words, n);
#endif
    return sieve_plain(left->words, set->words, in->words, out->words, off->words, n);
}

size_t
bits_next(const struct bits *b, size_t from)
{
    size_t n = bits_words(b->count);
    size_t i = from / 64;
    uint64_t word;

    if (from >= b->count)
        return b->count;
    word = b->words[i] & (~(uint64_t)0 << (from % 64));
    while (word == 0) {
        if (++i >= n)
            return b->count;
        word = b->words[i];
    }
    return i * 64 + (size_t)__builtin_ctzll(word);
}

/* --- conditions on a block */

void
mask_fill(uint8_t *m, size_t n, bool value)
{
    memset(m, value, n);
}

/*
 * The loops that nearly all the time goes into, twice from one body: for what every processor has,
 * and for 32 bytes at a time.
 */
#define INLINED static inline __attribute__((always_inline)) void
#ifdef __x86_64__
#define WIDE __attribute__((target("avx2"))) static void
static bool
is_wide(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define WIDE static void
static bool
is_wide(void)
{
    return false;
}
#endif

INLINED
range_i32(uint8_t *restrict m, const int32_t *restrict t, size_t n, int32_t low, int32_t high)
{
    for (size_t i = 0; i < n; i++)
        m[i] &= (uint8_t)((t[i] >= low) & (t[i] <= high));
}

WIDE
range_i32_wide(uint8_t *restrict m, const int32_t *restrict t, size_t n, int32_t low, int32_t high)
{
    range_i32(m, t, n, low, high);
}

void
mask_range_i32(uint8_t *restrict m, const int32_t *restrict t, size_t n, int32_t low, int32_t high)
{
    if (is_wide())
        range_i32_wide(m, t, n, low, high);
    else
        range_i32(m, t, n, low, high);
}

void
mask_range_i64(uint8_t *restrict m, const int64_t *restrict t, size_t n, int64_t low, int64_t high)
{
    for (size_t i = 0; i < n; i++)
        m[i] &= (uint8_t)((t[i] >= low) & (t[i] <= high));
}

INLINED
later_i32(uint8_t *restrict m, const int32_t *restrict a, const int32_t *restrict b, size_t n,
          int32_t low, int32_t high)
{
    for (size_t i = 0; i < n; i++) {
        int32_t t = a[i] > b[i] ? a[i] : b[i];

        m[i] &= (uint8_t)((t >= low) & (t <= high));
    }
}

WIDE
later_i32_wide(uint8_t *restrict m, const int32_t *restrict a, const int32_t *restrict b, size_t n,
               int32_t low, int32_t high)
{
    later_i32(m, a, b, n, low, high);
}

void
mask_later_i32(uint8_t *restrict m, const int32_t *restrict a, const int32_t *restrict b, size_t n,
               int32_t low, int32_t high)
{
    if (is_wide())
        later_i32_wide(m, a, b, n, low, high);
    else
        later_i32(m, a, b, n, low, high);
}

void
mask_later_i64(uint8_t *restrict m, const int64_t *restrict a, const int64_t *restrict b, size_t n,
               int64_t low, int64_t high)
{
    for (size_t i = 0; i < n; i++) {
        int64_t t = a[i] > b[i] ? a[i] : b[i];

        m[i] &= (uint8_t)((t >= low) & (t <= high));
    }
}

/* The last code fills the places of those that are not given. */
INLINED
codes_u8(uint8_t *restrict m, const uint8_t *restrict c, size_t n, const uint8_t *codes,
         size_t count)
{
    const uint8_t w = codes[0];
    const uint8_t x = codes[count > 1 ? 1 : 0];
    const uint8_t y = codes[count > 2 ? 2 : 0];
    const uint8_t z = codes[count > 3 ? 3 : 0];

    if (count == 1) {
        for (size_t i = 0; i < n; i++)
            m[i] &= c[i] == w;
    } else if (count == 2) {
        for (size_t i = 0; i < n; i++)
            m[i] &= (uint8_t)((c[i] == w) | (c[i] == x));
    } else {
        for (size_t i = 0; i < n; i++)
            m[i] &= (uint8_t)((c[i] == w) | (c[i] == x) | (c[i] == y) | (c[i] == z));
    }
}

WIDE
codes_u8_wide(uint8_t *restrict m, const uint8_t *restrict c, size_t n, const uint8_t *codes,
              size_t count)
{
    codes_u8(m, c, n, codes, count);
}

void
mask_codes_u8(uint8_t *restrict m, const uint8_t *restrict c, size_t n, const uint8_t *codes,
              size_t count)
{
    if (is_wide())
        codes_u8_wide(m, c, n, codes, count);
    else
        codes_u8(m, c, n, codes, count);
}

void
mask_codes_u16(uint8_t *restrict m, const uint16_t *restrict c, size_t n, const uint16_t *codes,
               size_t count)
{
    const uint16_t w = codes[0];
    const uint16_t x = codes[count > 1 ? 1 : 0];
    const uint16_t y = codes[count > 2 ? 2 : 0];
    const uint16_t z = codes[count > 3 ? 3 : 0];

    for (size_t i = 0; i < n; i++)
        m[i] &= (uint8_t)((c[i] == w) | (c[i] == x) | (c[i] == y) | (c[i] == z));
}

void
mask_table_u8(uint8_t *restrict m, const uint8_t *restrict c, size_t n, const uint8_t table[256])
{
    for (size_t i = 0; i < n; i++)
        m[i] &= table[c[i]];
}

void
mask_table_u16(uint8_t *restrict m, const uint16_t *restrict c, size_t n,
               const uint8_t table[65536])
{
    for (size_t i = 0; i < n; i++)
        m[i] &= table[c[i]];
}

void
mask_flags(uint8_t *restrict m, const uint8_t *restrict f, size_t n, uint8_t which, uint8_t value)
{
    for (size_t i = 0; i < n; i++)
        m[i] &= (f[i] & which) == value;
}

static uint64_t
pack_few(const uint8_t *m, size_t n)
{
    uint64_t word = 0;

    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)m[i] << i;
    return word;
}

static uint64_t
pack_64(const uint8_t *m)
{
#ifdef __SSE2__
    uint64_t word = 0;

    for (size_t i = 0; i < 4; i++) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(m + 16 * i));
        /* the lowest bit of each byte, to its highest, where movemask looks */
        int part = _mm_movemask_epi8(_mm_slli_epi16(bytes, 7));

        word |= (uint64_t)(uint32_t)part << (16 * i);
    }
    return word;
#else
    return pack_few(m, 64);
#endif
}

void
mask_pack(const uint8_t *m, size_t n, uint64_t *words)
{
    size_t i = 0;

    for (; i + 64 <= n; i += 64)
        words[i / 64] = pack_64(m + i);
    if (i < n)
        words[i / 64] = pack_few(m + i, n - i);
}

/* --- codes of 16 bits */

static bool
codes_few(const uint16_t *c, size_t n, struct code_range r, uint64_t *inside, uint64_t *border)
{
    uint64_t in = 0;
    uint64_t on = 0;

    for (size_t i = 0; i < n; i++) {
        in |= (uint64_t)(c[i] >= r.low && c[i] <= r.high) << i;
        on |= (uint64_t)(c[i] == r.x || c[i] == r.y) << i;
    }
    *inside = in;
    *border = on & in;
    return *border != 0;
}

#ifdef __x86_64__
/* Bits of 32 elements, each all ones or all zeros. */
__attribute__((target("avx2"))) static inline uint64_t
bits_of_32(__m256i low, __m256i high)
{
    __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xD8);

    return (uint32_t)_mm256_movemask_epi8(bytes);
}

__attribute__((target("avx2"))) static bool
codes_avx2(const uint16_t *c, size_t words, struct code_range r, uint64_t *inside, uint64_t *border)
{
    const __m256i low = _mm256_set1_epi16((short)r.low);
    const __m256i span = _mm256_set1_epi16((short)(uint16_t)(r.high - r.low));
    const __m256i x = _mm256_set1_epi16((short)r.x);
    const __m256i y = _mm256_set1_epi16((short)r.y);
    uint64_t any = 0;

    for (size_t w = 0; w < words; w++) {
        uint64_t in = 0;
        uint64_t on = 0;

        for (size_t half = 0; half < 2; half++) {
            const uint16_t *at = c + w * 64 + half * 32;
            __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)at);
            __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(at + 16));
            __m256i from_a = _mm256_sub_epi16(a, low);
            __m256i from_b = _mm256_sub_epi16(b, low);

            in |= bits_of_32(_mm256_cmpeq_epi16(_mm256_min_epu16(from_a, span), from_a),
                             _mm256_cmpeq_epi16(_mm256_min_epu16(from_b, span), from_b))
                  << 32 * half;
            on |= bits_of_32(_mm256_or_si256(_mm256_cmpeq_epi16(a, x), _mm256_cmpeq_epi16(a, y)),
                             _mm256_or_si256(_mm256_cmpeq_epi16(b, x), _mm256_cmpeq_epi16(b, y)))
                  << 32 * half;
        }
        inside[w] = in;
        border[w] = on & in;
        any |= on & in;
    }
    return any != 0;
}
#endif

bool
bits_of_codes(const uint16_t *c, size_t n, struct code_range r, uint64_t *inside, uint64_t *border)
{
    size_t w = 0;
    bool any = false;

#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) {
        any = codes_avx2(c, n / 64, r, inside, border);
        w = n / 64;
    }
#endif
    for (; w * 64 < n; w++)
        any |= codes_few(c + w * 64, n - w * 64 < 64 ? n - w * 64 : 64, r, inside + w, border + w);
    return any;
}
