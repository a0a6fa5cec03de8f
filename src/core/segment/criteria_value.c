/* Values of the criteria language: days, numbers, words, and what is wrong with them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/segment/criteria_tree.h"

static const double BEYOND_INT64 = 9223372036854775808.0; /* 2^63 */

static const char *
kind_name(const struct jtree *t)
{
    switch (t->kind) {
    case JTREE_NULL:
        return "null";
    case JTREE_FALSE:
    case JTREE_TRUE:
        return "true or false";
    case JTREE_INTEGER:
    case JTREE_REAL:
        return "a number";
    case JTREE_TEXT:
        return "a text";
    case JTREE_LIST:
        return "a list";
    case JTREE_OBJECT:
        return "an object";
    }
    return "this";
}

static bool
read_days(const struct jtree *t, struct buf *pointer, int64_t *out, struct error *err)
{
    if (t->kind != JTREE_INTEGER && t->kind != JTREE_REAL)
        return refuse(pointer, err, "takes a whole number of days, not %s", kind_name(t));
    if (t->real < 0)
        return refuse(pointer, err, "takes a whole number of days >= 0, not a negative one");
    if (t->kind == JTREE_INTEGER) {
        *out = t->fits ? t->integer : INT64_MAX;
        return true;
    }
    if (!isfinite(t->real))
        return refuse(pointer, err, "takes a whole number of days; this one is not finite");
    if (floor(t->real) != t->real)
        return refuse(pointer, err, "takes a whole number of days, without a fraction");
    *out = t->real >= BEYOND_INT64 ? INT64_MAX : (int64_t)t->real;
    return true;
}

static bool
read_plain_number(const struct jtree *t, struct buf *pointer, struct number *out, struct error *err)
{
    if (t->kind != JTREE_INTEGER && t->kind != JTREE_REAL)
        return refuse(pointer, err, "takes a number, not %s", kind_name(t));
    if (t->kind == JTREE_REAL && !isfinite(t->real))
        return refuse(pointer, err, "takes a finite number");
    if (t->real < 0)
        return refuse(pointer, err, "takes a number >= 0, not a negative one");
    out->whole = t->kind == JTREE_INTEGER && t->fits;
    out->integer = out->whole ? t->integer : 0;
    out->real = t->real; /* an integer of 400 digits is infinite here: more than any number */
    return true;
}

static bool
op_find(const char *name, enum number_op *op)
{
    for (int i = NUMBER_LT; i < NUMBER_OP_COUNT; i++) {
        if (strcmp(number_op_name((enum number_op)i), name) == 0) {
            *op = (enum number_op)i;
            return true;
        }
    }
    return false;
}

static bool
is_repeated(const struct jtree *member)
{
    for (const struct jtree *t = member->parent->first; t != member; t = t->next)
        if (strcmp(t->key, member->key) == 0)
            return true;
    return false;
}

static bool
read_number(const struct jtree *t, struct buf *pointer, struct comparisons *out, struct error *err)
{
    if (t->kind == JTREE_INTEGER || t->kind == JTREE_REAL) {
        out->count = 1;
        out->at[0].op = NUMBER_EQ;
        return read_plain_number(t, pointer, &out->at[0].value, err);
    }
    if (t->kind != JTREE_OBJECT)
        return refuse(pointer, err, "takes a number or comparisons like {\">=\": 2}, not %s",
                      kind_name(t));
    for (const struct jtree *m = t->first; m; m = m->next) {
        size_t len = pointer_push(pointer, m->key);
        enum number_op op = NUMBER_EQ;

        if (!op_find(m->key, &op))
            return refuse(pointer, err, "unknown comparison; known are <, <=, >, >= and !=");
        if (is_repeated(m))
            return refuse(pointer, err, "this key stands twice in one object");
        out->at[out->count].op = op;
        if (!read_plain_number(m, pointer, &out->at[out->count].value, err))
            return false;
        out->count++;
        pointer_pop(pointer, len);
    }
    if (out->count == 0)
        return refuse(pointer, err, "says nothing; give a number or a comparison");
    return true;
}

