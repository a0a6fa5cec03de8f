#include "core/campaign/reach_each.h"
#include "core/preview/preview.h"

#include <stdlib.h>

#include "core/campaign/clone.h"
#include "core/store/recipient_store.h"

static char *
ids_as_json(const int64_t *ids, size_t count)
{
    json_t *list = json_array();
    char *text;

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, json_integer(ids[i]));
    text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

bool
launch_target_open(struct launch_target *t, struct db *db, struct db *ledger,
                   const struct config *config, const struct campaign *c, int64_t now_s,
                   struct error *err)
{
    int64_t *ids = NULL;
    size_t count = 0;

    *t = (struct launch_target){.c = c, .config = *config};
    t->config.policy.cap_messages = c->cap_messages;
    t->config.policy.cap_days = c->cap_days;
    t->env = (struct segment_env){.now_s = now_s, .config = &t->config};
    if (!json_object_get(c->spec, "segment"))
        return error_set_at(err, ERR_CONFLICT, "/segment", "no segment is chosen yet");
    t->criteria = segment_resolve(db, json_object_get(c->spec, "segment"), err);
    if (!t->criteria || !campaign_family_left_out(ledger, c->id, t->criteria, &ids, &count, err)) {
        launch_target_release(t);
        return false;
    }
    if (count > 0)
        t->left_out = ids_as_json(ids, count);
    free(ids);
    return true;
}

void
launch_target_release(struct launch_target *t)
{
    criteria_free(t->criteria);
    free(t->left_out);
    *t = (struct launch_target){0};
}

struct walk {
    const struct launch_target *t;
    struct db *ledger;
    bool (*each)(void *ctx, const struct segment_recipient *r);
    void *ctx;
    int64_t excluded;
    bool ok;
    struct error *err;
};

static bool
walk_one(void *arg, const struct segment_recipient *r)
{
    struct walk *w = arg;
    bool reached = false;

    w->ok = recipient_store_is_reached(w->ledger, w->t->left_out, r->key, w->t->c->channel,
                                       r->address, &reached, w->err);
    if (w->ok && reached)
        w->excluded++;
    return w->ok && (reached || w->each(w->ctx, r));
}

bool
launch_target_each(const struct launch_target *t, struct db *db, struct db *ledger,
                   bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx,
                   int64_t *excluded, struct error *err)
{
    struct walk w = {.t = t, .ledger = ledger, .each = each, .ctx = ctx, .ok = true, .err = err};

    *excluded = 0;
    if (!t->left_out)
        return segment_each_recipient(db, t->criteria, &t->env, t->c->channel, each, ctx, err);
    if (!segment_each_recipient(db, t->criteria, &t->env, t->c->channel, walk_one, &w, err))
        return false;
    *excluded = w.excluded;
    return w.ok;
}
