/* Step 4 on the screen. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "ui/screen/common.h"
#include "ui/screen/wizard_launch.h"
#include "ui/term/cells.h"
#include "ui/widget/when.h"

enum { LABEL_WIDTH = 11 };

static void
fact(struct grid *g, struct area a, int y, const char *label, const char *text, const char *jump)
{
    (void)grid_text(g, a, y, 0, ROLE_DIM, label);
    (void)grid_cell(g, a, y, LABEL_WIDTH, a.w - LABEL_WIDTH - 2, ROLE_TEXT, text);
    (void)grid_text(g, a, y, a.w - 1, ROLE_KEY, jump);
}

static void
people_text(const struct wizard *w, char *out, size_t size)
{
    const struct review_step *s = &w->review;
    char a[32];
    char b[32];

    if (!s->have_review) {
        (void)snprintf(out, size, "%s", s->failed[0] ? "not counted" : "counting…");
        return;
    }
    (void)snprintf(out, size, "%s of %s in %s", number_text(s->review.reach.reachable, a),
                   number_text(s->review.reach.matched, b),
                   w->segment.origin[0] ? w->segment.origin : "own criteria");
}

static void
variants_text(const struct wizard *w, char *out, size_t size)
{
    const struct review_step *s = &w->review;
    struct buf b = {0};
    char n[32];

    for (size_t i = 0; i < w->c.variant_count; i++) {
        buf_printf(&b, "%s%s", i ? " · " : "", w->c.variants[i].name);
        if (s->have_review && i < ARRAY_LEN(s->review.planned))
            buf_printf(&b, " %s", number_text(s->review.planned[i], n));
    }
    (void)text_copy(out, size, buf_str(&b));
    buf_release(&b);
}

static void
cost_text(const struct wizard *w, char *out, size_t size)
{
    const struct launch_review *r = &w->review.review;
    char n[32];

    if (!w->review.have_review)
        (void)snprintf(out, size, "…");
    else if (r->cost_micros > 0)
        (void)snprintf(out, size, "~%.2f for %s segments", (double)r->cost_micros / 1e6,
                       number_text(r->segments_total, n));
    else
        (void)snprintf(out, size, "%s segments, no price set", number_text(r->segments_total, n));
}

static void
finish_text(const struct wizard *w, char *out, size_t size)
{
    const struct launch_review *r = &w->review.review;
    char when[24];

    if (!w->review.have_review)
        (void)snprintf(out, size, "…");
    else if (r->finish_at_s)
        (void)snprintf(out, size, "about %s", when_full(r->finish_at_s, when));
    else
        (void)snprintf(out, size, "cannot be said");
}

/* What holds when nothing is typed. */
static void
hours_text(const struct wizard *w, char *out, size_t size)
{
    const struct quiet_window *q = &w->c.quiet_hours;

    if (w->review.fields[REVIEW_HOURS].edit.text.len > 0)
        (void)snprintf(out, size, "of their own day");
    else if (q->set)
        (void)snprintf(out, size, "%02d:%02d–%02d:%02d, usual", q->from_min / 60, q->from_min % 60,
                       q->to_min / 60, q->to_min % 60);
    else
        (void)snprintf(out, size, "any hour of the day");
}

/* A field in the column of the facts. */
static int
typed_fact(struct wizard *w, struct grid *g, struct area a, int y, enum review_field which,
           const char *after)
{
    struct field *fd = &w->review.fields[which];

    fd->after = after;
    return field_draw(fd, g, a, y, LABEL_WIDTH, w->review.form.focus == (size_t)which);
}

