/* Step 4: a last look, when and how fast, and the launch. Keys; wizard_review_draw.c draws. */
#include "ui/screen/wizard_launch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/screen/common.h"
#include "ui/screen/wizard_when.h"

static const struct field review_fields[REVIEW_FIELDS] = {
    [REVIEW_START] = {.kind = FIELD_TEXT,
                      .id = "start",
                      .label = "Start",
                      .width = 18,
                      .after = "now, 16:00, or a date",
                      .help = "now, 16:00 or 2026-12-01 09:00, in the time of the business."},
    [REVIEW_HOURS] = {.kind = FIELD_TEXT,
                      .id = "hours",
                      .label = "Hours",
                      .width = 13,
                      .after = "of their own day",
                      .help = "Messages go out within these hours where the person lives. Empty: "
                              "as the configuration says."},
    [REVIEW_RATE] = {.kind = FIELD_TEXT,
                     .id = "rate",
                     .label = "Pace",
                     .width = 13,
                     .after = "segments a second",
                     .help =
                         "SMS segments a second for this campaign. Empty: as fast as the sender "
                         "may."},
    [REVIEW_CHECKS] = {.kind = FIELD_BUTTON, .id = "checks", .label = ""},
    [REVIEW_PERSON] = {.kind = FIELD_BUTTON, .id = "person", .label = ""},
    [REVIEW_COUNT] = {.kind = FIELD_TEXT,
                      .id = "count",
                      .label = "Type it",
                      .width = 12,
                      .help = "The number of people who get a message: it shows that you have seen "
                              "it. Launch wakes when it is right."},
    [REVIEW_EVERYONE] = {.kind = FIELD_TEXT,
                         .id = "everyone",
                         .label = "And the word",
                         .width = 12,
                         .hidden = true,
                         .help = "The criteria leave nobody out. Type everyone if that is meant."},
    [REVIEW_LAUNCH] = {.kind = FIELD_BUTTON, .id = "launch", .label = "Launch now"},
    [REVIEW_LEAVE] = {.kind = FIELD_BUTTON, .id = "leave", .label = "Leave as draft"},
    [REVIEW_BACK] = {.kind = FIELD_BUTTON, .id = "back", .label = "‹ Back"},
};

static void
put_in(struct wizard *w, const char *object, const char *key, json_t *value)
{
    json_t *o = json_object_get(w->spec, object);

    if (!json_is_object(o)) {
        o = json_object();
        (void)json_object_set_new(w->spec, object, o);
    }
    if (value)
        (void)json_object_set_new(o, key, value);
    else
        (void)json_object_del(o, key);
    if (json_object_size(o) == 0)
        (void)json_object_del(w->spec, object);
}

static void
fill_review(struct wizard *w)
{
    struct review_step *s = &w->review;
    const json_t *schedule = json_object_get(w->spec, "schedule");
    const json_t *hours = json_object_get(schedule, "quiet_hours");
    const char *from = json_string_value(json_object_get(hours, "from"));
    const char *to = json_string_value(json_object_get(hours, "to"));
    const json_t *rate = json_object_get(json_object_get(w->spec, "limits"), "per_second");
    char text[48] = "";
    char start[24];

    form_close(&s->form);
    memcpy(s->fields, review_fields, sizeof review_fields);
    form_init(&s->form, s->fields, REVIEW_FIELDS);
    field_set_text(&s->fields[REVIEW_START],
                   json_string_value(json_object_get(schedule, "zone"))
                       ? json_string_value(json_object_get(schedule, "start"))
                       : wizard_start_text(review_start(w), start));
    if (from && to)
        (void)snprintf(text, sizeof text, "%.10s-%.10s", from, to);
    field_set_text(&s->fields[REVIEW_HOURS], text);
    text[0] = '\0';
    if (json_is_number(rate))
        (void)snprintf(text, sizeof text, "%g", json_number_value(rate));
    field_set_text(&s->fields[REVIEW_RATE], text);
    s->form.focus = REVIEW_COUNT;
    list_init(&s->checks, 1);
}

/* --- changes */

static void
take_start(struct wizard *w)
{
    struct field *fd = &w->review.fields[REVIEW_START];
    char text[UTIME_RFC3339_SIZE];
    struct error err = {0};
    int64_t at;

    if (!wizard_start_parse(field_text(fd), app_now_s(w->app), &at, &err)) {
        field_set_error(fd, err.text);
        return;
    }
    field_set_error(fd, "");
    put_in(w, "schedule", "zone", NULL); /* an instant now, no time by each one's clock */
    put_in(w, "schedule", "start", at ? json_string(utime_format(at, text)) : NULL);
}

