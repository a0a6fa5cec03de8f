/* The store with files that are damaged, newer, unreachable or full: a clear error, and nothing
 * lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/store/db_stamp.h"
#include "core/store/migrate.h"
#include "core/store/stores.h"
#include "temp_folder.h"

static char folder[TEMP_FOLDER_PATH];

static int
make_folder(void **state)
{
    (void)state;
    temp_folder_make(folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

static void
write_file(const char *name, const char *bytes, size_t len)
{
    char *path = path_join(folder, name);
    struct error err = {0};

    if (!file_write_atomic(path, bytes, len, 0600, &err))
        fail_msg("%s", err.text);
    free(path);
}

static void
ledger_is_made_private_and_opens_again(void **state)
{
    struct error err = {0};
    struct db *db = ledger_open(folder, &err);
    char *path = path_join(folder, "canvass.db");
    struct stat st;
    int64_t value = 0;

    (void)state;
    if (!db)
        fail_msg("%s", err.text);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(setting_set_i64(db, "x", 42, &err));
    db_close(db);
    db = ledger_open(folder, &err);
    assert_non_null(db);
    assert_true(setting_get_i64(db, "x", 0, &value, &err));
    assert_int_equal(value, 42);
    db_close(db);
    free(path);
}

static void
a_damaged_ledger_is_refused_and_kept(void **state)
{
    char garbage[8192];
    char *path = path_join(folder, "canvass.db");
    struct buf after = {0};
    struct error err = {0};

    (void)state;
    memset(garbage, 'x', sizeof garbage);
    write_file("canvass.db", garbage, sizeof garbage);
    assert_null(ledger_open(folder, &err));
    assert_non_null(strstr(err.text, "damaged or not a database"));
    assert_true(file_read(path, 1 << 20, &after, &err));
    assert_int_equal(after.len, sizeof garbage);
    assert_memory_equal(after.data, garbage, sizeof garbage);
    buf_release(&after);
    free(path);
}

static void
a_damaged_replica_is_named_and_not_the_ledger(void **state)
{
    char garbage[8192];
    struct error err = {0};
    struct db *db = ledger_open(folder, &err);

    (void)state;
    assert_non_null(db);
    db_close(db);
    memset(garbage, 'x', sizeof garbage);
    write_file("replica.db", garbage, sizeof garbage);
    assert_null(reader_open(folder, &err));
    assert_non_null(strstr(err.text, "replica.db is damaged or not a database; move it away"));
    assert_null(strstr(err.text, "canvass.db"));
    assert_null(replica_open_writer(folder, &err));
    assert_non_null(strstr(err.text, "replica.db is damaged or not a database; move it away"));
    assert_null(strstr(err.text, ":memory:"));
}

static void
a_newer_ledger_is_refused(void **state)
{
    struct error err = {0};
    struct db *db = ledger_open(folder, &err);

    (void)state;
    assert_non_null(db);
    assert_true(db_exec(db, "PRAGMA user_version=9999", &err));
    db_close(db);
    assert_null(ledger_open(folder, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "newer canvass"));
}

static void
an_unreachable_folder_is_said(void **state)
{
    struct error err = {0};

    (void)state;
    write_file("file", "x", 1);
    char *below_a_file = path_join(folder, "file/home");
    assert_null(ledger_open(below_a_file, &err));
    assert_true(strlen(err.text) > 0);
    free(below_a_file);
}

static void
a_full_disk_is_said_and_loses_nothing(void **state)
{
    struct error err = {0};
    struct db *db = ledger_open(folder, &err);
    int64_t kept = 0;
    bool refused = false;

    (void)state;
    assert_non_null(db);
    assert_true(setting_set_i64(db, "kept", 1, &err));
    /* max_page_count makes SQLite answer as it does when the disk is full */
    assert_true(db_exec(db, "PRAGMA max_page_count=1", &err));
    for (int i = 0; i < 2000 && !refused; i++)
        refused = !audit_add(db, 0, "a", "b", "c",
                             "a long detail that fills pages until no page is left", &err);
    assert_true(refused);
    assert_non_null(strstr(err.text, "the disk is full"));
    assert_true(setting_get_i64(db, "kept", 0, &kept, &err));
    assert_int_equal(kept, 1);
    db_close(db);
}

