/* Monitor: what goes out, what comes in, as it happens. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/campaign/waiting.h"
#include "ui/screen/campaign_acts.h"
#include "ui/screen/common.h"
#include "ui/screen/monitor_draw.h"
#include "ui/screen/screens.h"
#include "ui/widget/draw.h"
#include "ui/widget/filter.h"
#include "ui/widget/when.h"

/* --- data */

#define ENDED_LATELY_S (12 * HOUR_S)

struct ask {
    const struct config *config;
    int64_t now_s, day_start_s;
    int64_t selected; /* campaign; 0: none */
    size_t limit;
};

struct answer {
    int64_t selected;
    char why[240]; /* the selected one waits; "" when it does not */
    struct report_live live;
    struct campaign_list campaigns;
    struct reply_stream stream;
};

static void
free_answer(void *result)
{
    struct answer *a = result;

    campaign_list_release(&a->campaigns);
    reply_stream_release(&a->stream);
    free(a);
}

/* Only the first reason: the campaign's own screen has them all. */
static bool
answer_why(struct db *reader, const struct ask *ask, struct answer *a, struct error *err)
{
    struct buf text = {0};
    bool ok = true;

    a->selected = ask->selected;
    for (size_t i = 0; ok && i < a->campaigns.count; i++)
        if (a->campaigns.items[i].id == ask->selected &&
            a->campaigns.items[i].status == CAMPAIGN_ACTIVE) {
            struct campaign c = {0};

            ok = campaign_load(reader, ask->config, ask->selected, &c, err) &&
                 campaign_why_waiting(reader, ask->config, &c, ask->now_s, &text, err);
            campaign_release(&c);
        }
    (void)snprintf(a->why, sizeof a->why, "%.*s", (int)strcspn(buf_str(&text), "\n"),
                   buf_str(&text));
    buf_release(&text);
    return ok;
}

static void *
answer_monitor(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct ask *ask = arg;
    struct answer *a = mem_alloc(sizeof *a);

    (void)cancelled;
    if (report_live_load(reader, ask->now_s, &a->live, err) &&
        campaign_list_load(reader, NULL, &a->campaigns, err) && answer_why(reader, ask, a, err) &&
        reply_stream_load(reader, 0, ask->limit, 0, ask->day_start_s, &a->stream, err))
        return a;
    free_answer(a);
    return NULL;
}

static int64_t
reply_id(void *ctx, size_t row)
{
    return monitor_reply_at(ctx, row)->message_id;
}

static void
arrange(struct monitor *m)
{
    free(m->shown);
    m->shown = mem_calloc(m->stream.count, sizeof *m->shown);
    m->shown_count = 0;
    for (size_t i = 0; i < m->stream.count; i++) {
        const struct reply_row *r = &m->stream.rows[i];
        const struct filter_field fields[] = {
            {"from", r->name}, {"address", r->address},
            {"says", r->text}, {"intent", intent_tag(r->intent).word},
            {"then", r->then}, {0}};
        if (filter_match(m->filter, fields))
            m->shown[m->shown_count++] = i;
    }
    list_update(&m->list, m->shown_count, reply_id, m);
}

static int64_t
running_id(void *ctx, size_t row)
{
    const struct monitor *m = ctx;
    return m->campaigns.items[m->running[row]].id;
}

/* Replies come for hours after the last message: a campaign stays for as long. */
static bool
ended_lately(const struct campaign *c, int64_t now_s)
{
    return c->status == CAMPAIGN_COMPLETED && c->completed_at > now_s - ENDED_LATELY_S;
}

static void
find_running(struct monitor *m)
{
    int64_t now_s = app_now_s(m->app);

    m->running_count = 0;
    for (size_t i = 0; i < m->campaigns.count && m->running_count < MONITOR_RUNNING_MAX; i++)
        if (m->campaigns.items[i].status == CAMPAIGN_ACTIVE ||
            m->campaigns.items[i].status == CAMPAIGN_PAUSED)
            m->running[m->running_count++] = i;
    m->ended_count = 0;
    for (size_t i = 0; i < m->campaigns.count && m->running_count < MONITOR_RUNNING_MAX; i++)
        if (ended_lately(&m->campaigns.items[i], now_s)) {
            m->running[m->running_count++] = i;
            m->ended_count++;
        }
    list_update(&m->running_list, m->running_count, running_id, m);
}

