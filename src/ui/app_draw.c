/* The frame that every screen stands in: header, tabs, message line, keys. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/app_internal.h"
#include "ui/widget/draw.h"
#include "ui/widget/when.h"

static void
draw_too_small(struct grid *g)
{
    struct area a = area_inset(grid_area(g), 0, 1);
    char text[200];

    (void)snprintf(text, sizeof text,
                   "The window is %d×%d; canvass needs %d×%d. Make it larger; sending goes on "
                   "meanwhile. q leaves.",
                   g->w, g->h, APP_MIN_W, APP_MIN_H);
    (void)grid_wrapped(g, a, g->h > 6 ? g->h / 2 - 1 : 0, a.h, ROLE_TEXT, text);
}

/* --- line 0 */

#define RELAY_SILENT_S 180 /* another engine writes its contact down now and then */

struct part {
    char text[80];
    const char *sign;
    enum role role; /* of the sign */
};

static void
replica_part(const struct app *app, struct part *p)
{
    int64_t age = app->now_s - app->status.replica_synced_s;
    int64_t stale_s = app->opt.config->policy.stale_replica_minutes * 60;
    char ago[24];

    if (!app->have_status) {
        (void)snprintf(p->text, sizeof p->text, "replica");
        p->sign = "·";
        p->role = ROLE_HEADER;
        return;
    }
    if (app->status.replica_synced_s == 0) {
        (void)snprintf(p->text, sizeof p->text, "replica empty");
        p->sign = "✗";
        p->role = ROLE_ERROR;
        return;
    }
    (void)snprintf(p->text, sizeof p->text, "replica %s", when_age(age, ago));
    p->sign = age > stale_s ? "!" : "✓";
    p->role = age > stale_s ? ROLE_WARN : ROLE_OK;
}

static void
relay_part(const struct app *app, struct part *p)
{
    bool ours = app->engine.holds_lease;
    int64_t contact = ours ? app->engine.relay_contact_s : app->status.relay_contact_s;
    bool ok = ours ? app->engine.relay_ok : contact && app->now_s - contact < RELAY_SILENT_S;

    if (!app->opt.config->relay.url || !app->opt.config->relay.url[0]) {
        (void)snprintf(p->text, sizeof p->text, "no relay");
        p->sign = "!";
        p->role = ROLE_WARN;
        return;
    }
    (void)snprintf(p->text, sizeof p->text, "relay");
    p->sign = ok ? "✓" : contact ? "✗" : "·";
    p->role = ok ? ROLE_OK : contact ? ROLE_ERROR : ROLE_HEADER;
}

static void
engine_part(const struct app *app, struct part *p)
{
    p->role = ROLE_OK;
    p->sign = "✓";
    if (app->status.stopped) {
        (void)snprintf(p->text, sizeof p->text, "ALL SENDING STOPPED");
        p->sign = "✗";
        p->role = ROLE_ERROR;
    } else if (app->opt.engine && app->engine.holds_lease) {
        (void)snprintf(p->text, sizeof p->text, "engine");
    } else if (app->engine.other_holder[0]) {
        (void)snprintf(p->text, sizeof p->text, "engine elsewhere");
    } else {
        (void)snprintf(p->text, sizeof p->text, app->opt.engine ? "engine waits" : "no engine");
        p->sign = "!";
        p->role = ROLE_WARN;
    }
}

static int
part_width(const struct part *p)
{
    return cells_width(p->text) + 1 + cells_width(p->sign) + 2;
}

