/* How a campaign's tabs look. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/yaml.h"
#include "ui/screen/campaign_tabs.h"
#include "ui/screen/common.h"
#include "ui/screen/monitor_draw.h"
#include "ui/widget/draw.h"
#include "ui/widget/when.h"

static const char *const tab_names[] = {
    [TAB_OVERVIEW] = "Overview", [TAB_RECIPIENTS] = "Recipients", [TAB_REPLIES] = "Replies",
    [TAB_VARIANTS] = "Variants", [TAB_TIMELINE] = "Timeline",     [TAB_SETTINGS] = "Settings",
};
_Static_assert(ARRAY_LEN(tab_names) == CAMPAIGN_TAB_COUNT, "a name for every tab");

/* --- overview */

static int
fact(struct grid *g, struct area a, int y, const char *name, const char *value)
{
    (void)grid_text(g, a, y, 0, ROLE_DIM, name);
    (void)grid_text(g, a, y, 13, ROLE_TEXT, value);
    return y + 1;
}

static void
draw_facts(const struct campaign_view *v, struct grid *g, struct area a)
{
    const struct campaign *c = &v->data;
    struct status_look look = campaign_look(c);
    int64_t now = app_now_s(v->app);
    char text[240];
    char when[24];
    int y = 0;

    (void)grid_text(g, a, y, 0, ROLE_DIM, "Status");
    (void)grid_printf(g, a, y++, 13, look.role, "%s %s", look.sign, look.word);
    campaign_line(c, now, text, sizeof text);
    (void)grid_wrapped(g, area_cols(a, 13, a.w - 13), y, 2, ROLE_DIM, text);
    y += 2;
    y = fact(g, a, y, "Type", strcmp(c->type, "research") == 0 ? "research" : "outbound sales");
    y = fact(g, a, y, "Channel", c->channel);
    y = fact(g, a, y, "Created", when_full(c->created_at, when));
    if (c->launched_at)
        y = fact(g, a, y, "Launched", when_full(c->launched_at, when));
    if (c->completed_at)
        y = fact(g, a, y, "Ended", when_full(c->completed_at, when));
    (void)snprintf(text, sizeof text, "%s%s",
                   c->agent.title && c->agent.title[0] ? c->agent.title : "none",
                   c->agent.scripted ? ", asks its questions in order" : "");
    y = fact(g, a, y, "Agent", text);
    (void)snprintf(text, sizeof text, "%zu", c->variant_count);
    y = fact(g, a, y, "Variants", text);
    if (c->quiet_hours.set) {
        (void)snprintf(text, sizeof text, "%02d:%02d–%02d:%02d of their day",
                       c->quiet_hours.from_min / 60, c->quiet_hours.from_min % 60,
                       c->quiet_hours.to_min / 60, c->quiet_hours.to_min % 60);
        (void)fact(g, a, y, "Sends", text);
    }
}

static void
state_bar(struct grid *g, struct area a, int y, const char *name, enum role role, int64_t n,
          int64_t all)
{
    int bar = a.w - 16 - 10 - 8;

    (void)grid_text(g, a, y, 0, ROLE_DIM, name);
    (void)draw_number(g, a, y, 14, 9, n ? ROLE_TITLE : ROLE_TEXT, n);
    if (bar > 4)
        draw_block(g, a, y, 25, bar, role, n, all);
}

void
campaign_states_draw(const struct campaign *c, struct grid *g, struct area a)
{
    static const enum delivery_state order[] = {
        DELIVERY_QUEUED,   DELIVERY_RETRY_WAIT, DELIVERY_SENDING,     DELIVERY_ACCEPTED,
        DELIVERY_SENT,     DELIVERY_DELIVERED,  DELIVERY_UNDELIVERED, DELIVERY_FAILED,
        DELIVERY_IN_DOUBT, DELIVERY_SKIPPED,
    };
    int64_t sum = 0;
    char text[32];
    int y = 0;

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct status_look look = delivery_look(delivery_state_name(order[i]));
        state_bar(g, a, y++, look.word, look.role, c->states[order[i]], c->targeted);
        sum += c->states[order[i]];
    }
    (void)grid_printf(g, a, y++, 0, sum == c->targeted ? ROLE_OK : ROLE_ERROR,
                      sum == c->targeted ? "= %s targeted ✓" : "the sum is not %s targeted ✗",
                      number_text(c->targeted, text));
    y++;
    state_bar(g, a, y++, "contacted", ROLE_INFO, c->contacted, c->targeted);
    state_bar(g, a, y++, "responded", ROLE_OK, c->responded, c->targeted);
    state_bar(g, a, y++, "opted out", ROLE_WARN, c->opted_out, c->targeted);
    if (c->contacted > 0)
        (void)grid_printf(g, a, y, 0, ROLE_DIM, "%s of the contacted responded",
                          percent_text(c->responded, c->contacted, 1, text));
}

