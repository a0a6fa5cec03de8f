/* How the monitor looks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/campaign/finish.h"
#include "ui/screen/common.h"
#include "ui/screen/monitor_draw.h"
#include "ui/widget/draw.h"
#include "ui/widget/when.h"

const struct reply_row *
monitor_reply_at(const struct monitor *m, size_t row)
{
    return &m->stream.rows[m->shown[row]];
}

#define TIME_X 2
#define FROM_X 12
#define RUNNING_NUMBERS (8 + 8 + 6 + 5) /* sent, wait, retry, replies */

struct columns {
    int from_w, via_x, tag_x, mood_x, says_x, says_w, then_w;
};

static struct columns
columns_of(struct area a)
{
    struct columns c;

    c.from_w = a.w >= 96 ? 17 : 13;
    c.via_x = FROM_X + c.from_w + 1;
    c.tag_x = c.via_x + 6;
    c.mood_x = c.tag_x + 7;
    c.says_x = c.mood_x + 2;
    c.then_w = a.w >= 130 ? 30 : a.w >= 96 ? 18 : 14;
    c.says_w = a.w - c.says_x - c.then_w - 2;
    return c;
}

void
monitor_draw_reply_head(struct grid *g, struct area a)
{
    struct columns c = columns_of(a);

    (void)grid_text(g, a, 0, TIME_X, ROLE_DIM, "Time");
    (void)grid_text(g, a, 0, FROM_X, ROLE_DIM, "From");
    (void)grid_text(g, a, 0, c.via_x, ROLE_DIM, "Via");
    (void)grid_text(g, a, 0, c.tag_x, ROLE_DIM, "Intent");
    (void)grid_text(g, a, 0, c.says_x, ROLE_DIM, "Says");
    (void)grid_cell_right(g, a, 0, a.w - c.then_w - 1, c.then_w, ROLE_DIM, "Then");
}

void
monitor_draw_reply(struct grid *g, struct area a, const struct reply_row *r, int64_t now_s)
{
    struct columns c = columns_of(a);
    struct tag_look tag = intent_tag(r->intent);
    struct status_look mood = sentiment_look(r->sentiment);
    bool today = when_day_start(r->at_s) == when_day_start(now_s);
    char when[16];
    char seconds[12];

    (void)grid_cell(g, a, 0, TIME_X, 9, ROLE_DIM,
                    today ? when_seconds(r->at_s, seconds) : when_short(r->at_s, now_s, when));
    (void)grid_cell(g, a, 0, FROM_X, c.from_w, ROLE_TITLE,
                    r->name && *r->name ? r->name : r->address);
    (void)grid_cell(g, a, 0, c.via_x, 5, ROLE_DIM, r->channel);
    if (tag.word)
        (void)draw_tag(g, a, 0, c.tag_x, tag.role, tag.word);
    (void)grid_text(g, a, 0, c.mood_x, mood.role, mood.sign);
    (void)grid_cell(g, a, 0, c.says_x, c.says_w, ROLE_TEXT, or_dash(r->text));
    (void)grid_cell_right(g, a, 0, a.w - c.then_w - 1, c.then_w, ROLE_DIM, or_dash(r->then));
}

/* --- running campaigns */

/* A quarter of what the name and the bar share. */
static int
running_bar_w(struct area a)
{
    int bar_w = (a.w - 4 - 6 - RUNNING_NUMBERS - 2) / 4;

    return bar_w < 6 ? 6 : bar_w > 20 ? 20 : bar_w;
}

static void
draw_running_row(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct monitor *m = ctx;
    const struct campaign *c = &m->campaigns.items[m->running[row]];
    bool paused = c->status == CAMPAIGN_PAUSED;
    bool ended = c->status == CAMPAIGN_COMPLETED;
    struct status_look look = campaign_look(c);
    int bar_w = running_bar_w(a);
    int name_w = a.w - 4 - bar_w - 6 - RUNNING_NUMBERS - 2;
    char percent[16];
    int x;

    (void)selected;
    (void)grid_text(g, a, 0, 2, ended ? ROLE_OK : look.role, look.sign);
    (void)grid_cell(g, a, 0, 4, name_w, ended ? ROLE_TEXT : ROLE_TITLE, c->name);
    x = 4 + name_w + 1;
    draw_progress(g, a, 0, x, bar_w, paused ? ROLE_WARN : ROLE_OK, campaign_done(c), c->targeted);
    x = grid_cell_right(g, a, 0, x + bar_w, 6, ROLE_TEXT,
                        percent_text(campaign_done(c), c->targeted, 0, percent));
    x = draw_number(g, a, 0, x + 1, 7, ROLE_TEXT, c->contacted);
    x = draw_number(g, a, 0, x + 1, 7, ROLE_TEXT, c->states[DELIVERY_QUEUED]);
    x = draw_number(g, a, 0, x + 1, 5, c->states[DELIVERY_RETRY_WAIT] ? ROLE_WARN : ROLE_TEXT,
                    c->states[DELIVERY_RETRY_WAIT]);
    (void)draw_number(g, a, 0, x + 1, 4, c->responded ? ROLE_TITLE : ROLE_TEXT, c->responded);
}

