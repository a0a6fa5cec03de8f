/* Two engines on one state folder: one sends, whatever is stopped, and wherever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/engine/engine_world.h"
#include "core/engine/turn.h"

static void
open_loop(struct engine_world *w, struct loop *l)
{
    struct engine_options options = {
        .home = w->home, .config = &w->config, .has_net = true, .now_ms = fake_now_ms};
    struct error err = {0};

    fake_net_open(w->fake, &options.net);
    if (!loop_open(l, &options, false, &err))
        fail_msg("%s", err.text);
}

static void
turn(struct loop *l)
{
    loop_turn(l, false);
    loop_wait(l, -1);
}

static void
expect_each_once(struct engine_world *w, int people, const char *where)
{
    for (int i = 1; i <= people; i++) {
        char phone[24];

        engine_world_phone(i, phone);
        if (fake_count_to(w->fake, phone) != 1)
            fail_msg("%s: %s was written to %d times", where, phone, fake_count_to(w->fake, phone));
    }
}

static void
a_second_engine_stands_by_and_takes_over_in_order(void **state)
{
    struct engine_world *w = *state;
    struct loop a;
    struct loop b;

    open_loop(w, &a);
    open_loop(w, &b);
    turn(&a);
    turn(&b);
    assert_true(a.holds);
    assert_false(b.holds);
    assert_non_null(strstr(b.other, "process"));
    engine_world_campaign(w, 1, 1, 30);
    for (int i = 0; i < 20; i++) {
        turn(&b);
        turn(&a);
    }
    assert_int_equal(b.sum.accepted, 0);
    expect_each_once(w, 30, "two engines");
    loop_close(&a); /* gives it back: nobody waits for the lease to run out */
    for (int i = 0; i < 3 && !b.holds; i++)
        turn(&b);
    assert_true(b.holds);
    assert_true(b.fence > 1);
    loop_close(&b);
}

static void
a_dead_holder_is_not_waited_for_and_a_silent_one_is(void **state)
{
    struct engine_world *w = *state;
    struct lease lease;
    struct error err = {0};
    const int64_t now = w->fake->clock_ms;

    assert_true(lease_take(w->db, &(struct lease_claim){"a", "A", true}, now, &lease, &err));
    assert_true(lease.held);
    assert_int_equal(lease.fence, 1);
    /* Not locked: it may live on. */
    assert_true(
        lease_take(w->db, &(struct lease_claim){"b", "B", false}, now + 2999, &lease, &err));
    assert_false(lease.held);
    assert_string_equal(lease.who, "A");
    /* The lock is ours: its process is gone. */
    assert_true(lease_take(w->db, &(struct lease_claim){"b", "B", true}, now + 1, &lease, &err));
    assert_true(lease.held && lease.taken_over);
    assert_int_equal(lease.fence, 2);
    assert_true(
        lease_take(w->db, &(struct lease_claim){"c", "C", false}, now + 3002, &lease, &err));
    assert_true(lease.held);
    assert_int_equal(lease.fence, 3);
    /* c had no lock, so having it proves nothing. */
    assert_true(lease_take(w->db, &(struct lease_claim){"d", "D", true}, now + 3003, &lease, &err));
    assert_false(lease.held);
    /* A clock that was set back does not lock everybody out. */
    assert_true(
        lease_take(w->db, &(struct lease_claim){"d", "D", true}, now - 3600000, &lease, &err));
    assert_true(lease.held);
}

/* --- a process that is stopped at any look at its clock, while another one takes over */

static struct engine_world *paused_world;

static void
meanwhile(void)
{
    struct loop b;

    paused_world->fake->clock_ms += 4000; /* the lease has run out */
    open_loop(paused_world, &b);
    while (!b.holds)
        turn(&b);
    /* Long enough to conclude from the list that what was claimed was never sent. */
    for (const int64_t until = fake_now_ms() + 200000; fake_now_ms() < until;)
        turn(&b);
    loop_close(&b);
}