static void
a_reader_cannot_write(void **state)
{
    struct error err = {0};
    struct db *db = reader_open(folder, &err);

    (void)state;
    if (!db)
        fail_msg("%s", err.text);
    assert_false(setting_set_i64(db, "x", 1, &err));
    assert_int_equal(err.code, ERR_DENIED);
    db_close(db);
}

static void
a_reader_keeps_one_snapshot_of_the_replica(void **state)
{
    struct error err = {0};
    struct db *reader = reader_open(folder, &err);
    struct db *writer = replica_open_writer(folder, &err);
    int64_t n = -1;

    (void)state;
    assert_non_null(reader);
    assert_non_null(writer);
    assert_true(db_begin_read(reader, &err));
    assert_true(db_query_i64(reader, "SELECT count(*) FROM replica.customer", &n, &err));
    assert_true(db_exec(
        writer, "INSERT INTO replica.customer (id, key, is_new_client) VALUES (1, 1, 0)", &err));
    assert_true(db_query_i64(reader, "SELECT count(*) FROM replica.customer", &n, &err));
    assert_int_equal(n, 0);
    db_rollback(reader);
    assert_true(db_query_i64(reader, "SELECT count(*) FROM replica.customer", &n, &err));
    assert_int_equal(n, 1);
    db_close(reader);
    db_close(writer);
}

static void
many_statements_share_the_cache(void **state)
{
    struct error err = {0};
    struct db *db = db_open(NULL, DB_MEMORY, &err);

    (void)state;
    assert_non_null(db);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 300; i++) {
            char *sql = mem_printf("SELECT %d + :x", i);
            struct db_stmt *st = db_prepare(db, sql, &err);
            struct db_stmt *same = db_prepare(db, sql, &err); /* the first is busy: another one */

            assert_ptr_not_equal(st, same);
            db_bind_i64(st, ":x", 1);
            db_bind_i64(same, ":x", 2);
            assert_true(db_step_one(st, &err) && db_step_one(same, &err));
            assert_int_equal(db_column_i64(st, 0) + 1, db_column_i64(same, 0));
            db_stmt_release(st);
            db_stmt_release(same);
            free(sql);
        }
    db_close(db);
}

static void
keys_are_read_and_ordered(void **state)
{
    struct key number = key_parse("10");
    struct key other = key_parse("9");
    struct key uuid = key_parse("0b9e7c1e-0000-4000-8000-000000000000");
    struct key huge = key_parse("99999999999999999999");
    struct key padded = key_parse("0010"); /* somebody else than 10 */

    (void)state;
    assert_false(number.is_text);
    assert_true(uuid.is_text);
    assert_true(huge.is_text);
    assert_true(padded.is_text);
    assert_true(key_compare(&other, &number) < 0);
    assert_true(key_compare(&number, &uuid) < 0);
    key_release(&uuid);
    key_release(&huge);
    key_release(&padded);
}

static void
any_commit_changes_the_stamp(void **state)
{
    struct db_stamp stamp = {0};
    struct error err = {0};
    struct db *db;
    struct db *other;

    (void)state;
    db = ledger_open(folder, &err);
    other = reader_open(folder, &err);
    assert_non_null(db);
    assert_non_null(other);
    assert_true(db_has_changed(other, &stamp));
    assert_false(db_has_changed(other, &stamp));
    assert_true(setting_set_i64(db, "a", 1, &err));
    assert_true(db_has_changed(other, &stamp));
    assert_false(db_has_changed(other, &stamp));
    assert_true(db_begin(db, &err));
    assert_true(setting_set_i64(db, "a", 2, &err));
    assert_false(db_has_changed(other, &stamp));
    assert_true(db_commit(db, &err));
    assert_true(db_has_changed(other, &stamp));
    assert_true(db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", &err));
    (void)db_has_changed(other, &stamp);
    assert_true(setting_set_i64(db, "a", 3, &err));
    assert_true(db_has_changed(other, &stamp));
    assert_false(db_has_changed(other, &stamp));
    db_close(other);
    db_close(db);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ledger_is_made_private_and_opens_again, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_damaged_replica_is_named_and_not_the_ledger, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_damaged_ledger_is_refused_and_kept, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_newer_ledger_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_unreachable_folder_is_said, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_disk_is_said_and_loses_nothing, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_reader_cannot_write, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_reader_keeps_one_snapshot_of_the_replica, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(any_commit_changes_the_stamp, make_folder, remove_folder),
        cmocka_unit_test(many_statements_share_the_cache),
        cmocka_unit_test(keys_are_read_and_ordered),
    };

    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
