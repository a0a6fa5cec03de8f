/* Words and their numbers: against a list that is searched from its beginning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/base/word_table.h"

static void
word_table__tells_every_word_apart(void **state)
{
    /* of every length around the eight bytes that stand in the table */
    static const char *const words[] = {"",
                                        "a",
                                        "b",
                                        "ab",
                                        "ba",
                                        "abc",
                                        "abd",
                                        "abcd",
                                        "abcde",
                                        "abcdf",
                                        "bbcde",
                                        "abcdefg",
                                        "abcdefh",
                                        "abcdefgh",
                                        "abcdefgi",
                                        "abcdefghi",
                                        "abcdefghj",
                                        "abcdefghijklmnop",
                                        "abcdefghijklmnoq",
                                        "abcdefghijklmnopq",
                                        "abcdefghijklmnopr",
                                        "xbcdefghijklmnopq",
                                        "\xc3\xa9",
                                        "\xc3\xa8"};
    struct word_table t = {0};

    (void)state;
    assert_int_equal(word_table_find(&t, "a"), 0);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_int_equal(word_table_find(&t, words[i]), 0);
        assert_int_equal(word_table_add(&t, words[i]), i + 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        char *copy = mem_strdup(words[i]); /* exactly as long: nothing behind it is read */

        assert_int_equal(word_table_add(&t, copy), i + 1);
        assert_int_equal(word_table_find(&t, copy), i + 1);
        assert_string_equal(t.texts[i], words[i]);
        free(copy);
    }
    assert_int_equal(t.count, ARRAY_LEN(words));
    word_table_release(&t);
    assert_int_equal(t.count, 0);
}

static void
word_table__grows(void **state)
{
    enum { COUNT = 20000 };
    struct word_table t = {0};
    char text[32];

    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < COUNT; i++) {
            (void)snprintf(text, sizeof text, i % 2 ? "%d" : "service number %d", i);
            assert_int_equal(word_table_add(&t, text), i + 1);
        }
    assert_int_equal(t.count, COUNT);
    assert_true(t.slot_count >= 2 * t.count);
    word_table_release(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(word_table__tells_every_word_apart),
        cmocka_unit_test(word_table__grows),
    };

    return cmocka_run_group_tests_name("word table", tests, NULL, NULL);
}
