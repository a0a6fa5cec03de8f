/*
 * An index in memory, before it is written: every section as a column. Made from the whole replica,
 * or from an older file and the customers that were touched since.
 */
#ifndef CANVASS_CORE_INDEX_IMAGE_H
#define CANVASS_CORE_INDEX_IMAGE_H

#include "core/base/error.h"
#include "core/base/radix.h"
#include "core/index/column.h"
#include "core/index/file.h"
#include "core/store/index_store.h"

struct index_image {
    struct index_meta meta;
    struct column columns[SECTION_COUNT];
    struct words words[SECTION_COUNT]; /* of the KIND_WORDS sections; not columns yet */
    struct scores scores;
};

/* Reads the replica inside the caller's transaction; meta.generation and .stamp are the caller's.
 */
bool index_image_read(struct index_image *image, struct db *db, enum index_scope scope,
                      struct error *err) MUST_CHECK;
/*
 * The same from an older index of the generation before and temp.index_touched, which lists who was
 * touched since. ERR_CONFLICT: that does not do, read everything.
 */
bool index_image_merge(struct index_image *image, struct index_file *old, struct db *db,
                       struct error *err) MUST_CHECK;
/* The same from a draft that was put in order (index.h), which is empty afterwards. */
struct index_draft;
bool index_image_take(struct index_image *image, struct index_draft *d, struct db *db,
                      struct error *err) MUST_CHECK;
bool index_image_write(struct index_image *image, struct index_out *o,
                       struct error *err) MUST_CHECK;
void index_image_release(struct index_image *image);

/* Who shares an address: as hashes, while rows go by. Zero is a valid empty value. */
struct index_sharing {
    struct address_hashes {
        struct radix_item *list; /* owned; hash and position */
        size_t count, capacity;
    } of[INDEX_EMAIL + 1];
};
struct index_places;
void index_sharing_note(struct index_sharing *s, enum index_address which, uint32_t position,
                        const char *address); /* NULL: none */
void index_sharing_release(struct index_sharing *s);
/* Fills the sections of shared addresses from what was noted, or from the replica alone. */
bool index_sharing_find(struct index_image *image, const struct index_places *places,
                        struct index_sharing *s, struct db *db, struct error *err) MUST_CHECK;
bool index_sharing_read(struct index_image *image, const struct index_places *places, struct db *db,
                        struct error *err) MUST_CHECK;

/* Row id -> position. */
struct index_places {
    int64_t *ids;        /* owned; ascending */
    uint32_t *positions; /* owned; NULL: the place itself */
    uint32_t *direct;    /* owned; by id - low, position + 1; NULL: search ids */
    int64_t low;
    size_t count, span;
};
void index_places_make(struct index_places *p, const struct column *ids);
void index_places_release(struct index_places *p);
/* false: nobody has this id. */
bool index_places_find(const struct index_places *p, int64_t id, uint32_t *position);

#endif