/* How many came while the selection was elsewhere: told in the message line. */
static void
count_new(struct monitor *m, const struct reply_stream *before)
{
    int64_t newest = before->count ? before->rows[0].message_id : 0;

    if (m->list.follow) {
        m->unseen = 0;
        return;
    }
    for (size_t i = 0; i < m->stream.count && m->stream.rows[i].message_id > newest; i++)
        m->unseen++;
}

static const struct campaign *
current(void *self)
{
    struct monitor *m = self;

    if (m->running_count == 0)
        return NULL;
    return &m->campaigns.items[m->running[m->running_list.sel]];
}

static void monitor_refresh(struct app *app, void *self);

static void
on_answer(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct monitor *m = owner;
    struct answer *a = result;
    struct campaign_list old_campaigns = m->campaigns;
    struct reply_stream old_stream = m->stream;

    (void)q;
    if (!a) {
        if (err->code != ERR_RETRY)
            app_toast_error(m->app, err);
        return;
    }
    m->live = a->live;
    (void)text_copy(m->why, sizeof m->why, a->why);
    m->why_of = a->selected;
    m->campaigns = a->campaigns;
    m->stream = a->stream;
    if (m->loaded)
        count_new(m, &old_stream);
    a->campaigns = old_campaigns; /* freed with the answer */
    a->stream = old_stream;
    m->loaded = true;
    find_running(m);
    arrange(m);
    if (current(m) && current(m)->id != m->why_of)
        monitor_refresh(m->app, m); /* why that one waits */
}

static void
monitor_refresh(struct app *app, void *self)
{
    struct monitor *m = self;
    struct ask *a = mem_alloc(sizeof *a);
    struct question q = {.slot = m->slot,
                         .answer = answer_monitor,
                         .arg = a,
                         .free_arg = free,
                         .free_result = free_answer,
                         .done = on_answer,
                         .owner = m};

    *a = (struct ask){.config = app_config(app),
                      .now_s = app_now_s(app),
                      .day_start_s = when_day_start(app_now_s(app)),
                      .selected = m->running_count ? running_id(m, m->running_list.sel) : 0,
                      .limit = m->limit};
    if (!app_ask_if_free(app, &q, m->loaded ? NULL : "Reading the monitor"))
        free(a);
}

/* --- life */

static void *
monitor_open(struct app *app, int64_t arg)
{
    struct monitor *m = mem_alloc(sizeof *m);

    (void)arg;
    m->host.current = current;
    m->app = app;
    m->slot = app_slot(app);
    m->limit = 200;
    m->focus = MONITOR_REPLIES;
    list_init(&m->list, 1);
    list_init(&m->running_list, 1);
    m->list.follow = true;
    return m;
}

static void
monitor_close(struct app *app, void *self)
{
    struct monitor *m = self;

    app_slot_release(app, m->slot);
    campaign_list_release(&m->campaigns);
    reply_stream_release(&m->stream);
    free(m->shown);
    free(m);
}

/* The plot moves on with the clock although nothing is written. */
static void
monitor_tick(struct app *app, void *self)
{
    struct monitor *m = self;

    if (app_now_s(app) / 60 != m->asked_minute) {
        m->asked_minute = app_now_s(app) / 60;
        monitor_refresh(app, self);
    }
}

/* --- keys */

static bool
can_open(struct app *app, void *self, char reason[96])
{
    struct monitor *m = self;

    (void)app;
    if (m->focus == MONITOR_REPLIES ? m->shown_count > 0 : m->running_count > 0)
        return true;
    (void)snprintf(reason, 96,
                   m->focus == MONITOR_REPLIES ? "No reply has come yet."
                                               : "No campaign is running.");
    return false;
}

static void
key_open(struct app *app, void *self)
{
    struct monitor *m = self;

    if (m->focus == MONITOR_RUNNING)
        campaign_key_open(app, self);
    else
        app_push(app, &screen_conversation, monitor_reply_at(m, m->list.sel)->conversation_id);
}

static void
key_follow(struct app *app, void *self)
{
    struct monitor *m = self;

    (void)app;
    m->list.follow = !m->list.follow;
    m->unseen = 0;
    if (m->list.follow)
        list_update(&m->list, m->shown_count, reply_id, m);
}

