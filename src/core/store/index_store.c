#include "core/store/index_store.h"

#include <string.h>

#include "core/base/cc.h"

#define TOUCHED " IN (SELECT id FROM temp.index_touched)"

static const char *const SQL_IDS[] = {
    [INDEX_ALL] = "SELECT id, key IS id FROM replica.customer ORDER BY key",
    [INDEX_TOUCHED] = "SELECT id, key IS id FROM replica.customer WHERE id" TOUCHED " ORDER BY key",
};

#define CUSTOMERS                                                                                  \
    "SELECT id, is_new_client, phone_e164 IS NOT NULL, email_norm IS NOT NULL, created_at, "       \
    "last_contact, last_appointment, last_appointment_cancelled_at, last_visit, "                  \
    "last_cancellation, last_appointment_status, last_appointment_service, "                       \
    "last_appointment_provider, last_satisfaction, appointment_count, conversation_count "         \
    "FROM replica.customer"
static const char *const SQL_CUSTOMERS[] = {
    [INDEX_ALL] = CUSTOMERS,
    [INDEX_TOUCHED] = CUSTOMERS " WHERE id" TOUCHED,
};

#define APPOINTMENTS                                                                               \
    "SELECT customer_id, at, status, service, provider, booked_by FROM replica.appointment"
static const char *const SQL_APPOINTMENTS[] = {
    [INDEX_ALL] = APPOINTMENTS,
    [INDEX_TOUCHED] = APPOINTMENTS " WHERE customer_id" TOUCHED,
};

#define CONVERSATIONS                                                                              \
    "SELECT key, customer_id, at, channel, type, status, outcome, sentiment, satisfaction, "       \
    "has_open_request FROM replica.conversation"
static const char *const SQL_CONVERSATIONS[] = {
    [INDEX_ALL] = CONVERSATIONS " ORDER BY key",
    [INDEX_TOUCHED] = CONVERSATIONS " WHERE customer_id" TOUCHED " ORDER BY key",
};
#define HELD "SELECT conversation_key, name, at, customer_id FROM replica.conversation_metadata"
static const char *const SQL_HELD[] = {
    [INDEX_ALL] = HELD " ORDER BY conversation_key",
    [INDEX_TOUCHED] = HELD " WHERE conversation_key IN (SELECT key FROM replica.conversation WHERE "
                           "customer_id" TOUCHED ") ORDER BY conversation_key",
};

static const char *const SQL_ADDRESSES[] = {
    [INDEX_PHONE] = "SELECT id, phone_e164 FROM replica.customer WHERE phone_e164 IS NOT NULL "
                    "ORDER BY phone_e164",
    [INDEX_EMAIL] = "SELECT id, email_norm FROM replica.customer WHERE email_norm IS NOT NULL "
                    "ORDER BY email_norm",
};

#define SAME(column)                                                                               \
    "SELECT (SELECT " column " FROM replica.customer WHERE id = :a) = "                            \
    "(SELECT " column " FROM replica.customer WHERE id = :b)"
static const char *const SQL_SAME[] = {
    [INDEX_PHONE] = SAME("phone_e164"),
    [INDEX_EMAIL] = SAME("email_norm"),
};

static const char SQL_TOUCHED[] =
    "CREATE TEMP TABLE IF NOT EXISTS index_touched (id INTEGER PRIMARY KEY);"
    "DELETE FROM temp.index_touched;"
    "INSERT OR IGNORE INTO temp.index_touched SELECT id FROM temp.touched;"
    "INSERT OR IGNORE INTO temp.index_touched SELECT customer_id FROM replica.conversation "
    "WHERE key IN (SELECT key FROM temp.touched_conversation);";

#define SHARED(column)                                                                             \
    "SELECT t.id, o.id FROM temp.readdressed t "                                                   \
    "CROSS JOIN replica.customer c ON c.id = t.id "                                                \
    "CROSS JOIN replica.customer o ON o." column " = c." column " AND o.id <> c.id "               \
    "ORDER BY o.id IN (SELECT id FROM temp.readdressed)"
static const char *const SQL_SHARED[] = {
    [INDEX_PHONE] = SHARED("phone_e164"),
    [INDEX_EMAIL] = SHARED("email_norm"),
};

/* The stamp stands beside the watermarks, with the generation as its row_key. */
static const char SQL_STATE[] =
    "SELECT s.generation, w.updated_at FROM replica.state s LEFT JOIN replica.watermark w "
    "ON w.table_name = 'column index' AND w.row_key = s.generation WHERE s.id = 1";
