/* Step 2 on the screen: origin, match, rows, what can be added, save as. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "ui/screen/wizard_segment_focus.h"
#include "ui/term/cells.h"

enum line_kind {
    LINE_BLANK,
    LINE_ORIGIN,
    LINE_MATCH,
    LINE_HEAD,
    LINE_ROW,
    LINE_ERROR,
    LINE_ADD,
    LINE_ADD_GROUP,
    LINE_JSON,
    LINE_LEFT_OUT,
    LINE_SAVE_AS,
    LINE_SAVE_ERROR,
};
struct line {
    enum line_kind kind;
    size_t row;
};
enum { LINES_MAX = WROWS_MAX * 2 + 24 };

struct columns {
    int leaf, leaf_w, condition, condition_w, value, value_w;
};

static struct columns
columns_of(struct area a)
{
    int rest = a.w - 3 - 2;
    struct columns c = {.leaf = 3};

    c.leaf_w = rest * 40 / 100;
    c.condition_w = rest * 32 / 100;
    c.condition = c.leaf + c.leaf_w + 1;
    c.value = c.condition + c.condition_w + 1;
    c.value_w = a.w - c.value;
    return c;
}

/* When the field was left, and as one types once it was wrong. */
static bool
shows_error(const struct segment_step *s, size_t row)
{
    return s->rows.at[row].error[0] && s->rows.at[row].touched;
}

static size_t
lines_of(const struct segment_step *s, bool roomy, struct line *out)
{
    size_t n = 0;

    out[n++] = (struct line){LINE_ORIGIN, 0};
    if (roomy)
        out[n++] = (struct line){LINE_BLANK, 0};
    out[n++] = (struct line){LINE_MATCH, 0};
    if (roomy)
        out[n++] = (struct line){LINE_BLANK, 0};
    out[n++] = (struct line){LINE_HEAD, 0};
    for (size_t i = 0; i < s->rows.count; i++) {
        out[n++] = (struct line){LINE_ROW, i};
        if (shows_error(s, i))
            out[n++] = (struct line){LINE_ERROR, i};
    }
    out[n++] = (struct line){LINE_ADD, 0};
    out[n++] = (struct line){LINE_ADD_GROUP, 0};
    out[n++] = (struct line){LINE_JSON, 0};
    out[n++] = (struct line){LINE_BLANK, 0};
    if (roomy) {
        out[n++] = (struct line){LINE_LEFT_OUT, 0};
        out[n++] = (struct line){LINE_LEFT_OUT, 1};
        out[n++] = (struct line){LINE_BLANK, 0};
    }
    out[n++] = (struct line){LINE_SAVE_AS, 0};
    if (s->saved_error[0])
        out[n++] = (struct line){LINE_SAVE_ERROR, 0};
    return n;
}

struct draw {
    struct wizard *w;
    struct segment_step *s;
    struct grid *g;
    struct area a;
    struct columns c;
    struct stop stops[STOPS_MAX];
    size_t stop_count;
    bool focused;
};

static bool
place(struct draw *d, enum stop_kind kind, size_t row, int y, int x, int width)
{
    for (size_t i = 0; i < d->stop_count; i++)
        if (d->stops[i].kind == kind && (!stop_is_of_row(kind) || d->stops[i].row == row)) {
            if (d->s->place_count < ARRAY_LEN(d->s->places)) {
                d->s->places[d->s->place_count].area = area_cols(area_rows(d->a, y, 1), x, width);
                d->s->places[d->s->place_count++].stop = i;
            }
            return d->focused && d->s->stop == i;
        }
    return false;
}

/* A cell that opens a list: "last visit ▾". */
static void
draw_choice(struct draw *d, enum stop_kind kind, size_t row, int y, int x, int width,
            const char *text)
{
    bool here = place(d, kind, row, y, x, width);
    struct area cell = area_cols(area_rows(d->a, y, 1), x, width);
    unsigned style = here ? ROLE_HEADER : ROLE_FIELD;

    grid_fill(d->g, cell, style);
    (void)grid_cell(d->g, cell, 0, 0, width - 2, style, text);
    (void)grid_text(d->g, cell, 0, width - 1, style, "▾");
    if (here)
        grid_cursor(d->g, cell, 0, 0, false);
}

