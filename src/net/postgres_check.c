#include "net/postgres_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"

/* Of pg_type.h; they never change. */
enum type_oid {
    T_BOOL = 16,
    T_INT8 = 20,
    T_INT2 = 21,
    T_INT4 = 23,
    T_TEXT = 25,
    T_XID = 28,
    T_JSON = 114,
    T_FLOAT4 = 700,
    T_FLOAT8 = 701,
    T_BPCHAR = 1042,
    T_VARCHAR = 1043,
    T_DATE = 1082,
    T_TIMESTAMP = 1114,
    T_TIMESTAMPTZ = 1184,
    T_NUMERIC = 1700,
    T_UUID = 2950,
    T_JSONB = 3802,
};

struct check {
    struct pglink *l;
    const struct mapping *m;
    enum main_table table;
    const struct mapping_table *map;
    struct pgtable *out;
    struct buf *problems;
    struct error *err; /* of a lost connection */
    bool lost;
    struct buf columns;
};

void
pgtable_release(struct pgtable *t)
{
    free(t->columns);
    free(t->updated_at);
    free(t->since);
    *t = (struct pgtable){0};
}

static void complain(struct check *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
complain(struct check *c, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    buf_printf(c->problems, "%s (%s:%d): %s\n", main_table_name(c->table), c->m->path, c->map->line,
               text);
}

/* The type's name and category (S string, N number, E enum, ...) as the catalogue knows them. */
static char
category_of(struct check *c, Oid type, char *name, size_t size)
{
    char sql[128];
    PGresult *res;
    char category = '?';

    (void)snprintf(sql, sizeof sql,
                   "SELECT typcategory, format_type(oid, NULL) FROM pg_type WHERE oid = %u", type);
    (void)snprintf(name, size, "type %u", type);
    res = pglink_query(c->l, sql, NULL, c->err);
    if (res && PQntuples(res) == 1) {
        category = PQgetvalue(res, 0, 0)[0];
        (void)text_copy(name, size, PQgetvalue(res, 0, 1));
    }
    c->lost = c->lost || !res;
    PQclear(res);
    return category;
}

static const char *
key_type_name(enum mapping_key key)
{
    static const char *const names[] = {[MAPPING_KEY_INT] = "a whole number",
                                        [MAPPING_KEY_UUID] = "a uuid",
                                        [MAPPING_KEY_TEXT] = "a text"};

    return names[key];
}

/* What the column is cast to, or NULL when its type will not do. */
static const char *
key_cast(enum mapping_key key, Oid type, char category)
{
    switch (key) {
    case MAPPING_KEY_INT:
        return type == T_INT2 || type == T_INT4 || type == T_INT8 ? "::int8" : NULL;
    case MAPPING_KEY_UUID:
        return type == T_UUID ? "::uuid" : NULL;
    case MAPPING_KEY_TEXT:
        return category == 'S' || category == 'E' || category == 'N' || type == T_UUID ? "::text"
                                                                                       : NULL;
    }
    return NULL;
}

static enum mapping_key
key_kind(const struct check *c, const struct main_column *column)
{
    return column->kind == MAIN_KIND_REF ? c->m->tables[column->ref].key : c->map->key;
}

static void
mistyped(struct check *c, const struct main_column *column, const char *have, const char *want)
{
    complain(c, "column %s is %s where %s is needed; write a cast such as %s::%s in the SELECT",
             column->name, have, want, column->name,
             column->kind == MAIN_KIND_TIME     ? "timestamptz"
             : column->kind == MAIN_KIND_NUMBER ? "float8"
             : column->kind == MAIN_KIND_BOOL   ? "boolean"
                                                : "text");
}

/* Any time becomes a timestamptz; a timestamp and a date are read in the mapping's zone. */
static void
add_time(struct check *c, const struct main_column *column, Oid type)
{
    bool is_naive = type != T_TIMESTAMPTZ;
    bool is_update = strcmp(column->name, "updated_at") == 0;

    if (is_naive)
        buf_printf(&c->columns, "(q.%s::timestamp AT TIME ZONE '%s')", column->name,
                   c->m->time_zone);
    else
        buf_printf(&c->columns, "q.%s", column->name);
    if (!is_update)
        return;
    c->out->updated_at = mem_printf("q.%s", column->name);
    c->out->since = is_naive ? mem_printf("(to_timestamp(%%s) AT TIME ZONE '%s')", c->m->time_zone)
                             : mem_strdup("to_timestamp(%s)");
}

/* Appends the column's expression; a complaint when its type will not do. */
static void
add_column(struct check *c, const struct main_column *column, Oid type)
{
    char have[96];
    char category = category_of(c, type, have, sizeof have);
    const char *cast;

    switch (column->kind) {
    case MAIN_KIND_KEY:
    case MAIN_KIND_REF:
        cast = key_cast(key_kind(c, column), type, category);
        if (cast)
            buf_printf(&c->columns, "q.%s%s", column->name, cast);
        else
            complain(c, "column %s is %s, but the mapping says that this key is %s", column->name,
                     have, key_type_name(key_kind(c, column)));
        break;
    case MAIN_KIND_TIME:
        if (type == T_TIMESTAMPTZ || type == T_TIMESTAMP || type == T_DATE)
            add_time(c, column, type);
        else
            mistyped(c, column, have, "a timestamp");
        break;
    case MAIN_KIND_TEXT:
    case MAIN_KIND_WORD:
        if (category == 'S' || category == 'E' || category == 'N' || category == 'B' ||
            category == 'U' || category == 'X')
            buf_printf(&c->columns, "q.%s::text", column->name);
        else
            mistyped(c, column, have, "a text");
        break;
    case MAIN_KIND_BOOL:
        if (type == T_BOOL)
            buf_printf(&c->columns, "q.%s", column->name);
        else if (type == T_INT2 || type == T_INT4 || type == T_INT8)
            buf_printf(&c->columns, "(q.%s <> 0)", column->name);
        else
            mistyped(c, column, have, "a boolean");
        break;
    case MAIN_KIND_NUMBER:
        if (category == 'N')
            buf_printf(&c->columns, "q.%s::float8", column->name);
        else
            mistyped(c, column, have, "a number");
        break;
    case MAIN_KIND_JSON:
        if (type == T_JSON || type == T_JSONB || category == 'S')
            buf_printf(&c->columns, "q.%s::text", column->name);
        else
            mistyped(c, column, have, "json, jsonb or text");
        break;
    case MAIN_KIND_VERSION:
        if (type != T_XID)
            complain(c, "column version is %s, and must be the system column xmin", have);
        c->out->has_version = type == T_XID;
        break;
    }
}

/* Columns of the SELECT that mean nothing, or stand there twice. */
static void
look_at_names(struct check *c, const PGresult *res)
{
    size_t count;
    const struct main_column *columns = main_columns(c->table, &count);

    for (int i = 0; i < PQnfields(res); i++) {
        const char *name = PQfname(res, i);
        const char *near;

        if (main_column_find(c->table, name)) {
            if (PQfnumber(res, name) != i)
                complain(c, "the SELECT has two columns %s", name);
            continue;
        }
        near = text_nearest(name, &columns[0].name, count, sizeof columns[0]);
        complain(c, "the SELECT has a column %.80s that is none of ours%s%s%s", name,
                 near ? "; did you mean " : "", near ? near : "",
                 near ? "?" : "; leave it out or name it AS one of ours");
    }
}

static void
look_at_columns(struct check *c, const PGresult *res)
{
    size_t count;
    const struct main_column *columns = main_columns(c->table, &count);

    for (size_t i = 0; i < count && !c->lost; i++) {
        int at = PQfnumber(res, columns[i].name);

        if (columns[i].kind != MAIN_KIND_VERSION) {
            buf_add_str(&c->columns, i > 0 ? ", " : "");
            c->out->count++;
        }
        if (at >= 0)
            add_column(c, &columns[i], PQftype(res, at));
        else if (columns[i].required)
            complain(c, "the SELECT gives no column %s", columns[i].name);
        else if (columns[i].kind != MAIN_KIND_VERSION)
            buf_add_str(&c->columns, "NULL::text");
    }
}

/* Not the mapping's fault: a lock, a server that stops, no room. By the class of SQLSTATE. */
static bool
is_passing(const char *state)
{
    static const char *const classes[] = {"40", "53", "55", "57", "58", "XX"};

    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (strncmp(state, classes[i], 2) == 0)
            return true;
    return false;
}

bool
pgcheck_table(struct pglink *l, const struct mapping *m, enum main_table table, struct pgtable *out,
              struct buf *problems, struct error *err)
{
    struct check c = {.l = l,
                      .m = m,
                      .table = table,
                      .map = &m->tables[table],
                      .out = out,
                      .problems = problems,
                      .err = err};
    struct error why = {0};
    char state[6];
    char *sql;
    PGresult *res;

    pgtable_release(out);
    if (!c.map->present)
        return true;
    sql = mem_printf("SELECT * FROM (%s\n) q LIMIT 0", c.map->select);
    res = pglink_query(l, sql, state, &why);
    free(sql);
    if (!res) {
        if (pglink_is_lost(l) || why.code == ERR_RETRY) {
            *err = why;
            return false;
        }
        if (is_passing(state))
            return error_set(err, ERR_INTERNAL, "%s (%s:%d): %s", main_table_name(table), m->path,
                             c.map->line, why.text);
        complain(&c, "%s", why.text);
        return true;
    }
    look_at_names(&c, res);
    look_at_columns(&c, res);
    PQclear(res);
    out->columns = buf_take(&c.columns);
    return !c.lost;
}

bool
pgcheck_write_back(struct pglink *l, const struct mapping *m, enum main_write kind,
                   struct buf *problems, struct error *err)
{
    const char *what = kind == MAIN_WRITE_CONVERSATION ? "conversation" : "message";
    struct error why = {0};
    char *sql;
    bool ok;

    if (!m->write_back[kind]) {
        buf_printf(problems,
                   "write_back (%s): main_database.write_back is on, but the mapping has no %s\n",
                   m->path, what);
        return true;
    }
    sql =
        mem_printf("PREPARE canvass_check AS %s\n; DEALLOCATE canvass_check", m->write_back[kind]);
    ok = pglink_exec(l, sql, &why);
    free(sql);
    if (ok || (!pglink_is_lost(l) && why.code != ERR_RETRY)) {
        if (!ok)
            buf_printf(problems, "write_back.%s (%s): %s\n", what, m->path, why.text);
        return true;
    }
    *err = why;
    return false;
}
