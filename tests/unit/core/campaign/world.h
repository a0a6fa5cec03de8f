/* A small world for the tests of campaigns: a store in memory, customers, a configuration. */
#ifndef CANVASS_TESTS_UNIT_CORE_CAMPAIGN_WORLD_H
#define CANVASS_TESTS_UNIT_CORE_CAMPAIGN_WORLD_H

#include <jansson.h>

#include "core/campaign/campaign.h"
#include "core/campaign/launch.h"
#include "core/store/stores.h"
#include "sql.h"

#define WORLD_NOW 1764000000 /* 2025-11-24T16:00:00Z */

struct world {
    struct db *ledger, *reader; /* the same connection unless opened in a folder */
    struct config config;
    char *home; /* NULL in memory */
};

void world_open(struct world *w);        /* in memory */
void world_open_folder(struct world *w); /* real files, two connections */
void world_close(struct world *w);
/* Customers 1..count with a phone each, synced at WORLD_NOW. Some have no name. */
void world_add_customers(struct world *w, int64_t count);

/* A complete file; text replaces its message when it is not NULL. Caller frees. */
json_t *world_spec(const char *text);
int64_t world_create(struct world *w, const char *text);
/* Launches with the right count and queues all; fails the test when it does not work. */
void world_launch(struct world *w, int64_t id);
bool world_begin(struct world *w, int64_t id, int64_t confirm, struct error *err);
int64_t world_reachable(struct world *w, int64_t id);

#endif
