/* Zones and windows, against vectors made with independent zone data (tests/fixture/vectors). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/base/zone.h"
#include "core/outbox/quiet_hours.h"

static const struct quiet_window window = {.from_min = 480, .to_min = 1260, .set = true};

static json_t *
load(const char *key)
{
    json_error_t why;
    json_t *root = json_load_file(TEST_FIXTURES "/vectors/quiet_hours.json", 0, &why);
    json_t *list = json_incref(json_object_get(root, key));

    json_decref(root);
    assert_true(json_array_size(list) > 0);
    return list;
}

static int64_t
when(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    int64_t t = 0;

    assert_true(utime_parse_rfc3339(s, strlen(s), &t));
    return t;
}

static size_t
names_of(const json_t *list, const char **out, size_t max)
{
    size_t n = 0;

    for (; n < json_array_size(list) && n < max; n++)
        out[n] = json_string_value(json_array_get(list, n));
    return n;
}

static void
numbers_have_the_zones_of_their_area(void **state)
{
    json_t *rows = load("zones");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *to = json_string_value(json_object_get(row, "to"));
        const char *expected[8];
        const char *got[8];
        const size_t n = names_of(json_object_get(row, "npa_zones"), expected, 8);

        if (quiet_hours_zones(to, NULL, got, 8) != n)
            fail_msg("%s: %zu zones instead of %zu", to, quiet_hours_zones(to, NULL, got, 8), n);
        for (size_t j = 0; j < n; j++)
            assert_string_equal(got[j], expected[j]);
    }
    json_decref(rows);
}

static void
windows_open_and_close_as_the_vectors_say(void **state)
{
    json_t *rows = load("windows");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(rows, i, row)
    {
        const char *names[8];
        const size_t n = names_of(json_object_get(row, "zones"), names, 8);
        const int64_t at = when(row, "at_utc");
        struct quiet_answer got;
        struct error err = {0};

        for (size_t j = 0; j < n; j++) {
            const struct zone *z = zone_find(names[j], &err);
            const char *expected =
                json_string_value(json_array_get(json_object_get(row, "local"), j));
            char text[UTIME_RFC3339_SIZE];

            assert_non_null(z);
            (void)utime_format(at + zone_offset_s(z, at), text);
            text[strlen(text) - 1] = '\0'; /* without the Z */
            assert_string_equal(text, expected);
        }
        if (!quiet_hours_ask_zones(&window, names, n, at, &got, &err))
            fail_msg("%s", err.text);
        assert_int_equal(got.open, json_is_true(json_object_get(row, "allowed")));
        assert_int_equal(got.next_open_s, when(row, "next_allowed_utc"));
        if (got.open) {
            struct quiet_answer end;

            assert_in_range(got.validity_s, 1, 36000);
            assert_true(
                quiet_hours_ask_zones(&window, names, n, at + got.validity_s - 1, &end, &err));
            assert_true(end.open);
        }
    }
    json_decref(rows);
}

static int64_t
at(const char *text)
{
    int64_t t = 0;

    assert_true(utime_parse_rfc3339(text, strlen(text), &t));
    return t;
}

static void
unknown_areas_ask_the_business_and_both_coasts(void **state)
{
    static const struct {
        const char *now, *to;
        bool open;
    } cases[] = {
        {"2026-11-23T14:30:00Z", "+18005550123", false}, /* 6:30 in Los Angeles */
        {"2026-11-23T16:00:00Z", "+18005550123", true},  /* 8:00 there, 11:00 in New York */
        {"2026-11-24T01:59:59Z", "+18005550123", true},  /* 20:59 in New York */
        {"2026-11-24T02:00:00Z", "+18005550123", false},
        {"2026-11-24T02:00:00Z", "+442071838750", true}, /* the business's zone only: 18:00 */
        {"2026-11-24T05:00:00Z", "+442071838750", false},
        {"2026-11-23T15:30:00Z", "+12705550123", true},
        {"2026-11-23T13:30:00Z", "+13645550123", false}, /* an overlay has its parent's zones */
    };
    struct config config;

    (void)state;
    config_init_defaults(&config);
    free(config.policy.state_windows);
    config.policy.state_windows = strdup("off");
    free(config.business.timezone);
    config.business.timezone = strdup("America/Los_Angeles");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quiet_answer got;
        struct error err = {0};

        assert_true(
            quiet_hours_ask(&config, &window, cases[i].to, NULL, at(cases[i].now), &got, &err));
        if (got.open != cases[i].open)
            fail_msg("%s at %s", cases[i].to, cases[i].now);
    }
    config_release(&config);
}

