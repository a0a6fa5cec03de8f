/* Opt-outs: who is blocked on what, and what waits for them is skipped in the same transaction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"
#include "sql.h"

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

static bool
blocked(struct db *db, const char *address, const char *channel)
{
    struct error err = {0};
    bool out = false;

    if (!suppression_is(db, address, channel, &out, &err))
        fail_msg("%s", err.text);
    return out;
}

static void
add(struct db *db, const char *address, const char *channel, const char *evidence, int64_t *skipped)
{
    struct error err = {0};

    if (!suppression_add(db, address, channel, "opt_out", evidence, 100, skipped, &err))
        fail_msg("%s", err.text);
}

static void
channels_block_only_what_they_cover(void **state)
{
    static const struct {
        const char *stored, *asked;
        bool blocked;
    } cases[] = {
        {"sms", "sms", true},    {"sms", "voice", false}, {"sms", "email", false},
        {"voice", "sms", false}, {"all", "sms", true},    {"all", "voice", true},
        {"all", "email", true},
    };
    struct db *db = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sql_run(db, "DELETE FROM suppression");
        add(db, "+13105550101", cases[i].stored, "STOP", NULL);
        assert_int_equal(blocked(db, "+13105550101", cases[i].asked), cases[i].blocked);
        assert_false(blocked(db, "+13105550102", cases[i].asked));
    }
}

static void
an_opt_out_skips_what_waits_and_nothing_else(void **state)
{
    struct db *db = *state;
    int64_t skipped = -1;

    sql_run(
        db,
        "INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, updated_at)"
        " VALUES (1, 'u', 'n', 'research', 'sms', '{}', 0, 0), (2, 'v', 'n', 'research', 'sms',"
        " '{}', 0, 0), (3, 'w', 'n', 'research', 'sms', '{}', 0, 0);"
        "INSERT INTO delivery (id, campaign_id, customer_id, channel, address, state, claimed_at,"
        " updated_at) VALUES"
        " (1, 1, 1, 'sms', '+1', 'queued', NULL, 0), (2, 2, 1, 'sms', '+1', 'retry_wait', NULL, 0),"
        " (3, 3, 1, 'sms', '+1', 'sending', 5, 0), (4, 1, 2, 'sms', '+2', 'queued', NULL, 0),"
        " (5, 2, 3, 'voice', '+1', 'queued', NULL, 0);"
        "INSERT INTO conversation (id, uuid, address, channel, created_at, last_message_at)"
        " VALUES (1, 'c', '+1', 'sms', 0, 0);"
        "INSERT INTO message (id, conversation_id, direction, author, address, text, state, at,"
        " updated_at) VALUES (1, 1, 'outbound', 'agent', '+1', 'q', 'queued', 0, 0),"
        " (2, 1, 'outbound', 'agent', '+1', 'q', 'accepted', 0, 0);");
    add(db, "+1", "sms", "STOP", &skipped);
    assert_int_equal(skipped, 3);
    assert_int_equal(sql_number(db, "SELECT count(*) FROM delivery WHERE reason = 'opted_out'"), 2);
    assert_int_equal(sql_number(db, "SELECT count(*) FROM delivery WHERE state = 'queued'"), 2);
    assert_int_equal(sql_number(db, "SELECT count(*) FROM message WHERE state = 'skipped'"), 1);
    assert_int_equal(sql_number(db, "SELECT n_skipped FROM campaign WHERE id = 1"), 1);
}

static void
the_first_evidence_stays_and_removal_is_exact(void **state)
{
    struct db *db = *state;
    struct error err = {0};
    struct suppression *list = NULL;
    size_t count = 0;

    add(db, "+1", "sms", "first", NULL);
    add(db, "+1", "sms", "second", NULL);
    assert_true(suppression_list_load(db, &list, &count, &err));
    assert_int_equal(count, 1);
    assert_string_equal(list[0].evidence, "first");
    assert_string_equal(list[0].reason, "opt_out");
    suppression_list_release(list, count);
    assert_false(suppression_remove(db, "+1", "all", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(suppression_remove(db, "+1", "sms", &err));
    assert_false(blocked(db, "+1", "sms"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(channels_block_only_what_they_cover, open_memory,
                                        close_memory),
        cmocka_unit_test_setup_teardown(an_opt_out_skips_what_waits_and_nothing_else, open_memory,
                                        close_memory),
        cmocka_unit_test_setup_teardown(the_first_evidence_stays_and_removal_is_exact, open_memory,
                                        close_memory),
    };

    return cmocka_run_group_tests_name("suppression_store", tests, NULL, NULL);
}
