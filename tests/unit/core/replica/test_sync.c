/* Syncing: what changes, what stays, what a failure leaves, and incremental against full on random
 * changes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/replica/demo_people.h"
#include "core/store/main_database_sqlite.h"
#include "core/store/replica_state_store.h"
#include "core/store/stores.h"
#include "index_same.h"
#include "sync_world.h"

#define NOW 1795424400 /* 2026-11-23T09:00:00Z */

static int
open_world(void **state)
{
    struct sync_world *w = mem_alloc(sizeof *w);

    sync_world_open(w, false);
    sync_world_run(w, "INSERT INTO customers (id, name, phone, updated_at) VALUES "
                      "(1, 'Ana', '020 7946 0958', '2026-11-23 08:00:00'),"
                      "(2, 'Bo', NULL, '2026-11-23 08:00:00');"
                      "INSERT INTO appointments (id, customer_id, appointment_datetime, status, "
                      "updated_at) VALUES (1, 1, '2026-11-01 10:00:00', 'completed', "
                      "'2026-11-23 08:00:00');"
                      "INSERT INTO conversations (id, customer_id, last_activity_at, metadata, "
                      "updated_at) VALUES ('a', 2, '2026-11-02 10:00:00', '{\"p\":1}', "
                      "'2026-11-23 08:00:00');");
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
says(struct sync_world *w, const char *sql, const char *want)
{
    char *got = sync_world_ask(w, sql);

    assert_string_equal(got, want);
    free(got);
}

static void
sync__the_first_is_full_whatever_was_asked(void **state)
{
    struct sync_world *w = *state;
    struct sync_result r = sync_world_sync(w, SYNC_INCREMENTAL, NOW);

    assert_int_equal(r.mode, SYNC_FULL);
    assert_string_equal(r.why_full, "the first sync");
    assert_int_equal(r.generation, 1);
    assert_int_equal(r.customers, 2);
    assert_int_equal(r.rows_read, 4);
    says(w,
         "SELECT generation || ' ' || synced_at || ' ' || country || ' ' || customers FROM "
         "replica.state",
         "1 1795424400 US 2");
}

/* A column that the reference lacks, but a file may have; what no zone is called is not kept. */
static void
sync__a_time_zone_is_kept_when_there_is_one_of_that_name(void **state)
{
    struct sync_world *w = *state;
    struct sync_result r;

    sync_world_run(w, "ALTER TABLE customers ADD COLUMN time_zone TEXT;"
                      "UPDATE customers SET time_zone = 'America/Chicago' WHERE id = 1;"
                      "UPDATE customers SET time_zone = 'Central' WHERE id = 2");
    r = sync_world_sync(w, SYNC_FULL, NOW);
    assert_int_equal(r.bad_zones, 1);
    says(w, "SELECT group_concat(key || ' ' || coalesce(time_zone, '-')) FROM replica.customer",
         "1 America/Chicago,2 -");
    sync_world_run(w, "UPDATE customers SET time_zone = 'Europe/Berlin', updated_at = '2026-11-23 "
                      "10:00:00' WHERE id = 2");
    r = sync_world_sync(w, SYNC_INCREMENTAL, NOW + 60);
    assert_int_equal(r.rows_written, 1);
    assert_int_equal(r.bad_zones, 0);
    says(w, "SELECT time_zone FROM replica.customer WHERE key = 2", "Europe/Berlin");
}

static void
sync__nothing_changed_keeps_the_generation(void **state)
{
    struct sync_world *w = *state;
    struct sync_result r;

    (void)sync_world_sync(w, SYNC_FULL, NOW);
    r = sync_world_sync(w, SYNC_INCREMENTAL, NOW + 60);
    assert_int_equal(r.mode, SYNC_INCREMENTAL);
    assert_false(r.changed);
    assert_int_equal(r.generation, 1);
    says(w, "SELECT synced_at FROM replica.state", "1795424460");
}

/* An old file is known by its time and size: nothing is read at all. */
static void
sync__an_untouched_file_is_not_read(void **state)
{
    struct sync_world *w = *state;
    const struct timeval old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    struct error err = {0};
    struct sync_result r;

    assert_true(db_exec(w->main, "PRAGMA journal_mode=DELETE", &err));
    assert_int_equal(utimes(w->main_path, old), 0);
    (void)sync_world_sync(w, SYNC_FULL, NOW);
    r = sync_world_sync(w, SYNC_INCREMENTAL, NOW + 60);
    assert_int_equal(r.rows_read, 0);
    assert_int_equal(r.customers, 2);
    says(w, "SELECT synced_at FROM replica.state", "1795424460");
    sync_world_run(w, "DELETE FROM customers WHERE id = 2");
    r = sync_world_sync(w, SYNC_INCREMENTAL, NOW + 120);
    assert_int_equal(r.customers, 1);
    assert_true(r.changed);
}

static void
sync__another_country_reads_the_numbers_again(void **state)
{
    struct sync_world *w = *state;
    struct main_database source = {0};
    struct sync_result r;
    struct error err = {0};

    (void)sync_world_sync(w, SYNC_FULL, NOW);
    says(w, "SELECT phone_e164 FROM replica.customer WHERE key = 1", "NULL");
    assert_true(main_database_open_sqlite(w->main_path, &source, &err));
    assert_true(
        replica_sync_from(w->replica, &source, "GB", NOW, SYNC_INCREMENTAL, NULL, NULL, &r, &err));
    main_database_close(&source);
    assert_int_equal(r.mode, SYNC_FULL);
    says(w, "SELECT phone_e164 FROM replica.customer WHERE key = 1", "+442079460958");
}

static void
sync__a_customer_that_appears_gets_its_rows(void **state)
{
    struct sync_world *w = *state;
    struct sync_result r;

    sync_world_run(w, "INSERT INTO appointments (id, customer_id, appointment_datetime, status, "
                      "updated_at) VALUES (7, 3, '2026-01-01 00:00:00', 'completed', "
                      "'2020-01-01 00:00:00');"
                      "INSERT INTO conversations (id, customer_id, last_activity_at, metadata, "
                      "updated_at) VALUES ('z', 3, '2026-01-02 00:00:00', '{\"k\":true}', "
                      "'2020-01-01 00:00:00')");
    r = sync_world_sync(w, SYNC_FULL, NOW);
    assert_int_equal(r.orphans, 2);
    sync_world_run(w, "INSERT INTO customers (id, updated_at) VALUES (3, '2020-01-01 00:00:00')");
    r = sync_world_sync(w, SYNC_INCREMENTAL, NOW);
    assert_int_equal(r.mode, SYNC_INCREMENTAL);
    says(w,
         "SELECT appointment_count || ' ' || conversation_count || ' ' || last_visit FROM "
         "replica.customer WHERE key = 3",
         "1 1 1767225600");
    says(w, "SELECT count(*) FROM replica.conversation_metadata WHERE customer_id = 3", "1");
    says(w, "SELECT count(*) FROM replica.orphan", "0");
    sync_world_run(w, "DELETE FROM customers WHERE id = 3");
    (void)sync_world_sync(w, SYNC_INCREMENTAL, NOW);
    says(w, "SELECT count(*) FROM replica.orphan", "2");
    says(w, "SELECT count(*) FROM replica.conversation_metadata WHERE name = 'k'", "0");
}

static void
sync__a_row_that_changes_hands_changes_both(void **state)
{
    struct sync_world *w = *state;

    (void)sync_world_sync(w, SYNC_FULL, NOW);
    sync_world_run(w,
                   "UPDATE appointments SET customer_id = 2, updated_at = '2026-11-23 08:30:00'");
    (void)sync_world_sync(w, SYNC_INCREMENTAL, NOW);
    says(w,
         "SELECT group_concat(appointment_count || coalesce(last_visit, '-'), ' ') FROM "
         "(SELECT * FROM replica.customer ORDER BY key)",
         "0- 11793527200");
}

/* The overlap: a transaction that committed late carries an updated_at older than the watermark. */
static void
sync__sees_a_late_commit(void **state)
{
    struct sync_world *w = *state;

    (void)sync_world_sync(w, SYNC_FULL, NOW);
    sync_world_run(w,
                   "UPDATE customers SET name = 'Late', updated_at = '2026-11-23T07:55:00+00:00' "
                   "WHERE id = 1");
    (void)sync_world_sync(w, SYNC_INCREMENTAL, NOW);
    says(w, "SELECT name FROM replica.customer WHERE key = 1", "Late");
}

static void
sync__a_time_in_the_future_hides_nothing(void **state)
{
    struct sync_world *w = *state;

    sync_world_run(w, "UPDATE customers SET updated_at = '9999-12-31 23:59:59' WHERE id = 2");
    (void)sync_world_sync(w, SYNC_FULL, NOW);
    sync_world_run(w, "UPDATE customers SET name = 'Seen', updated_at = '2026-11-23 09:00:00' "
                      "WHERE id = 1");
    (void)sync_world_sync(w, SYNC_INCREMENTAL, NOW);
    says(w, "SELECT name FROM replica.customer WHERE key = 1", "Seen");
}

static void
sync__a_failure_keeps_the_generation_and_says_why(void **state)
{
    struct sync_world *w = *state;
    struct sync_result r;
    struct error err = {0};
    char *before;
    char *after;
    struct replica_state known;

    (void)sync_world_sync(w, SYNC_FULL, NOW);
    before = sync_world_dump(w->replica);
    sync_world_run(w,
                   "DELETE FROM customers WHERE id = 1; ALTER TABLE conversations RENAME TO c2;"
                   "CREATE VIEW conversations AS SELECT *, abs(-9223372036854775807 - 1) AS boom "
                   "FROM c2 WHERE boom = 1");
    assert_false(sync_world_try(w, SYNC_FULL, NOW + 60, &r, &err));
    assert_non_null(strstr(err.text, "conversations"));
    after = sync_world_dump(w->replica);
    assert_string_equal(after, before);
    assert_true(replica_state_load(w->replica, &known, &err));
    assert_int_equal(known.generation, 1);
    assert_int_equal(known.synced_at_s, NOW);
    assert_non_null(strstr(known.last_error, "conversations"));
    sync_world_run(w, "DROP VIEW conversations; ALTER TABLE c2 RENAME TO conversations");
    (void)sync_world_sync(w, SYNC_INCREMENTAL, NOW + 120);
    assert_true(replica_state_load(w->replica, &known, &err));
    assert_string_equal(known.last_error, "");
    free(before);
    free(after);
}

/* A reader that began before the sync keeps what it saw; the next one sees the new generation. */
static void
sync__readers_see_one_generation(void **state)
{
    struct sync_world *w = *state;
    char *path = path_join(w->folder, "replica.db");
    struct error err = {0};
    struct db *reader;
    int64_t n = 0;

    (void)sync_world_sync(w, SYNC_FULL, NOW);
    reader = db_open(path, DB_READ_ONLY, &err);
    assert_non_null(reader);
    assert_true(db_begin_read(reader, &err));
    assert_true(db_query_i64(reader, "SELECT count(*) FROM customer", &n, &err));
    assert_int_equal(n, 2);
    sync_world_run(w, "INSERT INTO customers (id, updated_at) VALUES (5, '2026-11-23 08:59:00')");
    (void)sync_world_sync(w, SYNC_FULL, NOW);
    assert_true(db_query_i64(reader, "SELECT count(*) FROM customer", &n, &err));
    assert_int_equal(n, 2);
    db_rollback(reader);
    assert_true(db_query_i64(reader, "SELECT count(*) FROM customer", &n, &err));
    assert_int_equal(n, 3);
    db_close(reader);
    free(path);
}

static void
sync__two_at_once_wait_for_each_other(void **state)
{
    struct sync_world *w = *state;
    struct error err = {0};
    struct db *other = replica_open_writer(w->folder, &err);
    struct main_database source = {0};
    struct sync_result r;

    assert_non_null(other);
    assert_true(db_exec(other, "PRAGMA busy_timeout=1", &err));
    assert_true(db_begin(w->replica, &err));
    assert_true(db_exec(w->replica, "DELETE FROM replica.customer", &err));
    assert_true(main_database_open_sqlite(w->main_path, &source, &err));
    assert_false(replica_sync_from(other, &source, "US", NOW, SYNC_FULL, NULL, NULL, &r, &err));
    assert_int_equal(err.code, ERR_RETRY);
    db_rollback(w->replica);
    assert_true(replica_sync_from(other, &source, "US", NOW, SYNC_FULL, NULL, NULL, &r, &err));
    main_database_close(&source);
    db_close(other);
}

static void
die_in_conversations(void *arg, const char *table, int64_t done, int64_t total)
{
    (void)arg;
    (void)done;
    (void)total;
    if (strcmp(table, "conversations") == 0)
        (void)kill(getpid(), SIGKILL);
}

/* The process is killed while it writes: the generation before is there, and the next sync is good.
 */
static void
sync__killed_in_the_middle(void **state)
{
    static const enum sync_mode modes[] = {SYNC_FULL, SYNC_INCREMENTAL};
    struct sync_world *w = *state;
    struct error err = {0};

    (void)sync_world_sync(w, SYNC_FULL, NOW);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        char *before = sync_world_dump(w->replica);
        char *after;
        pid_t child;
        int status = 0;

        sync_world_run(w, "INSERT INTO customers (name, updated_at) VALUES "
                          "('New', '2026-11-23 08:59:00');"
                          "UPDATE appointments SET status = 'no_show', "
                          "updated_at = '2026-11-23 08:59:00'");
        db_close(w->replica); /* a connection is not carried into another process */
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct main_database source = {0};
            struct sync_result r;
            struct db *replica = replica_open_writer(w->folder, &err);

            if (replica && main_database_open_sqlite(w->main_path, &source, &err))
                (void)!replica_sync_from(replica, &source, "US", NOW, modes[i],
                                         die_in_conversations, NULL, &r, &err);
            _exit(1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        w->replica = replica_open_writer(w->folder, &err);
        assert_non_null(w->replica);
        after = sync_world_dump(w->replica);
        assert_string_equal(after, before);
        assert_true(sync_world_sync(w, SYNC_INCREMENTAL, NOW).changed);
        free(before);
        free(after);
    }
    says(w, "SELECT count(*) FROM replica.customer", "4");
}

/* ---- indexes of the first sync */

static const char SQL_INDEXES[] = "SELECT group_concat(name) FROM (SELECT name FROM "
                                  "replica.sqlite_master WHERE type = 'index' ORDER BY name)";

static void
sync__the_first_leaves_all_indexes(void **state)
{
    struct sync_world *w = *state;
    char *before = sync_world_ask(w, SQL_INDEXES);

    (void)sync_world_sync(w, SYNC_INCREMENTAL, NOW);
    says(w, SQL_INDEXES, before);
    says(w, "SELECT count(*) FROM replica.watermark WHERE table_name = 'late indexes'", "0");
    free(before);
}

/* As a kill between the first sync's generation and its late indexes leaves it. */
static void
leave_one_out(struct sync_world *w)
{
    struct error err = {0};

    assert_true(db_exec(w->replica,
                        "INSERT INTO replica.watermark (table_name, updated_at) "
                        "SELECT 'late indexes', replace(sql, 'INDEX ', 'INDEX replica.') "
                        "FROM replica.sqlite_master WHERE name = 'appointment_customer';"
                        "DROP INDEX replica.appointment_customer",
                        &err));
}

static void
sync__indexes_that_a_crash_left_out_are_made_by_the_next(void **state)
{
    static const enum sync_mode modes[] = {SYNC_INCREMENTAL, SYNC_FULL, SYNC_REFRESH};
    struct sync_world *w = *state;
    char *all = sync_world_ask(w, SQL_INDEXES);

    (void)sync_world_sync(w, SYNC_FULL, NOW);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        char *less;

        leave_one_out(w);
        less = sync_world_ask(w, SQL_INDEXES);
        assert_string_not_equal(less, all);
        (void)sync_world_sync(w, modes[i], NOW + 60);
        says(w, SQL_INDEXES, all);
        says(w, "SELECT count(*) FROM replica.watermark WHERE table_name = 'late indexes'", "0");
        free(less);
    }
    free(all);
}

