/*
 * Reach without SQL on the way: who has an address, opted out or is capped is kept as sets, brought
 * up to date by the ledger's notes (reach_store.h), and judged customer by customer by the SQL of
 * the definition (segment_sql_barred()).
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/view.h"

static size_t
space_of(size_t channel)
{
    return channel == CHANNEL_EMAIL ? SPACE_EMAIL : SPACE_PHONE;
}

void
gather_id(void *ctx, int64_t id)
{
    struct gather *g = ctx;

    g->ids = mem_grow(g->ids, g->count, &g->capacity, sizeof *g->ids);
    g->ids[g->count++] = id;
}

static void
set_bit(struct bits *b, size_t position, bool value)
{
    if (value)
        bits_add(b, position);
    else
        bits_drop(b, position);
}

static void
take_barred(void *ctx, int64_t id, unsigned barred)
{
    struct index_view *v = ctx;
    uint32_t p = 0;

    if (!index_places_find(&v->places, id, &p))
        return;
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        set_bit(&v->reach.opted[i], p, barred >> i & 1);
    set_bit(&v->reach.capped[SPACE_PHONE], p, barred >> BARRED_PHONE_CAPPED & 1);
    set_bit(&v->reach.capped[SPACE_EMAIL], p, barred >> BARRED_EMAIL_CAPPED & 1);
}

static void
take_suppressed(void *ctx, int64_t id, const char *channel, bool email)
{
    struct index_view *v = ctx;
    bool all = strcmp(channel, "all") == 0;
    uint32_t p = 0;

    if (!index_places_find(&v->places, id, &p))
        return;
    if (email && (all || strcmp(channel, "email") == 0))
        bits_add(&v->reach.opted[CHANNEL_EMAIL], p);
    if (!email && (all || strcmp(channel, "sms") == 0))
        bits_add(&v->reach.opted[CHANNEL_SMS], p);
    if (!email && (all || strcmp(channel, "voice") == 0))
        bits_add(&v->reach.opted[CHANNEL_VOICE], p);
}

/* --- bringing it up to date */

static bool
make_has(struct index_view *v, size_t space, uint8_t flag, bool *damaged)
{
    struct conditions c = {0};
    struct condition *has = conditions_add(&c, CONDITION_BYTE);

    has->which = has->value = flag;
    *damaged = !index_file_column(v->file, SECTION_FLAGS, &has->column);
    bits_init(&v->reach.has[space], index_customers(v));
    if (!*damaged)
        scan_rows(&c, &v->reach.has[space]);
    return !*damaged;
}

static bool
load_opted(struct index_view *v, struct error *err)
{
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        bits_fill(&v->reach.opted[i], false);
    return reach_store_suppressed(v->db, take_suppressed, v, err);
}

static bool
load_state(struct index_view *v, bool *damaged, struct error *err)
{
    struct reach_state *r = &v->reach;

    reach_state_release(r);
    if (!make_has(v, SPACE_PHONE, INDEX_HAS_PHONE, damaged) ||
        !make_has(v, SPACE_EMAIL, INDEX_HAS_EMAIL, damaged))
        return false;
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        bits_init(&r->opted[i], index_customers(v));
    for (size_t i = 0; i < SPACE_COUNT; i++)
        bits_init(&r->capped[i], index_customers(v));
    r->loaded = load_opted(v, err);
    return r->loaded;
}

/* Whether only what was noted need be looked at; *all: everything. */
static bool
how_much(struct index_view *v, enum reach_notes which, int64_t since, bool *all, struct error *err)
{
    bool has = false;

    if (*all)
        return true;
    if (!reach_store_has_since(v->db, which, since, &has, err))
        return false;
    *all = !has;
    return true;
}

static bool
follow_suppressions(struct index_view *v, const struct reach_marks *now, struct gather *g,
                    struct error *err)
{
    bool all = false;

    if (now->suppressions == v->reach.marks.suppressions)
        return true;
    if (!how_much(v, REACH_SUPPRESSIONS, v->reach.marks.suppressions, &all, err))
        return false;
    return all ? load_opted(v, err)
               : reach_store_noted(v->db, REACH_SUPPRESSIONS, v->reach.marks.suppressions,
                                   gather_id, g, err);
}

static bool
follow_deliveries(struct index_view *v, const struct reach_marks *now, int64_t cap, int64_t since_s,
                  struct gather *g, struct error *err)
{
    struct reach_state *r = &v->reach;
    bool all = cap != r->cap || since_s < r->since_s;

    if (cap <= 0) {
        for (size_t i = 0; i < SPACE_COUNT && r->cap > 0; i++)
            bits_fill(&r->capped[i], false);
        return true;
    }
    if (!all && now->deliveries != r->marks.deliveries &&
        !how_much(v, REACH_DELIVERIES, r->marks.deliveries, &all, err))
        return false;
    if (all) {
        for (size_t i = 0; i < SPACE_COUNT; i++)
            bits_fill(&r->capped[i], false);
        return reach_store_maybe_capped(v->db, since_s, cap, gather_id, g, err);
    }
    return (now->deliveries == r->marks.deliveries ||
            reach_store_noted(v->db, REACH_DELIVERIES, r->marks.deliveries, gather_id, g, err)) &&
           (since_s == r->since_s ||
            reach_store_accepted_between(v->db, r->since_s, since_s, gather_id, g, err));
}