/* policy.state_windows: the law of the state narrows the window of 8 to 21. */
static void
states_narrow_the_window(void **state)
{
    static const struct {
        const char *now, *to;
        bool open;
        const char *next;
    } cases[] = {
        /* Florida: until 20:00 in Miami */
        {"2026-11-24T00:59:00Z", "+13055550123", true, NULL},
        {"2026-11-24T01:00:00Z", "+13055550123", false, "2026-11-24T13:00:00Z"},
        /* New York: the federal hours */
        {"2026-11-24T01:30:00Z", "+12125550123", true, NULL},
        /* Connecticut: not before 9 */
        {"2026-11-23T13:30:00Z", "+12035550123", false, "2026-11-23T14:00:00Z"},
        /* Texas: on weekdays from 9, on Sundays from noon */
        {"2026-11-23T15:00:00Z", "+12145550123", true, NULL},
        {"2026-11-22T17:59:00Z", "+12145550123", false, "2026-11-22T18:00:00Z"},
        {"2026-11-22T03:00:00Z", "+12145550123", false, "2026-11-22T18:00:00Z"},
        /* Alabama: neither on Sundays nor on Thanksgiving */
        {"2026-11-22T18:00:00Z", "+12055550123", false, "2026-11-23T14:00:00Z"},
        {"2026-11-26T18:00:00Z", "+12055550123", false, "2026-11-27T14:00:00Z"},
        /* Toronto has no state */
        {"2026-11-23T13:30:00Z", "+14165550123", true, NULL},
        /* toll-free: the strictest of all */
        {"2026-11-23T17:59:00Z", "+18005550123", false, "2026-11-23T18:00:00Z"},
        {"2026-11-23T18:00:00Z", "+18005550123", true, NULL},
    };
    struct config config;

    (void)state;
    config_init_defaults(&config);
    free(config.business.timezone);
    config.business.timezone = strdup("America/Los_Angeles");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quiet_answer got;
        struct error err = {0};

        assert_true(
            quiet_hours_ask(&config, &window, cases[i].to, NULL, at(cases[i].now), &got, &err));
        if (got.open != cases[i].open || (!got.open && got.next_open_s != at(cases[i].next)))
            fail_msg("%s at %s: open %d", cases[i].to, cases[i].now, got.open);
        if (!got.open)
            assert_non_null(got.zone);
    }
    config_release(&config);
}

static void
states_are_asked_when_the_policy_says_so(void **state)
{
    static const struct quiet_window none = {.set = false};
    struct config config;
    struct quiet_answer got;
    struct error err = {0};
    const int64_t night = at("2026-11-24T08:00:00Z");

    (void)state;
    config_init_defaults(&config);
    assert_true(quiet_hours_ask(&config, &none, "+13055550123", NULL, night, &got, &err));
    assert_true(got.open); /* auto: no quiet hours, no hours of states */
    assert_int_equal(got.validity_s, 0);
    free(config.policy.state_windows);
    config.policy.state_windows = strdup("on");
    assert_true(quiet_hours_ask(&config, &none, "+13055550123", NULL, night, &got, &err));
    assert_false(got.open);
    assert_string_equal(got.zone, "America/New_York");
    assert_string_equal(got.clock, "08:00");
    assert_string_equal(got.why, "hours of the state");
    free(config.policy.state_windows);
    config.policy.state_windows = strdup("off");
    assert_true(quiet_hours_ask(&config, &window, "+13055550123", NULL, at("2026-11-24T01:30:00Z"),
                                &got, &err));
    assert_true(got.open);
    config_release(&config);
}

static void
closed_days_wait_for_the_next_business_day(void **state)
{
    static const struct quiet_window none = {.set = false};
    struct config config;
    struct quiet_answer got;
    struct error err = {0};

    (void)state;
    config_init_defaults(&config);
    config.policy.closed_days = 1; /* Sunday */
    config.policy.closed_dates.items = calloc(1, sizeof(char *));
    config.policy.closed_dates.items[0] = strdup("2026-12-28"); /* a Monday */
    config.policy.closed_dates.count = 1;
    free(config.policy.closed_holidays);
    config.policy.closed_holidays = strdup("us_federal");
    /* Friday the 25th is a holiday, Saturday is not; then Sunday and the Monday of the list. */
    assert_true(quiet_hours_ask(&config, &none, "+12125550123", NULL, at("2026-12-25T15:00:00Z"),
                                &got, &err));
    assert_false(got.open);
    assert_int_equal(got.next_open_s, at("2026-12-26T05:00:00Z"));
    assert_string_equal(got.why, "closed day");
    assert_true(quiet_hours_ask(&config, &none, "+12125550123", NULL, at("2026-12-27T04:00:00Z"),
                                &got, &err));
    assert_true(got.open);
    assert_int_equal(got.validity_s, 3600); /* Sunday begins in New York */
    assert_true(quiet_hours_ask(&config, &none, "+12125550123", NULL, at("2026-12-27T05:00:00Z"),
                                &got, &err));
    assert_false(got.open);
    assert_int_equal(got.next_open_s, at("2026-12-29T05:00:00Z"));
    config_release(&config);
}