static void
draw_summary(struct wizard *w, struct grid *g, struct area a)
{
    size_t focus = w->review.form.focus;
    struct area in =
        draw_frame(g, a, focus <= REVIEW_RATE ? FRAME_FOCUS : FRAME_REST, "What will happen", NULL);
    char text[240];
    char hours[60];
    int y = in.h >= 13 ? 1 : 0;

    (void)snprintf(text, sizeof text, "%s, %s", wizard_text(w, "name"),
                   strcmp(wizard_text(w, "type"), "research") == 0 ? "research" : "outbound sales");
    fact(g, in, y++, "Campaign", text, "1");
    people_text(w, text, sizeof text);
    fact(g, in, y++, "People", text, "2");
    fact(g, in, y++, "Channel", "SMS", "");
    variants_text(w, text, sizeof text);
    fact(g, in, y++, "Variants", text, "3");
    (void)snprintf(text, sizeof text, "%s",
                   !w->c.agent.scripted                      ? "none; people answer"
                   : w->c.agent.title && w->c.agent.title[0] ? w->c.agent.title
                                                             : "by hand");
    fact(g, in, y++, "Agent", text, "3");
    (void)grid_text(g, in, y, in.w - 1, ROLE_KEY, "e");
    y += typed_fact(w, g, in, y, REVIEW_START, review_start(w) ? "business time" : "or 16:00");
    hours_text(w, hours, sizeof hours);
    y += typed_fact(w, g, in, y, REVIEW_HOURS, hours);
    y += typed_fact(w, g, in, y, REVIEW_RATE, "segments a second");
    finish_text(w, text, sizeof text);
    fact(g, in, y++, "Done", text, "");
    cost_text(w, text, sizeof text);
    fact(g, in, y++, "Cost", text, "");
    if (y + 1 < in.h)
        (void)grid_cell(g, in, in.h - 1, 0, in.w, ROLE_DIM,
                        "Outside a field 1, 2, 3 and e jump there.");
}

static void
draw_preview(struct wizard *w, struct grid *g, struct area a)
{
    struct review_step *s = &w->review;
    char title[120];
    char right[60] = "";
    struct area in;
    int y = 0;

    s->preview_pane = a;
    if (s->variant >= w->c.variant_count)
        s->variant = 0;
    (void)snprintf(title, sizeof title, "Preview: %.60s", wizard_person_name(w, s->person));
    if (w->c.variant_count > 1)
        (void)snprintf(right, sizeof right, "v %.20s", w->c.variants[s->variant].name);
    in = draw_frame(g, a, s->form.focus == REVIEW_PERSON ? FRAME_FOCUS : FRAME_REST, title, right);
    y += in.h >= 8;
    if (w->c.variant_count == 0) {
        draw_hint(g, in, "No message is written yet: 3 goes there.");
        return;
    }
    (void)grid_printf(g, in, y++, 0, ROLE_DIM, "SMS%s%s, variant %s",
                      app_config(w->app)->sms.from[0] ? " from " : "", app_config(w->app)->sms.from,
                      w->c.variants[s->variant].name);
    (void)wizard_draw_message(w, g, area_rows(in, 0, in.h - 1), y, s->variant, s->person);
    (void)grid_cell(g, in, in.h - 1, 0, in.w, ROLE_DIM, "←→ person   v variant   r counts anew");
}

static void
draw_check(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    static const struct {
        const char *sign;
        enum role role;
    } looks[] = {[LAUNCH_OK] = {"✓", ROLE_OK},
                 [LAUNCH_LOOK] = {"!", ROLE_WARN},
                 [LAUNCH_STOP] = {"✗", ROLE_ERROR}};
    const struct wizard *w = ctx;
    const struct launch_check *c = &w->review.review.checks[row];

    (void)selected;
    (void)grid_text(g, a, 0, 2, looks[c->level].role, looks[c->level].sign);
    (void)grid_cell(g, a, 0, 4, a.w - 5, c->level == LAUNCH_OK ? ROLE_TEXT : looks[c->level].role,
                    c->text);
}

static size_t
checks_of(const struct launch_review *r, enum launch_check_level level)
{
    size_t n = 0;

    for (size_t i = 0; i < r->check_count; i++)
        n += r->checks[i].level == level;
    return n;
}

static void
draw_checks(struct wizard *w, struct grid *g, struct area a)
{
    struct review_step *s = &w->review;
    char right[40] = "";
    struct area in;

    s->checks_pane = a;
    if (s->have_review)
        (void)snprintf(right, sizeof right, "%zu of %zu", checks_of(&s->review, LAUNCH_OK),
                       s->review.check_count);
    in = draw_frame_tight(g, a, s->form.focus == REVIEW_CHECKS ? FRAME_FOCUS : FRAME_REST, "Checks",
                          right);
    if (!s->have_review) {
        if (s->failed[0])
            (void)grid_wrapped(g, area_inset(in, 0, 2), 0, in.h, ROLE_ERROR, s->failed);
        else
            draw_hint(g, in, w->saving || s->asking ? "checking…" : "not checked yet");
        return;
    }
    list_draw(&s->checks, g, area_rows(in, 0, in.h - 1), s->form.focus == REVIEW_CHECKS, draw_check,
              w);
    (void)grid_cell(g, in, in.h - 1, 2, in.w - 3, ROLE_DIM,
                    "A ✗ stops the launch; a ! asks you to look.");
}

