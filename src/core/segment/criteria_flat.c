/* The flat form: keys of the earlier system, turned into the leaves that they mean. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/segment/criteria_tree.h"

/* Moves a flat value into a key of a leaf. */
static void
move(struct flat *f, enum flat_key from, struct node *leaf, size_t to)
{
    leaf->leaf->values[to] = f->values[from];
    f->values[from] = (struct leaf_value){0};
}

static struct node *
add_leaf(struct flat *f, enum flat_key from, struct node *all, enum leaf_kind kind)
{
    struct node *leaf = node_new_leaf(kind, f->pointers[from]);

    node_add(all, leaf);
    return leaf;
}

static void
add_satisfaction(struct flat *f, enum flat_key from, struct node *leaf, enum number_op op)
{
    struct leaf_value *to = &leaf->leaf->values[CONVERSATION_SATISFACTION];

    if (!f->values[from].given)
        return;
    to->given = true;
    to->numbers.at[to->numbers.count].op = op;
    to->numbers.at[to->numbers.count++].value = f->values[from].numbers.at[0].value;
}

static void
copy_words(const struct leaf_value *from, struct leaf_value *to)
{
    to->given = from->given;
    to->words = mem_calloc(from->word_count + 1, sizeof *to->words);
    for (size_t i = 0; i < from->word_count; i++)
        to->words[to->word_count++] = mem_strdup(from->words[i]);
}

/* channel, has_booking_intent, scores and outcome ask one and the same conversation. */
static void
conversation(struct flat *f, struct node *all)
{
    static const enum flat_key parts[] = {FLAT_CHANNEL, FLAT_MIN_SATISFACTION,
                                          FLAT_MAX_SATISFACTION, FLAT_OUTCOME};
    const struct leaf_value intent = f->values[FLAT_HAS_BOOKING_INTENT];
    bool without = intent.given && !intent.flag;
    struct node *inner = NULL;
    struct node *leaf = NULL;

    if (without) {
        inner = node_new_leaf(LEAF_CONVERSATION, f->pointers[FLAT_HAS_BOOKING_INTENT]);
        inner->leaf->values[CONVERSATION_BOOKING_INTENT] =
            (struct leaf_value){.given = true, .flag = true};
        if (f->values[FLAT_CHANNEL].given)
            copy_words(&f->values[FLAT_CHANNEL], &inner->leaf->values[CONVERSATION_CHANNEL]);
    }
    for (size_t i = 0; i < ARRAY_LEN(parts) && !leaf; i++)
        if (f->values[parts[i]].given)
            leaf = add_leaf(f, parts[i], all, LEAF_CONVERSATION);
    if (!leaf && intent.given && intent.flag)
        leaf = add_leaf(f, FLAT_HAS_BOOKING_INTENT, all, LEAF_CONVERSATION);
    if (leaf) {
        move(f, FLAT_CHANNEL, leaf, CONVERSATION_CHANNEL);
        move(f, FLAT_OUTCOME, leaf, CONVERSATION_OUTCOME);
        add_satisfaction(f, FLAT_MIN_SATISFACTION, leaf, NUMBER_GE);
        add_satisfaction(f, FLAT_MAX_SATISFACTION, leaf, NUMBER_LE);
        if (intent.given && intent.flag)
            move(f, FLAT_HAS_BOOKING_INTENT, leaf, CONVERSATION_BOOKING_INTENT);
    }
    if (inner) {
        struct node *not = node_new(NODE_NOT);

        node_add(not, inner);
        node_add(all, not );
    }
}

static void
has_appointment(struct flat *f, struct node *all)
{
    const struct leaf_value *v = &f->values[FLAT_HAS_APPOINTMENT];
    struct leaf_value *to;

    if (!v->given)
        return;
    to = &add_leaf(f, FLAT_HAS_APPOINTMENT, all, LEAF_APPOINTMENT_COUNT)->leaf->values[0];
    to->given = true;
    to->numbers.count = 1;
    to->numbers.at[0].op = v->flag ? NUMBER_GE : NUMBER_EQ;
    to->numbers.at[0].value = (struct number){true, v->flag, v->flag};
}

static void
ages(struct flat *f, struct node *all)
{
    static const struct {
        enum flat_key key;
        enum leaf_kind leaf;
    } rows[] = {{FLAT_SINCE_CONTACT, LEAF_LAST_CONTACT},
                {FLAT_SINCE_APPOINTMENT, LEAF_LAST_APPOINTMENT},
                {FLAT_SINCE_ACTIVITY, LEAF_LAST_ACTIVITY}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (f->values[rows[i].key].given)
            move(f, rows[i].key, add_leaf(f, rows[i].key, all, rows[i].leaf), FACT_OLDER);
}

static void
cancellation(struct flat *f, struct node *all)
{
    struct node *leaf;

    if (f->values[FLAT_LAST_STATUS].given) {
        leaf = add_leaf(f, FLAT_LAST_STATUS, all, LEAF_LAST_APPOINTMENT);
        move(f, FLAT_LAST_STATUS, leaf, FACT_STATUS);
        move(f, FLAT_SINCE_CANCELLATION, leaf, FACT_CANCELLED);
    } else if (f->values[FLAT_SINCE_CANCELLATION].given) {
        leaf = add_leaf(f, FLAT_SINCE_CANCELLATION, all, LEAF_LAST_CANCELLATION);
        move(f, FLAT_SINCE_CANCELLATION, leaf, FACT_WITHIN);
    }
}

static bool
page_visit(struct flat *f, struct node *all, const struct buf *pointer, struct error *err)
{
    struct node *leaf;

    if (!f->values[FLAT_METADATA_KEY].given) {
        if (f->values[FLAT_SINCE_VISIT].given)
            return refuse(pointer, err, "days_since_visit needs metadata_key beside it");
        return true;
    }
    leaf = add_leaf(f, FLAT_METADATA_KEY, all, LEAF_PAGE_VISIT);
    move(f, FLAT_METADATA_KEY, leaf, PAGE_VISIT_KEY);
    if (f->values[FLAT_SINCE_VISIT].given)
        move(f, FLAT_SINCE_VISIT, leaf, PAGE_VISIT_OLDER);
    else
        leaf->leaf->values[PAGE_VISIT_NEVER] = (struct leaf_value){.given = true};
    return true;
}

bool
flat_to_tree(struct flat *f, struct node *all, const struct buf *pointer, struct error *err)
{
    conversation(f, all);
    has_appointment(f, all);
    ages(f, all);
    cancellation(f, all);
    return page_visit(f, all, pointer, err);
}

void
flat_release(struct flat *f)
{
    for (size_t i = 0; i < FLAT_KEY_COUNT; i++) {
        leaf_value_release(&f->values[i]);
        free(f->pointers[i]);
    }
    *f = (struct flat){0};
}
