/*
 * One sync under way: shared by sync.c (what changed), sync_missing.c (what is gone), sync_full.c
 * (everything) and sync_rows.c, which they stand on.
 */
#ifndef CANVASS_CORE_REPLICA_SYNC_PRIVATE_H
#define CANVASS_CORE_REPLICA_SYNC_PRIVATE_H

#include "core/base/address.h"
#include "core/base/buf.h"
#include "core/replica/metadata.h"
#include "core/replica/sync.h"
#include "core/store/replica_bulk_store.h"

struct index_draft;
struct index_reader;
struct owners;
struct key_set;
struct replica_bulk;

/* Where the next incremental sync of a table begins. */
struct sync_mark {
    bool has;
    int64_t s;      /* the greatest updated_at seen */
    struct key key; /* owned; of that row */
    int64_t done;   /* rows read */
};

struct sync {
    struct replica_writer writer;
    bool locked;                  /* another sync holds the replica: not this one's failure */
    struct main_database *source; /* borrowed */
    const char *country;          /* borrowed */
    int64_t now_s;
    char *position; /* owned; of the last sweep; NULL: there is none */
    bool read;      /* the source was asked: it has a position */
    bool quick;     /* the watermark only: no deletions, no late commits */
    /* Keys of each table before this sync, as replica_key_count() has them; -1: not known. */
    int64_t keys_before[MAIN_TABLE_COUNT];
    struct sync_result *result; /* borrowed */
    sync_progress_fn *progress;
    void *progress_arg;
    int64_t phase_ms; /* when the phase began */
    /* of the table being read */
    enum main_table table;
    int64_t done, total;
    bool has_mark;
    int64_t mark_s;      /* the greatest updated_at seen */
    struct key mark_key; /* owned */
    /* scratch */
    struct metadata metadata;
    struct replica_meta_key keys[METADATA_MAX_KEYS];
    struct buf email_send, email_norm;
    struct buf zone; /* the last that was looked for */
    bool zone_is_known;
    /* of a full sync only */
    struct replica_bulk *bulk;
    int64_t customers; /* written */
    struct sync_mark marks[MAIN_TABLE_COUNT];
    struct owners *owners;
    struct key_set *wanted; /* conversations that an open request points at */
    /* The column index of the same rows, until it turns out that it would not fit them. */
    struct index_draft *draft;         /* owned; NULL: there is none */
    const struct index_reader *reader; /* the draft's */
};

/* What the last sync left; nothing is known of a replica that does not say. */
bool sync_load_key_counts(struct sync *s, struct error *err) MUST_CHECK;
bool sync_save_key_counts(struct sync *s, struct error *err) MUST_CHECK;

/* Everything, into emptied tables. */
bool sync_full(struct sync *s, enum replica_bulk_when indexes, struct error *err) MUST_CHECK;

/* Removes the rows of REPLICA_GONE. */
bool sync_remove_gone(struct sync *s, struct error *err) MUST_CHECK;
/*
 * Removes what is not there any more, where everything that is there is known to be here.
 *
 * there  rows that the main database counts
 */
bool sync_remove_missing(struct sync *s, int64_t there, struct error *err) MUST_CHECK;
/* Lists what is gone and what is absent; in any order: PostgreSQL's is not always ours. */
bool sync_compare_all_keys(struct sync *s, struct error *err) MUST_CHECK;

/* --- sync_rows.c */

void sync_table_begin(struct sync *s, enum main_table table);
/*
 * Saves the watermark. Without any updated_at the next sync begins at the beginning; one in the
 * future holds nothing back.
 */
bool sync_table_end(struct sync *s, int64_t at_least, struct error *err) MUST_CHECK;
/* The same for a table that was read before; s->table says which. */
bool sync_save_mark(struct sync *s, const struct sync_mark *m, int64_t at_least,
                    struct error *err) MUST_CHECK;
/* Counts, shows progress, moves the watermark. */
void sync_see_row(struct sync *s, const struct main_row *row);
/* The three forms of the addresses, and the zone; borrowed from s, c and phone. */
void sync_read_addresses(struct sync *s, const struct main_customer *c,
                         char phone[ADDRESS_PHONE_SIZE], struct replica_addresses *out);
/* Fills s->keys; how many. */
size_t sync_read_metadata(struct sync *s, const struct main_conversation *c);
/* For -v: where a sync's time goes. */
void sync_note_phase(struct sync *s, const char *what);
/* Sets the error of an id that comes more than once; false. */
bool sync_is_double(struct sync *s, struct error *err);

#endif
