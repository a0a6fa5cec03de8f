/* Rows and keys of a PostgreSQL main database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/store/key_hash.h"
#include "net/postgres_relations.h"
#include "net/postgres_source.h"

static bool
said_of(struct pgsource *src, enum main_table table, struct error *err)
{
    return error_wrap(err, "main database, %s (%s)", main_table_name(table), src->mapping.path);
}

/* ---- reading rows */

/* The connection is ours again, for another question. */
static bool
end_ahead(struct pgsource *src, struct error *err)
{
    struct pgahead *a = src->ahead;

    src->ahead = NULL;
    return pgahead_drain(a, err);
}

static bool
next_message(struct pgsource *src, enum main_table table, char **data, size_t *len,
             struct error *err)
{
    if (src->ahead)
        return pgahead_next(src->ahead, table, data, len, err);
    return pglink_copy_next(src->l, data, len, err) || said_of(src, table, err);
}

static bool
for_each_row(struct pgsource *src, enum main_table table, main_row_fn *on_row, void *arg,
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

        if (!next_message(src, table, &data, &len, err))
            return false;
        if (!data)
            return true;
        ok = pgcopy_take(&copy, data, len, src->tables[table].count, fields, &has, err);
        if (ok && has)
            ok = pgrow_read(&src->row, &src->mapping, table, fields, &row, err) &&
                 on_row(arg, &row, err);
        if (!src->ahead)
            PQfreemem(data);
        if (!ok)
            return false;
    }
}

/* Rows for which the condition holds; NULL: all. Caller frees. */
static char *
rows_sql(const struct pgsource *src, enum main_table table, const char *condition,
         const char *order)
{
    return mem_printf(
        "COPY (SELECT %s FROM (%s\n) q WHERE q.id IS NOT NULL%s%s%s) TO STDOUT (FORMAT binary)",
        src->tables[table].columns, src->mapping.tables[table].select, condition ? " AND " : "",
        condition ? condition : "", order);
}

static bool
scan(struct pgsource *src, enum main_table table, const char *condition, const char *order,
     main_row_fn *on_row, void *arg, struct error *err)
{
    char *sql;
    bool ok;

    if (!src->mapping.tables[table].present)
        return true;
    if (!end_ahead(src, err))
        return false;
    sql = rows_sql(src, table, condition, order);
    ok = pglink_copy_begin(src->l, sql, err) || said_of(src, table, err);
    free(sql);
    return ok && for_each_row(src, table, on_row, arg, err);
}

/* The key as our order has it: bytewise for texts. */
static const char *
key_column(const struct pgsource *src, enum main_table table)
{
    static const char *const columns[] = {[MAPPING_KEY_INT] = "q.id::int8",
                                          [MAPPING_KEY_UUID] = "q.id",
                                          [MAPPING_KEY_TEXT] = "q.id::text COLLATE \"C\""};

    return columns[src->mapping.tables[table].key];
}

bool
pgsource_scan_all(void *ctx, enum main_table table, main_row_fn *on_row, void *arg,
                  struct error *err)
{
    struct pgsource *src = ctx;
    char *order = mem_printf(" ORDER BY %s", key_column(src, table));
    bool ok = scan(src, table, NULL, order, on_row, arg, err);

    free(order);
    return ok;
}

