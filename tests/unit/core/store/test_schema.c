/* The schema is the last test: what semantics.md forbids, the database refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/store/stores.h"
#include "sql.h"

static int
open_memory(void **state)
{
    struct error err = {0};
    struct db *db = stores_open_memory(&err);

    if (!db)
        print_error("%s\n", err.text);
    *state = db;
    return db ? 0 : -1;
}

static int
close_memory(void **state)
{
    db_close(*state);
    return 0;
}

static void
refuses(struct db *db, const char *sql)
{
    struct error err = {0};

    assert_false(db_exec(db, sql, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
}

static void
campaign_and_two(struct db *db)
{
    sql_run(db, "INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, updated_at)"
                " VALUES (1, 'u', 'n', 'research', 'sms', '{}', 0, 0);"
                "INSERT INTO delivery (id, campaign_id, customer_id, channel, address, updated_at)"
                " VALUES (1, 1, 10, 'sms', '+1', 0), (2, 1, 'b', 'sms', '+2', 0);");
}

static void
counters_follow_the_rows(void **state)
{
    struct db *db = *state;

    campaign_and_two(db);
    assert_int_equal(sql_number(db, "SELECT targeted FROM campaign"), 2);
    sql_run(db, "UPDATE delivery SET state='accepted', accepted_at=5 WHERE id=1");
    sql_run(db, "UPDATE delivery SET replied_at=6 WHERE id=1");
    assert_int_equal(sql_number(db, "SELECT contacted FROM campaign"), 1);
    assert_int_equal(sql_number(db, "SELECT responded FROM campaign"), 1);
    sql_run(db, "UPDATE delivery SET state='failed' WHERE id=1");
    assert_int_equal(sql_number(db, "SELECT responded + contacted FROM campaign"), 0);
    sql_run(db, "DELETE FROM delivery WHERE id=2");
    assert_int_equal(sql_number(db, "SELECT targeted FROM campaign"), 1);
}

static void
lying_counters_and_impossible_rows_are_refused(void **state)
{
    struct db *db = *state;

    campaign_and_two(db);
    refuses(db, "UPDATE campaign SET targeted = 3");
    refuses(db, "UPDATE campaign SET responded = 1");
    refuses(db, "UPDATE campaign SET status = 'active'");
    refuses(db, "UPDATE delivery SET state='skipped' WHERE id=1");
    refuses(db, "UPDATE delivery SET state='accepted' WHERE id=1");
    refuses(db, "INSERT INTO delivery (campaign_id, customer_id, channel, address, updated_at)"
                " VALUES (1, 10, 'sms', '+9', 0)");
    refuses(db, "INSERT INTO delivery (campaign_id, customer_id, channel, address, updated_at)"
                " VALUES (1, 11, 'sms', '+1', 0)");
}

static void
keys_keep_their_kind_and_order(void **state)
{
    struct db *db = *state;

    campaign_and_two(db);
    sql_run(db, "INSERT INTO delivery (campaign_id, customer_id, channel, address, updated_at)"
                " VALUES (1, '10', 'sms', '+3', 0)"); /* the text "10" is not the number 10 */
    assert_int_equal(sql_number(db, "SELECT count(*) FROM delivery WHERE customer_id = 10"), 1);
    assert_int_equal(sql_number(db, "SELECT id FROM delivery ORDER BY customer_id LIMIT 1"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counters_follow_the_rows, open_memory, close_memory),
        cmocka_unit_test_setup_teardown(lying_counters_and_impossible_rows_are_refused, open_memory,
                                        close_memory),
        cmocka_unit_test_setup_teardown(keys_keep_their_kind_and_order, open_memory, close_memory),
    };

    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
