/* Opening a main database: what is wrong with it is said in words that help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/store/main_database_sqlite.h"
#include "sync_world.h"

static int
open_world(void **state)
{
    struct sync_world *w = mem_alloc(sizeof *w);

    sync_world_open(w, false);
    *state = w;
    return 0;
}

static int
close_world(void **state)
{
    sync_world_close(*state);
    free(*state);
    return 0;
}

static void
refuses(const char *path, enum err_code code, const char *word)
{
    struct main_database source = {0};
    struct error err = {0};

    assert_false(main_database_open_sqlite(path, &source, &err));
    if (err.code != code || !strstr(err.text, word))
        fail_msg("got %d \"%s\", want %d with \"%s\"", err.code, err.text, code, word);
    assert_null(source.ctx);
    main_database_close(&source);
}

static void
open__a_missing_file(void **state)
{
    (void)state;
    refuses("/nonexistent/main.db", ERR_NOT_FOUND, "main_database.url");
}

static void
open__a_folder(void **state)
{
    struct sync_world *w = *state;

    refuses(w->folder, ERR_INVALID, "not a file");
}

static void
open__missing_tables_and_columns_are_all_named(void **state)
{
    struct sync_world *w = *state;
    struct main_database source = {0};
    struct error err = {0};

    sync_world_run(w, "DROP TABLE appointment_requests; ALTER TABLE customers DROP COLUMN notes; "
                      "ALTER TABLE conversations DROP COLUMN metadata");
    assert_false(main_database_open_sqlite(w->main_path, &source, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.text, "table appointment_requests"));
    assert_non_null(strstr(err.text, "column customers.notes"));
    assert_non_null(strstr(err.text, "column conversations.metadata"));
    assert_non_null(strstr(err.text, w->main_path));
    assert_null(strstr(err.text, "customers.name"));
}

static void
write_file(const char *path, const void *data, size_t len)
{
    struct error err = {0};

    if (!file_write_atomic(path, data, len, 0600, &err))
        fail_msg("%s", err.text);
}

static void
open__an_empty_file(void **state)
{
    struct sync_world *w = *state;
    char *path = path_join(w->folder, "other.db");

    write_file(path, "", 0);
    refuses(path, ERR_INVALID, "table customers, table appointments");
    free(path);
}

static void
open__no_database(void **state)
{
    struct sync_world *w = *state;
    char *path = path_join(w->folder, "other.db");
    char junk[8192];

    memset(junk, 'x', sizeof junk);
    write_file(path, junk, sizeof junk);
    refuses(path, ERR_INTERNAL, "damaged or not a database");
    free(path);
}

static bool
count_row(void *arg, const struct main_row *row, struct error *err)
{
    int *n = arg;

    (void)row;
    (void)err;
    (*n)++;
    return true;
}

/* A file whose later pages are gone: the scan ends with an error, not with fewer rows. */
static void
scan__a_damaged_file_is_an_error(void **state)
{
    struct sync_world *w = *state;
    struct main_database source = {0};
    struct buf data = {0};
    struct error err = {0};
    char *path = path_join(w->folder, "other.db");
    int n = 0;

    sync_world_run(w,
                   "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 5000) "
                   "INSERT INTO customers (id, name) SELECT n, hex(randomblob(40)) FROM i");
    sync_world_run(w, "PRAGMA journal_mode=DELETE");
    assert_true(file_read(w->main_path, 100000000, &data, &err));
    memset(data.data + data.len / 2, 0xA5, data.len / 2);
    write_file(path, data.data, data.len);
    assert_true(main_database_open_sqlite(path, &source, &err));
    assert_false(source.scan_all(source.ctx, MAIN_CUSTOMERS, count_row, &n, &err));
    assert_non_null(strstr(err.text, "customers"));
    assert_non_null(strstr(err.text, "damaged"));
    main_database_close(&source);
    buf_release(&data);
    free(path);
}

static void
open_url__only_sqlite(void **state)
{
    static const char *const urls[] = {"", "main.db", "mysql://x", NULL};
    struct main_database source = {0};
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        assert_false(main_database_open_url(urls[i], &source, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.text, "main_database.url"));
    }
}

struct time_case {
    const char *text;
    int64_t want; /* -1: no time */
};

static void
time_parse__what_a_database_writes(void **state)
{
    static const struct time_case cases[] = {
        {"2026-11-23 09:00:00", 1795424400},
        {"2026-11-23T09:00:00", 1795424400},
        {"2026-11-23 09:00:00.123456", 1795424400},
        {"2026-11-23T09:00:00Z", 1795424400},
        {"2026-11-23 09:00:00+00", 1795424400},
        {"2026-11-23 09:00:00-00:30", 1795426200},
        {"2026-11-23 09:00:00.5+0530", 1795404600},
        {"2026-11-23 09:00:00+5", -1},
        {"2026-11-23 09:00:00+05:3", -1},
        {"2026-11-23 09:00:00 ", -1},
        {"2026-11-23", -1},
        {"2026-11-23 09:00", -1},
        {"23.11.2026 09:00:00", -1},
        {"1795424400", -1},
        {"2026-13-01 00:00:00", -1},
        {"2026-11-23 23:59:60", -1},
        {"", -1},
        {NULL, -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct main_time t = main_time_parse(cases[i].text);

        if (t.set != (cases[i].want != -1) || (t.set && t.s != cases[i].want))
            fail_msg("\"%s\": got %lld", cases[i].text, t.set ? (long long)t.s : -1);
    }
}

static void
text_repair__cuts_between_characters(void **state)
{
    struct buf out = {0};

    (void)state;
    main_text_repair(&out, "a\xC3\xA9\xC3\xA9", 4);
    assert_string_equal(buf_str(&out), "a\xC3\xA9");
    buf_clear(&out);
    main_text_repair(&out, "a\x80z", 100);
    assert_string_equal(buf_str(&out), "a\xEF\xBF\xBDz");
    buf_release(&out);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(open__missing_tables_and_columns_are_all_named),
        WITH_WORLD(open__a_folder),
        WITH_WORLD(open__an_empty_file),
        WITH_WORLD(open__no_database),
        WITH_WORLD(scan__a_damaged_file_is_an_error),
        cmocka_unit_test(open__a_missing_file),
        cmocka_unit_test(open_url__only_sqlite),
        cmocka_unit_test(time_parse__what_a_database_writes),
        cmocka_unit_test(text_repair__cuts_between_characters),
    };

    return cmocka_run_group_tests_name("main database, SQLite", tests, NULL, NULL);
}