static bool
bring_up(struct index_view *v, const struct segment_env *env, bool *damaged, struct error *err)
{
    const struct index_places *places = NULL;
    struct reach_state *r = &v->reach;
    struct reach_marks now = {0};
    struct gather g = {0};
    int64_t cap = env->config->policy.cap_messages > 0 ? env->config->policy.cap_messages : 0;
    int64_t since_s = 0;
    bool fresh = !r->loaded;
    bool ok;

    *damaged = !view_places(v, &places);
    if (*damaged)
        return false;
    if (!cutoff_before(env->now_s, env->config->policy.cap_days, &since_s))
        since_s = INT64_MIN;
    ok = reach_store_marks(v->db, &now, err) && (!fresh || load_state(v, damaged, err));
    ok = ok && (fresh || follow_suppressions(v, &now, &g, err)) &&
         follow_deliveries(v, &now, cap, since_s, &g, err);
    if (ok && g.count > 0)
        ok = segment_sql_barred(v->db, env, g.ids, g.count, take_barred, v, err);
    free(g.ids);
    if (!ok) { /* half done: begin again the next time */
        reach_state_release(r);
        return false;
    }
    r->marks = now;
    r->cap = cap;
    r->since_s = since_s;
    return true;
}

/* --- a set */

/* Whether a member of a group is another's double, of two: no branch, since nobody can foretell. */
static int64_t
drop_second(struct bits *left, uint32_t first, uint32_t second)
{
    uint64_t both =
        (left->words[first / 64] >> (first % 64)) & (left->words[second / 64] >> (second % 64)) & 1;

    left->words[second / 64] ^= both << (second % 64);
    return (int64_t)both;
}

static int64_t
drop_all_but_first(struct bits *left, const uint32_t *members, size_t count)
{
    int64_t dropped = 0;
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        if (!bits_has(left, members[i]))
            continue;
        if (found) {
            bits_drop(left, members[i]);
            dropped++;
        }
        found = true;
    }
    return dropped;
}

/* Of those who share an address the first stays; the others are taken out of left. */
static bool
take_duplicates(struct index_view *v, size_t space, struct bits *left, int64_t *count)
{
    struct index_column groups;
    struct index_column members;
    const uint32_t *g;
    const uint32_t *m;

    *count = 0;
    if (!index_file_column(
            v->file, space == SPACE_PHONE ? SECTION_PHONE_GROUP : SECTION_EMAIL_GROUP, &groups) ||
        !index_file_column(
            v->file, space == SPACE_PHONE ? SECTION_PHONE_MEMBER : SECTION_EMAIL_MEMBER, &members))
        return false;
    g = groups.data;
    m = members.data;
    for (size_t i = 0; i + 1 < groups.count; i++) {
        if (g[i + 1] - g[i] == 2) /* nearly all */
            *count += drop_second(left, m[g[i]], m[g[i] + 1]);
        else
            *count += drop_all_but_first(left, m + g[i], g[i + 1] - g[i]);
    }
    return true;
}

/* Counts and recipients of a set, when the state is up to date. false: damaged. */
static bool
reach_of_set(struct index_view *v, const struct bits *set, size_t channel, struct reach *out,
             struct bits *left)
{
    const struct reach_state *r = &v->reach;
    size_t space = space_of(channel);
    struct bits_sieved s =
        bits_sieve(left, set, &r->has[space], &r->opted[channel], &r->capped[space]);

    *out = (struct reach){.matched = s.all,
                          .no_address = s.all - s.in,
                          .opted_out = s.in - s.not_out,
                          .capped = s.not_out - s.not_off};
    if (!take_duplicates(v, space, left, &out->duplicate_address))
        return false;
    out->reachable = s.not_off - out->duplicate_address;
    return true;
}

/* The same set, channel, ledger and window as the last time. */
static bool
is_reached(const struct index_view *v, size_t channel)
{
    const struct reached_set *last = &v->reached;
    const struct reach_state *r = &v->reach;

    return last->of == v->last.number && last->channel == channel && last->cap == r->cap &&
           last->since_s == r->since_s && last->marks.suppressions == r->marks.suppressions &&
           last->marks.deliveries == r->marks.deliveries;
}

bool
index_reach(struct index_view *v, const struct segment_env *env, size_t channel, struct reach *out,
            const struct bits **recipients, bool *damaged, struct error *err)
{
    struct reached_set *last = &v->reached;

    if (!bring_up(v, env, damaged, err))
        return false;
    if (!is_reached(v, channel)) {
        last->of = 0;
        if (!last->left.words)
            bits_init(&last->left, v->last.set.count);
        *damaged = !reach_of_set(v, &v->last.set, channel, &last->counts, &last->left);
        if (*damaged)
            return false;
        last->of = v->last.number;
        last->channel = channel;
        last->cap = v->reach.cap;
        last->since_s = v->reach.since_s;
        last->marks = v->reach.marks;
    }
    *out = last->counts;
    *recipients = &last->left;
    return true;
}

int
index_reach_kind(const struct index_view *v, size_t channel, const struct bits *recipients,
                 size_t position)
{
    const struct reach_state *r = &v->reach;

    if (bits_has(recipients, position))
        return REACH_LEFT;
    if (!bits_has(&r->has[space_of(channel)], position))
        return REACH_NO_ADDRESS;
    if (bits_has(&r->opted[channel], position))
        return REACH_OPTED_OUT;
    return bits_has(&r->capped[space_of(channel)], position) ? REACH_CAPPED : REACH_DUPLICATE;
}