/* A number that was taken along to another coast; a name that no zone has is none. */
static void
the_customers_own_zone_goes_before_the_area(void **state)
{
    static const struct {
        const char *now, *to, *stored;
        bool open;
        const char *next;
    } cases[] = {
        {"2026-11-23T14:00:00Z", "+12125550123", NULL, true, NULL}, /* 9 in New York */
        {"2026-11-23T14:00:00Z", "+12125550123", "America/Los_Angeles", false,
         "2026-11-23T16:00:00Z"},
        {"2026-11-24T04:00:00Z", "+12125550123", "America/Los_Angeles", true, NULL},
        {"2026-11-23T14:00:00Z", "+12125550123", "Pacific Time", true, NULL},
        {"2026-11-23T14:00:00Z", "+12125550123", "../etc/passwd", true, NULL},
        {"2026-11-23T14:00:00Z", "+12125550123", "", true, NULL},
        /* toll-free and foreign numbers, which tell nothing by themselves */
        {"2026-11-23T14:00:00Z", "+18005550123", "America/New_York", true, NULL},
        {"2026-11-23T14:00:00Z", "+18005550123", NULL, false, "2026-11-23T16:00:00Z"},
        {"2026-11-23T08:30:00Z", "+442071838750", "Europe/London", true, NULL},
        {"2026-11-23T08:30:00Z", "+442071838750", NULL, false, "2026-11-23T16:00:00Z"},
    };
    struct config config;
    struct error err = {0};
    int64_t got_s = 0;

    (void)state;
    config_init_defaults(&config);
    free(config.policy.state_windows);
    config.policy.state_windows = strdup("off");
    free(config.business.timezone);
    config.business.timezone = strdup("America/Los_Angeles");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quiet_answer got;

        assert_true(quiet_hours_ask(&config, &window, cases[i].to, cases[i].stored,
                                    at(cases[i].now), &got, &err));
        if (got.open != cases[i].open || (!got.open && got.next_open_s != at(cases[i].next)))
            fail_msg("%s of %s at %s: open %d", cases[i].to,
                     cases[i].stored ? cases[i].stored : "nowhere", cases[i].now, got.open);
    }
    assert_true(quiet_hours_local(&config, "+12125550123", "Asia/Tokyo", at("2026-12-01T10:00:00Z"),
                                  &got_s, &err));
    assert_int_equal(got_s, at("2026-12-01T01:00:00Z"));
    config_release(&config);
}

static void
a_local_start_is_the_latest_of_the_zones(void **state)
{
    static const struct {
        const char *to, *utc;
    } cases[] = {
        {"+12125550123", "2026-12-01T15:00:00Z"},
        {"+13105550123", "2026-12-01T18:00:00Z"},
        {"+12085550123", "2026-12-01T18:00:00Z"},  /* Idaho: Mountain or Pacific */
        {"+442071838750", "2026-12-01T09:00:00Z"}, /* elsewhere: the business's zone, Berlin */
    };
    struct config config;

    (void)state;
    config_init_defaults(&config);
    free(config.business.timezone);
    config.business.timezone = strdup("Europe/Berlin");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        int64_t got = 0;

        assert_true(
            quiet_hours_local(&config, cases[i].to, NULL, at("2026-12-01T10:00:00Z"), &got, &err));
        assert_int_equal(got, at(cases[i].utc));
    }
    config_release(&config);
}

static void
windows_may_cross_midnight_or_never_close(void **state)
{
    static const char *const utc[] = {"Etc/UTC"};
    const struct quiet_window night = {.from_min = 1200, .to_min = 120, .set = true};
    const struct quiet_window always = {.from_min = 600, .to_min = 600, .set = true};
    struct quiet_answer got;
    struct error err = {0};

    (void)state;
    assert_true(quiet_hours_ask_zones(&night, utc, 1, at("2026-11-23T01:59:50Z"), &got, &err));
    assert_true(got.open);
    assert_int_equal(got.validity_s, 10);
    assert_true(quiet_hours_ask_zones(&night, utc, 1, at("2026-11-23T02:00:00Z"), &got, &err));
    assert_false(got.open);
    assert_int_equal(got.next_open_s, at("2026-11-23T20:00:00Z"));
    assert_true(quiet_hours_ask_zones(&always, utc, 1, at("2026-11-23T02:00:00Z"), &got, &err));
    assert_true(got.open);
}

static void
names_and_files_that_are_no_zones_are_refused(void **state)
{
    static const char *const names[] = {"", "../../etc/passwd", "/etc/passwd", "a b", "Nowhere/At"};
    static const unsigned char cut[44] = "TZif2";
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_null(zone_find(names[i], &err));
    assert_null(zone_parse("", 0, &err));
    assert_null(zone_parse("TZif2", 5, &err));
    assert_null(zone_parse(cut, sizeof cut, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_the_zones_of_their_area),
        cmocka_unit_test(windows_open_and_close_as_the_vectors_say),
        cmocka_unit_test(unknown_areas_ask_the_business_and_both_coasts),
        cmocka_unit_test(states_narrow_the_window),
        cmocka_unit_test(states_are_asked_when_the_policy_says_so),
        cmocka_unit_test(closed_days_wait_for_the_next_business_day),
        cmocka_unit_test(the_customers_own_zone_goes_before_the_area),
        cmocka_unit_test(a_local_start_is_the_latest_of_the_zones),
        cmocka_unit_test(windows_may_cross_midnight_or_never_close),
        cmocka_unit_test(names_and_files_that_are_no_zones_are_refused),
    };

    return cmocka_run_group_tests_name("quiet_hours", tests, NULL, NULL);
}
