/* One number for one key, however it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/store/db.h"
#include "core/store/key_hash.h"

static int64_t
of(const char *text)
{
    return key_hash_text(text, strlen(text));
}

static void
key_hash__is_one_for_one_key(void **state)
{
    (void)state;
    assert_int_equal(key_hash_number(7), of("7"));
    assert_int_equal(key_hash_number(0), of("0"));
    assert_int_equal(key_hash_number(-12), of("-12"));
    assert_int_equal(key_hash_number(INT64_MIN), of("-9223372036854775808"));
    assert_int_equal(key_hash_number(INT64_MAX), of("9223372036854775807"));
    assert_int_equal(of("ABCDEF01-0000-4000-8000-00000000000F"),
                     of("abcdef01-0000-4000-8000-00000000000f"));
    assert_int_not_equal(of("ABCDEF"), of("abcdef")); /* no UUID: a text, bytewise */
    assert_int_not_equal(of("12"), of("21"));
    assert_int_not_equal(of(""), of("0"));
}

static void
key_hash__stays_in_36_bits_and_spreads(void **state)
{
    int64_t all = 0;

    (void)state;
    for (int64_t i = -2000; i < 2000; i++) {
        int64_t h = key_hash_number(i);

        assert_true(h >= 0 && h < INT64_C(1) << 36);
        all |= h;
    }
    assert_int_equal(all, (INT64_C(1) << 36) - 1);
}

static void
key_is_uuid__by_its_form(void **state)
{
    static const char *const not [] = {"",
                                       "abcdef01-0000-4000-8000-00000000000",
                                       "abcdef01-0000-4000-8000-00000000000ff",
                                       "abcdef01x0000-4000-8000-00000000000f",
                                       "abcdeg01-0000-4000-8000-00000000000f",
                                       "abcdef01-0000-4000-80000-0000000000f"};

    (void)state;
    assert_true(key_is_uuid("abcdef01-0000-4000-8000-00000000000F", 36));
    for (size_t i = 0; i < ARRAY_LEN(not ); i++)
        assert_false(key_is_uuid(not [i], strlen(not [i])));
}

static void
sql__key_hash_is_the_same(void **state)
{
    struct error err = {0};
    struct db *db = db_open(NULL, DB_MEMORY, &err);
    int64_t n = 0;

    (void)state;
    assert_non_null(db);
    assert_true(db_query_i64(db, "SELECT key_hash(42)", &n, &err));
    assert_int_equal(n, key_hash_number(42));
    assert_true(db_query_i64(db, "SELECT key_hash('42') = key_hash(42)", &n, &err));
    assert_int_equal(n, 1);
    assert_true(db_query_i64(db, "SELECT key_hash(NULL) IS NULL", &n, &err));
    assert_int_equal(n, 1);
    db_close(db);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_hash__is_one_for_one_key),
        cmocka_unit_test(key_hash__stays_in_36_bits_and_spreads),
        cmocka_unit_test(key_is_uuid__by_its_form),
        cmocka_unit_test(sql__key_hash_is_the_same),
    };

    return cmocka_run_group_tests_name("key hash", tests, NULL, NULL);
}
