/* Frozen recipients: packed, moved in steps of any size, and counted as the triggers would. */
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
#include "core/store/plan_store.h"
#include "core/store/stores.h"
#include "core/store/table_record.h"
#include "sql.h"

static int
open_memory(void **state)
{
    struct error err = {0};
    struct db *db = stores_open_memory(&err);

    if (!db)
        return -1;
    sql_run(db, "INSERT INTO campaign (id, uuid, name, type, channel, spec, status, created_at, "
                "updated_at) VALUES (7, 'u', 'n', 'research', 'sms', '{}', 'draft', 1, 1)");
    *state = db;
    return 0;
}

static int
close_memory(void **state)
{
    db_close(*state);
    return 0;
}

/* Keys of every length and sign, and texts. */
static const int64_t numbers[] = {
    INT64_MIN, INT64_MIN + 1, -4294967296,     -65,           -64,      -1, 0, 1, 63, 64,
    127,       128,           281474976710656, INT64_MAX - 1, INT64_MAX};
static const char *const texts[] = {"", "a", "00000000-0000-4000-8000-000000000001"};
enum { ROWS = 2500 };

static struct key
key_of(int64_t i)
{
    if (i < (int64_t)ARRAY_LEN(numbers))
        return (struct key){.number = numbers[i]};
    if (i >= ROWS - (int64_t)ARRAY_LEN(texts))
        return (struct key){.is_text = true,
                            .text = mem_strdup(texts[i - (ROWS - (int64_t)ARRAY_LEN(texts))])};
    return (struct key){.number = 1000 + i};
}

static void
freeze(struct db *db)
{
    struct plan_writer *w = plan_writer_new(db, 7);
    struct error err = {0};

    for (int64_t i = 0; i < ROWS; i++) {
        struct key key = key_of(i);
        char address[40];
        const struct plan_row row = {&key, address, i % 300};

        (void)snprintf(address, sizeof address, "+1%0*d", (int)(i % 20) + 5, (int)i);
        if (!plan_writer_add(w, &row, &err))
            fail_msg("%s", err.text);
        key_release(&key);
    }
    assert_true(plan_writer_end(w, &err));
    plan_writer_free(w);
    assert_int_equal(sql_number(db, "SELECT sum(people) FROM plan_batch"), ROWS);
}

static void
assert_queued(struct db *db)
{
    struct error err = {0};
    struct db_stmt *st = db_prepare(
        db, "SELECT customer_id, address, variant, state FROM delivery ORDER BY id", &err);
    bool row = true;
    int64_t i = 0;

    assert_non_null(st);
    for (; db_step(st, &row, &err) && row; i++) {
        struct key expected = key_of(i);
        struct key key = db_column_key(st, 0);
        char address[40];

        (void)snprintf(address, sizeof address, "+1%0*d", (int)(i % 20) + 5, (int)i);
        assert_int_equal(key_compare(&key, &expected), 0);
        assert_string_equal(db_column_text(st, 1), address);
        assert_int_equal(db_column_i64(st, 2), i % 300);
        assert_string_equal(db_column_text(st, 3), "queued");
        key_release(&key);
        key_release(&expected);
    }
    db_stmt_release(st);
    assert_int_equal(i, ROWS);
}

static void
what_was_frozen_comes_out_in_steps_of_any_size(void **state)
{
    static const size_t steps[] = {1, 37, 1000, 999, 5000};
    struct db *db = *state;
    struct error err = {0};

    for (size_t s = 0; s < ARRAY_LEN(steps); s++) {
        int64_t moved = 1;

        freeze(db);
        while (moved > 0) {
            assert_true(db_begin(db, &err));
            if (!plan_store_move(db, 7, "sms", steps[s], 50, &moved, &err))
                fail_msg("%s", err.text);
            assert_true(db_commit(db, &err));
            assert_true(moved <= (int64_t)steps[s]);
            assert_int_equal(sql_number(db, "SELECT targeted = (SELECT count(*) FROM delivery) AND "
                                            "n_queued = targeted FROM campaign"),
                             1);
            assert_int_equal(sql_number(db,
                                        "SELECT targeted + (SELECT coalesce(sum(people), 0) FROM "
                                        "plan_batch) FROM campaign"),
                             ROWS);
        }
        assert_queued(db);
        sql_run(db, "DELETE FROM delivery"); /* the triggers are on again: the counters follow */
        assert_int_equal(sql_number(db, "SELECT targeted + n_queued FROM campaign"), 0);
    }
}

