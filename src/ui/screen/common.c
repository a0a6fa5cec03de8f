#include "ui/screen/common.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/widget/when.h"

static const struct status_look campaign_looks[] = {
    [CAMPAIGN_DRAFT] = {"○", "draft", ROLE_DIM},
    [CAMPAIGN_SCHEDULED] = {"◷", "scheduled", ROLE_INFO},
    [CAMPAIGN_ACTIVE] = {"●", "active", ROLE_OK},
    [CAMPAIGN_PAUSED] = {"◌", "paused", ROLE_WARN},
    [CAMPAIGN_COMPLETED] = {"✓", "complete", ROLE_DIM},
    [CAMPAIGN_CANCELLED] = {"✗", "cancelled", ROLE_DIM},
};
_Static_assert(ARRAY_LEN(campaign_looks) == CAMPAIGN_STATUS_COUNT, "a look for every status");

#define WAITS_MS 60000 /* a shorter wait is only the pace, or a retry */

/* Active, and nothing may go out now. */
static bool
waits(const struct campaign *c)
{
    return c->status == CAMPAIGN_ACTIVE && c->states[DELIVERY_SENDING] == 0 &&
           c->next_attempt_ms > utime_now_s() * 1000 + WAITS_MS;
}

struct status_look
campaign_look(const struct campaign *c)
{
    if (waits(c))
        return (struct status_look){"◐", "waits", ROLE_INFO};
    return campaign_looks[c->status];
}

static const struct {
    const char *state;
    struct status_look look;
} delivery_looks[] = {
    {"queued", {"○", "queued", ROLE_DIM}},
    {"sending", {"◐", "sending", ROLE_INFO}},
    {"retry_wait", {"◐", "will try again", ROLE_WARN}},
    {"accepted", {"●", "accepted", ROLE_INFO}},
    {"sent", {"●", "sent", ROLE_INFO}},
    {"delivered", {"✓", "delivered", ROLE_OK}},
    {"undelivered", {"✗", "undelivered", ROLE_WARN}},
    {"failed", {"✗", "failed", ROLE_ERROR}},
    {"in_doubt", {"?", "in doubt", ROLE_ERROR}},
    {"skipped", {"-", "skipped", ROLE_DIM}},
};

struct status_look
delivery_look(const char *state)
{
    for (size_t i = 0; state && i < ARRAY_LEN(delivery_looks); i++)
        if (strcmp(delivery_looks[i].state, state) == 0)
            return delivery_looks[i].look;
    return (struct status_look){"", state ? state : "", ROLE_TEXT};
}

static const struct {
    const char *reason, *words;
} reasons[] = {
    {"opted_out", "opted out"}, {"no_address", "no address"},
    {"capped", "over the cap"}, {"replied", "replied before"},
    {"expired", "too late"},    {"campaign_completed", "campaign ended"},
};

const char *
skip_reason_words(const char *reason)
{
    for (size_t i = 0; reason && i < ARRAY_LEN(reasons); i++)
        if (strcmp(reasons[i].reason, reason) == 0)
            return reasons[i].words;
    return reason ? reason : "";
}

int64_t
campaign_left(const struct campaign *c)
{
    return c->states[DELIVERY_QUEUED] + c->states[DELIVERY_RETRY_WAIT] +
           c->states[DELIVERY_SENDING];
}

int64_t
campaign_done(const struct campaign *c)
{
    return c->targeted - campaign_left(c);
}

bool
campaign_waits(const struct campaign *c, int64_t now_s, char *out, size_t size)
{
    const int64_t next_s = c->next_attempt_ms / 1000;
    bool today = when_day_start(next_s) == when_day_start(now_s);
    char clock[8];
    char full[24];

    if (!waits(c))
        return false;
    (void)snprintf(out, size, c->states[DELIVERY_QUEUED] > 0 ? "open hours from %s" : "next try %s",
                   today ? when_clock(next_s, clock) : when_full(next_s, full));
    return true;
}

