/*
 * The main database on PostgreSQL: fills in core/port/main_database.h by a mapping
 * (core/config/mapping.h). Reads by binary COPY, row by row, in one REPEATABLE READ READ ONLY
 * transaction; needs nothing but the right to SELECT. docs/main-database.md tells what holds.
 */
#ifndef CANVASS_NET_POSTGRES_H
#define CANVASS_NET_POSTGRES_H

#include "core/base/buf.h"
#include "core/port/main_database.h"
#include "core/port/main_sink.h"

/* A main_database_open_fn for postgresql:// and sqlite: (that one by core's own). */
main_database_open_fn net_main_database_open;

/* The same for writing back (main_sink.h): by the mapping's write_back. */
main_sink_open_fn net_main_sink_open;

/*
 * Holds the mapping against the live database.
 *
 * problems  appended, a line each; nothing: all is well
 * Errors    the mapping cannot be read (all its errors are in problems), or nobody answers
 */
bool net_main_database_check(const struct config *config, struct buf *problems,
                             struct error *err) MUST_CHECK;

#endif
