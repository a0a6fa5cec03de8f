#include "ui/screen/campaign_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/campaign_acts.h"
#include "ui/screen/common.h"
#include "ui/widget/draw.h"
#include "ui/widget/filter.h"
#include "ui/widget/when.h"

#define NAME_X 14 /* behind the longest status */
#define CHANNEL_W 7

static const char *const sort_names[] = {
    [SORT_STATUS] = "active first",
    [SORT_NAME] = "by name",
    [SORT_CREATED] = "newest first",
    [SORT_REPLIES] = "most replies first",
};
_Static_assert(ARRAY_LEN(sort_names) == CAMPAIGN_SORT_COUNT, "a name for every sort");

void
campaign_list_pane_init(struct campaign_list_pane *p, struct app *app, bool tall)
{
    *p = (struct campaign_list_pane){.app = app, .tall = tall};
    p->slot = app_slot(app);
    list_init(&p->list, tall ? 2 : 1);
}

void
campaign_list_pane_release(struct campaign_list_pane *p)
{
    app_slot_release(p->app, p->slot);
    campaign_list_release(&p->data);
    free(p->shown);
}

static bool
fits(const struct campaign_list_pane *p, const struct campaign *c)
{
    const struct filter_field fields[] = {
        {"name", c->name},
        {"status", campaign_look(c).word},
        {"channel", c->channel},
        {"type", c->type},
        {0},
    };
    return filter_match(p->filter, fields);
}

/* Stable insertion into the order of the sort; campaigns are few. Ties stay as core gave them. */
static int
compare(const struct campaign_list_pane *p, size_t a, size_t b)
{
    const struct campaign *x = &p->data.items[a];
    const struct campaign *y = &p->data.items[b];

    switch (p->sort) {
    case SORT_STATUS:
        break;
    case SORT_NAME:
        return strcasecmp(x->name, y->name);
    case SORT_CREATED:
        return x->created_at < y->created_at ? 1 : x->created_at > y->created_at ? -1 : 0;
    case SORT_REPLIES:
        return x->responded < y->responded ? 1 : x->responded > y->responded ? -1 : 0;
    case CAMPAIGN_SORT_COUNT:
        break;
    }
    return 0;
}

static const struct campaign_list_pane *sorting; /* qsort has no context; main thread only */

static int
compare_rows(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    int order = compare(sorting, x, y);

    if (order != 0)
        return order;
    return x < y ? -1 : x > y;
}

static int64_t
id_of(void *ctx, size_t row)
{
    const struct campaign_list_pane *p = ctx;
    return p->data.items[p->shown[row]].id;
}

static void
arrange(struct campaign_list_pane *p)
{
    free(p->shown);
    p->shown = mem_calloc(p->data.count, sizeof *p->shown);
    p->shown_count = 0;
    for (size_t i = 0; i < p->data.count; i++)
        if (fits(p, &p->data.items[i]))
            p->shown[p->shown_count++] = i;
    sorting = p;
    qsort(p->shown, p->shown_count, sizeof *p->shown, compare_rows);
    list_update(&p->list, p->shown_count, id_of, p);
}

static void *
answer(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    struct campaign_list *list = mem_alloc(sizeof *list);

    (void)arg;
    (void)cancelled;
    if (campaign_list_load(reader, NULL, list, err))
        return list;
    free(list);
    return NULL;
}

static void
free_answer(void *result)
{
    campaign_list_release(result);
    free(result);
}

static void
on_answer(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct campaign_list_pane *p = owner;
    struct campaign_list *list = result;
    struct campaign_list old = p->data;

    (void)q;
    if (!list) {
        (void)text_copy(p->error, sizeof p->error, err->text);
        return;
    }
    p->data = *list;
    *list = old; /* freed with the answer */
    p->loaded = true;
    p->error[0] = '\0';
    arrange(p);
}

