#include "core/store/stores.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/store/migrate.h"

static char *
path_in(const char *home, const char *name)
{
    return path_join(home, name);
}

/*
 * A run of sends touches the same few pages of many indexes again and again: they stay in memory,
 * and go from the write-ahead log to the file less often than by default (16 MB instead of 4).
 */
static const char LEDGER_PRAGMAS[] =
    "PRAGMA main.cache_size=-16384; PRAGMA main.wal_autocheckpoint=4000; "
    "PRAGMA main.journal_size_limit=33554432;";

bool
stores_make_home(const char *home, struct error *err)
{
    struct error why = {0};

    return file_make_dirs(home, &why) ||
           error_set(err, ERR_INTERNAL, "%s; --home DIR keeps the state somewhere else", why.text);
}

struct db *
ledger_open(const char *home, struct error *err)
{
    char *path = path_in(home, "canvass.db");
    struct db *db = NULL;

    if (stores_make_home(home, err))
        db = db_open(path, DB_CREATE, err);
    if (db && (!db_exec(db, LEDGER_PRAGMAS, err) || !migrate(db, "ledger", "main", path, err))) {
        db_close(db);
        db = NULL;
    }
    free(path);
    return db;
}

struct db *
replica_open_writer(const char *home, struct error *err)
{
    char *path = path_in(home, "replica.db");
    struct db *db = NULL;

    if (stores_make_home(home, err))
        db = db_open(NULL, DB_MEMORY, err);
    /* a sync of a hundredth of a million customers need not wait for its pages to be moved */
    if (db && (!db_attach(db, path, "replica", DB_CREATE, err) ||
               !db_exec(db, "PRAGMA replica.wal_autocheckpoint = 8000", err) ||
               !migrate(db, "replica", "replica", NULL, err))) {
        db_close(db);
        db = NULL;
    }
    free(path);
    return db;
}

/* What a reader needs must be there: a read-only connection can neither make nor migrate a file. */
static bool
make_missing(const char *home, struct error *err)
{
    struct db *ledger = ledger_open(home, err);
    struct db *replica = ledger ? replica_open_writer(home, err) : NULL;
    bool ok = ledger && replica;

    db_close(ledger);
    db_close(replica);
    return ok;
}

struct db *
reader_open(const char *home, struct error *err)
{
    char *ledger = path_in(home, "canvass.db");
    char *replica = path_in(home, "replica.db");
    struct db *db = NULL;

    if (make_missing(home, err))
        db = db_open(ledger, DB_READ_ONLY, err);
    if (db && !db_attach(db, replica, "replica", DB_READ_ONLY, err)) {
        db_close(db);
        db = NULL;
    }
    free(ledger);
    free(replica);
    return db;
}

struct db *
stores_open_memory(struct error *err)
{
    struct db *db = db_open(NULL, DB_MEMORY, err);

    if (db && migrate(db, "ledger", "main", NULL, err) &&
        db_attach(db, NULL, "replica", DB_MEMORY, err) &&
        migrate(db, "replica", "replica", NULL, err))
        return db;
    db_close(db);
    return NULL;
}

static struct db_stmt *
setting_find(struct db *db, const char *name, bool *row, struct error *err)
{
    struct db_stmt *st = db_prepare(db, "SELECT value FROM main.setting WHERE key = :key", err);

    if (!st)
        return NULL;
    db_bind_text(st, ":key", name);
    if (db_step(st, row, err))
        return st;
    db_stmt_release(st);
    return NULL;
}

bool
setting_get_i64(struct db *db, const char *name, int64_t fallback, int64_t *out, struct error *err)
{
    bool row = false;
    struct db_stmt *st = setting_find(db, name, &row, err);

    if (st)
        *out = row ? db_column_i64(st, 0) : fallback;
    db_stmt_release(st);
    return st != NULL;
}

bool
setting_get_text(struct db *db, const char *name, char **out, struct error *err)
{
    bool row = false;
    struct db_stmt *st = setting_find(db, name, &row, err);

    if (st)
        *out = row ? db_column_dup(st, 0) : NULL;
    db_stmt_release(st);
    return st != NULL;
}

static struct db_stmt *
setting_put(struct db *db, const char *name, struct error *err)
{
    struct db_stmt *st = db_prepare(db,
                                    "INSERT INTO main.setting (key, value) VALUES (:key, :value) "
                                    "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                                    err);

    if (st)
        db_bind_text(st, ":key", name);
    return st;
}

bool
setting_set_i64(struct db *db, const char *name, int64_t value, struct error *err)
{
    struct db_stmt *st = setting_put(db, name, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":value", value);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
setting_set_text(struct db *db, const char *name, const char *value, struct error *err)
{
    struct db_stmt *st = setting_put(db, name, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":value", value);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
setting_delete(struct db *db, const char *name, struct error *err)
{
    struct db_stmt *st = db_prepare(db, "DELETE FROM main.setting WHERE key = :key", err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":key", name);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
audit_add(struct db *db, int64_t now_s, const char *actor, const char *action, const char *subject,
          const char *detail, struct error *err)
{
    struct db_stmt *st = db_prepare(db,
                                    "INSERT INTO main.audit (at, actor, action, subject, detail) "
                                    "VALUES (:at, :actor, :action, :subject, :detail)",
                                    err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":at", now_s);
        db_bind_text(st, ":actor", actor);
        db_bind_text(st, ":action", action);
        db_bind_text(st, ":subject", subject);
        db_bind_text(st, ":detail", detail ? detail : "");
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

const char *
audit_actor(void)
{
    static char actor[160];
    char host[64] = "localhost";
    char text[1024];
    struct passwd entry;
    struct passwd *found = NULL;

    if (actor[0])
        return actor;
    (void)gethostname(host, sizeof host - 1);
    if (getpwuid_r(getuid(), &entry, text, sizeof text, &found) != 0 || !found)
        (void)snprintf(actor, sizeof actor, "uid %ld@%s", (long)getuid(), host);
    else
        (void)snprintf(actor, sizeof actor, "%s@%s", found->pw_name, host);
    return actor;
}
