/* The live preview: how many, who falls out where, sample people, why one is in or out; and a
 * message as a sample person would get it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/campaign/sms_segments.h"
#include "ui/screen/common.h"
#include "ui/screen/wizard_people.h"
#include "ui/screen/wizard_state.h"
#include "ui/screen/wizard_trend.h"
#include "ui/term/cells.h"
#include "ui/widget/when.h"

static bool
gets_it(const struct segment_person *p)
{
    return !p->reach || !p->reach[0] || strcmp(p->reach, "reachable") == 0;
}

size_t
wizard_people(const struct wizard *w)
{
    size_t n = 0;

    for (size_t i = 0; w->preview && i < w->preview->sample.count; i++)
        n += gets_it(&w->preview->sample.people[i]);
    return n;
}

/* The nth of those who get it, as an index into the sample; its count when there is none. */
static size_t
person_index(const struct wizard *w, size_t nth)
{
    size_t i = 0;

    while (i < w->preview->sample.count && (!gets_it(&w->preview->sample.people[i]) || nth-- > 0))
        i++;
    return i;
}

const char *
wizard_person_name(const struct wizard *w, size_t nth)
{
    size_t i = w->preview ? person_index(w, nth) : 0;

    if (!w->preview || i >= w->preview->sample.count)
        return "nobody yet";
    return or_dash(w->preview->sample.people[i].name);
}

const struct customer_vars *
wizard_person_vars(const struct wizard *w, size_t nth)
{
    static const struct customer_vars nobody;
    size_t i = w->preview ? person_index(w, nth) : 0;

    if (!w->preview || !w->preview->vars || i >= w->preview->sample.count)
        return &nobody;
    return &w->preview->vars[i];
}

/* "! row 3 still counted as 30 days" */
static bool
stale_text(const struct wizard *w, char *out, size_t size)
{
    const struct wrows *rows = &w->segment.rows;
    size_t i = wrows_first_wrong(rows);

    if (w->preview_error[0]) {
        (void)snprintf(out, size, "! %s", w->preview_error);
        return true;
    }
    if (i == rows->count)
        return false;
    if (rows->at[i].good)
        (void)snprintf(out, size, "! row %zu still counted as %.40s %s", i + 1, rows->at[i].good,
                       wrow_unit(&rows->at[i]));
    else
        (void)snprintf(out, size, "! row %zu is not counted yet", i + 1);
    return true;
}

void
wizard_draw_reach_line(struct wizard *w, struct grid *g, struct area a, int y)
{
    const struct preview *p = w->preview;
    char n[32];
    int x;

    if (!p) {
        (void)grid_cell(g, a, y, 0, a.w, w->preview_error[0] ? ROLE_ERROR : ROLE_DIM,
                        w->preview_error[0] ? w->preview_error
                        : w->preview_old    ? "counting…"
                                            : "Choose where to start from: Enter");
        return;
    }
    x = grid_text(g, a, y, 0, ROLE_OK | STYLE_BOLD, number_text(p->reach.reachable, n));
    x = grid_text(g, a, y, x + 1, ROLE_TEXT, "reachable");
    x = grid_text(g, a, y, x + 1, ROLE_DIM, "of");
    x = grid_text(g, a, y, x + 1, ROLE_DIM, number_text(p->reach.matched, n));
    x = grid_text(g, a, y, x + 1, ROLE_DIM, "matched");
    if (p->everyone)
        (void)grid_cell(g, a, y, x + 2, a.w - x - 2, ROLE_WARN, "! every customer");
}

/* The rows at depth 0, in order: the funnel has a count behind each. */
static bool
top_row(const struct wrows *rows, size_t nth, size_t *row)
{
    for (size_t i = 0; i < rows->count; i = wrows_end(rows, i))
        if (nth-- == 0) {
            *row = i;
            return true;
        }
    return false;
}

static void
funnel_label(const struct wizard *w, size_t nth, char *out, size_t size)
{
    const struct wrows *rows = &w->segment.rows;
    char leaf[64];
    size_t i;

    if (nth == 0 || rows->match == JOIN_ANY) {
        (void)snprintf(out, size, "%s", nth == 0 ? "everybody" : "any of these");
        return;
    }
    if (!top_row(rows, nth - 1, &i)) {
        (void)snprintf(out, size, "criterion %zu", nth);
        return;
    }
    if (rows->at[i].kind == WROW_LEAF) {
        wrow_leaf_label(rows->at[i].leaf, leaf);
        (void)snprintf(out, size, "%zu %s%s", i + 1, rows->at[i].negated ? "not " : "", leaf);
    } else {
        (void)snprintf(out, size, "%zu %s", i + 1,
                       rows->at[i].kind == WROW_GROUP ? wrow_join_words(rows->at[i].join)
                                                      : "as text");
    }
}