static void
draw_header(struct app *app, struct grid *g)
{
    struct area line = area_rows(grid_area(g), 0, 1);
    struct open_screen *top = app_top(app);
    struct part parts[4] = {0};
    size_t count = 0;
    char clock[8];
    char crumb[200] = "";
    char left[320];
    int right = 0;
    int x;

    if (top->screen->header) {
        top->screen->header(top->self, parts[0].text, sizeof parts[0].text);
        parts[0].sign = "";
        count = parts[0].text[0] ? 1 : 0;
    }
    replica_part(app, &parts[count++]);
    if (!top->screen->bare)
        relay_part(app, &parts[count++]);
    if (!top->screen->bare || app->status.stopped)
        engine_part(app, &parts[count++]);
    for (size_t i = 0; i < count; i++)
        right += part_width(&parts[i]);
    right += 6;
    if (top->screen->crumb)
        top->screen->crumb(top->self, crumb, sizeof crumb);
    if (app->tabs[app->tab].depth > 1 && !top->screen->bare && crumb[0])
        (void)snprintf(left, sizeof left, "%s › %s", app->opt.screens->tabs[app->tab]->title,
                       crumb);
    else if (crumb[0])
        (void)snprintf(left, sizeof left, "%s › %s", top->screen->title, crumb);
    else
        (void)snprintf(left, sizeof left, "%s", top->screen->title);
    grid_fill(g, line, app->status.stopped ? ROLE_TAG_STOP : ROLE_HEADER);
    x = grid_text(g, line, 0, 1, ROLE_TITLE, "canvass │ ");
    (void)grid_cell(g, line, 0, x, line.w - x - right - 2, ROLE_TITLE, left);
    x = line.w - right - 1;
    for (size_t i = 0; i < count; i++) {
        x = grid_text(g, line, 0, x, ROLE_TEXT, parts[i].text) + 1;
        x = grid_text(g, line, 0, x, parts[i].role, parts[i].sign) + 2;
    }
    (void)grid_text(g, line, 0, line.w - 6, ROLE_TITLE, when_clock(app->now_s, clock));
    grid_over(g, line, 0, 0, line.w, app->status.stopped ? ROLE_TAG_STOP : ROLE_HEADER);
}

static void
draw_tab_line(struct app *app, struct grid *g)
{
    const struct ui_screens *s = app->opt.screens;
    const char *labels[APP_TABS];
    char unread[40];

    for (size_t i = 0; i < s->tab_count; i++) {
        labels[i] = s->tabs[i]->title;
        if (s->tabs[i] == s->unread && app->status.unread > 0) {
            if (app->status.unread > 999) /* six tabs have to fit into 80 columns */
                (void)snprintf(unread, sizeof unread, "%s (999+)", labels[i]);
            else
                (void)snprintf(unread, sizeof unread, "%s (%" PRId64 ")", labels[i],
                               app->status.unread);
            labels[i] = unread;
        }
    }
    draw_tabs(g, area_rows(grid_area(g), 1, 1), 0, labels, s->tab_count, (int)app->tab,
              app->tab_places);
}

/* --- the last two lines */

