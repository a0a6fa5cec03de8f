/* What step 4 of the wizard takes as a start and as hours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "core/base/cc.h"
#include "core/base/utime.h"
#include "ui/screen/wizard_when.h"
#include "ui/widget/when.h"

/* 2026-11-23T09:00:00Z, a Monday; the zone is UTC+1 without summer time */
static const int64_t now_s = 1795424400;

static const struct {
    const char *text;
    int64_t at; /* relative to now_s; -1: refused */
} starts[] = {
    {"now", INT64_MIN},
    {"", INT64_MIN},
    {"  now ", INT64_MIN},
    {"16:00", 6 * 3600},         /* today */
    {"09:30", 23 * 3600 + 1800}, /* has passed here: tomorrow */
    {"10:00", 86400},            /* this very minute: tomorrow */
    {"2026-11-24 10:00", 86400},
    {"2026-11-24T10:00", 86400},
    {"2026-11-23 09:59", -1}, /* has passed */
    {"2026-02-30 10:00", -1},
    {"24:00", -1},
    {"9:30", -1},
    {"2026-11-24", -1},
    {"tomorrow", -1},
    {"16:00 x", -1},
};

static void
a_start__is_now_a_time_or_a_date(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        struct error err = {0};
        int64_t at = 99;
        bool ok = wizard_start_parse(starts[i].text, now_s, &at, &err);
        if (ok != (starts[i].at != -1))
            fail_msg("\"%s\": %s", starts[i].text, ok ? "taken" : err.text);
        if (!ok)
            continue;
        if (starts[i].at == INT64_MIN)
            assert_int_equal(at, 0);
        else
            assert_int_equal(at - now_s, starts[i].at);
    }
}

static void
a_start__can_be_read_back(void **state)
{
    struct error err = {0};
    char text[24];
    int64_t at;

    (void)state;
    assert_string_equal(wizard_start_text(0, text), "now");
    assert_string_equal(wizard_start_text(now_s + 86400, text), "2026-11-24 10:00");
    assert_true(wizard_start_parse(text, now_s, &at, &err));
    assert_int_equal(at, now_s + 86400);
}

/* Los Angeles: on 2027-03-14 the clocks go from 02:00 to 03:00, on 2026-11-01 back to 01:00 */
static void
a_start__is_in_the_zone_that_is_shown(void **state)
{
    static const struct {
        const char *text, *utc; /* utc NULL: refused */
    } cases[] = {
        {"2027-01-05 09:30", "2027-01-05T17:30:00Z"},
        {"2027-07-05 09:30", "2027-07-05T16:30:00Z"},
        {"2027-03-14 02:30", NULL},
        {"2027-03-14 03:00", "2027-03-14T10:00:00Z"},
        {"2027-11-07 01:30", "2027-11-07T08:30:00Z"},
        {"01:30", "2026-11-23T09:30:00Z"},
        {"00:30", "2026-11-24T08:30:00Z"},
    };
    struct error err = {0};

    (void)state;
    assert_true(when_set_zone("America/Los_Angeles", &err));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[UTIME_RFC3339_SIZE];
        int64_t at;
        bool ok = wizard_start_parse(cases[i].text, now_s, &at, &err);
        assert_int_equal(ok, cases[i].utc != NULL);
        if (ok)
            assert_string_equal(utime_format(at, text), cases[i].utc);
    }
}

static const struct {
    const char *text, *from, *to; /* from NULL: refused */
} hours[] = {
    {"09:00-20:00", "09:00", "20:00"},
    {" 09:00 – 20:00 ", "09:00", "20:00"},
    {"00:00-24:00", "00:00", "24:00"},
    {"20:00-09:00", NULL, NULL},
    {"09:00", NULL, NULL},
    {"9-17", NULL, NULL},
    {"-", NULL, NULL},
    {"09:00-25:00", NULL, NULL},
    {"0000000000000000009:00-20:00", NULL, NULL},
};

static void
hours__are_two_times_of_a_day(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hours); i++) {
        struct error err = {0};
        char from[8];
        char to[8];
        bool ok = wizard_hours_parse(hours[i].text, from, to, &err);
        if (ok != (hours[i].from != NULL))
            fail_msg("\"%s\": %s", hours[i].text, ok ? "taken" : err.text);
        if (!ok)
            continue;
        assert_string_equal(from, hours[i].from);
        assert_string_equal(to, hours[i].to);
    }
}

static int
set_zone(void **state)
{
    (void)state;
    (void)setenv("TZ", "XXX-1", 1);
    tzset();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start__is_now_a_time_or_a_date),
        cmocka_unit_test(a_start__can_be_read_back),
        cmocka_unit_test(hours__are_two_times_of_a_day),
        cmocka_unit_test(a_start__is_in_the_zone_that_is_shown), /* last: it sets the zone */
    };
    return cmocka_run_group_tests_name("wizard_when", tests, set_zone, NULL);
}
