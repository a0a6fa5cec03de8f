#include "core/store/reach_store.h"

#include "core/base/cc.h"

static const char SQL_MARKS[] =
    "SELECT (SELECT coalesce(max(seq), 0) FROM main.suppression_change), "
    "(SELECT coalesce(max(seq), 0) FROM main.delivery_change)";

#define HAS_SINCE(table)                                                                           \
    "SELECT CASE :since WHEN 0 THEN coalesce((SELECT min(seq) FROM main." table "), 1) = 1 "       \
    "ELSE EXISTS (SELECT 1 FROM main." table " WHERE seq = :since) END"
static const char *const SQL_HAS_SINCE[] = {
    [REACH_SUPPRESSIONS] = HAS_SINCE("suppression_change"),
    [REACH_DELIVERIES] = HAS_SINCE("delivery_change"),
};

/* Customers of an address in whatever form it is written; email_norm is lower-cased throughout. */
#define HOLDERS(addresses)                                                                         \
    "WITH a (address) AS MATERIALIZED (" addresses ") "                                            \
    "SELECT c.id FROM a CROSS JOIN replica.customer c ON c.phone_e164 = a.address "                \
    "UNION ALL "                                                                                   \
    "SELECT c.id FROM a CROSS JOIN replica.customer c ON c.email_norm = text_lower(a.address) "    \
    "WHERE instr(a.address, '@') > 0"

static const char *const SQL_NOTED[] = {
    [REACH_SUPPRESSIONS] =
        HOLDERS("SELECT DISTINCT address FROM main.suppression_change WHERE seq > :since"),
    [REACH_DELIVERIES] =
        HOLDERS("SELECT DISTINCT address FROM main.delivery_change WHERE seq > :since"),
};

/* An address stands for a customer in the form for comparison, and in each form written. */
static const char SQL_SUPPRESSED[] =
    "SELECT c.id, s.channel, 0 FROM main.suppression s "
    "CROSS JOIN replica.customer c ON c.phone_e164 = s.address "
    "UNION ALL "
    "SELECT c.id, s.channel, 1 FROM main.suppression s "
    "CROSS JOIN replica.customer c ON c.email_norm = text_lower(s.address) "
    "WHERE instr(s.address, '@') > 0 AND (c.email_norm = s.address OR EXISTS "
    " (SELECT 1 FROM replica.customer x WHERE x.email_norm = c.email_norm "
    "  AND x.email_send = s.address))";

static const char SQL_MAYBE_CAPPED[] =
    HOLDERS("SELECT CASE WHEN instr(d.address, '@') THEN text_lower(d.address) ELSE d.address END "
            "FROM main.delivery d WHERE d.state IN ('sending', 'in_doubt') "
            "OR (d.state IN ('accepted', 'sent', 'delivered', 'undelivered') "
            "    AND d.accepted_at >= :since) "
            "GROUP BY 1 HAVING count(*) >= :cap");

static const char SQL_ACCEPTED[] =
    HOLDERS("SELECT DISTINCT address FROM main.delivery WHERE accepted_at >= :from "
            "AND accepted_at < :until");

static const char SQL_NOTED_CUSTOMERS[] =
    "SELECT c.id FROM (SELECT DISTINCT customer_id FROM main.delivery_change WHERE seq > :since) f "
    "CROSS JOIN replica.customer c ON c.key = f.customer_id";

static const char SQL_DATED[] =
    "SELECT c.id FROM main.delivery d CROSS JOIN replica.customer c ON c.key = d.customer_id "
    "WHERE d.accepted_at >= :from AND d.accepted_at < :until "
    "UNION ALL "
    "SELECT c.id FROM main.delivery d CROSS JOIN replica.customer c ON c.key = d.customer_id "
    "WHERE d.replied_at >= :from AND d.replied_at < :until";

bool
reach_store_marks(struct db *db, struct reach_marks *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_MARKS, err);
    bool ok = st && db_step_one(st, err);

    if (ok)
        *out = (struct reach_marks){db_column_i64(st, 0), db_column_i64(st, 1)};
    db_stmt_release(st);
    return ok;
}

bool
reach_store_has_since(struct db *db, enum reach_notes which, int64_t since, bool *has,
                      struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_HAS_SINCE[which], err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":since", since);
        ok = db_step_one(st, err);
        *has = ok && db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

static bool
each_id(struct db_stmt *st, void (*each)(void *ctx, int64_t id), void *ctx, struct error *err)
{
    bool row = true;
    bool ok = st != NULL;

    while (ok && (ok = db_step(st, &row, err)) && row)
        each(ctx, db_column_i64(st, 0));
    db_stmt_release(st);
    return ok;
}

bool
reach_store_noted(struct db *db, enum reach_notes which, int64_t since,
                  void (*each)(void *ctx, int64_t id), void *ctx, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_NOTED[which], err);

    if (st)
        db_bind_i64(st, ":since", since);
    return each_id(st, each, ctx, err);
}

bool
reach_store_suppressed(struct db *db, reach_suppressed_fn *each, void *ctx, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_SUPPRESSED, err);
    bool row = true;
    bool ok = st != NULL;

    while (ok && (ok = db_step(st, &row, err)) && row)
        each(ctx, db_column_i64(st, 0), db_column_text(st, 1), db_column_i64(st, 2));
    db_stmt_release(st);
    return ok;
}

bool
reach_store_maybe_capped(struct db *db, int64_t since_s, int64_t cap,
                         void (*each)(void *ctx, int64_t id), void *ctx, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_MAYBE_CAPPED, err);

    if (st) {
        db_bind_i64(st, ":since", since_s);
        db_bind_i64(st, ":cap", cap);
    }
    return each_id(st, each, ctx, err);
}

bool
reach_store_accepted_between(struct db *db, int64_t from_s, int64_t until_s,
                             void (*each)(void *ctx, int64_t id), void *ctx, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_ACCEPTED, err);

    if (st) {
        db_bind_i64(st, ":from", from_s);
        db_bind_i64(st, ":until", until_s);
    }
    return each_id(st, each, ctx, err);
}

bool
reach_store_noted_customers(struct db *db, int64_t since, void (*each)(void *ctx, int64_t id),
                            void *ctx, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_NOTED_CUSTOMERS, err);

    if (st)
        db_bind_i64(st, ":since", since);
    return each_id(st, each, ctx, err);
}

bool
reach_store_dated_between(struct db *db, int64_t from_s, int64_t until_s,
                          void (*each)(void *ctx, int64_t id), void *ctx, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_DATED, err);

    if (st) {
        db_bind_i64(st, ":from", from_s);
        db_bind_i64(st, ":until", until_s);
    }
    return each_id(st, each, ctx, err);
}
