/*
 * The connections of canvass. canvass.db is always schema `main` (the ledger), replica.db is always
 * attached as `replica`: say `replica.customer`, `replica.conversation`, and plain `campaign`.
 */
#ifndef CANVASS_CORE_STORE_STORES_H
#define CANVASS_CORE_STORE_STORES_H

#include "core/store/db.h"

/* The state folder and those above it. The error says how to choose another. */
bool stores_make_home(const char *home, struct error *err) MUST_CHECK;
/* Read-write on <home>/canvass.db, made and migrated when needed. The replica is not attached. */
struct db *ledger_open(const char *home, struct error *err) MUST_CHECK;
/*
 * Read-only on both; makes and migrates what is missing first. One snapshot for both databases
 * lasts from db_begin_read() to db_rollback(). For the query thread, previews, planning and
 * rendering.
 */
struct db *reader_open(const char *home, struct error *err) MUST_CHECK;
/* Read-write on <home>/replica.db alone, attached as `replica` to an empty memory database. */
struct db *replica_open_writer(const char *home, struct error *err) MUST_CHECK;
/* Both in memory and writable, migrated: for tests. */
struct db *stores_open_memory(struct error *err) MUST_CHECK;

/* Small values by name (table setting). */
bool setting_get_i64(struct db *db, const char *name, int64_t fallback, int64_t *out,
                     struct error *err) MUST_CHECK;
bool setting_set_i64(struct db *db, const char *name, int64_t value, struct error *err) MUST_CHECK;
/* *out is NULL when it was never set; caller frees. */
bool setting_get_text(struct db *db, const char *name, char **out, struct error *err) MUST_CHECK;
bool setting_set_text(struct db *db, const char *name, const char *value,
                      struct error *err) MUST_CHECK;
bool setting_delete(struct db *db, const char *name, struct error *err) MUST_CHECK;

/* Appends to the audit; inside the caller's transaction when there is one. actor: see
 * audit_actor(). */
bool audit_add(struct db *db, int64_t now_s, const char *actor, const char *action,
               const char *subject, const char *detail, struct error *err) MUST_CHECK;
/* "user@host" of this process; borrowed for ever. Call once before threads start. */
const char *audit_actor(void);

#endif