/* Rows of the pane that says why nothing goes out: its frame, and no more than half of all. */
static int
waiting_height(const char *text, int width, int all)
{
    const int rows = (int)cells_wrap(text, width - 4, NULL, NULL) + 2;

    return rows < all / 2 ? rows : all / 2;
}

static void
draw_waiting(const char *text, struct grid *g, struct area a)
{
    struct area in = draw_frame(g, a, FRAME_REST, "Why it waits", NULL);

    (void)grid_wrapped(g, in, 0, in.h, ROLE_WARN, text);
}

static void
draw_overview(const struct campaign_view *v, struct grid *g, struct area a)
{
    int left = a.w * 45 / 100;
    int waiting = v->waiting && v->waiting[0] ? waiting_height(v->waiting, left, a.h) : 0;

    draw_facts(v, g,
               draw_frame(g, area_rows(area_cols(a, 0, left), 0, a.h - waiting), FRAME_REST,
                          "What it is", NULL));
    if (waiting > 0)
        draw_waiting(v->waiting, g, area_rows(area_cols(a, 0, left), a.h - waiting, waiting));
    campaign_states_draw(
        &v->data, g,
        draw_frame(g, area_cols(a, left, a.w - left), FRAME_REST, "What became of it", NULL));
}

/* --- recipients */

static void
draw_person(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct campaign_view *v = ctx;
    const struct report_recipient *r = campaign_person_at(v, row);
    struct status_look look;
    const char *why;
    char when[16];
    int why_x = a.w >= 96 ? 75 : 65;

    (void)selected;
    if (!r) {
        (void)grid_text(g, a, 0, 2, ROLE_DIM, "reading…");
        return;
    }
    look = delivery_look(r->state);
    why = r->reason ? skip_reason_words(r->reason) : r->error ? r->error : "";
    (void)grid_text(g, a, 0, 2, look.role, look.sign);
    (void)grid_cell(g, a, 0, 4, 14, look.role, look.word);
    (void)grid_cell(g, a, 0, 19, 20, ROLE_TITLE, r->name && *r->name ? r->name : "—");
    (void)grid_cell(g, a, 0, 40, 16, ROLE_TEXT, r->address);
    (void)grid_cell(g, a, 0, why_x - 8, 7, ROLE_DIM, or_dash(r->variant));
    if (a.w >= 96)
        (void)grid_cell(g, a, 0, 58, 9, ROLE_DIM,
                        when_short(r->updated_at_s, app_now_s(v->app), when));
    if (r->replied || r->opted_out)
        why = r->opted_out ? "opted out" : "replied";
    (void)grid_cell(g, a, 0, why_x, a.w - why_x - 1,
                    r->opted_out ? ROLE_WARN
                    : r->replied ? ROLE_OK
                                 : ROLE_DIM,
                    why);
}

static void
draw_attempts(const struct campaign_view *v, struct grid *g, struct area a)
{
    struct area in = draw_frame(g, a, FRAME_REST, "Attempts", "Esc closes");
    int y = 0;

    if (!v->attempts_loaded) {
        draw_hint(g, in, "reading…");
        return;
    }
    if (v->attempts.count == 0) {
        (void)grid_text(g, in, 0, 0, ROLE_DIM, "No call has been made for this person yet.");
        return;
    }
    for (size_t i = 0; i < v->attempts.count && y < in.h; i++) {
        const struct report_attempt *t = &v->attempts.rows[i];
        char when[24];
        int x = grid_printf(g, in, y, 0, ROLE_TITLE, "%" PRId64 ". ", t->number);
        x = grid_printf(g, in, y, x, ROLE_TEXT, "%s  %s", when_full(t->claimed_at_s, when),
                        t->outcome ? t->outcome : "under way");
        if (t->http_status)
            x = grid_printf(g, in, y, x, ROLE_DIM, "  HTTP %" PRId64, t->http_status);
        if (t->error_code)
            x = grid_printf(g, in, y, x, ROLE_ERROR, "  error %" PRId64, t->error_code);
        if (t->provider_id)
            x = grid_printf(g, in, y, x, ROLE_DIM, "  %s", t->provider_id);
        if (t->settled_by)
            (void)grid_printf(g, in, y, x, ROLE_DIM, "  settled by %s", t->settled_by);
        y++;
        if (t->error && y < in.h)
            y += grid_wrapped(g, area_cols(in, 3, in.w - 3), y, in.h - y, ROLE_ERROR, t->error);
        if (t->text && y < in.h)
            y += grid_wrapped(g, area_cols(in, 3, in.w - 3), y, in.h - y, ROLE_DIM, t->text);
    }
}

