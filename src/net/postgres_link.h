/*
 * One connection to PostgreSQL: never waits longer than said, can be cancelled, and speaks of its
 * troubles in words. For net's PostgreSQL source only.
 */
#ifndef CANVASS_NET_POSTGRES_LINK_H
#define CANVASS_NET_POSTGRES_LINK_H

#include <stdatomic.h>
#include <stddef.h>

#include <libpq-fe.h>

#include "core/base/error.h"

struct pglink;

/*
 * url       postgresql://…, without a password
 * password  "" or NULL: what libpq finds itself (~/.pgpass)
 * cancel    looked at while waiting; NULL: none; borrowed
 * Errors    ERR_INTERNAL nobody answers, or the login failed; ERR_INVALID the URL cannot be read
 */
struct pglink *pglink_open(const char *url, const char *password, const atomic_bool *cancel,
                           struct error *err) MUST_CHECK;
void pglink_close(struct pglink *l); /* NULL is fine */
/* "postgresql://user@host:5432/name"; borrowed */
const char *pglink_where(const struct pglink *l);

/* A statement without rows, or several. */
bool pglink_exec(struct pglink *l, const char *sql, struct error *err) MUST_CHECK;
/* Rows as text; PQclear() is the caller's. *state, when not NULL, gets the SQLSTATE of a failure.
 */
PGresult *pglink_query(struct pglink *l, const char *sql, char state[6],
                       struct error *err) MUST_CHECK;
/* One statement with values, as texts whose types the statement says; no rows are expected. */
bool pglink_exec_values(struct pglink *l, const char *sql, const char *const *values, size_t count,
                        char state[6], struct error *err) MUST_CHECK;
/* COPY … TO STDOUT: begin, then next until *data is NULL. A message is released with PQfreemem().
 */
bool pglink_copy_begin(struct pglink *l, const char *sql, struct error *err) MUST_CHECK;
bool pglink_copy_next(struct pglink *l, char **data, size_t *len, struct error *err) MUST_CHECK;
/* ROLLBACK, unless an answer is still under way. */
bool pglink_rollback(struct pglink *l, struct error *err);
/* Ends what is under way on the server, when something is: the connection is of no use afterwards.
 */
void pglink_abandon(struct pglink *l);
/* From another thread: what waits for the server ends soon, as if cancelled; false: no more so. */
void pglink_stop(struct pglink *l, bool stop);
bool pglink_is_lost(const struct pglink *l);
/* A value between quotes, for SQL; caller frees. */
char *pglink_quote(struct pglink *l, const char *text);

#endif
