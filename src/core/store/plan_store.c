#include "core/store/plan_store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/store/db_feed.h"
#include "core/store/table_record.h"

/* Large enough that a batch costs nothing beside its people, small enough to be cut in two. */
enum { BATCH_PEOPLE = 1000 };
enum { CELL_CUSTOMER, CELL_ADDRESS, CELL_VARIANT, CELL_COUNT };

static const char SQL_ADD[] = "INSERT INTO main.plan_batch (campaign_id, n, people, packed) "
                              "VALUES (:campaign, :n, :people, :packed)";
static const char SQL_FIRST[] = "SELECT n, people, packed FROM main.plan_batch "
                                "WHERE campaign_id = :campaign ORDER BY n LIMIT 1";
/*
 * OR ROLLBACK: a statement that may fail and be undone by itself has SQLite copy every page that it
 * touches, which for rows in no order of their address is one a row.
 */
static const char SQL_QUEUE[] =
    "INSERT OR ROLLBACK INTO main.delivery (campaign_id, customer_id, channel, address, variant, "
    "updated_at) SELECT :campaign, c0, :channel, c1, c2, :now FROM feed(:rows)";
/* What the trigger delivery_queued does for one. */
static const char SQL_COUNT[] = "UPDATE main.campaign SET targeted = targeted + :people, "
                                "n_queued = n_queued + :people WHERE id = :campaign";
static const char SQL_CUT[] =
    "DELETE FROM main.plan_batch WHERE campaign_id = :campaign AND n = :n";
static const char SQL_LEFT[] =
    "SELECT coalesce(sum(people), 0) FROM main.plan_batch WHERE campaign_id = :campaign";
static const char SQL_DROP[] = "DELETE FROM main.plan_batch WHERE campaign_id = :campaign";
static const char SQL_NONE[] =
    "UPDATE main.campaign SET plan_state = 'none' WHERE id = :campaign AND plan_state = 'planning'";
static const char SQL_SET[] =
    "UPDATE main.campaign SET plan_state = :state, plan_now = :now, plan_generation = :generation, "
    "plan_confirmed = :confirmed, starts_at = :starts_at WHERE id = :campaign";
static const char SQL_DONE[] =
    "UPDATE main.campaign SET plan_state = 'planned' WHERE id = :campaign";
static const char SQL_UNDO_CHECK[] =
    "SELECT count(*) FROM main.delivery WHERE campaign_id = :campaign AND (state <> 'queued' OR "
    "attempts > 0)";
static const char SQL_UNDO_DELIVERIES[] = "DELETE FROM main.delivery WHERE campaign_id = :campaign";
static const char SQL_UNDO_VARIANTS[] = "DELETE FROM main.variant WHERE campaign_id = :campaign";
static const char SQL_UNDO_PLAN[] =
    "UPDATE main.campaign SET plan_state = 'none', plan_now = NULL, plan_generation = NULL, "
    "plan_confirmed = NULL, starts_at = NULL, launched_at = NULL WHERE id = :campaign";
static const char SQL_ANY[] =
    "SELECT EXISTS (SELECT 1 FROM main.campaign WHERE plan_state = 'planning' "
    "AND id IN (SELECT value FROM json_each(:campaigns)))";