static void
draw_launch_buttons(struct wizard *w, struct grid *g, struct area in, int y)
{
    struct review_step *s = &w->review;
    struct field *launch = &s->fields[REVIEW_LAUNCH];
    static const enum review_field order[] = {REVIEW_LAUNCH, REVIEW_LEAVE, REVIEW_BACK};
    char reason[96];
    int x = 0;

    launch->disabled = review_blocked(w, reason);
    launch->reason[0] = '\0';
    launch->label = review_start(w) ? "Schedule it" : "Launch now";
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct field *fd = &s->fields[order[i]];
        int width = cells_width(fd->label) + 2;
        (void)field_draw(fd, g, area_cols(in, x, width), y, 0, s->form.focus == order[i]);
        x += width + 2;
    }
    if (launch->disabled && s->have_review)
        (void)grid_cell(g, in, y + 1, 0, in.w, ROLE_DIM, reason);
}

static void
draw_launch(struct wizard *w, struct grid *g, struct area a)
{
    struct review_step *s = &w->review;
    char title[80] = "Launch";
    char label[80];
    char n[32];
    struct area in;
    int y = 0;
    size_t stops = s->have_review ? checks_of(&s->review, LAUNCH_STOP) : 0;

    if (s->have_review)
        (void)snprintf(title, sizeof title, "Launch to %s people",
                       number_text(s->review.reach.reachable, n));
    in = draw_frame(g, a, s->form.focus >= REVIEW_COUNT ? FRAME_DANGER : FRAME_REST, title, NULL);
    y += in.h >= 8;
    if (s->failed[0] && s->have_review)
        y += grid_wrapped(g, in, y, 2, ROLE_ERROR, s->failed);
    else if (stops > 0) {
        (void)grid_printf(g, in, y++, 0, ROLE_ERROR, "✗ %zu check%s stop%s it; F6 shows them.",
                          stops, stops == 1 ? "" : "s", stops == 1 ? "s" : "");
        y++;
    } else
        y += grid_wrapped(
            g, in, y, 2, ROLE_TEXT,
            "This sends real messages. You can pause it; what was sent cannot be taken "
            "back.");
    y += in.h >= 9;
    if (s->have_review)
        (void)snprintf(label, sizeof label,
                       "Type %" PRId64 " to launch:", s->review.reach.reachable);
    else
        (void)snprintf(label, sizeof label, "Counting…");
    s->fields[REVIEW_COUNT].label = label;
    (void)field_draw(&s->fields[REVIEW_COUNT], g, in, y++, cells_width(label) + 2,
                     s->form.focus == REVIEW_COUNT);
    s->fields[REVIEW_COUNT].label = "Type it";
    if (!s->fields[REVIEW_EVERYONE].hidden) {
        s->fields[REVIEW_EVERYONE].label = "Every customer! Type everyone:";
        (void)field_draw(&s->fields[REVIEW_EVERYONE], g, in, y++,
                         cells_width(s->fields[REVIEW_EVERYONE].label) + 2,
                         s->form.focus == REVIEW_EVERYONE);
    }
    draw_launch_buttons(w, g, in, in.h >= 4 ? in.h - 2 : y);
}

void
review_draw(struct wizard *w, struct grid *g, struct area a)
{
    struct review_step *s = &w->review;
    int left = a.w / 2;
    int upper = a.h * 57 / 100;

    for (size_t i = 0; i < REVIEW_FIELDS; i++)
        s->fields[i].area = (struct area){0};
    s->preview_pane = (struct area){0};
    s->checks_pane = (struct area){0};
    if (app_is_narrow(a)) {
        bool side = s->form.focus == REVIEW_CHECKS || s->form.focus == REVIEW_PERSON;
        if (side) {
            draw_checks(w, g, area_rows(a, 0, a.h / 2));
            draw_preview(w, g, area_rows(a, a.h / 2, a.h - a.h / 2));
            return;
        }
        upper = a.h - 8;
        draw_summary(w, g, area_rows(a, 0, upper));
        draw_launch(w, g, area_rows(a, upper, a.h - upper));
        return;
    }
    draw_summary(w, g, area_rows(area_cols(a, 0, left), 0, upper));
    draw_preview(w, g, area_rows(area_cols(a, left, a.w - left), 0, upper));
    draw_checks(w, g, area_rows(area_cols(a, 0, left), upper, a.h - upper));
    draw_launch(w, g, area_rows(area_cols(a, left, a.w - left), upper, a.h - upper));
}
