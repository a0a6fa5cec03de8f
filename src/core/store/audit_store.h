/* The audit, to be read (stores.h has audit_add). */
#ifndef CANVASS_CORE_STORE_AUDIT_STORE_H
#define CANVASS_CORE_STORE_AUDIT_STORE_H

#include "core/store/db.h"

struct audit_entry {
    int64_t id, at_s;
    char *actor, *action, *subject, *detail; /* owned; never NULL */
};
/* Newest first. */
bool audit_list_load(struct db *db, size_t limit, struct audit_entry **out, size_t *count,
                     struct error *err) MUST_CHECK;
void audit_list_release(struct audit_entry *list, size_t count);

#endif