static const char SQL_STAMP_OF[] = "SELECT updated_at FROM replica.watermark "
                                   "WHERE table_name = 'column index' AND row_key = :generation";
static const char SQL_STAMP[] =
    "INSERT OR REPLACE INTO replica.watermark (table_name, updated_at, row_key) "
    "VALUES ('column index', :stamp, :generation)";

static struct main_time
time_at(struct db_stmt *st, int col)
{
    return (struct main_time){!db_column_is_null(st, col), db_column_i64(st, col)};
}

bool
index_store_ids(struct db *db, enum index_scope scope,
                bool (*each)(void *ctx, int64_t id, bool key_is_id), void *ctx, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_IDS[scope], err);
    bool ok = st != NULL;
    bool row = true;

    while (ok && (ok = db_step(st, &row, err)) && row)
        ok = each(ctx, db_column_i64(st, 0), db_column_i64(st, 1));
    db_stmt_release(st);
    return ok;
}

bool
index_store_customers(struct db *db, enum index_scope scope, const struct index_reader *r,
                      struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_CUSTOMERS[scope], err);
    bool ok = st != NULL;
    bool row = true;

    while (ok && (ok = db_step(st, &row, err)) && row) {
        const struct index_customer c = {
            .id = db_column_i64(st, 0),
            .is_new = db_column_i64(st, 1),
            .has_phone = db_column_i64(st, 2),
            .has_email = db_column_i64(st, 3),
            .created = time_at(st, 4),
            .last_contact = time_at(st, 5),
            .last_appointment = time_at(st, 6),
            .cancelled = time_at(st, 7),
            .last_visit = time_at(st, 8),
            .last_cancellation = time_at(st, 9),
            .status = db_column_text(st, 10),
            .service = db_column_text(st, 11),
            .provider = db_column_text(st, 12),
            .scored = !db_column_is_null(st, 13),
            .score = db_column_double(st, 13),
            .appointments = db_column_i64(st, 14),
            .conversations = db_column_i64(st, 15),
        };

        ok = r->customer(r->ctx, &c, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
index_store_appointments(struct db *db, enum index_scope scope, const struct index_reader *r,
                         struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_APPOINTMENTS[scope], err);
    bool ok = st != NULL;
    bool row = true;

    while (ok && (ok = db_step(st, &row, err)) && row) {
        const struct index_appointment a = {
            .customer = db_column_i64(st, 0),
            .at = time_at(st, 1),
            .status = db_column_text(st, 2),
            .service = db_column_text(st, 3),
            .provider = db_column_text(st, 4),
            .booked_by = db_column_text(st, 5),
        };

        ok = r->appointment(r->ctx, &a, err);
    }
    db_stmt_release(st);
    return ok;
}

/* Key of column 0 of both rows, in the order of an ANY column: numbers, then texts bytewise. */
static int
compare_keys(struct db_stmt *a, struct db_stmt *b)
{
    bool a_is_text = !db_column_is_int(a, 0);
    bool b_is_text = !db_column_is_int(b, 0);

    if (a_is_text != b_is_text)
        return a_is_text ? 1 : -1;
    if (a_is_text)
        return strcmp(db_column_text(a, 0), db_column_text(b, 0));
    return (db_column_i64(a, 0) > db_column_i64(b, 0)) -
           (db_column_i64(a, 0) < db_column_i64(b, 0));
}

/* Both statements are in the order of the conversation's key: they are walked side by side. */
static bool
walk_conversations(struct db_stmt *st, struct db_stmt *held, const struct index_reader *r,
                   struct error *err)
{
    bool row = true;
    bool more = true;
    bool ok = db_step(held, &more, err);

    while (ok && (ok = db_step(st, &row, err)) && row) {
        const struct index_conversation v = {
            .customer = db_column_i64(st, 1),
            .at = time_at(st, 2),
            .channel = db_column_text(st, 3),
            .type = db_column_text(st, 4),
            .status = db_column_text(st, 5),
            .outcome = db_column_text(st, 6),
            .sentiment = db_column_text(st, 7),
            .scored = !db_column_is_null(st, 8),
            .score = db_column_double(st, 8),
            .open_request = db_column_i64(st, 9),
        };

        ok = r->conversation(r->ctx, &v, err);
        while (ok && more) {
            int order = compare_keys(held, st);
            struct index_held h;

            if (order > 0)
                break;
            if (order < 0 || db_column_i64(held, 3) != v.customer)
                return error_set(err, ERR_INTERNAL, "the replica holds metadata of nobody");
            h = (struct index_held){db_column_text(held, 1), time_at(held, 2)};
            ok = r->held(r->ctx, &h, err) && db_step(held, &more, err);
        }
    }
    return ok;
}

bool
index_store_conversations(struct db *db, enum index_scope scope, const struct index_reader *r,
                          struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_CONVERSATIONS[scope], err);
    struct db_stmt *held = st ? db_prepare(db, SQL_HELD[scope], err) : NULL;
    bool ok = held && walk_conversations(st, held, r, err);

    db_stmt_release(held);
    db_stmt_release(st);
    return ok;
}