static void
an_address_that_is_queued_already_stops_the_step(void **state)
{
    struct db *db = *state;
    struct error err = {0};
    int64_t moved;

    freeze(db);
    /* of the row 1,204: the second batch */
    sql_run(db, "INSERT INTO delivery (campaign_id, customer_id, channel, address, updated_at) "
                "VALUES (7, 'other', 'sms', '+1000001204', 1)");
    assert_true(db_begin(db, &err));
    assert_false(plan_store_move(db, 7, "sms", 2000, 50, &moved, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(db_in_transaction(db));
    assert_int_equal(sql_number(db, "SELECT count(*) FROM delivery"), 1);
    assert_int_equal(sql_number(db, "SELECT targeted FROM campaign"), 1);
    assert_int_equal(sql_number(db, "SELECT sum(people) FROM plan_batch"), ROWS);
}

static void
a_batch_that_was_cut_is_said_to_be_damaged(void **state)
{
    static const char *const damages[] = {
        "UPDATE plan_batch SET packed = substr(packed, 1, length(packed) - 1) WHERE n = 0",
        "UPDATE plan_batch SET packed = x'' WHERE n = 0",
        "UPDATE plan_batch SET packed = x'ffffffffffffffffff' WHERE n = 0",
        "UPDATE plan_batch SET packed = CAST(packed || x'00' AS BLOB) WHERE n = 0",
        "UPDATE plan_batch SET people = 1001 WHERE n = 0",
        "UPDATE plan_batch SET people = 999 WHERE n = 0",
    };
    struct db *db = *state;

    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        struct error err = {0};
        int64_t moved;

        freeze(db);
        sql_run(db, damages[i]);
        assert_true(db_begin(db, &err));
        assert_false(plan_store_move(db, 7, "sms", 5000, 50, &moved, &err));
        assert_int_equal(err.code, ERR_INTERNAL);
        assert_non_null(strstr(err.text, "damaged"));
        db_rollback(db);
        assert_int_equal(sql_number(db, "SELECT count(*) FROM delivery"), 0);
        sql_run(db, "DELETE FROM plan_batch");
    }
}

static void
a_delivery_of_no_campaign_is_refused(void **state)
{
    struct db *db = *state;
    struct error err = {0};

    assert_false(db_exec(db,
                         "INSERT INTO delivery (campaign_id, customer_id, channel, address, "
                         "updated_at) VALUES (8, 1, 'sms', '+1', 1)",
                         &err));
    assert_int_equal(err.code, ERR_CONFLICT);
}

static void
varints_come_back_and_are_not_read_beyond_the_end(void **state)
{
    (void)state;
    for (int bit = 0; bit < 64; bit++) {
        for (int more = -1; more <= 1; more++) {
            uint64_t value = ((uint64_t)1 << bit) + (uint64_t)(int64_t)more;
            unsigned char bytes[VARINT_MAX];
            size_t len = varint_put(bytes, value);
            uint64_t back = ~value;

            assert_int_equal(varint_get(bytes, len, &back), len);
            assert_true(back == value);
            for (size_t cut = 0; cut < len; cut++)
                assert_int_equal(varint_get(bytes, cut, &back), 0);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_frozen_comes_out_in_steps_of_any_size, open_memory,
                                        close_memory),
        cmocka_unit_test_setup_teardown(an_address_that_is_queued_already_stops_the_step,
                                        open_memory, close_memory),
        cmocka_unit_test_setup_teardown(a_batch_that_was_cut_is_said_to_be_damaged, open_memory,
                                        close_memory),
        cmocka_unit_test_setup_teardown(a_delivery_of_no_campaign_is_refused, open_memory,
                                        close_memory),
        cmocka_unit_test(varints_come_back_and_are_not_read_beyond_the_end),
    };

    return cmocka_run_group_tests_name("core/store/plan_store", tests, NULL, NULL);
}
