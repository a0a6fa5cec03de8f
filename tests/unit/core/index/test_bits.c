/* Sets of bits: whole words at a time say what one bit after the other says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/index/bits.h"

enum { ROUNDS = 400, BITS_MAX = 3000 };

static uint64_t seed = 11;

static uint32_t
below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* From nearly empty to nearly full. */
static struct bits
some(size_t count)
{
    uint32_t share = below(101);
    struct bits b;

    bits_init(&b, count);
    for (size_t i = 0; i < count; i++)
        bits_join(&b, i, below(100) < share);
    return b;
}

static size_t
some_count(size_t round)
{
    static const size_t borders[] = {0, 1, 63, 64, 65, 511, 512, 513};

    return round < 8 ? borders[round] : below(BITS_MAX);
}

static void
test_a_sieve_drops_and_counts_step_by_step(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t count = some_count(round);
        struct bits set = some(count);
        struct bits in = some(count);
        struct bits out = some(count);
        struct bits off = some(count);
        struct bits left = some(count); /* whatever it held before */
        struct bits_sieved expected = {0};
        struct bits_sieved s = bits_sieve(&left, &set, &in, &out, &off);

        for (size_t i = 0; i < count; i++) {
            bool having = bits_has(&set, i) && bits_has(&in, i);
            bool not_out = having && !bits_has(&out, i);
            bool not_off = not_out && !bits_has(&off, i);

            expected.all += bits_has(&set, i);
            expected.in += having;
            expected.not_out += not_out;
            expected.not_off += not_off;
            assert_int_equal(bits_has(&left, i), not_off);
        }
        assert_int_equal(s.all, expected.all);
        assert_int_equal(s.in, expected.in);
        assert_int_equal(s.not_out, expected.not_out);
        assert_int_equal(s.not_off, expected.not_off);
        assert_int_equal(bits_tally(&left), expected.not_off);
        bits_release(&set);
        bits_release(&in);
        bits_release(&out);
        bits_release(&off);
        bits_release(&left);
    }
}

static void
test_counting_what_two_sets_share(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t count = some_count(round);
        struct bits a = some(count);
        struct bits b = some(count);
        int64_t both = 0;

        for (size_t i = 0; i < count; i++)
            both += bits_has(&a, i) && bits_has(&b, i);
        assert_int_equal(bits_tally_and(&a, &b), both);
        bits_release(&a);
        bits_release(&b);
    }
}

static void
test_codes_in_a_range_and_on_its_border(void **state)
{
    uint16_t codes[BITS_MAX];
    uint64_t inside[(BITS_MAX + 63) / 64];
    uint64_t border[(BITS_MAX + 63) / 64];

    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t count = some_count(round);
        uint16_t most = (uint16_t)(round % 2 ? UINT16_MAX : 40); /* few codes: borders are met */
        struct code_range r = {.low = (uint16_t)below(most), .x = (uint16_t)below(most)};
        bool any = false;
        bool looked;

        r.high = (uint16_t)(r.low + below(most - r.low + 1u));
        r.y = (uint16_t)below(most);
        for (size_t i = 0; i < count; i++)
            codes[i] = (uint16_t)below(most + 1u);
        looked = bits_of_codes(codes, count, r, inside, border);
        for (size_t i = 0; i < count; i++) {
            bool in = codes[i] >= r.low && codes[i] <= r.high;
            bool on = in && (codes[i] == r.x || codes[i] == r.y);

            assert_int_equal(inside[i / 64] >> (i % 64) & 1, in);
            assert_int_equal(border[i / 64] >> (i % 64) & 1, on);
            any |= on;
        }
        assert_int_equal(looked, any);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sieve_drops_and_counts_step_by_step),
        cmocka_unit_test(test_counting_what_two_sets_share),
        cmocka_unit_test(test_codes_in_a_range_and_on_its_border),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
