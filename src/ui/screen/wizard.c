/* The wizard's screen: opens, draws and leads the keys to the step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/campaign/spec.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"
#include "ui/screen/wizard_people.h"
#include "ui/screen/wizard_saved.h"
#include "ui/screen/wizard_state.h"
#include "ui/screen/wizard_trend.h"
#include "ui/widget/when.h"

static const struct wizard_step_ops *const step_ops[WIZARD_STEPS] = {
    [WIZARD_INFO] = &wizard_info_ops,
    [WIZARD_SEGMENT] = &wizard_segment_ops,
    [WIZARD_AGENT] = &wizard_agent_ops,
    [WIZARD_REVIEW] = &wizard_review_ops,
};

static void *
wizard_open(struct app *app, int64_t id)
{
    struct wizard *w = mem_alloc(sizeof *w);

    w->app = app;
    w->steps = step_ops;
    w->id = id;
    w->ref = draft_ref_new(id);
    w->slot_load = app_slot(app);
    w->slot_preview = app_slot(app);
    w->slot_why = app_slot(app);
    w->slot_review = app_slot(app);
    w->slot_trend = app_slot(app);
    w->spec = json_pack("{s:s,s:s}", "type", "research", "channel", "sms");
    w->seen[WIZARD_INFO] = true;
    if (id == 0) {
        w->loaded = true;
        wizard_changed(w);
        w->spec_changed = false;
    }
    for (size_t i = 0; i < WIZARD_STEPS; i++)
        step_ops[i]->fill(w);
    if (id)
        wizard_ask_draft(w);
    return w;
}

static void
wizard_close(struct app *app, void *self)
{
    struct wizard *w = self;

    app_slot_release(app, w->slot_load);
    app_slot_release(app, w->slot_preview);
    app_slot_release(app, w->slot_why);
    app_slot_release(app, w->slot_review);
    app_slot_release(app, w->slot_trend);
    draft_ref_drop(w->ref);
    json_decref(w->spec);
    json_decref(w->restore);
    json_decref(w->segment.saved);
    campaign_release(&w->c);
    wrows_release(&w->segment.rows);
    edit_release(&w->segment.save_as);
    form_close(&w->info.form);
    form_close(&w->agent.form);
    form_close(&w->review.form);
    agent_step_release(&w->agent);
    launch_review_release(&w->review.review);
    picker_release(&w->picker);
    preview_free(w->preview);
    trend_free(w->trend);
    why_answer_free(w->why);
    free(w->segment.order);
    free(w);
}

static bool
wizard_may_leave(struct app *app, void *self)
{
    struct wizard *w = self;

    (void)app;
    w->saving = false; /* the engine does them in order: this one comes last */
    wizard_save(w);
    return true;
}

static void
wizard_tick(struct app *app, void *self)
{
    (void)app;
    wizard_save(self);
}

/* What others change does not change what is being typed. The counts are asked anew when the
 * replica has, and when a question was cancelled. */
static void
wizard_refresh(struct app *app, void *self)
{
    struct wizard *w = self;
    int64_t synced_s = app_status(app)->replica_synced_s;
    bool synced = w->synced_s && synced_s != w->synced_s;
    bool cancelled = w->preview_old && !w->preview_error[0] && !app_is_asking(app, w->slot_preview);

    w->synced_s = synced_s;
    if (!w->loaded || w->gone || w->step == WIZARD_INFO || !json_object_get(w->spec, "segment"))
        return;
    if (synced || cancelled)
        wizard_ask_preview(w);
    if (w->step == WIZARD_REVIEW && !w->saving && !w->spec_changed && !w->review.launching &&
        (synced || (!w->review.have_review && !app_is_asking(app, w->slot_review))))
        wizard_ask_review(w);
}

static void
wizard_header(void *self, char *out, size_t size)
{
    const struct wizard *w = self;
    char at[12];

    if (!app_options(w->app)->engine)
        (void)snprintf(out, size, "not saved: no engine !");
    else if (w->save_failed)
        (void)snprintf(out, size, "not saved ✗");
    else if (w->saved_at_s)
        (void)snprintf(out, size, "draft saved %s %s", when_seconds(w->saved_at_s, at),
                       w->invalid ? "!" : "✓");
    else
        (void)snprintf(out, size, "not saved yet");
}

