/*
 * Whether a database in WAL mode has had a commit, without a lock or a read transaction: the head
 * of its wal-index, which all connections share in memory, is another one after every commit
 * (sqlite.org/walformat.html, "The WAL-Index Header").
 */
#ifndef CANVASS_CORE_STORE_DB_STAMP_H
#define CANVASS_CORE_STORE_DB_STAMP_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;

struct db_stamp {
    bool known; /* false: never looked at */
    uint32_t head[12];
};

/*
 * True when somebody, this connection included, has committed to the main file since the last time
 * with that stamp, which then holds what is there now; and when it cannot be told. Ask before
 * reading: what is committed in between is told the next time.
 */
bool db_stamp_changed(struct sqlite3 *raw, struct db_stamp *stamp);

#endif
