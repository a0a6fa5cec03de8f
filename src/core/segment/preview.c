/* From the column index when there is one of the connection's generation, else from SQL. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/index/file.h"
#include "core/index/index.h"
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

/*
 * The set of a tree; *use false: SQL must answer. What is set in *out is released by the caller.
 */
static bool
match(struct db *db, const struct node *tree, const struct segment_env *env, struct bits *out,
      bool *use, struct error *err)
{
    struct index_view *v = index_of(db);
    bool damaged = false;

    *use = v && index_match(v, tree, env, out, &damaged, err);
    if (damaged)
        index_drop(v);
    return *use || !v || damaged;
}

bool
segment_count(struct db *db, const struct criteria *c, const struct segment_env *env,
              int64_t *matched, struct error *err)
{
    struct bits set = {0};
    bool begun = false;
    bool use = false;
    bool ok = begin(db, &begun, err) && match(db, c->root, env, &set, &use, err);

    if (ok && use)
        *matched = bits_tally(&set);
    else if (ok)
        ok = segment_sql_count(db, c, env, matched, err);
    bits_release(&set);
    end(db, begun);
    return ok;
}

bool
segment_reach(struct db *db, const struct criteria *c, const struct segment_env *env,
              const char *channel, struct reach *out, struct error *err)
{
    return segment_sql_reach(db, c, env, channel, out, err);
}

bool
segment_each_id(struct db *db, const struct criteria *c, const struct segment_env *env,
                bool (*each)(void *ctx, const struct key *key), void *ctx, struct error *err)
{
    struct index_view *v;
    struct index_column ids;
    struct bits set = {0};
    bool begun = false;
    bool use = false;
    bool numbers = false;
    bool ok = begin(db, &begun, err) && match(db, c->root, env, &set, &use, err);

    v = ok && use ? index_of(db) : NULL;
    use = v && index_ids(v, &ids, &numbers) && numbers;
    if (ok && !use)
        ok = segment_sql_each_id(db, c, env, each, ctx, err);
    for (size_t p = 0; ok && use && (p = bits_next(&set, p)) < set.count; p++) {
        struct key key = {.number = ids.width == 4 ? ((const int32_t *)ids.data)[p]
                                                   : ((const int64_t *)ids.data)[p]};

        use = each(ctx, &key);
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
    return segment_sql_each_recipient(db, c, env, channel, each, ctx, err);
}

bool
segment_sample(struct db *db, const struct criteria *c, const struct segment_env *env,
               const char *channel, size_t limit, uint64_t seed, struct segment_sample *out,
               struct error *err)
{
    return segment_sql_sample(db, c, env, channel, limit, seed, out, err);
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
        struct bits set = {0};

        *use = index_match(v, steps[i], env, &set, &damaged, err);
        if (!*use)
            break;
        bits_and(&left, &set);
        bits_release(&set);
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
