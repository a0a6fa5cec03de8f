/* Limits: of the rate, of the day, of a canary's figures; ours, the carriers' and the account's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/campaign/campaign.h"
#include "core/engine/engine_world.h"
#include "core/store/stores.h"

static void
campaigns_share_the_rate(void **state)
{
    struct engine_world *w = *state;
    int first = 0;

    w->config.sms.per_second = 10;
    engine_world_campaign(w, 1, 1, 40);
    engine_world_campaign(w, 2, 101, 40);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 80);
    for (size_t i = 0; i < 40; i++)
        first += strstr(w->fake->sent[i].body, "campaign 1 ") ? 1 : 0;
    assert_in_range(first, 15, 25);
}

/* Counted in SMS segments, in every window of a second and over the whole. */
static void
the_rate_holds_in_segments(void **state)
{
    struct engine_world *w = *state;
    int64_t took_ms;

    w->config.sms.per_second = 6;
    engine_world_campaign(w, 1, 1, 60);
    engine_world_sql(
        w, "UPDATE campaign SET spec = json_set(spec, '$.message[0].text', '"
           "Hello {first_name|there}, this text is long enough to need a second segment since it "
           "goes on and on about nothing at all until it has passed one hundred and sixty "
           "characters. Reply STOP to opt out.')");
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 60);
    for (size_t i = 0; i < 60; i++) {
        int in_second = 0;

        for (size_t j = i; j < 60 && w->fake->sent[j].at_ms < w->fake->sent[i].at_ms + 1000; j++)
            in_second += 2;
        assert_in_range(in_second, 2, 6);
    }
    took_ms = w->fake->sent[59].at_ms - w->fake->sent[0].at_ms;
    assert_in_range(took_ms, 19000, 20700);
}

static void
the_bucket_outlives_the_engine(void **state)
{
    struct engine_world *w = *state;

    w->config.sms.per_second = 1;
    engine_world_campaign(w, 1, 1, 1);
    engine_world_run(w, NULL);
    engine_world_campaign(w, 2, 11, 1);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 2);
    assert_true(w->fake->sent[1].at_ms - w->fake->sent[0].at_ms >= 990);
}

/* No second of the account holds more, in segments; its senders share it. */
static void
the_account_has_a_rate_of_its_own(void **state)
{
    struct engine_world *w = *state;

    w->config.sms.per_second = 100;
    w->config.sms.account_per_second = 10;
    engine_world_campaign(w, 1, 1, 40);
    engine_world_run(w, NULL);
    w->fake->sender = "+13105550199";
    engine_world_campaign(w, 2, 101, 40);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 80);
    for (size_t i = 0; i < 80; i++) {
        int in_second = 0;

        for (size_t j = i; j < 80 && w->fake->sent[j].at_ms < w->fake->sent[i].at_ms + 1000; j++)
            in_second++;
        assert_in_range(in_second, 1, 10);
    }
    assert_in_range(w->fake->sent[79].at_ms - w->fake->sent[0].at_ms, 7000, 8700);
}

static void
another_sender_has_no_day_of_its_own(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    w->config.policy.daily_messages = 7;
    engine_world_campaign(w, 1, 1, 5);
    engine_world_run(w, NULL);
    w->fake->sender = "+13105550199";
    engine_world_campaign(w, 2, 101, 5);
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 7);
    assert_non_null(strstr(sum.waits_for, "7 of 7 messages today"));
}

/* So that a day need not be lived through second by second. */
static void
skip_to(struct engine_world *w, int64_t at_s)
{
    assert_true(at_s * 1000 > w->fake->clock_ms);
    w->fake->clock_ms = at_s * 1000;
}

enum { MIDNIGHT_S = 1795478400 }; /* 2026-11-24T00:00:00Z */

/* 2026-11-23T18:00Z to midnight UTC, then the next day: the ledger counts, not the engine. */
static void
a_limit_of_the_day_holds_over_restarts(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    w->config.policy.daily_messages = 7;
    engine_world_campaign(w, 1, 1, 20);
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 7);
    assert_int_equal(sum.end, ENGINE_WAITS);
    assert_non_null(strstr(sum.waits_for, "2026-11-24T00:00:00Z"));
    assert_non_null(strstr(sum.waits_for, "7 of 7 messages today"));
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 7);
    skip_to(w, MIDNIGHT_S - 3);
    engine_world_run_for(w, 9000, NULL);
    assert_int_equal(w->fake->sent_count, 14);
    for (size_t i = 7; i < 14; i++)
        assert_true(w->fake->sent[i].at_ms / 1000 % 86400 < 10);
    skip_to(w, MIDNIGHT_S + 86400);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 20);
}