bool
pgsource_scan_since(void *ctx, enum main_table table, int64_t since_s, main_row_fn *on_row,
                    void *arg, struct error *err)
{
    /* the wall clock of a zone has hours that come twice */
    enum { ZONE_SLACK_S = 2 * 3600 };
    struct pgsource *src = ctx;
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
key_array(struct pgsource *src, enum main_table table, const struct key *keys, size_t count)
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

bool
pgsource_scan_some(void *ctx, enum main_table table, const struct key *keys, size_t count,
                   main_row_fn *on_row, void *arg, struct error *err)
{
    struct pgsource *src = ctx;
    bool is_text = src->mapping.tables[table].key == MAPPING_KEY_TEXT;
    char *array;
    char *condition;
    bool ok;

    if (!end_ahead(src, err)) /* quoting needs the connection too */
        return false;
    array = key_array(src, table, keys, count);
    /* a text that is a UUID may stand there in capitals */
    condition = mem_printf(is_text ? "(q.id::text = ANY (%s) OR "
                                     "(length(q.id::text) = 36 AND lower(q.id::text) = ANY (%s)))"
                                   : "q.id = ANY (%s)",
                           array, array);
    ok = scan(src, table, condition, "", on_row, arg, err);
    free(condition);
    free(array);
    return ok;
}

static bool
knows_changed(const struct pgsource *src, enum main_table table)
{
    return !src->mapping.tables[table].present || src->tables[table].has_version;
}

/* The condition of rows that changed since. */
static bool
changed_since(const char *position, char out[128], struct error *err)
{
    uint64_t xmin = 0;

    if (!pgposition_xmin(position, &xmin))
        return error_set(err, ERR_INTERNAL, "the replica's position cannot be read");
    /* age() counts back from now; a frozen row keeps its number, the oldest are infinitely old */
    (void)snprintf(out, 128, "age(q.version) <= (SELECT age('%" PRIu32 "'::xid))", (uint32_t)xmin);
    return true;
}

bool
pgsource_scan_changed(void *ctx, enum main_table table, const char *position, main_row_fn *on_row,
                      void *arg, bool *able, struct error *err)
{
    struct pgsource *src = ctx;
    char condition[128];

    *able = knows_changed(src, table);
    if (!*able || !src->mapping.tables[table].present)
        return true;
    if (src->ahead)
        return for_each_row(src, table, on_row, arg, err);
    return changed_since(position, condition, err) &&
           scan(src, table, condition, "", on_row, arg, err);
}

/* ---- keys */

bool
pgsource_scan_keys(void *ctx, enum main_table table, const struct key *from,
                   const struct key *until, main_key_fn *on_key, void *arg, struct error *err)
{
    struct pgsource *src = ctx;
    const char *column = key_column(src, table);
    struct buf sql = {0};
    struct pgcopy copy = {0};
    bool ok;

    if (!src->mapping.tables[table].present)
        return true;
    if (!end_ahead(src, err))
        return false;
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

bool
pgsource_range_counts(void *ctx, enum main_table table, const struct key *bounds, size_t count,
                      int64_t *out, bool *able, struct error *err)
{
    struct pgsource *src = ctx;
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
    if (!end_ahead(src, err))
        return false;
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

static char *
count_sql(const struct pgsource *src, enum main_table table)
{
    return mem_printf("SELECT count(*) FROM (%s\n) q WHERE q.id IS NOT NULL",
                      src->mapping.tables[table].select);
}

static bool
counted_ahead(struct pgsource *src, enum main_table table, int64_t *out, struct error *err)
{
    if (!pgahead_count(src->ahead, table, out, err))
        return false;
    return --src->uncounted > 0 || end_ahead(src, err);
}

bool
pgsource_count_rows(void *ctx, enum main_table table, int64_t *out, struct error *err)
{
    struct pgsource *src = ctx;
    char *sql;
    PGresult *res;
    bool ok;

    *out = 0;
    if (!src->mapping.tables[table].present)
        return true;
    if (src->ahead)
        return counted_ahead(src, table, out, err);
    sql = count_sql(src, table);
    res = pglink_query(src->l, sql, NULL, err);
    ok = res && num_parse_i64(PQgetvalue(res, 0, 0), out);
    PQclear(res);
    free(sql);
    return ok || said_of(src, table, err);
}

bool
pgsource_read_ahead(void *ctx, const char *position, struct error *err)
{
    struct pgsource *src = ctx;
    struct pgahead_question questions[MAIN_TABLE_COUNT] = {0};
    char condition[128];

    if (!changed_since(position, condition, err))
        return false;
    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        if (!knows_changed(src, (enum main_table)t))
            return true;
    src->uncounted = 0;
    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        if (src->mapping.tables[t].present) {
            questions[t].rows = rows_sql(src, (enum main_table)t, condition, "");
            questions[t].count = count_sql(src, (enum main_table)t);
            src->uncounted++;
        }
    src->ahead = pgahead_start(src->l, src->mapping.path, questions);
    return true;
}
