/* Times in 16 bits say what the times themselves say, whatever the times and the bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/index/scan.h"

enum { ROWS_MAX = 9000, ROUNDS = 400, BOUNDS = 12 };

static uint64_t seed = 11;

static uint64_t
any(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 20;
}

/* A time as businesses have them, or one that nobody has. */
static int64_t
a_time(unsigned kind)
{
    static const int64_t strange[] = {
        0, -1, INT32_MIN + INT64_C(1), INT32_MAX, INT64_MAX, INT64_MIN + 1, 1, 1795000000};

    switch (kind) {
    case 0: /* a few, many times each */
        return 1795000000 + (int64_t)(any() % 5) * 86400;
    case 1: /* three years */
        return 1700000000 + (int64_t)(any() % 95000000);
    default:
        return strange[any() % ARRAY_LEN(strange)];
    }
}

struct times {
    int64_t *t; /* owned */
    void *data; /* owned: the same in the column's width */
    struct index_column column;
};

static void
fill(struct times *x, size_t count, unsigned kind, bool narrow)
{
    x->t = mem_calloc(count, sizeof *x->t);
    x->data = mem_calloc(count, 8);
    for (size_t i = 0; i < count; i++) {
        int64_t t = any() % 5 == 0 ? INT64_MIN : a_time(any() % 50 == 0 ? kind : kind % 2);

        if (narrow && (t <= INT32_MIN || t > INT32_MAX))
            t = INT64_MIN;
        x->t[i] = t;
        if (narrow)
            ((int32_t *)x->data)[i] = t == INT64_MIN ? INT32_MIN : (int32_t)t;
        else
            ((int64_t *)x->data)[i] = t;
    }
    x->column = (struct index_column){x->data, count, narrow ? 4 : 8};
}

static void
clear(struct times *x)
{
    free(x->t);
    free(x->data);
}

/* One that stands in the column, one beside it, or anything. */
static int64_t
bound(const struct times *x)
{
    int64_t t = x->t[any() % x->column.count];

    switch (any() % 5) {
    case 0:
        return a_time(2);
    case 1:
        return t < INT64_MAX ? t + 1 : t;
    case 2:
        return t > INT64_MIN ? t - 1 : t;
    default:
        return t;
    }
}

static void
compare(const struct times *a, const struct times *b, const struct coarse *coarse)
{
    for (int i = 0; i < BOUNDS; i++) {
        struct conditions c = {0};
        struct condition *one = conditions_add(&c, b ? CONDITION_LATER : CONDITION_TIME);
        struct bits out = {0};

        one->low = any() % 3 == 0 ? INT64_MIN + (int64_t)(any() % 2) : bound(a);
        one->high = any() % 3 == 0 ? INT64_MAX : bound(a);
        one->column = a->column;
        if (b)
            one->second = b->column;
        one->coarse = coarse_range_of(coarse, one->low, one->high);
        bits_init(&out, a->column.count);
        scan_rows(&c, &out);
        for (size_t r = 0; r < out.count; r++) {
            int64_t t = b && b->t[r] > a->t[r] ? b->t[r] : a->t[r];

            assert_int_equal(bits_has(&out, r), t >= one->low && t <= one->high);
        }
        bits_release(&out);
        conditions_release(&c);
    }
}

static void
says_what_the_times_say(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct coarse_columns columns = {0};
        struct times a;
        struct times b;
        const bool two = round % 2;
        const struct coarse *coarse;
        size_t count = 1 + any() % (round % 10 == 0 ? ROWS_MAX : 300);
        unsigned kind = (unsigned)(any() % 3);

        fill(&a, count, kind, any() % 2);
        fill(&b, count, kind, any() % 2);
        coarse_columns_begin(&columns);
        assert_null(coarse_columns_get(&columns, 3, &a.column, two ? &b.column : NULL));
        coarse = coarse_columns_get(&columns, 3, &a.column, two ? &b.column : NULL);
        assert_non_null(coarse);
        compare(&a, two ? &b : NULL, coarse);
        coarse_columns_release(&columns);
        clear(&a);
        clear(&b);
    }
}

/* Room for two of three large ones: what a leaf has in hand stays, the oldest goes. */
static void
keeps_what_is_in_use(void **state)
{
    enum { LARGE = 12 << 20 }; /* 24 MB of codes */
    void *data = mem_calloc(LARGE, 4);
    const struct index_column column = {data, LARGE, 4};
    struct coarse_columns columns = {0};
    const struct coarse *first;
    const struct coarse *second;

    (void)state;
    for (int c = 0; c < 3; c++)
        assert_null(coarse_columns_get(&columns, c, &column, NULL));
    coarse_columns_begin(&columns);
    first = coarse_columns_get(&columns, 0, &column, NULL);
    second = coarse_columns_get(&columns, 1, &column, NULL);
    assert_true(first && first->codes && second && second->codes);
    assert_null(coarse_columns_get(&columns, 2, &column, NULL));
    assert_true(first->codes && second->codes);
    coarse_columns_begin(&columns);
    assert_ptr_equal(coarse_columns_get(&columns, 1, &column, NULL), second);
    assert_non_null(coarse_columns_get(&columns, 2, &column, NULL));
    assert_null(first->codes);
    assert_non_null(second->codes);
    coarse_columns_release(&columns);
    free(data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_the_times_say),
        cmocka_unit_test(keeps_what_is_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
