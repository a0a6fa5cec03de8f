/* The checked tree behind struct criteria, and the place in the document while it is read: for the
 * other files of core/segment only. */
#ifndef CANVASS_CORE_SEGMENT_CRITERIA_TREE_H
#define CANVASS_CORE_SEGMENT_CRITERIA_TREE_H

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/segment/jtree.h"
#include "core/segment/leaf_table.h"
#include "core/segment/segment.h"

struct number {
    bool whole;      /* `integer` is its exact value */
    int64_t integer; /* */
    double real;     /* finite, >= 0 */
};

struct comparisons { /* all of them hold */
    size_t count;
    struct {
        enum number_op op;
        struct number value;
    } at[NUMBER_OP_COUNT];
};

struct leaf_value {
    bool given;
    bool flag;                  /* VALUE_BOOL */
    bool any_campaign;          /* VALUE_CAMPAIGN */
    int64_t days;               /* VALUE_DAYS; INT64_MAX stands for more than there ever were */
    int64_t campaign;           /* VALUE_CAMPAIGN */
    size_t choice;              /* VALUE_CHOICE: index in leaf_key.choices */
    char *text;                 /* VALUE_TEXT, VALUE_KEY; owned */
    char **words;               /* VALUE_WORDS; owned */
    size_t word_count;          /* 0: matches nothing */
    struct comparisons numbers; /* VALUE_NUMBER, VALUE_LIMIT (one) */
};

struct leaf {
    const struct leaf_spec *spec;
    char *pointer; /* owned; where it was written */
    struct leaf_value values[LEAF_KEYS_MAX];
};

enum node_kind { NODE_ALL, NODE_ANY, NODE_NOT, NODE_LEAF };

struct node {
    enum node_kind kind;
    struct node **children; /* owned; NODE_NOT has one */
    size_t count, capacity;
    struct leaf *leaf; /* owned; NODE_LEAF */
};

struct criteria {
    struct node *root;
    json_t *document; /* owned */
};

enum { CRITERIA_DEPTH_MAX = 32, CRITERIA_BYTES_MAX = 65536 };

struct node *node_new(enum node_kind kind);
void node_free(struct node *n); /* NULL is fine */
void node_add(struct node *parent, struct node *child);
struct node *node_new_leaf(enum leaf_kind kind, const char *pointer);
void leaf_value_release(struct leaf_value *v);

/* Puts "/key" (escaped) at the end of a pointer and takes it off again. */
size_t pointer_push(struct buf *pointer, const char *key);
size_t pointer_push_index(struct buf *pointer, size_t index);
void pointer_pop(struct buf *pointer, size_t len);
/* error_set_at() with the pointer, "/" for the document itself. Returns false. */
bool refuse(const struct buf *pointer, struct error *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Reads one value of the given kind (criteria_value.c). */
bool value_read(const struct jtree *t, const struct leaf_key *key, struct buf *pointer,
                struct leaf_value *out, struct error *err) MUST_CHECK;

/* The flat keys of one object, collected while it is read (criteria_flat.c). */
struct flat {
    struct leaf_value values[FLAT_KEY_COUNT];
    char *pointers[FLAT_KEY_COUNT]; /* owned */
};
void flat_release(struct flat *f);
/* Appends the leaves that they mean to `all`; takes the values over. pointer: of the object. */
bool flat_to_tree(struct flat *f, struct node *all, const struct buf *pointer,
                  struct error *err) MUST_CHECK;

/* Whether a tree is the same for everyone, as far as can be seen without data. */
enum fold { FOLD_FALSE, FOLD_TRUE, FOLD_OPEN };
enum fold leaf_fold(const struct leaf *leaf);
enum fold node_fold(const struct node *n);
/* What is known of comparisons of a number >= 0. */
enum fold comparisons_fold(const struct comparisons *c);

#endif
