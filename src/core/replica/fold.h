/*
 * Moves the replica's write-ahead log into its file, on a thread and a connection of its own, while
 * the sync that wrote it goes on: what was committed is readable meanwhile.
 */
#ifndef CANVASS_CORE_REPLICA_FOLD_H
#define CANVASS_CORE_REPLICA_FOLD_H

#include <pthread.h>
#include <stdbool.h>

#include "core/store/db.h"

struct fold {
    pthread_t thread;
    char *path; /* owned; of the replica */
    bool running;
};

/* The connection moves nothing by itself from here on; nothing to do for a replica in memory. */
void fold_hold(struct db *replica);
/* After a commit: begins when the log is large. */
void fold_begin(struct fold *f, struct db *replica);
/* Waits for the end. A failure is only logged: the log is whole, and the next sync tries again. */
void fold_end(struct fold *f);

#endif
