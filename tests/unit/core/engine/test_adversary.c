/* What must not happen when the machine stands still, clocks are wrong or the set-up changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/engine/engine_world.h"
#include "core/engine/turn.h"
#include "core/outbox/reconcile.h"

static void
open_loop(struct engine_world *w, struct loop *l)
{
    struct engine_options options = {
        .home = w->home, .config = &w->config, .has_net = true, .now_ms = fake_now_ms};
    struct error err = {0};

    fake_net_open(w->fake, &options.net);
    if (!loop_open(l, &options, true, &err))
        fail_msg("%s", err.text);
}

static void
run_for(struct engine_world *w, struct loop *l, int64_t ms)
{
    const int64_t until = w->fake->clock_ms + ms;

    while (w->fake->clock_ms < until) {
        loop_turn(l, false);
        loop_wait(l, -1);
    }
}

static void
campaign_that_cannot_be_read__does_not_stop_the_others(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;
    struct loop l;

    engine_world_campaign(w, 1, 1, 3);
    engine_world_campaign(w, 2, 11, 20);
    engine_world_sql(w, "UPDATE campaign SET spec = '7' WHERE id = 1");
    open_loop(w, &l);
    run_for(w, &l, 5000);
    sum = l.sum;
    loop_close(&l);
    assert_int_equal(sum.accepted, 20);
    assert_int_equal(engine_world_number(w, "SELECT n_queued FROM campaign WHERE id = 1"), 3);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM engine_event WHERE campaign_id = 1"), 1);
}

/* The list is read early, then the process stands still until the waiting would be over. */
static void
old_answer_of_the_list__proves_nothing_later(void **state)
{
    struct engine_world *w = *state;
    struct loop l;
    char phone[24];

    engine_world_phone(1, phone);
    engine_world_campaign(w, 1, 1, 1);
    w->fake->then = FATE_ACCEPT_BUT_SILENT;
    w->fake->list_blind = true;
    open_loop(w, &l);
    while (w->fake->lookups < 2) { /* the second answer has come, and is not written down */
        loop_turn(&l, false);
        loop_wait(&l, -1);
    }
    assert_int_equal(l.lookup_count, 1);
    w->fake->list_blind = false;
    w->fake->clock_ms += 10 * 60 * 1000;
    run_for(w, &l, 300 * 1000);
    loop_close(&l);
    assert_int_equal(fake_count_to(w->fake, phone), 1);
    assert_int_equal(engine_world_number(w, "SELECT n_accepted FROM campaign"), 1);
}

/* An attempt in doubt, whose list shows `found` (NULL: nothing); how it ends long after. */
static enum reconcile_end
settle_found(struct engine_world *w, const char *sender, const struct sms_found *found,
             const char *also)
{
    const struct reconcile_ask ask = {.asked_at_s = 1000000, .sender = sender};
    const struct sms_lookup_result result = {
        .attempt_id = 1, .answered = true, .found = found, .found_count = found != NULL};
    enum reconcile_end end = RECONCILE_SETTLED;
    struct settle_sum sum = {0};
    struct error err = {0};

    engine_world_campaign(w, 1, 1, 1);
    engine_world_sql(w, "UPDATE delivery SET state = 'in_doubt', attempts = 1, claimed_at = 1;"
                        "INSERT INTO attempt (id, uid, delivery_id, number, address, sender, text, "
                        "segments, fence, claimed_at, outcome, lookups, next_lookup_at) "
                        "SELECT 1, 'u', id, 1, address, '+13105550100', 'Hello', 1, 1, 1, "
                        "'unknown', 5, 1 FROM delivery");
    engine_world_sql(w, also);
    if (!db_begin(w->db, &err) ||
        !reconcile_apply(w->db, &w->config, &ask, &result, 1000000000, &sum, &end, &err) ||
        !db_commit(w->db, &err))
        fail_msg("%s", err.text);
    return end;
}

static enum reconcile_end
settle_with(struct engine_world *w, const char *sender, bool vague, const char *also)
{
    const struct sms_found found = {.provider_id = "SM1", .status = "sent", .vague = true};

    return settle_found(w, sender, vague ? &found : NULL, also);
}

static enum reconcile_end
settle_by(struct engine_world *w, const char *sender, bool vague)
{
    return settle_with(w, sender, vague, "");
}

static void
empty_list__proves_that_it_was_not_sent(void **state)
{
    struct engine_world *w = *state;

    assert_int_equal(settle_by(w, "+13105550100", false), RECONCILE_NOT_SENT);
    assert_int_equal(engine_world_number(w, "SELECT n_queued FROM campaign"), 1);
}

