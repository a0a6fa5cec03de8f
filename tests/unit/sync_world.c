#include "sync_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/embed.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/store/main_database_sqlite.h"
#include "core/store/stores.h"
#include "temp_folder.h"

static const char *const dump_queries[] = {
    "SELECT 'customer', key, name, phone, email, phone_e164, email_norm, email_send, "
    "is_new_client, "
    "notes, created_at, updated_at, time_zone, last_contact, last_appointment, "
    "last_appointment_status, "
    "last_appointment_service, last_appointment_provider, last_appointment_cancelled_at, "
    "last_visit, "
    "last_visit_service, last_cancellation, appointment_count, conversation_count, "
    "last_satisfaction, last_activity FROM replica.customer ORDER BY key",
    "SELECT 'appointment', a.key, c.key, at, status, service, provider, booked_by, cancelled_at "
    "FROM replica.appointment a LEFT JOIN replica.customer c ON c.id = a.customer_id ORDER BY "
    "a.key",
    "SELECT 'conversation', v.key, c.key, channel, type, status, outcome, sentiment, satisfaction, "
    "at, has_open_request FROM replica.conversation v "
    "LEFT JOIN replica.customer c ON c.id = v.customer_id ORDER BY v.key",
    "SELECT 'metadata', m.name, c.key, m.conversation_key, m.at "
    "FROM replica.conversation_metadata m LEFT JOIN replica.customer c ON c.id = m.customer_id "
    "ORDER BY m.name, m.conversation_key",
    "SELECT 'request', key, conversation_key, status FROM replica.request ORDER BY key",
    "SELECT 'orphan', table_name, key, customer_key FROM replica.orphan ORDER BY table_name, key",
};

static void
exec(struct db *db, const char *sql)
{
    struct error err = {0};

    if (!db_exec(db, sql, &err))
        fail_msg("%s in: %.200s", err.text, sql);
}

void
sync_world_open(struct sync_world *w, bool text_keys)
{
    char folder[TEMP_FOLDER_PATH];
    const struct embed_file *schema = embed_find("data/main_database/reference.sql");
    struct error err = {0};
    char *text;
    char *at;

    temp_folder_make(folder);
    assert_non_null(schema);
    w->folder = mem_strdup(folder);
    w->main_path = path_join(folder, "main.db");
    w->main = db_open(w->main_path, DB_CREATE, &err);
    assert_non_null(w->main);
    text = mem_strdup(schema->data);
    at = strstr(text, "id INTEGER PRIMARY KEY");
    if (text_keys)
        memcpy(at, "id TEXT    PRIMARY KEY", strlen("id TEXT    PRIMARY KEY"));
    exec(w->main, text);
    free(text);
    w->replica = replica_open_writer(folder, &err);
    assert_non_null(w->replica);
}

void
sync_world_close(struct sync_world *w)
{
    db_close(w->main);
    db_close(w->replica);
    temp_folder_remove(w->folder);
    free(w->folder);
    free(w->main_path);
    *w = (struct sync_world){0};
}

void
sync_world_run(struct sync_world *w, const char *sql)
{
    exec(w->main, sql);
}

bool
sync_world_try(struct sync_world *w, enum sync_mode mode, int64_t now_s, struct sync_result *result,
               struct error *err)
{
    struct main_database source = {0};
    bool ok = main_database_open_sqlite(w->main_path, &source, err) &&
              replica_sync_from(w->replica, &source, "US", now_s, mode, NULL, NULL, result, err);

    main_database_close(&source);
    return ok;
}

struct sync_result
sync_world_sync(struct sync_world *w, enum sync_mode mode, int64_t now_s)
{
    struct sync_result result = {0};
    struct error err = {0};

    if (!sync_world_try(w, mode, now_s, &result, &err))
        fail_msg("%s", err.text);
    return result;
}

char *
sync_world_ask(struct sync_world *w, const char *sql)
{
    struct error err = {0};
    struct db_stmt *st = db_prepare(w->replica, sql, &err);
    bool row = false;
    char *answer;

    if (!st || !db_step(st, &row, &err))
        fail_msg("%s in: %s", err.text, sql);
    answer = !row ? mem_strdup("")
                  : mem_strdup(db_column_is_null(st, 0) ? "NULL" : db_column_text(st, 0));
    db_stmt_release(st);
    return answer;
}

char *
sync_world_dump(struct db *replica)
{
    struct buf out = {0};
    struct error err = {0};

    for (size_t i = 0; i < ARRAY_LEN(dump_queries); i++) {
        struct db_stmt *st = db_prepare(replica, dump_queries[i], &err);
        bool row = st != NULL;

        if (!st)
            fail_msg("%s", err.text);
        while (db_step(st, &row, &err) && row) {
            for (int col = 0; col < db_column_count(st); col++)
                buf_printf(&out, "%s|", db_column_is_null(st, col) ? "-" : db_column_text(st, col));
            buf_add_char(&out, '\n');
        }
        db_stmt_release(st);
    }
    return buf_take(&out);
}
