/*
 * Leaves of the criteria as conditions on columns. The reference is segment/compile.c: each
 * function here stands for one there.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/view.h"
#include "core/segment/compile.h"

struct work {
    struct index_view *v;
    const struct segment_env *env;
    struct conditions c;
    enum leaf_outcome outcome;
};

static bool
fetch(struct work *w, enum index_section s, struct index_column *out)
{
    if (w->outcome == LEAF_DAMAGED || index_file_column(w->v->file, s, out))
        return w->outcome != LEAF_DAMAGED;
    w->outcome = LEAF_DAMAGED;
    return false;
}

/* --- times */

struct span { /* of a time; the lowest number stands for "none" */
    int64_t low, high;
};
static const struct span any_time = {INT64_MIN, INT64_MAX};

static void
narrow(struct span *s, int64_t low, int64_t high)
{
    s->low = low > s->low ? low : s->low;
    s->high = high < s->high ? high : s->high;
}

static void
span_older(struct span *s, const struct work *w, const struct leaf_value *v)
{
    int64_t cutoff = 0;

    if (!v->given)
        return;
    if (cutoff_before(w->env->now_s, v->days, &cutoff))
        narrow(s, INT64_MIN + 1, cutoff);
    else
        narrow(s, INT64_MAX, INT64_MIN); /* before all time: nothing */
}

static void
span_within(struct span *s, const struct work *w, const struct leaf_value *v)
{
    int64_t cutoff = 0;

    if (!v->given)
        return;
    if (!cutoff_before(w->env->now_s, v->days, &cutoff) || cutoff == INT64_MIN)
        cutoff = INT64_MIN + 1;
    narrow(s, cutoff, INT64_MAX);
}

static void
span_never(struct span *s, const struct leaf_value *v)
{
    if (!v->given)
        return;
    if (v->flag)
        narrow(s, INT64_MIN, INT64_MIN);
    else
        narrow(s, INT64_MIN + 1, INT64_MAX);
}

static void
add_span(struct work *w, enum index_section s, const struct span *span)
{
    struct condition *c;
    struct index_column column;

    if (span->low == any_time.low && span->high == any_time.high)
        return;
    if (!fetch(w, s, &column))
        return;
    c = conditions_add(&w->c, span->low > span->high ? CONDITION_FALSE : CONDITION_TIME);
    c->column = column;
    c->low = span->low;
    c->high = span->high;
}

/* --- words and numbers */

static bool
is_wanted(const struct leaf_value *v, const char *word)
{
    for (size_t i = 0; i < v->word_count; i++)
        if (strcmp(v->words[i], word) == 0)
            return true;
    return false;
}

/* Fills a condition's codes; false when the column is not kept or damaged. */
static bool
word_codes(struct work *w, enum index_section s, const struct leaf_value *v, struct condition *c)
{
    size_t count = 0;
    const char *const *words;
    bool *holds;

    if (!fetch(w, s, &c->column))
        return false;
    words = index_file_words(w->v->file, index_spec(s)->other, &count);
    if (!words) {
        w->outcome = LEAF_DAMAGED;
        return false;
    }
    if (c->column.width == 0) {
        w->outcome = w->outcome == LEAF_DAMAGED ? LEAF_DAMAGED : LEAF_ASK_SQL;
        return false;
    }
    holds = mem_calloc(count, sizeof *holds);
    for (size_t i = 0; i < count; i++)
        holds[i] = is_wanted(v, words[i]);
    condition_set_codes(c, holds, count);
    free(holds);
    return true;
}

static void
add_words(struct work *w, enum index_section s, const struct leaf_value *v)
{
    struct condition *c;

    if (!v->given)
        return;
    c = conditions_add(&w->c, CONDITION_CODES);
    if (v->word_count == 0 || (word_codes(w, s, v, c) && c->code_count == 0))
        c->kind = CONDITION_FALSE;
}

/* As SQLite compares: exactly, also a number of 64 bits with a fraction. */
static int
compare_real(double a, const struct number *n)
{
    int64_t whole;

    if (!n->whole)
        return (a > n->real) - (a < n->real);
    if (a < -9223372036854775808.0)
        return -1;
    if (a >= 9223372036854775808.0)
        return 1;
    whole = (int64_t)a;
    if (whole != n->integer)
        return whole > n->integer ? 1 : -1;
    return (a > (double)whole) - (a < (double)whole);
}

static int
compare_whole(int64_t a, const struct number *n)
{
    return n->whole ? (a > n->integer) - (a < n->integer) : compare_real((double)a, n);
}

