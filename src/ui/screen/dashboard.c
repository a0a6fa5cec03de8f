/* Dashboard: today's figures, the campaigns, what needs a person. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/campaign_acts.h"
#include "ui/screen/campaign_list.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"
#include "ui/widget/draw.h"
#include "ui/widget/when.h"

#define NEEDS_MAX 8

enum pane { PANE_CAMPAIGNS, PANE_NEEDS, PANE_COUNT };
enum need_kind {
    NEED_RESTORED,
    NEED_IN_DOUBT,
    NEED_REVIEW,
    NEED_UNREAD,
    NEED_STOPPED,
    NEED_REPLICA,
    NEED_RELAY
};

struct need {
    enum need_kind kind;
    enum role role;
    const char *sign, *word; /* the word says what Enter does */
    char text[120];
};

struct dashboard {
    struct campaign_host host; /* first: see campaign_acts.h */
    struct app *app;
    struct campaign_list_pane campaigns;
    int slot;
    struct report_overview overview;
    bool loaded;
    enum pane focus;
    struct need needs[NEEDS_MAX];
    size_t need_count;
    struct list need_list;
    struct area needs_area;
};

static const struct campaign *
current(void *self)
{
    struct dashboard *d = self;
    return d->focus == PANE_CAMPAIGNS ? campaign_list_pane_selected(&d->campaigns) : NULL;
}

static void *
dashboard_open(struct app *app, int64_t arg)
{
    struct dashboard *d = mem_alloc(sizeof *d);

    (void)arg;
    d->host.current = current;
    d->app = app;
    d->slot = app_slot(app);
    campaign_list_pane_init(&d->campaigns, app, true);
    list_init(&d->need_list, 1);
    return d;
}

static void
dashboard_close(struct app *app, void *self)
{
    struct dashboard *d = self;

    campaign_list_pane_release(&d->campaigns);
    app_slot_release(app, d->slot);
    free(d);
}

/* --- data */

struct ask {
    const struct config *config;
    int64_t now_s, day_start_s;
};

static void *
answer(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct ask *a = arg;
    struct report_overview *o = mem_alloc(sizeof *o);

    (void)cancelled;
    if (report_overview_load(reader, a->config, a->now_s, a->day_start_s, o, err))
        return o;
    free(o);
    return NULL;
}

static void
on_answer(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct dashboard *d = owner;

    (void)q;
    if (!result) {
        if (err->code != ERR_RETRY)
            app_toast_error(d->app, err);
        return;
    }
    d->overview = *(struct report_overview *)result;
    d->loaded = true;
}

static void
add_need(struct dashboard *d, struct need need)
{
    if (d->need_count < NEEDS_MAX)
        d->needs[d->need_count++] = need;
}

static void
collect_needs(struct dashboard *d)
{
    const struct report_status *s = app_status(d->app);
    const struct engine_status *e = app_engine(d->app);
    struct need n;
    char number[32];

    d->need_count = 0;
    if (s->unconfirmed[0]) {
        n = (struct need){NEED_RESTORED, ROLE_ERROR, "✗", "confirm", {0}};
        (void)snprintf(n.text, sizeof n.text, "Nothing is sent: %.100s", s->unconfirmed);
        add_need(d, n);
    }
    if (s->stopped) {
        n = (struct need){NEED_STOPPED, ROLE_ERROR, "✗", "start", {0}};
        (void)snprintf(n.text, sizeof n.text, "All sending is stopped%s%s",
                       s->stopped_by[0] ? " by " : "", s->stopped_by);
        add_need(d, n);
    }
    if (s->in_doubt > 0) {
        n = (struct need){NEED_IN_DOUBT, ROLE_ERROR, "?", "settle", {0}};
        (void)snprintf(n.text, sizeof n.text, "%s in doubt", number_text(s->in_doubt, number));
        add_need(d, n);
    }
    if (s->needs_review > 0) {
        n = (struct need){NEED_REVIEW, ROLE_WARN, "!", "look", {0}};
        (void)snprintf(n.text, sizeof n.text, "%s perhaps opting out",
                       number_text(s->needs_review, number));
        add_need(d, n);
    }
    if (s->unread > 0) {
        n = (struct need){NEED_UNREAD, ROLE_WARN, "!", "open", {0}};
        (void)snprintf(n.text, sizeof n.text, "%s unread replies", number_text(s->unread, number));
        add_need(d, n);
    }
    if (s->version && (s->replica_error[0] || s->replica_synced_s == 0)) {
        n = (struct need){NEED_REPLICA, ROLE_ERROR, "✗", "why", {0}};
        (void)snprintf(n.text, sizeof n.text, "%s",
                       s->replica_error[0] ? "The last sync failed" : "The replica is empty");
        add_need(d, n);
    }
    if (e->relay_contact_s && !e->relay_ok) {
        n = (struct need){NEED_RELAY, ROLE_ERROR, "✗", "why", {0}};
        (void)snprintf(n.text, sizeof n.text, "The relay does not answer");
        add_need(d, n);
    }
    list_place(&d->need_list, d->need_count, (int64_t)d->need_list.sel);
}

