/* Figures of the screens against rows that were put there by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/config/config.h"
#include "core/report/report.h"
#include "core/store/stores.h"

#define NOW 1795251600 /* 2026-11-21T09:00:00Z, a whole hour */
#define DAY_START (NOW - 9 * 3600)

static void
must(bool ok, const struct error *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static struct db *
world(void)
{
    static const char SQL[] =
        "INSERT INTO campaign (id, uuid, name, type, channel, status, spec, launched_at, "
        "created_at,"
        " updated_at) VALUES (1, 'u1', 'One', 'research', 'sms', 'active', '{}', 1, 1, 1),"
        " (2, 'u2', 'Two', 'research', 'sms', 'draft', '{}', NULL, 1, 1);"
        "INSERT INTO variant (campaign_id, idx, name, text, weight, planned) VALUES"
        " (1, 0, 'A', 'a', 1, 3), (1, 1, 'B', 'b', 1, 2);"
        "INSERT INTO replica.customer (id, key, name, is_new_client) VALUES"
        " (11, 11, 'Ana Ruiz', 0), (12, 12, 'Chloé Martin', 0);"
        "INSERT INTO delivery (campaign_id, customer_id, channel, address, variant, state, reason,"
        " claimed_at, accepted_at, replied_at, opted_out_at, next_attempt_at_ms, updated_at) VALUES"
        /* today, replied */
        " (1, 11, 'sms', '+15550000011', 0, 'delivered', NULL, 1, 1795250000, 1795250100, NULL, 0, "
        "1),"
        /* today, opted out */
        " (1, 12, 'sms', '+15550000012', 1, 'accepted', NULL, 1, 1795250000, NULL, 1795250100, 0, "
        "1),"
        /* yesterday, before this time of day; replied today: not one of today's contacts */
        " (1, 13, 'sms', '+15550000013', 0, 'sent', NULL, 1, 1795150000, 1795250200, NULL, 0, 1),"
        /* yesterday, after this time of day */
        " (1, 14, 'sms', '+15550000014', 1, 'sent', NULL, 1, 1795170000, NULL, NULL, 0, 1),"
        " (1, 15, 'sms', '+15550000015', 0, 'retry_wait', NULL, 1, NULL, NULL, NULL, "
        "1795251700000, 1),"
        " (1, 16, 'sms', '+15550000016', 0, 'skipped', 'capped', NULL, NULL, NULL, NULL, 0, 1),"
        " (1, 17, 'sms', '+15550000017', 0, 'in_doubt', NULL, 1, NULL, NULL, NULL, 0, 1);"
        "INSERT INTO conversation (id, uuid, customer_id, address, channel, campaign_id, outcome,"
        " sentiment, unread, needs_review, created_at, last_message_at) VALUES"
        " (1, 'c1', 11, '+15550000011', 'sms', 1, 'appointment_booked', 'positive', 2, NULL, 1,"
        "  1795250100),"
        " (2, 'c2', 12, '+15550000012', 'sms', 1, 'opted_out', 'negative', 0, 'perhaps', 1, "
        "1795250100);"
        "INSERT INTO message (conversation_id, direction, author, address, text, at, updated_at) "
        "VALUES"
        " (1, 'inbound', 'customer', '+15550000011', 'yes', 1795250100, 1),"
        " (1, 'inbound', 'customer', '+15550000011', 'now', 1795251599, 1);"
        "INSERT INTO attempt (uid, delivery_id, number, address, sender, text, segments, fence,"
        " claimed_at, outcome) VALUES ('x', 1, 1, '+15550000011', '+1', 'Hi', 1, 1, 5, 'accepted');"
        "INSERT INTO engine_event (at, level, campaign_id, text) VALUES (9, 'warn', 1, 'busy'),"
        " (10, 'info', 2, 'other');"
        "INSERT INTO audit (at, actor, action, subject) VALUES (8, 'm@h', 'campaign.pause',"
        " 'campaign 1'), (9, 'm@h', 'campaign.pause', 'campaign 11');";
    struct error err = {0};
    struct db *db = stores_open_memory(&err);

    assert_non_null(db);
    must(db_exec(db, SQL, &err), &err);
    return db;
}

static void
status__counts_what_waits_for_a_person(void **state)
{
    struct error err = {0};
    struct db *db = world();
    struct report_status s;

    (void)state;
    must(report_status_load(db, &s, &err), &err);
    assert_int_equal(s.unread, 1);
    assert_int_equal(s.needs_review, 1);
    assert_int_equal(s.in_doubt, 1);
    assert_int_equal(s.waiting, 1);
    assert_int_equal(s.replica_synced_s, 0);
    assert_false(s.stopped);
    must(setting_set_i64(db, "stopped_at", NOW, &err), &err);
    must(setting_set_text(db, "stopped_by", "maria@desk", &err), &err);
    must(report_status_load(db, &s, &err), &err);
    assert_true(s.stopped);
    assert_string_equal(s.stopped_by, "maria@desk");
    db_close(db);
}

static void
overview__is_about_the_contacts_of_today(void **state)
{
    struct error err = {0};
    struct db *db = world();
    struct config config;
    struct report_overview o;

    (void)state;
    config_init_defaults(&config);
    must(report_overview_load(db, &config, NOW, DAY_START, &o, &err), &err);
    assert_int_equal(o.contacted_today, 2);
    assert_int_equal(o.contacted_before, 1);
    assert_int_equal(o.responded_today, 1);
    assert_int_equal(o.opted_out_today, 1);
    assert_int_equal(o.booking, 1);
    assert_int_equal(o.contacted, 4);
    assert_int_equal(o.responded, 2);
    assert_int_equal(o.positive, 1);
    assert_int_equal(o.negative, 1);
    assert_int_equal(o.replies_by_hour[REPORT_HOURS - 2], 2);
    assert_int_equal(o.contacted_by_hour[REPORT_HOURS - 2], 2);
    config_release(&config);
    db_close(db);
}

static void
live__knows_minutes_retries_and_events(void **state)
{
    struct error err = {0};
    struct db *db = world();
    struct report_live live;

    (void)state;
    must(report_live_load(db, 1795250000 + 65, &live, &err), &err);
    assert_int_equal(live.sent_by_minute[REPORT_MINUTES - 2], 2);
    assert_int_equal(live.next_retry_ms, 1795251700000);
    assert_int_equal(live.event_count, 2);
    assert_string_equal(live.events[0].text, "other");
    db_close(db);
}

static void
recipients__filter_and_page(void **state)
{
    static const struct {
        const char *state, *text;
        int64_t offset;
        int64_t total;
        size_t count;
        int64_t first;
    } cases[] = {
        {NULL, NULL, 0, 7, 3, 11},        {NULL, NULL, 5, 7, 2, 16},
        {"sent", NULL, 0, 2, 2, 13},      {"replied", NULL, 0, 2, 2, 11},
        {"opted_out", NULL, 0, 1, 1, 12}, {"failed", NULL, 0, 0, 0, 0},
        {NULL, "CHLO", 0, 1, 1, 12},      {NULL, "00016", 0, 1, 1, 16},
        {"sent", "ana", 0, 0, 0, 0},      {NULL, "%", 0, 0, 0, 0},
        {NULL, "  ", 0, 7, 3, 11},
    };
    struct error err = {0};
    struct db *db = world();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct report_recipients_filter f = {.campaign_id = 1,
                                             .state = cases[i].state,
                                             .text = cases[i].text,
                                             .offset = cases[i].offset,
                                             .limit = 3};
        struct report_recipients r = {0};
        must(report_recipients_load(db, &f, &r, &err), &err);
        assert_int_equal(r.total, cases[i].total);
        assert_int_equal(r.count, cases[i].count);
        if (r.count)
            assert_int_equal(r.rows[0].customer.number, cases[i].first);
        report_recipients_release(&r);
    }
    db_close(db);
}