static bool
op_holds(enum number_op op, int order)
{
    switch (op) {
    case NUMBER_EQ:
        return order == 0;
    case NUMBER_LT:
        return order < 0;
    case NUMBER_LE:
        return order <= 0;
    case NUMBER_GT:
        return order > 0;
    case NUMBER_GE:
        return order >= 0;
    case NUMBER_NE:
        return order != 0;
    case NUMBER_OP_COUNT:
        break;
    }
    return false;
}

static bool
score_holds(const struct comparisons *c, double score)
{
    for (size_t i = 0; i < c->count; i++)
        if (!op_holds(c->at[i].op, compare_real(score, &c->at[i].value)))
            return false;
    return true;
}

static bool
count_holds(const struct comparisons *c, int64_t count)
{
    for (size_t i = 0; i < c->count; i++)
        if (!op_holds(c->at[i].op, compare_whole(count, &c->at[i].value)))
            return false;
    return true;
}

static void
add_scores(struct work *w, enum index_section s, const struct comparisons *numbers)
{
    struct index_column column;
    struct index_column scores;
    struct condition *c;
    bool *holds;

    if (numbers->count == 0)
        return;
    if (!fetch(w, s, &column) || !fetch(w, SECTION_SCORES, &scores))
        return;
    if (column.width == 0) {
        w->outcome = LEAF_ASK_SQL;
        return;
    }
    c = conditions_add(&w->c, CONDITION_CODES);
    c->column = column;
    holds = mem_calloc(scores.count, sizeof *holds);
    for (size_t i = 0; i < scores.count; i++)
        holds[i] = score_holds(numbers, ((const double *)scores.data)[i]);
    condition_set_codes(c, holds, scores.count);
    free(holds);
}

/* --- facts */

static void
add_fact(struct work *w, const struct leaf *leaf, enum index_section s)
{
    struct span span = any_time;

    span_older(&span, w, &leaf->values[FACT_OLDER]);
    span_within(&span, w, &leaf->values[FACT_WITHIN]);
    span_never(&span, &leaf->values[FACT_NEVER]);
    add_span(w, s, &span);
}

static void
add_last_appointment(struct work *w, const struct leaf *leaf)
{
    struct span cancelled = any_time;

    add_fact(w, leaf, SECTION_LAST_APPOINTMENT);
    add_words(w, SECTION_LAST_APPOINTMENT_STATUS, &leaf->values[FACT_STATUS]);
    add_words(w, SECTION_LAST_APPOINTMENT_SERVICE, &leaf->values[FACT_SERVICE]);
    add_words(w, SECTION_LAST_APPOINTMENT_PROVIDER, &leaf->values[FACT_PROVIDER]);
    span_within(&cancelled, w, &leaf->values[FACT_CANCELLED]);
    add_span(w, SECTION_LAST_APPOINTMENT_CANCELLED, &cancelled);
}

/* The later of two; "none" is the lowest number, so the later of it and a time is the time. */
static void
add_last_activity(struct work *w, const struct leaf *leaf)
{
    struct condition *c;

    add_fact(w, leaf, SECTION_LAST_CONTACT);
    if (w->c.count == 0)
        return;
    c = &w->c.at[0];
    if (c->kind == CONDITION_TIME && fetch(w, SECTION_LAST_APPOINTMENT, &c->second))
        c->kind = CONDITION_LATER;
}

static void
add_customer(struct work *w, const struct leaf *leaf)
{
    static const struct {
        int key;
        uint8_t flag;
    } flags[] = {{CUSTOMER_IS_NEW, INDEX_IS_NEW},
                 {CUSTOMER_HAS_PHONE, INDEX_HAS_PHONE},
                 {CUSTOMER_HAS_EMAIL, INDEX_HAS_EMAIL}};
    const struct leaf_value *v = leaf->values;
    struct span created = any_time;

    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        struct index_column column;
        struct condition *c;

        if (!v[flags[i].key].given || !fetch(w, SECTION_FLAGS, &column))
            continue;
        c = conditions_add(&w->c, CONDITION_BYTE);
        c->column = column;
        c->which = flags[i].flag;
        c->value = v[flags[i].key].flag ? flags[i].flag : 0;
    }
    span_within(&created, w, &v[CUSTOMER_CREATED_WITHIN]);
    span_older(&created, w, &v[CUSTOMER_CREATED_OLDER]);
    add_span(w, SECTION_CREATED, &created);
}

/* --- conversations and appointments */

static void
add_intent(struct work *w, const struct leaf_value *v)
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
    if (word_codes(w, SECTION_CONVERSATION_OUTCOME, &outcomes, c))
        (void)fetch(w, SECTION_CONVERSATION_REQUEST, &c->second);
}

