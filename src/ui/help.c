/* The help overlay, made from the tables of keys. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "ui/app_internal.h"
#include "ui/widget/draw.h"
#include "ui/widget/filter.h"

#define HELP_LINES 96

struct line {
    const char *text;
    const char *name;
    char key[24];
    bool heading;
    bool can;
};

static const struct {
    const char *keys, *text;
} move_lines[] = {
    {"↑↓ j k", "Up and down; g G or Home End to the ends; PgUp PgDn or ^U ^D by pages"},
    {"←→ h l", "Sideways: the tabs of a pane, the choices of a field"},
    {"Tab", "The next pane, Shift-Tab the one before"},
    {"Enter", "Opens; Esc closes or clears: first the filter, then the pane"},
    {"1–6", "The tabs at the top"},
    {"Mouse", "Click selects, double click opens, the wheel scrolls, Shift marks text"},
};

static bool
fits(struct app *app, const char *key, const char *name, const char *text)
{
    const struct filter_field fields[] = {{"key", key}, {"name", name}, {"text", text}, {0}};
    return filter_match(edit_text(&app->help.filter), fields);
}

static size_t
add_bindings(struct app *app, struct line *lines, size_t n, const char *heading,
             const struct binding *keys)
{
    size_t at = n;
    void *self = app_top(app)->self;

    lines[n++] = (struct line){.heading = true, .text = heading};
    for (const struct binding *b = keys; b && b->name && n < HELP_LINES; b++) {
        struct line l = {.text = b->help, .name = b->name};
        char reason[96];
        if (keys == app->general_keys && app_find_key(app_top(app)->screen->keys, b->key))
            continue; /* the screen has given the key another meaning */
        if (b->key)
            (void)key_label(b->key, l.key);
        else
            (void)snprintf(l.key, sizeof l.key, ":%s", b->name);
        l.can = app_can(app, self, b, reason);
        if (fits(app, l.key, b->name, b->help))
            lines[n++] = l;
    }
    return n == at + 1 ? at : n;
}

static size_t
collect(struct app *app, struct line *lines)
{
    size_t n = add_bindings(app, lines, 0, "This screen", app_top(app)->screen->keys);
    size_t at;

    if (n < HELP_LINES)
        n = add_bindings(app, lines, n, "Everywhere", app->general_keys);
    at = n;
    if (n < HELP_LINES)
        lines[n++] = (struct line){.heading = true, .text = "Moving"};
    for (size_t i = 0; i < ARRAY_LEN(move_lines) && n < HELP_LINES; i++) {
        struct line l = {.text = move_lines[i].text, .can = true};
        (void)text_copy(l.key, sizeof l.key, move_lines[i].keys);
        if (fits(app, l.key, "", l.text))
            lines[n++] = l;
    }
    return n == at + 1 ? at : n;
}

void
help_open(struct app *app)
{
    app->help.open = true;
    app->help.top = 0;
    app->help.filtering = false;
    edit_set(&app->help.filter, "");
    app_dirty(app);
}

void
help_key(struct app *app, int key)
{
    bool changed;

    if (key == KEYS_MOUSE)
        return;
    if (app->help.filtering) {
        if (key == KEYS_ENTER)
            app->help.filtering = false;
        else if (key == KEYS_ESC) {
            edit_set(&app->help.filter, "");
            app->help.filtering = false;
        } else if (edit_key(&app->help.filter, key, &changed) && changed)
            app->help.top = 0;
        return;
    }
    switch (key) {
    case '/':
        app->help.filtering = true;
        break;
    case KEYS_DOWN:
    case 'j':
        app->help.top++;
        break;
    case KEYS_UP:
    case 'k':
        app->help.top--;
        break;
    case KEYS_PGDN:
        app->help.top += 10;
        break;
    case KEYS_PGUP:
        app->help.top -= 10;
        break;
    case KEYS_ESC:
        if (*edit_text(&app->help.filter)) {
            edit_set(&app->help.filter, "");
            break;
        }
        app->help.open = false;
        break;
    default:
        app->help.open = false;
        break;
    }
}

void
help_draw(struct app *app, struct grid *g, struct area all)
{
    struct line lines[HELP_LINES + 4];
    size_t count = collect(app, lines);
    int w = all.w - 8 > 92 ? 92 : all.w - 8;
    int h = (int)count + 3 < all.h - 1 ? (int)count + 3 : all.h - 1;
    struct area a;
    char title[96];
    int rows;

    grid_dim(g, all);
    a = area_cols(area_rows(all, (all.h - h) / 2, h), (all.w - w) / 2, w);
    grid_fill(g, a, ROLE_TEXT);
    (void)snprintf(title, sizeof title, "Keys: %s", app_top(app)->screen->title);
    a = draw_frame(g, a, FRAME_FOCUS, title, "Esc closes");
    rows = a.h - 1;
    if (app->help.top > (int)count - rows)
        app->help.top = (int)count - rows;
    if (app->help.top < 0)
        app->help.top = 0;
    for (int i = 0; i < rows && app->help.top + i < (int)count; i++) {
        const struct line *l = &lines[app->help.top + i];
        if (l->heading) {
            (void)grid_text(g, a, i, 0, ROLE_TITLE, l->text);
            continue;
        }
        (void)grid_cell(g, a, i, 2, 14, l->can ? ROLE_KEY : ROLE_DIM, l->key);
        (void)grid_cell(g, a, i, 17, a.w - 17, l->can ? ROLE_TEXT : ROLE_DIM, l->text);
    }
    if (app->help.filtering || *edit_text(&app->help.filter)) {
        int x = grid_text(g, a, a.h - 1, 0, ROLE_KEY, "/");
        edit_draw(&app->help.filter, g, area_cols(area_rows(a, a.h - 1, 1), x, 40), ROLE_TEXT,
                  app->help.filtering);
    } else {
        (void)grid_text(g, a, a.h - 1, 0, ROLE_DIM,
                        app->help.top + rows < (int)count ? "/ filters · ↓ more" : "/ filters");
    }
}
