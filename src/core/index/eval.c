/* Trees of criteria as sets of customers: leaves from the cache, from columns, or from SQL. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/view.h"
#include "core/segment/compile.h"
#include "core/segment/preview_sql.h"

struct eval {
    struct index_view *v;
    const struct segment_env *env;
    bool *damaged;
    struct error *err;
};

/* --- one leaf */

struct taking {
    const struct index_places *places;
    struct bits *out;
};

static void
take_row(void *ctx, int64_t id)
{
    struct taking *t = ctx;
    uint32_t position = 0;

    if (index_places_find(t->places, id, &position))
        bits_add(t->out, position);
}

static bool
ask_sql(const struct eval *e, const struct leaf *leaf, struct bits *out)
{
    struct taking t = {.out = out};

    if (!view_places(e->v, &t.places)) {
        *e->damaged = true;
        return false;
    }
    bits_fill(out, false);
    return segment_sql_each_row(e->v->db, leaf, e->env, take_row, &t, e->err);
}

static struct cached *
make_set(const struct eval *e, const struct leaf *leaf, bool only_sql, const struct buf *key)
{
    struct bits made = {0};
    struct cached *put = NULL;
    enum leaf_outcome outcome = LEAF_ASK_SQL;

    bits_init(&made, index_customers(e->v));
    if (!only_sql)
        outcome = index_leaf(e->v, leaf, e->env, &made);
    if (outcome == LEAF_DAMAGED)
        *e->damaged = true;
    if (outcome == LEAF_DONE || (outcome == LEAF_ASK_SQL && ask_sql(e, leaf, &made)))
        put = view_cache_put(e->v, key, &made);
    bits_release(&made);
    return put;
}

static struct cached *
contacted_set(const struct eval *e, const struct leaf *leaf, const struct buf *key)
{
    struct cached *c = view_cache_find(e->v, key);
    struct reach_marks marks = {0};
    const struct index_places *places = NULL;
    bool usable = c != NULL;

    if (!view_places(e->v, &places)) {
        *e->damaged = true;
        return NULL;
    }
    if (!reach_store_marks(e->v->db, &marks, e->err) ||
        (usable &&
         !index_follow_contacted(e->v, leaf, e->env, marks.deliveries, c, &usable, e->err)))
        return NULL;
    if (c && !usable)
        buf_clear(&c->key); /* found no more */
    if (!usable)
        c = make_set(e, leaf, true, key);
    if (c) {
        c->deliveries = marks.deliveries;
        c->now_s = e->env->now_s;
    }
    return c;
}

static const struct bits *
leaf_set(const struct eval *e, const struct leaf *leaf, bool only_sql)
{
    struct buf key = {0};
    struct cached *c;

    index_leaf_key(leaf, e->env, &key);
    if (leaf->spec->kind == LEAF_CONTACTED_BY) {
        c = contacted_set(e, leaf, &key);
    } else {
        c = view_cache_find(e->v, &key);
        if (!c)
            c = make_set(e, leaf, only_sql, &key);
    }
    buf_release(&key);
    return c ? &c->bits : NULL;
}

enum { JOIN_AND, JOIN_OR };

static bool
join_leaf(const struct eval *e, const struct leaf *leaf, bool only_sql, int how, struct bits *acc)
{
    const struct bits *set = leaf_set(e, leaf, only_sql);

    if (!set)
        return false;
    if (how == JOIN_AND)
        bits_and(acc, set);
    else
        bits_or(acc, set);
    return true;
}

/*
 * A customer leaf's texts are asked of SQL, each alone: a keystroke in one recomputes that one and
 * nothing else of the leaf.
 */
