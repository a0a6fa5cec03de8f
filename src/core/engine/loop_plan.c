/* Campaigns whose recipients are being frozen, and scheduled ones whose time has come. */
#include "core/campaign/launch.h"
#include "core/engine/loop.h"

/* About a tenth of a second. Every batch touches most pages of the index of addresses: not smaller.
 */
enum { PLAN_BATCH = 50000 };

static void
plan_one(struct loop *l, int64_t id)
{
    struct error err = {0};
    bool done = false;

    if (launch_plan_step(l->ledger, l->reader, l->opt.config, id, PLAN_BATCH, &done, &err)) {
        l->last_activity_ms = loop_mono_ms(l);
        loop_wait_at_most(l, 0);
    } else if (err.code == ERR_CONFLICT) {
        /* Back to draft, which the campaign's own events tell. */
        log_line(LOG_ERROR, "engine", "%s", err.text);
    } else {
        loop_trouble(l, "queue the recipients of a campaign", &err);
    }
}

static void
start_due(struct loop *l)
{
    const int64_t now_s = loop_now_ms(l) / 1000;
    struct error err = {0};
    int64_t next_s = 0;
    size_t count = 0;

    if (!engine_next_start(l->ledger, &next_s, &err)) {
        loop_trouble(l, "see which campaign is to start", &err);
        return;
    }
    if (next_s == 0)
        return;
    if (next_s > now_s)
        loop_wait_at_most(l, next_s * 1000 - loop_now_ms(l));
    else if (!campaign_start_due(l->ledger, now_s, &count, &err))
        loop_trouble(l, "start a scheduled campaign", &err);
}

void
loop_plan_step(struct loop *l)
{
    struct engine_campaign rows[ENGINE_CAMPAIGNS_MAX];
    struct error err = {0};
    size_t count = 0;

    start_due(l);
    l->planning = false;
    if (!engine_campaigns_load(l->ledger, ENGINE_CAMPAIGNS_PLANNING, rows, &count, &err)) {
        loop_trouble(l, "see what is to be queued", &err);
        return;
    }
    l->planning = count > 0;
    for (size_t i = 0; i < count; i++)
        plan_one(l, rows[i].id);
}