static void
draw_running_head(struct grid *g, struct area a)
{
    int name_w = a.w - 4 - running_bar_w(a) - 6 - RUNNING_NUMBERS - 2;
    int x = a.w - RUNNING_NUMBERS - 1;

    (void)grid_text(g, a, 0, 4, ROLE_DIM, "Campaign");
    (void)grid_text(g, a, 0, 4 + name_w + 1, ROLE_DIM, "Progress");
    x = grid_cell_right(g, a, 0, x, 8, ROLE_DIM, "sent");
    x = grid_cell_right(g, a, 0, x, 8, ROLE_DIM, "wait");
    x = grid_cell_right(g, a, 0, x, 6, ROLE_DIM, "retry");
    (void)grid_cell_right(g, a, 0, x, 5, ROLE_DIM, "repl");
}

static const struct campaign *
selected_running(const struct monitor *m)
{
    return m->running_list.sel < m->running_count
               ? &m->campaigns.items[m->running[m->running_list.sel]]
               : NULL;
}

static void
pace_text(const struct monitor *m, char *out, size_t size)
{
    const struct config *config = app_config(m->app);
    const struct quiet_window *q = &config->policy.quiet_hours;
    int64_t wait_s = m->live.next_retry_ms / 1000 - app_now_s(m->app);
    const struct campaign *c = selected_running(m);
    char when[8];
    char wait[48];
    int n = snprintf(out, size, "%g segments a second at most", finish_rate(config, NULL));

    if (c && n > 0 && (size_t)n < size && campaign_waits(c, app_now_s(m->app), wait, sizeof wait))
        n += snprintf(out + n, size - (size_t)n, " · %s", wait);
    if (m->live.next_retry_ms > 0 && n > 0 && (size_t)n < size)
        n += snprintf(out + n, size - (size_t)n, " · next retry %s",
                      wait_s <= 0 ? "now" : when_clock(m->live.next_retry_ms / 1000, when));
    if (q->set && n > 0 && (size_t)n < size)
        (void)snprintf(out + n, size - (size_t)n, " · %02d:%02d–%02d:%02d of their day",
                       q->from_min / 60, q->from_min % 60, q->to_min / 60, q->to_min % 60);
}

/* Under the list: why the selected one waits, else how fast things go. */
struct running_foot {
    char text[240];
    bool waits;
    int rows;
};

static struct running_foot
running_foot_of(const struct monitor *m, struct area in)
{
    const struct campaign *c = selected_running(m);
    const int spare = in.h - 1 - (int)m->running_count;
    struct running_foot f = {.waits = c && c->id == m->why_of && m->why[0], .rows = 1};

    if (!f.waits) {
        pace_text(m, f.text, sizeof f.text);
        return f;
    }
    (void)text_copy(f.text, sizeof f.text, m->why);
    f.rows = (int)cells_wrap(f.text, in.w - 3, NULL, NULL);
    if (f.rows > spare)
        f.rows = spare > 1 ? spare : 1;
    return f;
}

static void
draw_running_foot(const struct monitor *m, const struct running_foot *f, struct grid *g,
                  struct area in)
{
    const int below = (int)m->running_count - (int)m->running_list.top - (in.h - 1 - f->rows);
    int x = 2;

    if (below > 0)
        x = grid_printf(g, in, in.h - 1, x, ROLE_DIM, "%d more below ↓ · ", below);
    (void)grid_wrapped(g, area_cols(in, x, in.w - x - 1), in.h - f->rows, f->rows,
                       f->waits ? ROLE_WARN : ROLE_DIM, f->text);
}

static void
draw_running(struct monitor *m, struct grid *g, struct area a)
{
    bool focused = m->focus == MONITOR_RUNNING;
    char right[64];
    struct running_foot foot;
    struct area in;

    (void)snprintf(right, sizeof right, "%zu", m->running_count - m->ended_count);
    if (m->ended_count > 0)
        (void)snprintf(right, sizeof right, "%zu · %zu ended lately",
                       m->running_count - m->ended_count, m->ended_count);
    in = draw_frame_tight(g, a, focused ? FRAME_FOCUS : FRAME_REST, "Running", right);
    if (!m->loaded) {
        draw_hint(g, in, "reading…");
        return;
    }
    if (m->running_count == 0) {
        draw_hint(g, in, "No campaign is running. Launch one: n, or Enter on a draft.");
        return;
    }
    draw_running_head(g, area_rows(in, 0, 1));
    foot = running_foot_of(m, in);
    list_draw(&m->running_list, g, area_rows(in, 1, in.h - 1 - foot.rows), focused,
              draw_running_row, m);
    draw_running_foot(m, &foot, g, in);
}

