/* Campaigns whose recipients are being frozen, and scheduled ones whose time has come. */
#include "core/campaign/launch.h"
#include "core/engine/loop.h"

enum { PLAN_BATCH = 500 };

static void
plan_one(struct loop *l, int64_t id)
{
    struct error err = {0};
    bool done = false;

    if (!launch_plan_step(l->ledger, l->reader, l->opt.config, id, PLAN_BATCH, &done, &err)) {
        loop_trouble(l, "freeze the recipients of a campaign", &err);
        return;
    }
    l->last_activity_ms = loop_mono_ms(l);
    loop_wait_at_most(l, 0);
}

void
loop_plan_step(struct loop *l)
{
    struct engine_campaign rows[ENGINE_CAMPAIGNS_MAX];
    struct error err = {0};
    size_t count = 0;

    l->planning = false;
    if (!engine_campaigns_load(l->ledger, ENGINE_CAMPAIGNS_PLANNING, 0, rows, &count, &err)) {
        loop_trouble(l, "see what is to be planned", &err);
        return;
    }
    l->planning = count > 0;
    for (size_t i = 0; i < count; i++)
        plan_one(l, rows[i].id);
}
