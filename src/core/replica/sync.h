/*
 * Brings the replica up to the main database: all of it, or what changed since the last sync. One
 * transaction: readers see the generation before or the one after, also when the machine stops in
 * the middle.
 *
 * Incremental, where the source knows which transaction wrote a row (PostgreSQL with `version` in
 * the mapping): every row that the last sync cannot have seen, whatever its updated_at. What is
 * then here and not there was deleted: rows are counted, and where the numbers differ, by ranges of
 * keys. Else: rows by watermark (updated_at with an overlap), then all keys of both sides are
 * compared, which finds deletions and rows that came with an old updated_at; not found, and left to
 * a full sync: a row changed in place with an updated_at older than the overlap.
 *
 * Rows of unknown customers are put aside and read again when the customer appears.
 */
#ifndef CANVASS_CORE_REPLICA_SYNC_H
#define CANVASS_CORE_REPLICA_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/port/main_database.h"
#include "core/store/db.h"

enum sync_mode {
    SYNC_INCREMENTAL,
    SYNC_FULL,
    /*
     * As SYNC_INCREMENTAL, over and over: looking for deletions and late commits, which reads all
     * of the main database's tables, then takes a twentieth of the time at most; in between only
     * the watermark is asked.
     */
    SYNC_REFRESH
};

struct sync_result {
    enum sync_mode mode;  /* what was done: an incremental sync may have to become a full one */
    const char *why_full; /* static; NULL unless it had to: "the first sync", ... */
    bool changed;         /* the generation grew */
    int64_t generation;
    int64_t customers; /* in the replica now */
    int64_t rows_read;
    int64_t rows_written; /* new or different */
    int64_t rows_removed;
    int64_t orphans;    /* rows of null or unknown customers met by this sync */
    int64_t bad_times;  /* rows without updated_at, or with one that is no time */
    int64_t bad_zones;  /* customers with a time zone that none is called */
    int64_t ready_ms;   /* until the generation and its column index could answer previews */
    int64_t elapsed_ms; /* until the end, SQL's indexes included */
};

/*
 * table: what is being read; done of total (0: not known). Called every few thousand rows.
 * "indexes" while a full sync ends its tables; "SQL indexes" when previews can answer already and
 * what only SQL is quicker with is being made, inside the second transaction.
 */
typedef void sync_progress_fn(void *arg, const char *table, int64_t done, int64_t total);

struct sync_job {
    const char *home;            /* borrowed */
    const struct config *config; /* borrowed */
    main_database_open_fn *open; /* NULL: core's own, which knows SQLite files only */
    const atomic_bool *cancel;   /* NULL: none */
    int64_t now_s;               /* becomes synced_at */
    enum sync_mode mode;
    sync_progress_fn *progress; /* may be NULL */
    void *arg;
};

/*
 * Errors    as the opening's; ERR_RETRY: another sync is running, or it was called off; kept as
 *           last_error too
 * Thread    any; opens its own connections
 */
bool replica_sync(const struct sync_job *job, struct sync_result *out,
                  struct error *err) MUST_CHECK;

/* The same between a given source and a connection of replica_open_writer(). */
bool replica_sync_from(struct db *replica, struct main_database *source, const char *country,
                       int64_t now_s, enum sync_mode mode, sync_progress_fn *progress, void *arg,
                       struct sync_result *out, struct error *err) MUST_CHECK;

#endif