static void
wizard_crumb(void *self, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", wizard_text(self, "name"));
}

static bool
wizard_wants_text(void *self)
{
    struct wizard *w = self;

    if (!w->loaded || w->gone)
        return false;
    return w->picker.open || step_ops[w->step]->wants_text(w);
}

static bool
click_step(struct wizard *w, const struct input *in)
{
    if (in->key != KEYS_MOUSE || in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN ||
        in->y < w->body.y || in->y > w->body.y + 2)
        return false;
    for (size_t i = 0; i < WIZARD_STEPS; i++)
        if (in->x >= w->step_places[2 * i] && in->x < w->step_places[2 * i + 1]) {
            wizard_go(w, (enum wizard_step)i);
            return true;
        }
    return false;
}

static bool
wizard_input(struct app *app, void *self, const struct input *in)
{
    struct wizard *w = self;
    size_t item = 0;

    (void)app;
    if (!w->loaded || w->gone)
        return false;
    if (w->picker.open) {
        if (picker_input(&w->picker, in, &item) == PICKER_TAKEN)
            step_ops[w->step]->picked(w, item);
        return true;
    }
    if (click_step(w, in))
        return true;
    return step_ops[w->step]->input(w, in);
}

static bool
wizard_escape(struct app *app, void *self)
{
    struct wizard *w = self;

    (void)app;
    if (w->picker.open) {
        w->picker.open = false;
        return true;
    }
    if (w->step == WIZARD_SEGMENT && people_close_why(w))
        return true;
    if (w->step == WIZARD_SEGMENT && w->segment.in_preview) {
        w->segment.in_preview = false;
        return true;
    }
    return false;
}

static void
draw_bar(struct wizard *w, struct grid *g, struct area a)
{
    const char *labels[WIZARD_STEPS];
    enum step_state states[WIZARD_STEPS];
    char reason[96];
    char text[WIZARD_STEPS][40];

    for (enum wizard_step s = WIZARD_INFO; s < WIZARD_STEPS; s++) {
        (void)snprintf(text[s], sizeof text[s], "%s", step_ops[s]->title);
        labels[s] = text[s];
        states[s] = s == w->step                                     ? STEP_NOW
                    : w->seen[s] && !wizard_step_wrong(w, s, reason) ? STEP_DONE
                                                                     : STEP_TODO;
    }
    draw_steps(g, a, 0, labels, states, WIZARD_STEPS, w->step_places);
}

static void
wizard_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct wizard *w = self;
    int head = body.h >= 24 ? 3 : 1;
    struct area rest = area_rows(body, head, body.h - head);

    (void)app;
    w->body = body;
    draw_bar(w, g, area_rows(body, head == 3 ? 1 : 0, 1));
    if (w->gone) {
        draw_hint(g, rest, w->gone_text);
        return;
    }
    if (!w->loaded) {
        draw_hint(g, rest, "reading…");
        return;
    }
    step_ops[w->step]->draw(w, g, rest);
    picker_draw(&w->picker, g, rest);
}

/* --- keys */

static void
key_back(struct app *app, void *self)
{
    struct wizard *w = self;

    if (w->step == WIZARD_INFO)
        app_pop(app);
    else
        wizard_go(w, w->step - 1);
}

static void
key_next(struct app *app, void *self)
{
    struct wizard *w = self;

    (void)app;
    wizard_go(w, w->step + 1);
}

static bool
can_next(struct app *app, void *self, char reason[96])
{
    struct wizard *w = self;

    (void)app;
    if (w->step == WIZARD_REVIEW) {
        (void)snprintf(reason, 96, "This is the last step.");
        return false;
    }
    return !wizard_step_wrong(w, w->step, reason);
}

static void
key_help(struct app *app, void *self)
{
    struct wizard *w = self;
    const char *help = step_ops[w->step]->help(w);

    app_message(app, ROLE_INFO,
                help ? help : "Tab moves, Enter presses, Esc leaves; the draft stays.");
}

static void
key_add(struct app *app, void *self)
{
    (void)app;
    step_ops[((struct wizard *)self)->step]->add(self);
}

