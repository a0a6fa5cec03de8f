#include "core/campaign/waiting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/outbox/daily.h"
#include "core/outbox/quiet_hours.h"
#include "core/store/campaign_store.h"
#include "core/store/canary_store.h"
#include "core/store/delivery_store.h"
#include "core/store/stores.h"

static void
by_status(const struct campaign *c, struct buf *out)
{
    char time[UTIME_RFC3339_SIZE];

    switch (c->status) {
    case CAMPAIGN_DRAFT:
        buf_add_str(out, "it is a draft: launch it\n");
        break;
    case CAMPAIGN_SCHEDULED:
        buf_printf(out, "it starts at %s\n", utime_format(c->starts_at, time));
        break;
    case CAMPAIGN_PAUSED:
        buf_printf(out, "it is paused: %s; resume it\n", c->pause_reason ? c->pause_reason : "");
        break;
    case CAMPAIGN_ACTIVE:
        if (strcmp(c->plan_state, "planning") == 0)
            buf_printf(out, "its recipients are being queued: %" PRId64 " of %" PRId64 "\n",
                       c->targeted, c->plan_confirmed);
        break;
    case CAMPAIGN_COMPLETED:
    case CAMPAIGN_CANCELLED:
    case CAMPAIGN_STATUS_COUNT:
        break;
    }
}

/* Why one person waits now. The engine's own word is the instant; the rules tell what it is. */
static void
add_wait(struct db *db, const struct config *config, const struct campaign *c,
         const struct campaign_wait *w, int64_t now_s, struct buf *out)
{
    const int64_t until_s = (w->at_ms + 999) / 1000;
    char time[UTIME_RFC3339_SIZE];
    struct quiet_answer answer;
    struct error ignored = {0};
    int64_t start_s = 0;
    bool held = false;

    num_format_grouped(out, w->count);
    buf_add_str(out, w->count == 1 ? " waits: " : " wait: ");
    if (conversation_review_is_pending(db, w->address, "sms", &held, &ignored) && held) {
        buf_add_str(out, "a reply that may be an opt-out needs a ruling: canvass inbox list "
                         "--review\n");
        return; /* no instant: a person decides when */
    }
    if (c->local_start_s &&
        quiet_hours_local(config, w->address, w->time_zone, c->local_start_s, &start_s, &ignored) &&
        start_s >= until_s && start_s > now_s)
        buf_add_str(out, "the start by the recipient's own clock");
    else if (quiet_hours_ask(config, &c->quiet_hours, w->address, w->time_zone, now_s, &answer,
                             &ignored) &&
             !answer.open && answer.zone)
        buf_printf(out, "%s in %s until %s", answer.why, answer.zone, answer.clock);
    else
        buf_add_str(out, "a pause");
    buf_printf(out, " (%s)\n", utime_format(until_s, time));
}

/* Every person's own hours decide; who has not been looked at yet goes by those of the business. */
static bool
by_quiet_hours(struct db *db, const struct config *config, const struct campaign *c, int64_t now_s,
               struct buf *out, struct error *err)
{
    struct campaign_wait waits[CAMPAIGN_WAITS_MAX] = {{0}};
    char time[UTIME_RFC3339_SIZE];
    struct quiet_answer answer;
    struct error ignored = {0};
    size_t count = 0;
    int64_t rest = 0;
    const bool ok = campaign_store_waits(db, c->id, now_s * 1000, waits, &count, &rest, err);

    for (size_t i = 0; i < count; i++) {
        if (ok)
            add_wait(db, config, c, &waits[i], now_s, out);
        rest -= waits[i].count;
        free(waits[i].address);
        free(waits[i].time_zone);
    }
    if (ok && rest > 0) {
        num_format_grouped(out, rest);
        buf_add_str(out, rest == 1 ? " more waits for later\n" : " more wait for later\n");
    }
    if (ok && count == 0 &&
        quiet_hours_ask(config, &c->quiet_hours, config->business.phone, NULL, now_s, &answer,
                        &ignored) &&
        !answer.open && answer.why)
        buf_printf(out, "%s where the business is until %s (%s)\n", answer.why, answer.clock,
                   utime_format(answer.next_open_s, time));
    return ok;
}