/* Runs a statement that knows only :campaign. */
static bool
run_for(struct db *db, const char *sql, int64_t campaign_id, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

/* --- packing: the key's length and one more, or 0 and a number; the variant; the address */
static void
pack_number(struct buf *out, uint64_t value)
{
    unsigned char bytes[VARINT_MAX];

    buf_add(out, bytes, varint_put(bytes, value));
}

static void
pack_row(struct buf *out, const struct plan_row *row)
{
    const struct key *key = row->customer;
    size_t len;

    if (key->is_text) {
        len = strlen(key->text);
        pack_number(out, len + 1);
        buf_add(out, key->text, len);
    } else {
        pack_number(out, 0);
        /* zigzag: numbers near 0 are short on both sides of it */
        pack_number(out, ((uint64_t)key->number << 1) ^ (key->number < 0 ? UINT64_MAX : 0));
    }
    pack_number(out, (uint64_t)row->variant);
    len = strlen(row->address);
    pack_number(out, len);
    buf_add(out, row->address, len);
}

struct unpacking {
    const char *data;
    size_t len, at;
    bool ok; /* false: more was to be read than is there */
};

static uint64_t
unpack_number(struct unpacking *u)
{
    uint64_t value = 0;
    size_t used =
        u->ok ? varint_get((const unsigned char *)u->data + u->at, u->len - u->at, &value) : 0;

    u->ok = used > 0;
    u->at += used;
    return value;
}

static struct db_cell
unpack_text(struct unpacking *u, uint64_t len)
{
    struct db_cell cell = {.kind = DB_CELL_TEXT, .at = u->at};

    u->ok = u->ok && len <= u->len - u->at;
    if (!u->ok)
        return cell;
    cell.len = (uint32_t)len;
    u->at += (size_t)len;
    return cell;
}

static void
unpack_row(struct unpacking *u, struct db_cell cells[CELL_COUNT])
{
    uint64_t head = unpack_number(u);

    if (head > 0) {
        cells[CELL_CUSTOMER] = unpack_text(u, head - 1);
    } else {
        uint64_t zigzag = unpack_number(u);
        int64_t number = (int64_t)(zigzag >> 1);

        cells[CELL_CUSTOMER] =
            (struct db_cell){.kind = DB_CELL_I64, .i64 = zigzag & 1 ? -1 - number : number};
    }
    cells[CELL_VARIANT] = (struct db_cell){.kind = DB_CELL_I64, .i64 = (int64_t)unpack_number(u)};
    cells[CELL_ADDRESS] = unpack_text(u, unpack_number(u));
}

/* --- freezing */
struct plan_writer {
    struct db *db;
    int64_t campaign_id;
    int64_t n;      /* people of the batches before */
    int64_t people; /* of this one */
    struct buf packed;
};

struct plan_writer *
plan_writer_new(struct db *db, int64_t campaign_id)
{
    struct plan_writer *w = mem_alloc(sizeof *w);

    *w = (struct plan_writer){.db = db, .campaign_id = campaign_id};
    return w;
}

static bool
write_batch(struct plan_writer *w, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_ADD, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", w->campaign_id);
        db_bind_i64(st, ":n", w->n);
        db_bind_i64(st, ":people", w->people);
        db_bind_blob(st, ":packed", w->packed.data, w->packed.len);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    w->n += w->people;
    w->people = 0;
    buf_clear(&w->packed);
    return ok;
}

bool
plan_writer_add(struct plan_writer *w, const struct plan_row *row, struct error *err)
{
    pack_row(&w->packed, row);
    w->people++;
    return w->people < BATCH_PEOPLE || write_batch(w, err);
}

bool
plan_writer_end(struct plan_writer *w, struct error *err)
{
    return w->people == 0 || write_batch(w, err);
}

void
plan_writer_free(struct plan_writer *w)
{
    if (!w)
        return;
    buf_release(&w->packed);
    free(w);
}

/* --- queueing */
bool
plan_store_roomy(struct db *db, bool on, struct error *err)
{
    return db_exec(db,
                   on ? "PRAGMA main.cache_size=-65536"
                      : "PRAGMA main.cache_size=-16384; PRAGMA shrink_memory",
                   err);
}

struct batch {
    int64_t n, people;
    struct buf packed;
    struct db_cell *cells; /* owned; of BATCH_PEOPLE */
};

/* *any false: no batch is left. */
static bool
batch_load(struct batch *b, struct db *db, int64_t campaign_id, bool *any, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_FIRST, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        ok = db_step(st, any, err);
    }
    if (ok && *any) {
        size_t len;
        const void *packed = db_column_blob(st, 2, &len);

        b->n = db_column_i64(st, 0);
        b->people = db_column_i64(st, 1);
        buf_clear(&b->packed);
        buf_add(&b->packed, packed, len);
    }
    db_stmt_release(st);
    return ok;
}

/* The first of the batch, `take` of them, into deliveries. *used: how many bytes they were. */
static bool
batch_queue(struct batch *b, struct db_stmt *queue, int64_t take, size_t *used, struct error *err)
{
    struct unpacking u = {.data = b->packed.data, .len = b->packed.len, .ok = true};
    const struct db_rows rows = {
        .cells = b->cells, .width = CELL_COUNT, .count = (size_t)take, .texts = u.data};
    bool ok;

    for (int64_t i = 0; i < take && u.ok; i++)
        unpack_row(&u, b->cells + i * CELL_COUNT);
    *used = u.at;
    if (!u.ok || (take == b->people) != (u.at == u.len))
        return error_set(err, ERR_INTERNAL, "the frozen recipients are damaged");
    db_bind_rows(queue, ":rows", &rows);
    ok = db_step_done(queue, err);
    db_stmt_reset(queue);
    return ok;
}