static void
draw_recipients(struct campaign_view *v, struct grid *g, struct area a)
{
    const char *state = campaign_state_filters[v->state_filter];
    int below = v->attempts_of ? a.h / 3 + 2 : 0;
    struct status_look look = delivery_look(state);
    char right[240];
    char number[32];
    struct area in;

    (void)snprintf(right, sizeof right, "%s%s%s%s%s", number_text(v->people.total, number),
                   state ? " · " : "", state ? (look.word[0] ? look.word : state) : "",
                   v->filter[0] ? " · /" : "", v->filter);
    in = draw_frame_tight(g, area_rows(a, 0, a.h - below), FRAME_FOCUS, "Recipients",
                          v->people_loaded ? right : NULL);
    if (v->attempts_of)
        draw_attempts(v, g, area_rows(a, a.h - below, below));
    if (!v->people_loaded) {
        draw_hint(g, in, "reading…");
        return;
    }
    if (v->people.total == 0) {
        draw_hint(g, in,
                  state || v->filter[0] ? "Nobody fits. Esc shows all, f the next state."
                                        : "Nobody yet: the launch writes down who gets it.");
        return;
    }
    (void)grid_text(g, in, 0, 4, ROLE_DIM, "State");
    (void)grid_text(g, in, 0, 19, ROLE_DIM, "Name");
    (void)grid_text(g, in, 0, 40, ROLE_DIM, "Address");
    if (in.w >= 96)
        (void)grid_text(g, in, 0, 58, ROLE_DIM, "Since");
    (void)grid_cell(g, in, 0, (in.w >= 96 ? 75 : 65) - 8, 7, ROLE_DIM, "Variant");
    (void)grid_text(g, in, 0, in.w >= 96 ? 75 : 65, ROLE_DIM, "Then");
    list_draw(&v->people_list, g, area_rows(in, 1, in.h - 1), true, draw_person, v);
}

/* --- replies, variants, timeline, settings */

static void
draw_reply(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct campaign_view *v = ctx;

    (void)selected;
    monitor_draw_reply(g, a, &v->replies.rows[row], app_now_s(v->app));
}

static void
draw_replies(struct campaign_view *v, struct grid *g, struct area a)
{
    char right[32];
    struct area in;

    (void)snprintf(right, sizeof right, "newest %zu", v->replies.count);
    in = draw_frame_tight(g, a, FRAME_FOCUS, "Replies", right);
    if (v->replies.count == 0) {
        draw_hint(g, in,
                  !v->replies_loaded ? "reading…" : "Nobody has replied to this campaign yet.");
        return;
    }
    monitor_draw_reply_head(g, area_rows(in, 0, 1));
    list_draw(&v->reply_list, g, area_rows(in, 1, in.h - 1), true, draw_reply, v);
}

static void
draw_difference(const struct report_variants *all, size_t i, struct grid *g, struct area a, int y)
{
    const struct report_variant *first = &all->rows[0];
    const struct report_variant *it = &all->rows[i];
    double points;
    double confidence;

    if (i == 0)
        return;
    if (!report_difference(first->contacted, first->responded, it->contacted, it->responded,
                           &points, &confidence))
        (void)grid_printf(g, a, y, 3, ROLE_DIM, "too little data to compare with %s", first->name);
    else
        (void)grid_printf(g, a, y, 3, confidence >= 0.95 ? ROLE_OK : ROLE_DIM,
                          "%+.1f points against %s, %s%.0f %% confidence%s", points, first->name,
                          confidence > 0.994 ? "over " : "",
                          confidence > 0.994 ? 99 : confidence * 100,
                          confidence >= 0.95 ? "" : ": may be chance");
}

static void
draw_variants(struct campaign_view *v, struct grid *g, struct area a)
{
    struct area in = draw_frame(g, a, FRAME_FOCUS, "Variants", NULL);
    char rate[16];
    int y = 1;

    if (v->variants.count == 0) {
        draw_hint(g, in,
                  v->variants_loaded ? "No message is frozen yet: the launch does it."
                                     : "reading…");
        return;
    }
    (void)grid_text(g, in, 0, 0, ROLE_DIM, "Variant");
    (void)grid_cell_right(g, in, 0, 20, 9, ROLE_DIM, "people");
    (void)grid_cell_right(g, in, 0, 29, 11, ROLE_DIM, "contacted");
    (void)grid_cell_right(g, in, 0, 40, 11, ROLE_DIM, "responded");
    (void)grid_cell_right(g, in, 0, 51, 8, ROLE_DIM, "rate");
    (void)grid_cell_right(g, in, 0, 59, 11, ROLE_DIM, "opted out");
    for (size_t i = 0; i < v->variants.count && y < in.h; i++) {
        const struct report_variant *it = &v->variants.rows[i];
        (void)grid_cell(g, in, y, 0, 20, ROLE_TITLE, it->name);
        (void)draw_number(g, in, y, 20, 9, ROLE_TEXT, it->targeted);
        (void)draw_number(g, in, y, 29, 11, ROLE_TEXT, it->contacted);
        (void)draw_number(g, in, y, 40, 11, ROLE_TEXT, it->responded);
        (void)grid_cell_right(g, in, y, 51, 8, ROLE_TITLE,
                              percent_text(it->responded, it->contacted, 1, rate));
        (void)draw_number(g, in, y, 59, 11, ROLE_TEXT, it->opted_out);
        y++;
        draw_difference(&v->variants, i, g, in, y);
        y += i > 0 ? 1 : 0;
        y += grid_wrapped(g, area_cols(in, 3, in.w - 3), y, 4, ROLE_DIM, it->text) + 1;
    }
}

