/* Changing rows, checking them, naming them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/wizard_rows_internal.h"

void
wrows_touch(struct wrows *r)
{
    r->changed = true;
    (void)wrows_check(r);
}

/* --- words */

static void
lower_label(const char *title, char out[64])
{
    struct buf b = {0};
    size_t len = strlen(title);
    const char *paren = strstr(title, " (days)");

    text_lower(&b, title, paren ? (size_t)(paren - title) : len);
    (void)text_copy(out, 64, buf_str(&b));
    buf_release(&b);
}

void
wrow_leaf_label(const struct leaf_spec *leaf, char out[64])
{
    lower_label(leaf->title, out);
}

static const char *const op_words[] = {
    [NUMBER_EQ] = "is",        [NUMBER_LT] = "less than", [NUMBER_LE] = "at most",
    [NUMBER_GT] = "more than", [NUMBER_GE] = "at least",  [NUMBER_NE] = "is not",
};
_Static_assert(ARRAY_LEN(op_words) == NUMBER_OP_COUNT, "words for every comparison");

static void
condition_label(const struct leaf_spec *leaf, size_t key, enum number_op op, char out[64])
{
    const struct leaf_key *k;
    char title[64];

    if (key == WROW_EXISTS) {
        (void)text_copy(out, 64, "at least one");
        return;
    }
    k = &leaf->keys[key];
    lower_label(k->title, title);
    if (k->kind == VALUE_NUMBER && leaf->is_number)
        (void)text_copy(out, 64, op_words[op]);
    else if (k->kind == VALUE_NUMBER)
        (void)snprintf(out, 64, "%.40s %s", title, op_words[op]);
    else if (k->kind == VALUE_WORDS || k->kind == VALUE_CHOICE || k->kind == VALUE_CAMPAIGN)
        (void)snprintf(out, 64, "%.50s is", title);
    else
        (void)text_copy(out, 64, title);
}

void
wrow_condition_label(const struct wrow *row, char out[64])
{
    condition_label(row->leaf, row->key, row->op, out);
}

size_t
wrow_conditions(const struct leaf_spec *leaf, struct wcondition *out, size_t max)
{
    size_t count = 0;

    for (size_t k = 0; k < leaf->key_count; k++) {
        enum number_op last = leaf->keys[k].kind == VALUE_NUMBER ? NUMBER_NE : NUMBER_EQ;
        for (enum number_op op = NUMBER_EQ; op <= last && count < max; op++) {
            out[count] = (struct wcondition){.key = k, .op = op, .help = leaf->keys[k].help};
            condition_label(leaf, k, op, out[count++].label);
        }
    }
    if (leaf->may_be_empty && count < max) {
        out[count] = (struct wcondition){.key = WROW_EXISTS, .help = "There is one at all."};
        condition_label(leaf, WROW_EXISTS, NUMBER_EQ, out[count++].label);
    }
    return count;
}

const char *
wrow_unit(const struct wrow *row)
{
    return wrow_value_kind(row) == VALUE_DAYS ? "days" : "";
}

const char *
wrow_join_words(enum wrow_join join)
{
    static const char *const words[] = {
        [JOIN_ALL] = "all of these",
        [JOIN_ANY] = "any of these",
        [JOIN_NONE] = "none of these",
        [JOIN_NOT_ALL] = "not all of these",
    };
    _Static_assert(ARRAY_LEN(words) == JOIN_COUNT, "words for every group");
    return words[join];
}

/* --- checking */