static void
a_holder_stopped_anywhere_sends_nothing_after_a_takeover(void **state)
{
    enum { PEOPLE = 8 };
    int looks = 1;
    bool paused = true;

    for (; paused; looks += 5) {
        struct engine_world *w;
        struct loop a;
        char where[60];

        assert_int_equal(engine_world_open(state), 0);
        w = *state;
        w->fake->room = 3;
        engine_world_campaign(w, 1, 1, PEOPLE);
        paused_world = w;
        open_loop(w, &a);
        fake_pause_at(looks, meanwhile);
        for (int i = 0; i < 12; i++)
            turn(&a);
        paused = !fake_pause_cancel();
        (void)snprintf(where, sizeof where, "stopped at look %d", looks);
        for (int i = 0; i < 150; i++)
            turn(&a);
        loop_close(&a);
        expect_each_once(w, PEOPLE, where);
        assert_int_equal(
            engine_world_number(w, "SELECT count(*) FROM delivery WHERE state = 'accepted'"),
            PEOPLE);
        (void)engine_world_close(state);
    }
    assert_true(looks > 60);
}

/* The only engine was stopped for longer than its lease, in the middle of a long poll. */
static void
a_poll_from_before_the_lease_holds_nothing_up(void **state)
{
    enum { PEOPLE = 6 };
    struct engine_world *w = *state;
    struct loop a;

    free(w->config.relay.url);
    w->config.relay.url = mem_strdup("http://127.0.0.1:1");
    w->fake->relay_silent = true;
    open_loop(w, &a);
    for (int i = 0; i < 5; i++)
        turn(&a);
    assert_true(a.relay_polling && a.relay_drained);
    w->fake->clock_ms += 4000;
    a.hold_ms = 30000; /* what it felt while it stood still */
    a.hold_until_ms = w->fake->clock_ms + 30000;
    engine_world_campaign(w, 1, 1, PEOPLE);
    loop_turn(&a, false);
    assert_true(a.holds);
    assert_false(a.relay_drained); /* asked anew before anything is sent */
    for (int i = 0; i < 60; i++)
        turn(&a);
    loop_close(&a);
    expect_each_once(w, PEOPLE, "after the stop");
}

static int64_t attempts_before;

/* Another engine takes the lease, and does nothing with it. */
static void
lease_goes_away(void)
{
    struct lease lease = {0};
    struct error err = {0};

    paused_world->fake->clock_ms += 4000;
    assert_true(lease_take(paused_world->db, &(struct lease_claim){"b", "B", false},
                           paused_world->fake->clock_ms, &lease, &err));
    assert_true(lease.held);
    attempts_before = engine_world_number(paused_world, "SELECT count(*) FROM attempt");
}

static void
an_old_fence_claims_nothing_more(void **state)
{
    for (int looks = 1; looks < 60; looks += 2) {
        struct engine_world *w;
        struct loop a;

        assert_int_equal(engine_world_open(state), 0);
        w = *state;
        w->fake->room = 2;
        engine_world_campaign(w, 1, 1, 20);
        paused_world = w;
        attempts_before = -1;
        open_loop(w, &a);
        fake_pause_at(looks, lease_goes_away);
        while (attempts_before < 0)
            turn(&a);
        for (int i = 0; i < 3; i++)
            turn(&a);
        assert_int_equal(engine_world_number(w, "SELECT count(*) FROM attempt WHERE fence = 1"),
                         attempts_before);
        loop_close(&a);
        (void)engine_world_close(state);
    }
}

/* --- processes racing for real */

static void
engines_racing_on_one_folder_send_each_person_once(void **state)
{
    enum { PEOPLE = 60, RACERS = 3 };
    struct engine_world *w = *state;
    pid_t pids[RACERS];

    engine_world_campaign(w, 1, 1, PEOPLE);
    w->fake->room = 5;
    db_close(w->db);
    w->db = NULL;
    for (int i = 0; i < RACERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            engine_world_run(w, NULL);
            _exit(0);
        }
    }
    for (int i = 0; i < RACERS; i++)
        (void)waitpid(pids[i], NULL, 0);
    w->db = engine_world_reader(w);
    /* The clock is theirs together: each may have thought that another one holds the lease. */
    engine_world_run(w, NULL);
    expect_each_once(w, PEOPLE, "race");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, engine_world_open, engine_world_close)
    const struct CMUnitTest tests[] = {
        T(a_second_engine_stands_by_and_takes_over_in_order),
        T(a_dead_holder_is_not_waited_for_and_a_silent_one_is),
        cmocka_unit_test(a_holder_stopped_anywhere_sends_nothing_after_a_takeover),
        cmocka_unit_test(an_old_fence_claims_nothing_more),
        T(a_poll_from_before_the_lease_holds_nothing_up),
        T(engines_racing_on_one_folder_send_each_person_once),
    };

    return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
