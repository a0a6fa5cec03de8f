/* Step 2: who gets it. Keys and focus; wizard_segment_draw.c draws, wizard_segment_pick.c chooses.
 */
#include "ui/screen/wizard_segment_focus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/screen/wizard_people.h"
#include "ui/screen/wizard_saved.h"
#include "ui/screen/wizard_trend.h"

/* --- changes */

static void
fill_segment(struct wizard *w)
{
    struct segment_step *s = &w->segment;
    const json_t *segment = json_object_get(w->spec, "segment");
    const json_t *criteria = json_object_get(segment, "criteria");
    const char *name = json_string_value(json_object_get(segment, "template"));
    const char *saved = json_string_value(json_object_get(segment, "saved"));
    const char *origin = json_string_value(json_object_get(w->restore, "origin"));
    const struct segment_template *t = name ? segment_template_find(name) : NULL;

    list_init(&s->people, 1);
    if (t) {
        wrows_load(&s->rows, t->criteria);
        (void)text_copy(s->origin, sizeof s->origin, t->title);
    } else if (json_is_object(criteria)) {
        wrows_load(&s->rows, criteria);
        (void)text_copy(s->origin, sizeof s->origin, origin ? origin : "own criteria");
    } else if (saved) { /* its rows come with the list of saved segments */
        (void)text_copy(s->origin, sizeof s->origin, saved);
        wizard_ask_choices(w, PICK_NOTHING, NULL);
    }
    (void)wrows_load_state(&s->rows, json_object_get(w->restore, "rows"));
    (void)wrows_check(&s->rows);
    segment_focus(s, s->rows.count ? STOP_VALUE : STOP_ORIGIN, 0);
}

/* --- keys */

static bool
is_typed(const struct segment_step *s, struct stop at)
{
    if (at.kind == STOP_SAVE_AS)
        return true;
    if (at.kind != STOP_VALUE)
        return false;
    switch (wrow_value_kind(&s->rows.at[at.row])) {
    case VALUE_BOOL:
    case VALUE_CHOICE:
        return false;
    case VALUE_DAYS:
    case VALUE_WORDS:
    case VALUE_NUMBER:
    case VALUE_TEXT:
    case VALUE_KEY:
    case VALUE_CAMPAIGN:
    case VALUE_LIMIT:
    case VALUE_KIND_COUNT:
        break;
    }
    return true;
}

static bool
segment_wants_text(struct wizard *w)
{
    struct stop at = segment_stop(&w->segment);

    if (w->picker.open)
        return true;
    return !w->segment.in_preview && at.kind != STOP_BACK && at.kind != STOP_NEXT &&
           at.kind != STOP_SAVE;
}

static void
say_error(struct wizard *w, size_t i)
{
    const struct wrow *row = &w->segment.rows.at[i];
    char text[240];

    if (!row->error[0] || !row->touched)
        return;
    if (wrow_value_kind(row) == VALUE_DAYS && row->value.text.len > 0)
        (void)snprintf(text, sizeof text,
                       "Row %zu: \"%.40s\" is not a number of days. Type a number such as 30.",
                       i + 1, edit_text(&row->value));
    else
        (void)snprintf(text, sizeof text, "Row %zu: %s.", i + 1, row->error);
    app_message(w->app, ROLE_ERROR, text);
}

static void
leave(struct wizard *w)
{
    struct stop at = segment_stop(&w->segment);

    if (at.kind != STOP_VALUE)
        return;
    w->segment.rows.at[at.row].touched = true;
    say_error(w, at.row);
}

static bool
move(struct wizard *w, int by)
{
    struct segment_step *s = &w->segment;
    struct stop stops[STOPS_MAX];
    size_t count = segment_stops(s, stops);
    int64_t to = (int64_t)s->stop + by;

    leave(w);
    wizard_moved(w);
    if (to < 0 || to >= (int64_t)count) { /* round through the other pane */
        s->in_preview = true;
        return true;
    }
    s->stop = (size_t)to;
    return true;
}