/* Whoever was refused may go on the same day: only what reached a phone counts. */
static void
what_was_refused_leaves_room_in_the_day(void **state)
{
    struct engine_world *w = *state;

    w->config.policy.daily_segments = 5;
    engine_world_campaign(w, 1, 1, 20);
    for (size_t i = 0; i < 4; i++)
        w->fake->plan[i] = i < 2 ? FATE_BAD_NUMBER : FATE_TOO_MANY;
    w->fake->plan_count = 4;
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 5);
}

/* Two of five segments are left and the next message needs two: who asks is told. */
static void
a_day_with_too_little_left_is_written_down(void **state)
{
    struct engine_world *w = *state;
    struct error err = {0};
    int64_t needs = 0;

    w->config.policy.daily_segments = 5;
    engine_world_campaign(w, 1, 1, 6);
    engine_world_sql(
        w, "UPDATE campaign SET spec = json_set(spec, '$.message[0].text', '"
           "Hello {first_name|there}, this text is long enough to need a second segment since it "
           "goes on and on about nothing at all until it has passed one hundred and sixty "
           "characters. Reply STOP to opt out.')");
    engine_world_run_for(w, 3000, NULL);
    assert_int_equal(w->fake->sent_count, 2);
    assert_true(setting_get_i64(w->db, "sms_day_needs", 0, &needs, &err));
    assert_int_equal(needs, 2);
}

static void
money_is_a_limit_of_the_day(void **state)
{
    struct engine_world *w = *state;

    w->config.policy.daily_cost_micros = 100000; /* 0.10 */
    w->config.sms.price_micros = 7900;
    engine_world_campaign(w, 1, 1, 20);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 12);
}

/* 2026-11-23T18:00Z: ten o'clock the next day in New York, then in Los Angeles; not the 12 hours of
 * the quiet hours' validity, but each at that hour. */
static void
a_local_start_is_each_ones_own(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_campaign(w, 1, 1, 2);
    engine_world_sql(w, "UPDATE campaign SET spec = json_set(spec, '$.schedule', json('{\"start\": "
                        "\"2026-11-24T10:00\", \"zone\": \"recipient\"}'));"
                        "UPDATE delivery SET address = '+12125550001' WHERE customer_id = 1");
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 0);
    assert_non_null(strstr(sum.waits_for, "2026-11-24T15:00:00Z"));
    skip_to(w, MIDNIGHT_S + 15 * 3600 - 3);
    engine_world_run_for(w, 9000, NULL);
    assert_int_equal(w->fake->sent_count, 1);
    skip_to(w, MIDNIGHT_S + 18 * 3600);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 2);
    assert_string_equal(w->fake->sent[0].to, "+12125550001");
    assert_int_equal(w->fake->sent[0].at_ms / 60000, INT64_C(1795532400000) / 60000);
    assert_int_equal(w->fake->sent[1].at_ms / 60000, INT64_C(1795543200000) / 60000);
}

static void
with_canary(struct engine_world *w, int64_t id, int people, const char *canary)
{
    char sql[400];

    engine_world_campaign(w, id, 1, people);
    (void)snprintf(sql, sizeof sql,
                   "UPDATE campaign SET spec = json_set(spec, '$.canary', json('%s')) "
                   "WHERE id = %lld",
                   canary, (long long)id);
    engine_world_sql(w, sql);
}