static void
draw_typed(struct draw *d, enum stop_kind kind, size_t row, int y, int x, int width, struct edit *e,
           bool wrong)
{
    bool here = place(d, kind, row, y, x, width);
    struct area cell = area_cols(area_rows(d->a, y, 1), x, width);
    unsigned style = wrong ? ROLE_FIELD_ERROR : ROLE_FIELD;

    grid_fill(d->g, cell, style);
    if (here)
        edit_draw(e, d->g, area_inset(cell, 0, 1), style, true);
    else /* its beginning, whatever the cursor was at */
        (void)grid_cell(d->g, cell, 0, 1, width - 2, style, edit_text(e));
}

static void
draw_action(struct draw *d, enum stop_kind kind, int y, int x, const char *label, const char *note)
{
    int width = cells_width(label);
    bool here = place(d, kind, 0, y, x, width);
    int end = grid_text(d->g, d->a, y, x, here ? ROLE_HEADER : ROLE_KEY, label);

    if (here) {
        (void)grid_text(d->g, d->a, y, 0, ROLE_FOCUS, "▸");
        grid_cursor(d->g, d->a, y, x, false);
    }
    if (note)
        (void)grid_cell(d->g, d->a, y, d->c.condition > end ? d->c.condition : end + 2,
                        d->a.w - (d->c.condition > end ? d->c.condition : end + 2), ROLE_DIM, note);
}

static void
draw_leaf_row(struct draw *d, size_t i, int y)
{
    struct wrow *row = &d->s->rows.at[i];
    const char *unit = wrow_unit(row);
    int indent = row->depth * 2 + (row->joined ? 2 : 0);
    int unit_w = unit[0] ? cells_width(unit) + 1 : 0;
    enum value_kind kind = wrow_value_kind(row);
    char label[64];
    char text[80];

    indent = indent > d->c.leaf_w / 2 ? d->c.leaf_w / 2 : indent;
    wrow_leaf_label(row->leaf, label);
    (void)snprintf(text, sizeof text, "%s%s", row->negated ? "not " : "", label);
    if (row->joined)
        (void)grid_cell(d->g, d->a, y, d->c.leaf + indent, d->c.leaf_w - indent, ROLE_DIM,
                        "and of the same");
    else
        draw_choice(d, STOP_LEAF, i, y, d->c.leaf + indent, d->c.leaf_w - indent, text);
    wrow_condition_label(row, text);
    draw_choice(d, STOP_CONDITION, i, y, d->c.condition, d->c.condition_w, text);
    if (kind == VALUE_KIND_COUNT)
        return;
    if (kind == VALUE_BOOL || kind == VALUE_CHOICE)
        draw_choice(d, STOP_VALUE, i, y, d->c.value, d->c.value_w, edit_text(&row->value));
    else
        draw_typed(d, STOP_VALUE, i, y, d->c.value, d->c.value_w - unit_w, &row->value,
                   row->error[0] && shows_error(d->s, i));
    if (unit[0])
        (void)grid_text(d->g, d->a, y, d->a.w - unit_w + 1, ROLE_DIM, unit);
}

static void
draw_row(struct draw *d, size_t i, int y)
{
    const struct wrow *row = &d->s->rows.at[i];
    struct stop at = d->stops[d->s->stop < d->stop_count ? d->s->stop : 0];
    int x = d->c.leaf + row->depth * 2;

    if (stop_is_of_row(at.kind) && at.row == i)
        (void)grid_text(d->g, d->a, y, 0, ROLE_FOCUS, "▸");
    (void)grid_printf(d->g, d->a, y, 1, ROLE_DIM, "%zu", i + 1);
    switch (row->kind) {
    case WROW_LEAF:
        draw_leaf_row(d, i, y);
        break;
    case WROW_GROUP:
        draw_choice(d, STOP_GROUP, i, y, x, 20 < d->a.w - x ? 20 : d->a.w - x,
                    wrow_join_words(row->join));
        if (wrows_end(&d->s->rows, i) == i + 1)
            (void)grid_text(d->g, d->a, y, x + 22, ROLE_WARN, "! empty: F5 adds into it");
        break;
    case WROW_RAW: {
        char *text = json_dumps(row->raw, JSON_COMPACT);
        bool here = place(d, STOP_RAW, i, y, x, d->a.w - x);
        (void)grid_cell(d->g, d->a, y, x, d->a.w - x, here ? ROLE_HEADER : ROLE_FIELD, text);
        if (here)
            grid_cursor(d->g, d->a, y, x, false);
        free(text);
        break;
    }
    }
}

