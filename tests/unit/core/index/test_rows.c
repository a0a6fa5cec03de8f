/* Rows and the customers whose they are: words at a time says what one by one says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/scan.h"

enum { CUSTOMERS_MAX = 400, ROUNDS = 600 };

static uint64_t seed = 7;

static uint32_t
below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

struct table {
    uint32_t first[CUSTOMERS_MAX + 1];
    size_t customers;
    struct rows_map map;
    struct bits rows;
};

/* Mostly a few rows each, some with none, and some with so many that they fill words. */
static void
fill(struct table *t)
{
    uint32_t most = below(4) == 0 ? 200 : 1 + below(12);

    t->customers = 1 + below(CUSTOMERS_MAX);
    for (size_t p = 0; p < t->customers; p++)
        t->first[p + 1] = t->first[p] + (below(3) == 0 ? 0 : below(most + 1));
    rows_map_make(&t->map, t->first, t->customers);
    bits_init(&t->rows, t->map.rows);
    for (size_t i = 0, sparse = 1 + below(5); i < t->map.rows; i++)
        bits_join(&t->rows, i, below((uint32_t)sparse) == 0);
}

static void
clear(struct table *t)
{
    rows_map_release(&t->map);
    bits_release(&t->rows);
}

static uint32_t
tally(const struct table *t, size_t customer)
{
    uint32_t count = 0;

    for (uint32_t i = t->first[customer]; i < t->first[customer + 1]; i++)
        count += bits_has(&t->rows, i);
    return count;
}

/* Numbers that are alike from some number on, as comparisons are, or without any order. */
static uint8_t *
numbers_held(uint32_t greatest)
{
    uint8_t *holds = mem_calloc(greatest + 1u, 1);
    uint32_t from = below(greatest + 2);
    bool any_order = below(2) == 0;

    for (uint32_t n = 0; n <= greatest; n++)
        holds[n] = any_order && n < 6 ? (uint8_t)below(2) : n >= from;
    return holds;
}

static void
counts_as_one_by_one(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct table t = {0};
        struct bits out = {0};
        uint8_t *holds;
        uint8_t expected[CUSTOMERS_MAX];

        fill(&t);
        holds = numbers_held(t.map.greatest);
        for (size_t p = 0; p < t.customers; p++)
            expected[p] = holds[tally(&t, p)];
        bits_init(&out, t.customers);
        rows_counted(&t.map, &t.rows, holds, &out);
        for (size_t p = 0; p < t.customers; p++)
            assert_int_equal(bits_has(&out, p), expected[p]);
        assert_int_equal(bits_next(&out, t.customers), t.customers);
        bits_release(&out);
        free(holds);
        clear(&t);
    }
}

static void
finds_any_as_one_by_one(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct table t = {0};
        struct bits out = {0};

        fill(&t);
        bits_init(&out, t.customers);
        rows_any(&t.map, &t.rows, &out);
        for (size_t p = 0; p < t.customers; p++)
            assert_int_equal(bits_has(&out, p), tally(&t, p) > 0);
        bits_release(&out);
        clear(&t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_as_one_by_one),
        cmocka_unit_test(finds_any_as_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
