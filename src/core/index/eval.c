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
    if (!reach_store_marks(e->v->db, &marks, e->err))
        return NULL;
    if (c && !index_follow_contacted(e->v, leaf, e->env, marks.deliveries, c, &usable, e->err)) {
        buf_clear(&c->key); /* half judged: some as of now, and the next may ask as of before */
        return NULL;
    }
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

/* How a set enters another: the first is all that is there yet. */
enum { JOIN_FIRST, JOIN_AND, JOIN_OR };

static void
join_set(int how, struct bits *acc, const struct bits *set)
{
    if (how == JOIN_FIRST)
        bits_copy(acc, set);
    else if (how == JOIN_AND)
        bits_and(acc, set);
    else
        bits_or(acc, set);
}

static bool
join_leaf(const struct eval *e, const struct leaf *leaf, bool only_sql, int how, struct bits *acc)
{
    const struct bits *set = leaf_set(e, leaf, only_sql);

    if (set)
        join_set(how, acc, set);
    return set != NULL;
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

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        part.values[texts[i]].given = false;
    if (!join_leaf(e, &part, false, JOIN_FIRST, out))
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
    if (how == JOIN_FIRST)
        return match(e, n, acc);
    bits_init(&set, acc->count);
    ok = match(e, n, &set);
    if (ok)
        join_set(how, acc, &set);
    bits_release(&set);
    return ok;
}

static bool
match(const struct eval *e, const struct node *n, struct bits *out)
{
    int how = n->kind == NODE_ANY ? JOIN_OR : JOIN_AND;

    if (n->kind == NODE_LEAF)
        return has_texts(n->leaf) ? split_customer(e, n->leaf, out)
                                  : join_leaf(e, n->leaf, false, JOIN_FIRST, out);
    if (n->count == 0)
        bits_fill(out, how == JOIN_AND);
    for (size_t i = 0; i < n->count; i++)
        if (!join(e, n->children[i], i == 0 ? JOIN_FIRST : how, out))
            return false;
    if (n->kind == NODE_NOT)
        bits_not(out);
    return true;
}

/* All that a tree's set depends on: for who was contacted, the ledger and the clock. */
static bool
make_tree_key(const struct eval *e, const struct node *n, struct buf *key)
{
    struct reach_marks marks = {0};

    index_key_number(key, n->kind);
    index_key_number(key, (int64_t)n->count);
    if (n->kind == NODE_LEAF) {
        index_leaf_key(n->leaf, e->env, key);
        if (n->leaf->spec->kind == LEAF_CONTACTED_BY) {
            if (!reach_store_marks(e->v->db, &marks, e->err))
                return false;
            index_key_number(key, marks.deliveries);
            index_key_number(key, e->env->now_s);
        }
        index_key_number(key, -1); /* where the leaf ends */
        return true;
    }
    for (size_t i = 0; i < n->count; i++)
        if (!make_tree_key(e, n->children[i], key))
            return false;
    return true;
}

static bool
is_same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* The set of v->last made anew. */
static bool
match_anew(const struct eval *e, const struct node *tree, struct buf *key)
{
    struct matched_set *last = &e->v->last;
    bool ok;

    if (!last->set.words)
        bits_init(&last->set, index_customers(e->v));
    buf_clear(&last->key);
    last->number++;
    ok = match(e, tree, &last->set) && !index_file_is_damaged(e->v->file);
    if (ok)
        buf_add(&last->key, key->data, key->len);
    return ok;
}

bool
index_match(struct index_view *v, const struct node *tree, const struct segment_env *env,
            const struct bits **out, bool *damaged, struct error *err)
{
    const struct eval e = {.v = v, .env = env, .damaged = damaged, .err = err};
    struct buf key = {0};
    bool ok;

    *damaged = false;
    ok = make_tree_key(&e, tree, &key) &&
         ((v->last.set.words && is_same(&v->last.key, &key)) || match_anew(&e, tree, &key));
    buf_release(&key);
    *out = &v->last.set;
    if (!ok)
        *damaged = *damaged || index_file_is_damaged(v->file);
    return ok;
}
