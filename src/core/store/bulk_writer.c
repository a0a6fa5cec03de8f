#include "core/store/bulk_writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mailbox.h"
#include "core/base/mem.h"
#include "core/store/db_feed.h"

/* A batch stays in a core's cache; with all of them in use the owner waits. */
enum { BATCH_ROWS = 512, BATCH_TEXT_BYTES = 256 << 10, BATCHES = 16 };

struct bulk_batch {
    size_t target;
    char *sql;             /* owned; NULL: rows */
    struct db_cell *cells; /* owned */
    size_t used, capacity; /* cells */
    size_t rows;
    struct buf texts;
};

struct bulk_writer {
    struct db *db; /* borrowed */
    const struct bulk_target *targets;
    size_t target_count;
    char *inserts[BULK_TARGETS_MAX];           /* owned, a statement for each target */
    struct bulk_batch *open[BULK_TARGETS_MAX]; /* owned; one for each target, or NULL */
    struct mailbox *full, *spare;
    pthread_t thread;
    atomic_bool failed; /* err is set before */
    atomic_bool off;    /* what is still in the mailbox is not wanted */
    struct error err;
};

static void
batch_free(void *item)
{
    struct bulk_batch *b = item;

    if (!b)
        return;
    free(b->sql);
    free(b->cells);
    buf_release(&b->texts);
    free(b);
}

/* ---- the thread's side */

static bool
insert(struct bulk_writer *w, const struct bulk_batch *b, struct error *err)
{
    const struct db_rows rows = {b->cells, w->targets[b->target].width, b->rows,
                                 buf_str(&b->texts)};
    struct db_stmt *st = db_prepare(w->db, w->inserts[b->target], err);
    bool ok = false;

    if (st) {
        db_bind_rows(st, ":rows", &rows);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

static void *
run(void *arg)
{
    struct bulk_writer *w = arg;
    struct bulk_batch *b;
    bool ok = true;

    while ((b = mailbox_wait(w->full)) != NULL) {
        if (ok && !atomic_load(&w->off)) {
            ok = b->sql ? db_exec(w->db, b->sql, &w->err) : insert(w, b, &w->err);
            if (!ok)
                atomic_store(&w->failed, true);
        }
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

static void
writer_free(struct bulk_writer *w)
{
    for (size_t i = 0; i < w->target_count; i++) {
        free(w->inserts[i]);
        batch_free(w->open[i]);
    }
    mailbox_free(w->full);
    mailbox_free(w->spare);
    free(w);
}

struct bulk_writer *
bulk_writer_start(struct db *db, const struct bulk_target *targets, size_t target_count,
                  struct error *err)
{
    struct bulk_writer *w = mem_alloc(sizeof *w);

    *w = (struct bulk_writer){.db = db, .targets = targets, .target_count = target_count};
    assert(target_count <= BULK_TARGETS_MAX);
    for (size_t i = 0; i < target_count; i++)
        w->inserts[i] = insert_into(&targets[i]);
    w->full = mailbox_new(batch_free, err);
    w->spare = w->full ? mailbox_new(batch_free, err) : NULL;
    for (size_t i = 0; w->spare && i < BATCHES; i++)
        mailbox_post(w->spare, mem_alloc(sizeof(struct bulk_batch)));
    if (w->spare && pthread_create(&w->thread, NULL, run, w) == 0)
        return w;
    if (w->spare)
        error_set(err, ERR_INTERNAL, "cannot start a thread");
    writer_free(w);
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
    b->target = target;
    b->used = b->rows = 0;
    buf_clear(&b->texts);
    return b;
}

static void
hand_over(struct bulk_writer *w, size_t target)
{
    if (w->open[target])
        mailbox_post(w->full, w->open[target]);
    w->open[target] = NULL;
}

struct bulk_batch *
bulk_writer_row(struct bulk_writer *w, size_t target, struct error *err)
{
    const size_t width = w->targets[target].width;
    struct bulk_batch *b = w->open[target];

    if (b && (b->rows == BATCH_ROWS || b->texts.len >= BATCH_TEXT_BYTES)) {
        hand_over(w, target);
        b = NULL;
    }
    if (!b) {
        if (has_failed(w, err))
            return NULL;
        b = w->open[target] = take_spare(w, target);
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

/* Frees w when all is done. */
static bool
wait_for_end(struct bulk_writer *w, struct error *err)
{
    bool ok;

    mailbox_close(w->full);
    (void)pthread_join(w->thread, NULL);
    ok = !has_failed(w, err);
    writer_free(w);
    return ok;
}

bool
bulk_writer_end(struct bulk_writer *w, struct error *err)
{
    if (!w)
        return true;
    for (size_t i = 0; i < w->target_count; i++)
        hand_over(w, i);
    return wait_for_end(w, err);
}

void
bulk_writer_abandon(struct bulk_writer *w)
{
    struct error ignored = {0};

    if (!w)
        return;
    atomic_store(&w->off, true);
    wait_for_end(w, &ignored);
}
