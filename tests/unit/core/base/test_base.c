/* base: text, time, buffers, mailbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/mailbox.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"

static void
utf8_refuses_what_is_malformed(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool valid;
    } cases[] = {
        {"abc", 3, true},
        {"\xC3\xA9", 2, true},
        {"\xC3", 1, false},
        {"\xC0\x80", 2, false},
        {"\xED\xA0\x80", 3, false},
        {"\xF4\x90\x80\x80", 4, false},
        {"\xF0\x9F\x98\x80", 4, true},
        {"\x80", 1, false},
        {"\xE0\x80\xAF", 3, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(utf8_is_valid(cases[i].bytes, cases[i].len), cases[i].valid);
}

static void
lower_maps_code_point_by_code_point(void **state)
{
    struct buf out = {0};

    (void)state;
    text_lower(&out, "ÀÉŁŽ ΣΩ ИЯ Straße", strlen("ÀÉŁŽ ΣΩ ИЯ Straße"));
    assert_string_equal(buf_str(&out), "àéłž σω ия straße");
    buf_release(&out);
}

static void
sanitise_shows_control_characters_as_dots(void **state)
{
    struct buf out = {0};

    (void)state;
    text_sanitise(&out, "a\033[31mb\x9b\u202e!", strlen("a\033[31mb\x9b\u202e!"));
    assert_string_equal(buf_str(&out), "a·[31mb··!");
    buf_release(&out);
}

static void
near_names_are_suggested_and_far_ones_not(void **state)
{
    static const char *const names[] = {"older_than_days", "within_days", "never"};

    (void)state;
    assert_string_equal(text_nearest("older_than_day", names, 3, sizeof names[0]),
                        "older_than_days");
    assert_string_equal(text_nearest("nevre", names, 3, sizeof names[0]), "never");
    assert_null(text_nearest("banana", names, 3, sizeof names[0]));
}

static void
grouped_numbers(void **state)
{
    struct buf out = {0};

    (void)state;
    num_format_grouped(&out, 1234567);
    buf_add_char(&out, ' ');
    num_format_grouped(&out, -1000);
    buf_add_char(&out, ' ');
    num_format_grouped(&out, 999);
    assert_string_equal(buf_str(&out), "1,234,567 -1,000 999");
    buf_release(&out);
}

static void
rfc3339_is_read_with_any_offset_and_cut_to_the_second(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t want;
    } cases[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"2026-11-23T09:00:00+01:00", true, 1795420800},
        {"2026-11-23T08:00:00.999Z", true, 1795420800},
        {"2026-02-29T00:00:00Z", false, 0},
        {"2024-02-29T00:00:00Z", true, 1709164800},
        {"2026-11-23T08:00:00", false, 0},
        {"2026-11-23", false, 0},
        {"2026-11-23T24:00:00Z", false, 0},
        {"2026-11-23T08:00:00Zx", false, 0},
        {"1969-12-31T23:59:59.5Z", true, -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 0;

        assert_int_equal(utime_parse_rfc3339(cases[i].text, strlen(cases[i].text), &got),
                         cases[i].ok);
        if (cases[i].ok)
            assert_int_equal(got, cases[i].want);
    }
}

static void
civil_and_back_for_every_day_of_400_years(void **state)
{
    (void)state;
    for (int64_t day = -100000; day < 150000; day++) {
        struct civil c = utime_to_civil(day * DAY_S + 3661);

        assert_int_equal(utime_from_civil(&c), day * DAY_S + 3661);
        assert_true(utime_is_date(c.year, c.month, c.day));
    }
}

static void
mailbox_keeps_order_and_wakes(void **state)
{
    struct error err = {0};
    struct mailbox *box = mailbox_new(free, &err);

    (void)state;
    assert_non_null(box);
    mailbox_post(box, mem_strdup("one"));
    mailbox_post(box, mem_strdup("two"));
    mailbox_clear_wake(box);
    char *first = mailbox_take(box);
    assert_string_equal(first, "one");
    free(first);
    assert_int_equal(mailbox_count(box), 1);
    mailbox_free(box); /* frees "two" */
}

static void
errors_are_cut_between_characters(void **state)
{
    static const char *const characters[] = {"\xC3\xA9", "\xE6\x97\xA5", "\xF0\x9F\x98\x80"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(characters); i++) {
        for (size_t before = 0; before < 4; before++) {
            struct error err = {0};
            struct buf longer = {0};

            buf_add(&longer, "abc", before);
            while (longer.len < 2 * sizeof err.text)
                buf_add_str(&longer, characters[i]);
            error_set_at(&err, ERR_INVALID, buf_str(&longer), "%s", buf_str(&longer));
            assert_true(utf8_is_valid(err.path, strlen(err.path)));
            assert_true(utf8_is_valid(err.text, strlen(err.text)));
            assert_true(strlen(err.path) + 4 >= sizeof err.path);
            error_wrap(&err, "%.*s", (int)before, "xyz");
            assert_true(utf8_is_valid(err.text, strlen(err.text)));
            buf_release(&longer);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_refuses_what_is_malformed),
        cmocka_unit_test(lower_maps_code_point_by_code_point),
        cmocka_unit_test(sanitise_shows_control_characters_as_dots),
        cmocka_unit_test(near_names_are_suggested_and_far_ones_not),
        cmocka_unit_test(grouped_numbers),
        cmocka_unit_test(rfc3339_is_read_with_any_offset_and_cut_to_the_second),
        cmocka_unit_test(civil_and_back_for_every_day_of_400_years),
        cmocka_unit_test(mailbox_keeps_order_and_wakes),
        cmocka_unit_test(errors_are_cut_between_characters),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
