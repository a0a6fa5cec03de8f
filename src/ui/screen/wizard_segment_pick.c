/* Step 2: what can be chosen from lists, and criteria as text. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/wizard_people.h"
#include "ui/screen/wizard_saved.h"
#include "ui/screen/wizard_segment_focus.h"

/* The items of PICK_ADD before the criteria themselves. */
enum add_item { ADD_SAME, ADD_GROUP_ALL, ADD_GROUP_ANY, ADD_GROUP_NONE, ADD_CRITERIA };

static struct area
anchor_of(struct wizard *w)
{
    struct segment_step *s = &w->segment;

    for (size_t i = 0; i < s->place_count; i++)
        if (s->places[i].stop == s->stop)
            return s->places[i].area;
    return area_rows(s->pane, 4, 1);
}

/* The saved segments come later: templates first, at once. */
static void
pick_origin(struct wizard *w)
{
    size_t count;
    const struct segment_template *t = segment_template_list(&count);

    picker_open(&w->picker, PICK_ORIGIN, "Start from", anchor_of(w));
    picker_add(&w->picker, "Everybody", "no criteria yet");
    for (size_t i = 0; i < count; i++)
        picker_add(&w->picker, t[i].title, t[i].description);
    wizard_ask_choices(w, PICK_ORIGIN, NULL);
}

static void
pick_leaf(struct wizard *w)
{
    char label[64];

    picker_open(&w->picker, PICK_LEAF, "Criterion", anchor_of(w));
    picker_add(&w->picker, "not …", "turns this criterion round; Space does it too");
    for (size_t i = 0; i < LEAF_KIND_COUNT; i++) {
        wrow_leaf_label(&leaf_table()[i], label);
        picker_add(&w->picker, label, leaf_table()[i].help);
    }
    picker_select(&w->picker, w->segment.rows.at[segment_stop(&w->segment).row].leaf->kind + 1);
}

static void
pick_condition(struct wizard *w, const struct wrow *row)
{
    struct wcondition all[WCONDITIONS_MAX];
    size_t count = wrow_conditions(row->leaf, all, WCONDITIONS_MAX);

    picker_open(&w->picker, PICK_CONDITION, "Condition", anchor_of(w));
    for (size_t i = 0; i < count; i++)
        picker_add(&w->picker, all[i].label, all[i].help);
    for (size_t i = 0; i < count; i++)
        if (all[i].key == row->key && all[i].op == row->op)
            picker_select(&w->picker, i);
}

/* One item a leaf and key; the order of find_addition(). */
static void
pick_add(struct wizard *w, bool same)
{
    char leaf[64];
    char label[160];

    picker_open(&w->picker, PICK_ADD, "Add", anchor_of(w));
    picker_add(&w->picker, same ? "and also, of the same one…" : "a group: all of these…",
               same ? "one more condition on the row in focus" : "");
    if (same)
        picker_add(&w->picker, "a group: all of these…", "");
    picker_add(&w->picker, "a group: any of these…", "one of them is enough");
    picker_add(&w->picker, "a group: none of these…", "leaves out who fits any");
    for (size_t i = 0; i < LEAF_KIND_COUNT; i++) {
        const struct leaf_spec *l = &leaf_table()[i];
        wrow_leaf_label(l, leaf);
        for (size_t k = 0; k < l->key_count; k++) {
            struct wrow row = {.kind = WROW_LEAF, .leaf = l, .key = k, .op = NUMBER_GE};
            char condition[64];
            wrow_condition_label(&row, condition);
            (void)snprintf(label, sizeof label, "%s: %s", leaf, condition);
            picker_add(&w->picker, label, l->keys[k].help);
        }
        if (l->may_be_empty) {
            (void)snprintf(label, sizeof label, "%s: at least one", leaf);
            picker_add(&w->picker, label, l->help);
        }
    }
}

static const struct leaf_spec *
find_addition(size_t item, size_t *key)
{
    for (size_t i = 0; i < LEAF_KIND_COUNT; i++) {
        const struct leaf_spec *l = &leaf_table()[i];
        size_t here = l->key_count + (l->may_be_empty ? 1 : 0);
        if (item < here) {
            *key = item < l->key_count ? item : WROW_EXISTS;
            return l;
        }
        item -= here;
    }
    return NULL;
}

