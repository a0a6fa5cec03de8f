#include "ui/widget/draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

struct frame_set {
    const char *h, *v, *tl, *tr, *bl, *br;
};

static const struct frame_set frames[2][2] = {
    {{"─", "│", "╭", "╮", "╰", "╯"}, {"━", "┃", "┏", "┓", "┗", "┛"}},
    {{"-", "|", "+", "+", "+", "+"}, {"=", "#", "#", "#", "#", "#"}},
};

static void
frame_lines(struct grid *g, struct area a, const struct frame_set *f, unsigned style)
{
    (void)grid_text(g, a, 0, 0, style, f->tl);
    (void)grid_repeat(g, a, 0, 1, a.w - 2, style, f->h);
    (void)grid_text(g, a, 0, a.w - 1, style, f->tr);
    for (int y = 1; y < a.h - 1; y++) {
        (void)grid_text(g, a, y, 0, style, f->v);
        (void)grid_text(g, a, y, a.w - 1, style, f->v);
    }
    (void)grid_text(g, a, a.h - 1, 0, style, f->bl);
    (void)grid_repeat(g, a, a.h - 1, 1, a.w - 2, style, f->h);
    (void)grid_text(g, a, a.h - 1, a.w - 1, style, f->br);
}

static unsigned
frame_style(enum frame_look look)
{
    switch (look) {
    case FRAME_REST:
        return ROLE_DIM;
    case FRAME_FOCUS:
        return ROLE_FOCUS;
    case FRAME_DANGER:
        return ROLE_ERROR;
    }
    return ROLE_DIM;
}

struct area
draw_frame_tight(struct grid *g, struct area a, enum frame_look look, const char *title,
                 const char *right)
{
    const struct frame_set *f = &frames[cells_is_ascii()][look != FRAME_REST];
    unsigned style = frame_style(look);
    int right_w = right ? cells_width(right) : 0;
    int room = a.w - 6;

    if (a.h < 2 || a.w < 4)
        return (struct area){a.y, a.x, 0, 0};
    frame_lines(g, a, f, style);
    if (right_w > 0 && right_w + 2 <= room) {
        int x = a.w - right_w - 4;
        (void)grid_text(g, a, 0, x, ROLE_DIM, " ");
        x = grid_text(g, a, 0, x + 1, ROLE_DIM, right);
        (void)grid_text(g, a, 0, x, ROLE_DIM, " ");
        room -= right_w + 3;
    }
    if (title && room > 2) {
        int width = cells_width(title) < room ? cells_width(title) : room;
        unsigned title_style = look == FRAME_REST ? ROLE_TITLE : style | STYLE_BOLD;
        (void)grid_text(g, a, 0, 2, style, " ");
        (void)grid_cell(g, a, 0, 3, width, title_style, title);
        (void)grid_text(g, a, 0, 3 + width, style, " ");
    }
    return area_inset(a, 1, 1);
}

struct area
draw_frame(struct grid *g, struct area a, enum frame_look look, const char *title,
           const char *right)
{
    return area_inset(draw_frame_tight(g, a, look, title, right), 0, 1);
}

void
draw_rule(struct grid *g, struct area a, int y)
{
    (void)grid_repeat(g, a, y, 0, a.w, ROLE_DIM, cells_is_ascii() ? "-" : "─");
}

static void
label_text(const char *const *labels, size_t i, bool numbered, char out[96])
{
    if (numbered)
        (void)snprintf(out, 96, "%zu %s", i + 1, labels[i]);
    else
        (void)snprintf(out, 96, "%s", labels[i]);
}

static void
draw_labels(struct grid *g, struct area a, int y, const char *const *labels, size_t count,
            int current, bool numbered, int *places)
{
    char text[96];
    int need = 1;
    int gap;
    int x = 1;

    for (size_t i = 0; i < count; i++) {
        label_text(labels, i, numbered, text);
        need += 3 + cells_width(text);
    }
    gap = need - 2 <= a.w ? 2 : need - 2 - (int)count <= a.w ? 1 : 0;
    if (gap < 2)
        x = 0;
    for (size_t i = 0; i < count; i++) {
        bool now = (int)i == current;
        label_text(labels, i, numbered, text);
        if (places)
            places[2 * i] = a.x + x;
        if (now)
            (void)grid_text(g, a, y, x, ROLE_FOCUS, "▸");
        x = grid_text(g, a, y, x + 1, now ? ROLE_FOCUS | STYLE_BOLD | STYLE_UNDERLINE : ROLE_TEXT,
                      text);
        if (places)
            places[2 * i + 1] = a.x + x;
        x += gap;
    }
}

