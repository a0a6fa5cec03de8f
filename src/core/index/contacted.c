/*
 * Who was contacted changes with every message sent and with every second: a set is kept up by
 * looking again at those customers only whose deliveries were noted, or passed a limit of time.
 */
#include <stdlib.h>

#include "core/index/view.h"
#include "core/segment/compile.h"

enum { FOLLOW_MOST = 20000 }; /* more than these: making it anew is as quick */

struct judging {
    struct index_view *v;
    struct bits *bits;
};

static void
take_judged(void *ctx, int64_t id, bool holds)
{
    struct judging *j = ctx;
    uint32_t position = 0;

    if (!index_places_find(&j->v->places, id, &position))
        return;
    if (holds)
        bits_add(j->bits, position);
    else
        bits_drop(j->bits, position);
}

/* Who passes a limit between two instants; both ends are looked at. */
static bool
gather_passing(struct index_view *v, const struct leaf_value *days, int64_t before_s, int64_t now_s,
               struct gather *g, bool *usable, struct error *err)
{
    int64_t from = 0;
    int64_t until = 0;

    if (!days->given || before_s == now_s || !*usable)
        return true;
    /* days that reach before all time at one of the instants: rare enough */
    *usable =
        cutoff_before(before_s, days->days, &from) && cutoff_before(now_s, days->days, &until);
    return !*usable || reach_store_dated_between(v->db, from, until + 1, gather_id, g, err);
}

bool
index_follow_contacted(struct index_view *v, const struct leaf *leaf, const struct segment_env *env,
                       int64_t deliveries, struct cached *c, bool *usable, struct error *err)
{
    struct judging j = {v, &c->bits};
    struct gather g = {0};
    bool ok = true;

    *usable = env->now_s >= c->now_s;
    if (*usable && deliveries != c->deliveries)
        ok = reach_store_has_since(v->db, REACH_DELIVERIES, c->deliveries, usable, err) &&
             (!*usable || deliveries - c->deliveries > FOLLOW_MOST ||
              reach_store_noted_customers(v->db, c->deliveries, gather_id, &g, err));
    *usable = *usable && deliveries - c->deliveries <= FOLLOW_MOST;
    ok =
        ok &&
        gather_passing(v, &leaf->values[CONTACTED_WITHIN], c->now_s, env->now_s, &g, usable, err) &&
        gather_passing(v, &leaf->values[CONTACTED_OLDER], c->now_s, env->now_s, &g, usable, err);
    *usable = *usable && g.count <= FOLLOW_MOST;
    if (ok && *usable && g.count > 0)
        ok = segment_sql_judge(v->db, leaf, env, g.ids, g.count, take_judged, &j, err);
    free(g.ids);
    return ok;
}