/* The line a stop stands on: rows have one each. */
static int64_t
line_of(struct stop at)
{
    if (stop_is_of_row(at.kind))
        return 10 + (int64_t)at.row;
    if (at.kind == STOP_SAVE)
        return 100000 + STOP_SAVE_AS;
    if (at.kind == STOP_NEXT)
        return 100000 + STOP_BACK;
    return at.kind < STOP_LEAF ? (int64_t)at.kind : 100000 + (int64_t)at.kind;
}

static void
move_line(struct wizard *w, int by)
{
    struct segment_step *s = &w->segment;
    struct stop stops[STOPS_MAX];
    size_t count = segment_stops(s, stops);
    struct stop from = segment_stop(s);
    size_t i = s->stop;

    leave(w);
    wizard_moved(w);
    while (i + 1 > 0 && i < count && line_of(stops[i]) == line_of(from))
        i += (size_t)by;
    if (i >= count)
        return;
    s->stop = i;
    if (stop_is_of_row(stops[i].kind))
        segment_focus(s, stop_is_of_row(from.kind) ? from.kind : STOP_VALUE, stops[i].row);
    else /* the first of its line */
        while (s->stop > 0 && line_of(stops[s->stop - 1]) == line_of(stops[i]))
            s->stop--;
}

/* False where there is nothing to turn. */
static bool
toggle(struct wizard *w, struct stop at)
{
    struct segment_step *s = &w->segment;
    struct wrow *row = &s->rows.at[at.row];

    if (at.kind == STOP_MATCH)
        s->rows.match = s->rows.match == JOIN_ANY ? JOIN_ALL : JOIN_ANY;
    else if (at.kind == STOP_LEAF)
        row->negated = !row->negated;
    else if (at.kind == STOP_GROUP)
        row->join = (row->join + 1) % JOIN_COUNT;
    else if (at.kind == STOP_VALUE && wrow_value_kind(row) == VALUE_BOOL)
        edit_set(&row->value, strcmp(edit_text(&row->value), "yes") == 0 ? "no" : "yes");
    else
        return false;
    wrows_touch(&s->rows);
    segment_changed(w);
    return true;
}

static void
press(struct wizard *w, struct stop at)
{
    switch (at.kind) {
    case STOP_BACK:
        wizard_go(w, WIZARD_INFO);
        return;
    case STOP_NEXT:
        wizard_go(w, WIZARD_AGENT);
        return;
    case STOP_MATCH:
        (void)toggle(w, at);
        return;
    case STOP_SAVE:
    case STOP_SAVE_AS:
        saved_take_name(w);
        return;
    case STOP_JSON:
        segment_edit_json(w, true);
        return;
    case STOP_RAW:
        segment_edit_json(w, false);
        return;
    case STOP_ORIGIN:
    case STOP_LEAF:
    case STOP_CONDITION:
    case STOP_VALUE:
    case STOP_GROUP:
    case STOP_ADD:
    case STOP_ADD_GROUP:
        segment_pick(w, at);
        return;
    }
}

static bool
type_value(struct wizard *w, struct stop at, int key)
{
    struct segment_step *s = &w->segment;
    struct edit *e = at.kind == STOP_SAVE_AS ? &s->save_as : &s->rows.at[at.row].value;
    bool changed = false;

    if (!edit_key(e, key, &changed))
        return false;
    if (changed && at.kind == STOP_VALUE) {
        wrows_touch(&s->rows);
        segment_changed(w);
        say_error(w, at.row);
    }
    wizard_moved(w);
    return true;
}

