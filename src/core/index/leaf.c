/* Leaves of the criteria as sets of customers. */
#include "core/index/leaf_private.h"

static struct span
fact_span(const struct leaf_work *w, const struct leaf *leaf)
{
    struct span span = span_any;

    span_older(&span, w, &leaf->values[FACT_OLDER]);
    span_within(&span, w, &leaf->values[FACT_WITHIN]);
    span_never(&span, &leaf->values[FACT_NEVER]);
    return span;
}

static void
add_fact(struct leaf_work *w, const struct leaf *leaf, enum index_section s)
{
    const struct span span = fact_span(w, leaf);

    leaf_add_span(w, s, &span);
}

static void
add_last_appointment(struct leaf_work *w, const struct leaf *leaf)
{
    struct span cancelled = span_any;

    add_fact(w, leaf, SECTION_LAST_APPOINTMENT);
    leaf_add_words(w, SECTION_LAST_APPOINTMENT_STATUS, &leaf->values[FACT_STATUS]);
    leaf_add_words(w, SECTION_LAST_APPOINTMENT_SERVICE, &leaf->values[FACT_SERVICE]);
    leaf_add_words(w, SECTION_LAST_APPOINTMENT_PROVIDER, &leaf->values[FACT_PROVIDER]);
    span_within(&cancelled, w, &leaf->values[FACT_CANCELLED]);
    leaf_add_span(w, SECTION_LAST_APPOINTMENT_CANCELLED, &cancelled);
}

/* The later of two; "none" is the lowest number, so the later of it and a time is the time. */
static void
add_last_activity(struct leaf_work *w, const struct leaf *leaf)
{
    const struct span span = fact_span(w, leaf);
    struct condition *c = leaf_new_span(w, SECTION_LAST_CONTACT, &span);

    if (!c || c->kind != CONDITION_TIME || !leaf_fetch(w, SECTION_LAST_APPOINTMENT, &c->second))
        return;
    c->kind = CONDITION_LATER;
    leaf_use_coarse(w, COARSE_ACTIVITY, &c->second, c);
}

static void
add_customer(struct leaf_work *w, const struct leaf *leaf)
{
    static const struct {
        int key;
        uint8_t flag;
    } flags[] = {{CUSTOMER_IS_NEW, INDEX_IS_NEW},
                 {CUSTOMER_HAS_PHONE, INDEX_HAS_PHONE},
                 {CUSTOMER_HAS_EMAIL, INDEX_HAS_EMAIL}};
    const struct leaf_value *v = leaf->values;
    struct span created = span_any;

    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        struct index_column column;
        struct condition *c;

        if (!v[flags[i].key].given || !leaf_fetch(w, SECTION_FLAGS, &column))
            continue;
        c = conditions_add(&w->c, CONDITION_BYTE);
        c->column = column;
        c->which = flags[i].flag;
        c->value = v[flags[i].key].flag ? flags[i].flag : 0;
    }
    span_within(&created, w, &v[CUSTOMER_CREATED_WITHIN]);
    span_older(&created, w, &v[CUSTOMER_CREATED_OLDER]);
    leaf_add_span(w, SECTION_CREATED, &created);
}

enum leaf_outcome
index_leaf(struct index_view *v, const struct leaf *leaf, const struct segment_env *env,
           struct bits *out)
{
    struct leaf_work w = {.v = v, .env = env, .outcome = LEAF_DONE};
    bool scan = true; /* the conditions are of the customers themselves */

    coarse_columns_begin(&v->coarse);
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
        leaf_add_scores(&w, SECTION_LAST_SATISFACTION, &leaf->values[0].numbers);
        break;
    case LEAF_CUSTOMER:
        add_customer(&w, leaf);
        break;
    case LEAF_NEXT_APPOINTMENT:
        leaf_eval_next(&w, leaf, out);
        scan = false;
        break;
    case LEAF_APPOINTMENT_COUNT:
    case LEAF_CONVERSATION_COUNT:
        leaf_eval_number(&w, leaf, out);
        scan = false;
        break;
    case LEAF_CONVERSATION:
    case LEAF_APPOINTMENT:
        leaf_eval_rows(&w, leaf, out);
        scan = false;
        break;
    case LEAF_PAGE_VISIT:
        leaf_eval_page_visit(&w, leaf, out);
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