/* Also through a restart: it is all in the ledger. */
static void
a_canary_goes_first_and_the_rest_after_the_hold(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;
    int64_t first_ms;
    int numbers = 0;

    with_canary(w, 1, 200, "{\"recipients\": 30, \"hold_minutes\": 30, \"max_failed\": \"5%\"}");
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 30);
    assert_int_equal(sum.end, ENGINE_WAITS);
    for (size_t i = 0; i < 30; i++) /* a random choice, not the first of the list */
        numbers += strcmp(w->fake->sent[i].to, "+13105550030") > 0;
    assert_in_range(numbers, 15, 30);
    first_ms = w->fake->sent[29].at_ms;
    engine_world_run_for(w, 20 * 60 * 1000, NULL);
    assert_int_equal(w->fake->sent_count, 30);
    engine_world_run_for(w, 11 * 60 * 1000, NULL);
    assert_int_equal(w->fake->sent_count, 200);
    assert_in_range(w->fake->sent[30].at_ms - first_ms, 30 * 60 * 1000 - 2000,
                    30 * 60 * 1000 + 5000);
}

static void
a_canary_that_fails_stops_the_campaign(void **state)
{
    struct engine_world *w = *state;
    struct error err = {0};

    with_canary(w, 1, 200, "{\"recipients\": 10, \"hold_minutes\": 5, \"max_failed\": \"5%\"}");
    w->fake->plan[3] = FATE_BAD_NUMBER;
    w->fake->plan_count = 4;
    engine_world_run_for(w, 20 * 60 * 1000, NULL);
    assert_int_equal(w->fake->sent_count, 9);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'paused' "
                               "AND instr(pause_reason, '10.0 % failed (1 of 10, limit 5 %)')"),
        1);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM engine_event WHERE campaign_id = "
                                            "1 AND text LIKE '%1 of 10%'"),
                     1);
    /* A person has looked at it. */
    assert_true(campaign_go(w->db, &w->config, 1, w->fake->clock_ms / 1000, &err));
    assert_false(campaign_go(w->db, &w->config, 1, w->fake->clock_ms / 1000, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_true(campaign_resume(w->db, 1, w->fake->clock_ms / 1000, &err));
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 199);
}

static void
an_operators_canary_waits_for_the_word(void **state)
{
    struct engine_world *w = *state;
    struct error err = {0};

    with_canary(w, 1, 60, "{\"recipients\": 10, \"hold_minutes\": 0, \"go\": \"operator\"}");
    engine_world_run_for(w, 10 * 60 * 1000, NULL);
    assert_int_equal(w->fake->sent_count, 10);
    assert_true(campaign_go(w->db, &w->config, 1, w->fake->clock_ms / 1000, &err));
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 60);
}

/* After the canary, too: over the newest hundred. */
static void
figures_that_turn_bad_stop_it_later(void **state)
{
    struct engine_world *w = *state;

    w->config.sms.per_second = 10;
    with_canary(w, 1, 900, "{\"recipients\": 10, \"hold_minutes\": 1, \"max_opt_out\": \"2%\"}");
    engine_world_run_for(w, 90 * 1000, NULL);
    assert_in_range(w->fake->sent_count, 100, 500);
    engine_world_sql(w, "UPDATE delivery SET opted_out_at = 1 WHERE id IN (SELECT delivery_id FROM "
                        "attempt ORDER BY id DESC LIMIT 4)");
    engine_world_run_for(w, 3000, NULL);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'paused' "
                                            "AND pause_reason LIKE '%opted out (4 of 100%'"),
                     1);
}

/* The other campaign goes on. */
static void
a_campaign_has_a_limit_of_its_own(void **state)
{
    struct engine_world *w = *state;

    engine_world_campaign(w, 1, 1, 10);
    engine_world_campaign(w, 2, 101, 10);
    engine_world_sql(w, "UPDATE campaign SET spec = json_set(spec, '$.limits', "
                        "json('{\"per_day\": 3}')) WHERE id = 1");
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 13);
    assert_int_equal(engine_world_number(w, "SELECT contacted FROM campaign WHERE id = 1"), 3);
    skip_to(w, MIDNIGHT_S);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 16);
}

/* 30022 in a status: half the rate for a minute, then all of it. */
static void
a_carriers_complaint_slows_everything(void **state)
{
    struct engine_world *w = *state;
    int64_t slow_ms;

    w->config.sms.per_second = 2;
    engine_world_sql(w, "INSERT INTO setting (key, value) VALUES ('sms_slow_until_ms', 0)");
    slow_ms = w->fake->clock_ms + 60000;
    engine_world_campaign(w, 1, 1, 100);
    {
        char sql[120];

        (void)snprintf(sql, sizeof sql,
                       "UPDATE setting SET value = %lld WHERE key = 'sms_slow_until_ms'",
                       (long long)slow_ms);
        engine_world_sql(w, sql);
    }
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 100);
    assert_in_range(w->fake->sent[50].at_ms, slow_ms - 15000, slow_ms);
    assert_in_range(w->fake->sent[99].at_ms - slow_ms, 18000, 28000);
}