void
draw_tabs(struct grid *g, struct area a, int y, const char *const *labels, size_t count,
          int current, int *places)
{
    draw_labels(g, a, y, labels, count, current, true, places);
}

void
draw_subtabs(struct grid *g, struct area a, int y, const char *const *labels, size_t count,
             int current, int *places)
{
    draw_labels(g, a, y, labels, count, current, false, places);
}

static int
step_width(const char *label)
{
    return 2 + 2 + cells_width(label); /* sign, number, label */
}

void
draw_steps(struct grid *g, struct area a, int y, const char *const *labels,
           const enum step_state *states, size_t count, int *places)
{
    static const char *const signs[] = {[STEP_TODO] = "○", [STEP_NOW] = "●", [STEP_DONE] = "✓"};
    static const unsigned sign_styles[] = {
        [STEP_TODO] = ROLE_DIM, [STEP_NOW] = ROLE_FOCUS, [STEP_DONE] = ROLE_OK};
    static const unsigned text_styles[] = {[STEP_TODO] = ROLE_DIM,
                                           [STEP_NOW] = ROLE_FOCUS | STYLE_BOLD | STYLE_UNDERLINE,
                                           [STEP_DONE] = ROLE_TEXT};
    int text = 0;
    int gap;
    int x = 2;

    for (size_t i = 0; i < count; i++)
        text += step_width(labels[i]);
    gap = count > 1 ? (a.w - 4 - text) / (int)(count - 1) - 2 : 0;
    for (size_t i = 0; i < count; i++) {
        if (places)
            places[2 * i] = a.x + x;
        (void)grid_text(g, a, y, x, sign_styles[states[i]], signs[states[i]]);
        x = grid_printf(g, a, y, x + 2, text_styles[states[i]], "%zu %s", i + 1, labels[i]);
        if (places)
            places[2 * i + 1] = a.x + x;
        if (i + 1 < count && gap > 0)
            x = grid_repeat(g, a, y, x + 1, gap, states[i] == STEP_DONE ? ROLE_OK : ROLE_DIM,
                            states[i] == STEP_DONE ? "━" : "─");
        x++;
    }
}

void
draw_progress(struct grid *g, struct area a, int y, int x, int width, enum role role, int64_t part,
              int64_t whole)
{
    int full = 0;

    if (whole > 0 && part > 0) {
        double exact = (double)part / (double)whole * width;
        full = part >= whole ? width : (int)exact;
        if (full == 0)
            full = 1; /* something is not nothing */
        if (full >= width && part < whole)
            full = width - 1;
    }
    x = grid_repeat(g, a, y, x, full, role, "━");
    (void)grid_repeat(g, a, y, x, width - full, ROLE_DIM, "─");
}

void
draw_block(struct grid *g, struct area a, int y, int x, int width, enum role role, int64_t part,
           int64_t whole)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int units = whole > 0 ? (int)((double)part / (double)whole * width * 8) : 0;

    if (units > width * 8)
        units = width * 8;
    if (part > 0 && units == 0)
        units = 1;
    x = grid_repeat(g, a, y, x, units / 8, role, "█");
    if (units > 0)
        (void)grid_text(g, a, y, x, role, eighths[units % 8]);
}

void
draw_spark(struct grid *g, struct area a, int y, int x, int width, enum role role,
           const int64_t *values, size_t count)
{
    static const char *const steps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    int64_t top = 0;
    /* the newest at the right edge; stretched when there is more room than values */
    size_t skip = count > (size_t)width ? count - (size_t)width : 0;

    for (size_t i = skip; i < count; i++)
        if (values[i] > top)
            top = values[i];
    for (int c = 0; c < width && count > 0; c++) {
        size_t i = skip ? skip + (size_t)c : count * (size_t)c / (size_t)width;
        int step = top > 0 ? (int)((double)values[i] / (double)top * 7 + 0.5) : 0;
        if (values[i] > 0 && step == 0)
            step = 1;
        x = grid_text(g, a, y, x, role, steps[step]);
    }
}

static void
plot_cell(int64_t left, int64_t right, int row_from_bottom, int rows, int64_t top, char out[4])
{
    static const int left_dots[4] = {0x40, 0x04, 0x02, 0x01}; /* from the bottom */
    static const int right_dots[4] = {0x80, 0x20, 0x10, 0x08};
    int bits = 0;
    int dots[2];

    dots[0] = top > 0 ? (int)((double)left / (double)top * rows * 4 + 0.5) : 0;
    dots[1] = top > 0 ? (int)((double)right / (double)top * rows * 4 + 0.5) : 0;
    if (left > 0 && dots[0] == 0)
        dots[0] = 1;
    if (right > 0 && dots[1] == 0)
        dots[1] = 1;
    for (int i = 0; i < 4; i++) {
        if (dots[0] > row_from_bottom * 4 + i)
            bits |= left_dots[i];
        if (dots[1] > row_from_bottom * 4 + i)
            bits |= right_dots[i];
    }
    if (bits == 0)
        (void)text_copy(out, 4, " ");
    else
        out[utf8_encode(0x2800u + (unsigned)bits, out)] = '\0';
}