/* The rows of a metadata key: list[from .. from + count). false: not kept, or damaged. */
static bool
held_rows(struct work *w, const char *name, size_t *from, size_t *count)
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
    if (!words || !fetch(w, SECTION_HELD_FIRST, &first)) {
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
add_held(struct work *w, const struct leaf_value *v)
{
    struct index_column rows;
    struct condition *c;
    size_t from = 0;
    size_t count = 0;

    if (!v->given || !held_rows(w, v->text, &from, &count) || !fetch(w, SECTION_HELD_ROW, &rows))
        return;
    c = conditions_add(&w->c, count > 0 ? CONDITION_LISTED : CONDITION_FALSE);
    c->list = (const uint32_t *)rows.data + from;
    c->list_count = count;
}

static void
add_conversation(struct work *w, const struct leaf *leaf)
{
    const struct leaf_value *v = leaf->values;
    struct span at = any_time;

    add_words(w, SECTION_CONVERSATION_CHANNEL, &v[CONVERSATION_CHANNEL]);
    add_words(w, SECTION_CONVERSATION_TYPE, &v[CONVERSATION_TYPE]);
    add_words(w, SECTION_CONVERSATION_STATUS, &v[CONVERSATION_STATUS]);
    add_words(w, SECTION_CONVERSATION_OUTCOME, &v[CONVERSATION_OUTCOME]);
    add_words(w, SECTION_CONVERSATION_SENTIMENT, &v[CONVERSATION_SENTIMENT]);
    add_intent(w, &v[CONVERSATION_BOOKING_INTENT]);
    add_scores(w, SECTION_CONVERSATION_SATISFACTION, &v[CONVERSATION_SATISFACTION].numbers);
    span_older(&at, w, &v[CONVERSATION_OLDER]);
    span_within(&at, w, &v[CONVERSATION_WITHIN]);
    add_span(w, SECTION_CONVERSATION_AT, &at);
    add_held(w, &v[CONVERSATION_HAS_METADATA]);
}

static void
add_appointment(struct work *w, const struct leaf *leaf)
{
    const struct leaf_value *v = leaf->values;
    struct span at = any_time;
    struct span upcoming = any_time;

    add_words(w, SECTION_APPOINTMENT_STATUS, &v[APPOINTMENT_STATUS]);
    add_words(w, SECTION_APPOINTMENT_SERVICE, &v[APPOINTMENT_SERVICE]);
    add_words(w, SECTION_APPOINTMENT_PROVIDER, &v[APPOINTMENT_PROVIDER]);
    add_words(w, SECTION_APPOINTMENT_BOOKED_BY, &v[APPOINTMENT_BOOKED_BY]);
    span_older(&at, w, &v[APPOINTMENT_OLDER]);
    span_within(&at, w, &v[APPOINTMENT_WITHIN]);
    add_span(w, SECTION_APPOINTMENT_AT, &at);
    if (v[APPOINTMENT_UPCOMING].given && v[APPOINTMENT_UPCOMING].flag)
        narrow(&upcoming, w->env->now_s, INT64_MAX);
    else if (v[APPOINTMENT_UPCOMING].given) /* no time at all is not upcoming */
        narrow(&upcoming, INT64_MIN, w->env->now_s - 1);
    add_span(w, SECTION_APPOINTMENT_AT, &upcoming);
}

/* Rows that fit, and customers who have the wanted number of them. */
static void
count_rows(struct work *w, const struct rows_map *m, const struct comparisons *wanted,
           struct bits *out)
{
    struct bits rows = {0};
    uint8_t *holds = mem_calloc(m->greatest + 1u, 1);
    bool from_one = true; /* all numbers from 1 on are alike */

    for (uint32_t n = 0; n <= m->greatest; n++) {
        holds[n] = wanted ? count_holds(wanted, n) : n > 0;
        from_one = from_one && (n < 2 || holds[n] == holds[1]);
    }
    bits_init(&rows, m->rows);
    scan_rows(&w->c, &rows);
    if (m->greatest == 0 || (from_one && holds[0] == holds[1])) {
        bits_fill(out, holds[0]);
    } else if (from_one) {
        rows_any(m, &rows, out);
        if (holds[0])
            bits_not(out);
    } else {
        rows_counted(m, &rows, holds, out);
    }
    bits_release(&rows);
    free(holds);
}

static void
eval_rows(struct work *w, const struct leaf *leaf, struct bits *out)
{
    bool conversations = leaf->spec->kind == LEAF_CONVERSATION;
    const struct leaf_value *count =
        &leaf->values[conversations ? CONVERSATION_LEAF_COUNT : APPOINTMENT_LEAF_COUNT];
    const struct rows_map *m = NULL;

    if (conversations)
        add_conversation(w, leaf);
    else
        add_appointment(w, leaf);
    if (w->outcome != LEAF_DONE)
        return;
    if (conversations ? !view_conversations(w->v, &m) : !view_appointments(w->v, &m)) {
        w->outcome = LEAF_DAMAGED;
        return;
    }
    count_rows(w, m, count->given ? &count->numbers : NULL, out);
}

/* A scheduled appointment from now on, at most so many days ahead. */
static void
eval_next(struct work *w, const struct leaf *leaf, struct bits *out)
{
    static char scheduled[] = "scheduled";
    char *words[] = {scheduled};
    const struct leaf_value status = {.given = true, .words = words, .word_count = 1};
    const struct leaf_value *next = &leaf->values[NEXT_IN_DAYS];
    const struct leaf_value *never = &leaf->values[NEXT_NEVER];
    const struct rows_map *m = NULL;
    struct span span = any_time;
    struct bits also = {0};
    int64_t cutoff = 0;

    if (!view_appointments(w->v, &m)) {
        w->outcome = LEAF_DAMAGED;
        return;
    }
    bits_fill(out, true);
    bits_init(&also, out->count);
    narrow(&span, w->env->now_s, INT64_MAX);
    add_words(w, SECTION_APPOINTMENT_STATUS, &status);
    add_span(w, SECTION_APPOINTMENT_AT, &span);
    if (never->given && w->outcome == LEAF_DONE) {
        count_rows(w, m, NULL, &also);
        if (never->flag)
            bits_not(&also);
        bits_and(out, &also);
    }
    if (next->given && w->outcome == LEAF_DONE) {
        if (cutoff_after(w->env->now_s, next->days, &cutoff))
            narrow(&span, INT64_MIN, cutoff);
        add_span(w, SECTION_APPOINTMENT_AT, &span);
        count_rows(w, m, NULL, &also);
        bits_and(out, &also);
    }
    bits_release(&also);
}

static void
eval_number(struct work *w, const struct leaf *leaf, struct bits *out)
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
        holds[n] = count_holds(&leaf->values[0].numbers, n);
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
static void
eval_page_visit(struct work *w, const struct leaf *leaf, struct bits *out)
{
    const struct leaf_value *v = leaf->values;
    struct span span = any_time;
    struct index_column owners;
    struct index_column times;
    struct bits after = {0};
    size_t from = 0;
    size_t count = 0;

    span_older(&span, w, &v[PAGE_VISIT_OLDER]);
    span_within(&span, w, &v[PAGE_VISIT_WITHIN]);
    span_never(&span, &v[PAGE_VISIT_NEVER]);
    if (!held_rows(w, v[PAGE_VISIT_KEY].text, &from, &count) ||
        !fetch(w, SECTION_HELD_OWNER, &owners) || !fetch(w, SECTION_HELD_AT, &times))
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

enum leaf_outcome
index_leaf(struct index_view *v, const struct leaf *leaf, const struct segment_env *env,
           struct bits *out)
{
    struct work w = {.v = v, .env = env, .outcome = LEAF_DONE};
    bool scan = true; /* the conditions are of the customers themselves */

    switch (leaf->spec->kind) {
    case LEAF_LAST_CONTACT:
        add_fact(&w, leaf, SECTION_LAST_CONTACT);
        break;
    case LEAF_LAST_APPOINTMENT:
        add_last_appointment(&w, leaf);
        break;
    case LEAF_LAST_VISIT:
        add_fact(&w, leaf, SECTION_LAST_VISIT);
        break;
    case LEAF_LAST_CANCELLATION:
        add_fact(&w, leaf, SECTION_LAST_CANCELLATION);
        break;
    case LEAF_LAST_ACTIVITY:
        add_last_activity(&w, leaf);
        break;
    case LEAF_LAST_SATISFACTION:
        add_scores(&w, SECTION_LAST_SATISFACTION, &leaf->values[0].numbers);
        break;
    case LEAF_CUSTOMER:
        add_customer(&w, leaf);
        break;
    case LEAF_NEXT_APPOINTMENT:
        eval_next(&w, leaf, out);
        scan = false;
        break;
    case LEAF_APPOINTMENT_COUNT:
    case LEAF_CONVERSATION_COUNT:
        eval_number(&w, leaf, out);
        scan = false;
        break;
    case LEAF_CONVERSATION:
    case LEAF_APPOINTMENT:
        eval_rows(&w, leaf, out);
        scan = false;
        break;
    case LEAF_PAGE_VISIT:
        eval_page_visit(&w, leaf, out);
        scan = false;
        break;
    case LEAF_CONTACTED_BY:
    case LEAF_KIND_COUNT:
        w.outcome = LEAF_ASK_SQL;
        break;
    }
    if (scan && w.outcome == LEAF_DONE)
        scan_rows(&w.c, out);
    conditions_release(&w.c);
    return w.outcome;
}
