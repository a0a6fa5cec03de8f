/* The demo's clinic: the same for the same seed, whole or not there, and of use to every segment
 * template. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/address.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/replica/demo.h"
#include "sync_world.h"

#define NOW 1795424400 /* 2026-11-23T09:00:00Z */
enum { PEOPLE = 3000 };

static int
open_world(void **state)
{
    struct sync_world *w = mem_alloc(sizeof *w);

    sync_world_open(w, false);
    db_close(w->main);
    w->main = NULL;
    *state = w;
    return unlink(w->main_path);
}

static int
close_world(void **state)
{
    sync_world_close(*state);
    free(*state);
    return 0;
}

static void
write_demo(const char *path, int64_t customers, uint64_t seed, struct demo_result *out)
{
    const struct demo_options options = {.customers = customers, .seed = seed, .now_s = NOW};
    struct error err = {0};

    if (!demo_main_database_write(path, &options, out, &err))
        fail_msg("%s", err.text);
}

static int64_t
count(struct sync_world *w, const char *sql)
{
    struct error err = {0};
    int64_t n = -1;

    if (!db_query_i64(w->replica, sql, &n, &err))
        fail_msg("%s", err.text);
    return n;
}

#define DAYS(n) "(1795424400 - " #n " * 86400)"

static const struct {
    const char *name, *sql;
} templates[] = {
    {"sms_booking_abandoners",
     "SELECT count(*) FROM replica.customer c WHERE appointment_count = 0 AND last_contact "
     "<= " DAYS(
         7) " AND EXISTS (SELECT 1 FROM replica.conversation WHERE customer_id = c.id AND channel "
            "= 'sms' "
            "AND (outcome IN ('appointment_booked', 'booking_in_progress', 'booking_attempted') "
            "OR has_open_request))"},
    {"booking_flow_abandoners",
     "SELECT count(*) FROM replica.customer c WHERE appointment_count = 0 AND (SELECT max(at) FROM "
     "replica.conversation_metadata WHERE customer_id = c.id AND name = 'visited_booking_page') "
     "<= " DAYS(3)},
    {"high_satisfaction_no_repeat",
     "SELECT count(*) FROM replica.customer c WHERE appointment_count = 1 AND last_appointment "
     "<= " DAYS(90) " AND EXISTS (SELECT 1 FROM replica.conversation WHERE customer_id = c.id "
                    "AND satisfaction >= 8)"},
    {"recent_callers_no_booking",
     "SELECT count(*) FROM replica.customer c WHERE appointment_count = 0 AND last_contact "
     ">= " DAYS(30) " AND EXISTS (SELECT 1 FROM replica.conversation WHERE customer_id = c.id "
                    "AND channel = 'voice' AND outcome IN ('info_only', 'browsing'))"},
    {"inactive_customers",
     "SELECT count(*) FROM replica.customer WHERE appointment_count > 0 AND last_activity <= " DAYS(
         90)},
    {"cancelled_appointments",
     "SELECT count(*) FROM replica.customer WHERE last_appointment_status = 'cancelled' "
     "AND last_appointment_cancelled_at >= " DAYS(14)},
};

static void
demo__every_template_finds_people(void **state)
{
    struct sync_world *w = *state;
    struct demo_result demo;

    write_demo(w->main_path, PEOPLE, 1, &demo);
    assert_int_equal(demo.customers, PEOPLE);
    (void)sync_world_sync(w, SYNC_FULL, NOW);
    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        int64_t n = count(w, templates[i].sql);

        if (n < PEOPLE * 8 / 1000 || n > PEOPLE * 150 / 1000)
            fail_msg("%s: %d of %d", templates[i].name, (int)n, PEOPLE);
    }
    demo_result_release(&demo);
}

static void
demo__holds_what_real_data_holds(void **state)
{
    static const char *const some[] = {
        "SELECT count(*) FROM replica.customer WHERE phone IS NULL",
        "SELECT count(*) FROM replica.customer WHERE phone IS NOT NULL AND phone_e164 IS NULL",
        "SELECT count(*) FROM replica.customer WHERE email IS NOT NULL AND email_norm IS NULL",
        "SELECT count(*) FROM replica.customer WHERE name IS NULL",
        "SELECT count(phone_e164) - count(DISTINCT phone_e164) FROM replica.customer",
        "SELECT count(email_norm) - count(DISTINCT email_norm) FROM replica.customer",
        "SELECT count(*) FROM replica.customer WHERE last_appointment > 1795424400",
        "SELECT count(*) FROM replica.appointment WHERE at IS NULL",
        "SELECT count(*) FROM replica.conversation WHERE at IS NULL",
        "SELECT count(*) FROM replica.conversation WHERE has_open_request",
        "SELECT count(*) FROM replica.orphan",
        "SELECT count(*) FROM replica.customer WHERE length(name) > 40",
    };
    struct sync_world *w = *state;
    struct demo_result demo;

    write_demo(w->main_path, PEOPLE, 2, &demo);
    (void)sync_world_sync(w, SYNC_FULL, NOW);
    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        if (count(w, some[i]) < 1)
            fail_msg("none: %s", some[i]);
    assert_int_equal(count(w, "SELECT count(*) FROM replica.customer WHERE phone_e164 IS NOT NULL "
                              "AND substr(phone_e164, 6, 3) <> '555'"),
                     0);
    assert_int_equal(count(w, "SELECT count(*) FROM replica.customer WHERE email_norm IS NOT NULL "
                              "AND email_norm NOT LIKE '%example.___'"),
                     0);
    demo_result_release(&demo);
}

