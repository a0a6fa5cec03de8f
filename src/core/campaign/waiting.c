#include "core/campaign/waiting.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utime.h"
#include "core/outbox/daily.h"
#include "core/outbox/quiet_hours.h"
#include "core/store/campaign_store.h"
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

/* Every person's own hours decide; those of the business's number tell what most of them are. */
static void
by_quiet_hours(const struct config *config, const struct campaign *c, int64_t now_s,
               struct buf *out)
{
    char time[UTIME_RFC3339_SIZE];
    struct quiet_answer answer;
    struct error ignored;

    if (c->quiet_hours.set &&
        quiet_hours_ask(config, &c->quiet_hours, config->business.phone, now_s, &answer,
                        &ignored) &&
        !answer.open)
        buf_printf(out, "quiet hours (where the business is: until %s)\n",
                   utime_format(answer.next_open_s, time));
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
    int64_t capped_ms;

    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        if (!daily_is_set(&days[i].limit))
            continue;
        if (!daily_refresh(&days[i], db, config->business.timezone,
                           (struct attempts_since){daily_sender(config), ids[i], 0}, now_s * 1000,
                           err))
            return false;
        if (daily_allows(&days[i], 1))
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
    by_quiet_hours(config, c, now_s, out);
    if (!by_day(db, config, c, now_s, out, err) || !by_engine(db, config, now_s, out, err) ||
        !campaign_store_next_attempt(db, c->id, &next_ms, err))
        return false;
    if (next_ms > now_s * 1000)
        buf_printf(out, "the next one is due at %s (quiet hours, or a retry)\n",
                   utime_format((next_ms + 999) / 1000, time));
    return true;
}