static bool
split_customer(const struct eval *e, const struct leaf *leaf, struct bits *out)
{
    static const int texts[] = {CUSTOMER_NAME, CUSTOMER_NOTES};
    struct leaf part = *leaf;

    bits_fill(out, true);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        part.values[texts[i]].given = false;
    if (!join_leaf(e, &part, false, JOIN_AND, out))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!leaf->values[texts[i]].given)
            continue;
        for (size_t k = 0; k < LEAF_KEYS_MAX; k++)
            part.values[k].given = false;
        part.values[texts[i]].given = true;
        if (!join_leaf(e, &part, true, JOIN_AND, out))
            return false;
    }
    return true;
}

/* --- the tree */

static bool match(const struct eval *e, const struct node *n, struct bits *out);

static bool
has_texts(const struct leaf *leaf)
{
    return leaf->spec->kind == LEAF_CUSTOMER &&
           (leaf->values[CUSTOMER_NAME].given || leaf->values[CUSTOMER_NOTES].given);
}

static bool
join(const struct eval *e, const struct node *n, int how, struct bits *acc)
{
    struct bits set = {0};
    bool ok;

    if (n->kind == NODE_LEAF && !has_texts(n->leaf))
        return join_leaf(e, n->leaf, false, how, acc);
    bits_init(&set, acc->count);
    ok = match(e, n, &set);
    if (ok && how == JOIN_AND)
        bits_and(acc, &set);
    else if (ok)
        bits_or(acc, &set);
    bits_release(&set);
    return ok;
}

static bool
match(const struct eval *e, const struct node *n, struct bits *out)
{
    int how = n->kind == NODE_ANY ? JOIN_OR : JOIN_AND;

    if (n->kind == NODE_LEAF && has_texts(n->leaf))
        return split_customer(e, n->leaf, out);
    bits_fill(out, how == JOIN_AND);
    if (n->kind == NODE_LEAF)
        return join_leaf(e, n->leaf, false, JOIN_AND, out);
    for (size_t i = 0; i < n->count; i++)
        if (!join(e, n->children[i], how, out))
            return false;
    if (n->kind == NODE_NOT)
        bits_not(out);
    return true;
}

/* All that a tree's set depends on; false: on the ledger too, and it is not worth keeping. */
static bool
make_tree_key(const struct eval *e, const struct node *n, struct buf *key)
{
    index_key_number(key, n->kind);
    index_key_number(key, (int64_t)n->count);
    if (n->kind == NODE_LEAF) {
        if (n->leaf->spec->kind == LEAF_CONTACTED_BY)
            return false;
        index_leaf_key(n->leaf, e->env, key);
        index_key_number(key, -1); /* where the leaf ends */
        return true;
    }
    for (size_t i = 0; i < n->count; i++)
        if (!make_tree_key(e, n->children[i], key))
            return false;
    return true;
}

static bool
is_last(const struct index_view *v, const struct buf *key)
{
    return v->last.words && v->last_key.len == key->len &&
           memcmp(v->last_key.data, key->data, key->len) == 0;
}

static void
keep_last(struct index_view *v, const struct buf *key, const struct bits *set)
{
    if (!v->last.words)
        bits_init(&v->last, set->count);
    bits_copy(&v->last, set);
    buf_clear(&v->last_key);
    buf_add(&v->last_key, key->data, key->len);
}

bool
index_match(struct index_view *v, const struct node *tree, const struct segment_env *env,
            struct bits *out, bool *damaged, struct error *err)
{
    const struct eval e = {.v = v, .env = env, .damaged = damaged, .err = err};
    struct buf key = {0};
    bool keep = make_tree_key(&e, tree, &key);
    bool ok = true;

    *damaged = false;
    bits_init(out, index_customers(v));
    if (keep && is_last(v, &key)) {
        bits_copy(out, &v->last);
    } else {
        ok = match(&e, tree, out) && !index_file_is_damaged(v->file);
        if (ok && keep)
            keep_last(v, &key, out);
    }
    buf_release(&key);
    if (ok)
        return true;
    *damaged = *damaged || index_file_is_damaged(v->file);
    bits_release(out);
    return false;
}
