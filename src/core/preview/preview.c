/* From the column index when there is one of the connection's generation, else from SQL. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/index/file.h"
#include "core/index/index.h"
#include "core/preview/preview.h"
#include "core/segment/preview_sql.h"

/* One moment for all that is read: begins a transaction unless the caller has one. */
static bool
begin(struct db *db, bool *begun, struct error *err)
{
    *begun = !db_in_transaction(db);
    return !*begun || db_begin_read(db, err);
}

static void
end(struct db *db, bool begun)
{
    if (begun)
        db_rollback(db);
}

bool
segment_is_indexed(struct db *db)
{
    return index_of(db) != NULL;
}

/*
 * What the index says of a tree: set, and recipients when the reach was asked, are the view's until
 * the next that is asked of it. v NULL: SQL must answer.
 */
struct answer {
    struct index_view *v;
    const struct bits *set, *recipients;
    struct reach counts;
};

/* false: an error. A damaged index is let go. */
static bool
settle(struct answer *a, bool ok, bool damaged)
{
    if (damaged)
        index_drop(a->v);
    if (!ok)
        a->v = NULL;
    return ok || damaged;
}

static bool
match(struct db *db, const struct node *tree, const struct segment_env *env, struct answer *out,
      struct error *err)
{
    bool damaged = false;
    bool ok;

    *out = (struct answer){.v = index_of(db)};
    if (!out->v)
        return true;
    ok = index_match(out->v, tree, env, &out->set, &damaged, err);
    return settle(out, ok, damaged);
}

static bool
match_reach(struct db *db, const struct criteria *c, const struct segment_env *env, size_t channel,
            struct answer *out, struct error *err)
{
    bool damaged = false;
    bool ok;

    if (!match(db, c->root, env, out, err))
        return false;
    if (!out->v)
        return true;
    ok = index_reach(out->v, env, channel, &out->counts, &out->recipients, &damaged, err);
    return settle(out, ok, damaged);
}

bool
segment_count(struct db *db, const struct criteria *c, const struct segment_env *env,
              int64_t *matched, struct error *err)
{
    struct answer a = {0};
    bool begun = false;
    bool ok = begin(db, &begun, err) && match(db, c->root, env, &a, err);

    if (ok && a.v)
        *matched = bits_tally(a.set);
    else if (ok)
        ok = segment_sql_count(db, c, env, matched, err);
    end(db, begun);
    return ok;
}

bool
segment_reach(struct db *db, const struct criteria *c, const struct segment_env *env,
              const char *channel, struct reach *out, struct error *err)
{
    struct answer a = {0};
    size_t by = 0;
    bool begun = false;
    bool ok = segment_channel_find(channel, &by, err) && begin(db, &begun, err) &&
              match_reach(db, c, env, by, &a, err);

    if (ok && a.v)
        *out = a.counts;
    else if (ok)
        ok = segment_sql_reach(db, c, env, channel, out, err);
    end(db, begun);
    return ok;
}

bool
segment_each_id(struct db *db, const struct criteria *c, const struct segment_env *env,
                bool (*each)(void *ctx, const struct key *key), void *ctx, struct error *err)
{
    struct answer a = {0};
    struct index_column ids;
    struct bits set = {0}; /* of our own: each() may ask another */
    bool begun = false;
    bool numbers = false;
    bool more = true;
    bool ok = begin(db, &begun, err) && match(db, c->root, env, &a, err);

    if (ok && a.v && index_ids(a.v, &ids, &numbers) && numbers) {
        bits_init(&set, a.set->count);
        bits_copy(&set, a.set);
    } else if (ok) {
        ok = segment_sql_each_id(db, c, env, each, ctx, err);
    }
    for (size_t p = 0; more && (p = bits_next(&set, p)) < set.count; p++) {
        struct key key = {.number = index_id_at(&ids, p)};

        more = each(ctx, &key);
    }
    bits_release(&set);
    end(db, begun);
    return ok;
}

bool
segment_each_recipient(struct db *db, const struct criteria *c, const struct segment_env *env,
                       const char *channel,
                       bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx,
                       struct error *err)
{
    struct answer a = {0};
    struct index_column ids;
    int64_t *rows = NULL;
    size_t count = 0;
    size_t by = 0;
    bool begun = false;
    bool numbers = false;
    bool ok = segment_channel_find(channel, &by, err) && begin(db, &begun, err) &&
              match_reach(db, c, env, by, &a, err);

    if (ok && a.v && index_ids(a.v, &ids, &numbers)) {
        rows = mem_calloc((size_t)a.counts.reachable, sizeof *rows);
        for (size_t p = 0; (p = bits_next(a.recipients, p)) < a.recipients->count; p++)
            rows[count++] = index_id_at(&ids, p);
        ok = segment_sql_addresses(db, channel, rows, count, each, ctx, err);
    } else if (ok) {
        ok = segment_sql_each_recipient(db, c, env, channel, each, ctx, err);
    }
    free(rows);
    end(db, begun);
    return ok;
}

