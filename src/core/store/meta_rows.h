/*
 * What conversations' metadata holds, while a full sync reads them: kept beside until all are
 * there, then given back in the order of their table's key: name, customer, conversation.
 */
#ifndef CANVASS_CORE_STORE_META_ROWS_H
#define CANVASS_CORE_STORE_META_ROWS_H

#include "core/base/word_table.h"
#include "core/store/bulk_writer.h"
#include "core/store/replica_store.h"

struct meta_row;
struct meta_rows {         /* zero is a valid empty value */
    struct meta_row *rows; /* owned */
    size_t count, capacity;
    struct word_table names;
    struct buf keys; /* of conversations whose keys are texts, each NUL-terminated */
};

void meta_rows_release(struct meta_rows *m);
/* All that one conversation holds; conversations come in the order of their keys. */
void meta_rows_add(struct meta_rows *m, int64_t customer, const struct key *conversation,
                   const struct replica_meta_key *keys, size_t count);
/* Gives all rows to a target of four columns: name, customer, conversation, time; empties m. */
bool meta_rows_give(struct meta_rows *m, struct bulk_writer *w, size_t target,
                    struct error *err) MUST_CHECK;

#endif