static void
dashboard_refresh(struct app *app, void *self)
{
    struct dashboard *d = self;
    struct ask *a = mem_alloc(sizeof *a);
    struct question q = {.slot = d->slot,
                         .answer = answer,
                         .arg = a,
                         .free_arg = free,
                         .free_result = free,
                         .done = on_answer,
                         .owner = d};

    *a = (struct ask){app_config(app), app_now_s(app), when_day_start(app_now_s(app))};
    if (!app_ask_if_free(app, &q, "Reading the figures"))
        free(a);
    campaign_list_pane_refresh(&d->campaigns);
}

/* --- keys */

static void
open_need(struct app *app, void *self)
{
    struct dashboard *d = self;
    const struct need *n = &d->needs[d->need_list.sel];
    const struct report_status *s = app_status(app);

    switch (n->kind) {
    case NEED_IN_DOUBT:
        app_push(app, &screen_in_doubt, 0);
        break;
    case NEED_REVIEW:
    case NEED_UNREAD:
        app_go_screen(app, &screen_inbox);
        break;
    case NEED_RESTORED:
        app_message(
            app, ROLE_WARN,
            "`canvass restore --status` tells what was sent since, --confirm lets it send.");
        break;
    case NEED_STOPPED:
        app_message(app, ROLE_WARN, "Type :start-all to let sending go on.");
        break;
    case NEED_REPLICA:
        app_toast(app, TOAST_ERROR, "%s",
                  s->replica_error[0]
                      ? s->replica_error
                      : "The main database was never read. `canvass sync` reads it.");
        break;
    case NEED_RELAY:
        app_toast(
            app, TOAST_ERROR,
            "The relay does not answer: replies wait there. Nothing is lost. Check relay.url.");
        break;
    }
}

static void
key_open(struct app *app, void *self)
{
    struct dashboard *d = self;

    if (d->focus == PANE_CAMPAIGNS)
        campaign_key_open(app, self);
    else
        open_need(app, self);
}

static bool
can_open(struct app *app, void *self, char reason[96])
{
    struct dashboard *d = self;

    if (d->focus == PANE_CAMPAIGNS)
        return campaign_can_open(app, self, reason);
    (void)snprintf(reason, 96, "Nothing needs you.");
    return d->need_count > 0;
}

static void
key_sort(struct app *app, void *self)
{
    (void)app;
    campaign_list_pane_sort_next(&((struct dashboard *)self)->campaigns);
}

static void
key_pane(struct app *app, void *self)
{
    struct dashboard *d = self;

    (void)app;
    d->focus = d->focus == PANE_CAMPAIGNS ? PANE_NEEDS : PANE_CAMPAIGNS;
}

static void
key_new(struct app *app, void *self)
{
    (void)self;
    app_push(app, &screen_wizard, 0);
}

static bool
dashboard_input(struct app *app, void *self, const struct input *in)
{
    struct dashboard *d = self;
    size_t row;

    if (in->key == KEYS_BACKTAB) {
        key_pane(app, self);
        return true;
    }
    if (in->key == KEYS_MOUSE) {
        bool needs = area_has(d->need_list.area, in->y, in->x);
        if (needs && list_row_at(&d->need_list, in->y, in->x, &row))
            list_select(&d->need_list, row, LIST_NO_ID);
        if (needs || area_has(d->campaigns.list.area, in->y, in->x))
            d->focus = needs ? PANE_NEEDS : PANE_CAMPAIGNS;
        if (!needs)
            (void)campaign_list_pane_input(&d->campaigns, in);
        if (in->mouse == MOUSE_DOUBLE) {
            char reason[96];
            if (can_open(app, self, reason))
                key_open(app, self);
        }
        return true;
    }
    return d->focus == PANE_CAMPAIGNS ? campaign_list_pane_input(&d->campaigns, in)
                                      : list_key(&d->need_list, in->key);
}