/* channel NULL: no reach. *use false: damaged. */
static bool
sample(struct db *db, const struct answer *a, const size_t *channel, size_t limit, uint64_t seed,
       struct segment_sample *out, bool *use, struct error *err)
{
    struct index_column ids;
    size_t *picked = NULL;
    size_t count = 0;
    bool numbers = false;
    int64_t *rows;
    uint8_t *reach;
    bool ok;

    *use =
        index_ids(a->v, &ids, &numbers) && index_pick(a->v, a->set, limit, seed, &picked, &count);
    if (!*use)
        return true;
    rows = mem_calloc(count, sizeof *rows);
    reach = mem_calloc(count, sizeof *reach);
    for (size_t i = 0; i < count; i++) {
        rows[i] = index_id_at(&ids, picked[i]);
        if (channel)
            reach[i] = (uint8_t)index_reach_kind(a->v, *channel, a->recipients, picked[i]);
    }
    ok = segment_sql_people(db, rows, channel ? reach : NULL, count, out, err);
    free(picked);
    free(rows);
    free(reach);
    return ok;
}

bool
segment_sample(struct db *db, const struct criteria *c, const struct segment_env *env,
               const char *channel, size_t limit, uint64_t seed, struct segment_sample *out,
               struct error *err)
{
    struct answer a = {0};
    size_t by = 0;
    bool begun = false;
    bool use = false;
    bool ok = (!channel || segment_channel_find(channel, &by, err)) && begin(db, &begun, err);

    *out = (struct segment_sample){0};
    ok = ok && (channel ? match_reach(db, c, env, by, &a, err) : match(db, c->root, env, &a, err));
    if (ok && a.v)
        ok = sample(db, &a, channel ? &by : NULL, limit, seed, out, &use, err);
    if (ok && !use)
        ok = segment_sql_sample(db, c, env, channel, limit, seed, out, err);
    end(db, begun);
    return ok;
}

/* The set shrinks child by child; a child alone is not asked twice, since leaves are kept. */
static bool
funnel(struct index_view *v, const struct criteria *c, const struct segment_env *env,
       struct segment_funnel *out, bool *use, struct error *err)
{
    struct node *const *steps = c->root->kind == NODE_ALL ? c->root->children : &c->root;
    size_t count = c->root->kind == NODE_ALL ? c->root->count : 1;
    struct bits left = {0};
    bool damaged = false;

    out->count = count + 1;
    out->counts = mem_calloc(out->count, sizeof *out->counts);
    bits_init(&left, index_customers(v));
    bits_fill(&left, true);
    out->counts[0] = bits_tally(&left);
    for (size_t i = 0; i < count; i++) {
        const struct bits *set;

        *use = index_match(v, steps[i], env, &set, &damaged, err);
        if (!*use)
            break;
        bits_and(&left, set);
        out->counts[i + 1] = bits_tally(&left);
    }
    bits_release(&left);
    if (damaged)
        index_drop(v);
    return *use || damaged;
}

bool
segment_funnel(struct db *db, const struct criteria *c, const struct segment_env *env,
               struct segment_funnel *out, struct error *err)
{
    struct index_view *v;
    bool begun = false;
    bool use = false;
    bool ok = begin(db, &begun, err);

    *out = (struct segment_funnel){0};
    v = ok ? index_of(db) : NULL;
    if (v) {
        use = true;
        ok = funnel(v, c, env, out, &use, err);
        if (!use)
            segment_funnel_release(out);
    }
    if (ok && !use)
        ok = segment_sql_funnel(db, c, env, out, err);
    end(db, begun);
    return ok;
}

/* One statement for each count: who is in both satisfies a tree of both. */
static bool
compare_sql(struct db *db, const struct criteria *a, const struct criteria *b,
            const struct segment_env *env, struct segment_overlap *out, struct error *err)
{
    struct node *children[] = {a->root, b->root};
    struct node root = {.kind = NODE_ALL, .children = children, .count = ARRAY_LEN(children)};
    struct criteria both = {.root = &root};

    return segment_sql_count(db, a, env, &out->a, err) &&
           segment_sql_count(db, b, env, &out->b, err) &&
           segment_sql_count(db, &both, env, &out->both, err);
}

bool
segment_compare(struct db *db, const struct criteria *a, const struct criteria *b,
                const struct segment_env *env, struct segment_overlap *out, struct error *err)
{
    struct answer of = {0};
    struct bits first = {0}; /* while the second is asked */
    bool begun = false;
    bool ok = begin(db, &begun, err) && match(db, a->root, env, &of, err);

    *out = (struct segment_overlap){0};
    if (ok && of.v) {
        bits_init(&first, of.set->count);
        bits_copy(&first, of.set);
        ok = match(db, b->root, env, &of, err);
    }
    if (ok && of.v)
        *out = (struct segment_overlap){.a = bits_tally(&first),
                                        .b = bits_tally(of.set),
                                        .both = bits_tally_and(&first, of.set)};
    else if (ok)
        ok = compare_sql(db, a, b, env, out, err);
    bits_release(&first);
    end(db, begun);
    return ok;
}
