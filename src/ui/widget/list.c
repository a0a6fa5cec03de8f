#include "ui/widget/list.h"

#include "ui/term/keys.h"

#define LIST_SEARCH_ALL 20000

void
list_init(struct list *l, int row_height)
{
    *l = (struct list){.row_height = row_height, .sel_id = LIST_NO_ID, .page = 1};
}

static bool
find_id(struct list *l, int64_t (*id_of)(void *ctx, size_t row), void *ctx, size_t *row)
{
    size_t from = l->sel > 200 ? l->sel - 200 : 0;

    for (size_t i = from; i < l->count && i < l->sel + 1000; i++)
        if (id_of(ctx, i) == l->sel_id) {
            *row = i;
            return true;
        }
    for (size_t i = 0; i < l->count && l->count <= LIST_SEARCH_ALL; i++)
        if (id_of(ctx, i) == l->sel_id) {
            *row = i;
            return true;
        }
    return false;
}

/* The selected row stays on its line of the screen, so that nothing moves under the cursor. */
static void
move_selection(struct list *l, size_t row)
{
    size_t line = l->sel >= l->top ? l->sel - l->top : 0;

    l->sel = row;
    l->top = row >= line ? row - line : 0;
}

static void
clamp(struct list *l)
{
    if (l->sel >= l->count)
        l->sel = l->count ? l->count - 1 : 0;
    list_scroll(l, l->page);
}

void
list_update(struct list *l, size_t count, int64_t (*id_of)(void *ctx, size_t row), void *ctx)
{
    size_t row;

    l->count = count;
    if (l->follow) {
        l->sel = l->top = 0;
        l->sel_id = LIST_NO_ID;
    } else if (id_of && l->sel_id != LIST_NO_ID && find_id(l, id_of, ctx, &row)) {
        move_selection(l, row);
    }
    clamp(l);
    l->sel_id = id_of && count ? id_of(ctx, l->sel) : LIST_NO_ID;
}

void
list_place(struct list *l, size_t count, int64_t row)
{
    l->count = count;
    if (l->follow)
        l->sel = l->top = 0;
    else if (row >= 0)
        move_selection(l, (size_t)row);
    clamp(l);
}

void
list_select(struct list *l, size_t row, int64_t id)
{
    l->sel = row;
    l->sel_id = id;
    clamp(l);
}

void
list_scroll(struct list *l, size_t page)
{
    if (page == 0)
        page = 1;
    l->page = page;
    if (l->sel < l->top)
        l->top = l->sel;
    if (l->sel >= l->top + page)
        l->top = l->sel - page + 1;
    if (l->top + page > l->count)
        l->top = l->count > page ? l->count - page : 0;
}

static size_t
move_by(const struct list *l, int64_t rows)
{
    int64_t to = (int64_t)l->sel + rows;

    if (l->count == 0 || to < 0)
        return 0;
    return to >= (int64_t)l->count ? l->count - 1 : (size_t)to;
}

bool
list_key(struct list *l, int key)
{
    size_t to;
    int64_t page = (int64_t)l->page;

    switch (key) {
    case KEYS_UP:
    case 'k':
        to = move_by(l, -1);
        break;
    case KEYS_DOWN:
    case 'j':
        to = move_by(l, 1);
        break;
    case KEYS_PGUP:
        to = move_by(l, -page);
        break;
    case KEYS_PGDN:
        to = move_by(l, page);
        break;
    case CTRL_KEY('u'):
        to = move_by(l, -(page + 1) / 2);
        break;
    case CTRL_KEY('d'):
        to = move_by(l, (page + 1) / 2);
        break;
    case KEYS_HOME:
    case 'g':
        to = 0;
        break;
    case KEYS_END:
    case 'G':
        to = l->count ? l->count - 1 : 0;
        break;
    default:
        return false;
    }
    if (to != l->sel) {
        l->sel = to;
        l->sel_id = LIST_NO_ID;
        l->follow = false;
        list_scroll(l, l->page);
    }
    return true;
}

void
list_wheel(struct list *l, int rows)
{
    size_t to = move_by(l, rows);

    if (to != l->sel) {
        l->sel = to;
        l->sel_id = LIST_NO_ID;
        l->follow = false;
        list_scroll(l, l->page);
    }
}

bool
list_row_at(const struct list *l, int y, int x, size_t *row)
{
    if (!area_has(l->area, y, x) || l->row_height < 1)
        return false;
    *row = l->top + (size_t)((y - l->area.y) / l->row_height);
    return *row < l->count;
}

void
list_draw(struct list *l, struct grid *g, struct area a, bool focused,
          void (*draw_row)(void *ctx, struct grid *g, struct area row_area, size_t row,
                           bool selected),
          void *ctx)
{
    size_t page = a.h > 0 ? (size_t)(a.h / l->row_height) : 0;

    l->area = a;
    list_scroll(l, page);
    for (size_t i = 0; i < page && l->top + i < l->count; i++) {
        size_t row = l->top + i;
        bool selected = row == l->sel;
        struct area at = area_rows(a, (int)i * l->row_height, l->row_height);
        draw_row(ctx, g, at, row, selected);
        if (selected) {
            (void)grid_text(g, at, 0, 0, focused ? ROLE_FOCUS : ROLE_DIM, "▸");
            for (int line = 0; line < (l->row_height > 2 ? l->row_height - 1 : 1); line++)
                grid_over(g, at, line, 0, at.w, ROLE_SELECTED);
            if (focused)
                grid_cursor(g, at, 0, 0, false);
        }
    }
}