bool
index_store_addresses(struct db *db, enum index_address which,
                      void (*each)(void *ctx, int64_t id, bool same_as_last), void *ctx,
                      struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_ADDRESSES[which], err);
    bool ok = st != NULL;
    bool row = true;
    char last[2048] = ""; /* an address is shorter: base/address.h */

    while (ok && (ok = db_step(st, &row, err)) && row) {
        const char *address = db_column_text(st, 1);
        size_t len = strlen(address);

        if (len >= sizeof last) {
            ok = error_set(err, ERR_INTERNAL, "an address of %zu bytes", len);
            break;
        }
        each(ctx, db_column_i64(st, 0), strcmp(last, address) == 0);
        memcpy(last, address, len + 1);
    }
    db_stmt_release(st);
    return ok;
}

bool
index_store_same_address(struct db *db, enum index_address which, int64_t a, int64_t b, bool *same,
                         struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_SAME[which], err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":a", a);
        db_bind_i64(st, ":b", b);
        ok = db_step_one(st, err);
        *same = ok && db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

bool
index_store_state(struct db *db, struct index_state *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STATE, err);
    bool row = false;
    bool ok = st && db_step(st, &row, err);

    *out = (struct index_state){0};
    if (ok && row) {
        out->generation = db_column_i64(st, 0);
        out->stamped = !db_column_is_null(st, 1);
        out->stamp = (uint64_t)db_column_i64(st, 1);
    }
    db_stmt_release(st);
    return ok;
}

bool
index_store_stamp(struct db *db, int64_t generation, uint64_t stamp, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STAMP, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":stamp", (int64_t)stamp);
        db_bind_i64(st, ":generation", generation);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
index_store_touched(struct db *db, int64_t *count, struct error *err)
{
    return db_exec(db, SQL_TOUCHED, err) &&
           db_query_i64(db, "SELECT count(*) FROM temp.index_touched", count, err);
}

static bool
each_id(struct db *db, const char *sql, bool (*each)(void *ctx, int64_t id), void *ctx,
        struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = st != NULL;
    bool row = true;

    while (ok && (ok = db_step(st, &row, err)) && row)
        ok = each(ctx, db_column_i64(st, 0));
    db_stmt_release(st);
    return ok;
}

bool
index_store_each_touched(struct db *db, bool (*each)(void *ctx, int64_t id), void *ctx,
                         struct error *err)
{
    return each_id(db, "SELECT id FROM temp.index_touched ORDER BY id", each, ctx, err);
}

bool
index_store_each_readdressed(struct db *db, bool (*each)(void *ctx, int64_t id), void *ctx,
                             struct error *err)
{
    return each_id(db, "SELECT id FROM temp.readdressed ORDER BY id", each, ctx, err);
}

bool
index_store_shared(struct db *db, enum index_address which,
                   void (*each)(void *ctx, int64_t touched, int64_t other), void *ctx,
                   struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_SHARED[which], err);
    bool ok = st != NULL;
    bool row = true;

    while (ok && (ok = db_step(st, &row, err)) && row)
        each(ctx, db_column_i64(st, 0), db_column_i64(st, 1));
    db_stmt_release(st);
    return ok;
}

bool
index_store_stamp_of(struct db *db, int64_t generation, uint64_t *stamp, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STAMP_OF, err);
    bool row = false;
    bool ok = false;

    *stamp = 0;
    if (st) {
        db_bind_i64(st, ":generation", generation);
        ok = db_step(st, &row, err);
        if (ok && row)
            *stamp = (uint64_t)db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}