static void
key_remove(struct app *app, void *self)
{
    (void)app;
    step_ops[((struct wizard *)self)->step]->remove(self);
}

static void
key_pane(struct app *app, void *self)
{
    (void)app;
    step_ops[((struct wizard *)self)->step]->other_pane(self);
}

static void
key_external(struct app *app, void *self)
{
    (void)app;
    step_ops[((struct wizard *)self)->step]->external(self);
}

static bool
can_move(struct app *app, void *self, char reason[96])
{
    (void)app;
    (void)snprintf(reason, 96, "Only questions can be moved.");
    return step_ops[((struct wizard *)self)->step]->move != NULL;
}

static void
key_up(struct app *app, void *self)
{
    (void)app;
    step_ops[((struct wizard *)self)->step]->move(self, -1);
}

static void
key_down(struct app *app, void *self)
{
    (void)app;
    step_ops[((struct wizard *)self)->step]->move(self, 1);
}

static bool
can_saved(struct app *app, void *self, char reason[96])
{
    (void)app;
    (void)snprintf(reason, 96, "Saved segments belong to step 2.");
    return ((struct wizard *)self)->step == WIZARD_SEGMENT;
}

static void
key_saved(struct app *app, void *self)
{
    (void)app;
    saved_open(self);
}

static void
key_leave(struct app *app, void *self)
{
    (void)self;
    app_pop(app);
}

/* --- what the footer shows of them */

static bool
shown_next(void *self)
{
    return ((struct wizard *)self)->step != WIZARD_REVIEW;
}

static bool
shown_back(void *self)
{
    return ((struct wizard *)self)->step != WIZARD_INFO;
}

static bool
shown_saved(void *self)
{
    return ((struct wizard *)self)->step == WIZARD_SEGMENT;
}

static bool
shown_edit(void *self)
{
    enum wizard_step step = ((struct wizard *)self)->step;

    return step == WIZARD_SEGMENT || step == WIZARD_AGENT;
}

#define F(n) (KEYS_F1 + (n)-1)

/* clang-format off */
static const struct binding wizard_keys[] = {
    {.key = F(3), .name = "next-step", .label = "next", .help = "The next step", .run = key_next, .can = can_next, .shown = shown_next},
    {.key = F(2), .name = "back-step", .label = "back", .help = "The step before", .run = key_back, .shown = shown_back},
    {.key = F(6), .name = "preview", .label = "preview", .help = "To the preview and back", .run = key_pane, .shown = shown_back},
    {.key = F(5), .name = "add", .label = "add", .help = "Add a criterion, a question, a variant", .run = key_add, .shown = shown_edit},
    {.key = F(8), .name = "remove", .label = "remove", .help = "Remove what is in focus", .run = key_remove, .shown = shown_edit},
    {.key = F(10), .name = "saved-segments", .label = "saved", .help = "Saved segments: save these criteria, start from one, compare, combine, rename, delete", .run = key_saved, .can = can_saved, .shown = shown_saved},
    {.key = F(1), .name = "field-help", .label = "help", .help = "What the field in focus is", .run = key_help},
    {.key = F(4), .name = "editor", .label = "editor", .help = "Edit the text or the criteria in $EDITOR", .run = key_external, .shown = shown_edit},
    {.key = F(7), .name = "move-up", .help = "The question in focus one up", .run = key_up, .can = can_move},
    {.key = F(9), .name = "move-down", .help = "The question in focus one down", .run = key_down, .can = can_move},
    {.name = "leave", .help = "Leave the wizard; the draft stays (Esc)", .run = key_leave},
    {0}};
/* clang-format on */

const struct screen screen_wizard = {
    .name = "wizard",
    .title = "New campaign",
    .keys = wizard_keys,
    .open = wizard_open,
    .close = wizard_close,
    .draw = wizard_draw,
    .input = wizard_input,
    .refresh = wizard_refresh,
    .tick = wizard_tick,
    .crumb = wizard_crumb,
    .wants_text = wizard_wants_text,
    .escape = wizard_escape,
    .may_leave = wizard_may_leave,
    .header = wizard_header,
    .bare = true,
};
