/* Reads the draft and fills the steps from it. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/wizard_state.h"

struct draft_answer {
    struct campaign c;
};

struct draft_arg {
    int64_t id;
    const struct config *config;
};

static void
draft_free(void *answer)
{
    campaign_release(&((struct draft_answer *)answer)->c);
    free(answer);
}

static void *
answer_draft(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct draft_arg *a = arg;
    struct draft_answer *out = mem_alloc(sizeof *out);

    (void)cancelled;
    if (campaign_load(reader, a->config, a->id, &out->c, err))
        return out;
    draft_free(out);
    return NULL;
}

static void
fill_all(struct wizard *w)
{
    const json_t *state = w->c.wizard;
    const json_t *unsaved = json_object_get(state, "unsaved");
    json_int_t step = json_integer_value(json_object_get(state, "step"));

    json_decref(w->spec);
    w->spec = json_deep_copy(json_is_object(unsaved) ? unsaved : w->c.spec);
    w->spec_changed = json_is_object(unsaved);
    w->restore = json_deep_copy(state);
    w->saved_at_s = w->c.updated_at;
    wizard_changed(w);
    w->spec_changed = json_is_object(unsaved);
    for (size_t i = 0; i < WIZARD_STEPS; i++)
        w->steps[i]->fill(w);
    for (json_int_t i = 0; i <= step && i < WIZARD_STEPS; i++)
        w->seen[i] = true;
    wizard_go(w, step >= 0 && step < WIZARD_STEPS ? (enum wizard_step)step : WIZARD_INFO);
    w->steps[w->step]->restore(w, json_object_get(w->restore, "place"));
    json_decref(w->restore);
    w->restore = NULL;
    w->place_changed = false;
    w->loaded = true; /* only now: what was read is not saved again */
}

static void
got_draft(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct wizard *w = owner;
    struct draft_answer *a = result;
    struct error why = {0};

    (void)q;
    if (!a) {
        w->gone = true;
        (void)text_copy(w->gone_text, sizeof w->gone_text, err->text);
        return;
    }
    if (!campaign_may(a->c.status, CAMPAIGN_DO_EDIT, &why)) {
        w->gone = true;
        (void)text_copy(w->gone_text, sizeof w->gone_text, why.text);
        return;
    }
    campaign_release(&w->c);
    w->c = a->c;
    a->c = (struct campaign){0};
    fill_all(w);
}

void
wizard_ask_draft(struct wizard *w)
{
    struct draft_arg *arg = mem_alloc(sizeof *arg);
    struct question q = {.slot = w->slot_load,
                         .answer = answer_draft,
                         .arg = arg,
                         .free_arg = free,
                         .free_result = draft_free,
                         .done = got_draft,
                         .owner = w};

    arg->id = w->id;
    arg->config = app_config(w->app);
    app_ask(w->app, &q, "Reading the draft");
}
