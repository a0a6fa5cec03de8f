/*
 * What the column index reads of the replica, row by row, and the stamp by which both know each
 * other. Inside one transaction. Borrowed texts last until the callback returns; a callback that
 * returns false ends the reading (it has filled in err).
 */
#ifndef CANVASS_CORE_STORE_INDEX_STORE_H
#define CANVASS_CORE_STORE_INDEX_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port/main_database.h"
#include "core/store/db.h"

/*
 * INDEX_TOUCHED: only the customers listed in temp.index_touched, which index_store_touched() fills
 * on the connection of the sync.
 */
enum index_scope { INDEX_ALL, INDEX_TOUCHED };

struct index_customer {
    int64_t id;
    bool is_new, has_phone, has_email;
    const char *phone, *email; /* NULL: none, or not told: index_store_addresses() tells */
    struct main_time created, last_contact, last_appointment, cancelled, last_visit,
        last_cancellation;
    const char *status, *service, *provider; /* of the last appointment */
    bool scored;
    double score;
    int64_t appointments, conversations; /* as the sync counted them */
};
struct index_appointment {
    int64_t customer;
    struct main_time at;
    const char *status, *service, *provider, *booked_by;
};
struct index_conversation {
    int64_t customer;
    struct main_time at;
    const char *channel, *type, *status, *outcome, *sentiment;
    bool scored, open_request;
    double score;
};
struct index_held { /* a metadata key of the conversation before */
    const char *name;
    struct main_time at;
};

/* Fills the given functions' rows; all of them are called in one order or another, see below. */
struct index_reader {
    void *ctx;
    bool (*customer)(void *ctx, const struct index_customer *row, struct error *err);
    bool (*appointment)(void *ctx, const struct index_appointment *row, struct error *err);
    bool (*conversation)(void *ctx, const struct index_conversation *row, struct error *err);
    bool (*held)(void *ctx, const struct index_held *row, struct error *err);
};

/* Row ids in the order of the keys; key_is_id: the key is the same number. */
bool index_store_ids(struct db *db, enum index_scope scope,
                     bool (*each)(void *ctx, int64_t id, bool key_is_id), void *ctx,
                     struct error *err) MUST_CHECK;
bool index_store_customers(struct db *db, enum index_scope scope, const struct index_reader *r,
                           struct error *err) MUST_CHECK;
bool index_store_appointments(struct db *db, enum index_scope scope, const struct index_reader *r,
                              struct error *err) MUST_CHECK;
/* Each conversation, followed by the metadata that it holds. */
bool index_store_conversations(struct db *db, enum index_scope scope, const struct index_reader *r,
                               struct error *err) MUST_CHECK;
/* Customers with an address, equal ones one after another: same_as_last tells. */
enum index_address { INDEX_PHONE, INDEX_EMAIL };
bool index_store_addresses(struct db *db, enum index_address which,
                           void (*each)(void *ctx, int64_t id, bool same_as_last), void *ctx,
                           struct error *err) MUST_CHECK;
/* Whether two customers have the same. */
bool index_store_same_address(struct db *db, enum index_address which, int64_t a, int64_t b,
                              bool *same, struct error *err) MUST_CHECK;

/*
 * Lists in temp.index_touched who was touched by the last incremental sync of this connection, and
 * counts them.
 */
bool index_store_touched(struct db *db, int64_t *count, struct error *err) MUST_CHECK;
bool index_store_each_touched(struct db *db, bool (*each)(void *ctx, int64_t id), void *ctx,
                              struct error *err) MUST_CHECK; /* ascending */
/* Of the touched those who are new, or have another address than before. */
bool index_store_each_readdressed(struct db *db, bool (*each)(void *ctx, int64_t id), void *ctx,
                                  struct error *err) MUST_CHECK; /* ascending */
/* Who has the same address as one of the readdressed: those who kept theirs first. */
bool index_store_shared(struct db *db, enum index_address which,
                        void (*each)(void *ctx, int64_t touched, int64_t other), void *ctx,
                        struct error *err) MUST_CHECK;

/*
 * The stamp: a random number that the maker of an index writes into the file and, afterwards, into
 * the replica, beside the generation that it is of. A replica that was deleted and made again may
 * have the same generation, but has no stamp.
 */
struct index_state {
    int64_t generation; /* of the replica; 0: never synced */
    bool stamped;       /* there is an index of this very generation */
    uint64_t stamp;
};
bool index_store_state(struct db *db, struct index_state *out, struct error *err) MUST_CHECK;
/* The stamp of another generation; 0 when it has none. */
bool index_store_stamp_of(struct db *db, int64_t generation, uint64_t *stamp,
                          struct error *err) MUST_CHECK;
/* On a writing connection, in a transaction. */
bool index_store_stamp(struct db *db, int64_t generation, uint64_t stamp,
                       struct error *err) MUST_CHECK;

#endif
