/* Rows through a thread of their own: all kinds of cells, more rows than a batch, and a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/store/bulk_writer.h"

static const struct bulk_target targets[] = {{"main.one", "k, t, r, n", 4, NULL, 0},
                                             {"main.two", "a", 1, NULL, 0}};

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
    struct bulk_writer *w = bulk_writer_start(db, targets, ARRAY_LEN(targets), NULL, &err);
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
    assert_true(bulk_writer_end(w, NULL, &err));
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
    struct bulk_writer *w = bulk_writer_start(db, targets, ARRAY_LEN(targets), NULL, &err);

    for (int64_t i = 0; i < 4; i++) {
        struct bulk_batch *b = bulk_writer_row(w, 0, &err);

        bulk_i64(b, 7 + i / 2);
        bulk_null(b);
        bulk_null(b);
        bulk_i64(b, i);
    }
    assert_true(bulk_writer_end(w, NULL, &err));
    assert_int_equal(ask(db, "SELECT sum(n) FROM one"), 0 + 2);
}

static void
bulk_writer__a_failure_is_told_at_the_end_if_not_before(void **state)
{
    struct error err = {0};
    struct bulk_writer *w = bulk_writer_start(*state, targets, ARRAY_LEN(targets), NULL, &err);
    bool told = false;

    assert_true(bulk_writer_exec(w, "INSERT INTO nowhere VALUES (1)", &err));
    for (int64_t i = 0; i < 100000 && !told; i++) {
        struct bulk_batch *b = bulk_writer_row(w, 1, &err);

        told = !b;
        if (b)
            bulk_i64(b, 1);
    }
    assert_false(bulk_writer_end(w, NULL, &err));
    assert_non_null(strstr(err.text, "nowhere"));
    assert_int_equal(ask(*state, "SELECT count(*) FROM two"), 0); /* nothing after it */
}

static void
bulk_writer__what_is_abandoned_is_not_written(void **state)
{
    struct error err = {0};
    struct bulk_writer *w = bulk_writer_start(*state, targets, ARRAY_LEN(targets), NULL, &err);
    struct bulk_batch *b = bulk_writer_row(w, 1, &err);

    assert_non_null(b);
    bulk_i64(b, 1);
    bulk_writer_abandon(w);
    bulk_writer_abandon(NULL);
    assert_int_equal(ask(*state, "SELECT count(*) FROM two"), 0);
}

/* ---- tables that go in as a whole */

static const struct bulk_target filed[] = {{"replica.three", "k, t, c", 3, "three", 1},
                                           {"replica.four", "k, t", 2, "four", 0}};

struct filed_world {
    char folder[32];
    char *path, *files;
    struct db *db;
};

static int
open_filed(void **state)
{
    struct filed_world *w = mem_alloc(sizeof *w);
    struct error err = {0};

    *w = (struct filed_world){.folder = "/tmp/canvass-test-XXXXXX"};
    *state = w;
    if (!mkdtemp(w->folder))
        return -1;
    w->path = path_join(w->folder, "r.db");
    w->files = mem_printf("%s-built-", w->path);
    w->db = db_open(NULL, DB_MEMORY, &err);
    return w->db && db_attach(w->db, w->path, "replica", DB_CREATE, &err) &&
                   db_exec(w->db,
                           "CREATE TABLE replica.three (k ANY NOT NULL PRIMARY KEY, t TEXT, "
                           "c INTEGER CHECK (c < 10)) STRICT, WITHOUT ROWID;"
                           "CREATE TABLE replica.four (k INTEGER PRIMARY KEY, t TEXT, "
                           "twice TEXT GENERATED ALWAYS AS (t || t) VIRTUAL) STRICT",
                           &err)
               ? 0
               : -1;
}

static int
close_filed(void **state)
{
    struct filed_world *w = *state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    int left;

    db_close(w->db);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char *path = mem_printf("%s%s", w->path, ends[i]);

        (void)unlink(path);
        free(path);
    }
    left = rmdir(w->folder); /* nothing else may lie there */
    free(w->path);
    free(w->files);
    free(w);
    return left;
}

static void
add_three(struct bulk_writer *w, int64_t number, const char *text)
{
    struct error err = {0};
    struct bulk_batch *b = bulk_writer_row(w, 0, &err);

    assert_non_null(b);
    if (text)
        bulk_text(b, text);
    else
        bulk_i64(b, number);
    bulk_text(b, "three");
    bulk_i64(b, 1);
}

static void
add_four(struct bulk_writer *w, int64_t number)
{
    struct error err = {0};
    struct bulk_batch *b = bulk_writer_row(w, 1, &err);

    assert_non_null(b);
    bulk_i64(b, number);
    bulk_text(b, "f");
}