static bool
click(struct wizard *w, const struct input *in)
{
    struct segment_step *s = &w->segment;
    struct stop at;

    if (area_has(s->preview_pane, in->y, in->x)) {
        s->in_preview = true;
        return wizard_preview_input(w, in);
    }
    if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN) {
        move_line(w, in->mouse == MOUSE_WHEEL_UP ? -1 : 1);
        return true;
    }
    s->in_preview = false;
    for (size_t i = 0; i < s->place_count; i++) {
        if (!area_has(s->places[i].area, in->y, in->x))
            continue;
        leave(w);
        s->stop = s->places[i].stop;
        at = segment_stop(s);
        if (!is_typed(s, at))
            press(w, at);
        wizard_moved(w);
        return true;
    }
    return true;
}

static bool
step_input(struct wizard *w, const struct input *in)
{
    struct segment_step *s = &w->segment;
    struct stop at = segment_stop(s);
    int key = in->key;

    if (key == KEYS_MOUSE)
        return click(w, in);
    if (s->in_preview && (key == KEYS_TAB || key == KEYS_BACKTAB)) {
        s->in_preview = false;
        s->stop = key == KEYS_TAB ? 0 : SIZE_MAX;
        segment_focus(s, key == KEYS_TAB ? STOP_ORIGIN : STOP_NEXT, 0);
        return true;
    }
    if (s->in_preview)
        return wizard_preview_input(w, in);
    if (key == KEYS_TAB || key == KEYS_BACKTAB)
        return move(w, key == KEYS_TAB ? 1 : -1);
    if (key == KEYS_UP || key == KEYS_DOWN) {
        move_line(w, key == KEYS_DOWN ? 1 : -1);
        return true;
    }
    if (is_typed(s, at) && type_value(w, at, key))
        return true;
    if (key == KEYS_LEFT || key == KEYS_RIGHT)
        return move(w, key == KEYS_RIGHT ? 1 : -1);
    if (key == KEYS_ENTER) {
        press(w, at);
        return true;
    }
    if (key == ' ' && !is_typed(s, at)) {
        if (!toggle(w, at))
            press(w, at);
        return true;
    }
    if (key == KEYS_DELETE && stop_is_of_row(at.kind)) {
        wizard_segment_ops.remove(w);
        return true;
    }
    if (key_is_text(key) && segment_wants_text(w)) { /* a letter opens the list, narrowed by it */
        if (at.kind == STOP_MATCH || at.kind == STOP_JSON || at.kind == STOP_RAW)
            return true;
        segment_pick(w, at);
        if (w->picker.open)
            (void)picker_input(&w->picker, in, &(size_t){0});
        return true;
    }
    return false;
}

static bool
segment_input(struct wizard *w, const struct input *in)
{
    bool used = step_input(w, in);
    enum stop_kind at = segment_stop(&w->segment).kind;

    if (w->segment.in_preview || (at != STOP_SAVE_AS && at != STOP_SAVE))
        saved_stop_renaming(w);
    wizard_trend_follow(w);
    return used;
}

static void
segment_remove(struct wizard *w)
{
    struct segment_step *s = &w->segment;
    struct stop at = segment_stop(s);

    if (!stop_is_of_row(at.kind)) {
        app_message(w->app, ROLE_WARN, "Remove: not now. Go to the row that is to go.");
        return;
    }
    wrows_remove(&s->rows, at.row);
    if (s->rows.count == 0)
        segment_focus(s, STOP_ADD, 0);
    else
        segment_focus(s, at.kind, at.row < s->rows.count ? at.row : s->rows.count - 1);
    segment_changed(w);
}

/* A person of the sample is in focus, or the editor is. */
static void
segment_other_pane(struct wizard *w)
{
    w->segment.in_preview = !w->segment.in_preview;
    wizard_moved(w);
}

static bool
segment_wrong(struct wizard *w, char reason[96])
{
    const struct wrows *rows = &w->segment.rows;
    size_t wrong = wrows_first_wrong(rows);

    if (wrong < rows->count) {
        (void)snprintf(reason, 96, "fix row %zu first", wrong + 1);
        return true;
    }
    if (!json_object_get(w->spec, "segment")) {
        (void)snprintf(reason, 96, "choose who gets it first");
        return true;
    }
    return false;
}

