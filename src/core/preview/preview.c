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

struct reached {
    struct bits set, recipients;
    struct reach counts;
};

static void
reached_release(struct reached *r)
{
    bits_release(&r->set);
    bits_release(&r->recipients);
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

/* The set and its reach; *use and errors as of match(). */
static bool
match_reach(struct db *db, const struct criteria *c, const struct segment_env *env, size_t channel,
            struct reached *out, bool *use, struct error *err)
{
    struct index_view *v;
    bool damaged = false;

    if (!match(db, c->root, env, &out->set, use, err))
        return false;
    if (!*use)
        return true;
    v = index_of(db);
    *use =
        v && index_reach(v, &out->set, env, channel, &out->counts, &out->recipients, &damaged, err);
    if (damaged)
        index_drop(v);
    return *use || !v || damaged;
}

bool
segment_reach(struct db *db, const struct criteria *c, const struct segment_env *env,
              const char *channel, struct reach *out, struct error *err)
{
    struct reached r = {0};
    size_t by = 0;
    bool begun = false;
    bool use = false;
    bool ok = segment_channel_find(channel, &by, err) && begin(db, &begun, err) &&
              match_reach(db, c, env, by, &r, &use, err);

    if (ok && use)
        *out = r.counts;
    else if (ok)
        ok = segment_sql_reach(db, c, env, channel, out, err);
    reached_release(&r);
    end(db, begun);
    return ok;
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
        struct key key = {.number = index_id_at(&ids, p)};

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
    struct reached r = {0};
    struct index_view *v;
    struct index_column ids;
    int64_t *rows = NULL;
    size_t count = 0;
    size_t by = 0;
    bool begun = false;
    bool use = false;
    bool numbers = false;
    bool ok = segment_channel_find(channel, &by, err) && begin(db, &begun, err) &&
              match_reach(db, c, env, by, &r, &use, err);

    v = ok && use ? index_of(db) : NULL;
    use = v && index_ids(v, &ids, &numbers);
    if (use) {
        rows = mem_calloc((size_t)r.counts.reachable, sizeof *rows);
        for (size_t p = 0; (p = bits_next(&r.recipients, p)) < r.recipients.count; p++)
            rows[count++] = index_id_at(&ids, p);
        ok = segment_sql_addresses(db, channel, rows, count, each, ctx, err);
    } else if (ok) {
        ok = segment_sql_each_recipient(db, c, env, channel, each, ctx, err);
    }
    free(rows);
    reached_release(&r);
    end(db, begun);
    return ok;
}

static bool
sample(struct db *db, const struct reached *r, const size_t *channel, size_t limit, uint64_t seed,
       struct segment_sample *out, bool *use, struct error *err)
{
    struct index_view *v = index_of(db);
    struct index_column ids;
    size_t *picked = NULL;
    size_t count = 0;
    bool numbers = false;
    int64_t *rows;
    uint8_t *reach;
    bool ok;

    *use =
        v && index_ids(v, &ids, &numbers) && index_pick(v, &r->set, limit, seed, &picked, &count);
    if (!*use)
        return true;
    rows = mem_calloc(count, sizeof *rows);
    reach = mem_calloc(count, sizeof *reach);
    for (size_t i = 0; i < count; i++) {
        rows[i] = index_id_at(&ids, picked[i]);
        if (channel)
            reach[i] = (uint8_t)index_reach_kind(v, *channel, &r->recipients, picked[i]);
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
    struct reached r = {0};
    size_t by = 0;
    bool begun = false;
    bool use = false;
    bool ok = (!channel || segment_channel_find(channel, &by, err)) && begin(db, &begun, err);

    *out = (struct segment_sample){0};
    ok = ok && (channel ? match_reach(db, c, env, by, &r, &use, err)
                        : match(db, c->root, env, &r.set, &use, err));
    if (ok && use)
        ok = sample(db, &r, channel ? &by : NULL, limit, seed, out, &use, err);
    if (ok && !use)
        ok = segment_sql_sample(db, c, env, channel, limit, seed, out, err);
    reached_release(&r);
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
    struct bits sets[2] = {{0}, {0}};
    bool begun = false;
    bool use = false;
    bool ok = begin(db, &begun, err) && match(db, a->root, env, &sets[0], &use, err);

    *out = (struct segment_overlap){0};
    ok = ok && (!use || match(db, b->root, env, &sets[1], &use, err));
    if (ok && use)
        *out = (struct segment_overlap){.a = bits_tally(&sets[0]),
                                        .b = bits_tally(&sets[1]),
                                        .both = bits_tally_and(&sets[0], &sets[1])};
    else if (ok)
        ok = compare_sql(db, a, b, env, out, err);
    bits_release(&sets[0]);
    bits_release(&sets[1]);
    end(db, begun);
    return ok;
}
