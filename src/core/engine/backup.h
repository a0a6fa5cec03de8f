/*
 * Copies of the ledger, and putting one back. A copy is whole or not there, mode 0600, and marked:
 * whatever ledger it becomes, that one does not send before it is confirmed (place.h).
 */
#ifndef CANVASS_CORE_ENGINE_BACKUP_H
#define CANVASS_CORE_ENGINE_BACKUP_H

#include "core/base/error.h"
#include "core/store/db.h"

/* While an engine sends. ERR_CONFLICT: path is there already; nothing is overwritten. */
bool backup_write(struct db *ledger, const char *path, int64_t now_s, struct error *err) MUST_CHECK;

struct backup_restored {
    int64_t backup_at_s;    /* 0: it was not made by `canvass backup` */
    int64_t campaigns;      /* in it */
    char *kept;             /* owned; where the ledger that was here is kept; NULL: none was */
    int64_t kept_campaigns; /* in the one that was here */
};
void backup_restored_release(struct backup_restored *r);

enum backup_replace { BACKUP_INTO_EMPTY, BACKUP_REPLACE };

/*
 * The file is looked through first (integrity, foreign keys, schema: a newer one is refused, an
 * older one migrated). BACKUP_INTO_EMPTY: ERR_CONFLICT when the home holds campaigns. What was
 * there is copied to canvass.db.before-restore-<time>, and told not to send, should somebody put
 * it back. Refused while an engine runs on the home. The change is one transaction.
 */
bool backup_restore(const char *home, const char *path, enum backup_replace how, const char *by,
                    int64_t now_s, struct backup_restored *out, struct error *err) MUST_CHECK;

#endif