static void
segment_place(struct wizard *w, json_t *out)
{
    struct segment_step *s = &w->segment;
    struct stop at = segment_stop(s);

    (void)json_object_set_new(out, "stop", json_integer(at.kind));
    (void)json_object_set_new(out, "row", json_integer((json_int_t)at.row));
    if (at.kind == STOP_VALUE)
        (void)json_object_set_new(out, "cursor",
                                  json_integer((json_int_t)s->rows.at[at.row].value.cursor));
    if (!s->renaming[0])
        (void)json_object_set_new(out, "save_as", json_string(edit_text(&s->save_as)));
}

static void
segment_restore(struct wizard *w, const json_t *place)
{
    struct segment_step *s = &w->segment;
    json_int_t kind = json_integer_value(json_object_get(place, "stop"));
    json_int_t row = json_integer_value(json_object_get(place, "row"));
    json_int_t cursor = json_integer_value(json_object_get(place, "cursor"));
    struct stop at;

    if (!json_is_object(place) || kind < 0 || kind > STOP_NEXT || row < 0)
        return;
    edit_set(&s->save_as, json_string_value(json_object_get(place, "save_as")));
    segment_focus(s, (enum stop_kind)kind, (size_t)row);
    at = segment_stop(s);
    if (at.kind == STOP_VALUE && cursor >= 0 && (size_t)cursor <= s->rows.at[at.row].value.text.len)
        s->rows.at[at.row].value.cursor = (size_t)cursor;
}

static const char *
row_help(const struct wrow *row)
{
    return row->key == WROW_EXISTS ? row->leaf->help : row->leaf->keys[row->key].help;
}

static const char *
segment_help(struct wizard *w)
{
    struct segment_step *s = &w->segment;
    struct stop at = segment_stop(s);

    switch (at.kind) {
    case STOP_ORIGIN:
        return "A template or a saved segment to begin with; what you change below is yours alone.";
    case STOP_MATCH:
        return "All: a person must fit every row. Any: one row is enough. Space changes it.";
    case STOP_LEAF:
        (void)snprintf(s->help, sizeof s->help, "%s Space turns it round: not.",
                       s->rows.at[at.row].leaf->help);
        return s->help;
    case STOP_CONDITION:
    case STOP_VALUE:
        return row_help(&s->rows.at[at.row]);
    case STOP_GROUP:
        return "Rows below it that are indented belong to the group. Space changes what must hold.";
    case STOP_RAW:
        return "These criteria do not fit into rows. Enter edits them as text.";
    case STOP_ADD:
        return "One more criterion. Type a few letters of what you look for.";
    case STOP_ADD_GROUP:
        return "Criteria of which all, any or none must hold together.";
    case STOP_JSON:
        return "All criteria as JSON, in your editor ($EDITOR).";
    case STOP_SAVE_AS:
    case STOP_SAVE:
        return "Keeps these criteria under a name, to start from them again.";
    case STOP_BACK:
    case STOP_NEXT:
        break;
    }
    return NULL;
}

static void
segment_external(struct wizard *w)
{
    segment_edit_json(w, segment_stop(&w->segment).kind != STOP_RAW);
}

const struct wizard_step_ops wizard_segment_ops = {
    .title = "Target segment",
    .fill = fill_segment,
    .draw = segment_draw,
    .input = segment_input,
    .wants_text = segment_wants_text,
    .wrong = segment_wrong,
    .place = segment_place,
    .restore = segment_restore,
    .help = segment_help,
    .add = segment_add,
    .remove = segment_remove,
    .other_pane = segment_other_pane,
    .external = segment_external,
    .picked = segment_picked,
    .counted = people_counted,
    .choices = wizard_choices_arrived,
};
