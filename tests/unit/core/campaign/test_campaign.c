/* Life in the store, and clones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/campaign/waiting.h"
#include "core/campaign/world.h"
#include "core/outbox/daily.h"
#include "core/store/recipient_store.h"
#include "core/store/stores.h"

static int
open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    world_open(w);
    *state = w;
    return 0;
}

static int
close_world(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

/* --- every status and action, through the real functions */
static void
put_in_status(struct world *w, int64_t id, enum campaign_status status)
{
    char sql[200];

    (void)snprintf(sql, sizeof sql,
                   "UPDATE campaign SET status = '%s', launched_at = 5, starts_at = 6, "
                   "pause_reason = %s WHERE id = %d",
                   campaign_status_name(status), status == CAMPAIGN_PAUSED ? "'x'" : "NULL",
                   (int)id);
    sql_run(w->ledger, sql);
}

static bool
act(struct world *w, int64_t id, enum campaign_action action, int64_t *clone, struct error *err)
{
    json_t *spec = world_spec(NULL);
    bool ok = false;

    switch (action) {
    case CAMPAIGN_DO_EDIT:
        ok = campaign_edit(w->ledger, &w->config, id, spec, true, WORLD_NOW, err);
        break;
    case CAMPAIGN_DO_LAUNCH:
        ok = world_begin(w, id, 3, err);
        break;
    case CAMPAIGN_DO_PAUSE:
        ok = campaign_pause(w->ledger, id, "lunch", WORLD_NOW, err);
        break;
    case CAMPAIGN_DO_RESUME:
        ok = campaign_resume(w->ledger, id, WORLD_NOW, err);
        break;
    case CAMPAIGN_DO_COMPLETE:
        ok = campaign_complete(w->ledger, id, WORLD_NOW, err);
        break;
    case CAMPAIGN_DO_CANCEL:
        ok = campaign_cancel(w->ledger, id, WORLD_NOW, err);
        break;
    case CAMPAIGN_DO_DELETE:
        ok = campaign_delete(w->ledger, id, WORLD_NOW, err);
        break;
    case CAMPAIGN_DO_CLONE:
        ok = campaign_clone(w->ledger, &w->config, id, WORLD_NOW, clone, err);
        break;
    case CAMPAIGN_ACTION_COUNT: /* also CAMPAIGN_BY_START */
    case CAMPAIGN_BY_PLAN_FAILED:
        fail();
    }
    json_decref(spec);
    return ok;
}

static void
every_status_and_action_in_the_store(void **state)
{
    static const char *const becomes[CAMPAIGN_ACTION_COUNT] = {
        [CAMPAIGN_DO_EDIT] = "draft",         [CAMPAIGN_DO_LAUNCH] = "active",
        [CAMPAIGN_DO_PAUSE] = "paused",       [CAMPAIGN_DO_RESUME] = "active",
        [CAMPAIGN_DO_COMPLETE] = "completed", [CAMPAIGN_DO_CANCEL] = "cancelled",
    };
    struct world *w = *state;

    world_add_customers(w, 3);
    for (int action = 0; action < CAMPAIGN_ACTION_COUNT; action++) {
        for (int status = 0; status < CAMPAIGN_STATUS_COUNT; status++) {
            struct error err = {0};
            struct error why = {0};
            int64_t id = world_create(w, NULL);
            int64_t clone = 0;
            bool may;
            bool did;
            char sql[200];

            put_in_status(w, id, (enum campaign_status)status);
            may = campaign_may((enum campaign_status)status, (enum campaign_action)action, &why);
            did = act(w, id, (enum campaign_action)action, &clone, &err);
            if (did != may || (!did && err.code != ERR_CONFLICT))
                fail_msg("action %d in status %d: %d, %s", action, status, did, err.text);
            assert_false(db_in_transaction(w->ledger));
            (void)snprintf(sql, sizeof sql,
                           "SELECT count(*) FROM campaign WHERE id = %d AND status = '%s'", (int)id,
                           did && becomes[action]
                               ? becomes[action]
                               : campaign_status_name((enum campaign_status)status));
            assert_int_equal(sql_number(w->ledger, sql), !(did && action == CAMPAIGN_DO_DELETE));
            sql_run(w->ledger, "DELETE FROM campaign");
        }
    }
}

