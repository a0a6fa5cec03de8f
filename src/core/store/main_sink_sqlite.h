/* Writing back into a SQLite main database in the reference schema. */
#ifndef CANVASS_CORE_STORE_MAIN_SINK_SQLITE_H
#define CANVASS_CORE_STORE_MAIN_SINK_SQLITE_H

#include "core/port/main_sink.h"

main_sink_open_fn main_sink_open_sqlite;

#endif
