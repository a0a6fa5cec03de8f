#include "ui/widget/picker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/term/cells.h"
#include "ui/widget/draw.h"
#include "ui/widget/filter.h"

/* Where a note is cut, that of the selected item stands whole below the list. */
#define DETAIL_ROWS 2

static void
drop_items(struct picker *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].label);
        free(p->items[i].note);
    }
    p->count = 0;
}

void
picker_release(struct picker *p)
{
    drop_items(p);
    free(p->items);
    free(p->shown);
    edit_release(&p->filter);
    *p = (struct picker){0};
}

void
picker_open(struct picker *p, int what, const char *title, struct area anchor)
{
    drop_items(p);
    p->shown_count = 0;
    p->open = true;
    p->what = what;
    p->anchor = anchor;
    (void)text_copy(p->title, sizeof p->title, title);
    edit_set(&p->filter, "");
    list_init(&p->list, 1);
}

static bool
fits(const struct picker *p, size_t i, bool with_note)
{
    const struct filter_field fields[] = {
        {"label", p->items[i].label}, {"note", with_note ? p->items[i].note : NULL}, {0}};

    return filter_match(edit_text(&p->filter), fields);
}

/* Whose label fits stands before whose note does. */
static void
narrow(struct picker *p)
{
    p->shown = mem_realloc(p->shown, p->count + 1, sizeof *p->shown);
    p->shown_count = 0;
    for (size_t i = 0; i < p->count; i++)
        if (fits(p, i, true) && fits(p, i, false))
            p->shown[p->shown_count++] = i;
    for (size_t i = 0; i < p->count; i++)
        if (fits(p, i, true) && !fits(p, i, false))
            p->shown[p->shown_count++] = i;
    list_update(&p->list, p->shown_count, NULL, NULL);
}

void
picker_add(struct picker *p, const char *label, const char *note)
{
    p->items = mem_grow(p->items, p->count, &p->capacity, sizeof *p->items);
    p->items[p->count].label = mem_strdup(label ? label : "");
    p->items[p->count++].note = mem_strdup(note ? note : "");
    narrow(p);
}

void
picker_select(struct picker *p, size_t item)
{
    for (size_t i = 0; i < p->shown_count; i++)
        if (p->shown[i] == item)
            list_select(&p->list, i, LIST_NO_ID);
}

static enum picker_result
take(struct picker *p, size_t *item)
{
    if (p->list.sel >= p->shown_count)
        return PICKER_MOVED;
    *item = p->shown[p->list.sel];
    p->open = false;
    return PICKER_TAKEN;
}

static enum picker_result
mouse(struct picker *p, const struct input *in, size_t *item)
{
    size_t row;

    if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN) {
        list_wheel(&p->list, in->mouse == MOUSE_WHEEL_UP ? -3 : 3);
        return PICKER_MOVED;
    }
    if (list_row_at(&p->list, in->y, in->x, &row)) {
        list_select(&p->list, row, LIST_NO_ID);
        return take(p, item);
    }
    if (area_has(p->area, in->y, in->x))
        return PICKER_MOVED;
    p->open = false;
    return PICKER_CLOSED;
}

enum picker_result
picker_input(struct picker *p, const struct input *in, size_t *item)
{
    bool changed = false;

    if (!p->open)
        return PICKER_IGNORED;
    if (in->key == KEYS_MOUSE)
        return mouse(p, in, item);
    if (in->key == KEYS_ESC || in->key == KEYS_TAB || in->key == KEYS_BACKTAB) {
        p->open = false;
        return PICKER_CLOSED;
    }
    if (in->key == KEYS_ENTER)
        return take(p, item);
    if (key_is_text(in->key) || in->key == KEYS_BACKSPACE || in->key == CTRL_KEY('u') ||
        in->key == CTRL_KEY('w')) {
        if (edit_key(&p->filter, in->key, &changed) && changed) {
            narrow(p);
            list_select(&p->list, 0, LIST_NO_ID);
        }
        return PICKER_MOVED;
    }
    (void)list_key(&p->list, in->key);
    return PICKER_MOVED;
}

static void
draw_item(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct picker *p = ctx;
    const struct picker_item *item = &p->items[p->shown[row]];
    int x;

    (void)selected;
    x = grid_cell(g, a, 0, 2,
                  a.w - 3 < cells_width(item->label) ? a.w - 3 : cells_width(item->label),
                  ROLE_TEXT, item->label);
    if (item->note[0] && x + 4 < a.w)
        (void)grid_cell(g, a, 0, x + 2, a.w - x - 3, ROLE_DIM, item->note);
}

static int
wanted_width(const struct picker *p)
{
    int widest = cells_width(p->title) + 16;

    for (size_t i = 0; i < p->count; i++) {
        int w = cells_width(p->items[i].label) + cells_width(p->items[i].note) + 8;
        widest = w > widest ? w : widest;
    }
    return widest;
}

void
picker_draw(struct picker *p, struct grid *g, struct area body)
{
    int w = wanted_width(p);
    bool cut = w > body.w * 2 / 3;
    int h = (int)p->count + 4 + (cut ? DETAIL_ROWS + 1 : 0);
    int rows;
    int below = body.y + body.h - (p->anchor.y + 1);
    int above = p->anchor.y - body.y;
    char right[32];
    struct area a;
    struct area in;

    if (!p->open)
        return;
    w = w > body.w * 2 / 3 ? body.w * 2 / 3 : w;
    w = w < 30 ? 30 : w;
    h = h < 6 ? 6 : h > 16 ? 16 : h;
    a = (struct area){.h = h, .w = w};
    a.x = p->anchor.x;
    if (below >= h || below >= above) {
        a.y = p->anchor.y + 1;
        a.h = h < below ? h : below;
    } else {
        a.h = h < above ? h : above;
        a.y = p->anchor.y - a.h;
    }
    if (a.x + a.w > body.x + body.w)
        a.x = body.x + body.w - a.w;
    p->area = a;
    grid_fill(g, a, ROLE_TEXT);
    (void)snprintf(right, sizeof right, "%zu of %zu", p->shown_count, p->count);
    in = draw_frame_tight(g, a, FRAME_FOCUS, p->title, right);
    rows = in.h - 1;
    if (p->shown_count == 0)
        (void)grid_text(g, in, 1, 2, ROLE_DIM, "nothing like that");
    if (cut && in.h > DETAIL_ROWS + 4 && p->list.sel < p->shown_count) {
        rows -= DETAIL_ROWS + 1;
        draw_rule(g, in, 1 + rows);
        (void)grid_wrapped(g, area_cols(in, 2, in.w - 3), 2 + rows, DETAIL_ROWS, ROLE_DIM,
                           p->items[p->shown[p->list.sel]].note);
    }
    list_draw(&p->list, g, area_rows(in, 1, rows), true, draw_item, p);
    (void)grid_text(g, in, 0, 1, ROLE_KEY, "/");
    edit_draw(&p->filter, g, area_cols(area_rows(in, 0, 1), 2, in.w - 3), ROLE_FIELD, true);
    if (p->filter.text.len == 0)
        (void)grid_text(g, in, 0, 4, ROLE_DIM, "type to search");
}