static void
take_hours(struct wizard *w)
{
    struct field *fd = &w->review.fields[REVIEW_HOURS];
    struct error err = {0};
    char from[8];
    char to[8];

    field_set_error(fd, "");
    if (text_is_blank(field_text(fd)))
        put_in(w, "schedule", "quiet_hours", NULL);
    else if (wizard_hours_parse(field_text(fd), from, to, &err))
        put_in(w, "schedule", "quiet_hours", json_pack("{s:s,s:s}", "from", from, "to", to));
    else
        field_set_error(fd, err.text);
}

static void
take_rate(struct wizard *w)
{
    struct field *fd = &w->review.fields[REVIEW_RATE];
    double rate;

    field_set_error(fd, "");
    if (text_is_blank(field_text(fd)))
        put_in(w, "limits", "per_second", NULL);
    else if (num_parse_double(field_text(fd), &rate) && rate > 0 && rate <= 100000)
        put_in(w, "limits", "per_second", json_real(rate));
    else
        field_set_error(fd, "a number above 0, such as 1 or 0.5");
}

static void
review_changed(struct wizard *w)
{
    switch (w->review.form.focus) {
    case REVIEW_START:
        take_start(w);
        break;
    case REVIEW_HOURS:
        take_hours(w);
        break;
    case REVIEW_RATE:
        take_rate(w);
        break;
    default:
        return;
    }
    wizard_changed(w);
}

/* --- the launch */

static void
press_launch(struct wizard *w)
{
    struct review_step *s = &w->review;
    char reason[96];
    char text[140];

    if (review_blocked(w, reason)) {
        (void)snprintf(text, sizeof text, "Launch: not now. %s", reason);
        app_message(w->app, ROLE_WARN, text);
        return;
    }
    wizard_launch(w, s->review.reach.reachable, s->review.everyone);
}

static void
say_check(struct wizard *w)
{
    struct review_step *s = &w->review;
    static const enum role roles[] = {
        [LAUNCH_OK] = ROLE_OK, [LAUNCH_LOOK] = ROLE_WARN, [LAUNCH_STOP] = ROLE_ERROR};

    if (s->have_review && s->checks.sel < s->review.check_count)
        app_message(w->app, roles[s->review.checks[s->checks.sel].level],
                    s->review.checks[s->checks.sel].text);
}

/* --- keys */

static void
next_person(struct wizard *w, int by)
{
    size_t count = wizard_people(w);

    if (count == 0)
        return;
    if (w->review.person >= count)
        w->review.person = 0;
    w->review.person = (w->review.person + (by > 0 ? 1 : count - 1)) % count;
}

/* Letters and digits, while no field takes them. */
static bool
review_letter(struct wizard *w, int key)
{
    switch (key) {
    case '1':
    case '2':
    case '3':
        wizard_go(w, (enum wizard_step)(key - '1'));
        return true;
    case 'e':
        w->review.form.focus = REVIEW_START;
        return true;
    case 'v':
        if (w->c.variant_count)
            w->review.variant = (w->review.variant + 1) % w->c.variant_count;
        return true;
    case 'r':
        wizard_ask_review(w);
        wizard_ask_preview(w);
        return true;
    default:
        return false;
    }
}

static bool
review_mouse(struct wizard *w, const struct input *in)
{
    struct review_step *s = &w->review;
    bool wheel = in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN;
    size_t row;

    if (area_has(s->preview_pane, in->y, in->x)) {
        s->form.focus = REVIEW_PERSON;
        next_person(w, in->mouse == MOUSE_WHEEL_UP ? -1 : 1);
    } else if (area_has(s->checks_pane, in->y, in->x)) {
        s->form.focus = REVIEW_CHECKS;
        if (wheel)
            list_wheel(&s->checks, in->mouse == MOUSE_WHEEL_UP ? -1 : 1);
        else if (list_row_at(&s->checks, in->y, in->x, &row)) {
            list_select(&s->checks, row, LIST_NO_ID);
            say_check(w);
        }
    } else if (!wheel && form_click(&s->form, in->y, in->x) == FORM_PRESSED) {
        struct input enter = {.key = KEYS_ENTER};
        (void)wizard_review_ops.input(w, &enter);
    }
    return true;
}

