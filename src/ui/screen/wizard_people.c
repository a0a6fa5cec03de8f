/* The sample of people in step 2's preview: paged, sorted, and why each is in or out. */
#include "ui/screen/wizard_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/common.h"
#include "ui/screen/wizard_state.h"
#include "ui/term/cells.h"
#include "ui/widget/when.h"

enum { PAGE_MORE = 50, PEOPLE_MAX = 1000, WIDE_NAME = 26, DATE_CELLS = 10 };

static const struct {
    const char *by;     /* "by name" */
    const char *column; /* what the middle column shows then */
} sorts[] = {
    [SORT_SAMPLE] = {"as drawn", "Last visit"},
    [SORT_NAME] = {"by name", "Last visit"},
    [SORT_VISIT] = {"by last visit", "Last visit"},
    [SORT_CONTACT] = {"by last contact", "Last visit"},
    [SORT_APPOINTMENT] = {"by last appointment", "Last appt"},
    [SORT_COUNT] = {"by appointments", "Appts"},
};
_Static_assert(ARRAY_LEN(sorts) == SORTS, "words for every order");

/* --- the order */

struct sort_key {
    size_t at; /* in the sample: ties keep its order */
    bool has;
    int64_t number;
    char *text; /* owned; SORT_NAME */
};

static int
sort_compare(const void *a, const void *b)
{
    const struct sort_key *x = a;
    const struct sort_key *y = b;
    int by;

    if (x->has != y->has) /* who has none comes last */
        return x->has ? -1 : 1;
    by = x->text && y->text ? strcmp(x->text, y->text)
                            : (x->number < y->number) - (x->number > y->number);
    return by ? by : (x->at > y->at) - (x->at < y->at);
}

static struct sort_key
sort_key_of(const struct segment_person *p, size_t at, enum people_sort sort)
{
    struct sort_key k = {.at = at, .has = true};
    struct buf lower = {0};

    switch (sort) {
    case SORT_SAMPLE:
    case SORTS:
        break;
    case SORT_NAME:
        k.has = p->name && p->name[0];
        if (k.has)
            text_lower(&lower, p->name, strlen(p->name));
        k.text = k.has ? buf_take(&lower) : NULL;
        break;
    case SORT_VISIT:
        k.has = p->has_last_visit;
        k.number = p->last_visit;
        break;
    case SORT_CONTACT:
        k.has = p->has_last_contact;
        k.number = p->last_contact;
        break;
    case SORT_APPOINTMENT:
        k.has = p->has_last_appointment;
        k.number = p->last_appointment;
        break;
    case SORT_COUNT:
        k.number = p->appointment_count;
        break;
    }
    return k;
}

void
people_order(const struct segment_sample *sample, enum people_sort sort, size_t *order)
{
    struct sort_key *keys = mem_calloc(sample->count + 1, sizeof *keys);

    for (size_t i = 0; i < sample->count; i++)
        keys[i] = sort_key_of(&sample->people[i], i, sort);
    qsort(keys, sample->count, sizeof *keys, sort_compare);
    for (size_t i = 0; i < sample->count; i++) {
        order[i] = keys[i].at;
        free(keys[i].text);
    }
    free(keys);
}

/* The person on a line of a preview's list, which is in s->order. */
static const struct segment_person *
person_of(const struct preview *p, const struct segment_step *s, size_t line)
{
    return p && line < p->sample.count && s->order ? &p->sample.people[s->order[line]] : NULL;
}

static const struct segment_person *
person_at(const struct wizard *w, size_t line)
{
    return person_of(w->preview, &w->segment, line);
}

/* So that it is found again; {0}: none is selected. */
static struct key
selected_of(const struct preview *p, const struct segment_step *s)
{
    const struct segment_person *one = person_of(p, s, s->people.sel);

    return one ? key_dup(&one->key) : (struct key){0};
}

/* The list of w->preview in its order, on the person who was selected. */
static void
list_people(struct wizard *w, const struct key *selected)
{
    struct segment_step *s = &w->segment;
    size_t count = w->preview->sample.count;
    size_t line = 0;
    bool go_on = s->go_on && s->sort == SORT_SAMPLE;

    s->order = mem_realloc(s->order, count + 1, sizeof *s->order);
    people_order(&w->preview->sample, s->sort, s->order);
    while (line < count && key_compare(&person_at(w, line)->key, selected) != 0)
        line++;
    line += go_on && line + 1 < count; /* onto the page that was asked for */
    s->go_on = false;
    list_place(&s->people, count, line < count ? (int64_t)line : -1);
}

void
people_counted(struct wizard *w, const struct preview *before)
{
    struct key selected = selected_of(before, &w->segment);

    list_people(w, &selected);
    key_release(&selected);
}

