/* From a document to rows and back. */
#include "ui/screen/wizard_rows.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/wizard_rows_internal.h"

static void
row_release(struct wrow *row)
{
    edit_release(&row->value);
    free(row->good);
    json_decref(row->raw);
    *row = (struct wrow){0};
}

void
wrows_truncate(struct wrows *r, size_t count)
{
    while (r->count > count)
        row_release(&r->at[--r->count]);
}

void
wrows_drop(struct wrows *r, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        row_release(&r->at[i]);
    memmove(&r->at[from], &r->at[to], (r->count - to) * sizeof *r->at);
    r->count -= to - from;
}

void
wrows_release(struct wrows *r)
{
    wrows_truncate(r, 0);
    free(r->at);
    json_decref(r->original);
    *r = (struct wrows){0};
}

struct wrow *
wrows_insert(struct wrows *r, size_t at, enum wrow_kind kind, int depth)
{
    r->at = mem_grow(r->at, r->count, &r->capacity, sizeof *r->at);
    memmove(&r->at[at + 1], &r->at[at], (r->count - at) * sizeof *r->at);
    r->at[at] = (struct wrow){.kind = kind, .depth = depth};
    r->count++;
    return &r->at[at];
}

size_t
wrows_head(const struct wrows *r, size_t i)
{
    while (i > 0 && r->at[i].kind == WROW_LEAF && r->at[i].joined)
        i--;
    return i;
}

size_t
wrows_end(const struct wrows *r, size_t i)
{
    size_t end = i + 1;

    if (r->at[i].kind == WROW_GROUP)
        while (end < r->count && r->at[end].depth > r->at[i].depth)
            end++;
    else if (r->at[i].kind == WROW_LEAF)
        while (end < r->count && r->at[end].kind == WROW_LEAF && r->at[end].joined)
            end++;
    return end;
}

/* --- rows to JSON */

enum value_kind
wrow_value_kind(const struct wrow *row)
{
    if (row->kind != WROW_LEAF || row->key == WROW_EXISTS)
        return VALUE_KIND_COUNT;
    return row->leaf->keys[row->key].kind;
}

