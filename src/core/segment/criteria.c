#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml.h"
#include "core/segment/criteria_tree.h"

static const char *const tree_words[] = {"all", "any", "not"};

static bool
is_repeated(const struct jtree *member)
{
    for (const struct jtree *t = member->parent->first; t != member; t = t->next)
        if (strcmp(t->key, member->key) == 0)
            return true;
    return false;
}

static bool
unknown_key(const struct buf *pointer, const char *near, struct error *err)
{
    if (near)
        return refuse(pointer, err, "unknown key; did you mean %s?", near);
    return refuse(pointer, err, "unknown key");
}

static bool
read_leaf_key(const struct jtree *m, struct leaf *leaf, struct buf *pointer, struct error *err)
{
    const struct leaf_spec *spec = leaf->spec;
    const struct leaf_key *key = leaf_key_find(spec, m->key);

    if (!key)
        return unknown_key(
            pointer,
            text_nearest(m->key, &spec->keys[0].name, spec->key_count, sizeof spec->keys[0]), err);
    if (is_repeated(m))
        return refuse(pointer, err, "this key stands twice in one object");
    if (key->kind == VALUE_CAMPAIGN)
        leaf->values[key - spec->keys].any_campaign = false;
    return value_read(m, key, pointer, &leaf->values[key - spec->keys], err);
}

static bool
read_leaf(const struct jtree *t, struct leaf *leaf, struct buf *pointer, struct error *err)
{
    const struct leaf_spec *spec = leaf->spec;
    const struct leaf_key *required = spec->required ? leaf_key_find(spec, spec->required) : NULL;
    size_t given = 0;

    if (spec->is_number)
        return value_read(t, &spec->keys[0], pointer, &leaf->values[0], err);
    if (t->kind != JTREE_OBJECT)
        return refuse(pointer, err, "takes an object with keys like {\"%s\": ...}",
                      spec->keys[0].name);
    for (const struct jtree *m = t->first; m; m = m->next, given++) {
        size_t len = pointer_push(pointer, m->key);

        if (!read_leaf_key(m, leaf, pointer, err))
            return false;
        pointer_pop(pointer, len);
    }
    if (required && !leaf->values[required - spec->keys].given)
        return refuse(pointer, err, "the key \"%s\" is missing", required->name);
    if (given < (required ? 2u : 1u) && !spec->may_be_empty)
        return refuse(pointer, err, "says nothing; give at least one of its %skeys",
                      required ? "other " : "");
    return true;
}

static const char *
nearest_node_key(const char *word)
{
    const char *names[LEAF_KIND_COUNT + FLAT_KEY_COUNT + ARRAY_LEN(tree_words)];
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(tree_words); i++)
        names[count++] = tree_words[i];
    for (size_t i = 0; i < LEAF_KIND_COUNT; i++)
        names[count++] = leaf_table()[i].name;
    for (size_t i = 0; i < FLAT_KEY_COUNT; i++)
        names[count++] = flat_table()[i].name;
    return text_nearest(word, names, count, sizeof names[0]);
}

static struct node *read_node(const struct jtree *t, struct buf *pointer, int depth,
                              struct error *err);

static bool
read_children(const struct jtree *t, struct node *parent, struct buf *pointer, int depth,
              struct error *err)
{
    size_t index = 0;

    if (t->kind != JTREE_LIST)
        return refuse(pointer, err, "takes a list of criteria");
    for (const struct jtree *item = t->first; item; item = item->next, index++) {
        size_t len = pointer_push_index(pointer, index);
        struct node *child = read_node(item, pointer, depth, err);

        if (!child)
            return false;
        node_add(parent, child);
        pointer_pop(pointer, len);
    }
    return true;
}

/* {"all": [...]}, {"any": [...]}, {"not": ...}: m is the member. */
static struct node *
read_tree_word(const struct jtree *m, struct buf *pointer, int depth, struct error *err)
{
    struct node *n = node_new(m->key[0] == 'n' ? NODE_NOT : m->key[1] == 'l' ? NODE_ALL : NODE_ANY);
    struct node *child = NULL;
    bool ok;

    if (n->kind == NODE_NOT) {
        child = read_node(m, pointer, depth + 1, err);
        ok = child != NULL;
        if (ok)
            node_add(n, child);
    } else {
        ok = read_children(m, n, pointer, depth + 1, err);
    }
    if (ok)
        return n;
    node_free(n);
    return NULL;
}

static bool
is_tree_word(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(tree_words); i++)
        if (strcmp(tree_words[i], key) == 0)
            return true;
    return false;
}

