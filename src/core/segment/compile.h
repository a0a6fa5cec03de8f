/*
 * Criteria to SQL: a condition on one row of `replica.customer c`, true or false and never NULL.
 * Values are bound, never printed into the text. SQLite's parser has a stack of 100 entries and
 * expressions of at most 1,000 levels: wide nodes are grouped, and what is nested deeply becomes a
 * common table expression of its own.
 */
#ifndef CANVASS_CORE_SEGMENT_COMPILE_H
#define CANVASS_CORE_SEGMENT_COMPILE_H

#include "core/base/buf.h"
#include "core/segment/criteria_tree.h"
#include "core/store/db.h"

struct sql_value;

struct segment_sql { /* one statement; zero and env set is a valid empty value */
    const struct segment_env *env;
    struct buf ctes; /* "n0 AS MATERIALIZED (...), n1 AS ..."; empty most of the time */
    size_t cte_count;
    struct sql_value *values; /* owned */
    size_t value_count, value_capacity;
};

/* The condition for a tree, for the alias `c`; caller frees. May add to ctes. */
char *segment_sql_node(struct segment_sql *q, const struct node *n);
char *segment_sql_leaf(struct segment_sql *q, const struct leaf *leaf);
/* Remember a value; *name is its parameter (":p12"). */
#define SQL_NAME_SIZE 24
const char *segment_sql_i64(struct segment_sql *q, int64_t value, char name[SQL_NAME_SIZE]);
const char *segment_sql_text(struct segment_sql *q, const char *value, char name[SQL_NAME_SIZE]);
/* "WITH n0 AS (...) " or "". */
void segment_sql_add_with(const struct segment_sql *q, struct buf *out);
void segment_sql_bind(const struct segment_sql *q, struct db_stmt *st);
void segment_sql_release(struct segment_sql *q);

/* now - days in seconds; false when that is before all time. Likewise now + days. */
bool cutoff_before(int64_t now_s, int64_t days, int64_t *out);
bool cutoff_after(int64_t now_s, int64_t days, int64_t *out);

/* The filters of a `conversation` or `appointment` leaf on alias v or a, for counting in why.c. */
void segment_sql_filters(struct segment_sql *q, const struct leaf *leaf, struct buf *out);

/* The conditions of a `contacted_by` leaf on alias d, each after " AND ". */
void segment_sql_deliveries(struct segment_sql *q, const struct leaf *leaf, struct buf *out);

#endif