static void
pausing_tells_why_and_resuming_forgets_it(void **state)
{
    struct world *w = *state;
    struct campaign c = {0};
    struct buf waits = {0};
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 3);
    id = world_create(w, NULL);
    world_launch(w, id);
    assert_true(campaign_pause(w->ledger, id, "Twilio refused the login", WORLD_NOW, &err));
    assert_true(campaign_load(w->ledger, &w->config, id, &c, &err));
    assert_string_equal(c.pause_reason, "Twilio refused the login");
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, WORLD_NOW, &waits, &err));
    assert_non_null(strstr(buf_str(&waits), "paused: Twilio refused the login"));
    campaign_release(&c);
    buf_clear(&waits);
    assert_true(campaign_resume(w->ledger, id, WORLD_NOW, &err));
    assert_true(campaign_load(w->ledger, &w->config, id, &c, &err));
    assert_null(c.pause_reason);
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, WORLD_NOW, &waits, &err));
    assert_string_equal(buf_str(&waits), "no engine runs: open the console or start canvass run\n");
    campaign_release(&c);
    buf_release(&waits);
}

static void
a_day_that_is_full_says_so_and_until_when(void **state)
{
    struct world *w = *state;
    struct campaign c = {0};
    struct buf waits = {0};
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 3);
    id = world_create(w, NULL);
    world_launch(w, id);
    w->config.policy.daily_messages = 1;
    assert_true(campaign_load(w->ledger, &w->config, id, &c, &err));
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, WORLD_NOW, &waits, &err));
    assert_null(strstr(buf_str(&waits), "of the day"));
    {
        char *sql = mem_printf(
            "INSERT INTO attempt (uid, delivery_id, number, address, sender, text, segments, "
            "fence, claimed_at) SELECT 'u', min(id), 1, '+1', '%s', 't', 1, 1, %lld FROM delivery",
            *w->config.sms.messaging_service_sid ? w->config.sms.messaging_service_sid
                                                 : w->config.sms.from,
            (long long)WORLD_NOW);

        sql_run(w->ledger, sql);
        free(sql);
    }
    buf_clear(&waits);
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, WORLD_NOW, &waits, &err));
    assert_non_null(strstr(buf_str(&waits), "the limit of the day is reached: 1 of 1 messages "
                                            "today; the rest waits until 20"));
    campaign_release(&c);
    buf_release(&waits);
}

static void
a_day_with_too_little_left_says_so(void **state)
{
    struct world *w = *state;
    struct campaign c = {0};
    struct buf waits = {0};
    struct error err = {0};
    int64_t begin_s, end_s;
    int64_t id;

    world_add_customers(w, 3);
    id = world_create(w, NULL);
    world_launch(w, id);
    w->config.policy.daily_segments = 5;
    assert_true(daily_bounds(w->config.business.timezone, WORLD_NOW, &begin_s, &end_s, &err));
    assert_true(setting_set_i64(w->ledger, "sms_day_needs", 6, &err));
    assert_true(setting_set_i64(w->ledger, "sms_day_needs_until", end_s, &err));
    assert_true(campaign_load(w->ledger, &w->config, id, &c, &err));
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, WORLD_NOW, &waits, &err));
    assert_non_null(strstr(buf_str(&waits), "the limit of the day is reached: 0 of 5 segments "
                                            "today; the rest waits until 20"));
    buf_clear(&waits); /* the next day there is room again, as far as anybody knows */
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, end_s, &waits, &err));
    assert_null(strstr(buf_str(&waits), "of the day"));
    campaign_release(&c);
    buf_release(&waits);
}

static void
who_waits_for_a_ruling_and_who_is_left_are_told(void **state)
{
    struct world *w = *state;
    struct campaign c = {0};
    struct buf waits = {0};
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 6);
    id = world_create(w, NULL);
    world_launch(w, id);
    sql_run(w->ledger, "UPDATE delivery SET next_attempt_at_ms = (2000000000 + 7200 * id) * 1000");
    sql_run(w->ledger, "INSERT INTO conversation (uuid, channel, address, created_at, "
                       "last_message_at, needs_review) SELECT 'u', 'sms', address, 1, 1, "
                       "'may be an opt-out' FROM delivery ORDER BY id LIMIT 1");
    assert_true(campaign_load(w->ledger, &w->config, id, &c, &err));
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, WORLD_NOW, &waits, &err));
    if (!strstr(buf_str(&waits), "1 waits: a reply that may be an opt-out needs a ruling: "
                                 "canvass inbox list --review\n") ||
        !strstr(buf_str(&waits), "2 more wait for later\n"))
        fail_msg("%s", buf_str(&waits));
    campaign_release(&c);
    buf_release(&waits);
}

