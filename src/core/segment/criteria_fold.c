/* What can be said of criteria without looking at data. */
#include "core/segment/criteria_tree.h"

/* All that is needed here: does it hold of every number >= 0, or of none? */
enum fold
comparisons_fold(const struct comparisons *c)
{
    bool always = true;

    for (size_t i = 0; i < c->count; i++) {
        bool zero = c->at[i].value.real <= 0;

        if (c->at[i].op == NUMBER_LT && zero)
            return FOLD_FALSE;
        always = always && c->at[i].op == NUMBER_GE && zero;
    }
    return always ? FOLD_TRUE : FOLD_OPEN;
}

static bool
has_impossible_words(const struct leaf *leaf)
{
    for (size_t i = 0; i < leaf->spec->key_count; i++)
        if (leaf->spec->keys[i].kind == VALUE_WORDS && leaf->values[i].given &&
            leaf->values[i].word_count == 0)
            return true;
    return false;
}

enum fold
leaf_fold(const struct leaf *leaf)
{
    switch (leaf->spec->kind) {
    case LEAF_APPOINTMENT_COUNT:
    case LEAF_CONVERSATION_COUNT:
        return comparisons_fold(&leaf->values[0].numbers);
    case LEAF_CONVERSATION:
        return leaf->values[CONVERSATION_LEAF_COUNT].given
                   ? comparisons_fold(&leaf->values[CONVERSATION_LEAF_COUNT].numbers)
               : has_impossible_words(leaf) ? FOLD_FALSE
                                            : FOLD_OPEN;
    case LEAF_APPOINTMENT:
        return leaf->values[APPOINTMENT_LEAF_COUNT].given
                   ? comparisons_fold(&leaf->values[APPOINTMENT_LEAF_COUNT].numbers)
               : has_impossible_words(leaf) ? FOLD_FALSE
                                            : FOLD_OPEN;
    case LEAF_LAST_APPOINTMENT:
        return has_impossible_words(leaf) ? FOLD_FALSE : FOLD_OPEN;
    case LEAF_LAST_CONTACT:
    case LEAF_LAST_VISIT:
    case LEAF_NEXT_APPOINTMENT:
    case LEAF_LAST_CANCELLATION:
    case LEAF_LAST_ACTIVITY:
    case LEAF_LAST_SATISFACTION:
    case LEAF_CUSTOMER:
    case LEAF_PAGE_VISIT:
    case LEAF_CONTACTED_BY:
    case LEAF_KIND_COUNT:
        break;
    }
    return FOLD_OPEN;
}

enum fold
node_fold(const struct node *n)
{
    /* `all` is decided by one false child, `any` by one true child. */
    enum fold decided = n->kind == NODE_ANY ? FOLD_TRUE : FOLD_FALSE;
    enum fold result = n->kind == NODE_ANY ? FOLD_FALSE : FOLD_TRUE;

    if (n->kind == NODE_LEAF)
        return leaf_fold(n->leaf);
    if (n->kind == NODE_NOT) {
        enum fold inner = node_fold(n->children[0]);

        return inner == FOLD_OPEN ? FOLD_OPEN : inner == FOLD_TRUE ? FOLD_FALSE : FOLD_TRUE;
    }
    for (size_t i = 0; i < n->count; i++) {
        enum fold child = node_fold(n->children[i]);

        if (child == decided)
            return decided;
        if (child == FOLD_OPEN)
            result = FOLD_OPEN;
    }
    return result;
}
