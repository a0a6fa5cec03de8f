/* One row of binary COPY made a main_row: kinds by main_schema.h, words by the mapping. */
#ifndef CANVASS_NET_POSTGRES_ROW_H
#define CANVASS_NET_POSTGRES_ROW_H

#include "core/base/buf.h"
#include "core/config/mapping.h"
#include "net/postgres_copy.h"

enum { PGROW_SCRATCH = MAIN_COLUMNS_MAX };

struct pgrow {
    struct buf scratch[PGROW_SCRATCH]; /* texts that were not as they should be */
    size_t used;
    char uuids[3][PGCOPY_UUID_SIZE];
};

void pgrow_release(struct pgrow *r);
/* fields: main_columns() without `version`, in their order. What out points at lasts until the
 * next call, or until the message of the fields is freed. */
bool pgrow_read(struct pgrow *r, const struct mapping *m, enum main_table table,
                const struct pgcopy_field *fields, struct main_row *out,
                struct error *err) MUST_CHECK;
/* Of a key that is not NULL. */
bool pgrow_key(struct pgrow *r, enum mapping_key kind, const struct pgcopy_field *f,
               struct key *out, struct error *err) MUST_CHECK;

#endif
