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

/* Both are due at once, and are claimed in one transaction: the second one sees the first. */
static void
the_frequency_cap_sees_what_is_claimed_beside_it(void **state)
{
    struct engine_world *w = *state;

    w->config.policy.cap_messages = 1;
    w->config.policy.cap_days = 7;
    engine_world_campaign(w, 1, 1, 5);
    engine_world_sql(w, "INSERT INTO delivery (campaign_id, step, customer_id, channel, address, "
                        "updated_at) SELECT 1, 1, customer_id, channel, address, 0 FROM delivery");
    engine_world_run(w, NULL);
    assert_int_equal(w->fake->sent_count, 5);
    assert_int_equal(engine_world_number(w, "SELECT count(DISTINCT address) FROM attempt"), 5);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM delivery WHERE reason = 'capped'"), 5);
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

/* A relay that was wiped: what people wrote to it stands in the provider's list. */
static void
what_a_relay_lost_is_read_from_the_providers_list(void **state)
{
    struct engine_world *w = *state;
    struct sms_sent rows[3] = {
        {.provider_id = "SMthird", .from = NULL, .to = "+13105550100", .body = "START"},
        {.provider_id = "SMsecond", .from = NULL, .to = "+13105550100", .body = "Stop"},
        {.provider_id = "SMfirst", .from = "+13105559999", .to = "+13105550100", .body = "Hello?"},
    };
    const int64_t now_s = w->fake->clock_ms / 1000;
    char phone[24];

    engine_world_campaign(w, 1, 1, 4);
    engine_world_phone(2, phone);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i].at_s = now_s - 100 - (int64_t)i;
    rows[0].from = rows[1].from = phone;
    w->fake->received = rows;
    w->fake->received_count = ARRAY_LEN(rows);
    w->fake->relay_lost = true;
    w->fake->received_unreadable = true;
    free(w->config.relay.url);
    w->config.relay.url = mem_strdup("http://127.0.0.1:1");
    engine_world_run_for(w, 30000, NULL); /* nothing goes out before the list was read */
    assert_int_equal(w->fake->sent_count, 0);
    assert_true(w->fake->received_since_s > 0 && w->fake->received_since_s < now_s - 3600);
    w->fake->received_unreadable = false;
    engine_world_run(w, NULL); /* another process goes on where that one was */
    assert_int_equal(w->fake->sent_count, 3);
    assert_int_equal(fake_count_to(w->fake, phone), 0); /* an older START undoes no opt-out */
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM message WHERE direction = "
                                            "'inbound'"),
                     3);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM conversation WHERE needs_review "
                                            "IS NOT NULL"),
                     1);
    w->fake->relay_lost = true; /* and once more: each text is there once */
    engine_world_run(w, NULL);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM message WHERE direction = "
                                            "'inbound'"),
                     3);
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

/* Two of Los Angeles by their number; one lives in New York, where the hours have begun. */
static void
a_customers_own_zone_decides_at_the_claim(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_campaign(w, 1, 1, 2);
    engine_world_replica(w, "UPDATE replica.customer SET time_zone = 'America/New_York' "
                            "WHERE key = 2");
    w->config.policy.quiet_hours =
        (struct quiet_window){.from_min = 660, .to_min = 1200, .set = true};
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 1);
    assert_int_equal(engine_world_number(w, "SELECT customer_id FROM delivery WHERE attempts = 1"),
                     2);
    w->fake->clock_ms += 3600 * 1000;
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 2);
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
        T(the_frequency_cap_sees_what_is_claimed_beside_it),
        T(the_frequency_cap_counts_every_channel),
        T(people_who_left_and_reviews_are_not_written_to),
        T(answers_in_conversations_go_before_the_bulk),
        T(doubts_are_settled_by_the_list),
        T(a_lagging_list_is_not_believed_too_early),
        T(the_same_text_of_another_attempt_is_never_adopted),
        T(an_operator_rules_on_what_is_in_doubt),
        T(nothing_is_sent_before_the_relay_has_answered),
        T(what_a_relay_lost_is_read_from_the_providers_list),
        T(quiet_hours_hold_and_bound_the_provider),
        T(a_customers_own_zone_decides_at_the_claim),
        T(a_campaign_that_cannot_go_stops_no_other),
    };

    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
