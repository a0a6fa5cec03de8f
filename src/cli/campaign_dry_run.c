/* canvass campaign launch --dry-run: when everything would go out, and what it waits for. */
#include <inttypes.h>

#include "cli/campaign.h"
#include "core/base/utime.h"
#include "core/engine/dry_run.h"

static json_t *
time_or_null(int64_t at_s)
{
    return at_s ? cli_json_time(at_s) : json_null();
}

static int
print_json(const struct campaign_job *j, const struct dry_run *r)
{
    json_t *hours = json_array();
    json_t *zones = json_array();
    json_t *reasons = json_array();

    for (size_t i = 0; i < r->hour_count; i++)
        (void)json_array_append_new(hours, json_pack("{s:o, s:I, s:I}", "hour",
                                                     cli_json_time(r->hours[i].hour_s), "messages",
                                                     (json_int_t)r->hours[i].messages, "segments",
                                                     (json_int_t)r->hours[i].segments));
    for (size_t i = 0; i < r->zone_count; i++) {
        const struct dry_run_zone *z = &r->zones[i];

        (void)json_array_append_new(
            zones,
            json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "zones", z->name, "people",
                      (json_int_t)z->people, "sent", (json_int_t)z->sent, "wait_for_quiet_hours",
                      (json_int_t)z->wait_for_hours, "open_at", time_or_null(z->open_s), "first_at",
                      time_or_null(z->first_s), "last_at", time_or_null(z->last_s)));
    }
    for (size_t i = 0; i < r->reason_count; i++)
        (void)json_array_append_new(reasons, json_pack("{s:s, s:I}", "reason", r->reasons[i].text,
                                                       "people", (json_int_t)r->reasons[i].people));
    return cli_print_json(json_pack(
        "{s:I, s:b, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "id",
        (json_int_t)j->id, "dry_run", true, "start", cli_json_time(r->start_s), "people",
        (json_int_t)r->people, "messages", (json_int_t)r->sent, "segments", (json_int_t)r->segments,
        "cost", j->config.sms.price_micros ? json_real((double)r->cost_micros / 1e6) : json_null(),
        "first_at", time_or_null(r->first_s), "last_at", time_or_null(r->last_s), "finished",
        r->finished, "hours", hours, "waits", zones, "not_sent", reasons));
}

static void
print_zones(const struct dry_run *r)
{
    char at[UTIME_RFC3339_SIZE];

    for (size_t i = 0; i < r->zone_count; i++) {
        const struct dry_run_zone *z = &r->zones[i];

        cli_printf("  %8" PRId64 "  %s", z->people, z->name[0] ? z->name : "a number without zone");
        if (z->wait_for_hours)
            cli_printf("; %" PRId64 " wait: quiet hours until %s", z->wait_for_hours,
                       utime_format(z->open_s, at));
        if (z->sent) {
            cli_printf("; sent from %s", utime_format(z->first_s, at));
            cli_printf(" to %s", utime_format(z->last_s, at));
        }
        cli_printf("\n");
    }
}

static void
print_text(const struct campaign_job *j, const struct dry_run *r)
{
    char at[UTIME_RFC3339_SIZE];

    cli_printf("A dry run from %s: nothing was sent or changed.\n", utime_format(r->start_s, at));
    cli_printf("%" PRId64 " people, %" PRId64 " messages, %" PRId64 " SMS segments", r->people,
               r->sent, r->segments);
    if (j->config.sms.price_micros)
        cli_printf(", cost %.2f", (double)r->cost_micros / 1e6);
    if (r->sent) {
        cli_printf("\nthe first at %s", utime_format(r->first_s, at));
        cli_printf(", the last at %s", utime_format(r->last_s, at));
    }
    cli_printf("\n");
    if (!r->finished)
        cli_printf("NOT everything goes out within %d days.\n", DRY_RUN_DAYS_MAX);
    if (r->hour_count)
        cli_printf("\nper hour (UTC):\n");
    for (size_t i = 0; i < r->hour_count; i++)
        cli_printf("  %s  %8" PRId64 " messages  %8" PRId64 " segments\n",
                   utime_format(r->hours[i].hour_s, at), r->hours[i].messages,
                   r->hours[i].segments);
    if (r->zone_count)
        cli_printf("\nwho waits for what:\n");
    print_zones(r);
    if (r->reason_count)
        cli_printf("\nwho gets nothing:\n");
    for (size_t i = 0; i < r->reason_count; i++)
        cli_printf("  %8" PRId64 "  %s\n", r->reasons[i].people, r->reasons[i].text);
}

int
campaign_run_dry(struct campaign_job *j, struct error *err)
{
    struct dry_run r = {0};
    int status = EXIT_DONE;

    if (!dry_run(j->ledger, j->cli->home, &j->config, j->id, j->everyone, j->cli->now_s, &r, err))
        return -1;
    if (j->cli->json)
        status = print_json(j, &r);
    else
        print_text(j, &r);
    dry_run_release(&r);
    return status;
}
