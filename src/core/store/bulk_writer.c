#include "core/store/bulk_writer.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/mailbox.h"
#include "core/base/mem.h"
#include "core/store/db_feed.h"
#include "core/store/table_file.h"

/* A batch stays in a core's cache; with all of them in use the owner waits. */
enum { BATCH_ROWS = 512, BATCH_TEXT_BYTES = 256 << 10, BATCHES = 16 };

/* What a batch is: rows, statements, or the news that a target has all its rows. */
struct bulk_batch {
    size_t target;
    char *sql;               /* owned; NULL: rows */
    struct table_file *file; /* owned; all rows of the target, in place of cells */
    bool last;               /* the target has no more */
    struct db_cell *cells;   /* owned */
    size_t used, capacity;   /* cells */
    size_t rows;
    size_t done; /* of the rows, by the file */
    struct buf texts;
};

/* Of one target. */
struct way {
    char *insert;            /* owned */
    char *create;            /* owned; the table's statement; NULL: no file is made */
    struct bulk_batch *open; /* owned; the owner's; or NULL */
    struct table_file *file; /* owned; the first thread's; NULL: none yet, or no more */
    bool plain;              /* the first thread's: rows are inserted */
    int64_t inserted;        /* the second thread's */
};

struct bulk_writer {
    struct db *db; /* borrowed */
    const struct bulk_target *targets;
    size_t target_count;
    const char *files; /* borrowed; NULL: none are made */
    struct way ways[BULK_TARGETS_MAX];
    /* from the owner to the first thread, to the second, and back */
    struct mailbox *full, *ready, *spare;
    pthread_t build_thread, insert_thread;
    bool building, inserting;
    pthread_mutex_t lock; /* of err: two threads may fail */
    atomic_bool failed;   /* err is set before */
    atomic_bool off;      /* what is still in the mailboxes is not wanted */
    struct error err;
};

static void
batch_free(void *item)
{
    struct bulk_batch *b = item;

    if (!b)
        return;
    free(b->sql);
    table_file_free(b->file);
    free(b->cells);
    buf_release(&b->texts);
    free(b);
}

static char *
file_path(const struct bulk_writer *w, size_t target)
{
    return mem_printf("%s%s", w->files, w->targets[target].table);
}

static void
fail(struct bulk_writer *w, const struct error *err)
{
    (void)pthread_mutex_lock(&w->lock);
    if (!atomic_load(&w->failed)) {
        w->err = *err;
        atomic_store(&w->failed, true);
    }
    (void)pthread_mutex_unlock(&w->lock);
}

static bool
is_wanted(struct bulk_writer *w)
{
    return !atomic_load(&w->failed) && !atomic_load(&w->off);
}

/* ---- the first thread: rows into files */

/* From here on the target's rows are inserted; what the file has goes in before them. */
static void
close_file(struct bulk_writer *w, size_t target)
{
    struct way *way = &w->ways[target];
    struct bulk_batch *b;
    struct error err = {0};

    way->plain = true;
    if (!way->file)
        return;
    if (!is_wanted(w)) {
        table_file_free(way->file);
        way->file = NULL;
        return;
    }
    if (!table_file_end(way->file, &err))
        fail(w, &err);
    b = mem_alloc(sizeof *b); /* a spare one may be what the owner waits for */
    *b = (struct bulk_batch){.target = target, .file = way->file};
    way->file = NULL;
    mailbox_post(w->ready, b);
}

static bool
open_file(struct bulk_writer *w, size_t target, struct error *err)
{
    const struct bulk_target *t = &w->targets[target];
    const struct table_plan plan = {t->table, w->ways[target].create, t->key_columns};
    char *path = file_path(w, target);

    w->ways[target].file = table_file_new(path, &plan, err);
    free(path);
    return w->ways[target].file != NULL;
}

static void
build(struct bulk_writer *w, struct bulk_batch *b)
{
    const size_t width = w->targets[b->target].width;
    struct way *way = &w->ways[b->target];
    struct error err = {0};

    if (!way->file && !open_file(w, b->target, &err)) {
        fail(w, &err);
        return;
    }
    for (; b->done < b->rows; b->done++)
        switch (table_file_add(way->file, b->cells + b->done * width, width, buf_str(&b->texts),
                               &err)) {
        case TABLE_ADDED:
            break;
        case TABLE_UNORDERED:
            close_file(w, b->target);
            return;
        case TABLE_FAILED:
            fail(w, &err);
            return;
        }
}