static void
draw_rate(const struct monitor *m, struct grid *g, struct area a)
{
    char right[32];
    struct area in;

    (void)snprintf(right, sizeof right, "%" PRId64 " now",
                   m->live.sent_by_minute[REPORT_MINUTES - 1]);
    in = draw_frame(g, a, FRAME_REST, "Sent a minute", m->loaded ? right : NULL);
    if (m->loaded)
        draw_plot(g, in, ROLE_OK, m->live.sent_by_minute, REPORT_MINUTES, 0, "-30 min", "now");
}

/* --- counters over what is running; the sum is checked before the eyes of the operator */

struct counter {
    const char *name;
    int64_t n;
    enum role role;
    bool always; /* also when it is 0 and there is little room */
};

static int
counter_width(const struct counter *c)
{
    char text[32];

    return cells_width(c->name) + 1 + cells_width(number_text(c->n, text));
}

/* Where the next thing may stand. */
static int
draw_counter(struct grid *g, struct area a, int x, const struct counter *c)
{
    char text[32];

    x = grid_text(g, a, 0, x, ROLE_DIM, c->name) + 1;
    return grid_text(g, a, 0, x, c->n ? c->role | STYLE_BOLD : ROLE_DIM, number_text(c->n, text)) +
           2;
}

/*
 * Where little room is, those that are 0 are left out; what still has no place is told by an
 * ellipsis. behind: columns kept free for what follows. Where that may stand.
 */
static int
draw_counter_row(struct grid *g, struct area a, const struct counter *counters, size_t count,
                 int behind)
{
    const int room = a.w - behind;
    int whole = 1;
    int x = 1;

    for (size_t i = 0; i < count; i++)
        whole += counter_width(&counters[i]) + (i > 0 ? 2 : 0);
    for (size_t i = 0; i < count; i++) {
        const struct counter *c = &counters[i];

        if (whole > room && c->n == 0 && !c->always)
            continue;
        if (x + counter_width(c) > room)
            return grid_text(g, a, 0, x < room ? x : room - 1, ROLE_DIM, "…") + 2;
        x = draw_counter(g, a, x, c);
    }
    return x;
}

static void
sum_up(const struct monitor *m, int64_t sums[DELIVERY_STATE_COUNT], int64_t *targeted,
       int64_t *responded, int64_t *opted_out)
{
    *targeted = *responded = *opted_out = 0;
    for (size_t i = 0; i < m->running_count; i++) {
        const struct campaign *c = &m->campaigns.items[m->running[i]];
        for (int s = 0; s < DELIVERY_STATE_COUNT; s++)
            sums[s] += c->states[s];
        *targeted += c->targeted;
        *responded += c->responded;
        *opted_out += c->opted_out;
    }
}

/* What is under way changes all the time: last, so that nothing moves with it. */
static void
draw_states(struct grid *g, struct area a, const int64_t s[DELIVERY_STATE_COUNT], int64_t contacted)
{
    const struct counter counters[] = {
        {"queued", s[DELIVERY_QUEUED] + s[DELIVERY_RETRY_WAIT], ROLE_TEXT, true},
        {"contacted", contacted, ROLE_OK, true},
        {"failed", s[DELIVERY_FAILED], ROLE_ERROR, false},
        {"in doubt", s[DELIVERY_IN_DOUBT], ROLE_ERROR, false},
        {"skipped", s[DELIVERY_SKIPPED], ROLE_TEXT, false},
        {"sending", s[DELIVERY_SENDING], ROLE_INFO, false},
    };

    (void)draw_counter_row(g, a, counters, ARRAY_LEN(counters), 0);
}