static bool
pane_key(struct wizard *w, int key)
{
    struct review_step *s = &w->review;

    if (s->form.focus == REVIEW_CHECKS && key == KEYS_ENTER) {
        say_check(w);
        return true;
    }
    if (s->form.focus == REVIEW_CHECKS && list_key(&s->checks, key)) {
        say_check(w);
        return true;
    }
    if (key == KEYS_LEFT || key == KEYS_RIGHT || key == KEYS_ENTER) {
        next_person(w, key == KEYS_LEFT ? -1 : 1);
        return true;
    }
    return false;
}

static bool
review_input(struct wizard *w, const struct input *in)
{
    struct review_step *s = &w->review;
    bool pane = s->form.focus == REVIEW_CHECKS || s->form.focus == REVIEW_PERSON;
    enum form_result result;

    if (in->key == KEYS_MOUSE)
        return review_mouse(w, in);
    if (!form_wants_text(&s->form) && review_letter(w, in->key))
        return true;
    if (pane && pane_key(w, in->key))
        return true;
    result = form_key(&s->form, in->key);
    if (result == FORM_IGNORED && (in->key == KEYS_TAB || in->key == KEYS_BACKTAB)) {
        s->form.focus = in->key == KEYS_TAB ? REVIEW_START : REVIEW_BACK;
        result = FORM_MOVED;
    }
    if (result == FORM_IGNORED)
        return false;
    wizard_moved(w);
    if (result == FORM_CHANGED)
        review_changed(w);
    if (result == FORM_PRESSED && s->form.focus == REVIEW_LAUNCH)
        press_launch(w);
    else if (result == FORM_PRESSED)
        (void)wizard_pressed(w, form_focused(&s->form));
    return true;
}

static bool
review_wants_text(struct wizard *w)
{
    return form_wants_text(&w->review.form);
}

static bool
review_wrong(struct wizard *w, char reason[96])
{
    (void)text_copy(reason, 96, "not launched");
    (void)w;
    return true;
}

static void
review_place(struct wizard *w, json_t *out)
{
    (void)json_object_set_new(out, "field", json_integer((json_int_t)w->review.form.focus));
}

static void
review_restore(struct wizard *w, const json_t *place)
{
    const json_t *field = json_object_get(place, "field");

    if (json_is_integer(field) && json_integer_value(field) >= 0 &&
        json_integer_value(field) < REVIEW_FIELDS)
        w->review.form.focus = (size_t)json_integer_value(field);
}

static const char *
review_help(struct wizard *w)
{
    const struct field *fd = form_focused(&w->review.form);

    if (w->review.form.focus == REVIEW_CHECKS)
        return "A ✗ stops the launch; a ! asks you to look. Enter says a check in full.";
    if (w->review.form.focus == REVIEW_PERSON)
        return "What a person of the sample gets: ←→ another person, v another variant.";
    return fd->help;
}

static void
review_none(struct wizard *w)
{
    app_message(w->app, ROLE_WARN, "Not now: go back to the step with F2, or press 1, 2 or 3.");
}

static void
review_other_pane(struct wizard *w)
{
    struct review_step *s = &w->review;

    s->form.focus = s->form.focus == REVIEW_CHECKS   ? REVIEW_PERSON
                    : s->form.focus == REVIEW_PERSON ? REVIEW_COUNT
                                                     : REVIEW_CHECKS;
}

static void
review_picked(struct wizard *w, size_t item)
{
    (void)w;
    (void)item;
}

static void
review_arrived(struct wizard *w)
{
    struct review_step *s = &w->review;

    s->fields[REVIEW_EVERYONE].hidden = !s->review.everyone;
    if (s->form.focus == REVIEW_EVERYONE && s->fields[REVIEW_EVERYONE].hidden)
        s->form.focus = REVIEW_COUNT;
    list_place(&s->checks, s->review.check_count, -1);
    for (size_t i = s->review.check_count; i-- > 0;) /* what stops it is what one looks for */
        if (s->review.checks[i].level == LAUNCH_STOP)
            list_select(&s->checks, i, LIST_NO_ID);
}

const struct wizard_step_ops wizard_review_ops = {
    .title = "Review & launch",
    .fill = fill_review,
    .draw = review_draw,
    .input = review_input,
    .wants_text = review_wants_text,
    .wrong = review_wrong,
    .place = review_place,
    .restore = review_restore,
    .help = review_help,
    .add = review_none,
    .remove = review_none,
    .other_pane = review_other_pane,
    .external = review_none,
    .picked = review_picked,
    .arrived = review_arrived,
};
