/*
 * A PostgreSQL main database: what its two halves share, postgres.c (opening, one state) and
 * postgres_rows.c (rows and keys).
 */
#ifndef CANVASS_NET_POSTGRES_SOURCE_H
#define CANVASS_NET_POSTGRES_SOURCE_H

#include "core/config/mapping.h"
#include "net/postgres_ahead.h"
#include "net/postgres_check.h"
#include "net/postgres_row.h"

struct pgsource {
    struct pglink *l;
    struct mapping mapping;
    struct pgtable tables[MAIN_TABLE_COUNT];
    bool checked;
    char *identity;  /* owned; server, timeline, database */
    char *relations; /* owned; what the SELECTs read (postgres_relations.h) */
    uint64_t xmin;   /* of begin()'s snapshot: no older transaction was running */
    struct pgrow row;
    struct pgahead *ahead; /* owned; NULL: nothing is read ahead */
    size_t uncounted;      /* tables that it still has to count */
};

/* As main_database.h says of the function of that name; count_rows: count. */
bool pgsource_scan_all(void *ctx, enum main_table table, main_row_fn *on_row, void *arg,
                       struct error *err) MUST_CHECK;
bool pgsource_scan_since(void *ctx, enum main_table table, int64_t since_s, main_row_fn *on_row,
                         void *arg, struct error *err) MUST_CHECK;
bool pgsource_scan_some(void *ctx, enum main_table table, const struct key *keys, size_t count,
                        main_row_fn *on_row, void *arg, struct error *err) MUST_CHECK;
bool pgsource_scan_changed(void *ctx, enum main_table table, const char *position,
                           main_row_fn *on_row, void *arg, bool *able,
                           struct error *err) MUST_CHECK;
bool pgsource_scan_keys(void *ctx, enum main_table table, const struct key *from,
                        const struct key *until, main_key_fn *on_key, void *arg,
                        struct error *err) MUST_CHECK;
bool pgsource_range_counts(void *ctx, enum main_table table, const struct key *bounds, size_t count,
                           int64_t *out, bool *able, struct error *err) MUST_CHECK;
bool pgsource_count_rows(void *ctx, enum main_table table, int64_t *out,
                         struct error *err) MUST_CHECK;
bool pgsource_read_ahead(void *ctx, const char *position, struct error *err) MUST_CHECK;

#endif
