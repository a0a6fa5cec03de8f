/*
 * Values of a leaf as conditions on columns. The reference is segment/compile.c: each function here
 * stands for one there.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/leaf_private.h"

bool
leaf_fetch(struct leaf_work *w, enum index_section s, struct index_column *out)
{
    if (w->outcome == LEAF_DAMAGED || index_file_column(w->v->file, s, out))
        return w->outcome != LEAF_DAMAGED;
    w->outcome = LEAF_DAMAGED;
    return false;
}

/* --- times */

const struct span span_any = {INT64_MIN, INT64_MAX};

void
span_narrow(struct span *s, int64_t low, int64_t high)
{
    s->low = low > s->low ? low : s->low;
    s->high = high < s->high ? high : s->high;
}

void
span_older(struct span *s, const struct leaf_work *w, const struct leaf_value *v)
{
    int64_t cutoff = 0;

    if (!v->given)
        return;
    if (cutoff_before(w->env->now_s, v->days, &cutoff))
        span_narrow(s, INT64_MIN + 1, cutoff);
    else
        span_narrow(s, INT64_MAX, INT64_MIN); /* before all time: nothing */
}

void
span_within(struct span *s, const struct leaf_work *w, const struct leaf_value *v)
{
    int64_t cutoff = 0;

    if (!v->given)
        return;
    if (!cutoff_before(w->env->now_s, v->days, &cutoff) || cutoff == INT64_MIN)
        cutoff = INT64_MIN + 1;
    span_narrow(s, cutoff, INT64_MAX);
}

void
span_never(struct span *s, const struct leaf_value *v)
{
    if (!v->given)
        return;
    if (v->flag)
        span_narrow(s, INT64_MIN, INT64_MIN);
    else
        span_narrow(s, INT64_MIN + 1, INT64_MAX);
}

void
leaf_use_coarse(struct leaf_work *w, int column, const struct index_column *second,
                struct condition *c)
{
    const struct coarse *coarse = coarse_columns_get(&w->v->coarse, column, &c->column, second);

    if (coarse)
        c->coarse = coarse_range_of(coarse, c->low, c->high);
}

struct condition *
leaf_new_span(struct leaf_work *w, enum index_section s, const struct span *span)
{
    struct condition *c;
    struct index_column column;

    if (span->low == span_any.low && span->high == span_any.high)
        return NULL;
    if (!leaf_fetch(w, s, &column))
        return NULL;
    c = conditions_add(&w->c, span->low > span->high ? CONDITION_FALSE : CONDITION_TIME);
    c->column = column;
    c->low = span->low;
    c->high = span->high;
    return c;
}

void
leaf_add_span(struct leaf_work *w, enum index_section s, const struct span *span)
{
    struct condition *c = leaf_new_span(w, s, span);

    if (c && c->kind == CONDITION_TIME)
        leaf_use_coarse(w, (int)s, NULL, c);
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

bool
leaf_word_codes(struct leaf_work *w, enum index_section s, const struct leaf_value *v,
                struct condition *c)
{
    size_t count = 0;
    const char *const *words;
    bool *holds;

    if (!leaf_fetch(w, s, &c->column))
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

void
leaf_add_words(struct leaf_work *w, enum index_section s, const struct leaf_value *v)
{
    struct condition *c;

    if (!v->given)
        return;
    c = conditions_add(&w->c, CONDITION_CODES);
    if (v->word_count == 0 || (leaf_word_codes(w, s, v, c) && c->code_count == 0))
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

bool
leaf_count_holds(const struct comparisons *c, int64_t count)
{
    for (size_t i = 0; i < c->count; i++)
        if (!op_holds(c->at[i].op, compare_whole(count, &c->at[i].value)))
            return false;
    return true;
}

void
leaf_add_scores(struct leaf_work *w, enum index_section s, const struct comparisons *numbers)
{
    struct index_column column;
    struct index_column scores;
    struct condition *c;
    bool *holds;

    if (numbers->count == 0)
        return;
    if (!leaf_fetch(w, s, &column) || !leaf_fetch(w, SECTION_SCORES, &scores))
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
