/* A main database in the reference schema and a replica, in a folder of their own: for tests of the
 * sync. */
#ifndef CANVASS_TESTS_UNIT_SYNC_WORLD_H
#define CANVASS_TESTS_UNIT_SYNC_WORLD_H

#include "core/replica/sync.h"
#include "core/store/db.h"

struct sync_world {
    char *folder;
    char *main_path;
    struct db *main;    /* read-write */
    struct db *replica; /* replica_open_writer() */
};

/* text_keys: customers.id is TEXT. */
void sync_world_open(struct sync_world *w, bool text_keys);
void sync_world_close(struct sync_world *w);                /* removes the folder */
void sync_world_run(struct sync_world *w, const char *sql); /* on the main database */
/* Runs one sync at now_s; fails the test when it fails. */
struct sync_result sync_world_sync(struct sync_world *w, enum sync_mode mode, int64_t now_s);
bool sync_world_try(struct sync_world *w, enum sync_mode mode, int64_t now_s,
                    struct sync_result *result, struct error *err);
/* First column of the first row as text, "NULL" for NULL, "" without a row; caller frees. */
char *sync_world_ask(struct sync_world *w, const char *sql);
/* Everything that the replica holds, ids replaced by keys; caller frees. */
char *sync_world_dump(struct db *replica);

#endif
