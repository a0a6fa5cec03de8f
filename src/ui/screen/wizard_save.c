/* The draft follows what is typed; the launch. Both are commands to the engine thread, which does
 * them in the order in which they were given. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/screen/screens.h"
#include "ui/screen/wizard_launch.h"

/*
 * The id of the draft: written on the engine's thread by the save that creates it, so that a second
 * save that is already under way finds it, even when the screen has gone.
 */
struct draft_ref {
    atomic_int holders;
    int64_t id;
};

struct draft_ref *
draft_ref_new(int64_t id)
{
    struct draft_ref *ref = mem_alloc(sizeof *ref);

    atomic_init(&ref->holders, 1);
    ref->id = id;
    return ref;
}

void
draft_ref_drop(struct draft_ref *ref)
{
    if (ref && atomic_fetch_sub(&ref->holders, 1) == 1)
        free(ref);
}

struct save {
    struct draft_ref *ref;
    json_t *spec; /* NULL: it has not changed */
    json_t *wizard;
    int64_t id; /* what it became */
    bool invalid;
    struct error err;
};

static void
save_free(void *arg)
{
    struct save *s = arg;

    draft_ref_drop(s->ref);
    json_decref(s->spec);
    json_decref(s->wizard);
    free(s);
}

/* {name: ...}: the least that makes a draft when the rest is wrong. */
static bool
create_bare(struct db *ledger, const struct config *config, struct save *s, struct error *err)
{
    json_t *bare = json_object();
    const char *const keys[] = {"name", "type", "channel"};
    bool ok;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (json_object_get(s->spec, keys[i]))
            (void)json_object_set(bare, keys[i], json_object_get(s->spec, keys[i]));
    ok = campaign_create(ledger, config, bare, false, utime_now_s(), &s->ref->id, err);
    json_decref(bare);
    return ok;
}

static bool
save_spec(struct db *ledger, const struct config *config, struct save *s, struct error *err)
{
    bool ok;

    if (!s->spec)
        return true;
    if (s->ref->id == 0)
        ok = campaign_create(ledger, config, s->spec, false, utime_now_s(), &s->ref->id, err);
    else
        ok = campaign_edit(ledger, config, s->ref->id, s->spec, false, utime_now_s(), err);
    if (ok || err->code != ERR_INVALID)
        return ok;
    s->invalid = true;
    s->err = *err;
    (void)json_object_set(s->wizard, "unsaved", s->spec);
    return s->ref->id != 0 || create_bare(ledger, config, s, err);
}

static bool
run_save(struct db *ledger, struct db *reader, const struct config *config, void *arg,
         struct error *err)
{
    struct save *s = arg;

    (void)reader;
    if (!save_spec(ledger, config, s, err))
        return false;
    s->id = s->ref->id;
    return campaign_save_wizard(ledger, s->id, s->wizard, utime_now_s(), err);
}

static void
after_save(struct app *app, void *self, void *arg, bool ok)
{
    struct wizard *w = self;
    const struct save *s = arg;

    w->saving = false;
    if (!ok) {
        w->spec_changed = w->spec_changed || s->spec;
        w->save_failed = true;
        return;
    }
    w->id = s->id;
    w->saved_at_s = app_now_s(app);
    if (s->spec) {
        w->invalid = s->invalid;
        (void)text_copy(w->invalid_text, sizeof w->invalid_text, s->err.text);
        (void)text_copy(w->invalid_path, sizeof w->invalid_path, s->err.path);
    }
    if (w->step == WIZARD_REVIEW && !w->review.have_review && !w->spec_changed &&
        !w->review.launching)
        wizard_ask_review(w);
}

