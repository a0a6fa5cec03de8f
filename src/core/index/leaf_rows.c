/* Leaves of conversations and appointments: the rows that fit, then whose they are. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/leaf_private.h"

static void
add_intent(struct leaf_work *w, const struct leaf_value *v)
{
    const struct leaf_value outcomes = {
        .given = true,
        .words = w->env->config->segments.booking_intent_outcomes.items,
        .word_count = w->env->config->segments.booking_intent_outcomes.count,
    };
    struct condition *c;

    if (!v->given)
        return;
    c = conditions_add(&w->c, CONDITION_INTENT);
    c->value = v->flag;
    if (leaf_word_codes(w, SECTION_CONVERSATION_OUTCOME, &outcomes, c))
        (void)leaf_fetch(w, SECTION_CONVERSATION_REQUEST, &c->second);
}

/* The rows of a metadata key: list[from .. from + count). false: not kept, or damaged. */
static bool
held_rows(struct leaf_work *w, const char *name, size_t *from, size_t *count)
{
    size_t names = 0;
    const char *const *words = index_file_words(w->v->file, SECTION_WORDS_HELD, &names);
    struct index_column first;

    *from = 0;
    *count = 0;
    if (index_file_meta(w->v->file)->no_held) {
        w->outcome = LEAF_ASK_SQL;
        return false;
    }
    if (!words || !leaf_fetch(w, SECTION_HELD_FIRST, &first)) {
        w->outcome = LEAF_DAMAGED;
        return false;
    }
    for (size_t i = 0; i < names && i + 1 < first.count; i++)
        if (strcmp(words[i], name) == 0) {
            const uint32_t *f = first.data;

            *from = f[i];
            *count = f[i + 1] - f[i];
            break;
        }
    return true;
}

static void
add_held(struct leaf_work *w, const struct leaf_value *v)
{
    struct index_column rows;
    struct condition *c;
    size_t from = 0;
    size_t count = 0;

    if (!v->given || !held_rows(w, v->text, &from, &count) ||
        !leaf_fetch(w, SECTION_HELD_ROW, &rows))
        return;
    c = conditions_add(&w->c, count > 0 ? CONDITION_LISTED : CONDITION_FALSE);
    c->list = (const uint32_t *)rows.data + from;
    c->list_count = count;
}

static void
add_conversation(struct leaf_work *w, const struct leaf *leaf)
{
    const struct leaf_value *v = leaf->values;
    struct span at = span_any;

    leaf_add_words(w, SECTION_CONVERSATION_CHANNEL, &v[CONVERSATION_CHANNEL]);
    leaf_add_words(w, SECTION_CONVERSATION_TYPE, &v[CONVERSATION_TYPE]);
    leaf_add_words(w, SECTION_CONVERSATION_STATUS, &v[CONVERSATION_STATUS]);
    leaf_add_words(w, SECTION_CONVERSATION_OUTCOME, &v[CONVERSATION_OUTCOME]);
    leaf_add_words(w, SECTION_CONVERSATION_SENTIMENT, &v[CONVERSATION_SENTIMENT]);
    add_intent(w, &v[CONVERSATION_BOOKING_INTENT]);
    leaf_add_scores(w, SECTION_CONVERSATION_SATISFACTION, &v[CONVERSATION_SATISFACTION].numbers);
    span_older(&at, w, &v[CONVERSATION_OLDER]);
    span_within(&at, w, &v[CONVERSATION_WITHIN]);
    leaf_add_span(w, SECTION_CONVERSATION_AT, &at);
    add_held(w, &v[CONVERSATION_HAS_METADATA]);
}

static void
add_appointment(struct leaf_work *w, const struct leaf *leaf)
{
    const struct leaf_value *v = leaf->values;
    struct span at = span_any;
    struct span upcoming = span_any;

    leaf_add_words(w, SECTION_APPOINTMENT_STATUS, &v[APPOINTMENT_STATUS]);
    leaf_add_words(w, SECTION_APPOINTMENT_SERVICE, &v[APPOINTMENT_SERVICE]);
    leaf_add_words(w, SECTION_APPOINTMENT_PROVIDER, &v[APPOINTMENT_PROVIDER]);
    leaf_add_words(w, SECTION_APPOINTMENT_BOOKED_BY, &v[APPOINTMENT_BOOKED_BY]);
    span_older(&at, w, &v[APPOINTMENT_OLDER]);
    span_within(&at, w, &v[APPOINTMENT_WITHIN]);
    leaf_add_span(w, SECTION_APPOINTMENT_AT, &at);
    if (v[APPOINTMENT_UPCOMING].given && v[APPOINTMENT_UPCOMING].flag)
        span_narrow(&upcoming, w->env->now_s, INT64_MAX);
    else if (v[APPOINTMENT_UPCOMING].given) /* no time at all is not upcoming */
        span_narrow(&upcoming, INT64_MIN, w->env->now_s - 1);
    leaf_add_span(w, SECTION_APPOINTMENT_AT, &upcoming);
}