static void
value_error(struct wrow *row)
{
    static const char *const wrong[] = {
        [VALUE_DAYS] = "not a number",       [VALUE_WORDS] = "type a word",
        [VALUE_BOOL] = "yes or no",          [VALUE_NUMBER] = "not a number",
        [VALUE_TEXT] = "type some text",     [VALUE_KEY] = "type a key",
        [VALUE_CHOICE] = "not one of these", [VALUE_CAMPAIGN] = "any, or a number",
        [VALUE_LIMIT] = "not a number",
    };
    enum value_kind kind = wrow_value_kind(row);
    const char *text = edit_text(&row->value);
    json_t *v;

    row->error[0] = '\0';
    if (kind == VALUE_KIND_COUNT)
        return;
    v = wrow_value_json(row, text);
    if (v) {
        if (!row->good || strcmp(row->good, text) != 0) {
            free(row->good);
            row->good = mem_strdup(text);
        }
        json_decref(v);
        return;
    }
    if (text_is_blank(text) && (kind == VALUE_DAYS || kind == VALUE_NUMBER))
        (void)text_copy(row->error, sizeof row->error, "type a number");
    else
        (void)text_copy(row->error, sizeof row->error, wrong[kind]);
}

/* A key said twice: the second would be lost. */
static void
clash_error(struct wrows *r, size_t i)
{
    struct wrow *row = &r->at[i];

    for (size_t j = wrows_head(r, i); j < i; j++) {
        const struct wrow *other = &r->at[j];
        bool number = wrow_value_kind(row) == VALUE_NUMBER;
        if (other->key != row->key)
            continue;
        if (!number || other->op == row->op || other->op == NUMBER_EQ || row->op == NUMBER_EQ)
            (void)text_copy(row->error, sizeof row->error, "said in a row above");
    }
}

static void
required_error(struct wrows *r, size_t i)
{
    const struct leaf_spec *leaf = r->at[i].leaf;
    size_t end = wrows_end(r, i);
    bool has = false;

    if (!leaf->required || r->at[i].joined || r->at[i].error[0])
        return;
    for (size_t j = i; j < end; j++)
        has = has || (r->at[j].key != WROW_EXISTS &&
                      strcmp(leaf->keys[r->at[j].key].name, leaf->required) == 0);
    if (!has)
        (void)snprintf(r->at[i].error, sizeof r->at[i].error, "needs the %.40s too",
                       leaf->required);
    else if (end == i + 1)
        (void)text_copy(r->at[i].error, sizeof r->at[i].error, "needs a time too: + adds it");
}

bool
wrows_check(struct wrows *r)
{
    for (size_t i = 0; i < r->count; i++) {
        r->at[i].error[0] = '\0';
        if (r->at[i].kind != WROW_LEAF)
            continue;
        value_error(&r->at[i]);
        if (r->at[i].joined)
            clash_error(r, i);
    }
    for (size_t i = 0; i < r->count; i++)
        if (r->at[i].kind == WROW_LEAF)
            required_error(r, i);
    return wrows_first_wrong(r) == r->count;
}

size_t
wrows_first_wrong(const struct wrows *r)
{
    size_t i = 0;

    while (i < r->count && !r->at[i].error[0])
        i++;
    return i;
}

/* --- changes */

static const char *
default_value(const struct wrow *row)
{
    switch (wrow_value_kind(row)) {
    case VALUE_BOOL:
        return "yes";
    case VALUE_CHOICE:
        return row->leaf->keys[row->key].choices[0];
    case VALUE_CAMPAIGN:
        return "any";
    case VALUE_DAYS:
    case VALUE_WORDS:
    case VALUE_NUMBER:
    case VALUE_TEXT:
    case VALUE_KEY:
    case VALUE_LIMIT:
    case VALUE_KIND_COUNT:
        break;
    }
    return "";
}

static void
reset_value(struct wrow *row)
{
    free(row->good);
    row->good = NULL;
    row->as_list = false;
    row->touched = false;
    edit_set(&row->value, default_value(row));
}

