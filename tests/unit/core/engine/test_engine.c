/* Claim, commit, call, record: what happens to each recipient, whatever the provider does. */
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
#include "core/campaign/campaign.h"
#include "core/engine/engine_world.h"
#include "core/store/suppression_store.h"

static int64_t
in_state(struct engine_world *w, const char *state)
{
    char sql[160];

    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE state = '%s'", state);
    return engine_world_number(w, sql);
}

static void
everybody_gets_exactly_one(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_campaign(w, 1, 1, 300);
    engine_world_run(w, &sum);
    assert_int_equal(sum.end, ENGINE_IDLE);
    assert_int_equal(sum.accepted, 300);
    assert_int_equal(w->fake->sent_count, 300);
    for (int i = 1; i <= 300; i++) {
        char phone[24];

        engine_world_phone(i, phone);
        assert_int_equal(fake_count_to(w->fake, phone), 1);
    }
    assert_int_equal(in_state(w, "accepted"), 300);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'completed'"), 1);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM attempt WHERE outcome = "
                                            "'accepted' AND provider_id IS NOT NULL"),
                     300);
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 300);
}

static void
every_outcome_leads_where_it_should(void **state)
{
    static const struct {
        enum fake_fate fate;
        const char *unit, *attempt, *campaign;
        int64_t suppressed;
    } cases[] = {
        {FATE_ACCEPT, "accepted", "accepted", "completed", 0},
        {FATE_ACCEPT_BUT_SILENT, "in_doubt", "unknown", "active", 0},
        {FATE_LOST, "in_doubt", "unknown", "active", 0},
        {FATE_BAD_NUMBER, "failed", "rejected", "completed", 0},
        {FATE_OPTED_OUT, "failed", "rejected", "completed", 1},
        {FATE_BAD_LOGIN, "queued", "rejected", "paused", 0},
        {FATE_BAD_TEMPLATE, "queued", "rejected", "paused", 0},
        {FATE_LATER, "retry_wait", "rejected", "active", 0},
        {FATE_AMBIGUOUS, "failed", "rejected", "completed", 0},
        {FATE_RETRY_AFTER, "retry_wait", "not_sent", "active", 0},
    };
    struct engine_world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char sql[400];
        struct engine_summary sum;

        engine_world_sql(w, "DELETE FROM attempt; DELETE FROM delivery; DELETE FROM variant; "
                            "DELETE FROM campaign; DELETE FROM suppression;");
        engine_world_campaign(w, 1, 1, 1);
        w->fake->then = cases[i].fate;
        engine_world_run(w, &sum);
        (void)snprintf(sql, sizeof sql,
                       "SELECT count(*) FROM delivery d JOIN attempt a ON a.delivery_id = d.id "
                       "JOIN campaign c WHERE d.state = '%s' AND a.outcome = '%s' "
                       "AND c.status = '%s' AND (SELECT count(*) FROM suppression) = %d",
                       cases[i].unit, cases[i].attempt, cases[i].campaign,
                       (int)cases[i].suppressed);
        if (engine_world_number(w, sql) != 1)
            fail_msg("case %zu does not end as it should", i);
        assert_int_equal(
            engine_world_number(w, "SELECT targeted - n_queued - n_sending - n_retry_wait - "
                                   "n_accepted - n_failed - n_in_doubt FROM campaign"),
            0);
    }
}

static void
too_many_requests_are_tried_again_and_given_up_at_last(void **state)
{
    struct engine_world *w = *state;

    engine_world_campaign(w, 1, 1, 40);
    w->config.policy.retry_base_ms = 100;
    w->fake->percent[FATE_ACCEPT] = 70;
    w->fake->percent[FATE_TOO_MANY] = 30;
    engine_world_run_for(w, 60000, NULL);
    assert_int_equal(in_state(w, "accepted") + in_state(w, "failed"), 40);
    assert_true(w->fake->sent_count >= 35);
    assert_int_equal(in_state(w, "accepted"), w->fake->sent_count);

    engine_world_campaign(w, 2, 100, 1);
    w->fake->percent[FATE_ACCEPT] = 0;
    engine_world_run_for(w, 60000, NULL);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM attempt a JOIN delivery d ON "
                                            "d.id = a.delivery_id WHERE d.campaign_id = 2"),
                     w->config.policy.max_attempts);
    assert_int_equal(
        engine_world_number(w, "SELECT state = 'failed' AND error LIKE 'given up after 5 tries%' "
                               "FROM delivery WHERE campaign_id = 2"),
        1);
}