static void
dashboard_filter(struct app *app, void *self, const char *text)
{
    (void)app;
    campaign_list_pane_filter(&((struct dashboard *)self)->campaigns, text);
}

static const char *
dashboard_filter_text(void *self)
{
    return ((struct dashboard *)self)->campaigns.filter;
}

static bool
dashboard_escape(struct app *app, void *self)
{
    struct dashboard *d = self;

    (void)app;
    if (d->campaigns.filter[0])
        campaign_list_pane_filter(&d->campaigns, "");
    else if (d->focus != PANE_CAMPAIGNS)
        d->focus = PANE_CAMPAIGNS;
    else
        return false;
    return true;
}

/* --- drawing */

struct tile {
    const char *title;
    enum role role;
    int64_t value;
    char note[40];
    const int64_t *hours;
};

static void
yesterday_text(const struct report_overview *o, char out[40])
{
    double change;

    if (o->contacted_before == 0) {
        out[0] = '\0';
        return;
    }
    change = ((double)o->contacted_today / (double)o->contacted_before - 1) * 100;
    if (change > 999)
        (void)snprintf(out, 40, "much more than yesterday");
    else
        (void)snprintf(out, 40, "%+.0f %% on yesterday", change);
}

static void
make_tiles(const struct dashboard *d, struct tile tiles[4])
{
    const struct report_overview *o = &d->overview;
    char text[16];

    tiles[0] =
        (struct tile){"Contacted today", ROLE_OK, o->contacted_today, "", o->contacted_by_hour};
    tiles[1] = (struct tile){"Responded", ROLE_INFO, o->responded_today, "", o->replies_by_hour};
    tiles[2] = (struct tile){"Booking intent", ROLE_ACCENT, o->booking, "", o->booking_by_hour};
    tiles[3] = (struct tile){"Opted out", ROLE_WARN, o->opted_out_today, "", o->opted_out_by_hour};
    yesterday_text(o, tiles[0].note);
    if (o->contacted_today > 0) {
        (void)snprintf(tiles[1].note, 40, "%s",
                       percent_text(o->responded_today, o->contacted_today, 1, text));
        (void)snprintf(tiles[3].note, 40, "%s",
                       percent_text(o->opted_out_today, o->contacted_today, 1, text));
    }
    if (o->responded_today > 0 && o->booking <= o->responded_today)
        (void)snprintf(tiles[2].note, 40, "%s of replies",
                       percent_text(o->booking, o->responded_today, 1, text));
}

static void
draw_tiles(const struct dashboard *d, struct grid *g, struct area a)
{
    struct tile tiles[4];
    char number[32];

    make_tiles(d, tiles);
    for (int i = 0; i < 4; i++) {
        int x0 = a.w * i / 4;
        int x1 = a.w * (i + 1) / 4;
        struct area in = draw_frame(g, area_cols(a, x0, x1 - x0), FRAME_REST, tiles[i].title, NULL);
        int x;
        if (!d->loaded) {
            (void)grid_text(g, in, 0, 0, ROLE_DIM, "reading…");
            continue;
        }
        x = grid_text(g, in, 0, 0, ROLE_TITLE, number_text(tiles[i].value, number));
        (void)grid_cell_right(g, in, 0, x + 1, in.w - x - 1, ROLE_DIM, tiles[i].note);
        draw_spark(g, in, 1, 0, in.w, tiles[i].role, tiles[i].hours, REPORT_HOURS);
    }
}

/* Below 100 columns the tiles are one line. */
static void
draw_counters(const struct dashboard *d, struct grid *g, struct area a)
{
    static const char *const words[] = {"contacted", "responded", "booking intent", "opted out"};
    struct tile tiles[4];
    char number[32];
    int x = 1;

    make_tiles(d, tiles);
    x = grid_text(g, a, 0, x, ROLE_DIM, "today") + 1;
    for (int i = 0; i < 4; i++) {
        x = grid_text(g, a, 0, x, tiles[i].role | STYLE_BOLD,
                      d->loaded ? number_text(tiles[i].value, number) : "…") +
            1;
        x = grid_text(g, a, 0, x, ROLE_DIM, words[i]) + 2;
    }
    if (d->need_count > 0)
        (void)grid_cell_right(g, a, 0, x, a.w - x - 1, ROLE_WARN, "! Tab");
}

static void
draw_need(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct dashboard *d = ctx;
    const struct need *n = &d->needs[row];
    int word = cells_width(n->word);

    (void)selected;
    (void)grid_text(g, a, 0, 2, n->role, n->sign);
    (void)grid_cell(g, a, 0, 4, a.w - 6 - word, ROLE_TEXT, n->text);
    (void)grid_text(g, a, 0, a.w - word - 1, ROLE_KEY, n->word);
}