static void
list_of_another_sender__proves_nothing(void **state)
{
    struct engine_world *w = *state;

    assert_int_equal(settle_by(w, "+13105550199", false), RECONCILE_PERSON);
    assert_int_equal(engine_world_number(w, "SELECT n_in_doubt FROM campaign"), 1);
}

static void
person_who_has_answered__is_not_sent_it_again(void **state)
{
    struct engine_world *w = *state;

    assert_int_equal(settle_with(w, "+13105550100", false, "UPDATE delivery SET replied_at = 9"),
                     RECONCILE_PERSON);
    assert_int_equal(engine_world_number(w, "SELECT n_in_doubt FROM campaign"), 1);
}

static void
message_that_fits_in_part__is_for_a_person(void **state)
{
    struct engine_world *w = *state;

    assert_int_equal(settle_by(w, "+13105550100", true), RECONCILE_PERSON);
    assert_int_equal(engine_world_number(w, "SELECT n_in_doubt FROM campaign"), 1);
}

/* The attempt in doubt is found, but its id stands at an attempt to this address. */
static enum reconcile_end
settle_owned_by(struct engine_world *w, const char *address)
{
    static const struct sms_found found = {.provider_id = "SM1", .status = "sent"};
    char *also = mem_printf("INSERT INTO delivery (id, campaign_id, step, customer_id, channel, "
                            "address, state, accepted_at, updated_at) VALUES "
                            "(9, 1, 1, 9, 'sms', '%s', 'accepted', 1, 1);"
                            "INSERT INTO attempt (id, uid, delivery_id, number, address, sender, "
                            "text, segments, fence, claimed_at, outcome, provider_id) VALUES "
                            "(9, 'v', 9, 1, '%s', 's', 'Hello', 1, 1, 1, 'accepted', 'SM1')",
                            address, address);
    const enum reconcile_end end = settle_found(w, "+13105550100", &found, also);

    free(also);
    return end;
}

static void
message_of_another_attempt__proves_that_it_was_not_sent(void **state)
{
    struct engine_world *w = *state;
    char phone[24];

    engine_world_phone(1, phone);
    assert_int_equal(settle_owned_by(w, phone), RECONCILE_NOT_SENT);
    assert_int_equal(engine_world_number(w, "SELECT n_queued FROM campaign"), 1);
}

/* The provider has given the id of this person's message to another one, too. */
static void
message_whose_id_another_number_has__is_for_a_person(void **state)
{
    struct engine_world *w = *state;

    assert_int_equal(settle_owned_by(w, "+13105559999"), RECONCILE_PERSON);
    assert_int_equal(engine_world_number(w, "SELECT n_in_doubt FROM campaign"), 1);
}

/* Accepted is accepted; else the row would stay in sending, and nobody would ever look at it. */
static void
provider_that_gives_an_id_twice__has_accepted_both(void **state)
{
    struct engine_world *w = *state;
    struct sms_result r = {
        .outcome = SEND_ACCEPTED, .provider_id = "SM1", .provider_status = "queued"};
    struct settle_sum sum = {0};
    struct error err = {0};

    engine_world_campaign(w, 1, 1, 2);
    engine_world_sql(w, "UPDATE delivery SET state = 'sending', attempts = 1, claimed_at = 1;"
                        "INSERT INTO attempt (id, uid, delivery_id, number, address, sender, text, "
                        "segments, fence, claimed_at) SELECT id, 'u' || id, id, 1, address, 's', "
                        "'Hello', 1, 1, 1 FROM delivery");
    assert_true(db_begin(w->db, &err));
    for (r.attempt_id = 1; r.attempt_id <= 2; r.attempt_id++)
        if (!settle_answer(w->db, &w->config, &r, 5000, &sum, &err))
            fail_msg("%s", err.text);
    assert_true(db_commit(w->db, &err));
    assert_int_equal(engine_world_number(w, "SELECT n_accepted FROM campaign"), 2);
    assert_int_equal(engine_world_number(w, "SELECT count(provider_id) FROM attempt"), 1);
}

static void
hear(struct loop *l, bool ok, bool more, const char *next)
{
    const struct relay_batch batch = {.ok = ok, .more = more, .next = next, .error = "down"};

    loop_relay_done(l, &batch);
}

