/* Writes a main database in the reference schema: for the demo, and for tests. */
#ifndef CANVASS_CORE_STORE_DEMO_STORE_H
#define CANVASS_CORE_STORE_DEMO_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"

struct demo_store;

#define DEMO_UUID_SIZE 37
#define DEMO_NO_TIME INT64_MIN /* NULL in the database */

/* Texts are borrowed; NULL is NULL. Times are UTC seconds. */
struct demo_customer {
    int64_t id;
    const char *name, *phone, *email, *notes;
    int is_new_client; /* -1: NULL */
    int64_t created_at, updated_at;
};

struct demo_appointment {
    int64_t id, customer_id; /* customer 0: NULL */
    int64_t at;
    const char *service, *provider, *status, *booked_by, *reason;
    int minutes;
    int64_t cancelled_at, created_at, updated_at;
};

struct demo_conversation {
    char id[DEMO_UUID_SIZE];
    int64_t customer_id; /* 0: NULL */
    const char *channel, *status, *type, *sentiment, *outcome, *subject, *summary, *metadata;
    int score; /* 0: NULL */
    int64_t at, updated_at;
};

struct demo_message {
    char id[DEMO_UUID_SIZE];
    const char *conversation, *direction, *content;
    int64_t at;
};

struct demo_request {
    char id[DEMO_UUID_SIZE];
    int64_t customer_id;
    const char *conversation; /* NULL: none */
    const char *channel, *status, *service;
    int64_t at;
};

/* Makes path, which must not exist, with the tables and without indexes. */
struct demo_store *demo_store_create(const char *path, struct error *err) MUST_CHECK;
bool demo_store_customer(struct demo_store *d, const struct demo_customer *c,
                         struct error *err) MUST_CHECK;
bool demo_store_appointment(struct demo_store *d, const struct demo_appointment *a,
                            struct error *err) MUST_CHECK;
bool demo_store_conversation(struct demo_store *d, const struct demo_conversation *c,
                             struct error *err) MUST_CHECK;
bool demo_store_message(struct demo_store *d, const struct demo_message *m,
                        struct error *err) MUST_CHECK;
bool demo_store_request(struct demo_store *d, const struct demo_request *r,
                        struct error *err) MUST_CHECK;
/* Makes the indexes and commits. The file is good after this only. */
bool demo_store_finish(struct demo_store *d, struct error *err) MUST_CHECK;
void demo_store_close(struct demo_store *d); /* NULL is fine */

#endif