static void
variants_attempts_and_timeline__belong_to_one_campaign(void **state)
{
    struct error err = {0};
    struct db *db = world();
    struct report_variants v = {0};
    struct report_attempts a = {0};
    struct report_entries e = {0};

    (void)state;
    must(report_variants_load(db, 1, &v, &err), &err);
    assert_int_equal(v.count, 2);
    assert_int_equal(v.rows[0].targeted, 5);
    assert_int_equal(v.rows[0].contacted, 2);
    assert_int_equal(v.rows[0].responded, 2);
    assert_int_equal(v.rows[1].contacted, 2);
    assert_int_equal(v.rows[1].opted_out, 1);
    report_variants_release(&v);
    must(report_attempts_load(db, 1, &a, &err), &err);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.rows[0].outcome, "accepted");
    report_attempts_release(&a);
    must(report_timeline_load(db, 1, 100, &e, &err), &err);
    assert_int_equal(e.count, 2); /* not that of campaign 11 */
    assert_string_equal(e.rows[0].detail, "busy");
    assert_string_equal(e.rows[1].action, "campaign.pause");
    report_entries_release(&e);
    db_close(db);
}

static void
difference__says_when_there_is_too_little_data(void **state)
{
    double points;
    double confidence;

    (void)state;
    assert_false(report_difference(100, 4, 100, 50, &points, &confidence));
    assert_false(report_difference(100, 98, 100, 50, &points, &confidence));
    assert_true(report_difference(1000, 100, 1000, 131, &points, &confidence));
    assert_true(points > 3.09 && points < 3.11);
    assert_true(confidence > 0.96 && confidence < 0.98); /* z = 2.17 */
    assert_true(report_difference(1000, 100, 1000, 100, &points, &confidence));
    assert_true(confidence < 0.001);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status__counts_what_waits_for_a_person),
        cmocka_unit_test(overview__is_about_the_contacts_of_today),
        cmocka_unit_test(live__knows_minutes_retries_and_events),
        cmocka_unit_test(recipients__filter_and_page),
        cmocka_unit_test(variants_attempts_and_timeline__belong_to_one_campaign),
        cmocka_unit_test(difference__says_when_there_is_too_little_data),
    };

    return cmocka_run_group_tests_name("core/report", tests, NULL, NULL);
}
