#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/campaign/split.h"
#include "core/campaign/world.h"

static int
open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    world_open(w);
    *state = w;
    return 0;
}

static int
open_folder(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    world_open_folder(w);
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

static void
refused(struct world *w, int64_t id, int64_t confirm, const char *says)
{
    struct error err = {0};

    assert_false(world_begin(w, id, confirm, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    if (!strstr(err.text, says))
        fail_msg("\"%s\" does not say \"%s\"", err.text, says);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery"), 0);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM plan_batch"), 0);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM campaign WHERE status='draft'"),
                     sql_number(w->ledger, "SELECT count(*) FROM campaign"));
}

static void
freezes_every_recipient_once(void **state)
{
    struct world *w = *state;
    int64_t id;

    world_add_customers(w, 1000);
    id = world_create(w, NULL);
    assert_int_equal(world_reachable(w, id), 1000);
    world_launch(w, id);
    assert_int_equal(sql_number(w->ledger, "SELECT targeted FROM campaign"), 1000);
    assert_int_equal(sql_number(w->ledger, "SELECT count(DISTINCT customer_id) FROM delivery"),
                     1000);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM plan_batch"), 0);
    assert_int_equal(sql_number(w->ledger,
                                "SELECT status='active' AND plan_state='planned' AND "
                                "launched_at=1764000000 AND plan_generation=1 FROM campaign"),
                     1);
    assert_int_equal(sql_number(w->ledger, "SELECT planned FROM variant"), 1000);
    assert_int_equal(
        sql_number(w->ledger, "SELECT count(*) FROM audit WHERE action='campaign.launch'"), 1);
}

static void
the_count_must_be_typed_exactly(void **state)
{
    struct world *w = *state;
    int64_t id;

    world_add_customers(w, 20);
    id = world_create(w, NULL);
    refused(w, id, 19, "19 was confirmed, but 20");
    refused(w, id, 21, "21 was confirmed, but 20");
    refused(w, id, 0, "0 was confirmed");
    world_launch(w, id);
}

static void
rules_refuse_a_launch(void **state)
{
    struct world *w = *state;
    int64_t id = world_create(w, NULL);

    refused(w, id, 0, "never synced");
    world_add_customers(w, 20);
    sql_run(w->ledger, "UPDATE replica.state SET synced_at = synced_at - 3601");
    refused(w, id, 20, "minutes old");
    sql_run(w->ledger, "UPDATE replica.state SET synced_at = synced_at + 1");
    assert_int_equal(world_reachable(w, id), 20);
    refused(w, world_create(w, "Hi {first_name}. Reply STOP to end."), 20,
            "{first_name} has no value for 2 people");
    refused(w, world_create(w, "Hi {offer}. Reply STOP to end."), 20,
            "{offer} has no value for 20 people");
    refused(w, world_create(w, "Hi, stop by soon!"), 20, "does not tell how to opt out");
    sql_run(w->ledger, "UPDATE replica.customer SET appointment_count = 2");
    refused(w, id, 0, "nobody would be reached");
    sql_run(w->ledger, "UPDATE replica.customer SET appointment_count = 1");
    free(w->config.sms.auth_token);
    w->config.sms.auth_token = calloc(1, 1);
    refused(w, id, 20, "sending is not set up");
}

static void
too_long_a_text_is_refused(void **state)
{
    struct world *w = *state;
    char text[1700];

    world_add_customers(w, 5);
    memset(text, 'a', sizeof text);
    (void)snprintf(text + 1600, 40, " Reply STOP to end.");
    refused(w, world_create(w, text), 5, "longer than 1600 characters");
}

static void
everyone_needs_an_explicit_yes(void **state)
{
    struct world *w = *state;
    json_t *spec = world_spec(NULL);
    struct launch_request request = {.confirm = 10, .now_s = WORLD_NOW};
    struct error err = {0};

    world_add_customers(w, 10);
    json_object_set_new(spec, "segment", json_pack("{s:{}}", "criteria"));
    assert_true(campaign_create(w->ledger, &w->config, spec, true, WORLD_NOW, &request.id, &err));
    json_decref(spec);
    refused(w, request.id, 10, "every customer");
    request.everyone_confirmed = true;
    assert_true(launch_begin(w->ledger, w->reader, &w->config, &request, &err));
}