void
campaign_list_pane_refresh(struct campaign_list_pane *p)
{
    struct question q = {.slot = p->slot,
                         .answer = answer,
                         .free_result = free_answer,
                         .done = on_answer,
                         .owner = p};

    (void)app_ask_if_free(p->app, &q, "Reading campaigns");
}

void
campaign_list_pane_filter(struct campaign_list_pane *p, const char *text)
{
    (void)text_copy(p->filter, sizeof p->filter, text);
    arrange(p);
}

void
campaign_list_pane_sort_next(struct campaign_list_pane *p)
{
    p->sort = (enum campaign_sort)((p->sort + 1) % CAMPAIGN_SORT_COUNT);
    arrange(p);
}

const struct campaign *
campaign_list_pane_selected(const struct campaign_list_pane *p)
{
    return p->list.sel < p->shown_count ? &p->data.items[p->shown[p->list.sel]] : NULL;
}

static void
remember(struct campaign_list_pane *p)
{
    const struct campaign *c = campaign_list_pane_selected(p);
    p->list.sel_id = c ? c->id : LIST_NO_ID;
}

bool
campaign_list_pane_input(struct campaign_list_pane *p, const struct input *in)
{
    size_t row;
    bool used = false;

    if (in->key != KEYS_MOUSE) {
        used = list_key(&p->list, in->key);
    } else if (area_has(p->list.area, in->y, in->x)) {
        if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN)
            list_wheel(&p->list, in->mouse == MOUSE_WHEEL_UP ? -1 : 1);
        else if (list_row_at(&p->list, in->y, in->x, &row))
            list_select(&p->list, row, LIST_NO_ID);
        used = true;
    }
    if (used)
        remember(p);
    return used;
}

static enum role
bar_role(const struct campaign *c)
{
    switch (c->status) {
    case CAMPAIGN_ACTIVE:
        return ROLE_OK;
    case CAMPAIGN_PAUSED:
        return ROLE_WARN;
    case CAMPAIGN_DRAFT:
    case CAMPAIGN_SCHEDULED:
    case CAMPAIGN_COMPLETED:
    case CAMPAIGN_CANCELLED:
    case CAMPAIGN_STATUS_COUNT:
        break;
    }
    return ROLE_DIM;
}

static void
underline_match(const struct campaign_list_pane *p, struct grid *g, struct area a, int x, int width,
                const char *text)
{
    size_t at;
    size_t len;
    char *part;
    int from;

    if (!p->filter[0] || !filter_find(p->filter, text, &at, &len))
        return;
    part = mem_strndup(text, at);
    from = cells_width(part);
    free(part);
    part = mem_strndup(text + at, len);
    if (from < width)
        grid_add_style(g, a, 0, x + from, cells_width(part), STYLE_UNDERLINE);
    free(part);
}

static void
draw_row(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    struct campaign_list_pane *p = ctx;
    const struct campaign *c = &p->data.items[p->shown[row]];
    struct status_look look = campaign_look(c);
    bool live = c->status == CAMPAIGN_ACTIVE || c->status == CAMPAIGN_PAUSED;
    int name_w = a.w - NAME_X - 21 - CHANNEL_W - (p->tall ? 0 : 19);
    int bar_w = a.w >= 60 ? 7 : 5;
    char text[240];
    char percent[16];
    int x;

    (void)selected;
    (void)grid_text(g, a, 0, 2, look.role, look.sign);
    (void)grid_cell(g, a, 0, 4, 9, look.role, look.word);
    (void)grid_cell(g, a, 0, NAME_X, name_w,
                    live || c->status == CAMPAIGN_DRAFT ? ROLE_TITLE : ROLE_TEXT, c->name);
    underline_match(p, g, a, NAME_X, name_w, c->name);
    x = NAME_X + name_w + 1;
    (void)grid_cell(g, a, 0, x, CHANNEL_W, ROLE_DIM, c->channel);
    x += CHANNEL_W + 1;
    if (c->status == CAMPAIGN_DRAFT) {
        (void)grid_text(g, a, 0, x, ROLE_DIM, "Enter resumes");
    } else {
        draw_progress(g, a, 0, x, bar_w, bar_role(c), campaign_done(c), c->targeted);
        (void)grid_cell_right(g, a, 0, x + bar_w, 6, live ? ROLE_TITLE : ROLE_TEXT,
                              percent_text(campaign_done(c), c->targeted, 0, percent));
        (void)draw_number(g, a, 0, x + bar_w + 6, 5, c->responded && live ? ROLE_TITLE : ROLE_TEXT,
                          c->responded);
    }
    if (!p->tall) {
        (void)draw_number(g, a, 0, a.w - 19, 10, ROLE_TEXT, c->contacted);
        (void)draw_number(g, a, 0, a.w - 9, 8, ROLE_TEXT, c->targeted);
        return;
    }
    campaign_line(c, app_now_s(p->app), text, sizeof text);
    (void)grid_text(g, area_cols(a, 0, a.w - 1), 1, NAME_X, ROLE_DIM, text);
}