static void
next_sort(struct wizard *w)
{
    struct segment_step *s = &w->segment;
    struct key selected = selected_of(w->preview, s);
    char text[80];

    s->sort = (s->sort + 1) % SORTS;
    if (w->preview)
        list_people(w, &selected);
    key_release(&selected);
    (void)snprintf(text, sizeof text, "The sample is %s%s.",
                   s->sort == SORT_SAMPLE ? "" : "sorted ", sorts[s->sort].by);
    app_message(w->app, ROLE_DIM, text);
}

/* There are more who match than have been fetched. */
static bool
has_more(const struct wizard *w)
{
    return w->preview && w->preview->sample.count < PEOPLE_MAX &&
           (int64_t)w->preview->sample.count < w->preview->reach.matched;
}

static bool
fetch_more(struct wizard *w)
{
    struct segment_step *s = &w->segment;

    if (!has_more(w) || w->preview_old || s->people.sel + 1 < w->preview->sample.count)
        return false;
    s->more = w->preview->sample.count + PAGE_MORE - SAMPLE_PEOPLE;
    s->go_on = true;
    wizard_ask_preview(w);
    return true;
}

/* --- why */

static void
ask_why(struct wizard *w)
{
    const struct segment_person *p = person_at(w, w->segment.people.sel);

    if (!p)
        return;
    w->segment.why_top = 0;
    w->segment.why_reach = p->reach;
    wizard_ask_why(w, &p->key, p->name);
}

bool
people_close_why(struct wizard *w)
{
    bool open = w->why != NULL;

    why_answer_free(w->why);
    w->why = NULL;
    return open;
}

static bool
why_key(struct wizard *w, int key)
{
    struct segment_step *s = &w->segment;

    if (key == KEYS_ENTER || key == 'w')
        (void)people_close_why(w);
    else if ((key == KEYS_DOWN || key == 'j' || key == KEYS_PGDN) &&
             s->why_top + 1 < w->why->why.count)
        s->why_top++;
    else if ((key == KEYS_UP || key == 'k' || key == KEYS_PGUP) && s->why_top > 0)
        s->why_top--;
    else
        return key == KEYS_DOWN || key == KEYS_UP || key == 's' || key == 'r';
    return true;
}

static void
draw_why(struct wizard *w, struct grid *g, struct area a)
{
    const struct segment_why *why = &w->why->why;
    const char *reach = w->segment.why_reach;
    bool reachable = !reach || !reach[0] || strcmp(reach, "reachable") == 0;
    struct buf text = {0};
    size_t i = w->segment.why_top;
    int y;

    buf_printf(&text, "Why %s is %s%s%s", w->why->name, why->in_segment ? "in" : "not in",
               why->in_segment && !reachable ? ", but gets nothing: " : "",
               why->in_segment && !reachable ? skip_reason_words(reach) : "");
    y = grid_wrapped(g, a, 0, 2, ROLE_TITLE, buf_str(&text));
    for (; i < why->count && y + 1 < a.h - 1; i++) {
        const struct segment_reason *r = &why->reasons[i];
        struct area in = area_cols(a, 2, a.w - 2);

        (void)grid_text(g, a, y, 0, r->holds ? ROLE_OK : ROLE_ERROR, r->holds ? "✓" : "✗");
        buf_clear(&text);
        when_words(r->sentence, app_now_s(w->app), &text);
        y += grid_wrapped(g, in, y, a.h - 2 - y < 3 ? a.h - 2 - y : 3, ROLE_TEXT, buf_str(&text));
        buf_clear(&text);
        buf_add_str(&text, "saw: ");
        when_words(r->fact, app_now_s(w->app), &text);
        if (y < a.h - 1)
            y +=
                grid_wrapped(g, in, y, a.h - 1 - y < 2 ? a.h - 1 - y : 2, ROLE_DIM, buf_str(&text));
    }
    buf_clear(&text);
    buf_printf(&text, "%s%s", i < why->count || w->segment.why_top ? "↑↓ more criteria · " : "",
               "Esc or w: back to the sample");
    (void)grid_cell(g, a, a.h - 1, 0, a.w, ROLE_DIM, buf_str(&text));
    grid_cursor(g, a, 0, 0, false);
    buf_release(&text);
}

/* --- on the screen */

struct people_draw {
    struct wizard *w;
    int name_w, middle_w;
};

static const char *
time_cell(const struct wizard *w, bool has, int64_t at, char out[16])
{
    return has ? when_short(at, app_now_s(w->app), out) : "never";
}

