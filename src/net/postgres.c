#include "net/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/store/key_hash.h"
#include "core/store/main_database_sqlite.h"
#include "net/postgres_check.h"
#include "net/postgres_link.h"
#include "net/postgres_relations.h"
#include "net/postgres_row.h"

/*
 * A server may think long before the first row of a large table; one that hangs is noticed by its
 * silence (postgres_link.c). work_mem: sorting a table by its key.
 */
static const char SQL_BEGIN[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    "SET LOCAL statement_timeout = '2h'; SET LOCAL lock_timeout = '10s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '10min'; "
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL work_mem = '64MB'; "
    "SET LOCAL extra_float_digits = 3";
static const char SQL_IDENTITY[] =
    "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || "
    "(SELECT timeline_id FROM pg_control_checkpoint()) || '/' || "
    "(SELECT oid FROM pg_database WHERE datname = current_database())";
/* Where a server lets nobody look at its control data: a restored backup is known by its rows only.
 */
static const char SQL_IDENTITY_PLAIN[] =
    "SELECT '-/-/' || oid FROM pg_database WHERE datname = current_database()";
/* The old names: PostgreSQL 12 has no others. */
static const char SQL_SNAPSHOT[] = "SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s) "
                                   "FROM txid_current_snapshot() s";

struct source {
    struct pglink *l;
    struct mapping mapping;
    struct pgtable tables[MAIN_TABLE_COUNT];
    bool checked;
    char *identity;  /* owned; server, timeline, database */
    char *relations; /* owned; what the SELECTs read (postgres_relations.h) */
    uint64_t xmin;   /* of begin()'s snapshot: no older transaction was running */
    struct pgrow row;
};

static bool
said_of(struct source *src, enum main_table table, struct error *err)
{
    return error_wrap(err, "main database, %s (%s)", main_table_name(table), src->mapping.path);
}

/* ---- reading rows */

static bool
for_each_row(struct source *src, enum main_table table, main_row_fn *on_row, void *arg,
             struct error *err)
{
    struct pgcopy copy = {0};
    struct pgcopy_field fields[MAIN_COLUMNS_MAX];
    struct main_row row;

    for (;;) {
        char *data = NULL;
        size_t len = 0;
        bool has = false;
        bool ok;

        if (!pglink_copy_next(src->l, &data, &len, err))
            return said_of(src, table, err);
        if (!data)
            return true;
        ok = pgcopy_take(&copy, data, len, src->tables[table].count, fields, &has, err);
        if (ok && has)
            ok = pgrow_read(&src->row, &src->mapping, table, fields, &row, err) &&
                 on_row(arg, &row, err);
        PQfreemem(data);
        if (!ok)
            return false;
    }
}

/* Rows for which the condition holds; NULL: all. */
static bool
scan(struct source *src, enum main_table table, const char *condition, const char *order,
     main_row_fn *on_row, void *arg, struct error *err)
{
    char *sql;
    bool ok;

    if (!src->mapping.tables[table].present)
        return true;
    sql = mem_printf(
        "COPY (SELECT %s FROM (%s\n) q WHERE q.id IS NOT NULL%s%s%s) TO STDOUT (FORMAT binary)",
        src->tables[table].columns, src->mapping.tables[table].select, condition ? " AND " : "",
        condition ? condition : "", order);
    ok = pglink_copy_begin(src->l, sql, err) || said_of(src, table, err);
    free(sql);
    return ok && for_each_row(src, table, on_row, arg, err);
}

/* The key as our order has it: bytewise for texts. */
static const char *
key_column(const struct source *src, enum main_table table)
{
    static const char *const columns[] = {[MAPPING_KEY_INT] = "q.id::int8",
                                          [MAPPING_KEY_UUID] = "q.id",
                                          [MAPPING_KEY_TEXT] = "q.id::text COLLATE \"C\""};

    return columns[src->mapping.tables[table].key];
}

static bool
scan_all(void *ctx, enum main_table table, main_row_fn *on_row, void *arg, struct error *err)
{
    struct source *src = ctx;
    char *order = mem_printf(" ORDER BY %s", key_column(src, table));
    bool ok = scan(src, table, NULL, order, on_row, arg, err);

    free(order);
    return ok;
}

static bool
scan_since(void *ctx, enum main_table table, int64_t since_s, main_row_fn *on_row, void *arg,
           struct error *err)
{
    /* the wall clock of a zone has hours that come twice */
    enum { ZONE_SLACK_S = 2 * 3600 };
    struct source *src = ctx;
    const struct pgtable *t = &src->tables[table];
    char number[32];
    char *condition;
    char *tail;
    bool ok;

    if (!t->updated_at)
        return scan(src, table, NULL, "", on_row, arg, err);
    if (since_s < ZONE_SLACK_S)
        since_s = ZONE_SLACK_S;
    (void)snprintf(number, sizeof number, "%" PRId64, since_s - ZONE_SLACK_S);
    tail = strstr(t->since, "%s");
    condition = mem_printf("(%s >= %.*s%s%s OR %s IS NULL)", t->updated_at, (int)(tail - t->since),
                           t->since, number, tail + 2, t->updated_at);
    ok = scan(src, table, condition, "", on_row, arg, err);
    free(condition);
    return ok;
}

/* '{…}'::type[] of the keys; those that the key's type cannot hold are left out. */
static char *
key_array(struct source *src, enum main_table table, const struct key *keys, size_t count)
{
    static const char *const types[] = {
        [MAPPING_KEY_INT] = "int8", [MAPPING_KEY_UUID] = "uuid", [MAPPING_KEY_TEXT] = "text"};
    enum mapping_key kind = src->mapping.tables[table].key;
    struct buf list = {0};
    char *quoted;
    char *out;

    buf_add_char(&list, '{');
    for (size_t i = 0; i < count; i++) {
        char *text = key_format(&keys[i]);

        if ((kind == MAPPING_KEY_INT && keys[i].is_text) ||
            (kind == MAPPING_KEY_UUID && (!keys[i].is_text || !key_is_uuid(text, strlen(text))))) {
            free(text);
            continue;
        }
        buf_add_str(&list, list.len > 1 ? ",\"" : "\"");
        for (const char *p = text; *p; p++) {
            if (*p == '"' || *p == '\\')
                buf_add_char(&list, '\\');
            buf_add_char(&list, *p);
        }
        buf_add_char(&list, '"');
        free(text);
    }
    buf_add_char(&list, '}');
    quoted = pglink_quote(src->l, buf_str(&list));
    out = mem_printf("%s::%s[]", quoted ? quoted : "'{}'", types[kind]);
    free(quoted);
    buf_release(&list);
    return out;
}

static bool
scan_some(void *ctx, enum main_table table, const struct key *keys, size_t count,
          main_row_fn *on_row, void *arg, struct error *err)
{
    struct source *src = ctx;
    bool is_text = src->mapping.tables[table].key == MAPPING_KEY_TEXT;
    char *array = key_array(src, table, keys, count);
    /* a text that is a UUID may stand there in capitals */
    char *condition =
        mem_printf(is_text ? "(q.id::text = ANY (%s) OR "
                             "(length(q.id::text) = 36 AND lower(q.id::text) = ANY (%s)))"
                           : "q.id = ANY (%s)",
                   array, array);
    bool ok = scan(src, table, condition, "", on_row, arg, err);

    free(condition);
    free(array);
    return ok;
}

static bool
scan_changed(void *ctx, enum main_table table, const char *position, main_row_fn *on_row, void *arg,
             bool *able, struct error *err)
{
    struct source *src = ctx;
    uint64_t xmin = 0;
    char condition[128];

    *able = !src->mapping.tables[table].present || src->tables[table].has_version;
    if (!*able)
        return true;
    if (!pgposition_xmin(position, &xmin))
        return error_set(err, ERR_INTERNAL, "the replica's position cannot be read");
    /* age() counts back from now; a frozen row keeps its number, the oldest are infinitely old */
    (void)snprintf(condition, sizeof condition,
                   "age(q.version) <= (SELECT age('%" PRIu32 "'::xid))", (uint32_t)xmin);
    return scan(src, table, condition, "", on_row, arg, err);
}

/* ---- keys */

static bool
scan_keys(void *ctx, enum main_table table, const struct key *from, const struct key *until,
          main_key_fn *on_key, void *arg, struct error *err)
{
    struct source *src = ctx;
    const char *column = key_column(src, table);
    struct buf sql = {0};
    struct pgcopy copy = {0};
    bool ok;

    if (!src->mapping.tables[table].present)
        return true;
    buf_printf(&sql, "COPY (SELECT %s FROM (%s\n) q WHERE q.id IS NOT NULL", column,
               src->mapping.tables[table].select);
    for (int side = 0; side < 2; side++) {
        const struct key *bound = side == 0 ? from : until;
        char *array;

        if (!bound)
            continue;
        array = key_array(src, table, bound, 1);
        buf_printf(&sql, " AND %s %s (%s)[1]", column, side == 0 ? ">=" : "<", array);
        free(array);
    }
    buf_add_str(&sql, ") TO STDOUT (FORMAT binary)");
    ok = pglink_copy_begin(src->l, buf_str(&sql), err) || said_of(src, table, err);
    buf_release(&sql);
    while (ok) {
        struct pgcopy_field field;
        struct key key;
        char *data = NULL;
        size_t len = 0;
        bool has = false;

        ok = pglink_copy_next(src->l, &data, &len, err) || said_of(src, table, err);
        if (!ok || !data)
            break;
        ok = pgcopy_take(&copy, data, len, 1, &field, &has, err);
        src->row.used = 0;
        if (ok && has && field.data)
            ok = pgrow_key(&src->row, src->mapping.tables[table].key, &field, &key, err) &&
                 on_key(arg, &key, err);
        PQfreemem(data);
    }
    return ok;
}

static bool
range_counts(void *ctx, enum main_table table, const struct key *bounds, size_t count, int64_t *out,
             bool *able, struct error *err)
{
    struct source *src = ctx;
    char *array;
    char *sql;
    PGresult *res;
    bool ok = true;

    for (size_t i = 0; i <= count; i++)
        out[i] = 0;
    /* a text that reads as a number is a number to us */
    *able = count == 0 || src->mapping.tables[table].key != MAPPING_KEY_TEXT || bounds[0].is_text;
    if (!*able || !src->mapping.tables[table].present)
        return true;
    array = key_array(src, table, bounds, count);
    sql = mem_printf("SELECT width_bucket(%s, %s), count(*) FROM (%s\n) q WHERE q.id IS NOT NULL "
                     "GROUP BY 1",
                     key_column(src, table), array, src->mapping.tables[table].select);
    res = pglink_query(src->l, sql, NULL, err);
    for (int i = 0; res && ok && i < PQntuples(res); i++) {
        int64_t bucket = 0;

        ok = num_parse_i64(PQgetvalue(res, i, 0), &bucket) && bucket >= 0 &&
             bucket <= (int64_t)count && num_parse_i64(PQgetvalue(res, i, 1), &out[bucket]);
    }
    ok = (res && ok) || said_of(src, table, err);
    PQclear(res);
    free(sql);
    free(array);
    return ok;
}

static bool
count_rows(void *ctx, enum main_table table, int64_t *out, struct error *err)
{
    struct source *src = ctx;
    char *sql;
    PGresult *res;
    bool ok;

    *out = 0;
    if (!src->mapping.tables[table].present)
        return true;
    sql = mem_printf("SELECT count(*) FROM (%s\n) q WHERE q.id IS NOT NULL",
                     src->mapping.tables[table].select);
    res = pglink_query(src->l, sql, NULL, err);
    ok = res && num_parse_i64(PQgetvalue(res, 0, 0), out);
    PQclear(res);
    free(sql);
    return ok || said_of(src, table, err);
}

/* ---- one state */

/* Outside a transaction: the first question may be refused. */
static bool
load_identity(struct source *src, struct error *err)
{
    PGresult *res;

    if (src->identity)
        return true;
    res = pglink_query(src->l, SQL_IDENTITY, NULL, err);
    if (!res && !pglink_is_lost(src->l) && err->code != ERR_RETRY)
        res = pglink_query(src->l, SQL_IDENTITY_PLAIN, NULL, err);
    if (res && PQntuples(res) == 1)
        src->identity = mem_strdup(PQgetvalue(res, 0, 0));
    PQclear(res);
    return src->identity != NULL;
}

static bool
load_snapshot(struct source *src, uint64_t *xmin, uint64_t *xmax, struct error *err)
{
    PGresult *res = pglink_query(src->l, SQL_SNAPSHOT, NULL, err);
    int64_t a = 0;
    int64_t b = 0;
    bool ok =
        res && num_parse_i64(PQgetvalue(res, 0, 0), &a) && num_parse_i64(PQgetvalue(res, 0, 1), &b);

    if (res && !ok)
        error_set(err, ERR_INTERNAL, "the server's snapshot cannot be read");
    *xmin = (uint64_t)a;
    *xmax = (uint64_t)b;
    PQclear(res);
    return ok;
}

/*
 * While no transaction with a number of its own runs, the next number says it all: whoever changes
 * anything takes one.
 */
static bool
fingerprint(void *ctx, struct buf *out, struct error *err)
{
    struct source *src = ctx;
    uint64_t xmin = 0;
    uint64_t xmax = 0;

    if (!load_identity(src, err) || !load_snapshot(src, &xmin, &xmax, err))
        return error_wrap(err, "main database");
    if (xmin == xmax)
        buf_printf(out, "%s/%" PRIu64, src->identity, xmax);
    return true;
}

/* All that is wrong, as one error. */
static bool
mapping_fits(struct source *src, struct error *err)
{
    struct buf problems = {0};
    struct buf flat = {0};
    bool ok = true;

    for (int t = 0; ok && t < MAIN_TABLE_COUNT; t++)
        ok = pgcheck_table(src->l, &src->mapping, (enum main_table)t, &src->tables[t], &problems,
                           err);
    if (ok && problems.len > 0) {
        const char *line = buf_str(&problems);

        for (size_t i = 0; i + 1 < problems.len; i++)
            if (line[i] == '\n')
                buf_add_str(&flat, "; ");
            else
                buf_add_char(&flat, line[i]);
        ok = error_set(err, ERR_INVALID, "main database: %s", buf_str(&flat));
    }
    buf_release(&flat);
    buf_release(&problems);
    return ok;
}

static bool
begin(void *ctx, struct error *err)
{
    struct source *src = ctx;
    uint64_t xmax = 0;

    if (!src->checked && !mapping_fits(src, err))
        return false;
    src->checked = true;
    if (!load_identity(src, err) || !pglink_exec(src->l, SQL_BEGIN, err) ||
        !load_snapshot(src, &src->xmin, &xmax, err))
        return error_wrap(err, "main database");
    free(src->relations);
    src->relations = NULL;
    return pgrelations_load(src->l, &src->mapping, &src->relations, err) ||
           error_wrap(err, "main database");
}

static void
end(void *ctx)
{
    struct source *src = ctx;
    struct error ignored = {0};

    /* after a failure in the middle of a COPY the connection is left alone: close() ends it */
    (void)pglink_rollback(src->l, &ignored);
}

static bool
position(void *ctx, struct buf *out, struct error *err)
{
    struct source *src = ctx;

    (void)err;
    pgposition_format(out, src->xmin, src->identity, src->relations);
    return true;
}

static bool
resume(void *ctx, const char *text, bool *same, struct error *err)
{
    struct source *src = ctx;

    (void)err;
    *same = pgposition_is_of(text, src->xmin, src->identity, src->relations);
    return true;
}

static void
source_close(void *ctx)
{
    struct source *src = ctx;

    if (!src)
        return;
    pglink_close(src->l);
    mapping_release(&src->mapping);
    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        pgtable_release(&src->tables[t]);
    pgrow_release(&src->row);
    free(src->identity);
    free(src->relations);
    free(src);
}

/* ---- opening */

static struct source *
source_new(const struct config *config, const atomic_bool *cancel, struct buf *problems,
           struct error *err)
{
    struct source *src = mem_alloc(sizeof *src);
    char *folder = path_dirname(config->path);
    bool ok = mapping_load(config->main_database.mapping, folder, &src->mapping, problems, err);

    free(folder);
    if (ok)
        src->l =
            pglink_open(config->main_database.url, config->main_database.password, cancel, err);
    if (src->l)
        return src;
    source_close(src);
    return NULL;
}

static bool
is_postgres(const char *url)
{
    return text_starts_with(url, "postgresql://") || text_starts_with(url, "postgres://");
}

static bool
open_postgres(const struct config *config, const atomic_bool *cancel, struct main_database *out,
              struct error *err)
{
    struct buf problems = {0};
    struct source *src = source_new(config, cancel, &problems, err);

    buf_release(&problems);
    *out = (struct main_database){0};
    if (!src)
        return err->path[0] && !text_starts_with(err->text, err->path)
                   ? error_wrap(err, "%s", err->path)
                   : false;
    *out = (struct main_database){
        .ctx = src,
        .name = mem_printf("%s (mapping %s, %s)", pglink_where(src->l), src->mapping.path,
                           src->mapping.digest),
        .fingerprint = fingerprint,
        .begin = begin,
        .end = end,
        .position = position,
        .resume = resume,
        .scan_changed = scan_changed,
        .scan_all = scan_all,
        .scan_since = scan_since,
        .scan_some = scan_some,
        .scan_keys = scan_keys,
        .range_counts = range_counts,
        .count = count_rows,
        .close = source_close,
    };
    return true;
}

bool
net_main_database_open(const struct config *config, const atomic_bool *cancel,
                       struct main_database *out, struct error *err)
{
    if (is_postgres(config->main_database.url))
        return open_postgres(config, cancel, out, err);
    return main_database_open_config(config, cancel, out, err);
}

bool
net_main_database_check(const struct config *config, struct buf *problems, struct error *err)
{
    struct main_database source = {0};
    struct source *src;
    bool ok = true;

    if (!is_postgres(config->main_database.url)) {
        ok = main_database_open_config(config, NULL, &source, err);
        main_database_close(&source);
        return ok;
    }
    src = source_new(config, NULL, problems, err);
    for (int t = 0; src && ok && t < MAIN_TABLE_COUNT; t++)
        ok = pgcheck_table(src->l, &src->mapping, (enum main_table)t, &src->tables[t], problems,
                           err);
    for (int k = 0; src && ok && config->main_database.write_back && k < MAIN_WRITE_COUNT; k++)
        ok = pgcheck_write_back(src->l, &src->mapping, (enum main_write)k, problems, err);
    source_close(src);
    return src && ok;
}
