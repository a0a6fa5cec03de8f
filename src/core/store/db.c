#include "core/store/db.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>
#include <sqlite3.h>

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/store/db_feed.h"
#include "core/store/db_stamp.h"
#include "core/store/key_hash.h"

enum {
    NAME_COUNT = 24,
    NAME_SIZE = 20,
    RECENT_COUNT = 64,
    CACHE_SIZE = 128,
    PROGRESS_STEPS = 4000,
    BUSY_MS = 5000
};

struct db_stmt {
    struct db *db;
    sqlite3_stmt *raw;
    char *sql; /* owned */
    struct {
        char text[NAME_SIZE];
        int index;
    } names[NAME_COUNT]; /* in the order of their first use */
    size_t name_count;
    size_t next_name; /* the likely next one: callers bind in one order */
    bool busy;
    bool cached;
    uint64_t used_at;
};

struct db {
    sqlite3 *raw;
    char *path;     /* owned; for messages */
    char *attached; /* owned; the last file attached, or NULL */
    struct db_stmt *cache[CACHE_SIZE];
    struct {
        const char *sql; /* where the caller's text stood */
        struct db_stmt *st;
    } recent[RECENT_COUNT]; /* short cuts into the cache */
    uint64_t use_count;
    const atomic_bool *cancelled; /* borrowed */
    void *kept;                   /* owned; NULL: nothing */
    void (*kept_release)(void *object);
    bool unsynced; /* the level was lowered, by db_begin_unsynced() */
};

static enum err_code
code_of(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
        return ERR_RETRY;
    case SQLITE_CONSTRAINT:
        return ERR_CONFLICT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERR_DENIED;
    default:
        return ERR_INTERNAL;
    }
}

static int
is_ok(void *ok, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    *(bool *)ok = text_eq(values[0], "ok");
    return 0;
}

/* SQLite does not say which of two files is the damaged one: the main one is sound when it says so.
 * Slow, and only asked when there is damage. */
static bool
damage(struct db *db, const char *what, struct error *err)
{
    char reason[128];
    bool main_is_sound = false;

    (void)text_copy(reason, sizeof reason, what); /* the next call overwrites it */
    if (db->attached && db->raw)
        (void)sqlite3_exec(db->raw, "PRAGMA main.quick_check(1)", is_ok, &main_is_sound, NULL);
    if (main_is_sound)
        return error_set(err, ERR_INTERNAL,
                         "%s is damaged or not a database; move it away: canvass sync makes a new "
                         "one",
                         db->attached);
    return error_set(err, ERR_INTERNAL,
                     "%s is damaged or not a database (%s); keep the file, restore a backup",
                     db->path, reason);
}

static bool
db_error(struct db *db, int rc, struct error *err)
{
    const char *what = db->raw ? sqlite3_errmsg(db->raw) : sqlite3_errstr(rc);

    switch (rc & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return damage(db, what, err);
    case SQLITE_FULL:
        return error_set(err, ERR_INTERNAL, "the disk is full: %s could not be written; make room",
                         db->path);
    case SQLITE_BUSY:
        return error_set(err, ERR_RETRY, "%s is busy: another program is writing; try again",
                         db->path);
    case SQLITE_INTERRUPT:
        return error_set(err, ERR_RETRY, "interrupted");
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return error_set(err, ERR_DENIED, "%s cannot be written: %s", db->path, what);
    case SQLITE_IOERR:
        return error_set(err, ERR_INTERNAL, "%s: input/output error (%d): %s", db->path, rc, what);
    default:
        return error_set(err, code_of(rc), "%s: %s", db->path, what);
    }
}

static void
fn_text_lower(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const char *s = (const char *)sqlite3_value_text(argv[0]);
    struct buf out = {0};

    (void)argc;
    if (!s) {
        sqlite3_result_null(ctx);
        return;
    }
    text_lower(&out, s, (size_t)sqlite3_value_bytes(argv[0]));
    sqlite3_result_text(ctx, buf_str(&out), (int)out.len, SQLITE_TRANSIENT);
    buf_release(&out);
}