/* ---- random changes */

static void
put_time(struct buf *sql, struct demo_random *r, int64_t from, int64_t to)
{
    char text[UTIME_RFC3339_SIZE];
    int64_t dice = demo_random_range(r, 0, 19);

    (void)utime_format(demo_random_range(r, from, to), text);
    if (dice == 0)
        buf_add_str(sql, "NULL");
    else if (dice < 10)
        buf_printf(sql, "'%s'", text);
    else
        buf_printf(sql, "'%.10s %.8s.%d'", text, text + 11, (int)demo_random_range(r, 0, 999));
}

static void
put_key(struct buf *sql, struct demo_random *r, bool text_keys, int64_t most)
{
    int64_t n = demo_random_range(r, 1, most);

    if (text_keys && n % 3)
        buf_printf(sql, "'%08x-0000-4000-8000-00000000000%c'", (unsigned)(n * 2654435761u),
                   n % 2 ? 'a' : 'b');
    else if (text_keys)
        buf_printf(sql, "'k%d'", (int)n);
    else
        buf_printf(sql, "%d", (int)n);
}

static const char *
pick(struct demo_random *r, const char *const *words, size_t count)
{
    return words[demo_random_next(r) % count];
}

static void
put_change(struct buf *sql, struct demo_random *r, bool text_keys, const char *updated)
{
    static const char *const statuses[] = {"'completed'", "'cancelled'", "'scheduled'", "NULL"};
    static const char *const metadata[] = {"NULL", "'{\"p\":true}'", "'{\"p\":false,\"q\":1}'",
                                           "'{\"p\":\"2026-01-01T00:00:00Z\"}'", "'{\"p\"'"};
    static const char *const asked[] = {"'new'", "'booked'", "'in_progress'", "NULL"};
    static const char *const tables[] = {"customers", "appointments", "conversations",
                                         "appointment_requests"};
    const char *table;

    switch (demo_random_range(r, 0, 9)) {
    case 0:
    case 1:
        buf_add_str(sql, "INSERT OR REPLACE INTO customers (id, name, phone, is_new_client, "
                         "updated_at) VALUES (");
        put_key(sql, r, text_keys, 12);
        buf_printf(sql, ", 'N%d', '(310) 555-%04d', %d, %s);", (int)demo_random_range(r, 0, 5),
                   (int)demo_random_range(r, 0, 4), (int)demo_random_range(r, 0, 1), updated);
        return;
    case 2:
    case 3:
    case 4:
        buf_printf(sql,
                   "INSERT OR REPLACE INTO appointments (id, customer_id, "
                   "appointment_datetime, status, service_type, cancelled_at, updated_at) "
                   "VALUES (%d, ",
                   (int)demo_random_range(r, 1, 30));
        put_key(sql, r, text_keys, 12);
        buf_add_str(sql, ", ");
        put_time(sql, r, NOW - 5, NOW + 5); /* many ties */
        buf_printf(sql, ", %s, 'S%d', ", pick(r, statuses, ARRAY_LEN(statuses)),
                   (int)demo_random_range(r, 0, 9));
        put_time(sql, r, NOW - 5, NOW + 5);
        buf_printf(sql, ", %s);", updated);
        return;
    case 5:
    case 6:
        buf_printf(sql,
                   "INSERT OR REPLACE INTO conversations (id, satisfaction_score, customer_id, "
                   "last_activity_at, metadata, updated_at) VALUES ('c%d', %d, ",
                   (int)demo_random_range(r, 1, 30), (int)demo_random_range(r, 1, 10));
        if (demo_random_chance(r, 100))
            buf_add_str(sql, "NULL");
        else
            put_key(sql, r, text_keys, 12);
        buf_add_str(sql, ", ");
        put_time(sql, r, NOW - 5, NOW + 5);
        buf_printf(sql, ", %s, %s);", pick(r, metadata, ARRAY_LEN(metadata)), updated);
        return;
    case 7:
        buf_printf(sql,
                   "INSERT OR REPLACE INTO appointment_requests (id, conversation_id, status, "
                   "updated_at) VALUES ('r%d', 'c%d', %s, %s);",
                   (int)demo_random_range(r, 1, 20), (int)demo_random_range(r, 1, 30),
                   pick(r, asked, ARRAY_LEN(asked)), updated);
        return;
    default:
        table = tables[demo_random_next(r) % ARRAY_LEN(tables)];
        buf_printf(sql,
                   "DELETE FROM %s WHERE id = (SELECT id FROM %s ORDER BY id LIMIT 1 OFFSET %d);",
                   table, table, (int)demo_random_range(r, 0, 15));
        return;
    }
}

