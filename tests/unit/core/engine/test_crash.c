/*
 * Power cuts at any step, in a process of its own that really ends: nobody twice, nobody lost.
 * The provider's memory is shared and outlives the engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/engine/engine_world.h"

enum { CRASHED = 9 };

static void
check_world(struct engine_world *w, int people, const char *where)
{
    int64_t in_ledger;

    for (int i = 1; i <= people; i++) {
        char phone[24];

        engine_world_phone(i, phone);
        if (fake_count_to(w->fake, phone) > 1)
            fail_msg("%s: %s was written to twice", where, phone);
    }
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM delivery"), people);
    assert_int_equal(
        engine_world_number(w, "SELECT targeted - n_queued - n_sending - n_retry_wait - n_accepted "
                               "- n_sent - n_delivered - n_undelivered - n_failed - n_in_doubt - "
                               "n_skipped FROM campaign"),
        0);
    in_ledger = engine_world_number(w, "SELECT count(*) FROM delivery WHERE state IN ('accepted')");
    assert_true(in_ledger <= (int64_t)w->fake->sent_count);
}

/* Every person is accepted in the end: the provider has exactly one message for each. */
static void
finish(struct engine_world *w, int people, const char *where)
{
    w->fake->steps_to_crash = -1;
    memset(w->fake->percent, 0, sizeof w->fake->percent);
    w->fake->plan_count = 0;
    w->fake->then = FATE_ACCEPT;
    engine_world_run_for(w, 4 * 60 * 1000, NULL);
    check_world(w, people, where);
    if (engine_world_number(w, "SELECT count(*) FROM delivery WHERE state = 'accepted'") !=
            people ||
        (int)w->fake->sent_count != people)
        fail_msg("%s: %d of %d accepted by the provider", where, (int)w->fake->sent_count, people);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'completed'"), 1);
}

static void
a_crash_at_every_single_step_sends_each_person_exactly_one(void **state)
{
    enum { PEOPLE = 4 };
    struct engine_world *w;
    int step = 1;
    int code = CRASHED;

    for (; code == CRASHED; step++) {
        char where[40];

        assert_int_equal(engine_world_open(state), 0);
        w = *state;
        engine_world_campaign(w, 1, 1, PEOPLE);
        w->fake->room = 3;
        w->fake->steps_to_crash = step;
        code = engine_world_run_child(w);
        (void)snprintf(where, sizeof where, "crash at step %d", step);
        check_world(w, PEOPLE, where);
        finish(w, PEOPLE, where);
        (void)engine_world_close(state);
    }
    assert_true(step > 12); /* the steps were there */
}

static void
what_was_claimed_and_never_left_is_not_in_doubt(void **state)
{
    enum { PEOPLE = 6 };
    struct engine_world *w;

    assert_int_equal(engine_world_open(state), 0);
    w = *state;
    engine_world_campaign(w, 1, 1, PEOPLE);
    w->fake->room = 4;
    w->fake->list_unreadable = true; /* no evidence but our own */
    w->fake->then = FATE_ACCEPT;
    w->fake->steps_to_crash = 2; /* the first has been marked; nothing has left */
    assert_int_equal(engine_world_run_child(w), CRASHED);
    assert_int_equal(w->fake->sent_count, 0);
    assert_int_equal(engine_world_number(w, "SELECT n_sending FROM campaign"), 4);
    w->fake->steps_to_crash = -1;
    engine_world_run_for(w, 5000, NULL);
    assert_int_equal(engine_world_number(w, "SELECT n_in_doubt FROM campaign"), 1);
    assert_int_equal(engine_world_number(w, "SELECT n_accepted FROM campaign"), PEOPLE - 1);
    assert_int_equal(w->fake->sent_count, PEOPLE - 1);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM attempt WHERE outcome = "
                                            "'not_sent' AND error LIKE '%before it left'"),
                     3);
    (void)engine_world_close(state);
}

static void
random_faults_and_crashes_never_double_and_never_lose(void **state)
{
    enum { RUNS = 8, PEOPLE = 25 };
    const char *more = getenv("CANVASS_CRASH_RUNS"); /* NOLINT(concurrency-mt-unsafe) */
    const long runs = more ? strtol(more, NULL, 10) : RUNS;

    for (int run = 0; run < runs; run++) {
        struct engine_world *w;
        char where[40];

        assert_int_equal(engine_world_open(state), 0);
        w = *state;
        w->fake->random += (uint64_t)run * 7919 + 1;
        w->config.policy.retry_base_ms = 50;
        w->config.policy.max_attempts = 50;
        engine_world_campaign(w, 1, 1, PEOPLE);
        w->fake->room = 1 + (size_t)(fake_random(w->fake) % 20);
        w->fake->latency_ms = (int64_t)(fake_random(w->fake) % 400);
        w->fake->percent[FATE_ACCEPT] = 60;
        w->fake->percent[FATE_ACCEPT_BUT_SILENT] = 10;
        w->fake->percent[FATE_LOST] = 10;
        w->fake->percent[FATE_TOO_MANY] = 10;
        w->fake->percent[FATE_UNREACHABLE] = 10;
        (void)snprintf(where, sizeof where, "run %d", run);
        for (int i = 0; i < 4; i++) {
            w->fake->steps_to_crash = 1 + (int64_t)(fake_random(w->fake) % 60);
            w->fake->list_blind = fake_random(w->fake) % 2;
            w->fake->list_unreadable = fake_random(w->fake) % 4 == 0;
            (void)engine_world_run_child(w);
            check_world(w, PEOPLE, where);
            w->fake->clock_ms += (int64_t)(fake_random(w->fake) % 20000);
        }
        w->fake->list_blind = false;
        w->fake->list_unreadable = false;
        finish(w, PEOPLE, where);
        (void)engine_world_close(state);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_at_every_single_step_sends_each_person_exactly_one),
        cmocka_unit_test(what_was_claimed_and_never_left_is_not_in_doubt),
        cmocka_unit_test(random_faults_and_crashes_never_double_and_never_lose),
    };

    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
