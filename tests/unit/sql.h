/* SQL in a test: what fails, fails the running test with SQLite's words. */
#ifndef CANVASS_TESTS_SQL_H
#define CANVASS_TESTS_SQL_H

#include <stdint.h>

#include "core/store/db.h"

void sql_run(struct db *db, const char *sql);
/* One number of one row. */
int64_t sql_number(struct db *db, const char *sql);

#endif