/* Customers who have the wanted number of these rows; rows is used up. */
static void
count_rows(const struct rows_map *m, const struct comparisons *wanted, struct bits *rows,
           struct bits *out)
{
    uint8_t *holds = mem_calloc(m->greatest + 1u, 1);
    bool from_one = true; /* all numbers from 1 on are alike */

    for (uint32_t n = 0; n <= m->greatest; n++) {
        holds[n] = wanted ? leaf_count_holds(wanted, n) : n > 0;
        from_one = from_one && (n < 2 || holds[n] == holds[1]);
    }
    if (m->greatest == 0 || (from_one && holds[0] == holds[1])) {
        bits_fill(out, holds[0]);
    } else if (from_one) {
        rows_any(m, rows, out);
        if (holds[0])
            bits_not(out);
    } else {
        rows_counted(m, rows, holds, out);
    }
    free(holds);
}

/* Conditions of rows, by the leaf's values; a leaf's times move, what else it says stays. */
struct row_table {
    void (*add)(struct leaf_work *w, const struct leaf *leaf);
    bool (*map)(struct index_view *v, const struct rows_map **out);
    int times[3], count; /* keys of the leaf */
};
static const struct row_table conversation_rows = {
    add_conversation,
    view_conversations,
    {CONVERSATION_OLDER, CONVERSATION_WITHIN, CONVERSATION_WITHIN},
    CONVERSATION_LEAF_COUNT,
};
static const struct row_table appointment_rows = {
    add_appointment,
    view_appointments,
    {APPOINTMENT_OLDER, APPOINTMENT_WITHIN, APPOINTMENT_UPCOMING},
    APPOINTMENT_LEAF_COUNT,
};

static bool
is_time_of(const struct row_table *t, int key)
{
    for (size_t i = 0; i < ARRAY_LEN(t->times); i++)
        if (t->times[i] == key)
            return true;
    return false;
}

/* The leaf with its times only, or without them; false: nothing is left. Nothing is owned. */
static bool
part_of(const struct row_table *t, const struct leaf *leaf, bool times, struct leaf *part)
{
    bool any = false;

    *part = *leaf;
    for (int k = 0; k < (int)leaf->spec->key_count; k++) {
        if (k == t->count || is_time_of(t, k) != times)
            part->values[k] = (struct leaf_value){0};
        any |= part->values[k].given;
    }
    return any;
}

static bool
scan_leaf(struct leaf_work *w, const struct row_table *t, const struct leaf *leaf,
          struct bits *rows)
{
    conditions_release(&w->c);
    t->add(w, leaf);
    if (w->outcome == LEAF_DONE)
        scan_rows(&w->c, rows);
    return w->outcome == LEAF_DONE;
}

/* The rows of all but the times, from the last time that they were asked for. */
static bool
and_still(struct leaf_work *w, const struct row_table *t, const struct leaf *still,
          struct bits *rows)
{
    struct buf key = {0};
    struct bits made = {0};
    struct cached *kept;

    index_leaf_key(still, w->env, &key);
    kept = view_rows_find(w->v, &key);
    if (!kept) {
        bits_init(&made, rows->count);
        if (scan_leaf(w, t, still, &made))
            kept = view_rows_put(w->v, &key, &made);
        bits_release(&made);
    }
    if (kept)
        bits_and(rows, &kept->bits);
    buf_release(&key);
    return kept != NULL;
}

void
leaf_eval_rows(struct leaf_work *w, const struct leaf *leaf, struct bits *out)
{
    const struct row_table *t =
        leaf->spec->kind == LEAF_CONVERSATION ? &conversation_rows : &appointment_rows;
    const struct leaf_value *count = &leaf->values[t->count];
    const struct rows_map *m = NULL;
    struct leaf moving;
    struct leaf still;
    struct bits rows = {0};
    bool ok;

    if (!t->map(w->v, &m)) {
        w->outcome = LEAF_DAMAGED;
        return;
    }
    bits_init(&rows, m->rows);
    if (part_of(t, leaf, true, &moving) && part_of(t, leaf, false, &still))
        ok = scan_leaf(w, t, &moving, &rows) && and_still(w, t, &still, &rows);
    else
        ok = scan_leaf(w, t, leaf, &rows);
    if (ok)
        count_rows(m, count->given ? &count->numbers : NULL, &rows, out);
    bits_release(&rows);
}