static void
a_start_in_the_future_is_scheduled(void **state)
{
    struct world *w = *state;
    json_t *spec = world_spec(NULL);
    struct error err = {0};
    size_t started = 9;
    bool done = false;
    int64_t id;

    world_add_customers(w, 10);
    json_object_set_new(spec, "schedule", json_pack("{s:s}", "start", "2025-11-24T18:00:00+01:00"));
    assert_true(campaign_create(w->ledger, &w->config, spec, true, WORLD_NOW, &id, &err));
    json_decref(spec);
    assert_true(world_begin(w, id, 10, &err));
    assert_int_equal(sql_number(w->ledger, "SELECT starts_at FROM campaign WHERE "
                                           "status='scheduled' AND launched_at IS NULL"),
                     WORLD_NOW + 3600);
    assert_true(launch_plan_step(w->ledger, w->reader, &w->config, id, 100, &done, &err));
    assert_true(done);
    assert_true(campaign_start_due(w->ledger, WORLD_NOW + 3599, &started, &err));
    assert_int_equal(started, 0);
    assert_true(campaign_start_due(w->ledger, WORLD_NOW + 3600, &started, &err));
    assert_int_equal(started, 1);
    assert_int_equal(sql_number(w->ledger, "SELECT launched_at FROM campaign WHERE "
                                           "status='active'"),
                     WORLD_NOW + 3600);
}

/* Steps of any size, by two connections in turn, with a sync in between: the same set. */
static void
two_planners_and_a_sync_in_between(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    struct db *other;
    bool done = false;
    int64_t id;

    world_add_customers(w, 500);
    other = ledger_open(w->home, &err);
    assert_non_null(other);
    id = world_create(w, NULL);
    assert_true(world_begin(w, id, 500, &err));
    for (size_t turn = 0; !done; turn++) {
        if (turn == 3) {
            struct db *replica = replica_open_writer(w->home, &err);

            sql_run(replica, "DELETE FROM replica.customer WHERE id % 2 = 0;"
                             "UPDATE replica.state SET generation = generation + 1");
            db_close(replica);
        }
        assert_true(
            launch_plan_step(turn % 2 ? other : w->ledger, NULL, NULL, id, 37, &done, &err));
        assert_int_equal(sql_number(other, "SELECT targeted = n_queued FROM campaign"), 1);
    }
    assert_true(launch_plan_step(other, NULL, NULL, id, 37, &done, &err));
    assert_true(done);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery"), 500);
    assert_int_equal(sql_number(w->ledger,
                                "SELECT count(DISTINCT customer_id) + count(DISTINCT address) "
                                "FROM delivery"),
                     1000);
    assert_int_equal(sql_number(w->ledger, "SELECT targeted = plan_confirmed AND "
                                           "plan_state='planned' FROM campaign"),
                     1);
    db_close(other);
}

/* --- at the same time, on connections of their own */
struct rival {
    struct world *w;
    int64_t id, confirm;
    bool began, planned;
    struct error err;
};

static void *
begin_and_plan(void *arg)
{
    struct rival *r = arg;
    const struct launch_request request = {.id = r->id, .confirm = r->confirm, .now_s = WORLD_NOW};
    struct db *ledger = ledger_open(r->w->home, &r->err);
    struct db *reader = reader_open(r->w->home, &r->err);
    bool done = false;

    if (ledger && reader) {
        r->began = launch_begin(ledger, reader, &r->w->config, &request, &r->err);
        r->planned = true;
        while (r->planned && !done)
            r->planned = launch_plan_step(ledger, reader, &r->w->config, r->id, 20, &done, &r->err);
    }
    db_close(reader);
    db_close(ledger);
    return NULL;
}