static void
quiet_hours_are_told_with_their_zone_and_end(void **state)
{
    struct world *w = *state;
    struct campaign c = {0};
    struct buf waits = {0};
    struct error err = {0};
    int64_t now_s = 0;
    int64_t id;

    assert_true(utime_parse_rfc3339("2026-11-24T03:00:00Z", 20, &now_s));
    world_add_customers(w, 3);
    id = world_create(w, NULL);
    world_launch(w, id);
    assert_true(quiet_window_parse("09:00", "20:00", &w->config.policy.quiet_hours));
    sql_run(w->ledger, "UPDATE delivery SET address = '+1212555000' || id, next_attempt_at_ms = "
                       "1795528800000");
    assert_true(campaign_load(w->ledger, &w->config, id, &c, &err));
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, now_s, &waits, &err));
    if (!strstr(buf_str(&waits), "3 wait: quiet hours in America/New_York until 09:00 "
                                 "(2026-11-24T14:00:00Z)\n"))
        fail_msg("%s", buf_str(&waits));
    /* who has a zone in the main database goes by it */
    sql_run(w->ledger, "UPDATE replica.customer SET time_zone = 'Asia/Tokyo' WHERE key = 1;"
                       "UPDATE delivery SET next_attempt_at_ms = 1795564800000 "
                       "WHERE customer_id = 1");
    buf_clear(&waits);
    assert_true(utime_parse_rfc3339("2026-11-24T13:00:00Z", 20, &now_s));
    assert_true(campaign_why_waiting(w->ledger, &w->config, &c, now_s, &waits, &err));
    if (!strstr(buf_str(&waits), "2 wait: quiet hours in America/New_York until 09:00") ||
        !strstr(buf_str(&waits), "1 waits: quiet hours in Asia/Tokyo until 09:00 "
                                 "(2026-11-25T00:00:00Z)\n"))
        fail_msg("%s", buf_str(&waits));
    campaign_release(&c);
    buf_release(&waits);
}

static void
ending_skips_what_is_queued_and_nothing_else(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 6);
    id = world_create(w, NULL);
    world_launch(w, id);
    sql_run(w->ledger, "UPDATE delivery SET state='accepted', accepted_at=7 WHERE customer_id=1;"
                       "UPDATE delivery SET state='retry_wait' WHERE customer_id=2;"
                       "UPDATE delivery SET state='in_doubt' WHERE customer_id=3;"
                       "UPDATE delivery SET state='failed' WHERE customer_id=4");
    assert_true(campaign_complete(w->ledger, id, WORLD_NOW, &err));
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery WHERE state='skipped' "
                                           "AND reason='campaign_completed' AND customer_id IN "
                                           "(2, 5, 6)"),
                     3);
    assert_int_equal(sql_number(w->ledger, "SELECT n_skipped*100 + n_in_doubt*10 + n_failed "
                                           "FROM campaign"),
                     311);
    /* a message in doubt must not be forgotten */
    assert_false(campaign_delete(w->ledger, id, WORLD_NOW, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "in doubt"));
    sql_run(w->ledger, "UPDATE delivery SET state='failed' WHERE customer_id=3");
    assert_true(campaign_delete(w->ledger, id, WORLD_NOW, &err));
}

static void
cancelling_while_it_is_planned_queues_no_more(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    bool done = false;
    int64_t id;

    world_add_customers(w, 10);
    id = world_create(w, NULL);
    assert_true(world_begin(w, id, 10, &err));
    assert_true(launch_plan_step(w->ledger, NULL, NULL, id, 4, &done, &err));
    assert_true(campaign_cancel(w->ledger, id, WORLD_NOW, &err));
    assert_true(launch_plan_step(w->ledger, NULL, NULL, id, 4, &done, &err));
    assert_true(done);
    assert_int_equal(sql_number(w->ledger, "SELECT targeted*10 + n_skipped FROM campaign"), 44);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM plan_batch"), 0);
}

