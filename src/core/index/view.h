/* What a connection keeps of the index: for core/index only. */
#ifndef CANVASS_CORE_INDEX_VIEW_H
#define CANVASS_CORE_INDEX_VIEW_H

#include "core/base/buf.h"
#include "core/index/file.h"
#include "core/index/image.h"
#include "core/index/index.h"
#include "core/index/scan.h"
#include "core/segment/criteria_tree.h"
#include "core/segment/preview_sql.h"
#include "core/store/index_store.h"
#include "core/store/reach_store.h"

enum { CACHE_ENTRIES = 64, CACHE_BYTES_MAX = 48 << 20 };

struct cached { /* the customers of one leaf */
    struct buf key;
    struct bits bits;
    uint64_t used;
    /* contacted_by: as of when */
    int64_t deliveries; /* mark */
    int64_t now_s;
};

enum { SPACE_PHONE, SPACE_EMAIL, SPACE_COUNT }; /* kinds of address */

/* Who can be reached, whoever is in the segment; kept up with the ledger's notes. */
struct reach_state {
    bool loaded;
    struct bits has[SPACE_COUNT];     /* a valid address */
    struct bits opted[CHANNEL_COUNT]; /* out of the channel */
    struct bits capped[SPACE_COUNT];
    struct reach_marks marks;
    int64_t cap, since_s; /* cap 0: nobody is capped, and deliveries are not followed */
};

struct used_words { /* of one column of codes */
    bool made;
    const char **words; /* owned; texts are the file's */
    size_t count;
};
void used_words_release(struct used_words *u);

enum { ROWS_KEPT = 4 };

struct index_view {
    struct db *db;           /* borrowed: whose it is */
    char *path;              /* owned; NULL: none (a replica in memory) */
    struct index_file *file; /* owned; NULL: none that fits */
    bool given;              /* by index_attach() */
    struct index_places places;
    bool has_places;
    struct rows_map conversations, appointments;
    bool has_conversations, has_appointments;
    struct reach_state reach;
    /* the last answers: a preview asks for reach, funnel and sample of one set */
    struct matched_set {
        struct buf key; /* what tree, as of when; empty: none yet */
        struct bits set;
        uint64_t number; /* another one for every set */
    } last;
    struct reached_set {
        uint64_t of; /* number of the set; 0: none yet */
        size_t channel;
        int64_t cap, since_s;
        struct reach_marks marks;
        struct bits left;
        struct reach counts;
    } reached;
    struct used_words used[SECTION_COUNT];
    struct coarse_columns coarse;
    struct cached rows[ROWS_KEPT]; /* of conversations or appointments, without their times */
    struct cached cache[CACHE_ENTRIES];
    uint64_t uses;
};

/* "replica.idx" for "replica.db"; caller frees. */
char *index_path(const char *replica);

/* false: damaged. */
bool view_places(struct index_view *v, const struct index_places **out) MUST_CHECK;
bool view_conversations(struct index_view *v, const struct rows_map **out) MUST_CHECK;
bool view_appointments(struct index_view *v, const struct rows_map **out) MUST_CHECK;

void reach_state_release(struct reach_state *r);

/* NULL: not there. Else borrowed until the next view_cache_put(). */
struct cached *view_cache_find(struct index_view *v, const struct buf *key);
/* Takes bits over. */
struct cached *view_cache_put(struct index_view *v, const struct buf *key, struct bits *bits);

/* The same for sets of rows. */
struct cached *view_rows_find(struct index_view *v, const struct buf *key);
struct cached *view_rows_put(struct index_view *v, const struct buf *key, struct bits *bits);
/* All that a leaf's set depends on, besides the replica; appended to key. */
void index_key_number(struct buf *key, int64_t n);
void index_leaf_key(const struct leaf *leaf, const struct segment_env *env, struct buf *key);

struct gather {   /* row ids; zero is a valid empty value */
    int64_t *ids; /* owned */
    size_t count, capacity;
};
void gather_id(void *ctx, int64_t id); /* ctx: struct gather */

/*
 * Brings the set of a contacted_by leaf up to the ledger and the clock, customer by customer.
 * *usable false: it must be made anew.
 */
bool index_follow_contacted(struct index_view *v, const struct leaf *leaf,
                            const struct segment_env *env, int64_t deliveries, struct cached *c,
                            bool *usable, struct error *err) MUST_CHECK;

/* What became of a leaf. */
enum leaf_outcome {
    LEAF_DONE,
    LEAF_ASK_SQL, /* some column does not hold it */
    LEAF_DAMAGED,
};
enum leaf_outcome index_leaf(struct index_view *v, const struct leaf *leaf,
                             const struct segment_env *env, struct bits *out);

#endif