static void
two_who_launch_at_once_queue_it_once(void **state)
{
    struct world *w = *state;
    struct rival rivals[2];
    pthread_t threads[2];
    int64_t id;

    world_add_customers(w, 600);
    id = world_create(w, NULL);
    for (size_t i = 0; i < 2; i++) {
        rivals[i] = (struct rival){.w = w, .id = id, .confirm = 600};
        assert_int_equal(pthread_create(&threads[i], NULL, begin_and_plan, &rivals[i]), 0);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(rivals[0].began + rivals[1].began, 1);
    assert_true(rivals[0].planned && rivals[1].planned);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery"), 600);
    assert_int_equal(sql_number(w->ledger, "SELECT count(DISTINCT customer_id) FROM delivery"),
                     600);
    assert_int_equal(sql_number(w->ledger, "SELECT plan_state='planned' FROM campaign"), 1);
}

/* A draft and its clone, launched at the same instant: nobody is queued by both. */
static void
a_clone_and_its_original_launched_at_once(void **state)
{
    struct world *w = *state;
    struct rival rivals[2];
    pthread_t threads[2];
    struct error err = {0};
    int64_t ids[2];

    world_add_customers(w, 300);
    ids[0] = world_create(w, NULL);
    assert_true(campaign_clone(w->ledger, &w->config, ids[0], WORLD_NOW, &ids[1], &err));
    for (size_t i = 0; i < 2; i++) {
        rivals[i] = (struct rival){.w = w, .id = ids[i], .confirm = 300};
        assert_int_equal(pthread_create(&threads[i], NULL, begin_and_plan, &rivals[i]), 0);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(rivals[0].began + rivals[1].began, 1);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery"), 300);
    assert_int_equal(sql_number(w->ledger, "SELECT count(DISTINCT address) FROM delivery"), 300);
}

/* Killed at any moment, the next process goes on where the last commit was. */
static void
a_killed_planner_is_taken_over(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    bool done = false;
    int64_t id;

    world_add_customers(w, 2000);
    id = world_create(w, NULL);
    assert_true(world_begin(w, id, 2000, &err));
    for (int round = 0; round < 12; round++) {
        pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0) { /* a connection of its own: one must not cross a fork */
            struct db *ledger = ledger_open(w->home, &err);
            bool over = false;

            for (int64_t step = 0; ledger && !over; step++) {
                if (step == round % 4 && kill(getpid(), SIGKILL) != 0)
                    _exit(2);
                if (!launch_plan_step(ledger, NULL, NULL, id, 60, &over, &err))
                    _exit(3);
            }
            _exit(ledger ? 0 : 4);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_int_equal(sql_number(w->ledger, "SELECT targeted + (SELECT coalesce(sum("
                                               "people), 0) FROM plan_batch) FROM campaign"),
                         2000);
    }
    assert_in_range(sql_number(w->ledger, "SELECT targeted FROM campaign"), 60, 1940);
    while (!done)
        assert_true(launch_plan_step(w->ledger, NULL, NULL, id, 300, &done, &err));
    assert_int_equal(sql_number(w->ledger, "SELECT count(DISTINCT customer_id) FROM delivery"),
                     2000);
    assert_int_equal(sql_number(w->ledger, "SELECT targeted FROM campaign"), 2000);
}

/* Whatever comes out wrong in the freezing: nothing stays queued, the reason is told. */
static void
a_plan_that_does_not_come_out_goes_back_to_draft(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    bool done = false;
    int64_t id;

    world_add_customers(w, 100);
    id = world_create(w, NULL);
    assert_true(world_begin(w, id, 100, &err));
    assert_true(launch_plan_step(w->ledger, NULL, NULL, id, 30, &done, &err));
    sql_run(w->ledger, "DELETE FROM delivery WHERE customer_id = 10");
    while (launch_plan_step(w->ledger, NULL, NULL, id, 30, &done, &err))
        assert_false(done);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "99 recipients were frozen, 100 were confirmed"));
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery"), 0);
    assert_int_equal(sql_number(w->ledger,
                                "SELECT status='draft' AND plan_state='none' AND launched_at IS "
                                "NULL AND targeted=0 FROM campaign"),
                     1);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM engine_event WHERE "
                                           "level='error' AND text LIKE 'back to draft%99%'"),
                     1);
    world_launch(w, id); /* and it can be launched again */
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery"), 100);
}

