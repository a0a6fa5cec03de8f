#include "core/segment/criteria_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"

struct node *
node_new(enum node_kind kind)
{
    struct node *n = mem_alloc(sizeof *n);

    n->kind = kind;
    return n;
}

struct node *
node_new_leaf(enum leaf_kind kind, const char *pointer)
{
    struct node *n = node_new(NODE_LEAF);

    n->leaf = mem_alloc(sizeof *n->leaf);
    n->leaf->spec = &leaf_table()[kind];
    n->leaf->pointer = mem_strdup(pointer);
    if (kind == LEAF_CONTACTED_BY) /* "any" unless a campaign is given */
        n->leaf->values[CONTACTED_CAMPAIGN].any_campaign = true;
    return n;
}

void
node_add(struct node *parent, struct node *child)
{
    parent->children =
        mem_grow(parent->children, parent->count, &parent->capacity,
                 sizeof *parent->children); /* NOLINT(bugprone-sizeof-expression): of pointers */
    parent->children[parent->count++] = child;
}

void
leaf_value_release(struct leaf_value *v)
{
    free(v->text);
    for (size_t i = 0; i < v->word_count; i++)
        free(v->words[i]);
    free(v->words);
    *v = (struct leaf_value){0};
}

void
node_free(struct node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->count; i++)
        node_free(n->children[i]);
    free(n->children);
    if (n->leaf) {
        for (size_t i = 0; i < LEAF_KEYS_MAX; i++)
            leaf_value_release(&n->leaf->values[i]);
        free(n->leaf->pointer);
        free(n->leaf);
    }
    free(n);
}

size_t
pointer_push(struct buf *pointer, const char *key)
{
    size_t len = pointer->len;

    buf_add_char(pointer, '/');
    for (const char *s = key; *s; s++) { /* RFC 6901 */
        if (*s == '~')
            buf_add_str(pointer, "~0");
        else if (*s == '/')
            buf_add_str(pointer, "~1");
        else
            buf_add_char(pointer, *s);
    }
    return len;
}

size_t
pointer_push_index(struct buf *pointer, size_t index)
{
    size_t len = pointer->len;

    buf_printf(pointer, "/%zu", index);
    return len;
}

void
pointer_pop(struct buf *pointer, size_t len)
{
    pointer->len = len;
    if (pointer->data)
        pointer->data[len] = '\0';
}

bool
refuse(const struct buf *pointer, struct error *err, const char *fmt, ...)
{
    char text[sizeof err->text];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return error_set_at(err, ERR_INVALID, pointer->len ? buf_str(pointer) : "/", "%s", text);
}