static void
draw_head(const struct campaign_list_pane *p, struct grid *g, struct area a)
{
    int name_w = a.w - NAME_X - 21 - CHANNEL_W - (p->tall ? 0 : 19);
    int x = NAME_X + name_w + 1;

    (void)grid_text(g, a, 0, 4, ROLE_DIM, "Status");
    (void)grid_text(g, a, 0, NAME_X, ROLE_DIM, "Name");
    (void)grid_text(g, a, 0, x, ROLE_DIM, "Channel");
    (void)grid_text(g, a, 0, x + CHANNEL_W + 1, ROLE_DIM, "Progress");
    (void)grid_cell_right(g, a, 0, x + CHANNEL_W + 1 + (a.w >= 60 ? 7 : 5) + 6, 5, ROLE_DIM,
                          "Repl");
    if (!p->tall) {
        (void)grid_cell_right(g, a, 0, a.w - 19, 10, ROLE_DIM, "Contacted");
        (void)grid_cell_right(g, a, 0, a.w - 9, 8, ROLE_DIM, "People");
    }
}

static void
count_text(const struct campaign_list_pane *p, char *out, size_t size)
{
    char a[32];
    char b[32];

    if (p->filter[0])
        (void)snprintf(out, size, "%s of %s · /%s", number_text((int64_t)p->shown_count, a),
                       number_text((int64_t)p->data.count, b), p->filter);
    else
        (void)snprintf(out, size, "%s · %s", number_text((int64_t)p->data.count, a),
                       sort_names[p->sort]);
}

static void
draw_below(const struct campaign_list_pane *p, struct grid *g, struct area a)
{
    size_t shown = p->list.top + p->list.page;

    if (shown < p->shown_count)
        (void)grid_printf(g, a, 0, 2, ROLE_DIM, "%zu more below ↓", p->shown_count - shown);
}

void
campaign_list_pane_draw(struct campaign_list_pane *p, struct grid *g, struct area a, bool focused)
{
    char right[320];
    struct area in;

    count_text(p, right, sizeof right);
    in = draw_frame_tight(g, a, focused ? FRAME_FOCUS : FRAME_REST, "Campaigns",
                          p->loaded ? right : NULL);
    if (p->error[0])
        draw_hint(g, in, p->error);
    else if (!p->loaded)
        draw_hint(g, in, "reading…");
    else if (p->data.count == 0)
        draw_hint(g, in, "No campaigns yet. Press n to make the first one.");
    else if (p->shown_count == 0)
        draw_hint(g, in, "No campaign fits the filter. Esc drops it.");
    if (p->error[0] || !p->loaded || p->shown_count == 0)
        return;
    draw_head(p, g, in);
    list_draw(&p->list, g, area_rows(in, 1, in.h - 2), focused, draw_row, p);
    draw_below(p, g, area_rows(in, in.h - 1, 1));
}
