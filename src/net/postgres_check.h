/*
 * A mapping held against the live database: does every SELECT run, has it the canonical columns, of
 * types that can be read? What it finds out is what the source asks with.
 */
#ifndef CANVASS_NET_POSTGRES_CHECK_H
#define CANVASS_NET_POSTGRES_CHECK_H

#include "core/base/buf.h"
#include "core/config/mapping.h"
#include "net/postgres_link.h"

struct pgtable {
    char *columns;    /* owned: expressions over q, one per canonical column but `version` */
    size_t count;     /* of them */
    char *updated_at; /* owned: its condition's left side; NULL: the SELECT has none */
    char *since;      /* owned: its right side, with one %s for UTC seconds */
    bool has_version;
};

void pgtable_release(struct pgtable *t);
/*
 * One table. Runs its SELECT with LIMIT 0: in a transaction a failure spoils it.
 *
 * problems  appended, a line each: what is wrong with which table and what to do
 * Errors    the connection was lost, or the server cannot answer now: problems are no errors
 */
bool pgcheck_table(struct pglink *l, const struct mapping *m, enum main_table table,
                   struct pgtable *out, struct buf *problems, struct error *err) MUST_CHECK;

/* The same for a statement of write_back: the server understands it. */
bool pgcheck_write_back(struct pglink *l, const struct mapping *m, enum main_write kind,
                        struct buf *problems, struct error *err) MUST_CHECK;

#endif