static void
retry_after_is_honoured(void **state)
{
    struct engine_world *w = *state;
    int64_t began;

    engine_world_campaign(w, 1, 1, 1);
    w->fake->plan[0] = FATE_RETRY_AFTER;
    w->fake->plan_count = 1;
    began = w->fake->clock_ms;
    engine_world_run(w, NULL);
    assert_int_equal(in_state(w, "retry_wait"), 1);
    assert_true(engine_world_number(w, "SELECT next_attempt_at_ms FROM delivery") >= began + 10000);
    w->fake->clock_ms = began + 9000;
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 1);
    assert_true(w->fake->sent[0].at_ms >= began + 10000);
}

/* An hour without the provider uses up nobody's tries, and every person is reached afterwards. */
static void
an_unreachable_provider_fails_nobody(void **state)
{
    struct engine_world *w = *state;

    engine_world_campaign(w, 1, 1, 30);
    w->fake->then = FATE_UNREACHABLE;
    engine_world_run_for(w, 3600 * 1000, NULL);
    assert_int_equal(in_state(w, "failed"), 0);
    assert_in_range(w->fake->calls, 100, 150); /* a probe every half minute */
    w->fake->then = FATE_ACCEPT;
    engine_world_run_for(w, 120 * 1000, NULL);
    assert_int_equal(in_state(w, "accepted"), 30);
    assert_int_equal(w->fake->sent_count, 30);
}

static void
bad_credentials_pause_all_and_a_bad_template_only_its_campaign(void **state)
{
    struct engine_world *w = *state;

    engine_world_campaign(w, 1, 1, 3);
    engine_world_campaign(w, 2, 11, 3);
    w->fake->plan[0] = FATE_BAD_TEMPLATE;
    w->fake->plan_count = 1;
    w->fake->room = 1;
    engine_world_run(w, NULL);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = "
                                            "'paused' AND pause_reason LIKE '%21617%'"),
                     1);
    assert_int_equal(w->fake->sent_count, 3);
    engine_world_sql(w, "UPDATE campaign SET status = 'active', pause_reason = NULL, "
                        "updated_at = updated_at + 1");
    engine_world_campaign(w, 3, 21, 3);
    w->fake->then = FATE_BAD_LOGIN;
    engine_world_run(w, NULL);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'paused'"), 2);
    assert_int_equal(in_state(w, "queued"), 6);
    assert_int_equal(w->fake->sent_count, 3);
}

static void
nothing_goes_out_while_stopped_paused_or_suppressed(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;
    struct error err = {0};
    char phone[24];

    engine_world_campaign(w, 1, 1, 5);
    assert_true(engine_stop_all(w->db, "maria@desk", 1, NULL, &err));
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->calls, 0);
    assert_int_equal(sum.end, ENGINE_WAITS);
    assert_non_null(strstr(sum.waits_for, "maria@desk"));
    assert_true(engine_start_all(w->db, "maria@desk", 2, &err));
    engine_world_sql(w, "UPDATE campaign SET status = 'paused'");
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->calls, 0);
    engine_world_sql(w, "UPDATE campaign SET status = 'active'");
    /* Put on the list behind the queue's back: the claim itself reads it. */
    engine_world_phone(3, phone);
    engine_world_sql(w, "INSERT INTO suppression (address, channel, reason, at) VALUES "
                        "('+13105550003', 'all', 'operator', 1)");
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 4);
    assert_int_equal(fake_count_to(w->fake, phone), 0);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM delivery WHERE reason = 'opted_out'"), 1);
}