json_t *
wizard_state(struct wizard *w)
{
    json_t *state = json_object();
    json_t *place = json_object();

    (void)json_object_set_new(state, "step", json_integer(w->step));
    if (w->loaded)
        w->steps[w->step]->place(w, place);
    (void)json_object_set_new(state, "place", place);
    if (wrows_first_wrong(&w->segment.rows) < w->segment.rows.count)
        (void)json_object_set_new(state, "rows", wrows_state(&w->segment.rows));
    if (w->segment.origin[0])
        (void)json_object_set_new(state, "origin", json_string(w->segment.origin));
    if (w->invalid && !w->spec_changed)
        (void)json_object_set(state, "unsaved", w->spec);
    return state;
}

void
wizard_save(struct wizard *w)
{
    struct save *s;
    struct app_command cmd = {
        .run = run_save, .free_arg = save_free, .then = after_save, .self = w};

    if (!w->loaded || w->gone || w->saving || w->save_failed || !app_options(w->app)->engine)
        return;
    if (!w->spec_changed && !w->place_changed)
        return;
    if (w->id == 0 && text_is_blank(wizard_text(w, "name")))
        return; /* nothing to call it by yet */
    s = mem_alloc(sizeof *s);
    s->ref = w->ref;
    (void)atomic_fetch_add(&w->ref->holders, 1);
    s->wizard = wizard_state(w);
    if (w->spec_changed || w->id == 0)
        s->spec = json_deep_copy(w->spec);
    cmd.arg = s;
    w->saving = true;
    w->spec_changed = false;
    w->place_changed = false;
    app_do(w->app, &cmd);
}

/* --- launch */

struct launch {
    struct draft_ref *ref;
    json_t *spec;
    int64_t confirm, id;
    bool everyone;
    struct error err;
};

static void
launch_free(void *arg)
{
    struct launch *l = arg;

    draft_ref_drop(l->ref);
    json_decref(l->spec);
    free(l);
}

/* What is launched is what is on the screen: it is saved first, and refused when it cannot be. */
static bool
run_launch(struct db *ledger, struct db *reader, const struct config *config, void *arg,
           struct error *err)
{
    struct launch *l = arg;
    struct launch_request request = {.id = l->ref->id,
                                     .confirm = l->confirm,
                                     .everyone_confirmed = l->everyone,
                                     .now_s = utime_now_s()};
    bool ok = false;

    l->id = l->ref->id;
    if (l->id == 0)
        (void)error_set(err, ERR_CONFLICT, "the draft has not been saved yet: try again");
    else
        ok = campaign_edit(ledger, config, l->id, l->spec, false, request.now_s, err) &&
             launch_begin(ledger, reader, config, &request, err);
    if (!ok)
        l->err = *err;
    return ok;
}

static void
after_launch(struct app *app, void *self, void *arg, bool ok)
{
    struct wizard *w = self;
    const struct launch *l = arg;
    int64_t id = l->id;

    w->review.launching = false;
    if (!ok) {
        (void)text_copy(w->review.failed, sizeof w->review.failed, l->err.text);
        wizard_ask_review(w);
        return;
    }
    w->gone = true; /* nothing more to save */
    (void)text_copy(w->gone_text, sizeof w->gone_text, "It is launched.");
    if (app_top_self(app) != w)
        return;
    app_pop(app);
    app_push(app, &screen_campaign, id);
}

void
wizard_launch(struct wizard *w, int64_t confirm, bool everyone)
{
    struct launch *l;
    struct app_command cmd = {
        .run = run_launch, .free_arg = launch_free, .then = after_launch, .self = w};

    if (w->review.launching || w->gone)
        return;
    l = mem_alloc(sizeof *l);
    l->ref = w->ref;
    (void)atomic_fetch_add(&w->ref->holders, 1);
    l->spec = json_deep_copy(w->spec);
    l->confirm = confirm;
    l->everyone = everyone;
    cmd.arg = l;
    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text, "%.120s is %s.", wizard_text(w, "name"),
                   review_start(w) ? "scheduled" : "launched");
    w->review.launching = true;
    w->review.failed[0] = '\0';
    app_do(w->app, &cmd);
}
