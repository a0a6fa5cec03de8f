/* Tables made page by page: SQLite finds them sound, finds every row by its key, and reads what was
 * put in; of all sizes, with rows longer than a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/replica/demo_people.h"
#include "core/store/db.h"
#include "core/store/table_file.h"

enum { WIDTH = 5, LONGEST = 30000 };

static const struct table_plan keyed = {
    "t",
    "CREATE TABLE t (k ANY NOT NULL, k2 INTEGER NOT NULL, i INTEGER, r REAL, s TEXT, "
    "PRIMARY KEY (k, k2)) STRICT, WITHOUT ROWID",
    2};
static const struct table_plan by_id = {
    "t",
    "CREATE TABLE t (k INTEGER PRIMARY KEY, k2 INTEGER NOT NULL, i INTEGER, r REAL, s TEXT) STRICT",
    0};

struct row {
    struct db_cell cells[WIDTH];
    struct buf texts;
};

struct kind {
    const struct table_plan *plan;
    size_t rows;
    size_t key_bytes, text_bytes; /* the longest */
};

static char folder[] = "/tmp/canvass-test-XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/t.db", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void
put_text(struct row *row, size_t cell, const char *start, size_t len, struct demo_random *r)
{
    row->cells[cell] = (struct db_cell){.kind = DB_CELL_TEXT, .at = row->texts.len};
    buf_add_str(&row->texts, start);
    for (size_t i = 0; i < len; i++)
        buf_add_char(&row->texts, (char)('a' + (int)demo_random_range(r, 0, 25)));
    row->cells[cell].len = (uint32_t)(row->texts.len - row->cells[cell].at);
}

/* Some short, some as long as can be. */
static size_t
any_length(struct demo_random *r, size_t most)
{
    return (size_t)demo_random_range(
        r, 0, demo_random_range(r, 0, 9) ? (int64_t)most / 20 : (int64_t)most);
}

static int64_t
any_number(struct demo_random *r)
{
    int64_t number = (int64_t)(demo_random_next(r) >> demo_random_range(r, 0, 63));

    return demo_random_range(r, 0, 1) ? number : -number;
}

/* Row n of a kind, always the same. The keys ascend: numbers, then texts; of each text two. */
static void
make_row(const struct kind *kind, size_t n, struct row *row)
{
    struct demo_random r;
    char start[32];

    r = (struct demo_random){n + 1};
    buf_clear(&row->texts);
    (void)snprintf(start, sizeof start, "%09zu", n / 2);
    row->cells[0] = (struct db_cell){.kind = DB_CELL_I64, .i64 = (int64_t)(n * n) - 1000};
    if (kind->plan->key_columns > 0 && n % 2 == 0 && n > kind->rows / 2)
        r = (struct demo_random){n + 2}; /* the text of the one that follows */
    if (kind->plan->key_columns > 0 && n > kind->rows / 2)
        put_text(row, 0, start, any_length(&r, kind->key_bytes), &r);
    row->cells[1] = (struct db_cell){.kind = DB_CELL_I64, .i64 = (int64_t)(n % 2)};
    row->cells[2] = (struct db_cell){.kind = DB_CELL_I64, .i64 = any_number(&r)};
    row->cells[3] = (struct db_cell){.kind = DB_CELL_REAL, .real = (double)any_number(&r) / 8};
    if (n % 7 == 0)
        row->cells[2].kind = row->cells[3].kind = DB_CELL_NULL;
    if (n % 5 == 0)
        row->cells[4] = (struct db_cell){.kind = DB_CELL_NULL};
    else
        put_text(row, 4, "", any_length(&r, kind->text_bytes), &r);
}

static void
same_cell(struct db_stmt *st, int column, const struct row *row)
{
    const struct db_cell *c = &row->cells[column];
    const char *text;

    switch (c->kind) {
    case DB_CELL_NULL:
        assert_true(db_column_is_null(st, column));
        return;
    case DB_CELL_I64:
        assert_true(db_column_is_int(st, column));
        assert_int_equal(db_column_i64(st, column), c->i64);
        return;
    case DB_CELL_REAL:
        assert_true(db_column_is_real(st, column));
        assert_true(db_column_double(st, column) >= c->real &&
                    db_column_double(st, column) <= c->real);
        return;
    case DB_CELL_TEXT:
        text = db_column_text(st, column);
        assert_int_equal(strlen(text), c->len);
        assert_memory_equal(text, row->texts.data + c->at, c->len);
        return;
    }
}

static void
make_file(const struct kind *kind)
{
    struct error err = {0};
    struct table_file *f = table_file_new(path, kind->plan, &err);
    struct row row = {0};

    assert_non_null(f);
    for (size_t n = 0; n < kind->rows; n++) {
        make_row(kind, n, &row);
        assert_int_equal(table_file_add(f, row.cells, WIDTH, buf_str(&row.texts), &err),
                         TABLE_ADDED);
    }
    assert_int_equal(table_file_rows(f), kind->rows);
    assert_true(table_file_end(f, &err));
    table_file_free(f);
    buf_release(&row.texts);
}

static void
is_sound(struct db *db, const char *schema)
{
    struct error err = {0};
    char *sql = mem_printf("PRAGMA %s.integrity_check", schema);
    struct db_stmt *st = db_prepare(db, sql, &err);

    assert_non_null(st);
    assert_true(db_step_one(st, &err));
    assert_string_equal(db_column_text(st, 0), "ok");
    db_stmt_release(st);
    free(sql);
}