static void *
run_build(void *arg)
{
    struct bulk_writer *w = arg;
    struct bulk_batch *b;

    while ((b = mailbox_wait(w->full)) != NULL) {
        if (is_wanted(w) && !b->sql && !w->ways[b->target].plain)
            build(w, b);
        if (b->last)
            close_file(w, b->target);
        mailbox_post(w->ready, b);
    }
    for (size_t i = 0; i < w->target_count; i++)
        close_file(w, i);
    mailbox_close(w->ready);
    return NULL;
}

/* ---- the second thread: into the database */

static bool
insert(struct bulk_writer *w, const struct bulk_batch *b, struct error *err)
{
    const size_t width = w->targets[b->target].width;
    const struct db_rows rows = {b->cells + b->done * width, width, b->rows - b->done,
                                 buf_str(&b->texts)};
    struct db_stmt *st = db_prepare(w->db, w->ways[b->target].insert, err);
    bool ok = false;

    if (st) {
        db_bind_rows(st, ":rows", &rows);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    if (ok)
        w->ways[b->target].inserted += db_changes(w->db);
    return ok;
}

static bool
attach(struct bulk_writer *w, size_t target, const char *path, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, "ATTACH :path AS :name", err);
    char *name = mem_printf("built_%s", w->targets[target].table);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":path", path);
        db_bind_text(st, ":name", name);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    free(name);
    return ok;
}

/*
 * SQLite copies the rows of two equal tables as they stand, but only for the first of the two
 * statements; where it takes a generated column for one more to be given, the second says the same.
 */
static bool
copy_all(struct bulk_writer *w, size_t target, struct error *err)
{
    const struct bulk_target *t = &w->targets[target];
    char *whole =
        mem_printf("INSERT INTO %s SELECT * FROM built_%s.%s", t->into, t->table, t->table);
    char *named = mem_printf("INSERT INTO %s (%s) SELECT %s FROM built_%s.%s", t->into, t->columns,
                             t->columns, t->table, t->table);
    struct db_stmt *st = db_prepare(w->db, whole, err);
    bool ok;

    if (!st)
        st = db_prepare(w->db, named, err);
    ok = st && db_step_done(st, err);
    db_stmt_release(st);
    free(whole);
    free(named);
    return ok;
}

static bool
take_over(struct bulk_writer *w, struct bulk_batch *b, struct error *err)
{
    char *path = file_path(w, b->target);
    int64_t rows = table_file_rows(b->file);
    bool ok = attach(w, b->target, path, err);

    (void)unlink(path); /* it is open: nobody else needs its name */
    ok = ok && copy_all(w, b->target, err);
    if (ok && db_changes(w->db) != rows)
        ok = error_set(err, ERR_INTERNAL, "%" PRId64 " of %" PRId64 " rows went into %s",
                       db_changes(w->db), rows, w->targets[b->target].into);
    if (ok)
        w->ways[b->target].inserted += rows;
    table_file_empty(b->file);
    free(path);
    return ok;
}

static bool
take(struct bulk_writer *w, struct bulk_batch *b, struct error *err)
{
    if (b->file)
        return take_over(w, b, err);
    if (b->sql)
        return db_exec(w->db, b->sql, err);
    return b->done == b->rows || insert(w, b, err);
}

static void *
run_insert(void *arg)
{
    struct bulk_writer *w = arg;
    struct bulk_batch *b;
    struct error err = {0};

    while ((b = mailbox_wait(w->ready)) != NULL) {
        if (is_wanted(w) && !take(w, b, &err))
            fail(w, &err);
        if (b->file)
            batch_free(b);
        else
            mailbox_post(w->spare, b);
    }
    return NULL;
}

/* ---- the owner's side */

static char *
insert_into(const struct bulk_target *t)
{
    struct buf sql = {0};

    buf_printf(&sql, "INSERT OR IGNORE INTO %s (%s) SELECT c0", t->into, t->columns);
    for (size_t i = 1; i < t->width; i++)
        buf_printf(&sql, ", c%zu", i);
    buf_add_str(&sql, " FROM feed(:rows)");
    return buf_take(&sql);
}

