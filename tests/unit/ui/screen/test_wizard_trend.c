/* The trend of step 2: which values are counted, what they say, and the criteria they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "ui/screen/wizard_trend.h"

static void
load(struct wrows *r, const char *text)
{
    json_t *criteria = json_loads(text, 0, NULL);

    assert_non_null(criteria);
    wrows_load(r, criteria);
    (void)wrows_check(r);
    json_decref(criteria);
}

/* "7 10 [14] 21": the present value in brackets; "-" when there is no trend. */
static void
values_of(const struct wrow *row, struct buf *out)
{
    struct trend t;

    buf_clear(out);
    if (!trend_values(row, &t))
        buf_add_str(out, "-");
    else
        for (size_t i = 0; i < t.count; i++)
            buf_printf(out, i == t.present ? "%s[%s]" : "%s%s", i ? " " : "", t.points[i].value);
}

static void
values__lie_around_the_present_one(void **state)
{
    static const struct {
        const char *criteria, *want;
    } cases[] = {
        {"{\"last_contact\":{\"older_than_days\":30}}", "7 10 14 21 [30] 45 60 90"},
        {"{\"last_contact\":{\"older_than_days\":33}}", "7 10 14 21 30 [33] 45 60 90"},
        {"{\"last_contact\":{\"within_days\":7}}", "3 5 [7] 10 14 21 30 45 60 90"},
        {"{\"last_contact\":{\"within_days\":90}}", "7 10 14 21 30 45 60 [90] 120 180"},
        {"{\"last_contact\":{\"within_days\":0}}", "[0] 1 2 3 5 7 10 14 21"},
        {"{\"last_contact\":{\"within_days\":365}}", "90 120 180 270 [365] 545 730 1095 1825"},
        {"{\"last_contact\":{\"within_days\":9999}}",
         "120 180 270 365 545 730 1095 1825 3650 [9999]"},
        {"{\"appointment_count\":{\">=\":1}}", "0 [1] 2 3 4 5 6 7 8"},
        {"{\"appointment_count\":40}", "6 7 8 10 15 20 30 [40] 50 100"},
        {"{\"last_satisfaction\":{\">=\":7.5}}", "1 2 3 4 5 6 7 [7.5] 8 9 10"},
        {"{\"conversation\":{\"satisfaction\":{\"<\":5}}}", "1 2 3 4 [5] 6 7 8 9 10"},
        {"{\"customer\":{\"has_phone\":true}}", "-"},
        {"{\"conversation\":{}}", "-"},
        {"{\"any\":[{\"any\":[{\"last_contact\":{\"within_days\":7}}]}]}", "-"},
    };
    struct buf got = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wrows r = {0};

        load(&r, cases[i].criteria);
        values_of(&r.at[0], &got);
        if (strcmp(buf_str(&got), cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].criteria, buf_str(&got));
        wrows_release(&r);
    }
    buf_release(&got);
}

static void
values__are_none_while_the_value_is_wrong(void **state)
{
    struct wrows r = {0};
    struct trend t;

    (void)state;
    load(&r, "{\"last_contact\":{\"older_than_days\":30}}");
    wrows_set_value(&r, 0, "3o");
    (void)wrows_check(&r);
    assert_false(trend_values(&r.at[0], &t));
    wrows_set_value(&r, 0, "99999999999999999999999999");
    (void)wrows_check(&r);
    assert_false(trend_values(&r.at[0], &t)); /* too long for a point */
    wrows_release(&r);
}

static void
text__names_the_ends_and_the_present_value(void **state)
{
    struct trend t = {.unit = "days", .count = 4, .present = 2};
    char text[200];

    (void)state;
    for (size_t i = 0; i < t.count; i++) {
        static const char *const values[] = {"7", "14", "30", "90"};

        (void)snprintf(t.points[i].value, TREND_VALUE_SIZE, "%s", values[i]);
        t.points[i].reachable = 1204 - 272 * (int64_t)i;
        t.points[i].known = true;
    }
    trend_text(&t, 80, text, sizeof text);
    assert_string_equal(text, "7 days: 1,204 … ▸30: 660 … 90: 388");
    trend_text(&t, 30, text, sizeof text);
    assert_string_equal(text, "7 days: 1,204 … 90: 388");
    trend_text(&t, 22, text, sizeof text);
    assert_string_equal(text, ""); /* nothing rather than half a number */
    t.points[3].known = false;
    trend_text(&t, 80, text, sizeof text);
    assert_string_equal(text, "7 days: 1,204 … ▸30: 660");
    t.points[0].known = t.points[1].known = false;
    trend_text(&t, 80, text, sizeof text);
    assert_string_equal(text, ""); /* one number is no trend */
}

static void
json_with__changes_nothing_but_that_value(void **state)
{
    static const char text[] = "{\"all\":[{\"appointment_count\":{\">=\":1}},"
                               "{\"not\":{\"last_contact\":{\"older_than_days\":30}}}]}";
    struct wrows r = {0};
    json_t *with;
    json_t *before = json_loads(text, 0, NULL);
    json_t *now;
    json_t *want = json_loads("{\"all\":[{\"appointment_count\":{\">=\":1}},"
                              "{\"not\":{\"last_contact\":{\"older_than_days\":45}}}]}",
                              0, NULL);

    (void)state;
    load(&r, text);
    with = wrows_json_with(&r, 1, "45");
    assert_true(json_equal(with, want));
    now = wrows_json(&r);
    assert_true(json_equal(now, before));
    assert_string_equal(edit_text(&r.at[1].value), "30");
    json_decref(with);
    json_decref(now);
    json_decref(before);
    json_decref(want);
    wrows_release(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values__lie_around_the_present_one),
        cmocka_unit_test(values__are_none_while_the_value_is_wrong),
        cmocka_unit_test(text__names_the_ends_and_the_present_value),
        cmocka_unit_test(json_with__changes_nothing_but_that_value),
    };

    return cmocka_run_group_tests_name("ui/screen/wizard_trend", tests, NULL, NULL);
}