static void
pick_join(struct wizard *w, enum wizard_pick what)
{
    picker_open(&w->picker, (int)what, "Group", anchor_of(w));
    for (enum wrow_join j = JOIN_ALL; j < JOIN_COUNT; j++)
        picker_add(&w->picker, wrow_join_words(j), "");
}

static void
pick_value(struct wizard *w, const struct wrow *row)
{
    const struct leaf_key *key = &row->leaf->keys[row->key];

    switch (key->kind) {
    case VALUE_BOOL:
        picker_open(&w->picker, PICK_VALUE, key->title, anchor_of(w));
        picker_add(&w->picker, "yes", "");
        picker_add(&w->picker, "no", "");
        break;
    case VALUE_CHOICE:
        picker_open(&w->picker, PICK_VALUE, key->title, anchor_of(w));
        for (const char *const *c = key->choices; *c; c++)
            picker_add(&w->picker, *c, "");
        break;
    case VALUE_WORDS:
        wizard_ask_choices(w, PICK_WORDS, key);
        break;
    case VALUE_CAMPAIGN:
        wizard_ask_choices(w, PICK_CAMPAIGN, key);
        break;
    case VALUE_DAYS:
    case VALUE_NUMBER:
    case VALUE_TEXT:
    case VALUE_KEY:
    case VALUE_LIMIT:
    case VALUE_KIND_COUNT:
        break;
    }
}

void
segment_pick(struct wizard *w, struct stop at)
{
    const struct wrow *row = at.row < w->segment.rows.count ? &w->segment.rows.at[at.row] : NULL;

    if (at.kind == STOP_ORIGIN)
        pick_origin(w);
    else if (at.kind == STOP_LEAF)
        pick_leaf(w);
    else if (at.kind == STOP_CONDITION && row)
        pick_condition(w, row);
    else if (at.kind == STOP_VALUE && row)
        pick_value(w, row);
    else if (at.kind == STOP_GROUP)
        pick_join(w, PICK_JOIN);
    else if (at.kind == STOP_ADD)
        pick_add(w, false);
    else if (at.kind == STOP_ADD_GROUP)
        pick_join(w, PICK_ADD_GROUP);
}

void
segment_add(struct wizard *w)
{
    struct stop at = segment_stop(&w->segment);
    const struct wrow *row = stop_is_of_row(at.kind) ? &w->segment.rows.at[at.row] : NULL;

    pick_add(w, row && row->kind == WROW_LEAF);
}

void
wizard_choices_arrived(struct wizard *w, struct wizard_choices *choices)
{
    struct segment_step *s = &w->segment;
    const char *saved =
        json_string_value(json_object_get(json_object_get(w->spec, "segment"), "saved"));

    if (choices->what == PICK_WORDS || choices->what == PICK_CAMPAIGN) {
        picker_open(&w->picker, (int)choices->what,
                    choices->what == PICK_WORDS ? "Words in the data" : "Campaign", anchor_of(w));
        for (size_t i = 0; i < choices->count; i++)
            picker_add(&w->picker, choices->labels[i], choices->notes[i]);
        if (choices->count == 0)
            app_message(w->app, ROLE_DIM, "The data holds no such words yet: type one.");
        if (choices->count == 0)
            w->picker.open = false;
        return;
    }
    json_decref(s->saved);
    s->saved = json_array();
    for (size_t i = 0; i < choices->count; i++) {
        (void)json_array_append_new(s->saved, json_pack("{s:s,s:O}", "name", choices->labels[i],
                                                        "criteria", choices->criteria[i]));
        if ((choices->what == PICK_ORIGIN || choices->what == PICK_SAVED) && w->picker.open &&
            w->picker.what == (int)choices->what)
            picker_add(&w->picker, choices->labels[i], "saved");
        if (choices->what == PICK_NOTHING && saved && strcmp(saved, choices->labels[i]) == 0) {
            wrows_load(&s->rows, choices->criteria[i]);
            (void)wrows_check(&s->rows);
            wizard_ask_preview(w);
        }
    }
}

