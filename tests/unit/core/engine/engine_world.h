/* A state folder with people and campaigns, and an engine on it, for tests. */
#ifndef CANVASS_TESTS_ENGINE_WORLD_H
#define CANVASS_TESTS_ENGINE_WORLD_H

#include "core/config/config.h"
#include "core/engine/engine.h"
#include "core/engine_fake_net.h"
#include "temp_folder.h"

struct engine_world {
    char home[TEMP_FOLDER_PATH];
    struct config config;
    struct fake_world *fake;
    struct db *db; /* another process's eye on the ledger; NULL while a child runs */
};

int engine_world_open(void **state);  /* cmocka setup */
int engine_world_close(void **state); /* cmocka teardown */
/* An active, planned campaign to people first..first+count-1, with numbers +1310555NNNN. */
void engine_world_campaign(struct engine_world *w, int64_t id, int first, int count);
void engine_world_sql(struct engine_world *w, const char *sql);
/* The same on the replica ("replica.customer"). */
void engine_world_replica(struct engine_world *w, const char *sql);
int64_t engine_world_number(struct engine_world *w, const char *sql);
/* Runs until nothing is due within seconds; the clock is the fake one. */
void engine_world_run(struct engine_world *w, struct engine_summary *out);
/* Runs for so long, idle or not, and stops in order. */
void engine_world_run_for(struct engine_world *w, int64_t ms, struct engine_summary *out);
/* Until idle in a process of its own, which may be killed. Returns its exit code, 9: crashed. */
int engine_world_run_child(struct engine_world *w);
/* A reader on both databases; the caller closes it. */
struct db *engine_world_reader(struct engine_world *w);
void engine_world_phone(int person, char out[24]);

#endif
