/*
 * What the halves of leaf evaluation share: a leaf's values as conditions (leaf_values.c), leaves
 * of customers (leaf.c), leaves of their rows (leaf_rows.c). For core/index only.
 */
#ifndef CANVASS_CORE_INDEX_LEAF_PRIVATE_H
#define CANVASS_CORE_INDEX_LEAF_PRIVATE_H

#include "core/index/view.h"
#include "core/segment/compile.h"

struct leaf_work {
    struct index_view *v;
    const struct segment_env *env;
    struct conditions c;
    enum leaf_outcome outcome;
};

/* --- leaf_values.c */

/* false: damaged, now or before. */
bool leaf_fetch(struct leaf_work *w, enum index_section s, struct index_column *out);

struct span { /* of a time; the lowest number stands for "none" */
    int64_t low, high;
};
extern const struct span span_any;
void span_narrow(struct span *s, int64_t low, int64_t high);
/* Nothing happens when the value is not given. */
void span_older(struct span *s, const struct leaf_work *w, const struct leaf_value *v);
void span_within(struct span *s, const struct leaf_work *w, const struct leaf_value *v);
void span_never(struct span *s, const struct leaf_value *v);

/* A condition on a column of times. NULL: every time will do, or the column is damaged. */
struct condition *leaf_new_span(struct leaf_work *w, enum index_section s, const struct span *span);
/* Its codes of 16 bits, where there are any (coarse.h). */
void leaf_use_coarse(struct leaf_work *w, int column, const struct index_column *second,
                     struct condition *c);
/* Both. */
void leaf_add_span(struct leaf_work *w, enum index_section s, const struct span *span);

/* Fills a condition's codes; false when the column is not kept or damaged. */
bool leaf_word_codes(struct leaf_work *w, enum index_section s, const struct leaf_value *v,
                     struct condition *c);
void leaf_add_words(struct leaf_work *w, enum index_section s, const struct leaf_value *v);
void leaf_add_scores(struct leaf_work *w, enum index_section s, const struct comparisons *numbers);
bool leaf_count_holds(const struct comparisons *c, int64_t count);

/* --- leaf_rows.c: the customers of a leaf, unless w->outcome says otherwise */

void leaf_eval_rows(struct leaf_work *w, const struct leaf *leaf, struct bits *out);
void leaf_eval_next(struct leaf_work *w, const struct leaf *leaf, struct bits *out);
void leaf_eval_number(struct leaf_work *w, const struct leaf *leaf, struct bits *out);
void leaf_eval_page_visit(struct leaf_work *w, const struct leaf *leaf, struct bits *out);

#endif
