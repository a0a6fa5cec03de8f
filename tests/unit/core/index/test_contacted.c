/* Who was contacted is kept up as time passes: what the index says is what SQL says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/index/index.h"
#include "core/preview/preview.h"
#include "core/segment/preview_sql.h"
#include "core/store/stores.h"
#include "sql.h"

enum { NOW = 1795424400 };

/* Ten people, of whom number n passes the limit of a day 100 n seconds after NOW. */
static const char SQL_PEOPLE[] =
    "INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, updated_at) "
    "VALUES (1, 'c', 'C', 'research', 'sms', '{}', 1, 1);"
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) "
    "INSERT INTO replica.customer (id, key, is_new_client) SELECT i, i, 0 FROM n;"
    "INSERT INTO delivery (campaign_id, customer_id, channel, address, state, accepted_at, "
    "updated_at) SELECT 1, id, 'sms', '+131055501' || id, 'delivered', "
    "1795424400 - 86400 + id * 100, 1 FROM replica.customer;";
/* While there is a row in `fault`, whoever asks what became of number 8 fails. */
static const char SQL_FAULT[] =
    "CREATE TABLE fault (x); ALTER TABLE delivery RENAME TO every_delivery; "
    "CREATE VIEW delivery AS SELECT id, campaign_id, customer_id, channel, address, accepted_at, "
    "replied_at, CASE WHEN customer_id = 8 AND EXISTS (SELECT 1 FROM fault) "
    "THEN abs(-9223372036854775807 - 1) ELSE state END AS state FROM every_delivery;"
    "INSERT INTO fault VALUES (1);";

static void
test_a_question_that_fails_half_way_leaves_nothing_behind(void **state)
{
    static const char document[] = "{\"contacted_by\":{\"within_days\":1}}";
    struct config config;
    struct segment_env env = {.now_s = NOW, .config = &config};
    struct error err = {0};
    struct db *db = stores_open_memory(&err);
    struct criteria *c = criteria_from_text(document, strlen(document), false, &err);
    struct buf bytes = {0};
    bool merged = false;
    int64_t matched = 0;

    (void)state;
    config_init_defaults(&config);
    sql_run(db, SQL_PEOPLE);
    assert_true(index_make_bytes(db, NULL, &bytes, &merged, &err) &&
                index_attach(db, bytes.data, bytes.len, &err));
    assert_true(segment_count(db, c, &env, &matched, &err));
    assert_int_equal(matched, 10);

    sql_run(db, SQL_FAULT);
    env.now_s = NOW + 1500;
    assert_false(segment_count(db, c, &env, &matched, &err));
    sql_run(db, "DELETE FROM fault");
    env.now_s = NOW + 250; /* the clock was put right meanwhile */
    assert_true(segment_count(db, c, &env, &matched, &err));
    assert_int_equal(matched, 8);
    assert_true(segment_sql_count(db, c, &env, &matched, &err));
    assert_int_equal(matched, 8);

    buf_release(&bytes);
    criteria_free(c);
    db_close(db);
    config_release(&config);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_question_that_fails_half_way_leaves_nothing_behind),
    };

    return cmocka_run_group_tests_name("contacted by", tests, NULL, NULL);
}
