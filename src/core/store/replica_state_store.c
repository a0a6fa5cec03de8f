#include "core/store/replica_state_store.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/store/replica_store.h"

static const char SQL_STATE_LOAD[] =
    "SELECT generation, synced_at, customers, source, country, last_error, last_error_at "
    "FROM replica.state WHERE id = 1";
static const char SQL_STATE_SAVE[] =
    "INSERT INTO replica.state (id, generation, synced_at, source, country, customers) "
    "VALUES (1, :generation, :synced_at, :source, :country, :customers) "
    "ON CONFLICT (id) DO UPDATE SET (generation, synced_at, source, country, customers) = "
    "(excluded.generation, excluded.synced_at, excluded.source, excluded.country, "
    " excluded.customers), last_error = NULL, last_error_at = NULL";
static const char SQL_STATE_FAIL[] =
    "INSERT INTO replica.state (id, generation, synced_at, source, country, customers, last_error, "
    "last_error_at) VALUES (1, 0, 0, '', '', 0, :text, :at) "
    "ON CONFLICT (id) DO UPDATE SET last_error = excluded.last_error, "
    "last_error_at = excluded.last_error_at";
static const char SQL_WATERMARK_LOAD[] =
    "SELECT updated_at FROM replica.watermark WHERE table_name = :name";
static const char SQL_WATERMARK_SAVE[] =
    "INSERT OR REPLACE INTO replica.watermark (table_name, updated_at, row_key) "
    "VALUES (:name, :updated_at, :row_key)";

void
sync_state_release(struct sync_state *state)
{
    free(state->source);
    free(state->country);
    free(state->last_error);
    *state = (struct sync_state){0};
}

bool
sync_state_load(struct db *db, struct sync_state *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STATE_LOAD, err);
    bool ok;

    *out = (struct sync_state){0};
    ok = st && db_step(st, &out->exists, err);
    if (ok && out->exists) {
        out->generation = db_column_i64(st, 0);
        out->synced_at = db_column_i64(st, 1);
        out->customers = db_column_i64(st, 2);
        out->source = db_column_dup(st, 3);
        out->country = db_column_dup(st, 4);
        out->last_error = db_column_dup(st, 5);
        out->last_error_at = db_column_i64(st, 6);
    } else {
        out->source = mem_strdup("");
        out->country = mem_strdup("");
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_state_load(struct db *db, struct replica_state *out, struct error *err)
{
    struct sync_state state = {0};
    bool ok = sync_state_load(db, &state, err);

    *out = (struct replica_state){0};
    if (ok) {
        out->synced = state.generation > 0;
        out->generation = state.generation;
        out->synced_at_s = state.synced_at;
        out->customers = state.customers;
        (void)text_copy(out->last_error, sizeof out->last_error,
                        state.last_error ? state.last_error : "");
    }
    sync_state_release(&state);
    return ok;
}

bool
sync_state_save(struct db *db, const struct sync_state *state, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STATE_SAVE, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":generation", state->generation);
        db_bind_i64(st, ":synced_at", state->synced_at);
        db_bind_i64(st, ":customers", state->customers);
        db_bind_text(st, ":source", state->source);
        db_bind_text(st, ":country", state->country);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
sync_state_fail(struct db *db, int64_t now_s, const char *text, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STATE_FAIL, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":text", text);
        db_bind_i64(st, ":at", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_watermark_load(struct db *db, enum main_table table, int64_t *updated_at, bool *found,
                       struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_WATERMARK_LOAD, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":name", main_table_name(table));
        ok = db_step(st, found, err);
        if (ok && *found)
            *updated_at = db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_watermark_save(struct db *db, enum main_table table, int64_t updated_at,
                       const struct key *row_key, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_WATERMARK_SAVE, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":name", main_table_name(table));
        db_bind_i64(st, ":updated_at", updated_at);
        db_bind_key(st, ":row_key", row_key);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_note_load(struct db *db, const char *name, char **out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_WATERMARK_LOAD, err);
    bool found = false;
    bool ok = false;

    *out = NULL;
    if (st) {
        db_bind_text(st, ":name", name);
        ok = db_step(st, &found, err);
        if (ok && found)
            *out = db_column_dup(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_note_save(struct db *db, const char *name, const char *text, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_WATERMARK_SAVE, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":name", name);
        db_bind_text(st, ":updated_at", text);
        db_bind_null(st, ":row_key");
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_note_drop(struct db *db, const char *name, struct error *err)
{
    struct db_stmt *st =
        db_prepare(db, "DELETE FROM replica.watermark WHERE table_name = :name", err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":name", name);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}