static void
the_frequency_cap_is_asked_again_at_the_claim(void **state)
{
    struct engine_world *w = *state;

    w->config.policy.cap_messages = 1;
    w->config.policy.cap_days = 7;
    engine_world_campaign(w, 1, 1, 5);
    engine_world_campaign(w, 2, 3, 5);
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 7);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM delivery WHERE reason = 'capped'"), 3);
}

/* The preview counts so, and the claim must not be laxer: a call last week is a contact too. */
static void
the_frequency_cap_counts_every_channel(void **state)
{
    struct engine_world *w = *state;

    w->config.policy.cap_messages = 1;
    w->config.policy.cap_days = 7;
    engine_world_campaign(w, 1, 1, 5);
    engine_world_sql(w, "INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, "
                        "updated_at) VALUES (9, '9', 'Calls', 'research', 'voice', '{}', 0, 0)");
    engine_world_sql(w, "INSERT INTO delivery (campaign_id, customer_id, channel, address, state, "
                        "accepted_at, updated_at) VALUES (9, 3, 'voice', '+13105550003', "
                        "'delivered', 4102444800, 0)");
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 4);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM delivery WHERE reason = 'capped' "
                                            "AND address = '+13105550003'"),
                     1);
}

static void
people_who_left_and_reviews_are_not_written_to(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_campaign(w, 1, 1998, 5); /* the replica ends with 2000 */
    engine_world_sql(w, "INSERT INTO conversation (uuid, address, channel, needs_review, "
                        "created_at, last_message_at) VALUES ('c', '+13105551998', 'sms', "
                        "'perhaps an opt-out', 1, 1)");
    engine_world_run(w, &sum);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM delivery WHERE reason = 'no_address'"), 2);
    assert_int_equal(w->fake->sent_count, 2);
    assert_int_equal(in_state(w, "queued"), 1);
    engine_world_sql(w, "UPDATE conversation SET needs_review = NULL");
    w->fake->clock_ms += 60000;
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 3);
}

static void
answers_in_conversations_go_before_the_bulk(void **state)
{
    struct engine_world *w = *state;

    engine_world_campaign(w, 1, 1, 50);
    engine_world_sql(w,
                     "INSERT INTO conversation (id, uuid, address, channel, campaign_id, "
                     "created_at, last_message_at) VALUES (1, 'c', '+13105551500', 'sms', 1, 1, 1);"
                     "INSERT INTO message (conversation_id, direction, author, address, text, "
                     "state, at, updated_at) VALUES (1, 'outbound', 'operator', '+13105551500', "
                     "'We are open on Monday.', 'queued', 1, 1)");
    engine_world_run(w, NULL);
    assert_string_equal(w->fake->sent[0].to, "+13105551500");
    assert_int_equal(w->fake->sent_count, 51);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM message WHERE state = 'accepted' "
                                            "AND provider_id IS NOT NULL"),
                     1);
}

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

static void
doubts_are_settled_by_the_list(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_campaign(w, 1, 1, 3);
    w->fake->plan[0] = FATE_ACCEPT_BUT_SILENT;
    w->fake->plan[1] = FATE_LOST;
    w->fake->plan_count = 2;
    w->fake->list_unreadable = true;
    engine_world_run(w, &sum);
    assert_int_equal(sum.in_doubt, 2);
    /* A list that cannot be read proves nothing, however long it lasts. */
    engine_world_run_for(w, 1800 * 1000, NULL);
    assert_int_equal(in_state(w, "in_doubt"), 2);
    w->fake->list_unreadable = false;
    engine_world_run_for(w, 600 * 1000, NULL);
    assert_int_equal(in_state(w, "accepted"), 3);
    assert_int_equal(w->fake->sent_count, 3);
    for (int i = 1; i <= 3; i++) {
        char phone[24];

        engine_world_phone(i, phone);
        assert_int_equal(fake_count_to(w->fake, phone), 1);
    }
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'completed'"), 1);
}