static void
a_deleted_campaign_is_gone_but_what_it_sent_counts(void **state)
{
    struct world *w = *state;
    struct campaign_list list = {0};
    struct campaign c = {0};
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 4);
    id = world_create(w, NULL);
    world_launch(w, id);
    sql_run(w->ledger, "UPDATE delivery SET state='accepted', accepted_at=1763990000");
    assert_true(campaign_complete(w->ledger, id, WORLD_NOW, &err));
    assert_true(campaign_delete(w->ledger, id, WORLD_NOW, &err));
    assert_false(campaign_load(w->ledger, &w->config, id, &c, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(campaign_list_load(w->ledger, NULL, &list, &err));
    assert_int_equal(list.count, 0);
    campaign_list_release(&list);
    /* the frequency cap still sees them */
    w->config.policy.cap_messages = 1;
    w->config.policy.cap_days = 7;
    assert_int_equal(world_reachable(w, world_create(w, NULL)), 0);
    assert_false(campaign_delete(w->ledger, id, WORLD_NOW, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* --- clones */
static int64_t
clone_of(struct world *w, int64_t id)
{
    struct error err = {0};
    int64_t clone = 0;

    if (!campaign_clone(w->ledger, &w->config, id, WORLD_NOW, &clone, &err))
        fail_msg("%s", err.text);
    return clone;
}

static void
a_chain_of_clones_names_every_original(void **state)
{
    struct world *w = *state;
    struct campaign c = {0};
    struct error err = {0};
    json_t *expected;
    int64_t third;

    world_add_customers(w, 5);
    third = clone_of(w, clone_of(w, world_create(w, NULL)));
    assert_true(campaign_load(w->ledger, &w->config, third, &c, &err));
    expected = json_pack("{s:{s:[{s:i},{s:{s:{s:i}}},{s:{s:{s:i}}}]}}", "criteria", "all",
                         "appointment_count", 1, "not", "contacted_by", "campaign", 1, "not",
                         "contacted_by", "campaign", 2);
    assert_true(json_equal(json_object_get(c.spec, "segment"), expected));
    assert_string_equal(c.name, "Autumn recall (copy)");
    assert_int_equal(c.cloned_from, 2);
    assert_int_equal(c.status, CAMPAIGN_DRAFT);
    json_decref(expected);
    campaign_release(&c);
}

static void
a_clone_reaches_only_whom_nobody_reached(void **state)
{
    struct world *w = *state;
    struct launch_review review = {0};
    struct error err = {0};
    int64_t original;
    int64_t clone;

    world_add_customers(w, 12);
    w->config.policy.cap_messages = 0;
    original = world_create(w, NULL);
    world_launch(w, original);
    sql_run(w->ledger, "UPDATE delivery SET state='accepted', accepted_at=9 WHERE customer_id=1;"
                       "UPDATE delivery SET state='undelivered', accepted_at=9 WHERE customer_id=2;"
                       "UPDATE delivery SET state='in_doubt' WHERE customer_id=3;"
                       "UPDATE delivery SET state='sending', claimed_at=9 WHERE customer_id=4;"
                       "UPDATE delivery SET state='failed' WHERE customer_id=5;"
                       "UPDATE delivery SET state='skipped', reason='expired' WHERE customer_id=6;"
                       "UPDATE delivery SET state='retry_wait' WHERE customer_id=7");
    clone = clone_of(w, original);
    /* 8 to 12 are queued still: only 5 and 6 are free */
    assert_int_equal(world_reachable(w, clone), 2);
    assert_true(campaign_complete(w->ledger, original, WORLD_NOW, &err));
    /* 7 to 12 were skipped by that; but 8 now has the number that customer 1 was written to */
    sql_run(w->ledger, "UPDATE replica.customer SET phone_e164 = '+13105559999' WHERE id = 1;"
                       "UPDATE replica.customer SET phone_e164 = '+13105550001' WHERE id = 8");
    assert_true(launch_review(w->reader, &w->config, clone, WORLD_NOW, &review, &err));
    assert_int_equal(review.reach.reachable, 7); /* 5 6 7 9 10 11 12 */
    launch_review_release(&review);
}

static void
the_original_leaves_out_whom_its_clone_reached(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    int64_t original;
    int64_t clone;
    int64_t sister;

    world_add_customers(w, 10);
    original = world_create(w, NULL);
    clone = clone_of(w, original);
    sister = clone_of(w, original);
    world_launch(w, clone);
    assert_int_equal(world_reachable(w, original), 0);
    assert_int_equal(world_reachable(w, sister), 0);
    sql_run(w->ledger, "UPDATE delivery SET state='failed' WHERE customer_id <= 3");
    assert_int_equal(world_reachable(w, original), 3);
    /* a draft that links the family goes, its place stays */
    assert_true(campaign_delete(w->ledger, original, WORLD_NOW, &err));
    assert_int_equal(world_reachable(w, sister), 3);
    world_launch(w, sister);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery WHERE state <> 'failed' "
                                           "GROUP BY customer_id HAVING count(*) > 1 "
                                           "UNION ALL SELECT 0 LIMIT 1"),
                     0);
}

static void
asking_for_them_by_name_is_no_accident(void **state)
{
    struct world *w = *state;
    struct campaign c = {0};
    struct error err = {0};
    int64_t original;
    int64_t clone;

    world_add_customers(w, 10);
    w->config.policy.cap_messages = 0;
    original = world_create(w, NULL);
    world_launch(w, original);
    sql_run(w->ledger, "UPDATE delivery SET state='delivered', accepted_at=9");
    clone = clone_of(w, original);
    assert_int_equal(world_reachable(w, clone), 0);
    assert_true(campaign_load(w->ledger, &w->config, clone, &c, &err));
    json_object_set_new(c.spec, "segment",
                        json_pack("{s:{s:{s:I, s:s}}}", "criteria", "contacted_by", "campaign",
                                  (json_int_t)original, "state", "not_replied"));
    assert_true(campaign_edit(w->ledger, &w->config, clone, c.spec, true, WORLD_NOW, &err));
    campaign_release(&c);
    assert_int_equal(world_reachable(w, clone), 10);
}

/* --- figures */
static void
figures_are_those_of_the_rows(void **state)
{
    struct world *w = *state;
    struct campaign_stats s = {0};
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 10);
    id = world_create(w, NULL);
    world_launch(w, id);
    sql_run(w->ledger,
            "UPDATE delivery SET state='accepted', accepted_at=9 WHERE customer_id<=4;"
            "UPDATE delivery SET replied_at=10 WHERE customer_id<=2;"
            "UPDATE delivery SET opted_out_at=10 WHERE customer_id=2;"
            "INSERT INTO conversation (uuid, address, channel, campaign_id, outcome, sentiment, "
            "created_at, last_message_at) VALUES ('a', '+1', 'sms', 1, 'booked', 'positive', 1, "
            "1), ('b', '+2', 'sms', 1, 'booked', NULL, 1, 1), ('c', '+3', 'sms', 1, NULL, "
            "'negative', 1, 1)");
    assert_true(campaign_stats_load(w->reader, id, &s, &err));
    assert_int_equal(s.variant_count, 1);
    assert_string_equal(s.variants[0].name, "A");
    assert_int_equal(s.variants[0].planned, 10);
    assert_int_equal(s.variants[0].contacted, 4);
    assert_int_equal(s.variants[0].responded, 2);
    assert_int_equal(s.variants[0].opted_out, 1);
    assert_int_equal(s.outcome_count, 1);
    assert_int_equal(s.outcomes[0].count, 2);
    assert_int_equal(s.sentiment_count, 2);
    assert_int_equal(s.conversations, 3);
    campaign_stats_release(&s);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(every_status_and_action_in_the_store),
        IN_WORLD(quiet_hours_are_told_with_their_zone_and_end),
        IN_WORLD(a_day_that_is_full_says_so_and_until_when),
        IN_WORLD(a_day_with_too_little_left_says_so),
        IN_WORLD(who_waits_for_a_ruling_and_who_is_left_are_told),
        IN_WORLD(pausing_tells_why_and_resuming_forgets_it),
        IN_WORLD(ending_skips_what_is_queued_and_nothing_else),
        IN_WORLD(cancelling_while_it_is_planned_queues_no_more),
        IN_WORLD(a_deleted_campaign_is_gone_but_what_it_sent_counts),
        IN_WORLD(a_chain_of_clones_names_every_original),
        IN_WORLD(a_clone_reaches_only_whom_nobody_reached),
        IN_WORLD(the_original_leaves_out_whom_its_clone_reached),
        IN_WORLD(asking_for_them_by_name_is_no_accident),
        IN_WORLD(figures_are_those_of_the_rows),
    };

    return cmocka_run_group_tests_name("campaign", tests, NULL, NULL);
}