/* In order, and each by its key. */
static void
has_all_rows(struct db *db, const struct kind *kind, const char *table)
{
    struct error err = {0};
    char *all = mem_printf("SELECT * FROM %s ORDER BY k, k2", table);
    char *one = mem_printf("SELECT * FROM %s WHERE k = :k AND k2 = :k2", table);
    struct db_stmt *walk = db_prepare(db, all, &err);
    struct db_stmt *look = db_prepare(db, one, &err);
    struct row row = {0};
    bool more = false;

    assert_true(walk && look);
    for (size_t n = 0; n < kind->rows; n++) {
        struct key key;

        make_row(kind, n, &row);
        assert_true(db_step_one(walk, &err));
        key = db_column_key(walk, 0);
        db_bind_key(look, ":k", &key);
        db_bind_i64(look, ":k2", db_column_i64(walk, 1));
        assert_true(db_step_one(look, &err));
        for (int c = 0; c < WIDTH; c++) {
            same_cell(walk, c, &row);
            same_cell(look, c, &row);
        }
        db_stmt_reset(look);
        key_release(&key);
    }
    assert_true(db_step(walk, &more, &err));
    assert_false(more);
    db_stmt_release(walk);
    db_stmt_release(look);
    buf_release(&row.texts);
    free(all);
    free(one);
}

static void
table_file__is_a_table(void **state)
{
    static const struct kind kinds[] = {
        {&keyed, 0, 0, 0},        {&keyed, 1, 10, 10},       {&keyed, 2, 10, 10},
        {&keyed, 130, 20, 20},    {&keyed, 131, 20, 20},     {&keyed, 30000, 20, 20},
        {&keyed, 3000, 900, 100}, {&keyed, 3000, 3000, 100}, {&keyed, 500, 9000, LONGEST},
        {&by_id, 0, 0, 0},        {&by_id, 1, 0, 10},        {&by_id, 30000, 0, 20},
        {&by_id, 3000, 0, 5000},  {&by_id, 500, 0, LONGEST}, {&by_id, 60000, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct error err = {0};
        char *copy;
        struct db *db;

        make_file(&kinds[i]);
        db = db_open(path, DB_READ_WRITE_AS_IS, &err);
        assert_non_null(db);
        is_sound(db, "main");
        has_all_rows(db, &kinds[i], "main.t");
        /* into another database, as the sync takes it over */
        assert_true(db_attach(db, NULL, "other", DB_MEMORY, &err));
        copy = mem_printf("CREATE TABLE other.%s", kinds[i].plan->sql + strlen("CREATE TABLE "));
        assert_true(db_exec(db, copy, &err));
        assert_true(db_exec(db, "INSERT INTO other.t SELECT * FROM main.t", &err));
        is_sound(db, "other");
        has_all_rows(db, &kinds[i], "other.t");
        /* and it can be written to like any other */
        assert_true(db_exec(db, "DELETE FROM main.t WHERE k2 = 1", &err));
        is_sound(db, "main");
        db_close(db);
        free(copy);
    }
}

static void
table_file__takes_nothing_out_of_order(void **state)
{
    static const struct db_cell rows[][3] = {
        {{.kind = DB_CELL_I64, .i64 = 5}, {.kind = DB_CELL_I64, .i64 = 1}, {.kind = DB_CELL_NULL}},
        {{.kind = DB_CELL_I64, .i64 = 5}, {.kind = DB_CELL_I64, .i64 = 1}, {.kind = DB_CELL_NULL}},
        {{.kind = DB_CELL_I64, .i64 = 4}, {.kind = DB_CELL_I64, .i64 = 9}, {.kind = DB_CELL_NULL}},
        {{.kind = DB_CELL_NULL}, {.kind = DB_CELL_I64, .i64 = 9}, {.kind = DB_CELL_NULL}},
        {{.kind = DB_CELL_TEXT, .len = 2, .at = 0},
         {.kind = DB_CELL_I64, .i64 = 0},
         {.kind = DB_CELL_NULL}},
        {{.kind = DB_CELL_TEXT, .len = 1, .at = 0},
         {.kind = DB_CELL_I64, .i64 = 9},
         {.kind = DB_CELL_NULL}},
        {{.kind = DB_CELL_I64, .i64 = 7}, {.kind = DB_CELL_I64, .i64 = 0}, {.kind = DB_CELL_NULL}},
        {{.kind = DB_CELL_TEXT, .len = 2, .at = 1},
         {.kind = DB_CELL_I64, .i64 = 0},
         {.kind = DB_CELL_NULL}},
    };
    static const bool good[][ARRAY_LEN(rows)] = {
        {true, false, false, false, true, false, false, true},
        {true, false, false, false, false, false, true, false},
    };
    static const struct table_plan *const plans[] = {&keyed, &by_id};

    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(plans); p++) {
        struct error err = {0};
        struct table_file *f = table_file_new(path, plans[p], &err);

        assert_non_null(f);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            assert_int_equal(table_file_add(f, rows[i], 3, "abc", &err),
                             good[p][i] ? TABLE_ADDED : TABLE_UNORDERED);
        table_file_free(f);
    }
}

static void
table_file__is_nobody_elses_to_read(void **state)
{
    struct error err = {0};
    struct table_file *f = table_file_new(path, &keyed, &err);
    struct stat st;

    (void)state;
    assert_non_null(f);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(table_file_end(f, &err));
    table_file_empty(f);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 0);
    table_file_free(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_file__is_a_table),
        cmocka_unit_test(table_file__takes_nothing_out_of_order),
        cmocka_unit_test(table_file__is_nobody_elses_to_read),
    };

    return cmocka_run_group_tests_name("table file", tests, make_folder, remove_folder);
}
