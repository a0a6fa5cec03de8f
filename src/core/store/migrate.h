/* Brings a database to the schema of this program. */
#ifndef CANVASS_CORE_STORE_MIGRATE_H
#define CANVASS_CORE_STORE_MIGRATE_H

#include "core/store/db.h"

/*
 * Runs the embedded files data/migrations/<subject>/NNNN_*.sql that come after PRAGMA user_version,
 * each in one transaction, and after copying a non-empty database to <path>.before-NNNN.
 * A database newer than the program is refused (ERR_CONFLICT).
 *
 * subject  the folder's name: "ledger", "replica", "relay"
 * schema   which database of the connection: "main" or the name it was attached under
 * path     of the file, for the copy (main only); NULL: no copy
 */
bool migrate(struct db *db, const char *subject, const char *schema, const char *path,
             struct error *err) MUST_CHECK;

#endif
