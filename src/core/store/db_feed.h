/*
 * Many rows in one run of a statement: `INSERT … SELECT c0, c1, … FROM feed(:rows)`, with
 * db_bind_rows(). A statement that is run once a row costs SQLite as much again as the row.
 */
#ifndef CANVASS_CORE_STORE_DB_FEED_H
#define CANVASS_CORE_STORE_DB_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

struct sqlite3;

enum { DB_FEED_COLUMNS = 25 }; /* c0 to c24 */

enum db_cell_kind { DB_CELL_NULL, DB_CELL_I64, DB_CELL_REAL, DB_CELL_TEXT };
struct db_cell {
    enum db_cell_kind kind;
    uint32_t len; /* of a text */
    union {
        int64_t i64;
        double real;
        size_t at; /* where the text stands in db_rows.texts */
    };
};

struct db_rows {
    const struct db_cell *cells; /* row by row */
    size_t width, count;
    const char *texts;
};
#define DB_ROWS_POINTER "canvass rows"

/* Rows that are put together cell by cell. Zero is empty. */
struct db_feed {
    struct db_cell *cells; /* owned */
    size_t count, capacity;
    struct buf texts;
};
void db_feed_add_i64(struct db_feed *f, int64_t value);
void db_feed_add_text(struct db_feed *f, const char *text); /* copied; NULL is NULL */
/* As rows of that width; borrowed until the next change. */
struct db_rows db_feed_rows(const struct db_feed *f, size_t width);
void db_feed_release(struct db_feed *f);

/* For db_open() only: makes `feed` known to a connection. */
int db_feed_register(struct sqlite3 *raw);

#endif