/* A scheduled appointment from now on, at most so many days ahead. */
void
leaf_eval_next(struct leaf_work *w, const struct leaf *leaf, struct bits *out)
{
    static char scheduled[] = "scheduled";
    char *words[] = {scheduled};
    const struct leaf_value status = {.given = true, .words = words, .word_count = 1};
    const struct leaf_value *next = &leaf->values[NEXT_IN_DAYS];
    const struct leaf_value *never = &leaf->values[NEXT_NEVER];
    const struct rows_map *m = NULL;
    struct span span = span_any;
    struct bits also = {0};
    struct bits rows = {0};
    int64_t cutoff = 0;

    if (!view_appointments(w->v, &m)) {
        w->outcome = LEAF_DAMAGED;
        return;
    }
    bits_fill(out, true);
    bits_init(&also, out->count);
    bits_init(&rows, m->rows);
    span_narrow(&span, w->env->now_s, INT64_MAX);
    leaf_add_words(w, SECTION_APPOINTMENT_STATUS, &status);
    leaf_add_span(w, SECTION_APPOINTMENT_AT, &span);
    if (never->given && w->outcome == LEAF_DONE) {
        scan_rows(&w->c, &rows);
        count_rows(m, NULL, &rows, &also);
        if (never->flag)
            bits_not(&also);
        bits_and(out, &also);
    }
    if (next->given && w->outcome == LEAF_DONE) {
        if (cutoff_after(w->env->now_s, next->days, &cutoff))
            span_narrow(&span, INT64_MIN, cutoff);
        leaf_add_span(w, SECTION_APPOINTMENT_AT, &span);
        scan_rows(&w->c, &rows);
        count_rows(m, NULL, &rows, &also);
        bits_and(out, &also);
    }
    bits_release(&rows);
    bits_release(&also);
}

void
leaf_eval_number(struct leaf_work *w, const struct leaf *leaf, struct bits *out)
{
    bool conversations = leaf->spec->kind == LEAF_CONVERSATION_COUNT;
    const struct rows_map *m = NULL;
    uint8_t *holds;

    if (conversations ? !view_conversations(w->v, &m) : !view_appointments(w->v, &m)) {
        w->outcome = LEAF_DAMAGED;
        return;
    }
    holds = mem_calloc(m->greatest + 1u, 1);
    for (uint32_t n = 0; n <= m->greatest; n++)
        holds[n] = leaf_count_holds(&leaf->values[0].numbers, n);
    rows_numbered(m, holds, out);
    free(holds);
}

/* Owners of the rows from..end-1 with a time within low..high; without branches, since nearly every
 * row would be a guess that fails half of the time. */
static void
mark_owners(const struct index_column *owners, const struct index_column *times, size_t from,
            size_t end, const struct span *span, struct bits *out)
{
    const uint32_t *owner = owners->data;

    if (times->width == 8) {
        const int64_t *t = times->data;

        for (size_t i = from; i < end; i++)
            bits_join(out, owner[i], (t[i] >= span->low) & (t[i] <= span->high));
    } else {
        const int32_t *t = times->data;

        for (size_t i = from; i < end; i++) {
            int64_t time = t[i] == INT32_MIN ? INT64_MIN : t[i];

            bits_join(out, owner[i], (time >= span->low) & (time <= span->high));
        }
    }
}

/* The last of a customer's visits lies in a span when one is not before it and none is after it. */
void
leaf_eval_page_visit(struct leaf_work *w, const struct leaf *leaf, struct bits *out)
{
    const struct leaf_value *v = leaf->values;
    struct span span = span_any;
    struct index_column owners;
    struct index_column times;
    struct bits after = {0};
    size_t from = 0;
    size_t count = 0;

    span_older(&span, w, &v[PAGE_VISIT_OLDER]);
    span_within(&span, w, &v[PAGE_VISIT_WITHIN]);
    span_never(&span, &v[PAGE_VISIT_NEVER]);
    if (!held_rows(w, v[PAGE_VISIT_KEY].text, &from, &count) ||
        !leaf_fetch(w, SECTION_HELD_OWNER, &owners) || !leaf_fetch(w, SECTION_HELD_AT, &times))
        return;
    bits_fill(out, span.low == INT64_MIN && span.low <= span.high);
    if (span.low > span.high)
        return;
    if (span.low > INT64_MIN)
        mark_owners(&owners, &times, from, from + count, &(struct span){span.low, INT64_MAX}, out);
    if (span.high == INT64_MAX)
        return;
    bits_init(&after, out->count);
    mark_owners(&owners, &times, from, from + count, &(struct span){span.high + 1, INT64_MAX},
                &after);
    bits_and_not(out, &after);
    bits_release(&after);
}