static void
a_lagging_list_is_not_believed_too_early(void **state)
{
    struct engine_world *w = *state;

    engine_world_campaign(w, 1, 1, 1);
    w->fake->plan[0] = FATE_ACCEPT_BUT_SILENT;
    w->fake->plan_count = 1;
    w->fake->list_blind = true;
    engine_world_run_for(w, 80000, NULL); /* the time-out is 30 s, and 60 s are for the list */
    assert_int_equal(in_state(w, "in_doubt"), 1);
    w->fake->list_blind = false;
    w->fake->clock_ms += 30000;
    engine_world_run(w, NULL);
    assert_int_equal(in_state(w, "accepted"), 1);
    assert_int_equal(w->fake->sent_count, 1);
}

/* Two attempts with the same words to the same number, and one message in the list: whose is it? */
static void
the_same_text_of_another_attempt_is_never_adopted(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_sql(w, "INSERT INTO conversation (id, uuid, address, channel, created_at, "
                        "last_message_at) VALUES (1, 'c', '+13105550001', 'sms', 1, 1);"
                        "INSERT INTO message (conversation_id, direction, author, address, text, "
                        "state, at, updated_at) VALUES "
                        "(1, 'outbound', 'operator', '+13105550001', 'Yes.', 'queued', 1, 1), "
                        "(1, 'outbound', 'operator', '+13105550001', 'Yes.', 'queued', 1, 1);");
    w->fake->plan[0] = FATE_ACCEPT_BUT_SILENT;
    w->fake->plan[1] = FATE_LOST;
    w->fake->plan_count = 2;
    engine_world_run_for(w, 1200 * 1000, NULL);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM message WHERE state = "
                                            "'in_doubt'"),
                     2);
    assert_int_equal(w->fake->sent_count, 1);

    /* One is answered, the other silent but taken: only the unowned message is adopted. */
    engine_world_sql(w, "UPDATE message SET state = 'failed'; "
                        "UPDATE attempt SET outcome = 'rejected', next_lookup_at = NULL;"
                        "INSERT INTO message (conversation_id, direction, author, address, text, "
                        "state, at, updated_at) VALUES "
                        "(1, 'outbound', 'operator', '+13105550001', 'No.', 'queued', 1, 1), "
                        "(1, 'outbound', 'operator', '+13105550001', 'No.', 'queued', 1, 1);");
    w->fake->calls = 0;
    w->fake->plan[0] = FATE_ACCEPT;
    w->fake->plan[1] = FATE_ACCEPT_BUT_SILENT;
    engine_world_run(w, &sum);
    w->fake->clock_ms += 10000;
    engine_world_run(w, &sum);
    assert_int_equal(engine_world_number(w, "SELECT count(DISTINCT provider_id) FROM message WHERE "
                                            "state = 'accepted' AND text = 'No.'"),
                     2);
}

static void
an_operator_rules_on_what_is_in_doubt(void **state)
{
    struct engine_world *w = *state;
    struct error err = {0};
    struct doubt *list = NULL;
    size_t count = 0;
    struct db *reader;

    engine_world_campaign(w, 1, 1, 2);
    w->fake->then = FATE_LOST;
    w->fake->list_unreadable = true;
    engine_world_run(w, NULL);
    reader = engine_world_reader(w);
    assert_true(doubt_list_load(reader, &list, &count, &err));
    db_close(reader);
    assert_int_equal(count, 2);
    assert_true(list[0].evidence_count >= 2);
    assert_string_equal(list[0].name, "Ana Test");
    assert_true(doubt_settle(w->db, list[0].id, DOUBT_ACCEPTED, 5, &err));
    assert_true(doubt_settle(w->db, list[1].id, DOUBT_NOT_SENT, 5, &err));
    assert_false(doubt_settle(w->db, list[0].id, DOUBT_NOT_SENT, 5, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(doubt_settle(w->db, 999, DOUBT_NOT_SENT, 5, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    doubt_list_release(list, count);
    assert_int_equal(in_state(w, "queued"), 1);
    w->fake->then = FATE_ACCEPT;
    engine_world_run(w, NULL);
    assert_int_equal(in_state(w, "accepted"), 2);
    assert_int_equal(w->fake->sent_count, 1);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM audit WHERE action = 'in_doubt.settle'"), 2);
}

static void
nothing_is_sent_before_the_relay_has_answered(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_campaign(w, 1, 1, 2);
    free(w->config.relay.url);
    w->config.relay.url = mem_strdup("http://127.0.0.1:1");
    w->fake->relay_down = true;
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->calls, 0);
    assert_int_equal(sum.end, ENGINE_WAITS);
    assert_non_null(strstr(sum.waits_for, "relay"));
    assert_true(w->fake->relay_polls > 5);
    w->fake->relay_down = false;
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 2);
}

static void
quiet_hours_hold_and_bound_the_provider(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_campaign(w, 1, 1, 2); /* area code 310: Los Angeles, 10:00 */
    w->config.policy.quiet_hours =
        (struct quiet_window){.from_min = 660, .to_min = 1200, .set = true};
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->calls, 0);
    assert_int_equal(sum.end, ENGINE_WAITS);
    assert_non_null(strstr(sum.waits_for, "2026-11-23T19:00:00Z"));
    w->fake->clock_ms += 3600 * 1000;
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 2);
    assert_in_range(w->fake->sent[0].validity_s, 32390, 32400);
}

