/* Rows through a thread of their own: all kinds of cells, more rows than a batch, and a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/store/bulk_writer.h"

static const struct bulk_target targets[] = {{"main.one", "k, t, r, n", 4}, {"main.two", "a", 1}};

static int
open_db(void **state)
{
    struct error err = {0};
    struct db *db = db_open(NULL, DB_MEMORY, &err);

    *state = db;
    return db && db_exec(db,
                         "CREATE TABLE one (k INTEGER PRIMARY KEY, t TEXT, r REAL, n ANY) STRICT; "
                         "CREATE TABLE two (a INTEGER CHECK (a < 10)) STRICT",
                         &err)
               ? 0
               : -1;
}

static int
close_db(void **state)
{
    db_close(*state);
    return 0;
}

static int64_t
ask(struct db *db, const char *sql)
{
    struct error err = {0};
    int64_t n = -1;

    assert_true(db_query_i64(db, sql, &n, &err));
    return n;
}

static void
bulk_writer__rows_arrive_as_they_were_given(void **state)
{
    enum { ROWS = 5000 };
    struct db *db = *state;
    struct error err = {0};
    struct bulk_writer *w = bulk_writer_start(db, targets, ARRAY_LEN(targets), &err);
    const struct key text = {.is_text = true, .text = mem_strdup("caf\xC3\xA9")};

    assert_non_null(w);
    for (int64_t i = 0; i < ROWS; i++) {
        struct bulk_batch *b = bulk_writer_row(w, 0, &err);

        assert_non_null(b);
        bulk_i64(b, i);
        bulk_text(b, i % 3 == 0 ? NULL : i % 3 == 1 ? "" : "some text");
        bulk_real(b, (double)i / 2);
        bulk_key(b, i % 2 ? &text : NULL);
    }
    assert_true(bulk_writer_exec(w, "INSERT INTO two SELECT count(*) / 5000 FROM one", &err));
    assert_true(bulk_writer_end(w, &err));
    assert_int_equal(ask(db, "SELECT count(*) FROM one"), ROWS);
    assert_int_equal(ask(db, "SELECT a FROM two"), 1); /* after all rows that came before */
    assert_int_equal(ask(db, "SELECT count(*) FROM one WHERE (t IS NULL) = (k % 3 = 0) AND "
                             "(t IS '') = (k % 3 = 1) AND r = k / 2.0 AND "
                             "n IS CASE k % 2 WHEN 1 THEN 'caf\xC3\xA9' END"),
                     ROWS);
    free(text.text);
}

static void
bulk_writer__of_equal_keys_the_first_stays(void **state)
{
    struct db *db = *state;
    struct error err = {0};
    struct bulk_writer *w = bulk_writer_start(db, targets, ARRAY_LEN(targets), &err);

    for (int64_t i = 0; i < 4; i++) {
        struct bulk_batch *b = bulk_writer_row(w, 0, &err);

        bulk_i64(b, 7 + i / 2);
        bulk_null(b);
        bulk_null(b);
        bulk_i64(b, i);
    }
    assert_true(bulk_writer_end(w, &err));
    assert_int_equal(ask(db, "SELECT sum(n) FROM one"), 0 + 2);
}

static void
bulk_writer__a_failure_is_told_at_the_end_if_not_before(void **state)
{
    struct error err = {0};
    struct bulk_writer *w = bulk_writer_start(*state, targets, ARRAY_LEN(targets), &err);
    bool told = false;

    assert_true(bulk_writer_exec(w, "INSERT INTO nowhere VALUES (1)", &err));
    for (int64_t i = 0; i < 100000 && !told; i++) {
        struct bulk_batch *b = bulk_writer_row(w, 1, &err);

        told = !b;
        if (b)
            bulk_i64(b, 1);
    }
    assert_false(bulk_writer_end(w, &err));
    assert_non_null(strstr(err.text, "nowhere"));
    assert_int_equal(ask(*state, "SELECT count(*) FROM two"), 0); /* nothing after it */
}

static void
bulk_writer__what_is_abandoned_is_not_written(void **state)
{
    struct error err = {0};
    struct bulk_writer *w = bulk_writer_start(*state, targets, ARRAY_LEN(targets), &err);
    struct bulk_batch *b = bulk_writer_row(w, 1, &err);

    assert_non_null(b);
    bulk_i64(b, 1);
    bulk_writer_abandon(w);
    bulk_writer_abandon(NULL);
    assert_int_equal(ask(*state, "SELECT count(*) FROM two"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bulk_writer__rows_arrive_as_they_were_given, open_db,
                                        close_db),
        cmocka_unit_test_setup_teardown(bulk_writer__of_equal_keys_the_first_stays, open_db,
                                        close_db),
        cmocka_unit_test_setup_teardown(bulk_writer__a_failure_is_told_at_the_end_if_not_before,
                                        open_db, close_db),
        cmocka_unit_test_setup_teardown(bulk_writer__what_is_abandoned_is_not_written, open_db,
                                        close_db),
    };

    return cmocka_run_group_tests_name("store/bulk_writer", tests, NULL, NULL);
}