bool
wrows_add_leaf(struct wrows *r, size_t at, int depth, const struct leaf_spec *leaf, size_t key)
{
    struct wrow *row;
    size_t added;

    if (r->count + 2 > WROWS_MAX)
        return false;
    row = wrows_insert(r, at, WROW_LEAF, depth);
    row->leaf = leaf;
    row->key = key;
    if (wrow_value_kind(row) == VALUE_NUMBER)
        row->op = NUMBER_GE;
    reset_value(row);
    if (leaf->required) /* it says nothing alone: both halves at once */
        (void)wrows_add_joined(r, at, &added);
    wrows_touch(r);
    return true;
}

static bool
key_is_used(const struct wrows *r, size_t from, size_t to, size_t key)
{
    for (size_t i = from; i < to; i++)
        if (r->at[i].key == key)
            return true;
    return false;
}

bool
wrows_add_joined(struct wrows *r, size_t i, size_t *added)
{
    size_t head = wrows_head(r, i);
    size_t end = wrows_end(r, head);
    const struct leaf_spec *leaf = r->at[head].leaf;
    int depth = r->at[head].depth;
    struct wrow *row;
    size_t key = 0;

    if (r->at[head].kind != WROW_LEAF || r->count + 1 > WROWS_MAX)
        return false;
    if (leaf->required &&
        !key_is_used(r, head, end, (size_t)(leaf_key_find(leaf, leaf->required) - leaf->keys)))
        key = (size_t)(leaf_key_find(leaf, leaf->required) - leaf->keys);
    while (key < leaf->key_count && key_is_used(r, head, end, key))
        key++;
    if (key == leaf->key_count && !leaf->is_number)
        return false;
    row = wrows_insert(r, end, WROW_LEAF, depth);
    row->leaf = leaf;
    row->joined = true;
    row->key = leaf->is_number ? 0 : key;
    if (wrow_value_kind(row) == VALUE_NUMBER)
        row->op = leaf->is_number ? NUMBER_LE : NUMBER_GE;
    reset_value(row);
    *added = end;
    wrows_touch(r);
    return true;
}

bool
wrows_add_group(struct wrows *r, size_t at, int depth, enum wrow_join join)
{
    if (r->count + 1 > WROWS_MAX || depth + 1 >= WROW_DEPTH_MAX)
        return false;
    wrows_insert(r, at, WROW_GROUP, depth)->join = join;
    wrows_touch(r);
    return true;
}

void
wrows_remove(struct wrows *r, size_t i)
{
    const struct wrow *row = &r->at[i];
    size_t end = row->kind == WROW_GROUP ? wrows_end(r, i) : i + 1;

    if (row->kind == WROW_LEAF && !row->joined && wrows_end(r, i) > i + 1) {
        r->at[i + 1].joined = false;
        r->at[i + 1].negated = row->negated;
    }
    wrows_drop(r, i, end);
    wrows_touch(r);
}

void
wrows_set_leaf(struct wrows *r, size_t i, const struct leaf_spec *leaf)
{
    struct wrow *row = &r->at[i];
    int depth = row->depth;
    bool negated = row->negated;

    if (row->leaf == leaf)
        return;
    wrows_drop(r, i, wrows_end(r, i));
    (void)wrows_add_leaf(r, i, depth, leaf, 0);
    r->at[i].negated = negated;
    wrows_touch(r);
}

void
wrows_set_condition(struct wrows *r, size_t i, size_t key, enum number_op op)
{
    struct wrow *row = &r->at[i];
    enum value_kind before = wrow_value_kind(row);

    row->key = key;
    row->op = op;
    if (wrow_value_kind(row) != before || before == VALUE_WORDS || before == VALUE_CHOICE)
        reset_value(row);
    wrows_touch(r);
}

void
wrows_set_value(struct wrows *r, size_t i, const char *text)
{
    edit_set(&r->at[i].value, text);
    wrows_touch(r);
}

void
wrows_set_raw(struct wrows *r, size_t i, const json_t *raw)
{
    json_decref(r->at[i].raw);
    r->at[i].raw = json_deep_copy(raw);
    wrows_touch(r);
}

/* --- the draft */

