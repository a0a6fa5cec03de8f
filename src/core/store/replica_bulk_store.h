/*
 * Rows of a full sync: into empty tables without indexes, each row written once, on a thread that
 * inserts while the next rows are read. The connection is replica_open_writer()'s, inside one
 * transaction.
 */
#ifndef CANVASS_CORE_STORE_REPLICA_BULK_STORE_H
#define CANVASS_CORE_STORE_REPLICA_BULK_STORE_H

#include "core/base/buf.h"
#include "core/store/bulk_writer.h"
#include "core/store/meta_rows.h"
#include "core/store/replica_store.h"

/* A customer's facts (semantics.md); texts borrowed, NULL when absent. */
struct replica_facts {
    struct main_time last_contact, last_appointment, last_appointment_cancelled_at, last_visit,
        last_cancellation;
    const char *last_appointment_status, *last_appointment_service, *last_appointment_provider,
        *last_visit_service;
    int64_t appointment_count, conversation_count;
    bool has_satisfaction;
    double last_satisfaction;
};

/* In the order in which they should end: the rows of the last two come with others. */
enum replica_bulk_table {
    REPLICA_BULK_REQUESTS,
    REPLICA_BULK_APPOINTMENTS,
    REPLICA_BULK_CONVERSATIONS,
    REPLICA_BULK_CUSTOMERS,
    REPLICA_BULK_METADATA,
    REPLICA_BULK_ORPHANS,
    REPLICA_BULK_COUNT
};

/*
 * REPLICA_BULK_LATE: indexes that only SQL asks for, and only to be quicker, are left to
 * replica_bulk_make_late(), in a later transaction.
 */
enum replica_bulk_when { REPLICA_BULK_AT_ONCE, REPLICA_BULK_LATE };

struct replica_bulk {
    struct db *db;              /* borrowed */
    struct bulk_writer *writer; /* owned */
    enum replica_bulk_when when;
    char *files;                                  /* owned; NULL: the replica is in memory */
    struct buf indexes[REPLICA_BULK_COUNT], late; /* statements */
    struct meta_rows metadata;
    int64_t written, orphans;
    int64_t here[MAIN_TABLE_COUNT]; /* after _finish: rows that went in, orphans not */
};

/*
 * Empties all tables and drops their indexes. From here to _finish, which waits for all rows, the
 * connection is another thread's. _release is safe always.
 */
bool replica_bulk_begin(struct replica_bulk *b, struct db *db, enum replica_bulk_when when,
                        struct error *err) MUST_CHECK;
bool replica_bulk_finish(struct replica_bulk *b, struct error *err) MUST_CHECK;
void replica_bulk_release(struct replica_bulk *b);
/* After _finish: how many keys of a table are there, orphans too; as replica_key_count(). */
bool replica_bulk_key_count(const struct replica_bulk *b, enum main_table table, int64_t *out,
                            struct error *err) MUST_CHECK;
/* After the transaction's end, also of a failed one. */
bool replica_bulk_let_go(struct db *db, struct error *err) MUST_CHECK;
/* Removes files that a killed sync left; in a writing transaction, before the bulk. */
void replica_bulk_clean(struct db *db);
/* All rows of a table are there: its indexes are made, while others come. Once for each table. */
bool replica_bulk_table_end(struct replica_bulk *b, enum replica_bulk_table table,
                            struct error *err) MUST_CHECK;

/*
 * Whether there are indexes still to be made, and making them, in a transaction: before anything
 * else is written.
 */
bool replica_bulk_has_late(struct db *db, bool *late, struct error *err) MUST_CHECK;
bool replica_bulk_make_late(struct db *db, struct error *err) MUST_CHECK;

/* Of rows with one key the first is kept. */
bool replica_bulk_customer(struct replica_bulk *b, int64_t id, const struct main_row *row,
                           const struct replica_addresses *addresses,
                           const struct replica_facts *facts, struct error *err) MUST_CHECK;
bool replica_bulk_appointment(struct replica_bulk *b, int64_t owner, const struct main_row *row,
                              struct error *err) MUST_CHECK;
bool replica_bulk_conversation(struct replica_bulk *b, int64_t owner, const struct main_row *row,
                               bool has_open_request, const struct replica_meta_key *keys,
                               size_t key_count, struct error *err) MUST_CHECK;
bool replica_bulk_request(struct replica_bulk *b, const struct main_row *row,
                          struct error *err) MUST_CHECK;
bool replica_bulk_orphan(struct replica_bulk *b, enum main_table table, const struct main_row *row,
                         struct error *err) MUST_CHECK;

#endif
