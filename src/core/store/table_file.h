/*
 * A table written as a SQLite file of its own, page by page, from rows that come in the order of
 * its key: nothing is looked for, nothing is moved. SQLite then takes the whole table over with
 * INSERT INTO ... SELECT *, which copies rows as they stand (docs/architecture.md).
 *
 * The format is https://www.sqlite.org/fileformat2.html. A row holds what its table allows: nobody
 * checks it again.
 */
#ifndef CANVASS_CORE_STORE_TABLE_FILE_H
#define CANVASS_CORE_STORE_TABLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/store/db_feed.h"

struct table_file;

struct table_plan {
    const char *name; /* of the table */
    const char *sql;  /* CREATE TABLE, without a schema before the name */
    /*
     * How many of the first columns are the PRIMARY KEY of a WITHOUT ROWID table. 0: the first
     * column is an INTEGER PRIMARY KEY, the row id.
     */
    size_t key_columns;
};

enum table_added {
    TABLE_ADDED,
    TABLE_UNORDERED, /* not above the row before: nothing was done, and nothing more is taken */
    TABLE_FAILED
};

/* A new file; one that is there is replaced. plan is copied, its texts are not. */
struct table_file *table_file_new(const char *path, const struct table_plan *plan,
                                  struct error *err) MUST_CHECK;
enum table_added table_file_add(struct table_file *f, const struct db_cell *cells, size_t width,
                                const char *texts, struct error *err) MUST_CHECK;
int64_t table_file_rows(const struct table_file *f);
/* What is still in memory goes to the file, which is a database then. */
bool table_file_end(struct table_file *f, struct error *err) MUST_CHECK;
/* The file stays, at its name or not: its room is given back when SQLite has let it go too. */
void table_file_empty(struct table_file *f);
void table_file_free(struct table_file *f); /* NULL is fine */

#endif
