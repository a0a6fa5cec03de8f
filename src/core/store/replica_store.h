/*
 * Rows of the replica, written by the sync and by nobody else. The connection is
 * replica_open_writer()'s, inside one transaction. Everything at once: replica_bulk_store.h; facts:
 * replica_facts_store.h.
 */
#ifndef CANVASS_CORE_STORE_REPLICA_STORE_H
#define CANVASS_CORE_STORE_REPLICA_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port/main_database.h"
#include "core/store/db.h"

/* What the sync keeps in the one row of replica.state; readers: replica_state_store.h. */
struct sync_state {
    bool exists; /* a sync was tried; after one that was good, generation > 0 */
    int64_t generation;
    int64_t synced_at;
    int64_t customers;
    char *source, *country; /* owned; "" before the first good sync */
    char *last_error;       /* owned; NULL: the last sync was good */
    int64_t last_error_at;
};

void sync_state_release(struct sync_state *state);
/* Any connection that has the replica attached. */
bool sync_state_load(struct db *db, struct sync_state *out, struct error *err) MUST_CHECK;
/* After a good sync: clears the error. */
bool sync_state_save(struct db *db, const struct sync_state *state, struct error *err) MUST_CHECK;
/* Keeps the generation and says why the last sync failed. In a transaction of its own. */
bool sync_state_fail(struct db *db, int64_t now_s, const char *text, struct error *err) MUST_CHECK;

/* Where the next incremental sync of a table begins; *found false: never synced. */
bool replica_watermark_load(struct db *db, enum main_table table, int64_t *updated_at, bool *found,
                            struct error *err) MUST_CHECK;
bool replica_watermark_save(struct db *db, enum main_table table, int64_t updated_at,
                            const struct key *row_key, struct error *err) MUST_CHECK;
/* What the sync remembers under a name that is no table's; *out is NULL when there is nothing,
 * caller frees. */
bool replica_note_load(struct db *db, const char *name, char **out, struct error *err) MUST_CHECK;
bool replica_note_drop(struct db *db, const char *name, struct error *err) MUST_CHECK;
bool replica_note_save(struct db *db, const char *name, const char *text,
                       struct error *err) MUST_CHECK;

/* The three forms of a customer's addresses, and the time zone; NULL when not valid. Borrowed. */
struct replica_addresses {
    const char *phone_e164, *email_norm, *email_send, *time_zone;
};

struct replica_meta_key {
    const char *name; /* borrowed */
    struct main_time at;
};

struct replica_writer {
    struct db *db;   /* borrowed */
    int64_t next_id; /* of the next customer whose key is a text */
    bool id_taken;   /* a number key equals the id given to a text key: only a full sync helps */
    int64_t written; /* rows that were new or different */
    int64_t removed;
    int64_t orphans;                  /* rows put aside by this writer */
    int64_t gained[MAIN_TABLE_COUNT]; /* keys more than before, orphans included */
};

/* Makes the temporary tables and empties them. */
bool replica_writer_begin(struct replica_writer *w, struct db *db, struct error *err) MUST_CHECK;
bool replica_put_customer(struct replica_writer *w, const struct main_row *row,
                          const struct replica_addresses *addresses, struct error *err) MUST_CHECK;
/* A row whose customer is not there is put aside as an orphan. */
bool replica_put_appointment(struct replica_writer *w, const struct main_row *row,
                             struct error *err) MUST_CHECK;
bool replica_put_conversation(struct replica_writer *w, const struct main_row *row,
                              const struct replica_meta_key *keys, size_t key_count,
                              struct error *err) MUST_CHECK;
bool replica_put_request(struct replica_writer *w, const struct main_row *row,
                         struct error *err) MUST_CHECK;
/* Also when it is an orphan. A customer's rows become orphans. */
bool replica_remove(struct replica_writer *w, enum main_table table, const struct key *key,
                    struct error *err) MUST_CHECK;

/* Of the keys that the replica knows of a table, orphans included. */
bool replica_digest(struct replica_writer *w, enum main_table table, struct main_digest *out,
                    struct error *err) MUST_CHECK;

/*
 * Compares the main database's keys of one table, handed over in ascending order, with the
 * replica's: what is only here is listed as gone, what is only there as absent.
 */
struct replica_key_walk {
    struct replica_writer *w;
    enum main_table table;
    struct db_stmt *st; /* owned until _finish */
    bool have;          /* `here` is the replica's key at hand */
    struct key here;    /* owned */
    bool any;
    struct key last; /* owned; the key handed over before */
    bool disordered; /* keys did not ascend: nothing below can be trusted, do a full sync */
};

bool replica_key_walk_begin(struct replica_key_walk *walk, struct replica_writer *w,
                            enum main_table table, struct error *err) MUST_CHECK;
bool replica_key_walk_next(struct replica_key_walk *walk, const struct key *key,
                           struct error *err) MUST_CHECK;
bool replica_key_walk_end(struct replica_key_walk *walk, struct error *err) MUST_CHECK;
void replica_key_walk_release(struct replica_key_walk *walk);

/* How many keys the replica knows of a table, orphans included. */
bool replica_key_count(struct replica_writer *w, enum main_table table, int64_t *out,
                       struct error *err) MUST_CHECK;

/* The keys of a table, orphans included, cut into ranges of about the same number. */
struct replica_ranges {
    struct key *bounds; /* owned; ascending; all numbers or all texts */
    size_t count;
    int64_t *here; /* owned; keys below bounds[0], from bounds[i - 1] on, from the last bound on */
    size_t bound_capacity, here_capacity;
};
/* No bounds at all when numbers and texts are mixed. */
bool replica_ranges_make(struct replica_writer *w, enum main_table table, int64_t per_range,
                         size_t max_ranges, struct replica_ranges *out,
                         struct error *err) MUST_CHECK;
void replica_ranges_release(struct replica_ranges *r);

/* A set of the main database's keys, in any order, to be compared with those of a range. */
bool replica_there_begin(struct replica_writer *w, struct error *err) MUST_CHECK;
bool replica_there_add(struct replica_writer *w, const struct key *key,
                       struct error *err) MUST_CHECK;
/* Lists as gone the keys >= from and < until (NULL: no bound) that are not in the set. */
bool replica_there_gone(struct replica_writer *w, enum main_table table, const struct key *from,
                        const struct key *until, struct error *err) MUST_CHECK;
/* Lists as absent what of the set is not here. */
bool replica_there_absent(struct replica_writer *w, enum main_table table,
                          struct error *err) MUST_CHECK;

enum replica_list {
    REPLICA_GONE,   /* not in the main database any more */
    REPLICA_ABSENT, /* in the main database, not here */
    REPLICA_CLAIMED /* orphans whose customer is new; key of the row */
};
/* Keys of a list for one table; the array and its texts are the caller's: replica_keys_free(). */
bool replica_list_keys(struct replica_writer *w, enum replica_list list, enum main_table table,
                       struct key **out, size_t *count, struct error *err) MUST_CHECK;
void replica_keys_free(struct key *keys, size_t count);

#endif