static void
draw_spinner(struct app *app, struct grid *g, struct area line, const char *label, int64_t since_ms)
{
    static const char *const turns[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    int64_t for_ms = utime_mono_ms() - since_ms;
    int turn = app->opt.config->ui.motion ? (int)(for_ms / 100 % 10) : 0;
    int x = grid_text(g, line, 0, 2, ROLE_INFO, turns[turn]);

    if (for_ms >= 1000)
        x = grid_printf(g, line, 0, x + 1, ROLE_TEXT, "%s, %lld s", label,
                        (long long)(for_ms / 1000));
    else
        x = grid_text(g, line, 0, x + 1, ROLE_TEXT, label);
    if (for_ms >= 10000)
        x = grid_text(g, line, 0, x, ROLE_DIM, "; waits for the database");
    x = grid_text(g, line, 0, x + 2, ROLE_KEY, "Esc");
    (void)grid_text(g, line, 0, x + 1, ROLE_DIM, "cancels");
    app->spinner_shown = true;
}

static void
draw_message_line(struct app *app, struct grid *g, struct area line)
{
    const char *label;
    int64_t since;

    app->spinner_shown = false;
    if (app->prompt.open)
        prompt_draw(&app->prompt, g, line,
                    app->prompt.sign == '/' ? "Enter keeps  Esc drops"
                                            : "Tab completes  Esc drops");
    else if (app->message.text[0])
        (void)grid_text(g, line, 0, 1, app->message.role, app->message.text);
    else if (app->toasts.showing)
        toast_draw(&app->toasts, g, line, utime_mono_ms());
    else if (app_busy_label(app, &label, &since))
        draw_spinner(app, g, line, label, since);
    else if (app->engine.note[0])
        (void)grid_text(g, line, 0, 1, ROLE_WARN, app->engine.note);
}

struct footer {
    struct app *app;
    struct grid *g;
    struct area line;
    int x, room;
    bool typing; /* letters belong to a field: they are no keys now */
};

static bool
footer_add(struct footer *f, const char *keys, int key, const char *label, bool can)
{
    int width = cells_width(keys) + 1 + cells_width(label);
    struct app *app = f->app;
    int x = f->x;

    if (x + width > f->room)
        return false;
    x = grid_text(f->g, f->line, 0, x, can ? ROLE_KEY : ROLE_DIM, keys) + 1;
    x = grid_text(f->g, f->line, 0, x, can ? ROLE_TEXT : ROLE_DIM, label);
    if (key && app->footer_count < ARRAY_LEN(app->footer_places))
        app->footer_places[app->footer_count++] = (struct click_place){f->x, x, key};
    f->x = x + 2;
    return true;
}

static void
footer_bindings(struct footer *f, const struct binding *keys, void *self)
{
    for (const struct binding *b = keys; b && b->name; b++) {
        char name[16];
        char reason[96];
        if (!b->label || strcmp(b->name, "help") == 0 || (f->typing && key_is_text(b->key)))
            continue;
        if (b->shown && !b->shown(self))
            continue;
        if (!footer_add(f, key_label(b->key, name), b->key, b->label,
                        app_can(f->app, self, b, reason)))
            return;
    }
}

static void
draw_footer(struct app *app, struct grid *g, struct area line)
{
    struct open_screen *top = app_top(app);
    bool typing = app_wants_text(app);
    struct footer f = {app, g, line, 1, line.w - 16, typing};

    app->footer_count = 0;
    app->footer_y = line.y;
    if (app->help.open) {
        (void)footer_add(&f, "Esc", KEYS_ESC, "close", true);
        (void)footer_add(&f, "/", '/', "filter", true);
        (void)footer_add(&f, "↑↓", 0, "scroll", true);
        return;
    }
    if (app->confirm.open) {
        (void)footer_add(&f, "Tab", KEYS_TAB, "button", true);
        (void)footer_add(&f, "Enter", KEYS_ENTER, "press", true);
        (void)footer_add(&f, "Esc", KEYS_ESC, "cancel", true);
        return;
    }
    if (typing && top->screen->text_keys) {
        footer_bindings(&f, top->screen->text_keys, top->self);
        return;
    }
    footer_bindings(&f, top->screen->keys, top->self);
    if (!typing)
        footer_bindings(&f, app->general_keys, top->self);
    f.room = line.w;
    if (typing) {
        if (!app_find_key(top->screen->keys, KEYS_TAB))
            (void)footer_add(&f, "Tab", KEYS_TAB, "field", true);
        if (!app_find_key(top->screen->keys, KEYS_ESC))
            (void)footer_add(&f, "Esc", KEYS_ESC, "leave", true);
        return;
    }
    (void)footer_add(&f, "?", '?', "help", true);
    (void)footer_add(&f, "q", 'q', app->tabs[app->tab].depth > 1 ? "back" : "quit", true);
}

void
app_draw(struct app *app)
{
    struct grid *g = term_grid();
    struct open_screen *top = app_top(app);
    struct area all = grid_area(g);
    struct area body;
    int head = top->screen->bare ? 1 : 2;

    grid_clear(g);
    if (app_is_too_small(app)) {
        draw_too_small(g);
        return;
    }
    draw_header(app, g);
    if (!top->screen->bare)
        draw_tab_line(app, g);
    body = area_rows(all, head, all.h - head - 2);
    top->screen->draw(app, top->self, g, body);
    if (app->confirm.open)
        confirm_draw(app, g, body);
    if (app->prompt.open && app->prompt.sign == ':')
        palette_draw(app, g, body);
    if (app->help.open)
        help_draw(app, g, body);
    draw_message_line(app, g, area_rows(all, all.h - 2, 1));
    draw_footer(app, g, area_rows(all, all.h - 1, 1));
}
