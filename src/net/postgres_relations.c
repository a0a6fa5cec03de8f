#include "net/postgres_relations.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/mem.h"
#include "core/base/text.h"

/* Transaction numbers of rows have 32 bits: half of them look back. */
#define MAX_AGE UINT64_C(2000000000)

/* A plan names every table that is read, also behind views and partitions. */
static void
gather(json_t *node, json_t *names)
{
    const char *relation = json_string_value(json_object_get(node, "Relation Name"));
    const char *schema = json_string_value(json_object_get(node, "Schema"));
    const char *key;
    json_t *member;

    if (relation && schema) {
        char *both = mem_printf("%s\n%s", schema, relation);

        (void)json_object_set_new(names, both, json_true());
        free(both);
    }
    if (json_is_object(node)) {
        json_object_foreach(node, key, member) gather(member, names);
    } else if (json_is_array(node)) {
        for (size_t i = 0; i < json_array_size(node); i++)
            gather(json_array_get(node, i), names);
    }
}

static bool
explain(struct pglink *l, const char *select, json_t *names, struct error *err)
{
    char *sql = mem_printf("EXPLAIN (FORMAT json, VERBOSE, COSTS off) %s\n", select);
    PGresult *res = pglink_query(l, sql, NULL, err);
    json_t *plan = res ? json_loads(PQgetvalue(res, 0, 0), 0, NULL) : NULL;

    if (plan)
        gather(plan, names);
    else if (res)
        error_set(err, ERR_INTERNAL, "the server's plan cannot be read");
    json_decref(plan);
    PQclear(res);
    free(sql);
    return plan != NULL;
}

/* "schema"."name" between quotes, of all of them. */
static void
list_names(struct pglink *l, json_t *names, struct buf *out)
{
    const char *key;
    json_t *ignored;

    json_object_foreach(names, key, ignored)
    {
        size_t schema = strcspn(key, "\n");
        char *head = mem_strndup(key, schema);
        char *schema_quoted = pglink_quote(l, head);
        char *name_quoted = pglink_quote(l, key + schema + 1);

        buf_printf(out, "%s(%s,%s)", out->len > 0 ? "," : "", schema_quoted ? schema_quoted : "''",
                   name_quoted ? name_quoted : "''");
        free(head);
        free(schema_quoted);
        free(name_quoted);
    }
}

bool
pgrelations_load(struct pglink *l, const struct mapping *m, char **out, struct error *err)
{
    json_t *names = json_object();
    struct buf list = {0};
    char *sql = NULL;
    PGresult *res = NULL;
    bool ok = true;

    *out = NULL;
    for (int t = 0; ok && t < MAIN_TABLE_COUNT; t++)
        ok = !m->tables[t].present || explain(l, m->tables[t].select, names, err);
    list_names(l, names, &list);
    if (ok && list.len == 0)
        *out = mem_strdup("-"); /* SELECTs without any table */
    if (ok && !*out) {
        sql = mem_printf(
            "SELECT md5(coalesce(string_agg(c.oid || ':' || a.attnum || ':' || a.attname || ':' || "
            "a.atttypid || ':' || coalesce(a.attmissingval::text, ''), ',' "
            "ORDER BY c.oid, a.attnum), '')) "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "WHERE (n.nspname, c.relname) IN (%s)",
            buf_str(&list));
        res = pglink_query(l, sql, NULL, err);
        if (res)
            *out = mem_strdup(PQgetvalue(res, 0, 0));
    }
    PQclear(res);
    free(sql);
    buf_release(&list);
    json_decref(names);
    return *out != NULL;
}

void
pgposition_format(struct buf *out, uint64_t xmin, const char *identity, const char *relations)
{
    buf_printf(out, "%" PRIu64 " %s %s", xmin, identity, relations);
}

bool
pgposition_xmin(const char *position, uint64_t *xmin)
{
    char *number = mem_strndup(position, strcspn(position, " "));
    int64_t n = 0;
    bool ok = num_parse_i64(number, &n) && n > 0;

    *xmin = (uint64_t)n;
    free(number);
    return ok;
}

bool
pgposition_is_of(const char *position, uint64_t now, const char *identity, const char *relations)
{
    struct buf want = {0};
    uint64_t xmin = 0;
    bool ok;

    if (!pgposition_xmin(position, &xmin) || xmin > now || now - xmin > MAX_AGE)
        return false;
    pgposition_format(&want, xmin, identity, relations);
    ok = strcmp(buf_str(&want), position) == 0;
    buf_release(&want);
    return ok;
}