/* --- chosen */

/* Where a new row goes: into the group in focus, behind the row in focus, or at the end. */
static void
where_to_add(const struct segment_step *s, size_t *at, int *depth)
{
    struct stop stop = segment_stop(s);
    const struct wrow *row;

    *at = s->rows.count;
    *depth = 0;
    if (!stop_is_of_row(stop.kind))
        return;
    row = &s->rows.at[stop.row];
    *at = wrows_end(&s->rows, wrows_head(&s->rows, stop.row));
    *depth = row->depth + (row->kind == WROW_GROUP ? 1 : 0);
}

static void
add_picked(struct wizard *w, size_t item)
{
    struct segment_step *s = &w->segment;
    struct stop stop = segment_stop(s);
    bool same = stop_is_of_row(stop.kind) && s->rows.at[stop.row].kind == WROW_LEAF;
    size_t at;
    size_t key = 0;
    int depth;
    bool ok;

    where_to_add(s, &at, &depth);
    if (!same)
        item++; /* ADD_SAME is not in the list */
    if (item == ADD_SAME)
        ok = wrows_add_joined(&s->rows, stop.row, &at);
    else if (item < ADD_CRITERIA)
        ok = wrows_add_group(&s->rows, at, depth,
                             item == ADD_GROUP_ALL   ? JOIN_ALL
                             : item == ADD_GROUP_ANY ? JOIN_ANY
                                                     : JOIN_NONE);
    else {
        const struct leaf_spec *leaf = find_addition(item - ADD_CRITERIA, &key);
        ok = leaf && wrows_add_leaf(&s->rows, at, depth, leaf, key);
    }
    if (!ok) {
        app_message(w->app, ROLE_WARN,
                    item == ADD_SAME ? "There is no further condition for that one."
                                     : "No room: use the criteria as text for more.");
        return;
    }
    segment_focus(s, item == ADD_SAME ? STOP_CONDITION : STOP_VALUE, at);
    segment_changed(w);
}

static void
origin_picked(struct wizard *w, size_t item)
{
    struct segment_step *s = &w->segment;
    size_t count;
    const struct segment_template *t = segment_template_list(&count);
    const json_t *saved;
    json_t *everybody = json_object();
    json_t *segment = NULL;

    if (item == 0) {
        wrows_load(&s->rows, everybody);
        (void)text_copy(s->origin, sizeof s->origin, "Everybody");
        segment = json_pack("{s:{}}", "criteria");
    } else if (item <= count) {
        wrows_load(&s->rows, t[item - 1].criteria);
        (void)text_copy(s->origin, sizeof s->origin, t[item - 1].title);
        segment = json_pack("{s:s}", "template", t[item - 1].name);
    } else if ((saved = json_array_get(w->segment.saved, item - 1 - count)) != NULL) {
        wrows_load(&s->rows, json_object_get(saved, "criteria"));
        (void)text_copy(s->origin, sizeof s->origin,
                        json_string_value(json_object_get(saved, "name")));
        segment = json_pack("{s:O}", "saved", json_object_get(saved, "name"));
    }
    json_decref(everybody);
    if (!segment)
        return;
    s->more = 0;
    (void)people_close_why(w);
    (void)wrows_check(&s->rows);
    (void)json_object_set_new(w->spec, "segment", segment);
    wizard_changed(w);
    wizard_ask_preview(w);
}

/* A word more, or one that is there already less. */
static void
word_picked(struct wizard *w, size_t row, const char *word)
{
    struct segment_step *s = &w->segment;
    const char *text = edit_text(&s->rows.at[row].value);
    struct buf out = {0};
    bool had = false;

    while (*text) {
        size_t len = strcspn(text, ",");
        char *one = text_trim_dup(text, len);
        if (strcmp(one, word) == 0)
            had = true;
        else if (one[0])
            buf_printf(&out, "%s%s", out.len ? ", " : "", one);
        free(one);
        text += len;
        text += *text == ',';
    }
    if (!had)
        buf_printf(&out, "%s%s", out.len ? ", " : "", word);
    wrows_set_value(&s->rows, row, buf_str(&out));
    buf_release(&out);
}

