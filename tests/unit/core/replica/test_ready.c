/* The first sync answers previews, exactly and from the column index, before it makes what only SQL
 * is quicker with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/config.h"
#include "core/preview/preview.h"
#include "core/store/main_database_sqlite.h"
#include "core/store/stores.h"
#include "sync_world.h"

#define NOW 1795424400 /* 2026-11-23T09:00:00Z */

/* What another process would see at one moment. */
struct glance {
    const char *home;
    bool taken;
    bool writing; /* somebody held the replica's write lock */
    bool indexed;
    int64_t sql_indexes;
    int64_t matched, reachable;
    char *names; /* owned; of the sample */
};

static const char CRITERIA[] = "{\"appointment\": {\"status\": \"completed\"}}";
static const char SQL_COUNT[] =
    "SELECT count(*) FROM replica.sqlite_master WHERE type = 'index' AND sql IS NOT NULL";

static void
take_names(struct glance *g, const struct segment_sample *sample)
{
    struct buf names = {0};

    for (size_t i = 0; i < sample->count; i++)
        buf_printf(&names, "%s;", sample->people[i].name);
    g->names = buf_take(&names);
}

static void
look(struct glance *g)
{
    struct error err = {0};
    struct config config = {0};
    const struct segment_env env = {NOW, &config};
    struct criteria *c = criteria_from_text(CRITERIA, strlen(CRITERIA), false, &err);
    struct db *db = reader_open(g->home, &err);
    struct db *writer = replica_open_writer(g->home, &err);
    struct segment_sample sample = {0};
    struct reach reach = {0};

    config_init_defaults(&config);
    assert_non_null(c);
    assert_non_null(db);
    assert_non_null(writer);
    assert_true(db_exec(writer, "PRAGMA busy_timeout = 0", &err));
    g->writing = !db_begin(writer, &err);
    db_rollback(writer);
    assert_true(db_begin_read(db, &err));
    g->indexed = segment_is_indexed(db);
    assert_true(db_query_i64(db, SQL_COUNT, &g->sql_indexes, &err));
    assert_true(segment_count(db, c, &env, &g->matched, &err));
    assert_true(segment_reach(db, c, &env, "sms", &reach, &err));
    assert_true(segment_sample(db, c, &env, "sms", 50, 0, &sample, &err));
    g->reachable = reach.reachable;
    take_names(g, &sample);
    g->taken = true;
    segment_sample_release(&sample);
    db_rollback(db);
    criteria_free(c);
    config_release(&config);
    db_close(writer);
    db_close(db);
}

static void
look_when_ready(void *arg, const char *table, int64_t done, int64_t total)
{
    (void)done;
    (void)total;
    if (strcmp(table, "SQL indexes") == 0)
        look(arg);
}

static void
ready__is_before_the_sql_indexes(void **state)
{
    struct sync_world w = {0};
    struct main_database source = {0};
    struct sync_result r;
    struct error err = {0};
    struct glance early = {0};
    struct glance late = {0};

    (void)state;
    sync_world_open(&w, false);
    sync_world_run(&w,
                   "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) "
                   "INSERT INTO customers (id, name, phone, updated_at) SELECT i, 'Person ' || i, "
                   "iif(i % 2, '(310) 555-', '310 555 ') || (1000 + i / 2), "
                   "'2026-11-23 08:00:00' FROM n;"
                   "INSERT INTO appointments (id, customer_id, appointment_datetime, status, "
                   "updated_at) SELECT id, id, '2026-11-01 10:00:00', CASE id % 3 WHEN 0 THEN "
                   "'completed' ELSE 'no_show' END, '2026-11-23 08:00:00' FROM customers;");
    early.home = late.home = w.folder;
    assert_true(main_database_open_sqlite(w.main_path, &source, &err));
    assert_true(replica_sync_from(w.replica, &source, "US", NOW, SYNC_INCREMENTAL, look_when_ready,
                                  &early, &r, &err));
    main_database_close(&source);
    assert_true(r.ready_ms <= r.elapsed_ms);
    look(&late);

    assert_true(early.taken && early.writing && !late.writing);
    assert_true(early.indexed && late.indexed);
    assert_int_equal(early.sql_indexes, 0);
    assert_true(late.sql_indexes > 5);
    assert_int_equal(early.matched, 133);
    assert_int_equal(late.matched, early.matched);
    assert_int_equal(late.reachable, early.reachable);
    assert_string_equal(late.names, early.names);
    assert_memory_equal(early.names, "Person 3;Person 6;", 18);
    free(early.names);
    free(late.names);
    sync_world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready__is_before_the_sql_indexes),
    };

    return cmocka_run_group_tests_name("ready to preview", tests, NULL, NULL);
}