static void
what_the_relay_has__is_applied_before_anything_is_sent(void **state)
{
    struct engine_world *w = *state;
    struct loop l;

    free(w->config.relay.url);
    w->config.relay.url = mem_strdup("http://127.0.0.1:1");
    open_loop(w, &l);
    run_for(w, &l, 1000);
    assert_true(l.relay_drained);
    hear(&l, true, false, NULL); /* cannot be applied */
    assert_false(l.relay_drained);
    hear(&l, true, false, "c1");
    assert_true(l.relay_drained);
    hear(&l, true, true, "c2"); /* replies come in fast: sending goes on */
    assert_true(l.relay_drained);
    hear(&l, false, false, NULL);
    assert_true(l.relay_drained); /* the relay is away: an alarm, no stop */
    hear(&l, true, true, "c3");   /* back, with more than one page */
    assert_false(l.relay_drained);
    hear(&l, true, false, "c4");
    assert_true(l.relay_drained);
    loop_close(&l);
}

/* A question of the agent's under way, in a conversation of campaign 1. */
static void
question_under_way(struct engine_world *w)
{
    engine_world_campaign(w, 1, 1, 1);
    engine_world_sql(
        w, "INSERT INTO conversation (id, uuid, address, channel, campaign_id, agent, created_at, "
           "last_message_at) VALUES (1, 'c', '+13105550001', 'sms', 1, 'scripted', 1, 1);"
           "INSERT INTO message (id, conversation_id, direction, author, address, text, question, "
           "state, attempts, claimed_at, at, updated_at) VALUES (1, 1, 'outbound', 'agent', "
           "'+13105550001', 'Why?', 0, 'sending', 1, 1, 1, 1);"
           "INSERT INTO attempt (id, uid, message_id, number, address, sender, text, segments, "
           "fence, claimed_at) VALUES (1, 'u', 1, 1, '+13105550001', 's', 'Why?', 1, 1, 1)");
}

static void
not_sent(struct engine_world *w)
{
    struct attempt a = {0};
    struct error err = {0};

    if (!db_begin(w->db, &err) || !attempt_load(w->db, 1, &a, &err) ||
        !settle_not_sent(w->db, &a, NULL, "never left", 5000, &err) || !db_commit(w->db, &err))
        fail_msg("%s", err.text);
    attempt_release(&a);
}

static int64_t
questions_in(struct engine_world *w, const char *state)
{
    char *sql = mem_printf("SELECT count(*) FROM message WHERE %s", state);
    int64_t n = engine_world_number(w, sql);

    free(sql);
    return n;
}

static void
question_that_was_not_sent__waits_again(void **state)
{
    struct engine_world *w = *state;

    question_under_way(w);
    not_sent(w);
    assert_int_equal(questions_in(w, "state = 'queued'"), 1);
}

static void
question_that_was_not_sent__stays_back_when_an_operator_took_over(void **state)
{
    struct engine_world *w = *state;

    question_under_way(w);
    engine_world_sql(w, "UPDATE conversation SET agent = 'handed_over'");
    not_sent(w);
    assert_int_equal(questions_in(w, "state = 'skipped' AND reason = 'handed_over'"), 1);
}

static void
cancelled_campaign__asks_nothing_more(void **state)
{
    struct engine_world *w = *state;
    struct error err = {0};

    question_under_way(w);
    engine_world_sql(w, "UPDATE campaign SET status = 'paused', pause_reason = 'x';"
                        "INSERT INTO message (id, conversation_id, direction, author, address, "
                        "text, state, at, updated_at) VALUES "
                        "(2, 1, 'outbound', 'agent', '+13105550001', 'And?', 'queued', 1, 1),"
                        "(3, 1, 'outbound', 'operator', '+13105550001', 'Hi', 'queued', 1, 1)");
    assert_true(campaign_cancel(w->db, 1, 100, &err));
    assert_int_equal(questions_in(w, "id = 2 AND state = 'skipped'"), 1);
    assert_int_equal(questions_in(w, "id = 3 AND state = 'queued'"), 1);
    not_sent(w);
    assert_int_equal(questions_in(w, "id = 1 AND state = 'skipped'"), 1);
}

static void
nothing_may_leave_once_the_lease_has_run_out(void **state)
{
    struct engine_world *w = *state;
    struct loop l;

    open_loop(w, &l);
    assert_false(loop_sms_may_leave(&l, 1));
    loop_turn(&l, false);
    assert_true(loop_sms_may_leave(&l, 1));
    w->fake->clock_ms += LEASE_TTL_MS;
    assert_false(loop_sms_may_leave(&l, 1));
    loop_turn(&l, false);
    assert_true(loop_sms_may_leave(&l, 1));
    loop_close(&l);
}

