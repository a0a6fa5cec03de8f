/* A provider's words by rank, in any order and any number of times (providers.md 1.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/base/cc.h"
#include "core/outbox/callback.h"
#include "core/outbox/settle.h"
#include "core/store/stores.h"
#include "sql.h"

enum { EVENTS_MAX = 8 };

static int
open_memory(void **state)
{
    struct error err = {0};

    *state = stores_open_memory(&err);
    return *state ? 0 : -1;
}

static int
close_memory(void **state)
{
    db_close(*state);
    return 0;
}

/* One delivery whose only attempt (uid "att") is under way. */
static void
fresh(struct db *db)
{
    sql_run(db,
            "DELETE FROM attempt; DELETE FROM delivery; DELETE FROM campaign; DELETE FROM "
            "suppression; DELETE FROM engine_event;"
            "INSERT INTO campaign (id, uuid, name, type, channel, status, launched_at, spec, "
            "created_at, updated_at) VALUES (1, 'u', 'n', 'research', 'sms', 'active', 1, '{}', 0, "
            "0);"
            "INSERT INTO delivery (id, campaign_id, customer_id, channel, address, state, "
            "attempts, claimed_at, updated_at) VALUES (1, 1, 1, 'sms', '+13105550001', 'sending', "
            "1, 100, 100);"
            "INSERT INTO attempt (id, uid, delivery_id, number, address, sender, text, segments, "
            "fence, claimed_at) VALUES (1, 'att', 1, 1, '+13105550001', 's', 't', 1, 1, 100);");
}

static bool
apply(struct db *db, const char *uid, const char *sid, const char *status, int code)
{
    const struct provider_status s = {uid, sid, status, code};
    struct error err = {0};
    bool known = false;

    if (!delivery_apply_status(db, &s, 200, &known, &err))
        fail_msg("%s", err.text);
    return known;
}

static void
answer(struct db *db, enum send_outcome outcome, enum send_class klass, const char *sid)
{
    struct config config;
    struct sms_result r = {.attempt_id = 1, .outcome = outcome, .klass = klass, .http_status = 201};
    struct settle_sum sum = {0};
    struct error err = {0};

    config_init_defaults(&config);
    (void)snprintf(r.provider_id, sizeof r.provider_id, "%s", sid);
    (void)snprintf(r.provider_status, sizeof r.provider_status, "queued");
    if (!settle_answer(db, &config, &r, 200000, &sum, &err))
        fail_msg("%s", err.text);
    config_release(&config);
}

static void
expect_state(struct db *db, const char *state, const char *where)
{
    char sql[120];

    (void)snprintf(sql, sizeof sql, "SELECT state = '%s' FROM delivery WHERE id = 1", state);
    if (sql_number(db, sql) != 1)
        fail_msg("%s: not %s", where, state);
}

struct event {
    const char *uid, *sid, *status;
    int code;
};

/* Every order of the events, each also with all of them repeated, before and after the answer. */
static void
try_order(struct db *db, const struct event *events, const size_t *order, size_t count,
          const char *final, const char *name)
{
    for (size_t answer_at = 0; answer_at <= count; answer_at++) {
        fresh(db);
        for (size_t i = 0; i <= count; i++) {
            if (i == answer_at)
                answer(db, SEND_ACCEPTED, SEND_CLASS_NONE, events[0].sid);
            if (i < count)
                assert_true(apply(db, events[order[i]].uid, events[order[i]].sid,
                                  events[order[i]].status, events[order[i]].code));
        }
        for (size_t i = 0; i < count; i++)
            assert_true(apply(db, NULL, events[order[i]].sid, events[order[i]].status,
                              events[order[i]].code));
        expect_state(db, final, name);
        assert_int_equal(sql_number(db, "SELECT contacted + n_failed FROM campaign"), 1);
    }
}

static void
permute(struct db *db, const struct event *events, size_t *order, size_t at, size_t count,
        const char *final, const char *name)
{
    if (at == count) {
        try_order(db, events, order, count, final, name);
        return;
    }
    for (size_t i = at; i < count; i++) {
        size_t t = order[at];

        order[at] = order[i];
        order[i] = t;
        permute(db, events, order, at + 1, count, final, name);
        order[i] = order[at];
        order[at] = t;
    }
}

static void
sequences_of_the_vectors_end_the_same_in_any_order(void **state)
{
    json_error_t why;
    json_t *root = json_load_file(TEST_FIXTURES "/vectors/twilio_payloads.json", 0, &why);
    json_t *list = json_object_get(root, "status_sequences");
    size_t i;
    json_t *sequence;

    assert_true(json_array_size(list) >= 9);
    json_array_foreach(list, i, sequence)
    {
        json_t *rows = json_object_get(sequence, "events");
        struct event events[EVENTS_MAX];
        size_t order[EVENTS_MAX];
        size_t count = json_array_size(rows);

        assert_in_range(count, 1, EVENTS_MAX);
        for (size_t j = 0; j < count; j++) {
            json_t *f = json_object_get(json_array_get(rows, j), "fields");
            const char *code = json_string_value(json_object_get(f, "ErrorCode"));

            order[j] = j;
            events[j] = (struct event){"att", json_string_value(json_object_get(f, "MessageSid")),
                                       json_string_value(json_object_get(f, "MessageStatus")),
                                       code ? (int)strtol(code, NULL, 10) : 0};
        }
        permute(*state, events, order, 0, count,
                json_string_value(json_object_get(sequence, "final")),
                json_string_value(json_object_get(sequence, "name")));
    }
    json_decref(root);
}