/* The first few are out, or on their way: what the others wait for. */
static bool
by_canary(struct db *db, const struct campaign *c, struct buf *out, struct error *err)
{
    char time[UTIME_RFC3339_SIZE];
    struct canary_row row;
    struct canary_figures f;

    if (c->canary.recipients <= 0)
        return true;
    if (!canary_load(db, c->id, &row, err) || !canary_figures_of_chosen(db, c->id, &f, err))
        return false;
    if (row.state == CANARY_NONE || row.state == CANARY_SENDING)
        buf_printf(out, "canary: %" PRId64 " recipients go first; the others wait for them\n",
                   c->canary.recipients);
    if (row.state != CANARY_HOLDING)
        return true;
    buf_printf(out,
               "canary: of %" PRId64 " first ones %" PRId64 " failed, %" PRId64
               " opted out, %" PRId64 " were filtered; ",
               f.tried, f.failed, f.opted_out, f.filtered);
    if (c->canary.go_auto)
        buf_printf(out, "the others wait until %s\n",
                   utime_format(row.since_s + c->canary.hold_s, time));
    else
        buf_printf(
            out,
            "the others wait for an operator: y on its screen, or canvass campaign go %" PRId64
            "\n",
            c->id);
    return true;
}

/* Its own limit of the day, then that of the sender. */
static bool
by_day(struct db *db, const struct config *config, const struct campaign *c, int64_t now_s,
       struct buf *out, struct error *err)
{
    struct daily days[] = {
        {.limit = {.messages = c->per_day}},
        {.limit = daily_limit_of(config), .price_micros = config->sms.price_micros},
    };
    const int64_t ids[] = {c->id, 0};
    char time[UTIME_RFC3339_SIZE];
    char how[120];
    int64_t capped_ms, needs, needs_on_s;

    if (!setting_get_i64(db, "sms_day_needs", 1, &needs, err) ||
        !setting_get_i64(db, "sms_day_needs_until", 0, &needs_on_s, err))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        if (!daily_is_set(&days[i].limit))
            continue;
        if (!daily_refresh(&days[i], db, config->business.timezone,
                           (struct attempts_since){NULL, ids[i], 0}, now_s * 1000, err))
            return false;
        /* A message of several segments may have met the end of the day before the last one. */
        if (daily_allows(&days[i], needs_on_s == days[i].end_s ? needs : 1))
            continue;
        daily_describe(&days[i], how, sizeof how);
        buf_printf(out, "the %s of the day is reached: %s; the rest waits until %s\n",
                   ids[i] ? "campaign's limit" : "limit", how, utime_format(days[i].end_s, time));
    }
    if (!setting_get_i64(db, "sms_capped_until_ms", 0, &capped_ms, err))
        return false;
    if (capped_ms > now_s * 1000)
        buf_printf(out, "the provider's limit of the day is reached: everything waits until %s\n",
                   utime_format(capped_ms / 1000, time));
    return true;
}

static bool
by_engine(struct db *db, const struct config *config, int64_t now_s, struct buf *out,
          struct error *err)
{
    struct error why = {0};
    int64_t stopped_at;
    char *unconfirmed = NULL;
    bool held;

    if (!setting_get_i64(db, "stopped_at", 0, &stopped_at, err) ||
        !setting_get_text(db, "unconfirmed", &unconfirmed, err) ||
        !campaign_store_has_engine(db, now_s * 1000, &held, err))
        return false;
    if (unconfirmed)
        buf_printf(out, "nothing is sent: %s (canvass restore --confirm)\n", unconfirmed);
    free(unconfirmed);
    if (stopped_at > 0)
        buf_add_str(out, "all sending is stopped: canvass start-all\n");
    if (!config_can_send(config, &why))
        buf_printf(out, "sending is not set up: %s\n", why.text);
    if (!held)
        buf_add_str(out, "no engine runs: open the console or start canvass run\n");
    return true;
}

bool
campaign_why_waiting(struct db *db, const struct config *config, const struct campaign *c,
                     int64_t now_s, struct buf *out, struct error *err)
{
    const int64_t *n = c->states;
    char time[UTIME_RFC3339_SIZE];
    int64_t next_ms;

    by_status(c, out);
    if (n[DELIVERY_IN_DOUBT] > 0)
        buf_printf(out, "%" PRId64 " in doubt: held until the provider or a person tells\n",
                   n[DELIVERY_IN_DOUBT]);
    if (c->status != CAMPAIGN_ACTIVE || n[DELIVERY_QUEUED] + n[DELIVERY_RETRY_WAIT] == 0)
        return true;
    if (!by_canary(db, c, out, err) || !by_quiet_hours(db, config, c, now_s, out, err) ||
        !by_day(db, config, c, now_s, out, err) || !by_engine(db, config, now_s, out, err) ||
        !campaign_store_next_attempt(db, c->id, &next_ms, err))
        return false;
    if (next_ms > now_s * 1000 && n[DELIVERY_RETRY_WAIT] > 0) {
        num_format_grouped(out, n[DELIVERY_RETRY_WAIT]);
        buf_printf(out, " to be tried again; the next of all is due at %s\n",
                   utime_format((next_ms + 999) / 1000, time));
    }
    return true;
}