/* text_has(text, needle): needle is lower-cased already, text is lower-cased here; NULL holds
 * nothing. */
static void
fn_text_has(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const char *s = (const char *)sqlite3_value_text(argv[0]);
    const char *needle = (const char *)sqlite3_value_text(argv[1]);
    struct buf low = {0};

    (void)argc;
    if (!s || !needle) {
        sqlite3_result_int(ctx, 0);
        return;
    }
    text_lower(&low, s, (size_t)sqlite3_value_bytes(argv[0]));
    sqlite3_result_int(
        ctx, memmem(buf_str(&low), low.len, needle, (size_t)sqlite3_value_bytes(argv[1])) != NULL);
    buf_release(&low);
}

/* key_hash(x) of key_hash.h; NULL is NULL. */
static void
fn_key_hash(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const char *s;

    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER) {
        sqlite3_result_int64(ctx, key_hash_number(sqlite3_value_int64(argv[0])));
        return;
    }
    s = (const char *)sqlite3_value_text(argv[0]);
    if (s)
        sqlite3_result_int64(ctx, key_hash_text(s, strlen(s)));
    else
        sqlite3_result_null(ctx);
}

/* uuid_of(text): a UUID that is the same for the same text (version 8: made of SHA-256). */
static void
fn_uuid_of(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const unsigned char *text = sqlite3_value_text(argv[0]);
    unsigned char d[EVP_MAX_MD_SIZE];
    char uuid[37];

    (void)argc;
    if (!text ||
        EVP_Digest(text, (size_t)sqlite3_value_bytes(argv[0]), d, NULL, EVP_sha256(), NULL) != 1) {
        sqlite3_result_null(ctx);
        return;
    }
    d[6] = (unsigned char)((d[6] & 0x0F) | 0x80);
    d[8] = (unsigned char)((d[8] & 0x3F) | 0x80);
    (void)snprintf(uuid, sizeof uuid,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0],
                   d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13],
                   d[14], d[15]);
    sqlite3_result_text(ctx, uuid, -1, SQLITE_TRANSIENT);
}

static int
on_progress(void *arg)
{
    struct db *db = arg;

    return db->cancelled && atomic_load(db->cancelled);
}

