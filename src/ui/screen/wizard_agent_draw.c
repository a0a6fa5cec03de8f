/* Step 3 on the screen. */
#include <stdio.h>

#include "core/base/text.h"
#include "core/campaign/sms_segments.h"
#include "ui/screen/wizard_agent_form.h"
#include "ui/term/cells.h"

static void
draw_side(struct wizard *w, struct grid *g, struct area a)
{
    struct agent_step *s = &w->agent;
    size_t variant = agent_variant(s);
    char title[120];
    char right[40] = "";
    struct area in;
    int y = 1;

    (void)snprintf(title, sizeof title, "Preview: %.60s", wizard_person_name(w, s->person));
    if (variant < w->c.variant_count && w->c.variant_count > 1)
        (void)snprintf(right, sizeof right, "%.20s of %zu", w->c.variants[variant].name,
                       w->c.variant_count);
    in = draw_frame(g, a, s->in_preview ? FRAME_FOCUS : FRAME_REST, title, right);
    (void)grid_printf(g, in, y++, 0, ROLE_DIM, "SMS%s%s, variant %s",
                      app_config(w->app)->sms.from[0] ? " from " : "", app_config(w->app)->sms.from,
                      variant < w->c.variant_count ? w->c.variants[variant].name : "A");
    if (w->c.variant_count == 0)
        (void)grid_text(g, in, y, 0, ROLE_DIM, "Nothing is written yet.");
    else
        y += wizard_draw_message(w, g, in, y, variant, s->person);
    y++;
    if (w->c.agent.scripted && w->c.agent.question_count > 0 && y + 3 < in.h) {
        (void)grid_text(g, in, y++, 0, ROLE_DIM, "Then the agent asks");
        for (size_t i = 0; i < w->c.agent.question_count && y < in.h - 2; i++)
            y += grid_wrapped(g, in, y, in.h - 2 - y > 2 ? 2 : in.h - 2 - y, ROLE_TEXT,
                              w->c.agent.questions[i]);
    } else if (!w->c.agent.scripted && y + 1 < in.h) {
        (void)grid_cell(g, in, y, 0, in.w, ROLE_DIM, "Replies wait in the inbox for a person.");
    }
    (void)grid_cell(g, in, in.h - 1, 0, in.w, ROLE_DIM,
                    s->in_preview ? "←→ other person · r other sample"
                                  : "F6, then ←→ other person, r other sample");
}

/* The length of the message in focus, for the person of the preview. */
static void
draw_count_line(struct wizard *w, struct grid *g, struct area a, int y)
{
    const struct campaign *c = &w->c;
    size_t v = agent_variant(&w->agent);
    struct buf out = {0};
    struct render_use use = {0};
    struct error err = {0};
    const struct customer_vars *vars = wizard_person_vars(w, w->agent.person);
    struct sms_segments n;

    if (v >= c->variant_count)
        return;
    if (render_text_use(app_config(w->app), c, c->variants[v].text, vars, app_now_s(w->app), &out,
                        &use, &err)) {
        n = sms_segments_count(buf_str(&out), out.len);
        (void)grid_printf(g, a, y, 0, n.segments > 3 ? ROLE_WARN : ROLE_DIM,
                          "%s: %d characters, %d segment%s, %s", c->variants[v].name, n.characters,
                          n.segments, n.segments == 1 ? "" : "s",
                          n.gsm7 ? "GSM-7" : "UCS-2 (a character that GSM-7 lacks)");
    } else {
        (void)grid_cell(g, a, y, 0, a.w, ROLE_WARN, err.text);
    }
    buf_release(&out);
}

static void
draw_form(struct wizard *w, struct grid *g, struct area a)
{
    struct agent_step *s = &w->agent;
    struct area in =
        draw_frame(g, a, s->in_preview ? FRAME_REST : FRAME_FOCUS, "What do they get?", NULL);
    struct form shown = s->form;
    int y = in.h >= 18 ? 1 : 0;

    shown.count -= 2; /* the buttons stand below */
    for (size_t i = 0; i < s->form.count; i++)
        s->fields[i].area = (struct area){0};
    form_draw(&shown, g, area_rows(in, y, in.h - 2 - y), !s->in_preview);
    s->form.top = shown.top;
    draw_count_line(w, g, in, in.h - 2);
    wizard_draw_buttons(w, &s->form, g, in, in.h - 1, !s->in_preview);
}

void
agent_draw(struct wizard *w, struct grid *g, struct area a)
{
    struct agent_step *s = &w->agent;
    int left = a.w * 57 / 100;

    s->preview_pane = (struct area){0};
    if (app_is_narrow(a)) {
        if (s->in_preview) {
            s->preview_pane = a;
            draw_side(w, g, a);
        } else {
            draw_form(w, g, a);
        }
        return;
    }
    s->preview_pane = area_cols(a, left, a.w - left);
    draw_form(w, g, area_cols(a, 0, left));
    draw_side(w, g, s->preview_pane);
}