static bool
load_create(struct bulk_writer *w, size_t target, struct error *err)
{
    struct db_stmt *st;
    bool ok;

    if (!w->files || !w->targets[target].table)
        return true;
    st = db_prepare(
        w->db, "SELECT sql FROM replica.sqlite_master WHERE type = 'table' AND name = :name", err);
    if (!st)
        return false;
    db_bind_text(st, ":name", w->targets[target].table);
    ok = db_step_one(st, err);
    if (ok)
        w->ways[target].create = db_column_dup(st, 0);
    db_stmt_release(st);
    return ok;
}

static void
writer_free(struct bulk_writer *w)
{
    for (size_t i = 0; i < w->target_count; i++) {
        free(w->ways[i].insert);
        free(w->ways[i].create);
        batch_free(w->ways[i].open);
        table_file_free(w->ways[i].file);
    }
    bulk_writer_clean(w->targets, w->target_count, w->files);
    mailbox_free(w->full);
    mailbox_free(w->ready);
    mailbox_free(w->spare);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

static bool
start_threads(struct bulk_writer *w, struct error *err)
{
    w->inserting = pthread_create(&w->insert_thread, NULL, run_insert, w) == 0;
    w->building = w->inserting && pthread_create(&w->build_thread, NULL, run_build, w) == 0;
    return w->building || error_set(err, ERR_INTERNAL, "cannot start a thread");
}

/* Waits for the threads; frees w. */
static bool
stop(struct bulk_writer *w, int64_t *inserted, struct error *err)
{
    bool ok;

    if (w->building) {
        mailbox_close(w->full);
        (void)pthread_join(w->build_thread, NULL);
    } else if (w->inserting) {
        mailbox_close(w->ready);
    }
    if (w->inserting)
        (void)pthread_join(w->insert_thread, NULL);
    ok = !atomic_load(&w->failed);
    if (!ok)
        *err = w->err;
    for (size_t i = 0; inserted && i < w->target_count; i++)
        inserted[i] = w->ways[i].inserted;
    writer_free(w);
    return ok;
}

struct bulk_writer *
bulk_writer_start(struct db *db, const struct bulk_target *targets, size_t target_count,
                  const char *files, struct error *err)
{
    struct bulk_writer *w = mem_alloc(sizeof *w);
    struct error ignored = {0};
    bool ok = true;

    *w = (struct bulk_writer){
        .db = db, .targets = targets, .target_count = target_count, .files = files};
    (void)pthread_mutex_init(&w->lock, NULL);
    assert(target_count <= BULK_TARGETS_MAX);
    for (size_t i = 0; ok && i < target_count; i++) {
        w->ways[i].insert = insert_into(&targets[i]);
        ok = load_create(w, i, err);
        w->ways[i].plain = !w->ways[i].create;
    }
    w->full = ok ? mailbox_new(batch_free, err) : NULL;
    w->ready = w->full ? mailbox_new(batch_free, err) : NULL;
    w->spare = w->ready ? mailbox_new(batch_free, err) : NULL;
    for (size_t i = 0; w->spare && i < BATCHES; i++)
        mailbox_post(w->spare, mem_alloc(sizeof(struct bulk_batch)));
    if (w->spare && start_threads(w, err))
        return w;
    (void)stop(w, NULL, &ignored);
    return NULL;
}

static bool
has_failed(struct bulk_writer *w, struct error *err)
{
    if (!atomic_load(&w->failed))
        return false;
    *err = w->err;
    return true;
}

static struct bulk_batch *
take_spare(struct bulk_writer *w, size_t target)
{
    struct bulk_batch *b = mailbox_wait(w->spare);

    free(b->sql);
    b->sql = NULL;
    b->last = false;
    b->target = target;
    b->used = b->rows = b->done = 0;
    buf_clear(&b->texts);
    return b;
}

static void
hand_over(struct bulk_writer *w, size_t target)
{
    if (w->ways[target].open)
        mailbox_post(w->full, w->ways[target].open);
    w->ways[target].open = NULL;
}

struct bulk_batch *
bulk_writer_row(struct bulk_writer *w, size_t target, struct error *err)
{
    const size_t width = w->targets[target].width;
    struct bulk_batch *b = w->ways[target].open;

    if (b && (b->rows == BATCH_ROWS || b->texts.len >= BATCH_TEXT_BYTES)) {
        hand_over(w, target);
        b = NULL;
    }
    if (!b) {
        if (has_failed(w, err))
            return NULL;
        b = w->ways[target].open = take_spare(w, target);
        if (b->capacity < width * BATCH_ROWS) {
            b->capacity = width * BATCH_ROWS;
            b->cells = mem_realloc(b->cells, b->capacity, sizeof *b->cells);
        }
    }
    assert(b->used == b->rows * width); /* the row before is whole */
    b->rows++;
    return b;
}

void
bulk_null(struct bulk_batch *b)
{
    b->cells[b->used++] = (struct db_cell){.kind = DB_CELL_NULL};
}

void
bulk_i64(struct bulk_batch *b, int64_t value)
{
    b->cells[b->used++] = (struct db_cell){.kind = DB_CELL_I64, .i64 = value};
}

void
bulk_real(struct bulk_batch *b, double value)
{
    b->cells[b->used++] = (struct db_cell){.kind = DB_CELL_REAL, .real = value};
}

void
bulk_text(struct bulk_batch *b, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    if (!text) {
        bulk_null(b);
        return;
    }
    b->cells[b->used++] =
        (struct db_cell){.kind = DB_CELL_TEXT, .len = (uint32_t)len, .at = b->texts.len};
    buf_add(&b->texts, text, len);
}

void
bulk_key(struct bulk_batch *b, const struct key *key)
{
    if (!key)
        bulk_null(b);
    else if (key->is_text)
        bulk_text(b, key->text);
    else
        bulk_i64(b, key->number);
}

bool
bulk_writer_exec(struct bulk_writer *w, const char *sql, struct error *err)
{
    struct bulk_batch *b;

    for (size_t i = 0; i < w->target_count; i++)
        hand_over(w, i);
    if (has_failed(w, err))
        return false;
    b = take_spare(w, 0);
    b->sql = mem_strdup(sql);
    mailbox_post(w->full, b);
    return true;
}

bool
bulk_writer_target_end(struct bulk_writer *w, size_t target, struct error *err)
{
    struct bulk_batch *b;

    hand_over(w, target);
    if (has_failed(w, err))
        return false;
    b = take_spare(w, target);
    b->last = true;
    mailbox_post(w->full, b);
    return true;
}

bool
bulk_writer_end(struct bulk_writer *w, int64_t *inserted, struct error *err)
{
    if (!w)
        return true;
    for (size_t i = 0; i < w->target_count; i++)
        hand_over(w, i);
    return stop(w, inserted, err);
}

void
bulk_writer_abandon(struct bulk_writer *w)
{
    struct error ignored = {0};

    if (!w)
        return;
    atomic_store(&w->off, true);
    (void)stop(w, NULL, &ignored);
}

bool
bulk_writer_let_go(struct db *db, const struct bulk_target *targets, size_t target_count,
                   struct error *err)
{
    struct db_stmt *st = db_prepare(
        db, "SELECT count(*) FROM pragma_database_list WHERE name = 'built_' || :table", err);
    bool ok = st != NULL;

    for (size_t i = 0; ok && i < target_count; i++) {
        char *detach;

        if (!targets[i].table)
            continue;
        db_bind_text(st, ":table", targets[i].table);
        detach = mem_printf("DETACH built_%s", targets[i].table);
        ok = db_step_one(st, err) &&
             (db_column_i64(st, 0) == 0 || (db_stmt_reset(st), db_exec(db, detach, err)));
        db_stmt_reset(st);
        free(detach);
    }
    db_stmt_release(st);
    return ok;
}

void
bulk_writer_clean(const struct bulk_target *targets, size_t target_count, const char *files)
{
    for (size_t i = 0; files && i < target_count; i++) {
        char *path;

        if (!targets[i].table)
            continue;
        path = mem_printf("%s%s", files, targets[i].table);
        if (unlink(path) != 0 && errno != ENOENT)
            log_line(LOG_WARN, "db", "cannot remove %s: error %d", path, errno);
        free(path);
    }
}
