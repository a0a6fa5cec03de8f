/* Saved segments: save, start from, compare, combine, rename, delete. */
#include "ui/screen/wizard_saved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/preview/preview.h"
#include "ui/screen/common.h"
#include "ui/screen/wizard_people.h"
#include "ui/screen/wizard_segment_focus.h"

enum act { ACT_START, ACT_BOTH, ACT_EITHER, ACT_WITHOUT, ACT_SAVE_OVER, ACT_RENAME, ACT_DELETE };

static void
free_json(void *arg)
{
    json_decref(arg);
}

static const char *
text_of(const void *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s ? s : "";
}

/* --- saving: on the engine's thread; what is there already is left alone unless `over` */

static bool
exists(struct db *ledger, const char *name, bool *found, struct error *err)
{
    struct saved_segment *list;
    size_t count;

    *found = false;
    if (!segment_saved_list(ledger, &list, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        *found = *found || strcmp(list[i].name, name) == 0;
    segment_saved_list_release(list, count);
    return true;
}

static bool
run_save(struct db *ledger, struct db *reader, const struct config *config, void *arg,
         struct error *err)
{
    struct criteria *c = criteria_from_json(json_object_get(arg, "criteria"), err);
    const char *name = text_of(arg, "name");
    bool found = false;
    bool ok = c != NULL;

    (void)reader;
    (void)config;
    if (ok && !json_is_true(json_object_get(arg, "over")))
        ok = exists(ledger, name, &found, err);
    if (ok && found)
        (void)json_object_set_new(arg, "found", json_true());
    else
        ok = ok && segment_save(ledger, name, c, utime_now_s(), err);
    criteria_free(c);
    return ok;
}

static void save(struct wizard *w, const char *name, bool over);

static void
save_over(struct app *app, void *self, int64_t arg)
{
    struct wizard *w = self;

    (void)app;
    (void)arg;
    save(w, w->segment.saved_name, true);
}

static void
ask_to_overwrite(struct wizard *w, const char *name)
{
    struct confirm c = {.yes = "Overwrite", .run = save_over, .self = w};

    (void)text_copy(w->segment.saved_name, sizeof w->segment.saved_name, name);
    (void)snprintf(c.title, sizeof c.title, "Overwrite a saved segment?");
    (void)snprintf(c.text, sizeof c.text,
                   "\"%s\" is there already. Its criteria would be replaced by the ones on the "
                   "screen; campaigns that were launched with it stay as they are.",
                   name);
    app_confirm(w->app, &c);
}

static void
saved(struct app *app, void *self, void *arg, bool ok)
{
    const char *name = text_of(arg, "name");

    if (!ok)
        return;
    if (json_is_true(json_object_get(arg, "found")))
        ask_to_overwrite(self, name);
    else
        app_toast(app, TOAST_OK, "Segment \"%.80s\" is saved: Start from offers it.", name);
}

static void
save(struct wizard *w, const char *name, bool over)
{
    struct app_command cmd = {.run = run_save, .free_arg = free_json, .then = saved, .self = w};

    cmd.arg = json_pack("{s:s,s:o,s:b}", "name", name, "criteria", wrows_json(&w->segment.rows),
                        "over", over);
    if (cmd.arg)
        app_do(w->app, &cmd);
}

/* --- renaming and deleting */

static bool
run_rename(struct db *ledger, struct db *reader, const struct config *config, void *arg,
           struct error *err)
{
    (void)reader;
    (void)config;
    return segment_rename(ledger, text_of(arg, "name"), text_of(arg, "to"), err);
}

/* The draft on the screen follows too. */
static void
renamed(struct app *app, void *self, void *arg, bool ok)
{
    struct wizard *w = self;
    json_t *segment = json_object_get(w->spec, "segment");

    (void)app;
    if (!ok)
        return;
    saved_stop_renaming(w);
    if (strcmp(text_of(segment, "saved"), text_of(arg, "name")) != 0)
        return;
    (void)json_object_set(segment, "saved", json_object_get(arg, "to"));
    (void)text_copy(w->segment.origin, sizeof w->segment.origin, text_of(arg, "to"));
    wizard_changed(w);
}

static void
rename_to(struct wizard *w, const char *to)
{
    struct app_command cmd = {.run = run_rename, .free_arg = free_json, .then = renamed, .self = w};

    cmd.arg = json_pack("{s:s,s:s}", "name", w->segment.renaming, "to", to);
    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text, "\"%.60s\" is now \"%.60s\".",
                   w->segment.renaming, to);
    if (cmd.arg)
        app_do(w->app, &cmd);
}

void
saved_stop_renaming(struct wizard *w)
{
    if (!w->segment.renaming[0])
        return;
    w->segment.renaming[0] = '\0';
    edit_set(&w->segment.save_as, "");
}

static bool
run_delete(struct db *ledger, struct db *reader, const struct config *config, void *arg,
           struct error *err)
{
    (void)reader;
    (void)config;
    return segment_delete(ledger, text_of(arg, "name"), err);
}

/* A draft that named it keeps its criteria, as its own. */
static void
deleted(struct app *app, void *self, void *arg, bool ok)
{
    struct wizard *w = self;

    (void)app;
    if (ok &&
        strcmp(text_of(json_object_get(w->spec, "segment"), "saved"), text_of(arg, "name")) == 0) {
        (void)text_copy(w->segment.origin, sizeof w->segment.origin, "own criteria");
        segment_changed(w);
    }
}

static void
delete_it(struct app *app, void *self, int64_t unused)
{
    struct wizard *w = self;
    struct app_command cmd = {.run = run_delete, .free_arg = free_json, .then = deleted, .self = w};

    (void)unused;
    cmd.arg = json_pack("{s:s}", "name", w->segment.saved_name);
    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text, "Segment \"%.80s\" is deleted.",
                   w->segment.saved_name);
    if (cmd.arg)
        app_do(app, &cmd);
}

