/* What is in doubt, for people: deliveries and messages with their latest attempt. */
#ifndef CANVASS_CORE_STORE_DOUBT_STORE_H
#define CANVASS_CORE_STORE_DOUBT_STORE_H

#include "core/store/attempt_store.h"

struct doubt_row {
    struct unit unit;
    int64_t campaign_id;
    struct key customer;
    bool has_customer;
    char *address, *text, *campaign_name, *name; /* owned; NULL when absent */
    int64_t claimed_at_s, lookups, next_lookup_at_s;
    char *error, *list_error; /* owned: why the call had no clear answer; the list's trouble */
};
/* db: a reader (stores.h). Oldest first. */
bool doubt_rows_load(struct db *db, struct doubt_row **out, size_t *count,
                     struct error *err) MUST_CHECK;
void doubt_rows_release(struct doubt_row *rows, size_t count);

#endif
