/* The main database as a SQLite file in the reference schema (data/main_database/reference.sql). */
#ifndef CANVASS_CORE_STORE_MAIN_DATABASE_SQLITE_H
#define CANVASS_CORE_STORE_MAIN_DATABASE_SQLITE_H

#include "core/port/main_database.h"

/*
 * Opens read-only and looks at the columns: all that is missing is named in one error.
 *
 * path    of the file
 * out     replaced; main_database_close()
 * Errors  ERR_NOT_FOUND no such file; ERR_INVALID a table or column is missing; ERR_RETRY it is
 * locked; ERR_INTERNAL it is damaged or no database
 */
bool main_database_open_sqlite(const char *path, struct main_database *out,
                               struct error *err) MUST_CHECK;
/* The same by URL; an URL that is not "sqlite:FILE" is ERR_INVALID. */
bool main_database_open_url(const char *url, struct main_database *out,
                            struct error *err) MUST_CHECK;

/* A main_database_open_fn that knows sqlite: only. */
main_database_open_fn main_database_open_config;

/*
 * "YYYY-MM-DD HH:MM:SS[.fff]" or with T, then nothing (UTC), Z, +HH:MM, +HHMM or +HH. Anything
 * else, a number or a bare date included, is no time.
 */
struct main_time main_time_parse(const char *text);
/* Bytes that are not UTF-8 become U+FFFD; at most max bytes, cut between characters. */
void main_text_repair(struct buf *out, const char *text, size_t max);

#endif