static void
ask_to_delete(struct wizard *w)
{
    struct confirm c = {.yes = "Delete", .run = delete_it, .self = w};

    (void)snprintf(c.title, sizeof c.title, "Delete a saved segment?");
    (void)snprintf(c.text, sizeof c.text,
                   "\"%s\" would be gone. Other drafts that start from it must choose again; "
                   "campaigns that were launched with it stay as they are.",
                   w->segment.saved_name);
    (void)text_copy(c.must_type, sizeof c.must_type, w->segment.saved_name);
    app_confirm(w->app, &c);
}

void
saved_take_name(struct wizard *w)
{
    struct segment_step *s = &w->segment;
    char *name = text_trim_dup(edit_text(&s->save_as), s->save_as.text.len);

    if (!name[0])
        (void)text_copy(s->saved_error, sizeof s->saved_error, "type a name for it first");
    else if (s->renaming[0])
        rename_to(w, name);
    else if (!wrows_check(&s->rows))
        (void)snprintf(s->saved_error, sizeof s->saved_error, "fix row %zu first",
                       wrows_first_wrong(&s->rows) + 1);
    else {
        s->saved_error[0] = '\0';
        save(w, name, false);
    }
    free(name);
}

/* --- comparing with the criteria on the screen */

struct compare_arg {
    json_t *mine, *other;
    struct config config;
    int64_t now_s;
};

static void
compare_free(void *arg)
{
    struct compare_arg *a = arg;

    json_decref(a->mine);
    json_decref(a->other);
    free(a);
}

static void *
answer_compare(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct compare_arg *a = arg;
    struct segment_env env = {.now_s = a->now_s, .config = &a->config};
    struct criteria *mine = criteria_from_json(a->mine, err);
    struct criteria *other = mine ? criteria_from_json(a->other, err) : NULL;
    struct segment_overlap o;
    void *out = NULL;

    (void)cancelled;
    if (other && segment_compare(reader, mine, other, &env, &o, err))
        out = mem_dup(&o, sizeof o);
    criteria_free(mine);
    criteria_free(other);
    return out;
}

static void
note(struct wizard *w, enum act act, const char *text)
{
    free(w->picker.items[act].note);
    w->picker.items[act].note = mem_strdup(text);
}

static void
got_compare(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct wizard *w = owner;
    const struct segment_overlap *o = result;
    char a[32];
    char b[32];
    char text[200];

    (void)q;
    if (!w->picker.open || w->picker.what != PICK_SAVED_ACT)
        return;
    if (!o) {
        if (err->code != ERR_RETRY)
            app_toast_error(w->app, err);
        return;
    }
    (void)snprintf(text, sizeof text, "%s people", number_text(o->both, a));
    note(w, ACT_BOTH, text);
    (void)snprintf(text, sizeof text, "%s people, %s of them new",
                   number_text(o->a + o->b - o->both, a), number_text(o->b - o->both, b));
    note(w, ACT_EITHER, text);
    (void)snprintf(text, sizeof text, "%s people stay", number_text(o->a - o->both, a));
    note(w, ACT_WITHOUT, text);
    (void)snprintf(text, sizeof text, "its %s people instead of these %s", number_text(o->b, a),
                   number_text(o->a, b));
    note(w, ACT_START, text);
}

static void
ask_compare(struct wizard *w, json_t *other)
{
    struct compare_arg *a = mem_alloc(sizeof *a);
    struct question q = {.slot = w->slot_load,
                         .answer = answer_compare,
                         .arg = a,
                         .free_arg = compare_free,
                         .free_result = free,
                         .done = got_compare,
                         .owner = w};

    a->mine = wrows_json(&w->segment.rows);
    a->other = json_incref(other);
    a->config = *app_config(w->app);
    a->now_s = app_now_s(w->app);
    app_ask(w->app, &q, "Comparing");
}

