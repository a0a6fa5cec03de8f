/* The last 200 messages of this console. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"
#include "ui/widget/draw.h"
#include "ui/widget/list.h"
#include "ui/widget/when.h"

struct messages {
    struct app *app;
    struct list list;
};

static void *
messages_open(struct app *app, int64_t arg)
{
    struct messages *m = mem_alloc(sizeof *m);

    (void)arg;
    m->app = app;
    list_init(&m->list, 1);
    return m;
}

static void
messages_close(struct app *app, void *self)
{
    (void)app;
    free(self);
}

static void
draw_row(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    static const struct {
        enum role role;
        const char *sign;
    } looks[] = {
        [TOAST_OK] = {ROLE_OK, "✓"},
        [TOAST_INFO] = {ROLE_DIM, "·"},
        [TOAST_WARN] = {ROLE_WARN, "!"},
        [TOAST_ERROR] = {ROLE_ERROR, "✗"},
    };
    struct messages *m = ctx;
    const struct toast *t = toast_get(app_toasts(m->app), row);
    char when[12];

    (void)selected;
    if (!t)
        return;
    (void)grid_text(g, a, 0, 2, ROLE_DIM, when_seconds(t->at_s, when));
    (void)grid_text(g, a, 0, 12, looks[t->level].role, looks[t->level].sign);
    (void)grid_text(g, a, 0, 14, ROLE_TEXT, t->text);
}

static void
messages_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct messages *m = self;
    size_t count = toast_kept(app_toasts(app));
    const struct toast *t;
    char right[16];
    struct area in;

    (void)snprintf(right, sizeof right, "%zu", count);
    in = draw_frame_tight(g, body, FRAME_FOCUS, "Messages", right);
    if (count == 0) {
        draw_hint(g, in, "Nothing has been said yet.");
        return;
    }
    list_place(&m->list, count, -1);
    list_draw(&m->list, g, area_rows(in, 0, in.h - 4), true, draw_row, m);
    draw_rule(g, in, in.h - 4);
    t = toast_get(app_toasts(app), m->list.sel);
    if (t)
        (void)grid_wrapped(g, area_inset(in, 0, 2), in.h - 3, 3, ROLE_TEXT, t->text);
}

static bool
messages_input(struct app *app, void *self, const struct input *in)
{
    (void)app;
    return list_key(&((struct messages *)self)->list, in->key);
}

static void
messages_crumb(void *self, char *out, size_t size)
{
    (void)self;
    (void)snprintf(out, size, "Messages");
}

const struct screen screen_messages = {
    .name = "messages",
    .title = "Messages",
    .open = messages_open,
    .close = messages_close,
    .draw = messages_draw,
    .input = messages_input,
    .crumb = messages_crumb,
};
