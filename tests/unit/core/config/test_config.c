/* The configuration: defaults, every kind of value, all errors at once with their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/config/config.h"
#include "temp_folder.h"

static char folder[TEMP_FOLDER_PATH];

static int
make_folder(void **state)
{
    (void)state;
    temp_folder_make(folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

static bool
load(const char *text, struct config *out, struct buf *errors, struct error *err)
{
    char *path = path_join(folder, "config.yaml");
    bool ok;

    assert_true(file_write_atomic(path, text, strlen(text), 0600, err));
    ok = config_load(path, NULL, 0, out, errors, err);
    free(path);
    return ok;
}

static void
write_token(const char *text, mode_t mode)
{
    char *path = path_join(folder, "token");
    struct error err = {0};

    assert_true(file_write_atomic(path, text, strlen(text), mode, &err));
    free(path);
}

static void
reads_every_kind_of_value(void **state)
{
    struct config c = {0};
    struct buf errors = {0};
    struct error err = {0};
    char want[128];

    (void)state;
    write_token("s3cret\n", 0600);
    if (!load("business: {name: Harbour Clinic, country: US}\n"
              "main_database: {url: \"sqlite:data/main.db\", refresh_seconds: 5}\n"
              "relay: {url: \"http://127.0.0.1:1\", token_file: token}\n"
              "sms: {per_second: 2.5, price: 0.0079, from: \"+13105550100\"}\n"
              "policy: {quiet_hours: {from: \"09:00\", to: \"20:30\"}, frequency_cap: {messages: "
              "2, days: 3}, daily: {messages: 500, cost: 12.5}, "
              "state_windows: on, closed: {days: [sunday, monday], dates: [\"2026-12-25\"], "
              "holidays: us_federal}}\n"
              "segments: {booking_intent_outcomes: [a, b]}\n"
              "email: {provider: smtp, url: x}\n"
              "ui: {ascii: true, motion: off}\n",
              &c, &errors, &err))
        fail_msg("%s", buf_str(&errors));
    assert_string_equal(c.business.name, "Harbour Clinic");
    (void)snprintf(want, sizeof want, "sqlite:%s/data/main.db", folder);
    assert_string_equal(c.main_database.url, want);
    assert_int_equal(c.main_database.refresh_seconds, 5);
    assert_string_equal(c.relay.token, "s3cret");
    assert_true(c.sms.per_second > 2.49 && c.sms.per_second < 2.51);
    assert_int_equal(c.sms.price_micros, 7900);
    assert_true(c.policy.quiet_hours.set);
    assert_int_equal(c.policy.quiet_hours.to_min, 1230);
    assert_int_equal(c.policy.cap_messages, 2);
    assert_int_equal(c.policy.daily_messages, 500);
    assert_string_equal(c.policy.state_windows, "on");
    assert_int_equal(c.policy.closed_days, 3);
    assert_int_equal(c.policy.closed_dates.count, 1);
    assert_string_equal(c.policy.closed_holidays, "us_federal");
    assert_int_equal(c.policy.daily_segments, 0);
    assert_int_equal(c.policy.daily_cost_micros, 12500000);
    assert_int_equal(c.segments.booking_intent_outcomes.count, 2);
    assert_true(c.ui.ascii && !c.ui.motion && c.ui.mouse);
    config_release(&c);
    buf_release(&errors);
}

static void
says_all_errors_at_once_with_their_places(void **state)
{
    struct config c = {0};
    struct buf errors = {0};
    struct error err = {0};

    (void)state;
    write_token("open\n", 0644);
    assert_false(load("busines: {name: x}\n"
                      "sms:\n  per_secnd: 1\n  timeout_seconds: soon\n  auth_token_file: token\n"
                      "policy: {quiet_hours: {from: \"20:00\", to: \"09:00\"}, daily: {cost: 5}, "
                      "closed: {days: [sundy], dates: [\"2026-02-30\"]}}\n"
                      "relay: {token: inline}\n",
                      &c, &errors, &err));
    assert_non_null(strstr(buf_str(&errors),
                           "config.yaml:1:1: unknown section busines; did you mean business?"));
    assert_non_null(strstr(buf_str(&errors),
                           "config.yaml:3:3: unknown key sms.per_secnd; did you mean per_second?"));
    assert_non_null(
        strstr(buf_str(&errors), "config.yaml:4:3: sms.timeout_seconds must be a whole number"));
    assert_non_null(strstr(buf_str(&errors), "can be read by others; chmod 600 it"));
    assert_non_null(strstr(buf_str(&errors), "from before to"));
    assert_non_null(strstr(buf_str(&errors), "use token_file or token_env"));
    assert_non_null(strstr(buf_str(&errors), "config.yaml:6:"));
    assert_non_null(strstr(buf_str(&errors), "\"sundy\" is no day of the week"));
    assert_non_null(strstr(buf_str(&errors), "\"2026-02-30\" is no date"));
    assert_non_null(strstr(buf_str(&errors), "policy.daily.cost needs sms.price"));
    assert_int_equal(err.code, ERR_INVALID);
    buf_release(&errors);
}

static void
overrides_win_over_the_file(void **state)
{
    static const char *const overrides[] = {"sms.base_url=http://127.0.0.1:9",
                                            "policy.frequency_cap.messages=0"};
    static const char *const bad[] = {"sms.nothing=1"};
    char *path = path_join(folder, "config.yaml");
    struct config c = {0};
    struct buf errors = {0};
    struct error err = {0};

    (void)state;
    assert_true(file_write_atomic(path, "sms: {base_url: \"https://x\"}\n", 29, 0600, &err));
    assert_true(config_load(path, overrides, 2, &c, &errors, &err));
    assert_string_equal(c.sms.base_url, "http://127.0.0.1:9");
    assert_int_equal(c.policy.cap_messages, 0);
    config_release(&c);
    assert_false(config_load(path, bad, 1, &c, &errors, &err));
    assert_non_null(strstr(buf_str(&errors), "--set sms.nothing=1: unknown key sms.nothing"));
    buf_release(&errors);
    free(path);
}

static void
the_example_file_is_read_back_as_the_defaults(void **state)
{
    struct config c = {0};
    struct buf example = {0};
    struct buf errors = {0};
    struct error err = {0};

    (void)state;
    config_example(&example);
    if (!load(buf_str(&example), &c, &errors, &err))
        fail_msg("%s", buf_str(&errors));
    assert_int_equal(c.policy.cap_messages, 3);
    assert_false(c.policy.quiet_hours.set);
    config_release(&c);
    buf_release(&example);
    buf_release(&errors);
}

static void
the_whole_day_means_no_quiet_hours(void **state)
{
    struct quiet_window w = {0};

    (void)state;
    assert_true(quiet_window_parse("00:00", "24:00", &w) && !w.set);
    assert_true(quiet_window_parse("08:00", "21:00", &w) && w.set && w.from_min == 480);
    assert_false(quiet_window_parse("21:00", "08:00", &w));
    assert_false(quiet_window_parse("8:00", "21:00", &w));
    assert_false(quiet_window_parse("08:00", "24:01", &w));
    assert_false(quiet_window_parse("08:60", "21:00", &w));
}

/* The replica remembers the main database by its name: another one would mean a full sync. */
static void
the_main_database_has_one_name_from_everywhere(void **state)
{
    const char *text = "main_database: {url: \"sqlite:main.db\"}\n";
    struct config from_afar;
    struct config from_here;
    struct buf errors = {0};
    struct error err = {0};
    char before[512];

    (void)state;
    assert_true(load(text, &from_afar, &errors, &err));
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_true(config_load("config.yaml", NULL, 0, &from_here, &errors, &err));
    assert_int_equal(chdir(before), 0);
    assert_int_equal(strncmp(from_here.main_database.url, "sqlite:/", 8), 0);
    assert_string_equal(from_here.main_database.url, from_afar.main_database.url);
    config_release(&from_afar);
    config_release(&from_here);
    buf_release(&errors);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_every_kind_of_value, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(says_all_errors_at_once_with_their_places, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(overrides_win_over_the_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_example_file_is_read_back_as_the_defaults, make_folder,
                                        remove_folder),
        cmocka_unit_test(the_whole_day_means_no_quiet_hours),
        cmocka_unit_test_setup_teardown(the_main_database_has_one_name_from_everywhere, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