static void
draw_match(struct draw *d, int y)
{
    bool any = d->s->rows.match == JOIN_ANY;
    bool here = place(d, STOP_MATCH, 0, y, 11, d->a.w - 11);
    unsigned on = here ? ROLE_FOCUS : ROLE_TITLE;
    int x;

    (void)grid_text(d->g, d->a, y, 0, here ? ROLE_FOCUS : ROLE_DIM, "Match");
    x = grid_printf(d->g, d->a, y, 11, any ? ROLE_TEXT : on, "(%s) all of these", any ? " " : "•");
    if (here)
        grid_cursor(d->g, d->a, y, any ? x + 4 : 12, false);
    (void)grid_printf(d->g, d->a, y, x + 3, any ? on : ROLE_TEXT, "(%s) any of these",
                      any ? "•" : " ");
}

static void
draw_left_out(struct draw *d, size_t part, int y)
{
    const struct campaign *c = &d->w->c;
    char text[120];

    if (part == 0) {
        (void)grid_cell(d->g, d->a, y, 0, d->a.w, ROLE_DIM,
                        c->cap_messages ? "Always left out: no address, opted out, over the"
                                        : "Always left out: no address, opted out,");
        return;
    }
    if (c->cap_messages)
        (void)snprintf(text, sizeof text,
                       "cap of %lld messages in %lld days, the same number twice.",
                       (long long)c->cap_messages, (long long)c->cap_days);
    else
        (void)snprintf(text, sizeof text, "the same number twice. No frequency cap is set.");
    (void)grid_cell(d->g, d->a, y, 0, d->a.w, ROLE_DIM, text);
}

/* Under the value; further left when it needs the room. */
static void
draw_error(struct draw *d, const char *error, int y)
{
    int width = cells_width(error) + 2;
    int x = d->c.value + width > d->a.w ? d->a.w - width : d->c.value;

    (void)grid_printf(d->g, d->a, y, x < 0 ? 0 : x, ROLE_ERROR, "✗ %s", error);
}

static void
draw_line(struct draw *d, const struct line *line, int y)
{
    struct segment_step *s = d->s;
    bool here;
    int width = d->a.w - 11 - 15 > 36 ? 36 : d->a.w - 11 - 15;

    switch (line->kind) {
    case LINE_BLANK:
        break;
    case LINE_ORIGIN:
        (void)grid_text(d->g, d->a, y, 0, ROLE_DIM, "Start from");
        draw_choice(d, STOP_ORIGIN, 0, y, 11, width, s->origin[0] ? s->origin : "choose…");
        if (s->rows.changed && s->rows.count > 0)
            (void)grid_cell(d->g, d->a, y, 11 + width + 2, d->a.w - 13 - width, ROLE_DIM,
                            "changed below");
        break;
    case LINE_MATCH:
        draw_match(d, y);
        break;
    case LINE_HEAD:
        (void)grid_text(d->g, d->a, y, 1, ROLE_DIM, "#");
        (void)grid_text(d->g, d->a, y, d->c.leaf, ROLE_DIM, "Criterion");
        (void)grid_text(d->g, d->a, y, d->c.condition, ROLE_DIM, "Condition");
        (void)grid_text(d->g, d->a, y, d->c.value, ROLE_DIM, "Value");
        break;
    case LINE_ROW:
        draw_row(d, line->row, y);
        break;
    case LINE_ERROR:
        draw_error(d, s->rows.at[line->row].error, y);
        break;
    case LINE_ADD:
        draw_action(d, STOP_ADD, y, 3, "+ add a criterion", "Enter, then type to search");
        break;
    case LINE_ADD_GROUP:
        draw_action(d, STOP_ADD_GROUP, y, 3, "+ add a group", "all, any or none of");
        break;
    case LINE_JSON:
        draw_action(d, STOP_JSON, y, 3, "edit as text", "all of it as JSON, in $EDITOR");
        break;
    case LINE_LEFT_OUT:
        draw_left_out(d, line->row, y);
        break;
    case LINE_SAVE_AS:
        (void)grid_text(d->g, d->a, y, 0, ROLE_DIM, s->renaming[0] ? "New name" : "Save as");
        draw_typed(d, STOP_SAVE_AS, 0, y, 11, width, &s->save_as, s->saved_error[0] != '\0');
        here = place(d, STOP_SAVE, 0, y, 11 + width + 2, 6);
        (void)draw_button(d->g, d->a, y, 11 + width + 2, here ? BUTTON_FOCUS : BUTTON_REST, "Save");
        if (here)
            grid_cursor(d->g, d->a, y, 11 + width + 2, false);
        break;
    case LINE_SAVE_ERROR:
        (void)grid_printf(d->g, d->a, y, 11, ROLE_ERROR, "✗ %s", s->saved_error);
        break;
    }
}

