/* How old the replica is: one row, read by screens, previews and the launch. */
#ifndef CANVASS_CORE_STORE_REPLICA_STATE_STORE_H
#define CANVASS_CORE_STORE_REPLICA_STATE_STORE_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/store/db.h"

struct replica_state {
    bool synced; /* false: never */
    int64_t generation, synced_at_s, customers;
    char last_error[256]; /* "" after a good sync */
};

bool replica_state_load(struct db *db, struct replica_state *out, struct error *err) MUST_CHECK;

#endif
