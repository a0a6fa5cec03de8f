#include "core/store/db_stamp.h"

#include <stddef.h>

#include <sqlite3.h>

#include "core/base/cc.h"

enum { REGION_BYTES = 32768 };

/* The wal-index of the main file as this connection has it mapped; NULL: it has none. */
static const volatile uint32_t *
wal_index(struct sqlite3 *raw)
{
    sqlite3_file *file = NULL;
    void volatile *region = NULL;

    if (sqlite3_file_control(raw, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
        !file->pMethods || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap ||
        file->pMethods->xShmMap(file, 0, REGION_BYTES, 0, &region) != SQLITE_OK)
        return NULL;
    return region;
}

/* Word by word, without a lock: half of an old head and half of a new one are different from both,
 * and so a change, now or the next time. */
NO_SANITIZE_THREAD bool
db_stamp_changed(struct sqlite3 *raw, struct db_stamp *stamp)
{
    const volatile uint32_t *head = wal_index(raw);
    bool changed = !stamp->known || !head;

    for (size_t i = 0; head && i < ARRAY_LEN(stamp->head); i++) {
        const uint32_t word = head[i];

        changed = changed || stamp->head[i] != word;
        stamp->head[i] = word;
    }
    stamp->known = head != NULL;
    return changed;
}