static bool
line_has_focus(const struct line *line, struct stop at)
{
    switch (line->kind) {
    case LINE_ORIGIN:
        return at.kind == STOP_ORIGIN;
    case LINE_MATCH:
        return at.kind == STOP_MATCH;
    case LINE_ROW:
    case LINE_ERROR:
        return stop_is_of_row(at.kind) && at.row == line->row;
    case LINE_ADD:
        return at.kind == STOP_ADD;
    case LINE_ADD_GROUP:
        return at.kind == STOP_ADD_GROUP;
    case LINE_JSON:
        return at.kind == STOP_JSON;
    case LINE_SAVE_AS:
    case LINE_SAVE_ERROR:
        return at.kind == STOP_SAVE_AS || at.kind == STOP_SAVE;
    case LINE_BLANK:
    case LINE_HEAD:
    case LINE_LEFT_OUT:
        break;
    }
    return false;
}

static void
draw_bottom(struct draw *d, struct area a, int y)
{
    char reason[96];
    bool wrong = wizard_step_wrong(d->w, WIZARD_SEGMENT, reason);
    bool back;
    bool next;
    int x;

    d->a = a;
    back = place(d, STOP_BACK, 0, y, 0, 8);
    x = draw_button(d->g, a, y, 0, back ? BUTTON_FOCUS : BUTTON_REST, "‹ Back") + 2;
    next = place(d, STOP_NEXT, 0, y, x, 8);
    if (back || next)
        grid_cursor(d->g, a, y, back ? 0 : x, false);
    x = draw_button(d->g, a, y, x,
                    wrong  ? BUTTON_OFF
                    : next ? BUTTON_FOCUS
                           : BUTTON_REST,
                    "Next ›");
    if (wrong)
        (void)grid_cell(d->g, a, y, x + 2, a.w - x - 2, ROLE_ERROR, reason);
}

static void
draw_editor(struct wizard *w, struct grid *g, struct area a)
{
    struct segment_step *s = &w->segment;
    bool focused = !s->in_preview;
    struct area in = draw_frame(g, a, focused ? FRAME_FOCUS : FRAME_REST, "Who gets it?", NULL);
    bool roomy = in.h >= 21;
    struct area body = area_rows(in, roomy ? 1 : 0, in.h - (roomy ? 3 : 2));
    struct line lines[LINES_MAX];
    size_t count = lines_of(s, roomy, lines);
    struct stop at = segment_stop(s);
    struct draw d = {.w = w, .s = s, .g = g, .a = body, .focused = focused};
    size_t focus_first = count;
    size_t focus_last = 0;

    s->pane = a;
    s->place_count = 0;
    d.c = columns_of(body);
    d.stop_count = segment_stops(s, d.stops);
    for (size_t i = 0; i < count; i++)
        if (line_has_focus(&lines[i], at)) {
            focus_first = i < focus_first ? i : focus_first;
            focus_last = i;
        }
    if (focus_first < s->top)
        s->top = focus_first;
    if (focus_first < count && focus_last >= s->top + (size_t)body.h)
        s->top = focus_last + 1 - (size_t)body.h;
    if (s->top + (size_t)body.h > count)
        s->top = count > (size_t)body.h ? count - (size_t)body.h : 0;
    for (size_t i = s->top; i < count && i < s->top + (size_t)body.h; i++)
        draw_line(&d, &lines[i], (int)(i - s->top));
    wizard_draw_reach_line(w, g, in, in.h - 2);
    draw_bottom(&d, in, in.h - 1);
}

void
segment_draw(struct wizard *w, struct grid *g, struct area a)
{
    struct segment_step *s = &w->segment;
    int left = a.w * 57 / 100;

    if (app_is_narrow(a)) {
        s->preview_pane = (struct area){0};
        if (s->in_preview) {
            s->place_count = 0;
            s->pane = (struct area){0};
            s->preview_pane = a;
            wizard_draw_preview(w, g, a, true);
        } else {
            draw_editor(w, g, a);
        }
        return;
    }
    s->preview_pane = area_cols(a, left, a.w - left);
    draw_editor(w, g, area_cols(a, 0, left));
    wizard_draw_preview(w, g, s->preview_pane, s->in_preview);
}
