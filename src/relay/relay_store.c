#include "relay/relay_store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/db.h"
#include "core/store/migrate.h"

enum { KEEP_UNACKED_DAYS = 30, KEEP_ACKED_DAYS = 7, TRIM_BATCH = 2000, MARK_SIZE = 9 };

/* A larger WAL between checkpoints: fewer pauses while webhooks wait; cut back to 64 MB after a
 * burst. */
static const char SQL_TUNE[] =
    "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;";
static const char SQL_LOG[] = "SELECT id, last_seq, acked_seq, trimmed_seq FROM log";
static const char SQL_SAVE_LOG[] =
    "UPDATE log SET last_seq = :last, acked_seq = :acked, trimmed_seq = :trimmed";
static const char SQL_ADD[] =
    "INSERT INTO event (seq, received_at, kind, provider_id, url, signature, body)"
    " VALUES (:seq, :received_at, :kind, :provider_id, :url, :signature, :body)";
static const char SQL_ACK[] = "INSERT INTO ack (hour, seq) VALUES (:hour, :seq)"
                              " ON CONFLICT (hour) DO UPDATE SET seq = max(seq, excluded.seq)";
static const char SQL_READ[] =
    "SELECT seq, received_at, kind, provider_id, url, signature, body FROM event"
    " WHERE seq > :after ORDER BY seq LIMIT :limit";
static const char SQL_OLDEST_UNACKED[] =
    "SELECT received_at FROM event WHERE seq > :acked ORDER BY seq LIMIT 1";
/* Where events of an age end: the log is in order of arrival, so the first younger one ends them.
 */
static const char SQL_FIRST_SINCE[] =
    "SELECT seq FROM event WHERE received_at >= :since ORDER BY seq LIMIT 1";
static const char SQL_ACKED_BEFORE[] = "SELECT coalesce(max(seq), 0) FROM ack WHERE hour < :hour";
static const char SQL_TRIM[] = "DELETE FROM event WHERE seq <= :upto";
static const char SQL_TRIM_ACKS[] = "DELETE FROM ack WHERE hour < :hour";

static const char SQL_BEGIN_RUN[] =
    "INSERT INTO run (after_seq, mark) SELECT last_seq, lower(hex(randomblob(4))) FROM log WHERE "
    "true"
    " ON CONFLICT (after_seq) DO UPDATE SET mark = excluded.mark"; /* no event was numbered by it */
static const char SQL_MARK[] =
    "SELECT mark FROM run WHERE after_seq < :seq ORDER BY after_seq DESC LIMIT 1";
/* The run of the last trimmed event stays: a cursor may stand there. */
static const char SQL_TRIM_RUNS[] =
    "DELETE FROM run WHERE after_seq < (SELECT max(after_seq) FROM run WHERE after_seq < :upto)";

static const char SQL_TELL[] =
    "INSERT INTO state (id, fence, attempt, told_at) VALUES (:id, :fence, :attempt, :now)"
    " ON CONFLICT (id) DO UPDATE SET fence = max(fence, excluded.fence),"
    " attempt = max(attempt, excluded.attempt), told_at = excluded.told_at";
static const char SQL_TRIM_STATES[] = "DELETE FROM state WHERE id NOT IN (SELECT id FROM state "
                                      "ORDER BY told_at DESC, id LIMIT :most)";
static const char SQL_STATES[] =
    "SELECT id, fence, attempt FROM state ORDER BY told_at DESC, id LIMIT :most";

struct relay_store {
    struct db *db;        /* owned */
    struct relay_log log; /* inside a transaction: as it will be committed */
};

static const char *const kind_names[] = {
    [RELAY_TWILIO_SMS] = "twilio_sms",
    [RELAY_TWILIO_STATUS] = "twilio_status",
};
_Static_assert(ARRAY_LEN(kind_names) == RELAY_KIND_COUNT, "a name for every kind");

const char *
relay_kind_name(enum relay_kind kind)
{
    return kind_names[kind];
}

/* --- open and close */

struct relay_store *
relay_store_open(const char *path, struct error *err)
{
    struct relay_store *store = mem_alloc(sizeof *store);

    store->db = db_open(path, DB_CREATE, err);
    if (store->db && migrate(store->db, "relay", "main", path, err) &&
        db_exec(store->db, SQL_TUNE, err) && db_exec(store->db, SQL_BEGIN_RUN, err))
        return store;
    relay_store_close(store);
    return NULL;
}

struct relay_store *
relay_store_open_reader(const char *path, struct error *err)
{
    struct relay_store *store = mem_alloc(sizeof *store);

    store->db = db_open(path, DB_READ_ONLY, err);
    if (store->db)
        return store;
    relay_store_close(store);
    return NULL;
}

void
relay_store_close(struct relay_store *store)
{
    if (!store)
        return;
    db_close(store->db);
    free(store);
}

/* --- the state of the log */