/* The index of the provider's ids is one of blocks of attempts. */
static void
an_id_of_the_provider__is_found_however_old_it_is(void **state)
{
    static const struct {
        const char *sid;
        int64_t id;
    } known[] = {{"SM1", 1}, {"SM2", 2047}, {"SM3", 2048}, {"SM4", 70000}, {"SM5", 500000}};
    struct engine_world *w = *state;
    struct error err = {0};
    struct attempt a = {0};
    bool found = true;
    char address[] = "b";
    enum id_owner owner;

    assert_true(attempt_find(w->db, NULL, "SM1", &a, &found, &err));
    assert_false(found); /* there are no attempts at all */
    engine_world_campaign(w, 1, 1, 1);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        char sql[400];

        (void)snprintf(sql, sizeof sql,
                       "INSERT INTO attempt (id, uid, delivery_id, number, address, sender, text, "
                       "segments, fence, claimed_at, outcome, provider_id) SELECT %" PRId64
                       ", 'u%zu', min(id), %zu, 'a', 's', 't', 1, 1, 1, 'accepted', '%s' "
                       "FROM delivery",
                       known[i].id, i, i + 1, known[i].sid);
        engine_world_sql(w, sql);
    }
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        assert_true(attempt_find(w->db, NULL, known[i].sid, &a, &found, &err));
        assert_true(found);
        assert_int_equal(a.id, known[i].id);
        attempt_release(&a);
        a = (struct attempt){.id = known[i].id, .address = address};
        assert_true(attempt_id_owner(w->db, known[i].sid, &a, &owner, &err));
        assert_int_equal(owner, ID_OF_NOBODY);
        a.id = 3;
        assert_true(attempt_id_owner(w->db, known[i].sid, &a, &owner, &err));
        assert_int_equal(owner, ID_OF_OTHER_NUMBER);
        a = (struct attempt){0};
    }
    assert_true(attempt_find(w->db, NULL, "SM6", &a, &found, &err));
    assert_false(found);
    a = (struct attempt){.address = address};
    assert_true(attempt_id_owner(w->db, "SM6", &a, &owner, &err));
    assert_int_equal(owner, ID_OF_NOBODY);
}

/* The attempts of the first two recipients: claimed, and about to leave. */
static void
what_is_stored_after_the_claim__holds_a_message_back(void **state)
{
    struct engine_world *w = *state;
    struct error err = {0};
    struct loop l;
    int64_t a;
    int64_t b;

    engine_world_campaign(w, 1, 1, 2);
    w->fake->latency_ms = 60000;
    open_loop(w, &l);
    run_for(w, &l, 3000);
    assert_int_equal(engine_world_number(w, "SELECT n_sending FROM campaign"), 2);
    a = engine_world_number(w, "SELECT min(id) FROM attempt");
    b = engine_world_number(w, "SELECT max(id) FROM attempt");
    assert_true(loop_sms_may_leave(&l, a) && loop_sms_may_leave(&l, b));
    engine_world_sql(w, "INSERT INTO suppression (address, channel, reason, at) "
                        "SELECT address, 'sms', 'opt_out', 1 FROM attempt ORDER BY id LIMIT 1");
    assert_false(loop_sms_may_leave(&l, a));
    assert_true(loop_sms_may_leave(&l, b));
    engine_world_sql(w, "UPDATE campaign SET status = 'paused'");
    assert_false(loop_sms_may_leave(&l, b));
    engine_world_sql(w, "UPDATE campaign SET status = 'active'");
    assert_true(loop_sms_may_leave(&l, b));
    assert_true(engine_stop_all(w->db, "maria@desk", 1, NULL, &err));
    assert_false(loop_sms_may_leave(&l, b));
    assert_true(engine_start_all(w->db, "maria@desk", 2, &err));
    assert_true(loop_sms_may_leave(&l, b));
    assert_false(loop_sms_may_leave(&l, a));
    loop_close(&l);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, engine_world_open, engine_world_close)
    const struct CMUnitTest tests[] = {
        T(campaign_that_cannot_be_read__does_not_stop_the_others),
        T(old_answer_of_the_list__proves_nothing_later),
        T(empty_list__proves_that_it_was_not_sent),
        T(list_of_another_sender__proves_nothing),
        T(person_who_has_answered__is_not_sent_it_again),
        T(message_that_fits_in_part__is_for_a_person),
        T(message_of_another_attempt__proves_that_it_was_not_sent),
        T(message_whose_id_another_number_has__is_for_a_person),
        T(provider_that_gives_an_id_twice__has_accepted_both),
        T(what_the_relay_has__is_applied_before_anything_is_sent),
        T(question_that_was_not_sent__waits_again),
        T(question_that_was_not_sent__stays_back_when_an_operator_took_over),
        T(cancelled_campaign__asks_nothing_more),
        T(nothing_may_leave_once_the_lease_has_run_out),
        T(an_id_of_the_provider__is_found_however_old_it_is),
        T(what_is_stored_after_the_claim__holds_a_message_back),
    };

    return cmocka_run_group_tests_name("adversary", tests, NULL, NULL);
}
