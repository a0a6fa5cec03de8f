/* CSV as people and spreadsheets write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/csv.h"
#include "core/base/buf.h"
#include "core/base/cc.h"

static void
rows__are_read_as_written(void **state)
{
    /* expected: fields between |, rows end with /, a bad row is "!" and its line */
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"\n\r\n\n", ""},
        {"a,b,c", "a|b|c/"},
        {"a,b\r\nc,d\r\n", "a|b/c|d/"},
        {"\xef\xbb\xbf"
         "a,b\n",
         "a|b/"},
        {"a,,\n", "a||/"},
        {"\"a,b\",\"say \"\"hi\"\"\"\n", "a,b|say \"hi\"/"},
        {"\"two\nlines\",x\nnext,y\n", "two\nlines|x/next|y/"},
        {"a\n\"open\nb,c", "a/!2"},
        {"\"x\"y,z\nok,1\n", "!1ok|1/"},
        {"a\"b,c\nok\n", "!1ok/"},
        {"a\n\xff,b\nc\n", "a/!2c/"},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\nok\n", "!1ok/"},
        {"\"\"", "/"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};
        struct csv csv;
        struct csv_row row;

        csv_init(&csv, rows[i].text, strlen(rows[i].text));
        while (csv_next(&csv, &row)) {
            for (size_t k = 0; !row.bad && k < row.count; k++)
                buf_printf(&out, "%s%s", k ? "|" : "", row.fields[k]);
            if (row.bad)
                buf_printf(&out, "!%ld", row.line);
            else
                buf_add_char(&out, '/');
            csv_row_release(&row);
        }
        if (strcmp(buf_str(&out), rows[i].expected) != 0)
            fail_msg("%s: \"%s\"", rows[i].text, buf_str(&out));
        buf_release(&out);
    }
}

static void
nul_byte__is_a_bad_row(void **state)
{
    struct csv csv;
    struct csv_row row;

    (void)state;
    csv_init(&csv, "a\0b,c\nok\n", 9);
    assert_true(csv_next(&csv, &row));
    assert_non_null(row.bad);
    csv_row_release(&row);
    assert_true(csv_next(&csv, &row));
    assert_null(row.bad);
    assert_int_equal(row.line, 2);
    csv_row_release(&row);
    assert_false(csv_next(&csv, &row));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows__are_read_as_written),
        cmocka_unit_test(nul_byte__is_a_bad_row),
    };

    return cmocka_run_group_tests_name("cli/csv", tests, NULL, NULL);
}