json_t *
wrows_state(const struct wrows *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->count; i++) {
        const struct wrow *row = &r->at[i];
        json_t *o = json_pack("{s:i,s:i}", "kind", (int)row->kind, "depth", row->depth);
        if (row->kind == WROW_GROUP)
            (void)json_object_set_new(o, "join", json_integer(row->join));
        if (row->kind == WROW_RAW)
            (void)json_object_set(o, "raw", row->raw);
        if (row->kind == WROW_LEAF) {
            (void)json_object_set_new(o, "leaf", json_string(row->leaf->name));
            (void)json_object_set_new(
                o, "key", json_integer(row->key == WROW_EXISTS ? -1 : (json_int_t)row->key));
            (void)json_object_set_new(o, "op", json_integer(row->op));
            (void)json_object_set_new(o, "joined", json_boolean(row->joined));
            (void)json_object_set_new(o, "not", json_boolean(row->negated));
            (void)json_object_set_new(o, "list", json_boolean(row->as_list));
            (void)json_object_set_new(o, "text", json_string(edit_text(&row->value)));
            if (row->good)
                (void)json_object_set_new(o, "good", json_string(row->good));
        }
        (void)json_array_append_new(list, o);
    }
    return json_pack("{s:i,s:o}", "match", (int)r->match, "rows", list);
}

static bool
load_state_row(struct wrows *r, const json_t *o)
{
    json_int_t kind = json_integer_value(json_object_get(o, "kind"));
    json_int_t depth = json_integer_value(json_object_get(o, "depth"));
    json_int_t key = json_integer_value(json_object_get(o, "key"));
    json_int_t op = json_integer_value(json_object_get(o, "op"));
    json_int_t join = json_integer_value(json_object_get(o, "join"));
    const char *name = json_string_value(json_object_get(o, "leaf"));
    const struct leaf_spec *leaf = name ? leaf_find(name) : NULL;
    bool joined = json_is_true(json_object_get(o, "joined"));
    struct wrow *row;

    if (!json_is_object(o) || kind < 0 || kind > WROW_RAW || depth < 0 || depth > WROW_DEPTH_MAX ||
        op < 0 || op >= NUMBER_OP_COUNT || join < 0 || join >= JOIN_COUNT || r->count >= WROWS_MAX)
        return false;
    if (kind == WROW_LEAF && (!leaf || key < -1 || key >= (json_int_t)leaf->key_count))
        return false;
    if (kind == WROW_RAW && !json_is_object(json_object_get(o, "raw")))
        return false;
    if (joined && (r->count == 0 || r->at[r->count - 1].leaf != leaf))
        return false;
    row = wrows_insert(r, r->count, (enum wrow_kind)kind, (int)depth);
    row->join = (enum wrow_join)join;
    row->op = (enum number_op)op;
    row->leaf = leaf;
    row->key = key < 0 ? WROW_EXISTS : (size_t)key;
    row->joined = joined;
    row->negated = json_is_true(json_object_get(o, "not"));
    row->as_list = json_is_true(json_object_get(o, "list"));
    row->raw = json_incref(json_object_get(o, "raw"));
    row->touched = true;
    if (kind == WROW_LEAF) {
        edit_set(&row->value, json_string_value(json_object_get(o, "text")));
        row->good = mem_strdup(json_string_value(json_object_get(o, "good")));
    }
    return true;
}

bool
wrows_load_state(struct wrows *r, const json_t *state)
{
    const json_t *rows = json_object_get(state, "rows");
    struct wrows read = {.changed = true};

    read.match =
        json_integer_value(json_object_get(state, "match")) == JOIN_ANY ? JOIN_ANY : JOIN_ALL;
    if (!json_is_array(rows))
        return false;
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (!load_state_row(&read, json_array_get(rows, i))) {
            wrows_release(&read);
            return false;
        }
    wrows_release(r);
    *r = read;
    (void)wrows_check(r);
    return true;
}