/* One campaign's trouble is its own: the others go on. */
static void
a_campaign_that_cannot_go_stops_no_other(void **state)
{
    struct engine_world *w = *state;

    engine_world_campaign(w, 1, 1, 3);
    engine_world_campaign(w, 2, 11, 3);
    engine_world_campaign(w, 3, 21, 1);
    engine_world_sql(w, "UPDATE campaign SET spec = '{\"message\": 7}' WHERE id = 1;"
                        /* ten minutes a day, for a number of two zones */
                        "UPDATE campaign SET spec = json_set(spec, '$.schedule', "
                        "json('{\"quiet_hours\":{\"from\":\"09:00\",\"to\":\"09:10\"}}')) "
                        "WHERE id = 3;"
                        "UPDATE delivery SET address = '+12705550123' WHERE campaign_id = 3;");
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 3);
    assert_int_equal(engine_world_number(w, "SELECT n_queued FROM campaign WHERE id = 1"), 3);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM engine_event WHERE "
                                            "campaign_id = 1 AND level = 'error'"),
                     1);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM delivery WHERE campaign_id = 3 "
                                            "AND state = 'failed' AND error LIKE '%quiet hours%'"),
                     1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, engine_world_open, engine_world_close)
    const struct CMUnitTest tests[] = {
        T(everybody_gets_exactly_one),
        T(every_outcome_leads_where_it_should),
        T(too_many_requests_are_tried_again_and_given_up_at_last),
        T(retry_after_is_honoured),
        T(an_unreachable_provider_fails_nobody),
        T(bad_credentials_pause_all_and_a_bad_template_only_its_campaign),
        T(nothing_goes_out_while_stopped_paused_or_suppressed),
        T(the_frequency_cap_is_asked_again_at_the_claim),
        T(the_frequency_cap_counts_every_channel),
        T(people_who_left_and_reviews_are_not_written_to),
        T(answers_in_conversations_go_before_the_bulk),
        T(campaigns_share_the_rate),
        T(the_rate_holds_in_segments),
        T(the_bucket_outlives_the_engine),
        T(a_limit_of_the_day_holds_over_restarts),
        T(what_was_refused_leaves_room_in_the_day),
        T(money_is_a_limit_of_the_day),
        T(a_canary_goes_first_and_the_rest_after_the_hold),
        T(a_canary_that_fails_stops_the_campaign),
        T(an_operators_canary_waits_for_the_word),
        T(figures_that_turn_bad_stop_it_later),
        T(a_local_start_is_each_ones_own),
        T(a_campaign_has_a_limit_of_its_own),
        T(a_carriers_complaint_slows_everything),
        T(doubts_are_settled_by_the_list),
        T(a_lagging_list_is_not_believed_too_early),
        T(the_same_text_of_another_attempt_is_never_adopted),
        T(an_operator_rules_on_what_is_in_doubt),
        T(nothing_is_sent_before_the_relay_has_answered),
        T(quiet_hours_hold_and_bound_the_provider),
        T(a_campaign_that_cannot_go_stops_no_other),
    };

    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
