/* A row as SQLite keeps it: https://www.sqlite.org/fileformat2.html#record_format */
#ifndef CANVASS_CORE_STORE_TABLE_RECORD_H
#define CANVASS_CORE_STORE_TABLE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/store/db_feed.h"

enum { VARINT_MAX = 9 };

/* SQLite's: seven bits a byte, the highest first; a ninth byte has eight. How many were written. */
size_t varint_put(unsigned char *p, uint64_t value);
/* How many bytes it takes; 0 when len bytes do not hold all of one. */
size_t varint_get(const unsigned char *p, size_t len, uint64_t *value);
/* How many bytes a row takes at most. */
size_t table_record_bound(const struct db_cell *cells, size_t width);
/*
 * Writes the row, at most that many bytes; how many. rowid: the first column is one, and not kept
 * in the record.
 */
size_t table_record_write(unsigned char *out, const struct db_cell *cells, size_t width,
                          const char *texts, bool rowid);

#endif