static bool
read_member(const struct jtree *m, struct node *all, struct flat *flat, struct buf *pointer,
            int depth, struct error *err)
{
    const struct leaf_spec *spec = leaf_find(m->key);
    const struct leaf_key *keys = flat_table();
    struct node *child;

    if (is_tree_word(m->key)) {
        if (is_repeated(m))
            return refuse(pointer, err, "this key stands twice in one object");
        if (m != m->parent->first)
            return refuse(pointer, err, "%s stands alone in its object", m->key);
        child = read_tree_word(m, pointer, depth, err);
        if (child)
            node_add(all, child);
        return child != NULL;
    }
    if (spec) {
        if (is_repeated(m))
            return refuse(pointer, err, "this key stands twice in one object");
        child = node_new_leaf(spec->kind, buf_str(pointer));
        node_add(all, child);
        return read_leaf(m, child->leaf, pointer, err);
    }
    for (size_t i = 0; i < FLAT_KEY_COUNT; i++) {
        if (strcmp(keys[i].name, m->key) != 0)
            continue;
        if (is_repeated(m))
            return refuse(pointer, err, "this key stands twice in one object");
        flat->pointers[i] = mem_strdup(buf_str(pointer));
        return value_read(m, &keys[i], pointer, &flat->values[i], err);
    }
    return unknown_key(pointer, nearest_node_key(m->key), err);
}

/* Keys of one object: all of them hold. */
static bool
read_members(const struct jtree *t, struct node *all, struct buf *pointer, int depth,
             struct error *err)
{
    const char *alone = t->first && is_tree_word(t->first->key) ? t->first->key : NULL;
    struct flat flat = {0};
    bool ok = true;

    for (const struct jtree *m = t->first; ok && m; m = m->next) {
        size_t len = pointer_push(pointer, m->key);

        if (alone && m != t->first && !is_repeated(m) &&
            (is_tree_word(m->key) || leaf_find(m->key)))
            ok = refuse(pointer, err, "%s stands alone in its object", alone);
        else
            ok = read_member(m, all, &flat, pointer, depth, err);
        if (ok && alone && m != t->first)
            ok = refuse(pointer, err, "%s stands alone in its object", alone);
        if (ok)
            pointer_pop(pointer, len);
    }
    ok = ok && flat_to_tree(&flat, all, pointer, err);
    flat_release(&flat);
    return ok;
}

static struct node *
read_node(const struct jtree *t, struct buf *pointer, int depth, struct error *err)
{
    struct node *all;
    struct node *only;

    if (depth > CRITERIA_DEPTH_MAX) {
        (void)refuse(pointer, err, "nested deeper than %d", CRITERIA_DEPTH_MAX);
        return NULL;
    }
    if (t->kind != JTREE_OBJECT) {
        (void)refuse(pointer, err, "a criterion is an object like {\"last_contact\": {...}}");
        return NULL;
    }
    all = node_new(NODE_ALL);
    if (!read_members(t, all, pointer, depth, err)) {
        node_free(all);
        return NULL;
    }
    if (all->count != 1)
        return all;
    only = all->children[0];
    all->count = 0;
    node_free(all);
    return only;
}

static struct criteria *
from_tree(const struct jtree *t, struct error *err)
{
    struct buf pointer = {0};
    struct node *root = read_node(t, &pointer, 1, err);
    struct criteria *c = NULL;

    if (root) {
        c = mem_alloc(sizeof *c);
        c->root = root;
        c->document = jtree_to_json(t);
    }
    buf_release(&pointer);
    return c;
}

static bool
too_long(struct error *err)
{
    return error_set_at(err, ERR_INVALID, "/", "the document is longer than %d bytes",
                        CRITERIA_BYTES_MAX);
}

struct criteria *
criteria_from_json(const json_t *document, struct error *err)
{
    struct criteria *c = NULL;
    struct jtree *t;

    if (!document) {
        (void)error_set_at(err, ERR_INVALID, "/", "the document is empty");
        return NULL;
    }
    /* jansson reads at most 2,048 levels, so dumping cannot recurse without end. */
    if (json_dumpb(document, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > CRITERIA_BYTES_MAX) {
        (void)too_long(err);
        return NULL;
    }
    t = jtree_from_json(document);
    c = from_tree(t, err);
    jtree_free(t);
    return c;
}

static struct criteria *
from_yaml(const char *text, size_t len, struct error *err)
{
    struct buf json = {0};
    struct jtree *t = NULL;
    struct criteria *c = NULL;

    if (!yaml_to_json_text(text, len, &json, err))
        goto out;
    if (json.len > 0)
        t = jtree_parse(json.data, json.len, err);
    else
        (void)error_set_at(err, ERR_INVALID, "/", "the document is empty");
    if (t)
        c = from_tree(t, err);
out:
    jtree_free(t);
    buf_release(&json);
    return c;
}

struct criteria *
criteria_from_text(const char *text, size_t len, bool yaml, struct error *err)
{
    struct criteria *c = NULL;
    struct jtree *t;

    if (len > CRITERIA_BYTES_MAX) {
        (void)too_long(err);
        return NULL;
    }
    if (yaml)
        return from_yaml(text, len, err);
    t = jtree_parse(text, len, err);
    if (t)
        c = from_tree(t, err);
    jtree_free(t);
    return c;
}

void
criteria_free(struct criteria *c)
{
    if (!c)
        return;
    node_free(c->root);
    json_decref(c->document);
    free(c);
}

json_t *
criteria_to_json(const struct criteria *c)
{
    return json_deep_copy(c->document);
}

bool
criteria_is_everyone(const struct criteria *c)
{
    return node_fold(c->root) == FOLD_TRUE;
}