static void
random_changes(uint64_t seed, bool text_keys)
{
    struct demo_random r = {seed};
    struct sync_world w = {0};
    struct error err = {0};
    char *other_home;
    char *other_index;
    int incremental = 0;

    sync_world_open(&w, text_keys);
    other_home = path_join(w.folder, "other");
    other_index = path_join(other_home, "replica.idx");
    for (int round = 0; round < 12; round++) {
        struct main_database source = {0};
        struct sync_result result;
        struct db *other;
        char updated[64];
        char *kept;
        char *fresh;

        for (int i = 0; i < 15; i++) {
            struct buf sql = {0};

            (void)snprintf(updated, sizeof updated, "'2026-11-23 %02d:%02d:00'", 8 + round / 6,
                           round % 6 * 9 + i / 3);
            put_change(&sql, &r, text_keys, demo_random_chance(&r, 100) ? "NULL" : updated);
            sync_world_run(&w, buf_str(&sql));
            buf_release(&sql);
        }
        result = sync_world_sync(&w, SYNC_INCREMENTAL, NOW);
        incremental += result.mode == SYNC_INCREMENTAL;
        other = replica_open_writer(other_home, &err);
        assert_non_null(other);
        assert_true(main_database_open_sqlite(w.main_path, &source, &err));
        assert_true(
            replica_sync_from(other, &source, "US", NOW, SYNC_FULL, NULL, NULL, &result, &err));
        main_database_close(&source);
        index_same_as_read(other_index, other);
        kept = sync_world_dump(w.replica);
        fresh = sync_world_dump(other);
        if (strcmp(kept, fresh) != 0)
            fail_msg("seed %d, round %d: incremental\n%s\nfull\n%s", (int)seed, round, kept, fresh);
        free(kept);
        free(fresh);
        db_close(other);
    }
    assert_true(incremental >= 10); /* else this test proves nothing */
    free(other_index);
    free(other_home);
    sync_world_close(&w);
}

