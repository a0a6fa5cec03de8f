/* Settings: the configuration as it is in effect, and themes to try. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"
#include "ui/term/theme.h"
#include "ui/widget/draw.h"
#include "ui/widget/filter.h"
#include "ui/widget/list.h"

struct row {
    char *name, *value; /* owned */
    const char *help;
};

struct settings {
    struct app *app;
    struct row *rows;
    size_t count, capacity;
    size_t *shown;
    size_t shown_count;
    struct list list;
    char filter[128];
};

static void
add_row(void *ctx, const char *section, const char *key, const char *value, const char *help)
{
    struct settings *s = ctx;

    s->rows = mem_grow(s->rows, s->count, &s->capacity, sizeof *s->rows);
    s->rows[s->count++] = (struct row){mem_printf("%s.%s", section, key), mem_strdup(value), help};
}

static void
arrange(struct settings *s)
{
    s->shown_count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct filter_field fields[] = {
            {"name", s->rows[i].name}, {"value", s->rows[i].value}, {"help", s->rows[i].help}, {0}};
        if (filter_match(s->filter, fields))
            s->shown[s->shown_count++] = i;
    }
    list_place(&s->list, s->shown_count, -1);
}

static void *
settings_open(struct app *app, int64_t arg)
{
    struct settings *s = mem_alloc(sizeof *s);

    (void)arg;
    s->app = app;
    list_init(&s->list, 1);
    config_describe(app_config(app), add_row, s);
    s->shown = mem_calloc(s->count, sizeof *s->shown);
    arrange(s);
    return s;
}

static void
settings_close(struct app *app, void *self)
{
    struct settings *s = self;

    (void)app;
    for (size_t i = 0; i < s->count; i++) {
        free(s->rows[i].name);
        free(s->rows[i].value);
    }
    free(s->rows);
    free(s->shown);
    free(s);
}

static void
draw_row(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    struct settings *s = ctx;
    const struct row *r = &s->rows[s->shown[row]];
    bool is_theme = strcmp(r->name, "ui.theme") == 0;
    const char *value = is_theme ? app_theme_name(s->app) : r->value;
    bool unset = !*value || strcmp(value, "not set") == 0;
    int value_w = a.w >= 96 ? 34 : a.w - 36;

    (void)selected;
    (void)grid_cell(g, a, 0, 2, 32, ROLE_TEXT, r->name);
    (void)grid_cell(g, a, 0, 35, value_w, unset ? ROLE_DIM : ROLE_TITLE, unset ? "not set" : value);
    if (a.w >= 96)
        (void)grid_cell(g, a, 0, 35 + value_w + 1, a.w - 37 - value_w, ROLE_DIM, r->help);
}

static void
settings_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct settings *s = self;
    char right[160];
    struct area in;

    if (s->filter[0])
        (void)snprintf(right, sizeof right, "%zu of %zu · /%s", s->shown_count, s->count,
                       s->filter);
    else
        (void)snprintf(right, sizeof right, "%zu · only read here", s->count);
    in = draw_frame_tight(g, body, FRAME_FOCUS, "Settings in effect", right);
    (void)grid_printf(g, in, 0, 2, ROLE_DIM, "From %s",
                      app_config(app)->path ? app_config(app)->path : "the defaults");
    list_draw(&s->list, g, area_rows(in, 2, in.h - 4), true, draw_row, s);
    if (s->shown_count > 0 && body.w < 98)
        (void)grid_text(g, in, in.h - 1, 2, ROLE_DIM, s->rows[s->shown[s->list.sel]].help);
    else
        (void)grid_text(g, in, in.h - 1, 2, ROLE_DIM,
                        "Change the file and start again; t tries another theme at once.");
}

static bool
settings_input(struct app *app, void *self, const struct input *in)
{
    struct settings *s = self;
    size_t row;

    (void)app;
    if (in->key != KEYS_MOUSE)
        return list_key(&s->list, in->key);
    if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN)
        list_wheel(&s->list, in->mouse == MOUSE_WHEEL_UP ? -1 : 1);
    else if (list_row_at(&s->list, in->y, in->x, &row))
        list_select(&s->list, row, LIST_NO_ID);
    return true;
}

static void
settings_filter(struct app *app, void *self, const char *text)
{
    struct settings *s = self;

    (void)app;
    (void)text_copy(s->filter, sizeof s->filter, text);
    arrange(s);
}

static const char *
settings_filter_text(void *self)
{
    return ((struct settings *)self)->filter;
}

static bool
settings_escape(struct app *app, void *self)
{
    struct settings *s = self;

    if (!s->filter[0])
        return false;
    settings_filter(app, self, "");
    return true;
}

static void
key_theme(struct app *app, void *self)
{
    const struct ui_options *opt = app_options(app);
    char *dir = opt->config_dir ? mem_printf("%s/themes", opt->config_dir) : NULL;
    size_t count;
    char **names = theme_names(dir, &count);
    struct error err = {0};
    size_t next = 0;

    (void)self;
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], app_theme_name(app)) == 0)
            next = (i + 1) % count;
    if (count > 0 && !app_set_theme(app, names[next], &err))
        app_toast_error(app, &err);
    else if (count > 0)
        app_toast(app, TOAST_OK,
                  "Theme %s, until you leave. ui.theme in the configuration keeps it.",
                  names[next]);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(dir);
}

static const struct binding settings_keys[] = {{.key = 't',
                                                .name = "next-theme",
                                                .label = "next theme",
                                                .help = "Try the next theme",
                                                .run = key_theme},
                                               {0}};

const struct screen screen_settings = {
    .name = "settings",
    .title = "Settings",
    .keys = settings_keys,
    .open = settings_open,
    .close = settings_close,
    .draw = settings_draw,
    .input = settings_input,
    .filter = settings_filter,
    .filter_text = settings_filter_text,
    .escape = settings_escape,
};