static void
draw_person(void *ctx, struct grid *g, struct area a, size_t row, bool selected)
{
    const struct people_draw *d = ctx;
    const struct segment_person *p = person_at(d->w, row);
    enum people_sort sort = d->w->segment.sort;
    char when[16];
    int x = 1;

    if (!p)
        return;
    x = grid_cell(g, a, 0, x + 1, d->name_w, selected ? ROLE_TITLE : ROLE_TEXT, or_dash(p->name));
    if (sort == SORT_COUNT)
        (void)draw_number(g, a, 0, x + 1, 5, ROLE_DIM, p->appointment_count);
    else if (sort == SORT_APPOINTMENT)
        (void)grid_cell(g, a, 0, x + 1, DATE_CELLS, ROLE_DIM,
                        time_cell(d->w, p->has_last_appointment, p->last_appointment, when));
    else
        (void)grid_cell(g, a, 0, x + 1, DATE_CELLS, ROLE_DIM,
                        time_cell(d->w, p->has_last_visit, p->last_visit, when));
    x += 1 + d->middle_w;
    (void)grid_cell(g, a, 0, x + 1, 9, ROLE_DIM,
                    time_cell(d->w, p->has_last_contact, p->last_contact, when));
    if (a.w - x - 11 > 6 && p->reach && p->reach[0] && strcmp(p->reach, "reachable") != 0)
        (void)grid_cell(g, a, 0, x + 11, a.w - x - 12, ROLE_WARN, skip_reason_words(p->reach));
}

/* A heading; ↓ stands behind the one that sorts. */
static void
draw_head(struct grid *g, struct area a, int x, const char *text, bool sorts_by)
{
    (void)grid_printf(g, a, 0, x, sorts_by ? ROLE_TITLE : ROLE_DIM, "%s%s", text,
                      sorts_by ? " ↓" : "");
}

static void
tail_text(const struct wizard *w, bool focused, char *out, size_t size)
{
    const struct segment_step *s = &w->segment;
    char shown[32];
    char all[32];

    (void)snprintf(out, size, "%s of %s%s", number_text((int64_t)w->preview->sample.count, shown),
                   number_text(w->preview->reach.matched, all),
                   !focused ? " · F6 goes into the sample"
                   : has_more(w) && s->people.sel + 1 == w->preview->sample.count
                       ? " · PgDn fetches more"
                       : " · s sort  w why  r others");
}

void
people_draw(struct wizard *w, struct grid *g, struct area a, bool focused)
{
    struct people_draw d = {.w = w, .middle_w = DATE_CELLS + 2};
    enum people_sort sort = w->segment.sort;
    char tail[100];
    int x;

    if (w->why) {
        draw_why(w, g, a);
        return;
    }
    d.name_w = a.w - 2 - d.middle_w - 12;
    d.name_w = d.name_w > WIDE_NAME ? WIDE_NAME : d.name_w;
    x = 2 + d.name_w + 1;
    draw_head(g, a, 2, "Name", sort == SORT_NAME);
    draw_head(g, a, x, sorts[sort].column,
              sort == SORT_VISIT || sort == SORT_APPOINTMENT || sort == SORT_COUNT);
    draw_head(g, a, x + d.middle_w + 1, "Contacted", sort == SORT_CONTACT);
    if (w->preview->sample.count == 0)
        (void)grid_text(g, a, 1, 2, ROLE_DIM, "Nobody matches.");
    list_draw(&w->segment.people, g, area_rows(a, 1, a.h - 2), focused, draw_person, &d);
    tail_text(w, focused, tail, sizeof tail);
    (void)grid_cell(g, a, a.h - 1, 0, a.w, ROLE_DIM, tail);
}

/* --- keys */

static bool
click(struct wizard *w, const struct input *in)
{
    struct segment_step *s = &w->segment;
    size_t row;

    if (w->why && in->mouse != MOUSE_WHEEL_UP && in->mouse != MOUSE_WHEEL_DOWN)
        (void)people_close_why(w);
    else if (w->why)
        (void)why_key(w, in->mouse == MOUSE_WHEEL_UP ? KEYS_UP : KEYS_DOWN);
    else if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN)
        list_wheel(&s->people, in->mouse == MOUSE_WHEEL_UP ? -3 : 3);
    else if (list_row_at(&s->people, in->y, in->x, &row))
        list_select(&s->people, row, LIST_NO_ID);
    return true;
}

bool
wizard_preview_input(struct wizard *w, const struct input *in)
{
    struct segment_step *s = &w->segment;

    if (in->key == KEYS_MOUSE)
        return click(w, in);
    if (w->why)
        return why_key(w, in->key);
    switch (in->key) {
    case 'r':
        s->seed++;
        s->more = 0;
        wizard_ask_preview(w);
        return true;
    case 's':
        next_sort(w);
        return true;
    case 'w':
    case KEYS_ENTER:
        ask_why(w);
        return true;
    case KEYS_PGDN:
    case KEYS_DOWN:
    case 'j':
        if (fetch_more(w))
            return true;
        break;
    default:
        break;
    }
    return list_key(&s->people, in->key);
}
