/* Sorting by digits: against qsort, with keys of every size and many that are equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/base/radix.h"
#include "core/replica/demo_people.h"

static int
by_key_and_value(const void *a, const void *b)
{
    const struct radix_item *x = a;
    const struct radix_item *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static void
radix__sorts_and_keeps_equal_keys_in_order(void **state)
{
    static const size_t counts[] = {0, 1, 2, 3, 1000, 50000};
    struct demo_random r = {3};

    (void)state;
    for (size_t c = 0; c < ARRAY_LEN(counts); c++)
        for (int shift = 0; shift < 64; shift += 9) {
            const size_t n = counts[c];
            struct radix_item *mine = mem_calloc(n, sizeof *mine);
            struct radix_item *other = mem_calloc(n, sizeof *other);

            for (size_t i = 0; i < n; i++) {
                /* high digits that are all alike, low ones that are, and neither */
                mine[i].key =
                    shift % 2 ? demo_random_next(&r) >> shift : demo_random_next(&r) << shift;
                mine[i].value = (uint32_t)i;
                other[i] = mine[i];
            }
            qsort(other, n, sizeof *other, by_key_and_value);
            radix_sort(mine, n);
            for (size_t i = 0; i < n; i++) {
                assert_true(mine[i].key == other[i].key);
                assert_int_equal(mine[i].value, other[i].value);
            }
            free(mine);
            free(other);
        }
}

static void
radix__signed_numbers_keep_their_order(void **state)
{
    static const int64_t numbers[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};

    (void)state;
    for (size_t i = 1; i < ARRAY_LEN(numbers); i++)
        assert_true(radix_signed(numbers[i - 1]) < radix_signed(numbers[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(radix__sorts_and_keeps_equal_keys_in_order),
        cmocka_unit_test(radix__signed_numbers_keep_their_order),
    };

    return cmocka_run_group_tests_name("radix", tests, NULL, NULL);
}