static void
an_edit_after_the_launch_is_refused_and_so_is_a_second_launch(void **state)
{
    struct world *w = *state;
    json_t *spec = world_spec("Other text. Reply STOP to end.");
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 10);
    id = world_create(w, NULL);
    world_launch(w, id);
    assert_false(campaign_edit(w->ledger, &w->config, id, spec, true, WORLD_NOW, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(world_begin(w, id, 10, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "clone"));
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery"), 10);
    json_decref(spec);
}

/* --- splits */
static void
shares_are_exact_for_any_number_and_weights(void **state)
{
    static const double weights[][5] = {
        {1},         {1, 1},          {1, 1, 1},
        {50, 50},    {0.1, 0.2, 0.7}, {1, 2, 3, 4, 5},
        {1e-6, 1e6}, {3, 1, 1},       {0.333333, 0.333333, 0.333334},
    };

    (void)state;
    for (size_t w = 0; w < ARRAY_LEN(weights); w++) {
        for (int64_t total = 0; total < 2000; total = total < 50 ? total + 1 : total * 2 - 7) {
            struct campaign_variant variants[5] = {{0}};
            int64_t shares[5] = {0};
            int64_t sum = 0;
            double all = 0;
            size_t count = 0;

            while (count < 5 && weights[w][count] > 0) {
                variants[count].weight = weights[w][count];
                all += weights[w][count++];
            }
            split_shares(variants, count, total, shares);
            for (size_t i = 0; i < count; i++) {
                double quota = (double)total * weights[w][i] / all;

                sum += shares[i];
                if ((double)shares[i] <= quota - 1 - 1e-6 || (double)shares[i] >= quota + 1 + 1e-6)
                    fail_msg("weights %zu, total %lld: share %zu is %lld", w, (long long)total, i,
                             (long long)shares[i]);
            }
            assert_int_equal(sum, total);
        }
    }
}

static void
a_split_is_exact_random_and_the_same_again(void **state)
{
    struct campaign_variant variants[3] = {{.weight = 1}, {.weight = 1}, {.weight = 2}};
    struct campaign c = {
        .uuid = "11111111-2222-4333-8444-555555555555", .variants = variants, .variant_count = 3};
    int64_t count[3] = {0};
    int64_t first_half[3] = {0};
    int64_t changes = 0;
    size_t last = 0;
    struct split a;
    struct split b;

    (void)state;
    split_begin(&a, &c, 10001);
    split_begin(&b, &c, 10001);
    for (int i = 0; i < 10001; i++) {
        size_t v = split_next(&a);

        assert_int_equal(v, split_next(&b));
        count[v]++;
        first_half[v] += i < 5000;
        changes += v != last;
        last = v;
    }
    assert_int_equal(count[0], 2500);
    assert_int_equal(count[1], 2500);
    assert_int_equal(count[2], 5001);
    /* a random sample: neither half is favoured (six standard deviations), no runs */
    assert_in_range(first_half[0], 1250 - 150, 1250 + 150);
    assert_in_range(first_half[2], 2500 - 210, 2500 + 210);
    assert_in_range(changes, 5800, 6700);
    assert_int_equal(split_next(&a), 0);
}

static void
variants_are_queued_by_their_shares(void **state)
{
    struct world *w = *state;
    json_t *spec = world_spec(NULL);
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 101);
    json_object_set_new(spec, "message",
                        json_pack("[{s:s,s:s,s:i},{s:s,s:s,s:i}]", "name", "short", "text",
                                  "Hi. Reply STOP to end.", "weight", 1, "name", "long", "text",
                                  "Hello. Reply STOP to end.", "weight", 2));
    assert_true(campaign_create(w->ledger, &w->config, spec, true, WORLD_NOW, &id, &err));
    json_decref(spec);
    world_launch(w, id);
    assert_int_equal(sql_number(w->ledger, "SELECT planned FROM variant WHERE name='short'"), 34);
    assert_int_equal(sql_number(w->ledger, "SELECT planned FROM variant WHERE name='long'"), 67);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery WHERE variant=0"), 34);
    assert_int_equal(sql_number(w->ledger, "SELECT count(*) FROM delivery WHERE variant=1"), 67);
}

#define IN_MEMORY(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, open_folder, close_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_MEMORY(freezes_every_recipient_once),
        IN_FOLDER(freezes_every_recipient_once),
        IN_MEMORY(the_count_must_be_typed_exactly),
        IN_MEMORY(rules_refuse_a_launch),
        IN_MEMORY(too_long_a_text_is_refused),
        IN_MEMORY(everyone_needs_an_explicit_yes),
        IN_MEMORY(a_start_in_the_future_is_scheduled),
        IN_FOLDER(two_planners_and_a_sync_in_between),
        IN_FOLDER(two_who_launch_at_once_queue_it_once),
        IN_FOLDER(a_clone_and_its_original_launched_at_once),
        IN_FOLDER(a_killed_planner_is_taken_over),
        IN_MEMORY(a_plan_that_does_not_come_out_goes_back_to_draft),
        IN_MEMORY(an_edit_after_the_launch_is_refused_and_so_is_a_second_launch),
        cmocka_unit_test(shares_are_exact_for_any_number_and_weights),
        cmocka_unit_test(a_split_is_exact_random_and_the_same_again),
        IN_MEMORY(variants_are_queued_by_their_shares),
    };

    return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
