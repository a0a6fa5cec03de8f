/* canvass campaign launch: review, freeze, queue. */
#include "cli/campaign.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/text.h"
#include "core/campaign/launch.h"
#include "core/store/recipient_store.h"

enum { BATCH = 100000 };

static void
print_checks(const struct launch_review *r, FILE *out)
{
    static const char *const marks[] = {
        [LAUNCH_OK] = "ok  ", [LAUNCH_LOOK] = "look", [LAUNCH_STOP] = "STOP"};

    for (size_t i = 0; i < r->check_count; i++)
        (void)fprintf(out, "  %s  %s\n", marks[r->checks[i].level], r->checks[i].text);
}

/* Without a count: tells what the launch would do, and what to type. */
static int
ask_for_count(struct campaign_job *j, struct error *err)
{
    struct launch_review r = {0};
    bool ok = db_begin_read(j->reader, err) &&
              launch_review(j->reader, &j->config, j->id, j->cli->now_s, &r, err);

    db_rollback(j->reader);
    if (!ok)
        return -1;
    if (!j->cli->json)
        print_checks(&r, stderr);
    if (!launch_may_go(&r, err))
        (void)error_wrap(err, "nothing was launched");
    else
        (void)error_set(err, ERR_INVALID,
                        "nothing was launched: %" PRId64 " people would be messaged, %" PRId64
                        " SMS segments; --confirm %" PRId64 "%s launches it",
                        r.reach.reachable, r.segments_total, r.reach.reachable,
                        r.everyone ? " --everyone" : "");
    launch_review_release(&r);
    return -1;
}

static bool
queue_all(struct campaign_job *j, struct error *err)
{
    bool done = false;

    while (!done)
        if (!launch_plan_step(j->ledger, j->reader, &j->config, j->id, BATCH, &done, err))
            return false;
    return true;
}

static int
print_launched(struct campaign_job *j, struct error *err)
{
    struct campaign_stats stats = {0};
    struct campaign c = {0};
    json_t *document;
    json_t *variants;
    int status = EXIT_DONE;

    if (!campaign_load(j->ledger, &j->config, j->id, &c, err) ||
        !campaign_planned_load(j->ledger, j->id, &stats, err)) {
        campaign_release(&c);
        return -1;
    }
    if (j->cli->json) {
        variants = json_array();
        for (size_t i = 0; i < stats.variant_count; i++)
            (void)json_array_append_new(variants, json_pack("{s:s, s:I}", "name",
                                                            stats.variants[i].name, "planned",
                                                            (json_int_t)stats.variants[i].planned));
        document = campaign_json(&c);
        (void)json_object_set_new(document, "variants", variants);
        status = cli_print_json(document);
    } else {
        cli_printf("campaign %" PRId64 " is %s: %" PRId64 " of %" PRId64 " recipients queued\n",
                   c.id, campaign_status_name(c.status), c.targeted, c.plan_confirmed);
        for (size_t i = 0; i < stats.variant_count; i++)
            cli_printf("  %-20s %" PRId64 "\n", stats.variants[i].name, stats.variants[i].planned);
    }
    campaign_stats_release(&stats);
    campaign_release(&c);
    return status;
}

int
campaign_run_launch(struct campaign_job *j, struct error *err)
{
    struct launch_request request = {
        .id = j->id, .everyone_confirmed = j->everyone, .now_s = j->cli->now_s};

    if (j->dry_run)
        return campaign_run_dry(j, err);
    if (!j->confirm)
        return ask_for_count(j, err);
    if (!num_parse_i64(j->confirm, &request.confirm) || request.confirm < 0) {
        (void)error_set(err, ERR_INVALID, "--confirm takes the number of people, not \"%.40s\"",
                        j->confirm);
        return -1;
    }
    if (!launch_begin(j->ledger, j->reader, &j->config, &request, err) ||
        (!j->no_wait && !queue_all(j, err)))
        return -1;
    return print_launched(j, err);
}