static void
draw_needs(struct dashboard *d, struct grid *g, struct area a)
{
    bool focused = d->focus == PANE_NEEDS;
    char right[16];
    struct area in;

    (void)snprintf(right, sizeof right, "%zu", d->need_count);
    in = draw_frame_tight(g, a, focused ? FRAME_FOCUS : FRAME_REST, "Needs you", right);
    if (d->need_count == 0) {
        draw_hint(g, in, "Nothing needs you now.");
        return;
    }
    list_draw(&d->need_list, g, area_rows(in, 0, in.h - 1), focused, draw_need, d);
    (void)grid_text(g, in, in.h - 1, 2, ROLE_DIM,
                    focused ? "Enter opens" : "Tab, then Enter opens");
}

static void
draw_mood(const struct dashboard *d, struct grid *g, struct area a)
{
    const struct report_overview *o = &d->overview;
    int64_t all = o->positive + o->neutral + o->negative;
    char text[16];
    int x;

    if (all == 0) {
        (void)grid_text(g, a, 0, 0, ROLE_DIM, "no sentiment recorded yet");
        return;
    }
    x = grid_printf(g, a, 0, 0, ROLE_OK, "▲ positive %s", percent_text(o->positive, all, 0, text));
    (void)grid_printf(g, a, 0, x + 2, ROLE_TEXT, "· neutral %s",
                      percent_text(o->neutral, all, 0, text));
    (void)grid_printf(g, a, 1, 0, ROLE_ERROR, "▼ negative %s",
                      percent_text(o->negative, all, 0, text));
}

static void
draw_replies(const struct dashboard *d, struct grid *g, struct area a)
{
    struct area in = draw_frame(g, a, FRAME_REST, "Replies an hour, last 24 h", NULL);
    int plot_h = in.h - 4;

    if (!d->loaded) {
        draw_hint(g, in, "reading…");
        return;
    }
    if (plot_h >= 3)
        draw_plot(g, area_rows(in, 1, plot_h), ROLE_PLOT, d->overview.replies_by_hour, REPORT_HOURS,
                  0, "-24 h", "now");
    draw_mood(d, g, area_rows(in, in.h - 2, 2));
}

static void
dashboard_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct dashboard *d = self;
    bool narrow = app_is_narrow(body);
    int head = narrow ? 1 : 4;
    int side = body.w >= 120 ? body.w * 36 / 100 : 36;
    struct area rest = area_rows(body, head, body.h - head);

    (void)app;
    collect_needs(d);
    if (narrow) {
        draw_counters(d, g, area_rows(body, 0, 1));
        d->need_list.area = (struct area){0};
        if (d->focus == PANE_NEEDS)
            draw_needs(d, g, rest);
        else
            campaign_list_pane_draw(&d->campaigns, g, rest, true);
        return;
    }
    draw_tiles(d, g, area_rows(body, 0, 4));
    campaign_list_pane_draw(&d->campaigns, g, area_cols(rest, 0, rest.w - side),
                            d->focus == PANE_CAMPAIGNS);
    draw_needs(d, g, area_cols(area_rows(rest, 0, 8), rest.w - side, side));
    draw_replies(d, g, area_cols(area_rows(rest, 8, rest.h - 8), rest.w - side, side));
}

static const struct binding dashboard_keys[] = {
    {.key = KEYS_ENTER,
     .name = "open",
     .label = "open",
     .help = "Open what is selected",
     .run = key_open,
     .can = can_open},
    {.key = 'n',
     .name = "new",
     .label = "new",
     .help = "A new campaign, in four steps",
     .run = key_new},
    CAMPAIGN_KEYS,
    {.key = KEYS_TAB,
     .name = "next-pane",
     .label = "next pane",
     .help = "The next pane",
     .run = key_pane},
    {.key = 's', .name = "sort", .help = "Another order of the campaigns", .run = key_sort},
    {0}};

const struct screen screen_dashboard = {
    .name = "dashboard",
    .title = "Dashboard",
    .keys = dashboard_keys,
    .open = dashboard_open,
    .close = dashboard_close,
    .draw = dashboard_draw,
    .input = dashboard_input,
    .refresh = dashboard_refresh,
    .filter = dashboard_filter,
    .filter_text = dashboard_filter_text,
    .escape = dashboard_escape,
};