static void
bulk_writer__rows_in_order_go_in_as_a_table(void **state)
{
    enum { ROWS = 3000 };
    struct filed_world *f = *state;
    struct error err = {0};
    int64_t inserted[2] = {0};
    struct bulk_writer *w;

    for (int round = 0; round < 2; round++) { /* again, over what was there */
        assert_true(db_begin(f->db, &err));
        assert_true(db_exec(f->db, "DELETE FROM replica.three; DELETE FROM replica.four", &err));
        w = bulk_writer_start(f->db, filed, ARRAY_LEN(filed), f->files, &err);
        assert_non_null(w);
        for (int64_t i = 0; i < ROWS; i++) {
            add_four(w, i * 3);
            add_three(w, i, NULL);
        }
        assert_true(bulk_writer_target_end(w, 0, &err));
        assert_true(bulk_writer_exec(
            w, "DELETE FROM replica.three WHERE k = (SELECT max(k) FROM replica.three)", &err));
        assert_true(bulk_writer_end(w, inserted, &err)); /* the other is ended with it */
        assert_int_equal(inserted[0], ROWS);
        assert_int_equal(inserted[1], ROWS);
        assert_true(db_commit(f->db, &err));
        assert_true(bulk_writer_let_go(f->db, filed, ARRAY_LEN(filed), &err));
        assert_int_equal(ask(f->db, "SELECT count(*) FROM pragma_database_list"), 2);
        assert_int_equal(ask(f->db, "SELECT count(*) FROM replica.three WHERE t = 'three'"),
                         ROWS - 1);
        assert_int_equal(ask(f->db, "SELECT count(*) FROM replica.four WHERE k % 3 = 0 AND "
                                    "twice = 'ff'"),
                         ROWS);
    }
}

static void
bulk_writer__rows_out_of_order_are_inserted(void **state)
{
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {{1, NULL}, {2, NULL}, {2, NULL}, {0, "b"},
                {0, "a"},  {0, "b"},  {0, NULL}, {9, NULL}};
    struct filed_world *f = *state;
    struct error err = {0};
    int64_t inserted[2] = {0};
    struct bulk_writer *w;

    assert_true(db_begin(f->db, &err));
    w = bulk_writer_start(f->db, filed, ARRAY_LEN(filed), f->files, &err);
    assert_non_null(w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        add_three(w, rows[i].number, rows[i].text);
    add_four(w, 7);
    add_four(w, 7);
    add_four(w, 3);
    assert_true(bulk_writer_target_end(w, 0, &err));
    assert_true(bulk_writer_target_end(w, 1, &err));
    assert_true(bulk_writer_end(w, inserted, &err));
    assert_int_equal(inserted[0], 6);
    assert_int_equal(inserted[1], 2);
    assert_true(db_commit(f->db, &err));
    assert_true(bulk_writer_let_go(f->db, filed, ARRAY_LEN(filed), &err));
    assert_int_equal(ask(f->db, "SELECT count(*) FROM replica.three"), 6);
    assert_int_equal(ask(f->db, "SELECT sum(k) FROM replica.four"), 10);
}

static void
bulk_writer__what_a_killed_process_left_is_removed(void **state)
{
    struct filed_world *f = *state;
    char *left = mem_printf("%sthree", f->files);
    struct error err = {0};

    assert_true(file_write_atomic(left, "x", 1, 0600, &err));
    bulk_writer_clean(filed, ARRAY_LEN(filed), f->files);
    assert_false(file_exists(left));
    bulk_writer_clean(filed, ARRAY_LEN(filed), f->files);
    bulk_writer_clean(filed, ARRAY_LEN(filed), NULL);
    free(left);
}

static void
bulk_writer__an_abandoned_file_is_gone(void **state)
{
    struct filed_world *f = *state;
    struct error err = {0};
    struct bulk_writer *w;

    assert_true(db_begin(f->db, &err));
    w = bulk_writer_start(f->db, filed, ARRAY_LEN(filed), f->files, &err);
    assert_non_null(w);
    for (int64_t i = 0; i < 2000; i++)
        add_four(w, i);
    bulk_writer_abandon(w);
    db_rollback(f->db);
    assert_true(bulk_writer_let_go(f->db, filed, ARRAY_LEN(filed), &err));
    assert_int_equal(ask(f->db, "SELECT count(*) FROM replica.four"), 0);
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
        cmocka_unit_test_setup_teardown(bulk_writer__rows_in_order_go_in_as_a_table, open_filed,
                                        close_filed),
        cmocka_unit_test_setup_teardown(bulk_writer__rows_out_of_order_are_inserted, open_filed,
                                        close_filed),
        cmocka_unit_test_setup_teardown(bulk_writer__what_a_killed_process_left_is_removed,
                                        open_filed, close_filed),
        cmocka_unit_test_setup_teardown(bulk_writer__an_abandoned_file_is_gone, open_filed,
                                        close_filed),
    };

    return cmocka_run_group_tests_name("store/bulk_writer", tests, NULL, NULL);
}