void
segment_picked(struct wizard *w, size_t item)
{
    struct segment_step *s = &w->segment;
    struct stop at = segment_stop(s);
    struct wcondition all[WCONDITIONS_MAX];
    enum wizard_pick what = (enum wizard_pick)w->picker.what;
    bool of_row = stop_is_of_row(at.kind) && at.row < s->rows.count;

    wizard_moved(w);
    if (what == PICK_ORIGIN) {
        origin_picked(w, item);
        return;
    }
    if (what == PICK_SAVED || what == PICK_SAVED_ACT) {
        if (what == PICK_SAVED)
            saved_picked(w, item);
        else
            saved_act_picked(w, item);
        return;
    }
    if (what == PICK_ADD) {
        add_picked(w, item);
        return;
    }
    if (what == PICK_ADD_GROUP) {
        if (wrows_add_group(&s->rows, s->rows.count, 0, (enum wrow_join)item))
            segment_focus(s, STOP_GROUP, s->rows.count - 1);
        segment_changed(w);
        app_message(w->app, ROLE_DIM, "The group is empty: F5 adds a criterion into it.");
        return;
    }
    if (!of_row)
        return;
    if (what == PICK_LEAF && item == 0) {
        s->rows.at[at.row].negated = !s->rows.at[at.row].negated;
        wrows_touch(&s->rows);
    } else if (what == PICK_LEAF)
        wrows_set_leaf(&s->rows, at.row, &leaf_table()[item - 1]);
    else if (what == PICK_CONDITION) {
        (void)wrow_conditions(s->rows.at[at.row].leaf, all, WCONDITIONS_MAX);
        wrows_set_condition(&s->rows, at.row, all[item].key, all[item].op);
    } else if (what == PICK_JOIN) {
        s->rows.at[at.row].join = (enum wrow_join)item;
        wrows_touch(&s->rows);
    } else if (what == PICK_VALUE || what == PICK_CAMPAIGN)
        wrows_set_value(&s->rows, at.row, w->picker.items[item].label);
    else if (what == PICK_WORDS)
        word_picked(w, at.row, w->picker.items[item].label);
    if (what != PICK_LEAF || item > 0)
        segment_focus(s, what == PICK_LEAF ? STOP_CONDITION : STOP_VALUE, at.row);
    segment_changed(w);
}

/* --- as text */

static json_t *
read_criteria(const char *text, struct error *err)
{
    struct criteria *c = criteria_from_text(text, strlen(text), false, err);
    json_t *out = c ? criteria_to_json(c) : NULL;

    criteria_free(c);
    return out;
}

void
segment_edit_json(struct wizard *w, bool all)
{
    struct segment_step *s = &w->segment;
    struct stop at = segment_stop(s);
    json_t *now = all ? wrows_json(&s->rows) : json_incref(s->rows.at[at.row].raw);
    char *text = json_dumps(now, JSON_INDENT(2));
    char *edited = NULL;
    struct error err = {0};
    json_t *next = NULL;
    char message[400];

    if (text && app_edit_external(w->app, text, &edited, &err))
        next = strcmp(text, edited) == 0 ? NULL : read_criteria(edited, &err);
    if (next && all) {
        wrows_load(&s->rows, next);
        (void)text_copy(s->origin, sizeof s->origin, "own criteria");
        (void)wrows_check(&s->rows);
        segment_focus(s, s->rows.count ? STOP_VALUE : STOP_ADD, 0);
        segment_changed(w);
    } else if (next) {
        wrows_set_raw(&s->rows, at.row, next);
        segment_changed(w);
    } else if (err.code != ERR_NONE) {
        (void)snprintf(message, sizeof message, "%s%s%s. The criteria are as before.", err.path,
                       err.path[0] ? ": " : "", err.text);
        app_message(w->app, ROLE_ERROR, message);
    }
    json_decref(next);
    json_decref(now);
    free(text);
    free(edited);
}