static void
sync__incremental_is_full_on_random_changes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        random_changes(seed, false);
        random_changes(seed, true);
    }
}

/* Text keys beside a number key that equals an id that was given: only a full sync can number them
 * anew. */
static void
sync__numbers_beside_texts(void **state)
{
    struct sync_world w = {0};
    struct sync_result r;

    (void)state;
    sync_world_open(&w, true);
    sync_world_run(&w,
                   "INSERT INTO customers (id, updated_at) VALUES ('b', '2026-11-23 08:00:00'), "
                   "('a', '2026-11-23 08:00:00')");
    (void)sync_world_sync(&w, SYNC_FULL, NOW);
    says(&w, "SELECT group_concat(key || id) FROM (SELECT * FROM replica.customer ORDER BY id)",
         "a1,b2");
    sync_world_run(&w,
                   "INSERT INTO customers (id, updated_at) VALUES ('2', '2026-11-23 08:00:00')");
    r = sync_world_sync(&w, SYNC_INCREMENTAL, NOW);
    assert_int_equal(r.mode, SYNC_FULL);
    says(&w,
         "SELECT group_concat(key || '=' || id) FROM (SELECT * FROM replica.customer ORDER BY id)",
         "2=2,a=4,b=5");
    /* texts are numbered after the greatest number, wherever they stand among them */
    sync_world_run(&w, "INSERT INTO customers (id) VALUES ('007'), (' 1'), ('1'), ('00'), ('5')");
    (void)sync_world_sync(&w, SYNC_FULL, NOW);
    says(&w, "SELECT group_concat(quote(key)) FROM (SELECT * FROM replica.customer ORDER BY key)",
         "1,2,5,' 1','00','007','a','b'");
    says(&w, "SELECT count(DISTINCT id) || ' ' || sum(id = key) FROM replica.customer", "8 3");
    sync_world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sync__the_first_is_full_whatever_was_asked, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__a_time_zone_is_kept_when_there_is_one_of_that_name,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(sync__nothing_changed_keeps_the_generation, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__an_untouched_file_is_not_read, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__another_country_reads_the_numbers_again, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__a_customer_that_appears_gets_its_rows, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__a_row_that_changes_hands_changes_both, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__sees_a_late_commit, open_world, close_world),
        cmocka_unit_test_setup_teardown(sync__a_time_in_the_future_hides_nothing, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__a_failure_keeps_the_generation_and_says_why,
                                        open_world, close_world),
        cmocka_unit_test_setup_teardown(sync__readers_see_one_generation, open_world, close_world),
        cmocka_unit_test_setup_teardown(sync__two_at_once_wait_for_each_other, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__killed_in_the_middle, open_world, close_world),
        cmocka_unit_test_setup_teardown(sync__the_first_leaves_all_indexes, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(sync__indexes_that_a_crash_left_out_are_made_by_the_next,
                                        open_world, close_world),
        cmocka_unit_test(sync__incremental_is_full_on_random_changes),
        cmocka_unit_test(sync__numbers_beside_texts),
    };

    return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