static void
active_line(const struct campaign *c, int64_t now_s, char *out, size_t size)
{
    char done[32];
    char all[32];
    char wait[48];
    int n;

    if (c->plan_state && strcmp(c->plan_state, "planning") == 0) {
        (void)snprintf(out, size, "writing down who gets it: %s so far",
                       number_text(c->targeted, done));
        return;
    }
    n = snprintf(out, size, "%s/%s contacted", number_text(c->contacted, done),
                 number_text(c->targeted, all));
    if (n > 0 && (size_t)n < size && campaign_waits(c, now_s, wait, sizeof wait))
        n += snprintf(out + n, size - (size_t)n, " · %s", wait);
    if (n > 0 && c->states[DELIVERY_RETRY_WAIT] > 0 && (size_t)n < size)
        n += snprintf(out + n, size - (size_t)n, " · %" PRId64 " to try again",
                      c->states[DELIVERY_RETRY_WAIT]);
    if (n > 0 && c->states[DELIVERY_IN_DOUBT] > 0 && (size_t)n < size)
        n += snprintf(out + n, size - (size_t)n, " · %" PRId64 " in doubt",
                      c->states[DELIVERY_IN_DOUBT]);
    if (n > 0 && c->states[DELIVERY_FAILED] > 0 && (size_t)n < size)
        (void)snprintf(out + n, size - (size_t)n, " · %" PRId64 " failed",
                       c->states[DELIVERY_FAILED]);
}

void
campaign_line(const struct campaign *c, int64_t now_s, char *out, size_t size)
{
    char when[24];
    char text[32];
    char rate[16];

    switch (c->status) {
    case CAMPAIGN_DRAFT:
        (void)snprintf(out, size, "saved %s", when_short(c->updated_at, now_s, when));
        break;
    case CAMPAIGN_SCHEDULED:
        (void)snprintf(out, size, "%s people, begins %s", number_text(c->plan_confirmed, text),
                       when_full(c->starts_at, when));
        break;
    case CAMPAIGN_ACTIVE:
        active_line(c, now_s, out, size);
        break;
    case CAMPAIGN_PAUSED:
        (void)snprintf(out, size, "%s still to send%s%s", number_text(campaign_left(c), text),
                       text_is_blank(c->pause_reason) ? "" : " · ",
                       text_is_blank(c->pause_reason) ? "" : c->pause_reason);
        break;
    case CAMPAIGN_COMPLETED:
    case CAMPAIGN_CANCELLED:
        (void)snprintf(out, size, "ended %s · %s of %s replied",
                       when_short(c->completed_at ? c->completed_at : c->updated_at, now_s, when),
                       percent_text(c->responded, c->contacted, 1, rate),
                       number_text(c->contacted, text));
        break;
    case CAMPAIGN_STATUS_COUNT:
        break;
    }
}

static const struct {
    const char *intent;
    struct tag_look look;
} intents[] = {
    {"opt_out", {"STOP", ROLE_TAG_STOP}}, {"opt_in", {"START", ROLE_TAG_OTHER}},
    {"help", {"HELP", ROLE_TAG_ASK}},     {"review", {"LOOK", ROLE_TAG_ASK}},
    {"yes", {"YES", ROLE_TAG_BOOK}},      {"no", {"NO", ROLE_TAG_OTHER}},
    {"ask", {"ASK", ROLE_TAG_ASK}},
};

struct tag_look
intent_tag(const char *intent)
{
    for (size_t i = 0; intent && i < ARRAY_LEN(intents); i++)
        if (strcmp(intents[i].intent, intent) == 0)
            return intents[i].look;
    return (struct tag_look){NULL, ROLE_TEXT};
}

struct status_look
sentiment_look(const char *sentiment)
{
    if (!sentiment || !*sentiment)
        return (struct status_look){" ", "", ROLE_DIM};
    if (strcmp(sentiment, "positive") == 0)
        return (struct status_look){"▲", "positive", ROLE_OK};
    if (strcmp(sentiment, "negative") == 0)
        return (struct status_look){"▼", "negative", ROLE_ERROR};
    if (strcmp(sentiment, "mixed") == 0)
        return (struct status_look){"±", "mixed", ROLE_WARN};
    return (struct status_look){"·", "neutral", ROLE_DIM};
}

const char *
percent_text(int64_t part, int64_t whole, int decimals, char out[16])
{
    if (whole <= 0)
        (void)snprintf(out, 16, "—");
    else
        (void)snprintf(out, 16, "%.*f %%", decimals, (double)part * 100.0 / (double)whole);
    return out;
}

const char *
number_text(int64_t n, char out[32])
{
    struct buf text = {0};

    num_format_grouped(&text, n);
    (void)text_copy(out, 32, buf_str(&text));
    buf_release(&text);
    return out;
}

void
draw_hint(struct grid *g, struct area a, const char *text)
{
    struct area in = area_inset(a, 0, 1);
    int lines = (int)cells_wrap(text, in.w, NULL, NULL);

    (void)grid_wrapped(g, in, a.h > 6 ? (a.h - lines) / 3 : 0, a.h, ROLE_DIM, text);
}

const char *
or_dash(const char *s)
{
    return s && *s ? s : "—";
}