static int
draw_funnel(struct wizard *w, struct grid *g, struct area a, int y, int max)
{
    const struct preview *p = w->preview;
    int64_t all = p->funnel.count ? p->funnel.counts[0] : p->reach.matched;
    size_t count = p->funnel.count;
    int bar = a.w >= 40 ? a.w * 25 / 100 : 8;
    char label[80];
    int number = cells_width(number_text(all, label));
    size_t shown = 0;

    for (size_t i = 0; i < count && (int)shown < max - 1; i++, shown++) {
        (void)draw_number(g, a, y, 0, number, ROLE_TEXT, p->funnel.counts[i]);
        draw_block(g, a, y, number + 1, bar, ROLE_PLOT, p->funnel.counts[i], all);
        funnel_label(w, i, label, sizeof label);
        (void)grid_cell(g, a, y++, number + bar + 2, a.w - number - bar - 2, ROLE_DIM, label);
    }
    (void)draw_number(g, a, y, 0, number, ROLE_OK | STYLE_BOLD, p->reach.reachable);
    draw_block(g, a, y, number + 1, bar, ROLE_OK, p->reach.reachable, all);
    (void)grid_text(g, a, y++, number + bar + 2, ROLE_TITLE, "reachable");
    return y;
}

static int
draw_reasons(const struct preview *p, struct grid *g, struct area a, int y)
{
    const struct {
        const char *word;
        int64_t n;
    } parts[] = {{"no address", p->reach.no_address},
                 {"opted out", p->reach.opted_out},
                 {"over cap", p->reach.capped},
                 {"twice", p->reach.duplicate_address}};
    int x = 0;
    char n[32];

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        int need = cells_width(parts[i].word) + 1 + cells_width(number_text(parts[i].n, n)) + 2;
        if (x > 0 && x + need - 2 > a.w) {
            y++;
            x = 0;
        }
        x = grid_text(g, a, y, x, ROLE_DIM, parts[i].word) + 1;
        x = grid_text(g, a, y, x, parts[i].n ? ROLE_TITLE : ROLE_DIM, n) + 2;
    }
    return y + 1;
}

void
wizard_draw_preview(struct wizard *w, struct grid *g, struct area a, bool focused)
{
    const struct preview *p = w->preview;
    struct buf sentence = {0};
    char right[48] = "";
    char text[160];
    struct area in;
    int y = 0;

    if (p)
        (void)snprintf(right, sizeof right, w->preview_old ? "counting…" : "%.1f ms · exact",
                       (double)p->took_us / 1000);
    in = draw_frame(g, a, focused ? FRAME_FOCUS : FRAME_REST, "Live preview", right);
    if (!p) {
        draw_hint(g, in,
                  w->preview_error[0] ? w->preview_error
                  : w->preview_old    ? "reading…"
                                      : "Nothing is counted yet.");
        return;
    }
    y += in.h >= 20;
    wizard_draw_reach_line(w, g, in, y++);
    if (stale_text(w, text, sizeof text))
        (void)grid_cell(g, in, y++, 0, in.w, ROLE_WARN, text);
    if (p->unknown && p->unknown[0])
        y += grid_wrapped(g, in, y, 2, ROLE_WARN, p->unknown);
    y = draw_funnel(w, g, in, y, in.h / 3 > 3 ? in.h / 3 : 3);
    y = draw_reasons(p, g, in, y);
    if (!w->why)
        y += wizard_draw_trend(w, g, in, y, in.h >= 20 ? 2 : in.h - y > 6 ? 1 : 0);
    if (in.h - y > 9 && !w->why && !(focused && in.h < 30)) {
        when_words(p->sentence, app_now_s(w->app), &sentence);
        y += grid_wrapped(g, in, y + (in.h >= 22), in.h >= 22 ? 4 : 2, ROLE_DIM,
                          buf_str(&sentence)) +
             (in.h >= 22);
        buf_release(&sentence);
    }
    y += in.h >= 22;
    if (in.h - y >= 4)
        people_draw(w, g, area_rows(in, y, in.h - y), focused);
}

/* --- a message for a person */

int
wizard_draw_message(struct wizard *w, struct grid *g, struct area a, int y, size_t variant,
                    size_t person)
{
    const struct campaign *c = &w->c;
    const struct customer_vars *vars = wizard_person_vars(w, person);
    const struct config *config = app_config(w->app);
    struct render_use use = {0};
    struct error err = {0};
    struct buf out = {0};
    struct sms_segments s;
    int from = y;

    if (variant >= c->variant_count)
        return 0;
    if (render_text_use(config, c, c->variants[variant].text, vars, app_now_s(w->app), &out, &use,
                        &err)) {
        struct area box = area_cols(a, 0, a.w);
        int lines = (int)cells_wrap(buf_str(&out), a.w - 2, NULL, NULL);
        int room = a.h - y - 1;
        lines = lines < 1 ? 1 : lines > room ? room : lines;
        grid_fill(g, area_rows(box, y, lines), ROLE_FIELD);
        y += grid_wrapped(g, area_inset(box, 0, 1), y, lines, ROLE_FIELD, buf_str(&out));
        s = sms_segments_count(buf_str(&out), out.len);
        (void)grid_printf(g, a, y++, 0, s.segments > 3 ? ROLE_WARN : ROLE_DIM,
                          "%d characters, %d segment%s, %s%s", s.characters, s.segments,
                          s.segments == 1 ? "" : "s", s.gsm7 ? "GSM-7" : "UCS-2",
                          s.segments > 3 ? " !" : "");
    } else {
        y += grid_wrapped(g, a, y, 3, ROLE_ERROR, err.text);
    }
    if (!render_has_opt_out(c->variants[variant].text))
        (void)grid_cell(g, a, y++, 0, a.w, ROLE_ERROR,
                        "✗ does not tell how to opt out: add \"Reply STOP to opt out\"");
    buf_release(&out);
    return y - from;
}