bool
relay_store_log(struct relay_store *store, struct relay_log *out, struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, SQL_LOG, err);
    bool ok = st && db_step_one(st, err);

    if (ok) {
        const char *id = db_column_text(st, 0);

        *out = (struct relay_log){.last_seq = db_column_i64(st, 1),
                                  .acked_seq = db_column_i64(st, 2),
                                  .trimmed_seq = db_column_i64(st, 3)};
        (void)text_copy(out->id, sizeof out->id, id ? id : "");
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "read the log's state");
}

/* --- cursors */

/* The mark of the run that numbered seq; "" for 0. */
static bool
find_mark(struct relay_store *store, int64_t seq, char out[MARK_SIZE], struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, SQL_MARK, err);
    bool row = false;
    bool ok = false;

    out[0] = '\0';
    if (!st)
        return false;
    db_bind_i64(st, ":seq", seq);
    ok = db_step(st, &row, err);
    if (ok && row && db_column_text(st, 0))
        (void)text_copy(out, MARK_SIZE, db_column_text(st, 0));
    db_stmt_release(st);
    return ok;
}

bool
relay_store_cursor(struct relay_store *store, int64_t seq, struct buf *out, struct error *err)
{
    struct relay_log log = {0};
    char mark[MARK_SIZE];

    if (!relay_store_log(store, &log, err) || !find_mark(store, seq, mark, err))
        return false;
    buf_printf(out, "%s:%" PRId64 "%s%s", log.id, seq, *mark ? ":" : "", mark);
    return true;
}

bool
relay_store_resolve(struct relay_store *store, const struct relay_log *log, int64_t least,
                    const char *cursor, bool *known, int64_t *seq, struct error *err)
{
    struct buf canonical = {0};
    const size_t id_len = strlen(log->id);
    char digits[24] = "";
    size_t len;
    bool ok;

    *known = !*cursor;
    *seq = log->trimmed_seq;
    if (*known || !text_starts_with(cursor, log->id) || cursor[id_len] != ':')
        return true;
    cursor += id_len + 1;
    len = strcspn(cursor, ":");
    if (len >= sizeof digits)
        return true;
    memcpy(digits, cursor, len);
    if (!num_parse_i64(digits, seq) || *seq < least || *seq > log->last_seq)
        return true;
    /* There is one way to write each cursor: the one we give out. */
    ok = relay_store_cursor(store, *seq, &canonical, err);
    *known = ok && strcmp(buf_str(&canonical) + id_len + 1, cursor) == 0;
    buf_release(&canonical);
    return ok;
}

/* --- writing */

static bool
save_log(struct relay_store *store, struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, SQL_SAVE_LOG, err);
    bool ok = false;

    if (!st)
        return false;
    db_bind_i64(st, ":last", store->log.last_seq);
    db_bind_i64(st, ":acked", store->log.acked_seq);
    db_bind_i64(st, ":trimmed", store->log.trimmed_seq);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    return ok;
}

bool
relay_store_begin(struct relay_store *store, struct error *err)
{
    if (!db_begin(store->db, err))
        return false;
    /* Read inside the transaction: another relay on this file would otherwise take the same
     * numbers. */
    if (relay_store_log(store, &store->log, err))
        return true;
    db_rollback(store->db);
    return false;
}

bool
relay_store_add(struct relay_store *store, struct relay_event *event, struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, SQL_ADD, err);
    bool ok = false;

    if (!st)
        return false;
    event->seq = store->log.last_seq + 1;
    db_bind_i64(st, ":seq", event->seq);
    db_bind_i64(st, ":received_at", event->received_at);
    db_bind_text(st, ":kind", event->kind);
    db_bind_text(st, ":provider_id", event->provider_id);
    db_bind_text(st, ":url", event->url);
    db_bind_text(st, ":signature", event->signature);
    db_bind_text(st, ":body", event->body);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    if (ok)
        store->log.last_seq = event->seq;
    return ok;
}

bool
relay_store_ack(struct relay_store *store, const char *cursor, int64_t now_s, bool *known,
                struct error *err)
{
    struct db_stmt *st = NULL;
    int64_t seq = 0;
    bool ok = false;

    /* To acknowledge what is deleted already is no mistake: from 0 on. */
    if (!relay_store_resolve(store, &store->log, 0, cursor, known, &seq, err))
        return false;
    *known = *known && *cursor;
    if (!*known || seq <= store->log.acked_seq)
        return true;
    st = db_prepare(store->db, SQL_ACK, err);
    if (!st)
        return false;
    db_bind_i64(st, ":hour", now_s / HOUR_S);
    db_bind_i64(st, ":seq", seq);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    if (ok)
        store->log.acked_seq = seq;
    return ok;
}

static bool
trim_states(struct relay_store *store, struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, SQL_TRIM_STATES, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":most", RELAY_STATES_MAX);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
relay_store_tell(struct relay_store *store, const struct relay_state *state, int64_t now_s,
                 struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, SQL_TELL, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":id", state->id);
        db_bind_i64(st, ":fence", state->fence);
        db_bind_i64(st, ":attempt", state->attempt);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok && trim_states(store, err);
}