/* The words of "a, b": trimmed, empty ones left out. */
static json_t *
words_json(const struct wrow *row, const char *text)
{
    json_t *list = json_array();

    while (*text) {
        size_t len = strcspn(text, ",");
        char *word = text_trim_dup(text, len);
        if (word[0])
            (void)json_array_append_new(list, json_string(word));
        free(word);
        text += len;
        text += *text == ',';
    }
    if (json_array_size(list) == 1 && !row->as_list) {
        json_t *one = json_incref(json_array_get(list, 0));
        json_decref(list);
        return one;
    }
    if (json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *
number_json(const char *text)
{
    int64_t whole;
    double real;

    if (num_parse_i64(text, &whole))
        return whole < 0 ? NULL : json_integer(whole);
    if (num_parse_double(text, &real) && real >= 0)
        return json_real(real);
    return NULL;
}

json_t *
wrow_value_json(const struct wrow *row, const char *text)
{
    enum value_kind kind = wrow_value_kind(row);
    char *trimmed = text_trim_dup(text, strlen(text));
    json_t *out = NULL;
    int64_t n;

    switch (kind) {
    case VALUE_DAYS:
        if (num_parse_i64(trimmed, &n) && n >= 0)
            out = json_integer(n);
        break;
    case VALUE_CAMPAIGN:
        if (strcmp(trimmed, "any") == 0)
            out = json_string("any");
        else if (num_parse_i64(trimmed, &n) && n > 0)
            out = json_integer(n);
        break;
    case VALUE_NUMBER:
    case VALUE_LIMIT:
        out = number_json(trimmed);
        break;
    case VALUE_WORDS:
        out = words_json(row, text);
        break;
    case VALUE_BOOL:
        if (strcmp(trimmed, "yes") == 0 || strcmp(trimmed, "no") == 0)
            out = json_boolean(trimmed[0] == 'y');
        break;
    case VALUE_TEXT:
    case VALUE_KEY:
        if (text[0])
            out = json_string(text);
        break;
    case VALUE_CHOICE:
        for (const char *const *c = row->leaf->keys[row->key].choices; *c; c++)
            if (strcmp(*c, trimmed) == 0)
                out = json_string(*c);
        break;
    case VALUE_KIND_COUNT:
        break;
    }
    free(trimmed);
    return out;
}

/* What the row counts with: what stands there, else what stood there last. */
static json_t *
counted_value(const struct wrow *row)
{
    json_t *v = wrow_value_json(row, edit_text(&row->value));

    return v || !row->good ? v : wrow_value_json(row, row->good);
}

/* Several comparisons of one number are one object. */
static void
put_number(json_t **at, enum number_op op, json_t *value)
{
    if (op == NUMBER_EQ && !*at) {
        *at = value;
        return;
    }
    if (op == NUMBER_EQ || (*at && !json_is_object(*at))) { /* = beside another: the check tells */
        json_decref(value);
        return;
    }
    if (!*at)
        *at = json_object();
    (void)json_object_set_new(*at, number_op_name(op), value);
}

/* The leaf that begins at row i: {"last_contact": {...}}; NULL when nothing of it counts yet. */
json_t *
wrows_leaf_json(const struct wrows *r, size_t i)
{
    const struct leaf_spec *leaf = r->at[i].leaf;
    size_t end = wrows_end(r, i);
    json_t *numbers[LEAF_KEYS_MAX] = {0};
    json_t *object = json_object();
    bool exists = false;

    for (size_t row = i; row < end; row++) {
        const struct wrow *w = &r->at[row];
        json_t *v = counted_value(w);
        exists = exists || w->key == WROW_EXISTS;
        if (!v)
            continue;
        if (wrow_value_kind(w) == VALUE_NUMBER) {
            put_number(&numbers[w->key], w->op, v);
            if (numbers[w->key] && !leaf->is_number)
                (void)json_object_set(object, leaf->keys[w->key].name, numbers[w->key]);
        } else {
            (void)json_object_set_new(object, leaf->keys[w->key].name, v);
        }
    }
    if (leaf->is_number) {
        json_decref(object);
        return numbers[0] ? json_pack("{s:o}", leaf->name, numbers[0]) : NULL;
    }
    for (size_t k = 0; k < LEAF_KEYS_MAX; k++)
        json_decref(numbers[k]);
    if (json_object_size(object) == 0 && !exists) {
        json_decref(object);
        return NULL;
    }
    if (leaf->required &&
        (!json_object_get(object, leaf->required) || json_object_size(object) == 1)) {
        json_decref(object);
        return NULL;
    }
    return json_pack("{s:o}", leaf->name, object);
}

static json_t *list_json(const struct wrows *r, size_t from, size_t to);

json_t *
wrows_node_json(const struct wrows *r, size_t i)
{
    const struct wrow *row = &r->at[i];
    json_t *inner;

    if (row->kind == WROW_RAW)
        return json_incref(row->raw);
    if (row->kind == WROW_LEAF) {
        inner = wrows_leaf_json(r, i);
        return inner && row->negated ? json_pack("{s:o}", "not", inner) : inner;
    }
    inner = list_json(r, i + 1, wrows_end(r, i));
    switch (row->join) {
    case JOIN_ALL:
        return json_pack("{s:o}", "all", inner);
    case JOIN_ANY:
        return json_pack("{s:o}", "any", inner);
    case JOIN_NONE:
        return json_pack("{s:{s:o}}", "not", "any", inner);
    case JOIN_NOT_ALL:
        return json_pack("{s:{s:o}}", "not", "all", inner);
    case JOIN_COUNT:
        break;
    }
    json_decref(inner);
    return NULL;
}

static json_t *
list_json(const struct wrows *r, size_t from, size_t to)
{
    json_t *list = json_array();

    for (size_t i = from; i < to; i = wrows_end(r, i)) {
        json_t *node = wrows_node_json(r, i);
        if (node)
            (void)json_array_append_new(list, node);
    }
    return list;
}

json_t *
wrows_json(const struct wrows *r)
{
    if (!r->changed && r->original)
        return json_incref(r->original);
    return json_pack("{s:o}", r->match == JOIN_ANY ? "any" : "all", list_json(r, 0, r->count));
}

json_t *
wrows_json_with(struct wrows *r, size_t row, const char *value)
{
    struct edit here = r->at[row].value;
    bool changed = r->changed;
    json_t *out;

    r->at[row].value = (struct edit){0};
    edit_set(&r->at[row].value, value);
    r->changed = true;
    out = wrows_json(r);
    edit_release(&r->at[row].value);
    r->at[row].value = here;
    r->changed = changed;
    return out;
}

/* --- JSON to rows */

static bool
words_text(const json_t *v, struct buf *out)
{
    size_t count = json_is_array(v) ? json_array_size(v) : 1;

    for (size_t i = 0; i < count; i++) {
        const char *word = json_string_value(json_is_array(v) ? json_array_get(v, i) : v);
        if (!word)
            return false;
        buf_printf(out, "%s%s", i ? ", " : "", word);
    }
    return true;
}

static bool
number_text(const json_t *v, struct buf *out)
{
    if (json_is_integer(v)) {
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        return true;
    }
    if (!json_is_real(v))
        return false;
    buf_printf(out, "%.15g", json_real_value(v));
    if (strspn(buf_str(out), "0123456789") == out->len)
        buf_add_str(out, ".0");
    return true;
}

static bool
value_text(enum value_kind kind, const json_t *v, struct buf *out)
{
    switch (kind) {
    case VALUE_WORDS:
        return words_text(v, out);
    case VALUE_BOOL:
        buf_add_str(out, json_is_true(v) ? "yes" : "no");
        return json_is_boolean(v);
    case VALUE_DAYS:
    case VALUE_NUMBER:
    case VALUE_LIMIT:
        return number_text(v, out);
    case VALUE_CAMPAIGN:
        if (json_is_integer(v))
            return number_text(v, out);
        break;
    case VALUE_TEXT:
    case VALUE_KEY:
    case VALUE_CHOICE:
    case VALUE_KIND_COUNT:
        break;
    }
    if (!json_is_string(v))
        return false;
    buf_add_str(out, json_string_value(v));
    return true;
}

static bool
load_value(struct wrows *r, int depth, bool joined, const struct leaf_spec *leaf, size_t key,
           enum number_op op, const json_t *v)
{
    struct wrow *row = wrows_insert(r, r->count, WROW_LEAF, depth);
    struct buf text = {0};
    bool ok;

    row->leaf = leaf;
    row->key = key;
    row->op = op;
    row->joined = joined;
    row->as_list = json_is_array(v) && json_array_size(v) == 1;
    ok = value_text(leaf->keys[key].kind, v, &text);
    edit_set(&row->value, buf_str(&text));
    row->good = mem_strdup(buf_str(&text));
    buf_release(&text);
    return ok;
}

static bool
load_key(struct wrows *r, int depth, size_t first, const struct leaf_spec *leaf, size_t key,
         json_t *v)
{
    const char *name;
    json_t *n;

    if (leaf->keys[key].kind != VALUE_NUMBER || !json_is_object(v))
        return load_value(r, depth, r->count > first, leaf, key, NUMBER_EQ, v);
    json_object_foreach(v, name, n)
    {
        enum number_op op = NUMBER_LT;
        while (op < NUMBER_OP_COUNT && strcmp(number_op_name(op), name) != 0)
            op++;
        if (op == NUMBER_OP_COUNT || !load_value(r, depth, r->count > first, leaf, key, op, n))
            return false;
    }
    return json_object_size(v) > 0;
}

static bool
load_keys(struct wrows *r, int depth, const struct leaf_spec *leaf, json_t *value)
{
    size_t first = r->count;
    const char *name;
    json_t *v;

    if (leaf->is_number)
        return load_key(r, depth, first, leaf, 0, value);
    if (!json_is_object(value))
        return false;
    if (json_object_size(value) == 0) {
        struct wrow *row = wrows_insert(r, r->count, WROW_LEAF, depth);
        row->leaf = leaf;
        row->key = WROW_EXISTS;
        return leaf->may_be_empty;
    }
    json_object_foreach(value, name, v)
    {
        const struct leaf_key *key = leaf_key_find(leaf, name);
        if (!key || !load_key(r, depth, first, leaf, (size_t)(key - leaf->keys), v))
            return false;
    }
    return true;
}

/* {leaf: value}. False, with nothing added, when rows would not say the same. */
static bool
load_leaf(struct wrows *r, int depth, json_t *node, bool negated)
{
    size_t first = r->count;
    void *it = json_object_iter(node);
    const struct leaf_spec *leaf = it ? leaf_find(json_object_iter_key(it)) : NULL;
    bool ok = leaf && json_object_size(node) == 1 &&
              load_keys(r, depth, leaf, json_object_iter_value(it));
    json_t *back = ok ? wrows_leaf_json(r, first) : NULL;

    ok = ok && back && json_equal(back, node);
    json_decref(back);
    if (!ok) {
        wrows_truncate(r, first);
        return false;
    }
    r->at[first].negated = negated;
    return true;
}

static void
load_raw(struct wrows *r, int depth, const json_t *node)
{
    wrows_insert(r, r->count, WROW_RAW, depth)->raw = json_deep_copy(node);
}

static void load_node(struct wrows *r, int depth, json_t *node);

static void
load_group(struct wrows *r, int depth, enum wrow_join join, const json_t *children)
{
    wrows_insert(r, r->count, WROW_GROUP, depth)->join = join;
    for (size_t i = 0; i < json_array_size(children); i++)
        load_node(r, depth + 1, json_array_get(children, i));
}

static int
nesting(const json_t *node)
{
    const json_t *list = json_object_get(node, "all");
    const json_t *inner = json_object_get(node, "not");
    int deepest = 0;

    if (!list)
        list = json_object_get(node, "any");
    if (inner)
        return nesting(inner);
    if (!list)
        return json_object_size(node) > 1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        int deep = nesting(json_array_get(list, i));
        deepest = deep > deepest ? deep : deepest;
    }
    return deepest + 1;
}

static void
load_node(struct wrows *r, int depth, json_t *node)
{
    json_t *inner = json_object_get(node, "not");
    bool negated = inner != NULL;
    json_t *what = negated ? inner : node;
    const json_t *all = json_object_get(what, "all");
    const json_t *any = json_object_get(what, "any");
    json_t *nodes;

    if (r->count + 1 >= WROWS_MAX || depth + nesting(node) > WROW_DEPTH_MAX ||
        json_object_get(inner, "not")) {
        load_raw(r, depth, node);
        return;
    }
    if (all || any) {
        load_group(r, depth,
                   all ? (negated ? JOIN_NOT_ALL : JOIN_ALL) : (negated ? JOIN_NONE : JOIN_ANY),
                   all ? all : any);
        return;
    }
    if (load_leaf(r, depth, what, negated))
        return;
    nodes = wrows_flat_nodes(what);
    if (json_array_size(nodes) == 1 && !json_equal(json_array_get(nodes, 0), what) && !negated)
        load_node(r, depth, json_array_get(nodes, 0)); /* one flat key is one leaf */
    else if (json_array_size(nodes) != 1)
        load_group(r, depth, negated ? JOIN_NOT_ALL : JOIN_ALL, nodes);
    else
        load_raw(r, depth, node);
    json_decref(nodes);
}

void
wrows_load(struct wrows *r, const json_t *criteria)
{
    json_t *mine = json_deep_copy(criteria); /* before the old one goes: it may be the same */
    const json_t *all = json_object_get(mine, "all");
    const json_t *any = json_object_get(mine, "any");
    json_t *nodes = NULL;
    const json_t *list = all ? all : any;

    wrows_release(r);
    r->original = mine;
    r->match = any ? JOIN_ANY : JOIN_ALL;
    if (!list && !json_object_get(mine, "not"))
        list = nodes = wrows_flat_nodes(mine);
    if (list)
        for (size_t i = 0; i < json_array_size(list); i++)
            load_node(r, 0, json_array_get(list, i));
    else
        load_node(r, 0, mine);
    json_decref(nodes);
}