/* The next of 5, 10, 20, 50, 100, 200, ... that holds them all. */
static int64_t
plot_top(const int64_t *values, size_t count)
{
    static const int64_t steps[] = {5, 10, 20};
    int64_t top = 0;
    int64_t unit = 1;

    for (size_t i = 0; i < count; i++)
        if (values[i] > top)
            top = values[i];
    for (;; unit *= 10)
        for (size_t i = 0; i < ARRAY_LEN(steps); i++)
            if (steps[i] * unit >= top)
                return steps[i] * unit;
}

static void
plot_axis(struct grid *g, struct area a, int rows, int64_t top, const char *left_label,
          const char *right_label)
{
    int right = right_label ? cells_width(right_label) : 0;

    for (int y = 0; y < rows; y++)
        (void)grid_text(g, a, y, 5, ROLE_DIM, "│");
    (void)grid_right_printf(g, a, 0, 0, 4, ROLE_DIM, "%lld", (long long)top);
    (void)grid_text(g, a, 0, 5, ROLE_DIM, "┤");
    (void)grid_right_printf(g, a, rows - 1, 0, 4, ROLE_DIM, "0");
    (void)grid_text(g, a, rows - 1, 5, ROLE_DIM, "┤");
    if (left_label)
        (void)grid_text(g, a, rows, 6, ROLE_DIM, left_label);
    if (right_label)
        (void)grid_text(g, a, rows, a.w - right, ROLE_DIM, right_label);
}

void
draw_plot(struct grid *g, struct area a, enum role role, const int64_t *values, size_t count,
          int64_t top, const char *left_label, const char *right_label)
{
    int rows = a.h - 1;
    int columns = a.w - 6;

    if (rows < 1 || columns < 2)
        return;
    if (top <= 0)
        top = plot_top(values, count);
    plot_axis(g, a, rows, top, left_label, right_label);
    for (int x = 0; x < columns; x++) {
        /* the values are spread over the columns when there are fewer or more */
        size_t l = count * (size_t)(2 * x) / (size_t)(2 * columns);
        size_t r = count * (size_t)(2 * x + 1) / (size_t)(2 * columns);
        for (int y = 0; y < rows && l < count && r < count; y++) {
            char text[4];
            plot_cell(values[l], values[r], rows - 1 - y, rows, top, text);
            if (text[0] != ' ')
                (void)grid_text(g, a, y, 6 + x, role, text);
        }
    }
}

int
draw_tag(struct grid *g, struct area a, int y, int x, enum role role, const char *word)
{
    (void)grid_repeat(g, a, y, x, 6, role, " ");
    (void)grid_cell(g, a, y, x + 1, 5, role, word);
    return x + 6;
}

int
draw_button(struct grid *g, struct area a, int y, int x, enum button_state state, const char *label)
{
    char text[96];
    unsigned style = state == BUTTON_FOCUS ? ROLE_HEADER | STYLE_BOLD : ROLE_FIELD;

    if (state == BUTTON_OFF)
        style = ROLE_DIM;
    (void)snprintf(text, sizeof text, state == BUTTON_FOCUS ? "▸%s " : " %s ", label);
    return grid_text(g, a, y, x, style, text);
}

/* "1,284"; what does not fit is told in thousands or millions, rounded down: "12.0M", "851k". */
static void
number_within(struct buf *text, int width, int64_t n)
{
    num_format_grouped(text, n);
    if ((int)text->len <= width || n < 1000)
        return;
    buf_clear(text);
    if (n < 1000000)
        buf_printf(text, "%" PRId64 "k", n / 1000);
    else
        buf_printf(text, "%" PRId64 ".%" PRId64 "M", n / 1000000, n / 100000 % 10);
}

int
draw_number(struct grid *g, struct area a, int y, int x, int width, unsigned style, int64_t n)
{
    struct buf text = {0};

    number_within(&text, width, n);
    if (n == 0 && (style & STYLE_ROLE_MASK) == ROLE_TEXT)
        style = ROLE_DIM;
    x = grid_cell_right(g, a, y, x, width, style, buf_str(&text));
    buf_release(&text);
    return x;
}