static void
draw_entry(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct campaign_view *v = ctx;
    const struct report_entry *e = &v->timeline.rows[row];
    bool engine = e->actor && strcmp(e->actor, "engine") == 0;
    char when[24];

    (void)selected;
    (void)grid_cell(g, a, 0, 2, 13, ROLE_DIM, when_full(e->at_s, when));
    (void)grid_cell(g, a, 0, 16, 18, ROLE_DIM, or_dash(e->actor));
    if (engine) {
        enum role role = e->action && strcmp(e->action, "info") == 0 ? ROLE_TEXT : ROLE_WARN;
        (void)grid_text(g, a, 0, 35, role, or_dash(e->detail));
        return;
    }
    (void)grid_cell(g, a, 0, 35, 22, ROLE_TITLE, or_dash(e->action));
    (void)grid_text(g, a, 0, 58, ROLE_TEXT, e->detail ? e->detail : "");
}

static void
draw_timeline(struct campaign_view *v, struct grid *g, struct area a)
{
    char right[32];
    struct area in;

    (void)snprintf(right, sizeof right, "%zu, newest first", v->timeline.count);
    in = draw_frame_tight(g, a, FRAME_FOCUS, "Timeline", right);
    if (v->timeline.count == 0)
        draw_hint(g, in, v->timeline_loaded ? "Nothing has happened yet." : "reading…");
    else
        list_draw(&v->timeline_list, g, in, true, draw_entry, v);
}

struct scroll_job {
    struct grid *g;
    struct area a;
    int skip, y, total;
};

static void
draw_spec_line(void *ctx, const char *s, size_t len)
{
    struct scroll_job *job = ctx;
    char line[400];

    job->total++;
    if (job->skip-- > 0 || job->y >= job->a.h)
        return;
    (void)snprintf(line, sizeof line, "%.*s", (int)len, s);
    (void)grid_text(job->g, job->a, job->y++, 0, ROLE_TEXT, line);
}

static void
draw_settings(struct campaign_view *v, struct grid *g, struct area a)
{
    struct area in = draw_frame(g, a, FRAME_FOCUS, "The campaign file", "↑↓ scrolls");
    struct scroll_job job;
    struct buf text = {0};
    struct error err = {0};
    int total;

    if (!v->data.spec || !yaml_write(v->data.spec, &text, &err)) {
        draw_hint(g, in, err.text[0] ? err.text : "There is no file.");
        buf_release(&text);
        return;
    }
    total = (int)cells_wrap(buf_str(&text), in.w, NULL, NULL);
    if (v->scroll > total - in.h)
        v->scroll = total - in.h;
    if (v->scroll < 0)
        v->scroll = 0;
    job = (struct scroll_job){.g = g, .a = in, .skip = v->scroll};
    (void)cells_wrap(buf_str(&text), in.w, draw_spec_line, &job);
    buf_release(&text);
}

void
campaign_tabs_draw(struct campaign_view *v, struct grid *g, struct area body)
{
    struct area rest = area_rows(body, 1, body.h - 1);

    v->places_y = body.y;
    draw_subtabs(g, area_rows(body, 0, 1), 0, tab_names, CAMPAIGN_TAB_COUNT, (int)v->tab,
                 v->places);
    if (v->error[0] || !v->loaded) {
        draw_hint(g, draw_frame(g, rest, FRAME_FOCUS, tab_names[v->tab], NULL),
                  v->error[0] ? v->error : "reading…");
        return;
    }
    switch (v->tab) {
    case TAB_OVERVIEW:
        draw_overview(v, g, rest);
        break;
    case TAB_RECIPIENTS:
        draw_recipients(v, g, rest);
        break;
    case TAB_REPLIES:
        draw_replies(v, g, rest);
        break;
    case TAB_VARIANTS:
        draw_variants(v, g, rest);
        break;
    case TAB_TIMELINE:
        draw_timeline(v, g, rest);
        break;
    case TAB_SETTINGS:
        draw_settings(v, g, rest);
        break;
    case CAMPAIGN_TAB_COUNT:
        break;
    }
}
