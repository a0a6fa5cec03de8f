/* Saved segments: a name and a checked document (table saved_segment). */
#ifndef CANVASS_CORE_STORE_SEGMENT_STORE_H
#define CANVASS_CORE_STORE_SEGMENT_STORE_H

#include <jansson.h>

#include "core/store/db.h"

struct segment_row { /* owned */
    char *name, *criteria;
    int64_t updated_at_s;
};

/* Replaces an older one of the same name. */
bool segment_store_save(struct db *ledger, const char *name, const char *criteria, int64_t now_s,
                        struct error *err) MUST_CHECK;
/* ERR_NOT_FOUND when there is none; the text is the caller's. */
bool segment_store_load(struct db *db, const char *name, char **criteria,
                        struct error *err) MUST_CHECK;
/*
 * In one transaction, with the drafts of campaigns that name it. ERR_CONFLICT: there is another of
 * that name.
 */
bool segment_store_rename(struct db *ledger, const char *name, const char *to,
                          struct error *err) MUST_CHECK;
bool segment_store_delete(struct db *ledger, const char *name, struct error *err) MUST_CHECK;
/* In order of name. */
bool segment_store_list(struct db *db, struct segment_row **out, size_t *count,
                        struct error *err) MUST_CHECK;
void segment_store_list_release(struct segment_row *rows, size_t count);

#endif