static void
key_pane(struct app *app, void *self)
{
    struct monitor *m = self;

    (void)app;
    m->focus = m->focus == MONITOR_REPLIES ? MONITOR_RUNNING : MONITOR_REPLIES;
}

/* `G` is the newest here: the stream has it on top. */
static bool
reply_keys(struct monitor *m, int key)
{
    if (key == 'G' || key == KEYS_HOME || key == 'g') {
        m->list.follow = true;
        m->unseen = 0;
        list_update(&m->list, m->shown_count, reply_id, m);
        return true;
    }
    if (!list_key(&m->list, key))
        return false;
    m->list.sel_id = m->shown_count ? reply_id(m, m->list.sel) : LIST_NO_ID;
    if (m->list.sel + 50 > m->shown_count && m->stream.count == m->limit) {
        m->limit += 400; /* more of the past */
        monitor_refresh(m->app, m);
    }
    return true;
}

static bool
running_keys(struct monitor *m, int key)
{
    if (!list_key(&m->running_list, key))
        return false;
    m->running_list.sel_id = m->running_count ? running_id(m, m->running_list.sel) : LIST_NO_ID;
    monitor_refresh(m->app, m); /* why that one waits */
    return true;
}

static bool
monitor_mouse(struct app *app, struct monitor *m, const struct input *in)
{
    size_t row;
    char reason[96];

    if (area_has(m->list.area, in->y, in->x)) {
        m->focus = MONITOR_REPLIES;
        if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN)
            return reply_keys(m, in->mouse == MOUSE_WHEEL_UP ? KEYS_UP : KEYS_DOWN);
        if (list_row_at(&m->list, in->y, in->x, &row)) {
            m->list.follow = false;
            list_select(&m->list, row, reply_id(m, row));
        }
    } else if (area_has(m->running_list.area, in->y, in->x)) {
        m->focus = MONITOR_RUNNING;
        if (list_row_at(&m->running_list, in->y, in->x, &row))
            list_select(&m->running_list, row, running_id(m, row));
    }
    if (in->mouse == MOUSE_DOUBLE && can_open(app, m, reason))
        key_open(app, m);
    return true;
}

static bool
monitor_input(struct app *app, void *self, const struct input *in)
{
    struct monitor *m = self;

    if (in->key == KEYS_MOUSE)
        return monitor_mouse(app, m, in);
    if (in->key == KEYS_BACKTAB) {
        key_pane(app, self);
        return true;
    }
    return m->focus == MONITOR_REPLIES ? reply_keys(m, in->key) : running_keys(m, in->key);
}

static void
monitor_filter(struct app *app, void *self, const char *text)
{
    struct monitor *m = self;

    (void)app;
    (void)text_copy(m->filter, sizeof m->filter, text);
    m->focus = MONITOR_REPLIES;
    arrange(m);
}

static const char *
monitor_filter_text(void *self)
{
    return ((struct monitor *)self)->filter;
}

static bool
monitor_escape(struct app *app, void *self)
{
    struct monitor *m = self;

    if (!m->filter[0])
        return false;
    monitor_filter(app, self, "");
    return true;
}

static const struct binding monitor_keys[] = {
    {.key = KEYS_ENTER,
     .name = "open",
     .label = "open",
     .help = "Open the conversation or campaign",
     .run = key_open,
     .can = can_open},
    {.key = 'f',
     .name = "follow",
     .label = "follow",
     .help = "Keep the newest reply selected, or stop",
     .run = key_follow},
    {.key = ' ',
     .name = "pause",
     .label = "pause",
     .help = "Pause the selected campaign, or let it go on",
     .run = campaign_key_pause,
     .can = campaign_can_pause},
    {.key = KEYS_TAB,
     .name = "next-pane",
     .label = "next pane",
     .help = "The next pane",
     .run = key_pane},
    {.name = "complete",
     .help = "End the selected campaign: who was not reached yet is left out",
     .run = campaign_key_complete,
     .can = campaign_can_complete},
    {0}};

const struct screen screen_monitor = {
    .name = "monitor",
    .title = "Monitor",
    .keys = monitor_keys,
    .open = monitor_open,
    .close = monitor_close,
    .draw = monitor_draw,
    .input = monitor_input,
    .refresh = monitor_refresh,
    .tick = monitor_tick,
    .filter = monitor_filter,
    .filter_text = monitor_filter_text,
    .escape = monitor_escape,
};