/* --- the lists */

static struct area
anchor(const struct wizard *w)
{
    return area_rows(w->segment.pane.h ? w->segment.pane : w->body, 2, 1);
}

void
saved_open(struct wizard *w)
{
    w->segment.in_preview = false;
    picker_open(&w->picker, PICK_SAVED, "Saved segments", anchor(w));
    picker_add(&w->picker, "Save these criteria…", "under a name");
    wizard_ask_choices(w, PICK_SAVED, NULL);
}

static json_t *
saved_named(const struct wizard *w, const char *name)
{
    for (size_t i = 0; i < json_array_size(w->segment.saved); i++) {
        json_t *one = json_array_get(w->segment.saved, i);

        if (strcmp(text_of(one, "name"), name) == 0)
            return one;
    }
    return NULL;
}

void
saved_picked(struct wizard *w, size_t item)
{
    static const struct {
        const char *label, *note;
    } acts[] = {
        [ACT_START] = {"Start from it", "instead of these"},
        [ACT_BOTH] = {"Only who is in both", "counting…"},
        [ACT_EITHER] = {"Who is in either", "counting…"},
        [ACT_WITHOUT] = {"These without it", "counting…"},
        [ACT_SAVE_OVER] = {"Save these over it", "asks first"},
        [ACT_RENAME] = {"Rename it…", ""},
        [ACT_DELETE] = {"Delete it…", "asks for its name"},
    };
    struct segment_step *s = &w->segment;
    json_t *one;
    char title[64];

    if (item < SAVED_FIRST) {
        saved_stop_renaming(w);
        segment_focus(s, STOP_SAVE_AS, 0);
        return;
    }
    one = saved_named(w, w->picker.items[item].label);
    if (!one)
        return;
    (void)text_copy(s->saved_name, sizeof s->saved_name, text_of(one, "name"));
    (void)text_copy(title, sizeof title, s->saved_name);
    picker_open(&w->picker, PICK_SAVED_ACT, title, anchor(w));
    for (size_t i = 0; i < ARRAY_LEN(acts); i++)
        picker_add(&w->picker, acts[i].label, acts[i].note);
    ask_compare(w, json_object_get(one, "criteria"));
}

static void
start_from(struct wizard *w, json_t *one)
{
    struct segment_step *s = &w->segment;

    wrows_load(&s->rows, json_object_get(one, "criteria"));
    (void)wrows_check(&s->rows);
    (void)text_copy(s->origin, sizeof s->origin, text_of(one, "name"));
    s->more = 0;
    (void)people_close_why(w);
    segment_focus(s, s->rows.count ? STOP_VALUE : STOP_ORIGIN, 0);
    (void)json_object_set_new(w->spec, "segment",
                              json_pack("{s:O}", "saved", json_object_get(one, "name")));
    wizard_changed(w);
    wizard_ask_preview(w);
}

static void
combine(struct wizard *w, enum segment_combination how, json_t *other)
{
    struct segment_step *s = &w->segment;
    json_t *mine = wrows_json(&s->rows);
    json_t *made = segment_combine(how, mine, other);
    struct error err = {0};
    struct criteria *c = criteria_from_json(made, &err);

    if (c) {
        wrows_load(&s->rows, made);
        (void)wrows_check(&s->rows);
        (void)text_copy(s->origin, sizeof s->origin, "own criteria");
        segment_focus(s, s->rows.count ? STOP_VALUE : STOP_ORIGIN, 0);
        segment_changed(w);
    } else {
        app_message(w->app, ROLE_ERROR, err.text);
    }
    criteria_free(c);
    json_decref(made);
    json_decref(mine);
}

void
saved_act_picked(struct wizard *w, size_t item)
{
    struct segment_step *s = &w->segment;
    json_t *one = saved_named(w, s->saved_name);
    json_t *criteria = json_object_get(one, "criteria");

    if (!one)
        return;
    switch ((enum act)item) {
    case ACT_START:
        start_from(w, one);
        return;
    case ACT_BOTH:
        combine(w, COMBINE_ALL, criteria);
        return;
    case ACT_EITHER:
        combine(w, COMBINE_ANY, criteria);
        return;
    case ACT_WITHOUT:
        combine(w, COMBINE_WITHOUT, criteria);
        return;
    case ACT_SAVE_OVER:
        if (wrows_check(&s->rows))
            ask_to_overwrite(w, s->saved_name);
        else
            app_message(w->app, ROLE_WARN, "Not now: a row is wrong. Fix it first.");
        return;
    case ACT_RENAME:
        (void)text_copy(s->renaming, sizeof s->renaming, s->saved_name);
        edit_set(&s->save_as, s->saved_name);
        segment_focus(s, STOP_SAVE_AS, 0);
        return;
    case ACT_DELETE:
        ask_to_delete(w);
        return;
    }
}
