/*
 * The only face of SQLite (nothing outside core/store includes sqlite3.h). A connection belongs to
 * one thread, except db_interrupt(). Statements are cached by their text: pass static strings, or
 * built text that you do not mind being prepared anew (the cache is bounded).
 *
 * Values are bound by name (":id"); an unknown name is our own mistake and aborts.
 */
#ifndef CANVASS_CORE_STORE_DB_H
#define CANVASS_CORE_STORE_DB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cc.h"
#include "core/base/error.h"

struct db;
struct db_stmt;
struct db_rows;

enum db_mode {
    DB_READ_ONLY, /* the file must exist; query_only */
    DB_READ_WRITE,
    DB_READ_WRITE_AS_IS, /* somebody else's file: its journal mode stays */
    DB_CREATE,           /* read-write, made when missing (0600) */
    DB_MEMORY,           /* path ignored */
};

/* WAL, foreign keys on, busy time-out 5 s, synchronous=FULL. Errors name the file and what to do.
 */
struct db *db_open(const char *path, enum db_mode mode, struct error *err) MUST_CHECK;
void db_close(struct db *db); /* NULL is fine */
/* ATTACHes path (":memory:" allowed) under schema name `as`; same mode rules as db_open. */
bool db_attach(struct db *db, const char *path, const char *as, enum db_mode mode,
               struct error *err) MUST_CHECK;
void db_interrupt(struct db *db); /* any thread: what runs now fails with ERR_RETRY "interrupted" */
/*
 * Cancel flag polled by SQLite every few thousand steps on this connection (NULL: none): a job that
 * is cancelled before its first statement is cancelled too.
 */
void db_set_cancel(struct db *db, const atomic_bool *cancelled);

/* One or more statements without values or results (schema, pragmas). */
bool db_exec(struct db *db, const char *sql, struct error *err) MUST_CHECK;

/* BEGIN IMMEDIATE / COMMIT / ROLLBACK; db_begin_read is BEGIN (a stable snapshot for reads). */
bool db_begin(struct db *db, struct error *err) MUST_CHECK;
bool db_begin_read(struct db *db, struct error *err) MUST_CHECK;
bool db_commit(struct db *db, struct error *err) MUST_CHECK; /* rolls back when it fails */
/*
 * As db_begin(), but the commit reaches the disk with the next synced one: after a power failure
 * (not after a crash) it may be undone, whole. Only for what can be found out again.
 */
bool db_begin_unsynced(struct db *db, struct error *err) MUST_CHECK;
void db_rollback(struct db *db);
bool db_in_transaction(struct db *db);

/*
 * Triggers of the connection off and on again: for a statement that writes many rows, when the
 * caller does for all of them, in the same transaction, what the triggers do for each. Every
 * statement is prepared anew after it.
 */
void db_triggers(struct db *db, bool on);

/* A borrowed or cached statement, reset and unbound. Release with db_stmt_release, always. */
struct db_stmt *db_prepare(struct db *db, const char *sql, struct error *err) MUST_CHECK;
void db_stmt_release(struct db_stmt *st); /* resets, clears bindings; NULL is fine */
void db_stmt_reset(struct db_stmt *st);   /* to run it again with other values, inside a loop */

void db_bind_i64(struct db_stmt *st, const char *name, int64_t value);
void db_bind_double(struct db_stmt *st, const char *name, double value);
void db_bind_text(struct db_stmt *st, const char *name,
                  const char *value); /* copied; NULL is NULL */
/* Not copied: stays valid and unchanged until the statement is reset. */
void db_bind_borrowed(struct db_stmt *st, const char *name, const char *value);
void db_bind_blob(struct db_stmt *st, const char *name, const void *data, size_t len);
void db_bind_null(struct db_stmt *st, const char *name);
/* Not copied either: db_feed.h. */
void db_bind_rows(struct db_stmt *st, const char *name, const struct db_rows *rows);

/* *row tells whether a row is there. */
bool db_step(struct db_stmt *st, bool *row, struct error *err) MUST_CHECK;
bool db_step_done(struct db_stmt *st, struct error *err) MUST_CHECK; /* a write: no row expected */
bool db_step_one(struct db_stmt *st, struct error *err) MUST_CHECK;  /* no row is ERR_NOT_FOUND */

int64_t db_column_i64(struct db_stmt *st, int col);
double db_column_double(struct db_stmt *st, int col);
const char *db_column_text(struct db_stmt *st,
                           int col);              /* borrowed until the next step; NULL for NULL */
char *db_column_dup(struct db_stmt *st, int col); /* caller frees; NULL for NULL */
const void *db_column_blob(struct db_stmt *st, int col, size_t *len);
bool db_column_is_null(struct db_stmt *st, int col);
bool db_column_is_int(struct db_stmt *st, int col); /* the stored value is an INTEGER */
bool db_column_is_text(struct db_stmt *st, int col);
bool db_column_is_real(struct db_stmt *st, int col);
int db_column_count(struct db_stmt *st);
const char *db_column_name(struct db_stmt *st, int col);

int64_t db_changes(struct db *db);
int64_t db_last_id(struct db *db);
/* One integer of one row; ERR_NOT_FOUND without a row. For pragmas and counts. */
bool db_query_i64(struct db *db, const char *sql, int64_t *out, struct error *err) MUST_CHECK;
/* The same of a statement that knows one number, under that name. */
bool db_query_i64_of(struct db *db, const char *sql, const char *name, int64_t value, int64_t *out,
                     struct error *err) MUST_CHECK;
/* Changes whenever another connection has committed. */
bool db_data_version(struct db *db, int64_t *out, struct error *err) MUST_CHECK;
/* The same in a few nanoseconds, and of this connection's commits too: db_stamp.h. */
struct db_stamp;
bool db_has_changed(struct db *db, struct db_stamp *stamp);
/*
 * Something that belongs to the connection and goes with it: one at a time, released by db_close().
 */
void db_keep(struct db *db, void *object, void (*release)(void *object));
void *db_kept(struct db *db); /* NULL: nothing */
/* The file of a schema ("replica"); NULL when it is in memory. Borrowed from the connection. */
const char *db_file_of(struct db *db, const char *schema);
/* Copies the whole main database into a new file (VACUUM INTO). */
bool db_copy_into(struct db *db, const char *path, struct error *err) MUST_CHECK;

/*
 * Makes the main database the one in the file, in one transaction: whole or not at all, and other
 * connections see it like any commit.
 */
bool db_replace_with(struct db *db, const char *path, struct error *err) MUST_CHECK;

/*
 * A customer key of the main database: an integer, or text (a UUID in lower case).
 * Order: integers first as numbers, then texts bytewise, as SQLite orders an ANY column.
 */
struct key {
    bool is_text;
    int64_t number; /* when !is_text */
    char *text;     /* owned when is_text */
};

void key_release(struct key *k);
struct key key_dup(const struct key *k);
int key_compare(const struct key *a, const struct key *b);
/* As a sync reads keys: what is printed as it stands as a 64-bit number is one, 007 is a text. */
struct key key_parse(const char *s);
/* The key as text; caller frees. */
char *key_format(const struct key *k);
void db_bind_key(struct db_stmt *st, const char *name, const struct key *k); /* NULL binds NULL */
struct key db_column_key(struct db_stmt *st, int col);

/*
 * SQL functions of every connection: text_lower(x); text_has(text, needle): the needle is
 * lower-cased already, the text is lower-cased here, a NULL holds nothing. A list is bound as JSON
 * text and read with json_each(:list).
 */

#endif