static bool
read_words(const struct jtree *t, struct buf *pointer, struct leaf_value *out, struct error *err)
{
    size_t capacity = 0;
    size_t index = 0;

    if (t->kind == JTREE_TEXT) {
        out->words = mem_calloc(1, sizeof *out->words);
        out->words[0] = mem_strdup(t->text);
        out->word_count = 1;
        return true;
    }
    if (t->kind != JTREE_LIST)
        return refuse(pointer, err, "takes a text or a list of texts, not %s", kind_name(t));
    for (const struct jtree *item = t->first; item; item = item->next, index++) {
        size_t len = pointer_push_index(pointer, index);

        if (item->kind != JTREE_TEXT)
            return refuse(pointer, err, "takes a text, not %s", kind_name(item));
        out->words = mem_grow(out->words, out->word_count, &capacity, sizeof *out->words);
        out->words[out->word_count++] = mem_strdup(item->text);
        pointer_pop(pointer, len);
    }
    return true;
}

static bool
read_choice(const struct jtree *t, const struct leaf_key *key, struct buf *pointer, size_t *out,
            struct error *err)
{
    const char *near;
    size_t count = 0;

    if (t->kind != JTREE_TEXT)
        return refuse(pointer, err, "takes a word, not %s", kind_name(t));
    for (; key->choices[count]; count++) {
        if (strcmp(key->choices[count], t->text) == 0) {
            *out = count;
            return true;
        }
    }
    near = text_nearest(t->text, key->choices, count, sizeof key->choices[0]);
    if (near)
        return refuse(pointer, err, "unknown %s; did you mean %s?", key->name, near);
    return refuse(pointer, err, "unknown %s; see the list of leaves for the known ones", key->name);
}

static bool
read_campaign(const struct jtree *t, struct buf *pointer, struct leaf_value *out, struct error *err)
{
    struct number n = {0};

    if (t->kind == JTREE_TEXT && strcmp(t->text, "any") == 0) {
        out->any_campaign = true;
        return true;
    }
    if (t->kind != JTREE_INTEGER && t->kind != JTREE_REAL)
        return refuse(pointer, err, "takes the number of a campaign or \"any\"");
    if (!read_plain_number(t, pointer, &n, err))
        return false;
    if (floor(n.real) != n.real)
        return refuse(pointer, err, "takes the number of a campaign, without a fraction");
    /* What no campaign can have becomes 0: there is no campaign 0. */
    out->campaign = n.whole ? n.integer : n.real < BEYOND_INT64 ? (int64_t)n.real : 0;
    return true;
}

static bool
read_text(const struct jtree *t, const struct leaf_key *key, struct buf *pointer, char **out,
          struct error *err)
{
    if (t->kind != JTREE_TEXT)
        return refuse(pointer, err, "takes a text, not %s", kind_name(t));
    if (key->kind == VALUE_TEXT && !t->text[0])
        return refuse(pointer, err, "says nothing: the text is empty");
    *out = mem_strdup(t->text);
    return true;
}

bool
value_read(const struct jtree *t, const struct leaf_key *key, struct buf *pointer,
           struct leaf_value *out, struct error *err)
{
    out->given = true;
    switch (key->kind) {
    case VALUE_DAYS:
        return read_days(t, pointer, &out->days, err);
    case VALUE_WORDS:
        return read_words(t, pointer, out, err);
    case VALUE_BOOL:
        out->flag = t->kind == JTREE_TRUE;
        if (t->kind != JTREE_TRUE && t->kind != JTREE_FALSE)
            return refuse(pointer, err, "takes true or false, not %s", kind_name(t));
        return true;
    case VALUE_NUMBER:
        return read_number(t, pointer, &out->numbers, err);
    case VALUE_LIMIT:
        out->numbers.count = 1;
        return read_plain_number(t, pointer, &out->numbers.at[0].value, err);
    case VALUE_TEXT:
    case VALUE_KEY:
        return read_text(t, key, pointer, &out->text, err);
    case VALUE_CHOICE:
        return read_choice(t, key, pointer, &out->choice, err);
    case VALUE_CAMPAIGN:
        return read_campaign(t, pointer, out, err);
    case VALUE_KIND_COUNT:
        break;
    }
    return refuse(pointer, err, "this key cannot be read");
}
