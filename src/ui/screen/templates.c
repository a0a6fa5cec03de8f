/* Templates: segments and agents to begin a campaign from. Only read here. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/campaign/spec.h"
#include "core/segment/segment.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"
#include "ui/widget/draw.h"
#include "ui/widget/list.h"
#include "ui/widget/when.h"

#define AGENTS_MAX 32

struct templates {
    struct app *app;
    int64_t now_s; /* of the sentences: when the screen was opened */
    const struct segment_template *segments;
    size_t segment_count;
    const struct agent_template *agents[AGENTS_MAX];
    size_t agent_count;
    struct list list;   /* segments first, then agents */
    bool narrow_detail; /* below 100 columns: the text instead of the list */
};

static void *
templates_open(struct app *app, int64_t arg)
{
    struct templates *t = mem_alloc(sizeof *t);

    (void)arg;
    t->app = app;
    t->now_s = app_now_s(app);
    t->segments = segment_template_list(&t->segment_count);
    t->agent_count = agent_template_list(NULL, t->agents, AGENTS_MAX);
    list_init(&t->list, 1);
    list_place(&t->list, t->segment_count + t->agent_count, 0);
    return t;
}

static void
templates_close(struct app *app, void *self)
{
    (void)app;
    free(self);
}

static const struct segment_template *
segment_at(const struct templates *t, size_t row)
{
    return row < t->segment_count ? &t->segments[row] : NULL;
}

static const struct agent_template *
agent_at(const struct templates *t, size_t row)
{
    size_t i = row - t->segment_count;
    return row >= t->segment_count && i < t->agent_count ? t->agents[i] : NULL;
}

static void
draw_row(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct templates *t = ctx;
    const struct segment_template *s = segment_at(t, row);
    const struct agent_template *agent = agent_at(t, row);

    (void)selected;
    (void)grid_text(g, a, 0, 2, s ? ROLE_INFO : ROLE_ACCENT, s ? "segment" : "agent");
    (void)grid_text(g, a, 0, 11, ROLE_TITLE, s ? s->title : agent ? agent->title : "");
}

static int
paragraph(struct grid *g, struct area a, int y, const char *heading, const char *text)
{
    (void)grid_text(g, a, y, 0, ROLE_DIM, heading);
    return y + 1 + grid_wrapped(g, a, y + 1, a.h - y - 1, ROLE_TEXT, text) + 1;
}

static void
draw_segment(struct templates *t, struct grid *g, struct area a, const struct segment_template *s)
{
    struct segment_env env = {t->now_s, app_config(t->app)};
    struct error err = {0};
    struct criteria *c = criteria_from_json(s->criteria, &err);
    struct buf sentence = {0};
    struct buf words = {0};
    char *json = json_dumps(s->criteria, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    int y = grid_wrapped(g, a, 0, a.h, ROLE_TEXT, s->description) + 1;

    if (c)
        segment_explain(c, &env, &sentence);
    when_words(buf_str(&sentence), t->now_s, &words);
    y = paragraph(g, a, y, "In words", c ? buf_str(&words) : err.text);
    y = paragraph(g, a, y, "Criteria", json ? json : "");
    (void)grid_printf(g, a, y, 0, ROLE_DIM, "canvass segment count --template %s", s->name);
    free(json);
    buf_release(&sentence);
    buf_release(&words);
    criteria_free(c);
}

static void
draw_agent(struct grid *g, struct area a, const struct agent_template *t)
{
    struct buf questions = {0};
    struct buf outcomes = {0};
    char text[160];
    int y = 0;

    for (size_t i = 0; i < t->question_count; i++)
        buf_printf(&questions, "%s%zu. %s", i ? "\n" : "", i + 1, t->questions[i]);
    for (size_t i = 0; i < t->outcome_count; i++)
        buf_printf(&outcomes, "%s%s", i ? ", " : "", t->outcomes[i]);
    (void)snprintf(text, sizeof text,
                   "%s · voice %s · temperature %.1f · %" PRId64 " tokens at most",
                   strcmp(t->type, "research") == 0 ? "research" : "outbound sales",
                   or_dash(t->voice), t->temperature, t->max_tokens);
    (void)grid_text(g, a, y, 0, ROLE_DIM, text);
    y = paragraph(g, a, y + 2, "First message", t->message ? t->message : "");
    y = paragraph(g, a, y, "Questions, in order", buf_str(&questions));
    y = paragraph(g, a, y, "What may come of it", buf_str(&outcomes));
    if (y < a.h)
        (void)paragraph(g, a, y, "Prompt", t->system_prompt);
    buf_release(&questions);
    buf_release(&outcomes);
}

static void
draw_detail(struct templates *t, struct grid *g, struct area a, bool focused)
{
    const struct segment_template *s = segment_at(t, t->list.sel);
    const struct agent_template *agent = agent_at(t, t->list.sel);
    struct area in = draw_frame(g, a, focused ? FRAME_FOCUS : FRAME_REST,
                                s       ? s->title
                                : agent ? agent->title
                                        : "",
                                s       ? s->name
                                : agent ? agent->name
                                        : "");

    if (s)
        draw_segment(t, g, in, s);
    else if (agent)
        draw_agent(g, in, agent);
}

static void
templates_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct templates *t = self;
    bool narrow = app_is_narrow(body);
    int list_w = narrow ? body.w : 46;
    char right[48];
    struct area in;

    (void)app;
    if (narrow && t->narrow_detail) {
        draw_detail(t, g, body, true);
        return;
    }
    (void)snprintf(right, sizeof right, "%zu segments · %zu agents", t->segment_count,
                   t->agent_count);
    in = draw_frame_tight(g, area_cols(body, 0, list_w), FRAME_FOCUS, "Templates", right);
    list_draw(&t->list, g, in, true, draw_row, t);
    if (!narrow)
        draw_detail(t, g, area_cols(body, list_w, body.w - list_w), false);
}

static bool
templates_input(struct app *app, void *self, const struct input *in)
{
    struct templates *t = self;
    size_t row;

    (void)app;
    if (in->key != KEYS_MOUSE)
        return list_key(&t->list, in->key);
    if (list_row_at(&t->list, in->y, in->x, &row))
        list_select(&t->list, row, LIST_NO_ID);
    return true;
}

static void
key_open(struct app *app, void *self)
{
    (void)app;
    ((struct templates *)self)->narrow_detail = true;
}

static bool
templates_escape(struct app *app, void *self)
{
    struct templates *t = self;
    bool was = t->narrow_detail;

    (void)app;
    t->narrow_detail = false;
    return was;
}

static const struct binding templates_keys[] = {{.key = KEYS_ENTER,
                                                 .name = "open",
                                                 .label = "read",
                                                 .help = "Read the template",
                                                 .run = key_open},
                                                {0}};

const struct screen screen_templates = {
    .name = "templates",
    .title = "Templates",
    .keys = templates_keys,
    .open = templates_open,
    .close = templates_close,
    .draw = templates_draw,
    .input = templates_input,
    .escape = templates_escape,
};