static void
demo__people_who_opted_out_are_reachable_else(void **state)
{
    struct sync_world *w = *state;
    struct demo_result demo;
    char phone[ADDRESS_PHONE_SIZE];

    write_demo(w->main_path, PEOPLE, 3, &demo);
    assert_true(demo.opt_out_count > 10);
    for (size_t i = 0; i < demo.opt_out_count; i++) {
        const struct demo_opt_out *o = &demo.opt_outs[i];
        struct buf email = {0};

        if (strcmp(o->channel, "sms") == 0) {
            assert_true(address_phone_normalise(o->address, NULL, phone));
            assert_string_equal(phone, o->address);
        } else {
            assert_true(address_email_normalise(o->address, NULL, &email));
            assert_string_equal(buf_str(&email), o->address);
        }
        buf_release(&email);
    }
    demo_result_release(&demo);
}

static void
demo__is_the_same_for_the_same_seed(void **state)
{
    struct sync_world *w = *state;
    struct demo_result demo;
    char *dumps[3];
    static const uint64_t seeds[] = {7, 7, 8};

    for (int i = 0; i < 3; i++) {
        write_demo(w->main_path, 500, seeds[i], &demo);
        (void)sync_world_sync(w, SYNC_FULL, NOW);
        dumps[i] = sync_world_dump(w->replica);
        demo_result_release(&demo);
        assert_int_equal(unlink(w->main_path), 0);
    }
    assert_string_equal(dumps[0], dumps[1]);
    assert_string_not_equal(dumps[0], dumps[2]);
    for (int i = 0; i < 3; i++)
        free(dumps[i]);
}

static bool
refuse(void *arg, const struct demo_result *result, struct error *err)
{
    int *called = arg;

    assert_int_equal(result->customers, 300);
    (*called)++;
    return error_set(err, ERR_INTERNAL, "no");
}

static void
demo__is_whole_or_not_there(void **state)
{
    struct sync_world *w = *state;
    int called = 0;
    struct demo_options options = {
        .customers = 300, .seed = 1, .now_s = NOW, .before_publish = refuse, .arg = &called};
    struct demo_result demo;
    struct error err = {0};
    char *temporary = mem_printf("%s.new", w->main_path);

    assert_false(demo_main_database_write(w->main_path, &options, &demo, &err));
    assert_int_equal(called, 1);
    assert_false(file_exists(w->main_path));
    assert_false(file_exists(temporary));
    assert_true(file_write_atomic(temporary, "left over", 9, 0600, &err));
    options.before_publish = NULL;
    assert_true(demo_main_database_write(w->main_path, &options, &demo, &err));
    demo_result_release(&demo);
    assert_false(demo_main_database_write(w->main_path, &options, &demo, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    free(temporary);
}

static void
demo__refuses_senseless_numbers(void **state)
{
    static const int64_t bad[] = {0, -1, INT64_MIN, DEMO_CUSTOMERS_MAX + 1, INT64_MAX};
    struct demo_result demo;
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct demo_options options = {.customers = bad[i]};

        assert_false(demo_main_database_write("/nonexistent/x.db", &options, &demo, &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
    assert_false(demo_main_database_write("/nonexistent/x.db",
                                          &(struct demo_options){.customers = 1}, &demo, &err));
    assert_non_null(strstr(err.text, "/nonexistent/x.db"));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(demo__every_template_finds_people),
        WITH_WORLD(demo__holds_what_real_data_holds),
        WITH_WORLD(demo__people_who_opted_out_are_reachable_else),
        WITH_WORLD(demo__is_the_same_for_the_same_seed),
        WITH_WORLD(demo__is_whole_or_not_there),
        cmocka_unit_test(demo__refuses_senseless_numbers),
    };

    return cmocka_run_group_tests_name("demo", tests, NULL, NULL);
}