/* 30023: who is on that carrier waits for its next day, which begins at midnight Pacific. */
static void
a_carriers_day_holds_its_recipients_only(void **state)
{
    struct engine_world *w = *state;

    engine_world_campaign(w, 1, 1, 10);
    w->fake->plan[0] = w->fake->plan[1] = FATE_CARRIER_DAY;
    w->fake->plan_count = 2;
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 8);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM delivery WHERE state = "
                                            "'retry_wait' AND error_code = 30023"),
                     2);
    skip_to(w, MIDNIGHT_S + 8 * 3600 - 60); /* Los Angeles is eight hours behind */
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 8);
    engine_world_run_for(w, 4 * 60 * 1000, NULL);
    assert_int_equal(w->fake->sent_count, 10);
    for (size_t i = 8; i < 10; i++)
        assert_in_range(w->fake->sent[i].at_ms / 1000, MIDNIGHT_S + 8 * 3600,
                        MIDNIGHT_S + 8 * 3600 + 180);
}

/* 63038: nobody is lost, no campaign is paused, and after 24 hours it goes on by itself. */
static void
an_accounts_day_holds_everything_for_24_hours(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;
    int64_t begin_ms;

    w->fake->room = 1; /* one call after the other */
    engine_world_campaign(w, 1, 1, 6);
    w->fake->plan[2] = FATE_ACCOUNT_DAY;
    w->fake->plan_count = 3;
    begin_ms = w->fake->clock_ms;
    engine_world_run(w, &sum);
    assert_int_equal(sum.end, ENGINE_WAITS);
    assert_int_equal(w->fake->sent_count, 2);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM delivery WHERE state = 'queued'"),
                     4);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'active'"), 1);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM engine_event WHERE text LIKE "
                                            "'%the account''s limit of the day%'"),
                     1);
    skip_to(w, begin_ms / 1000 + 86400 - 60);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 2);
    engine_world_run_for(w, 2 * 60 * 1000, NULL);
    assert_int_equal(w->fake->sent_count, 6);
}

/* 30007 in the statuses that come while the canary's figures are waited for. */
static void
a_canary_that_is_filtered_as_spam_stops_the_campaign(void **state)
{
    struct engine_world *w = *state;

    with_canary(w, 1, 100, "{\"recipients\": 20, \"hold_minutes\": 5, \"max_30007\": \"4%\"}");
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 20);
    engine_world_sql(w, "UPDATE delivery SET state = 'undelivered', error_code = 30007 WHERE id IN "
                        "(SELECT delivery_id FROM attempt ORDER BY id LIMIT 1)");
    engine_world_run_for(w, 10 * 60 * 1000, NULL);
    assert_int_equal(w->fake->sent_count, 20);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'paused' AND "
                               "instr(pause_reason, 'were filtered as spam (30007) (1 of 20')"),
        1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, engine_world_open, engine_world_close)
    const struct CMUnitTest tests[] = {
        T(campaigns_share_the_rate),
        T(the_rate_holds_in_segments),
        T(the_bucket_outlives_the_engine),
        T(the_account_has_a_rate_of_its_own),
        T(another_sender_has_no_day_of_its_own),
        T(a_limit_of_the_day_holds_over_restarts),
        T(what_was_refused_leaves_room_in_the_day),
        T(a_day_with_too_little_left_is_written_down),
        T(money_is_a_limit_of_the_day),
        T(a_local_start_is_each_ones_own),
        T(a_canary_goes_first_and_the_rest_after_the_hold),
        T(a_canary_that_fails_stops_the_campaign),
        T(an_operators_canary_waits_for_the_word),
        T(figures_that_turn_bad_stop_it_later),
        T(a_campaign_has_a_limit_of_its_own),
        T(a_carriers_complaint_slows_everything),
        T(a_carriers_day_holds_its_recipients_only),
        T(an_accounts_day_holds_everything_for_24_hours),
        T(a_canary_that_is_filtered_as_spam_stops_the_campaign),
    };

    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