bool
relay_store_states(struct relay_store *store, struct relay_state out[RELAY_STATES_MAX],
                   size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, SQL_STATES, err);
    bool row = false;
    bool ok = st != NULL;

    *count = 0;
    if (st)
        db_bind_i64(st, ":most", RELAY_STATES_MAX);
    while (ok && *count < RELAY_STATES_MAX && (ok = db_step(st, &row, err)) && row) {
        struct relay_state *s = &out[(*count)++];

        (void)text_copy(s->id, sizeof s->id, db_column_text(st, 0));
        s->fence = db_column_i64(st, 1);
        s->attempt = db_column_i64(st, 2);
    }
    db_stmt_release(st);
    return ok;
}

bool
relay_store_commit(struct relay_store *store, struct error *err)
{
    if (save_log(store, err) && db_commit(store->db, err))
        return true;
    db_rollback(store->db);
    return false;
}

void
relay_store_rollback(struct relay_store *store)
{
    db_rollback(store->db);
}

bool
relay_store_probe(struct relay_store *store, struct error *err)
{
    return relay_store_begin(store, err) && relay_store_commit(store, err);
}

/* --- trimming */

static bool
query_one(struct relay_store *store, const char *sql, const char *name, int64_t value,
          int64_t fallback, int64_t *out, struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, sql, err);
    bool row = false;
    bool ok = false;

    if (!st)
        return false;
    db_bind_i64(st, name, value);
    ok = db_step(st, &row, err);
    *out = ok && row ? db_column_i64(st, 0) : fallback;
    db_stmt_release(st);
    return ok;
}

static bool
exec_one(struct relay_store *store, const char *sql, const char *name, int64_t value,
         struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, sql, err);
    bool ok = false;

    if (!st)
        return false;
    db_bind_i64(st, name, value);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    return ok;
}

bool
relay_store_trim(struct relay_store *store, int64_t now_s, bool *more, struct error *err)
{
    const int64_t old = now_s - (int64_t)KEEP_UNACKED_DAYS * DAY_S;
    const int64_t hour = now_s / HOUR_S - (int64_t)KEEP_ACKED_DAYS * 24;
    int64_t first_young = 0;
    int64_t acked = 0;
    int64_t upto = 0;

    *more = false;
    if (!relay_store_begin(store, err))
        return error_wrap(err, "trim");
    struct relay_log *log = &store->log;

    if (!query_one(store, SQL_FIRST_SINCE, ":since", old, log->last_seq + 1, &first_young, err) ||
        !query_one(store, SQL_ACKED_BEFORE, ":hour", hour, 0, &acked, err))
        goto bad;
    upto = first_young - 1 > acked ? first_young - 1 : acked;
    if (upto <= log->trimmed_seq) {
        db_rollback(store->db);
        return true;
    }
    if (upto > log->trimmed_seq + TRIM_BATCH) {
        upto = log->trimmed_seq + TRIM_BATCH;
        *more = true;
    }
    log->trimmed_seq = upto;
    if (!exec_one(store, SQL_TRIM, ":upto", upto, err) ||
        !exec_one(store, SQL_TRIM_RUNS, ":upto", upto, err) ||
        (!*more && !exec_one(store, SQL_TRIM_ACKS, ":hour", hour, err)))
        goto bad;
    return relay_store_commit(store, err) || error_wrap(err, "trim");
bad:
    db_rollback(store->db);
    return error_wrap(err, "trim");
}

/* --- reading */

bool
relay_store_begin_read(struct relay_store *store, struct error *err)
{
    return db_begin_read(store->db, err);
}

void
relay_store_end_read(struct relay_store *store)
{
    db_rollback(store->db);
}

bool
relay_store_read(struct relay_store *store, int64_t after_seq, int limit,
                 bool (*each)(void *ctx, const struct relay_event *event), void *ctx,
                 struct error *err)
{
    struct db_stmt *st = db_prepare(store->db, SQL_READ, err);
    bool row = false;
    bool ok = st != NULL;

    if (!st)
        return error_wrap(err, "read events");
    db_bind_i64(st, ":after", after_seq);
    db_bind_i64(st, ":limit", limit);
    while ((ok = db_step(st, &row, err)) && row) {
        const struct relay_event event = {
            .seq = db_column_i64(st, 0),
            .received_at = db_column_i64(st, 1),
            .kind = db_column_text(st, 2),
            .provider_id = db_column_text(st, 3),
            .url = db_column_text(st, 4),
            .signature = db_column_text(st, 5),
            .body = db_column_text(st, 6),
        };

        if (!each(ctx, &event))
            break;
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "read events");
}

bool
relay_store_oldest_unacked(struct relay_store *store, int64_t *received_at, struct error *err)
{
    struct relay_log log = {0};

    return relay_store_log(store, &log, err) &&
           query_one(store, SQL_OLDEST_UNACKED, ":acked", log.acked_seq, 0, received_at, err);
}
