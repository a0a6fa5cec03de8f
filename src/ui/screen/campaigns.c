/* Campaigns: all of them, one line each. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "ui/screen/campaign_acts.h"
#include "ui/screen/campaign_list.h"
#include "ui/screen/campaign_tabs.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"
#include "ui/widget/draw.h"

struct campaigns {
    struct campaign_host host; /* first: see campaign_acts.h */
    struct campaign_list_pane pane;
};

static const struct campaign *
current(void *self)
{
    return campaign_list_pane_selected(&((struct campaigns *)self)->pane);
}

static void *
campaigns_open(struct app *app, int64_t arg)
{
    struct campaigns *s = mem_alloc(sizeof *s);

    (void)arg;
    s->host.current = current;
    s->host.export_slot = app_slot(app);
    campaign_list_pane_init(&s->pane, app, false);
    return s;
}

static void
campaigns_close(struct app *app, void *self)
{
    app_slot_release(app, ((struct campaigns *)self)->host.export_slot);
    campaign_list_pane_release(&((struct campaigns *)self)->pane);
    free(self);
}

static void
campaigns_refresh(struct app *app, void *self)
{
    (void)app;
    campaign_list_pane_refresh(&((struct campaigns *)self)->pane);
}

/* From 120 columns on the selected one stands beside the list. */
static void
draw_beside(struct app *app, const struct campaign *c, struct grid *g, struct area a)
{
    struct area in = draw_frame(g, a, FRAME_REST, c ? c->name : "Campaign", c ? c->channel : NULL);
    struct status_look look;
    char text[240];

    if (!c)
        return;
    look = campaign_look(c);
    (void)grid_printf(g, in, 0, 0, look.role, "%s %s", look.sign, look.word);
    campaign_line(c, app_now_s(app), text, sizeof text);
    (void)grid_wrapped(g, in, 1, 2, ROLE_DIM, text);
    campaign_states_draw(c, g, area_rows(in, 4, in.h - 4));
}

static void
campaigns_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct campaigns *s = self;
    int beside = app_is_wide(body) ? body.w * 2 / 5 : 0;

    campaign_list_pane_draw(&s->pane, g, area_cols(body, 0, body.w - beside), true);
    if (beside)
        draw_beside(app, current(self), g, area_cols(body, body.w - beside, beside));
}

static bool
campaigns_input(struct app *app, void *self, const struct input *in)
{
    struct campaigns *s = self;

    if (in->key == KEYS_MOUSE && in->mouse == MOUSE_DOUBLE && current(self) &&
        area_has(s->pane.list.area, in->y, in->x)) {
        campaign_key_open(app, self);
        return true;
    }
    return campaign_list_pane_input(&s->pane, in);
}

static void
campaigns_filter(struct app *app, void *self, const char *text)
{
    (void)app;
    campaign_list_pane_filter(&((struct campaigns *)self)->pane, text);
}

static const char *
campaigns_filter_text(void *self)
{
    return ((struct campaigns *)self)->pane.filter;
}

static bool
campaigns_escape(struct app *app, void *self)
{
    struct campaigns *s = self;

    (void)app;
    if (!s->pane.filter[0])
        return false;
    campaign_list_pane_filter(&s->pane, "");
    return true;
}

static void
key_sort(struct app *app, void *self)
{
    (void)app;
    campaign_list_pane_sort_next(&((struct campaigns *)self)->pane);
}

static void
key_new(struct app *app, void *self)
{
    (void)self;
    app_push(app, &screen_wizard, 0);
}

static const struct binding campaigns_keys[] = {
    {.key = KEYS_ENTER,
     .name = "open",
     .label = "open",
     .help = "Open the campaign; a draft goes on",
     .run = campaign_key_open,
     .can = campaign_can_open},
    {.key = 'n',
     .name = "new",
     .label = "new",
     .help = "A new campaign, in four steps",
     .run = key_new},
    CAMPAIGN_KEYS,
    {.key = 's', .name = "sort", .label = "sort", .help = "Another order", .run = key_sort},
    {0}};

const struct screen screen_campaigns = {
    .name = "campaigns",
    .title = "Campaigns",
    .keys = campaigns_keys,
    .open = campaigns_open,
    .close = campaigns_close,
    .draw = campaigns_draw,
    .input = campaigns_input,
    .refresh = campaigns_refresh,
    .filter = campaigns_filter,
    .filter_text = campaigns_filter_text,
    .escape = campaigns_escape,
};