static void
a_callback_settles_what_is_in_doubt(void **state)
{
    struct db *db = *state;

    fresh(db);
    answer(db, SEND_UNKNOWN, SEND_CLASS_NONE, "");
    expect_state(db, "in_doubt", "after no answer");
    assert_true(apply(db, "att", "SM1", "sent", 0));
    expect_state(db, "sent", "after the callback");
    assert_int_equal(sql_number(db, "SELECT settled_by = 'callback' AND provider_id = 'SM1' AND "
                                    "next_lookup_at IS NULL FROM attempt"),
                     1);
    assert_int_equal(sql_number(db, "SELECT accepted_at FROM delivery"), 100);
}

static void
an_answer_after_the_callback_changes_nothing(void **state)
{
    struct db *db = *state;

    fresh(db);
    assert_true(apply(db, "att", "SM1", "delivered", 0));
    answer(db, SEND_UNKNOWN, SEND_CLASS_NONE, "");
    expect_state(db, "delivered", "unknown");
    answer(db, SEND_NOT_SENT, SEND_CLASS_RETRY, "");
    expect_state(db, "delivered", "not sent");
    answer(db, SEND_REJECTED, SEND_CLASS_PERMANENT, "");
    expect_state(db, "delivered", "rejected");
}

/* The list said "not there", it was queued again, and then the callback comes after all. */
static void
late_proof_keeps_a_queued_message_from_going_out_again(void **state)
{
    struct db *db = *state;
    struct attempt a = {0};
    struct error err = {0};

    fresh(db);
    answer(db, SEND_UNKNOWN, SEND_CLASS_NONE, "");
    assert_true(attempt_load(db, 1, &a, &err));
    assert_true(settle_not_sent(db, &a, "list", "not there", 150000, &err));
    attempt_release(&a);
    expect_state(db, "queued", "list");
    assert_true(apply(db, "att", "SM1", "delivered", 0));
    expect_state(db, "delivered", "late callback");
    assert_int_equal(sql_number(db, "SELECT count(*) FROM engine_event"), 0);
}

static void
a_double_is_told_and_never_hidden(void **state)
{
    struct db *db = *state;

    fresh(db);
    sql_run(db,
            "UPDATE attempt SET outcome = 'not_sent'; UPDATE delivery SET attempts = 2;"
            "INSERT INTO attempt (id, uid, delivery_id, number, address, sender, text, segments, "
            "fence, claimed_at, outcome, provider_id) VALUES (2, 'att2', 1, 2, '+13105550001', "
            "'s', 't', 1, 1, 110, 'accepted', 'SM2');"
            "UPDATE delivery SET state = 'accepted', accepted_at = 111, provider_id = 'SM2'");
    assert_true(apply(db, "att", "SM1", "delivered", 0));
    expect_state(db, "accepted", "the second one stands");
    assert_int_equal(sql_number(db, "SELECT count(*) FROM engine_event WHERE level = 'error'"), 1);
    /* And one attempt under two ids. */
    assert_true(apply(db, "att2", "SM9", "delivered", 0));
    expect_state(db, "accepted", "another id");
    assert_int_equal(sql_number(db, "SELECT count(*) FROM engine_event WHERE level = 'error'"), 2);
}

/* 30022: said once, and the minute of half the rate begins anew with each. */
static void
a_carriers_complaint_halves_the_rate(void **state)
{
    struct db *db = *state;
    const char *events = "SELECT count(*) FROM engine_event WHERE text LIKE '%30022%'";
    const char *until = "SELECT value FROM setting WHERE key = 'sms_slow_until_ms'";

    fresh(db);
    sql_run(db, "DELETE FROM setting WHERE key = 'sms_slow_until_ms'");
    assert_true(apply(db, "att", "SM1", "undelivered", 30007));
    assert_int_equal(sql_number(db, events), 0);
    fresh(db);
    assert_true(apply(db, "att", "SM1", "undelivered", 30022));
    assert_int_equal(sql_number(db, until), 260000);
    assert_int_equal(sql_number(db, events), 1);
    sql_run(db, "UPDATE setting SET value = 240000 WHERE key = 'sms_slow_until_ms'");
    assert_true(apply(db, "att", "SM1", "undelivered", 30022));
    assert_int_equal(sql_number(db, events), 1);
}

static void
opted_out_by_status_suppresses_and_strangers_are_unknown(void **state)
{
    struct db *db = *state;

    fresh(db);
    assert_false(apply(db, "nobody", "SM404", "delivered", 0));
    assert_false(apply(db, NULL, NULL, "delivered", 0));
    assert_true(apply(db, "att", "SM1", "failed", 21610));
    expect_state(db, "failed", "21610");
    assert_int_equal(sql_number(db, "SELECT count(*) FROM suppression WHERE channel = 'sms'"), 1);
    assert_int_equal(sql_number(db, "SELECT error_code FROM delivery"), 21610);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        T(sequences_of_the_vectors_end_the_same_in_any_order),
        T(a_callback_settles_what_is_in_doubt),
        T(an_answer_after_the_callback_changes_nothing),
        T(late_proof_keeps_a_queued_message_from_going_out_again),
        T(a_double_is_told_and_never_hidden),
        T(a_carriers_complaint_halves_the_rate),
        T(opted_out_by_status_suppresses_and_strangers_are_unknown),
    };

    return cmocka_run_group_tests_name("callback", tests, NULL, NULL);
}