/* Takes a batch out, and puts back what is left of it. */
static bool
batch_cut(const struct batch *b, struct db *db, int64_t campaign_id, int64_t take, size_t used,
          struct error *err)
{
    struct plan_writer rest = {
        .db = db, .campaign_id = campaign_id, .n = b->n + take, .people = b->people - take};
    struct db_stmt *st = db_prepare(db, SQL_CUT, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":n", b->n);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    if (ok && rest.people > 0) {
        buf_add(&rest.packed, b->packed.data + used, b->packed.len - used);
        ok = write_batch(&rest, err);
    }
    buf_release(&rest.packed);
    return ok;
}

static bool
move_batches(struct db *db, int64_t campaign_id, struct db_stmt *queue, int64_t max, int64_t *moved,
             struct error *err)
{
    struct batch b = {.cells = mem_calloc(BATCH_PEOPLE, CELL_COUNT * sizeof *b.cells)};
    bool any = true;
    bool ok = true;

    while (ok && *moved < max) {
        int64_t take = max - *moved;
        size_t used = 0;

        ok = batch_load(&b, db, campaign_id, &any, err);
        if (!ok || !any)
            break;
        if (take > b.people)
            take = b.people;
        if (b.people > BATCH_PEOPLE)
            ok = error_set(err, ERR_INTERNAL, "the frozen recipients are damaged");
        ok = ok && batch_queue(&b, queue, take, &used, err);
        if (ok && db_changes(db) != take)
            ok = error_set(err, ERR_INTERNAL, "recipients were lost while they were queued");
        ok = ok && batch_cut(&b, db, campaign_id, take, used, err);
        *moved += ok ? take : 0;
    }
    buf_release(&b.packed);
    free(b.cells);
    return ok;
}

static bool
count_queued(struct db *db, int64_t campaign_id, int64_t people, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_COUNT, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":people", people);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
plan_store_move(struct db *db, int64_t campaign_id, const char *channel, size_t max, int64_t now_s,
                int64_t *moved, struct error *err)
{
    struct db_stmt *queue = db_prepare(db, SQL_QUEUE, err);
    bool ok;

    *moved = 0;
    if (!queue)
        return false;
    db_bind_i64(queue, ":campaign", campaign_id);
    db_bind_text(queue, ":channel", channel);
    db_bind_i64(queue, ":now", now_s);
    /* The triggers of a row that is queued count it, and that is all: here it is once for many. */
    db_triggers(db, false);
    ok = move_batches(db, campaign_id, queue, (int64_t)max, moved, err);
    db_triggers(db, true);
    db_stmt_release(queue);
    return ok && (*moved == 0 || count_queued(db, campaign_id, *moved, err));
}

bool
plan_store_drop(struct db *db, int64_t campaign_id, int64_t *dropped, struct error *err)
{
    return db_query_i64_of(db, SQL_LEFT, ":campaign", campaign_id, dropped, err) &&
           run_for(db, SQL_DROP, campaign_id, err) && run_for(db, SQL_NONE, campaign_id, err);
}

bool
plan_store_set(struct db *db, int64_t campaign_id, const struct plan_head *head, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_SET, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_text(st, ":state", head->state);
        db_bind_i64(st, ":now", head->now_s);
        db_bind_i64(st, ":generation", head->generation);
        db_bind_i64(st, ":confirmed", head->confirmed);
        if (head->starts_at)
            db_bind_i64(st, ":starts_at", head->starts_at);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
plan_store_done(struct db *db, int64_t campaign_id, struct error *err)
{
    return run_for(db, SQL_DONE, campaign_id, err);
}

bool
plan_store_undo(struct db *db, int64_t campaign_id, struct error *err)
{
    int64_t touched;
    int64_t dropped;

    if (!db_query_i64_of(db, SQL_UNDO_CHECK, ":campaign", campaign_id, &touched, err))
        return false;
    if (touched > 0)
        return error_set(err, ERR_CONFLICT, "%" PRId64 " of its messages have left the queue",
                         touched);
    return plan_store_drop(db, campaign_id, &dropped, err) &&
           run_for(db, SQL_UNDO_DELIVERIES, campaign_id, err) &&
           run_for(db, SQL_UNDO_VARIANTS, campaign_id, err) &&
           run_for(db, SQL_UNDO_PLAN, campaign_id, err);
}

bool
plan_store_is_any(struct db *db, const char *campaign_ids, bool *any, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_ANY, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":campaigns", campaign_ids);
        ok = db_step_one(st, err);
        *any = ok && db_column_i64(st, 0) != 0;
    }
    db_stmt_release(st);
    return ok;
}