static bool
set_up(struct db *db, enum db_mode mode, struct error *err)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;

    (void)sqlite3_extended_result_codes(db->raw, 1);
    (void)sqlite3_busy_timeout(db->raw, BUSY_MS);
    if (sqlite3_create_function(db->raw, "text_lower", 1, flags, NULL, fn_text_lower, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_create_function(db->raw, "text_has", 2, flags, NULL, fn_text_has, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_create_function(db->raw, "key_hash", 1, flags, NULL, fn_key_hash, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_create_function(db->raw, "uuid_of", 1, flags, NULL, fn_uuid_of, NULL, NULL) !=
            SQLITE_OK ||
        db_feed_register(db->raw) != SQLITE_OK)
        return error_set(err, ERR_INTERNAL, "cannot register SQL functions");
    sqlite3_progress_handler(db->raw, PROGRESS_STEPS, on_progress, db);
    if (!db_exec(db, "PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;", err))
        return false;
    if (mode == DB_READ_ONLY)
        return db_exec(db, "PRAGMA query_only=ON; SELECT count(*) FROM sqlite_master;", err);
    if (mode == DB_READ_WRITE_AS_IS)
        return db_exec(db, "SELECT count(*) FROM sqlite_master;", err);
    return db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", err);
}

static void
protect_new_file(const char *path, enum db_mode mode)
{
    struct stat st;

    /* customers' names and numbers: nobody else's to read. SQLite gives -wal and -shm the same
     * mode. */
    if (mode == DB_CREATE && stat(path, &st) == 0 && st.st_size == 0 && chmod(path, 0600) != 0)
        log_line(LOG_WARN, "db", "cannot restrict %s: error %d", path, errno);
}

/*
 * Once, before the first database: SQLite counts its memory under a lock that all threads share,
 * for figures that nobody asks for.
 */
static void
start_sqlite(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct db *
db_open(const char *path, enum db_mode mode, struct error *err)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    static const int flags[] = {
        [DB_READ_ONLY] = SQLITE_OPEN_READONLY,
        [DB_READ_WRITE] = SQLITE_OPEN_READWRITE,
        [DB_READ_WRITE_AS_IS] = SQLITE_OPEN_READWRITE,
        [DB_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
        /* not SQLITE_OPEN_MEMORY: what is attached later would inherit it */
        [DB_MEMORY] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    struct db *db = mem_alloc(sizeof *db);
    int rc;

    (void)pthread_once(&started, start_sqlite);
    db->path = mem_strdup(mode == DB_MEMORY ? ":memory:" : path);
    rc = sqlite3_open_v2(db->path, &db->raw, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        if ((rc & 0xFF) == SQLITE_CANTOPEN)
            error_set(err, mode == DB_CREATE ? ERR_DENIED : ERR_NOT_FOUND,
                      "cannot open database %s: is the folder there and writable?", db->path);
        else
            db_error(db, rc, err);
        db_close(db);
        return NULL;
    }
    protect_new_file(db->path, mode);
    if (!set_up(db, mode, err)) {
        db_close(db);
        return NULL;
    }
    return db;
}

static void
stmt_free(struct db_stmt *st)
{
    if (!st)
        return;
    (void)sqlite3_finalize(st->raw);
    free(st->sql);
    free(st);
}

void
db_close(struct db *db)
{
    if (!db)
        return;
    db_keep(db, NULL, NULL);
    for (size_t i = 0; i < CACHE_SIZE; i++)
        stmt_free(db->cache[i]);
    (void)sqlite3_close_v2(db->raw);
    free(db->path);
    free(db->attached);
    free(db);
}

bool
db_attach(struct db *db, const char *path, const char *as, enum db_mode mode, struct error *err)
{
    struct stat st;
    struct buf uri = {0};
    struct db_stmt *stmt = NULL;
    char *pragma = NULL;
    bool ok = false;

    if (mode != DB_MEMORY && mode != DB_CREATE && stat(path, &st) != 0) {
        error_set(err, ERR_NOT_FOUND, "cannot open database %s: it does not exist", path);
        goto out;
    }
    buf_add_str(&uri, mode == DB_MEMORY ? ":memory:" : path);
    stmt = db_prepare(db, "ATTACH :path AS :name", err);
    if (!stmt)
        goto out;
    db_bind_text(stmt, ":path", buf_str(&uri));
    db_bind_text(stmt, ":name", as);
    free(db->attached);
    db->attached = mode == DB_MEMORY ? NULL : mem_strdup(path);
    if (!db_step_done(stmt, err)) {
        error_wrap(err, "attach %s", path);
        goto out;
    }
    db_stmt_release(stmt);
    stmt = NULL;
    if (mode == DB_CREATE)
        protect_new_file(path, mode);
    if (mode == DB_CREATE || mode == DB_READ_WRITE) {
        pragma = sqlite3_mprintf(
            "PRAGMA \"%w\".journal_mode=WAL; PRAGMA \"%w\".synchronous=NORMAL;", as, as);
        ok = db_exec(db, pragma, err);
        sqlite3_free(pragma);
        pragma = NULL;
        goto out;
    }
    ok = true;
out:
    db_stmt_release(stmt);
    buf_release(&uri);
    return ok;
}

void
db_interrupt(struct db *db)
{
    sqlite3_interrupt(db->raw);
}

void
db_set_cancel(struct db *db, const atomic_bool *cancelled)
{
    db->cancelled = cancelled;
}

bool
db_exec(struct db *db, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(db->raw, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK || db_error(db, rc, err);
}

/* After a transaction that was begun with db_begin_unsynced(); db_begin() insists. */
static bool
sync_again(struct db *db, struct error *err)
{
    if (!db->unsynced)
        return true;
    db->unsynced = !db_exec(db, "PRAGMA main.synchronous=FULL", err);
    return !db->unsynced;
}

bool
db_begin(struct db *db, struct error *err)
{
    return sync_again(db, err) && db_exec(db, "BEGIN IMMEDIATE", err);
}

bool
db_begin_read(struct db *db, struct error *err)
{
    return db_exec(db, "BEGIN", err);
}

bool
db_begin_unsynced(struct db *db, struct error *err)
{
    /* The level cannot change inside a transaction. */
    if (!db_exec(db, "PRAGMA main.synchronous=NORMAL", err))
        return false;
    db->unsynced = true;
    return db_exec(db, "BEGIN IMMEDIATE", err);
}

bool
db_commit(struct db *db, struct error *err)
{
    struct error ignored = {0};

    if (db_exec(db, "COMMIT", err)) {
        (void)sync_again(db, &ignored);
        return true;
    }
    db_rollback(db);
    return false;
}

void
db_rollback(struct db *db)
{
    struct error ignored = {0};

    if (db_in_transaction(db))
        (void)sqlite3_exec(db->raw, "ROLLBACK", NULL, NULL, NULL);
    (void)sync_again(db, &ignored);
}

bool
db_in_transaction(struct db *db)
{
    return !sqlite3_get_autocommit(db->raw);
}

void
db_triggers(struct db *db, bool on)
{
    int now = -1;
    int rc = sqlite3_db_config(db->raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, (int)on, &now);

    assert(rc == SQLITE_OK && now == (int)on);
    (void)rc;
}

static struct db_stmt *
stmt_new(struct db *db, const char *sql, struct error *err)
{
    struct db_stmt *st = mem_alloc(sizeof *st);
    int rc = sqlite3_prepare_v3(db->raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->raw, NULL);

    if (rc != SQLITE_OK) {
        free(st);
        db_error(db, rc, err);
        return NULL;
    }
    st->db = db;
    st->sql = mem_strdup(sql);
    return st;
}

struct db_stmt *
db_prepare(struct db *db, const char *sql, struct error *err)
{
    const size_t hint = ((uintptr_t)sql >> 4) % RECENT_COUNT;
    struct db_stmt **slot = NULL; /* an empty place, else the one unused for longest */
    struct db_stmt *st = db->recent[hint].st;

    if (st && !st->busy && db->recent[hint].sql == sql && strcmp(st->sql, sql) == 0) {
        st->busy = true;
        st->used_at = ++db->use_count;
        return st;
    }

    for (size_t i = 0; i < CACHE_SIZE; i++) {
        struct db_stmt *at = db->cache[i];

        if (!at) {
            slot = &db->cache[i]; /* places fill from the front: nothing lies behind */
            break;
        }
        if (at->busy)
            continue;
        if (strcmp(at->sql, sql) == 0) {
            at->busy = true;
            at->used_at = ++db->use_count;
            db->recent[hint].sql = sql;
            db->recent[hint].st = at;
            return at;
        }
        if (!slot || at->used_at < (*slot)->used_at)
            slot = &db->cache[i];
    }
    st = stmt_new(db, sql, err);
    if (!st)
        return NULL;
    st->busy = true;
    st->used_at = ++db->use_count;
    if (slot) {
        for (size_t i = 0; *slot && i < RECENT_COUNT; i++)
            if (db->recent[i].st == *slot)
                db->recent[i].st = NULL;
        stmt_free(*slot);
        *slot = st;
        st->cached = true;
    }
    return st;
}

void
db_stmt_release(struct db_stmt *st)
{
    if (!st)
        return;
    if (!st->cached) {
        stmt_free(st);
        return;
    }
    db_stmt_reset(st);
    (void)sqlite3_clear_bindings(st->raw);
    st->busy = false;
}

void
db_stmt_reset(struct db_stmt *st)
{
    (void)sqlite3_reset(st->raw);
}

static int
find_param(struct db_stmt *st, const char *name)
{
    int i = sqlite3_bind_parameter_index(st->raw, name);

    if (i == 0) {
        (void)fprintf(stderr, "canvass: no parameter %s in: %s\n", name, st->sql);
        abort();
    }
    if (st->name_count < NAME_COUNT && strlen(name) < NAME_SIZE) {
        (void)text_copy(st->names[st->name_count].text, NAME_SIZE, name);
        st->names[st->name_count++].index = i;
        st->next_name = st->name_count;
    }
    return i;
}

/* SQLite looks names up one by one: a row of a sync has a dozen. */
static int
param(struct db_stmt *st, const char *name)
{
    for (size_t n = 0; n < st->name_count; n++) {
        size_t at = st->next_name + n < st->name_count ? st->next_name + n
                                                       : st->next_name + n - st->name_count;

        if (strcmp(st->names[at].text, name) == 0) {
            st->next_name = at + 1 < st->name_count ? at + 1 : 0;
            return st->names[at].index;
        }
    }
    return find_param(st, name);
}

static void
bound(struct db_stmt *st, int rc, const char *name)
{
    if (rc == SQLITE_OK)
        return;
    (void)fprintf(stderr, "canvass: cannot bind %s (%d) in: %s\n", name, rc, st->sql);
    abort();
}

void
db_bind_i64(struct db_stmt *st, const char *name, int64_t value)
{
    bound(st, sqlite3_bind_int64(st->raw, param(st, name), value), name);
}

void
db_bind_double(struct db_stmt *st, const char *name, double value)
{
    bound(st, sqlite3_bind_double(st->raw, param(st, name), value), name);
}

void
db_bind_text(struct db_stmt *st, const char *name, const char *value)
{
    bound(st, sqlite3_bind_text(st->raw, param(st, name), value, -1, SQLITE_TRANSIENT), name);
}

void
db_bind_borrowed(struct db_stmt *st, const char *name, const char *value)
{
    bound(st, sqlite3_bind_text(st->raw, param(st, name), value, -1, SQLITE_STATIC), name);
}

void
db_bind_blob(struct db_stmt *st, const char *name, const void *data, size_t len)
{
    bound(st, sqlite3_bind_blob64(st->raw, param(st, name), data, len, SQLITE_TRANSIENT), name);
}

void
db_bind_rows(struct db_stmt *st, const char *name, const struct db_rows *rows)
{
    bound(st,
          sqlite3_bind_pointer(st->raw, param(st, name), mem_unconst(rows), DB_ROWS_POINTER, NULL),
          name);
}

void
db_bind_null(struct db_stmt *st, const char *name)
{
    bound(st, sqlite3_bind_null(st->raw, param(st, name)), name);
}

bool
db_step(struct db_stmt *st, bool *row, struct error *err)
{
    int rc = sqlite3_step(st->raw);

    *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return true;
    return db_error(st->db, rc, err);
}

bool
db_step_done(struct db_stmt *st, struct error *err)
{
    bool row = true;

    while (row)
        if (!db_step(st, &row, err))
            return false;
    return true;
}

bool
db_step_one(struct db_stmt *st, struct error *err)
{
    bool row = false;

    if (!db_step(st, &row, err))
        return false;
    return row || error_set(err, ERR_NOT_FOUND, "no such row");
}

int64_t
db_column_i64(struct db_stmt *st, int col)
{
    return sqlite3_column_int64(st->raw, col);
}

double
db_column_double(struct db_stmt *st, int col)
{
    return sqlite3_column_double(st->raw, col);
}

const char *
db_column_text(struct db_stmt *st, int col)
{
    return (const char *)sqlite3_column_text(st->raw, col);
}

char *
db_column_dup(struct db_stmt *st, int col)
{
    return mem_strdup(db_column_text(st, col));
}

const void *
db_column_blob(struct db_stmt *st, int col, size_t *len)
{
    const void *data = sqlite3_column_blob(st->raw, col);

    *len = (size_t)sqlite3_column_bytes(st->raw, col);
    return data;
}

bool
db_column_is_null(struct db_stmt *st, int col)
{
    return sqlite3_column_type(st->raw, col) == SQLITE_NULL;
}

bool
db_column_is_int(struct db_stmt *st, int col)
{
    return sqlite3_column_type(st->raw, col) == SQLITE_INTEGER;
}

bool
db_column_is_text(struct db_stmt *st, int col)
{
    return sqlite3_column_type(st->raw, col) == SQLITE_TEXT;
}

bool
db_column_is_real(struct db_stmt *st, int col)
{
    return sqlite3_column_type(st->raw, col) == SQLITE_FLOAT;
}

int
db_column_count(struct db_stmt *st)
{
    return sqlite3_column_count(st->raw);
}

const char *
db_column_name(struct db_stmt *st, int col)
{
    return sqlite3_column_name(st->raw, col);
}

int64_t
db_changes(struct db *db)
{
    return sqlite3_changes64(db->raw);
}

int64_t
db_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(db->raw);
}

bool
db_query_i64(struct db *db, const char *sql, int64_t *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = st && db_step_one(st, err);

    if (ok)
        *out = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
db_query_i64_of(struct db *db, const char *sql, const char *name, int64_t value, int64_t *out,
                struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, name, value);
        ok = db_step_one(st, err);
        if (ok)
            *out = db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

bool
db_data_version(struct db *db, int64_t *out, struct error *err)
{
    return db_query_i64(db, "PRAGMA data_version", out, err);
}

bool
db_has_changed(struct db *db, struct db_stamp *stamp)
{
    return db_stamp_changed(db->raw, stamp);
}

void
db_keep(struct db *db, void *object, void (*release)(void *object))
{
    if (db->kept)
        db->kept_release(db->kept);
    db->kept = object;
    db->kept_release = release;
}

void *
db_kept(struct db *db)
{
    return db->kept;
}

const char *
db_file_of(struct db *db, const char *schema)
{
    const char *name = sqlite3_db_filename(db->raw, schema);

    return name && name[0] ? name : NULL;
}

bool
db_copy_into(struct db *db, const char *path, struct error *err)
{
    struct db_stmt *st = db_prepare(db, "VACUUM INTO :path", err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":path", path);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
db_replace_with(struct db *db, const char *path, struct error *err)
{
    struct db *from = db_open(path, DB_READ_ONLY, err);
    sqlite3_backup *copy = from ? sqlite3_backup_init(db->raw, "main", from->raw, "main") : NULL;
    bool ok = false;

    if (copy) {
        (void)sqlite3_backup_step(copy, -1); /* its error is what finish() gives */
        ok = sqlite3_backup_finish(copy) == SQLITE_OK;
    }
    if (from && !ok)
        db_error(db, sqlite3_errcode(db->raw), err);
    db_close(from);
    return ok || error_wrap(err, "write %s into %s", path, db->path);
}

void
key_release(struct key *k)
{
    free(k->text);
    *k = (struct key){0};
}

struct key
key_dup(const struct key *k)
{
    return (struct key){k->is_text, k->number, mem_strdup(k->text)};
}

int
key_compare(const struct key *a, const struct key *b)
{
    if (a->is_text != b->is_text)
        return a->is_text ? 1 : -1;
    if (a->is_text)
        return strcmp(a->text, b->text);
    return (a->number > b->number) - (a->number < b->number);
}

struct key
key_parse(const char *s)
{
    struct key k = {0};

    if (num_parse_usual_i64(s, &k.number))
        return k;
    k.is_text = true;
    k.text = mem_strdup(s);
    return k;
}

char *
key_format(const struct key *k)
{
    return k->is_text ? mem_strdup(k->text) : mem_printf("%" PRId64, k->number);
}

void
db_bind_key(struct db_stmt *st, const char *name, const struct key *k)
{
    if (!k)
        db_bind_null(st, name);
    else if (k->is_text)
        db_bind_text(st, name, k->text);
    else
        db_bind_i64(st, name, k->number);
}

struct key
db_column_key(struct db_stmt *st, int col)
{
    if (sqlite3_column_type(st->raw, col) == SQLITE_INTEGER)
        return (struct key){.number = db_column_i64(st, col)};
    return (struct key){.is_text = true, .text = mem_strdup(db_column_text(st, col))};
}
