/*
 * The criteria editor without a screen: a criteria document as rows that a person can change, and
 * back. Pure: no data is asked here, no cell is drawn.
 *
 * A row is one condition of one leaf ("last contact | older than | 30"); further conditions of the
 * same leaf are rows below it that are `joined`; a group is a row whose children are one deeper.
 * What rows cannot show is a raw row, which keeps its JSON as it was written. A document that
 * nobody touched comes back as it was written, the flat form included.
 *
 * A row may be wrong for a while. It then counts with its last good value, or not at all when it
 * never had one; wrows_json() says what is counted now.
 */
#ifndef CANVASS_UI_SCREEN_WIZARD_ROWS_H
#define CANVASS_UI_SCREEN_WIZARD_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/base/error.h"
#include "core/segment/leaf_table.h"
#include "ui/widget/edit.h"

enum wrow_kind { WROW_LEAF, WROW_GROUP, WROW_RAW };
enum wrow_join { JOIN_ALL, JOIN_ANY, JOIN_NONE, JOIN_NOT_ALL, JOIN_COUNT };
enum { WROW_DEPTH_MAX = 6, WROWS_MAX = 200 };
#define WROW_EXISTS SIZE_MAX /* key: the leaf alone, "at least one" */

struct wrow {
    enum wrow_kind kind;
    int depth;
    bool joined;         /* a further condition of the leaf above */
    bool negated;        /* of the whole leaf: on its first row */
    bool as_list;        /* words were written as a list though there is but one */
    enum wrow_join join; /* WROW_GROUP */
    const struct leaf_spec *leaf;
    size_t key;        /* in leaf->keys, or WROW_EXISTS */
    enum number_op op; /* VALUE_NUMBER */
    struct edit value;
    char *good;     /* the last value that was right; NULL: there was none; owned */
    json_t *raw;    /* WROW_RAW; owned */
    bool touched;   /* it was left once: tell at once what is wrong */
    char error[96]; /* "" when right */
};

struct wrows {
    struct wrow *at; /* owned */
    size_t count, capacity;
    enum wrow_join match; /* of the rows at depth 0: JOIN_ALL or JOIN_ANY */
    json_t *original;     /* as it was loaded; owned */
    bool changed;         /* since then */
};

void wrows_release(struct wrows *r);
/* criteria: a checked document. Replaces what is there. */
void wrows_load(struct wrows *r, const json_t *criteria);
/* What is counted now; a new reference. */
json_t *wrows_json(const struct wrows *r);
/* Fills in the errors of all rows; true when all are right. */
bool wrows_check(struct wrows *r);
/* What would be counted if the row's value were this text; a new reference. */
json_t *wrows_json_with(struct wrows *r, size_t row, const char *value);
/* The first row that is wrong; count when none is. */
size_t wrows_first_wrong(const struct wrows *r);

/* The rows as they stand, half-typed values and all, for the draft; a new reference. */
json_t *wrows_state(const struct wrows *r);
/* False when it is not such a state (nothing is changed then). */
bool wrows_load_state(struct wrows *r, const json_t *state);

/* --- changes. Rows are named by their index. */
/* A new condition before index `at`, of that leaf and key. WROWS_MAX is the end: false. */
bool wrows_add_leaf(struct wrows *r, size_t at, int depth, const struct leaf_spec *leaf,
                    size_t key);
/* A further condition of the leaf at i; false when it has no more. *added is its row. */
bool wrows_add_joined(struct wrows *r, size_t i, size_t *added);
bool wrows_add_group(struct wrows *r, size_t at, int depth, enum wrow_join join);
/* A group goes with what is in it; the first condition of a leaf leaves the others. */
void wrows_remove(struct wrows *r, size_t i);
void wrows_set_leaf(struct wrows *r, size_t i, const struct leaf_spec *leaf);
void wrows_set_condition(struct wrows *r, size_t i, size_t key, enum number_op op);
void wrows_set_value(struct wrows *r, size_t i, const char *text);
void wrows_set_raw(struct wrows *r, size_t i, const json_t *raw);
void wrows_touch(struct wrows *r); /* something was changed in place */
/* Behind the row and what belongs to it (joined rows, what a group holds). */
size_t wrows_end(const struct wrows *r, size_t i);
/* The first row of the leaf that row i belongs to. */
size_t wrows_head(const struct wrows *r, size_t i);

/* --- words for the screen */
struct wcondition {
    size_t key;
    enum number_op op;
    char label[64]; /* "older than", "how many at least" */
    const char *help;
};
enum { WCONDITIONS_MAX = 48 };
size_t wrow_conditions(const struct leaf_spec *leaf, struct wcondition *out, size_t max);
void wrow_condition_label(const struct wrow *row, char out[64]);
const char *wrow_unit(const struct wrow *row);    /* "days" or "" */
const char *wrow_join_words(enum wrow_join join); /* "all of these" */
/* "last contact": the leaf's title in lower case. */
void wrow_leaf_label(const struct leaf_spec *leaf, char out[64]);
enum value_kind wrow_value_kind(const struct wrow *row); /* VALUE_KIND_COUNT: it has no value */

/* The flat form as a list of nodes that all hold (semantics.md "The flat form"); a new reference.
 */
json_t *wrows_flat_nodes(json_t *object);

#endif
