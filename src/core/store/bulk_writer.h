/*
 * Threads that write rows, batch by batch, while their owner goes on reading: one makes them to
 * files, where that can be, the other inserts. From _start to _end the connection is the second
 * thread's: nobody else may use it.
 *
 * Of rows with equal keys the first stays, and a row that breaks a rule of its table is left out:
 * the owner counts afterwards. A statement that may fail in its middle would have SQLite copy each
 * page that leaves the cache meanwhile.
 */
#ifndef CANVASS_CORE_STORE_BULK_WRITER_H
#define CANVASS_CORE_STORE_BULK_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/store/db.h"

struct bulk_writer;
struct bulk_batch;

enum { BULK_TARGETS_MAX = 8 };

/* A place that rows go to. */
struct bulk_target {
    const char *into;    /* "replica.customer" */
    const char *columns; /* "id, key"; all that are stored, in the table's order */
    size_t width;        /* how many they are */
    /*
     * Of an empty table, whose rows most likely come in the order of its key: they are made to a
     * file (table_file.h) that goes in as a whole. NULL: each row is inserted.
     */
    const char *table; /* "customer" */
    size_t key_columns;
};

/*
 * targets  borrowed, static
 * files    how the names of files begin that are made on the way, and are gone at the end; NULL:
 *          make none
 */
struct bulk_writer *bulk_writer_start(struct db *db, const struct bulk_target *targets,
                                      size_t target_count, const char *files,
                                      struct error *err) MUST_CHECK;
/*
 * Begins a row; its cells follow, all of them, in the order of the columns. NULL: the thread has
 * failed, or was called off.
 */
struct bulk_batch *bulk_writer_row(struct bulk_writer *w, size_t target,
                                   struct error *err) MUST_CHECK;
void bulk_null(struct bulk_batch *b);
void bulk_i64(struct bulk_batch *b, int64_t value);
void bulk_real(struct bulk_batch *b, double value);
void bulk_text(struct bulk_batch *b, const char *text); /* copied; NULL is NULL */
void bulk_key(struct bulk_batch *b, const struct key *key);
/* Statements, to be run after all rows so far, of files only those of ended targets; copied. */
bool bulk_writer_exec(struct bulk_writer *w, const char *sql, struct error *err) MUST_CHECK;
/* All rows of a target are there. */
bool bulk_writer_target_end(struct bulk_writer *w, size_t target, struct error *err) MUST_CHECK;
/*
 * Waits for all of it. Frees w, also when it fails; NULL is fine. inserted: for each target how
 * many rows went in; NULL: does not matter.
 */
bool bulk_writer_end(struct bulk_writer *w, int64_t *inserted, struct error *err) MUST_CHECK;
/* The same, for an owner that has failed already. */
void bulk_writer_abandon(struct bulk_writer *w);
/* After the transaction has ended: the connection lets the files go. */
bool bulk_writer_let_go(struct db *db, const struct bulk_target *targets, size_t target_count,
                        struct error *err) MUST_CHECK;
/* Removes what a killed process left; in a transaction that keeps other writers out. */
void bulk_writer_clean(const struct bulk_target *targets, size_t target_count, const char *files);

#endif