static void
draw_counters(const struct monitor *m, struct grid *g, struct area a)
{
    int64_t s[DELIVERY_STATE_COUNT] = {0};
    int64_t targeted;
    int64_t responded;
    int64_t opted_out;
    int64_t sum = 0;
    struct area second = area_rows(a, 1, 1);
    enum role role;
    char text[32];
    char whole[80];
    char brief[48];
    int x;

    sum_up(m, s, &targeted, &responded, &opted_out);
    for (int i = 0; i < DELIVERY_STATE_COUNT; i++)
        sum += s[i];
    role = sum == targeted ? ROLE_OK : ROLE_ERROR;
    (void)number_text(targeted, text);
    (void)snprintf(brief, sizeof brief, "= %s %s", text, sum == targeted ? "✓" : "✗");
    (void)snprintf(whole, sizeof whole,
                   sum == targeted ? "all = %s targeted ✓" : "sum is not %s targeted ✗", text);
    draw_states(g, a, s,
                s[DELIVERY_ACCEPTED] + s[DELIVERY_SENT] + s[DELIVERY_DELIVERED] +
                    s[DELIVERY_UNDELIVERED]);
    {
        const struct counter counters[] = {
            {"delivered", s[DELIVERY_DELIVERED], ROLE_OK, true},
            {"responded", responded, ROLE_INFO, true},
            {"opted out", opted_out, ROLE_WARN, true},
            {"undelivered", s[DELIVERY_UNDELIVERED], ROLE_WARN, false},
        };

        x = draw_counter_row(g, second, counters, ARRAY_LEN(counters), cells_width(brief) + 2);
    }
    (void)grid_text(g, second, 0, x, role, x + cells_width(whole) > second.w ? brief : whole);
}

/* --- the stream */

static void
draw_reply_row(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct monitor *m = ctx;

    (void)selected;
    monitor_draw_reply(g, a, monitor_reply_at(m, row), app_now_s(m->app));
}

static void
draw_replies(struct monitor *m, struct grid *g, struct area a)
{
    bool focused = m->focus == MONITOR_REPLIES;
    char right[200];
    char number[32];
    struct area in;

    if (m->filter[0])
        (void)snprintf(right, sizeof right, "%zu of the newest %zu · /%s", m->shown_count,
                       m->stream.count, m->filter);
    else if (m->list.follow)
        (void)snprintf(right, sizeof right, "following ▼ · all campaigns");
    else if (m->unseen > 0)
        (void)snprintf(right, sizeof right, "%" PRId64 " new, G", m->unseen);
    else
        (void)snprintf(right, sizeof right, "f follows");
    in = draw_frame_tight(g, a, focused ? FRAME_FOCUS : FRAME_REST, "Replies", right);
    if (!m->loaded) {
        draw_hint(g, in, "reading…");
        return;
    }
    if (m->stream.count == 0) {
        draw_hint(g, in, "No reply has come yet. Replies stand here, newest first, as they come.");
        return;
    }
    if (m->shown_count == 0) {
        draw_hint(g, in, "None of the newest replies fits the filter. Esc drops it.");
        return;
    }
    monitor_draw_reply_head(g, area_rows(in, 0, 1));
    list_draw(&m->list, g, area_rows(in, 1, in.h - 2), focused, draw_reply_row, m);
    (void)grid_printf(g, in, in.h - 1, 2, ROLE_DIM, "%s today",
                      number_text(m->stream.today, number));
}

static const char *
campaign_name(const struct monitor *m, int64_t id)
{
    for (size_t i = 0; id && i < m->campaigns.count; i++)
        if (m->campaigns.items[i].id == id)
            return m->campaigns.items[i].name;
    return NULL;
}

static void
draw_events(const struct monitor *m, struct grid *g, struct area a)
{
    struct area in = draw_frame(g, a, FRAME_REST, "Events", NULL);
    char when[12];

    if (m->live.event_count == 0) {
        (void)grid_text(g, in, 0, 0, ROLE_DIM, m->loaded ? "Nothing yet." : "reading…");
        return;
    }
    for (int i = 0; i < in.h && (size_t)i < m->live.event_count; i++) {
        const struct report_event *e = &m->live.events[i];
        enum role role = strcmp(e->level, "error") == 0  ? ROLE_ERROR
                         : strcmp(e->level, "warn") == 0 ? ROLE_WARN
                                                         : ROLE_TEXT;
        const char *name = campaign_name(m, e->campaign_id);
        int x = grid_text(g, in, i, 0, ROLE_DIM, when_seconds(e->at_s, when)) + 1;
        if (name)
            x = grid_printf(g, in, i, x, ROLE_TEXT, "%s: ", name);
        (void)grid_text(g, in, i, x, role, e->text);
    }
}

void
monitor_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct monitor *m = self;
    bool narrow = app_is_narrow(body);
    int top_h = narrow || body.h < 26 ? 6 : body.h >= 40 ? 12 : 8;
    int side = body.w * 36 / 100;
    int y;

    (void)app;
    draw_running(m, g, area_cols(area_rows(body, 0, top_h), 0, narrow ? body.w : body.w - side));
    if (!narrow)
        draw_rate(m, g, area_cols(area_rows(body, 0, top_h), body.w - side, side));
    y = top_h;
    draw_counters(m, g, area_rows(body, y, 2));
    y += 2;
    draw_replies(m, g, area_rows(body, y, body.h - y - 3));
    draw_events(m, g, area_rows(body, body.h - 3, 3));
}
