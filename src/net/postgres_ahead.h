/*
 * Reads ahead: a thread asks the server one table after the other for its changed rows and its
 * number of rows, while the rows that came are taken in. The server and we work at the same time.
 * For net's PostgreSQL source only.
 */
#ifndef CANVASS_NET_POSTGRES_AHEAD_H
#define CANVASS_NET_POSTGRES_AHEAD_H

#include "core/port/main_database.h"
#include "net/postgres_link.h"

struct pgahead;

/* Of one table; both owned, NULL: the mapping has no such table. */
struct pgahead_question {
    char *rows;  /* COPY … TO STDOUT */
    char *count; /* one number */
};

/*
 * Begins; the connection is the thread's until pgahead_drain() or pgahead_stop(). What fails names
 * its table and the mapping.
 *
 * mapping    its file; borrowed
 * questions  MAIN_TABLE_COUNT of them; taken over, also on failure
 * Returns    NULL when there can be no thread
 */
struct pgahead *pgahead_start(struct pglink *l, const char *mapping,
                              struct pgahead_question *questions);
/*
 * The next message of a table's COPY; *data NULL: no more. Table after table, in their order. It is
 * borrowed until the next call, and data[len] may be written.
 */
bool pgahead_next(struct pgahead *a, enum main_table table, char **data, size_t *len,
                  struct error *err) MUST_CHECK;
/* Waits for a table's number of rows. */
bool pgahead_count(struct pgahead *a, enum main_table table, int64_t *out,
                   struct error *err) MUST_CHECK;
/*
 * Gives the connection back: what nobody took is read and thrown away. false: reading it failed,
 * and so will everything that is asked in this transaction. NULL is fine.
 */
bool pgahead_drain(struct pgahead *a, struct error *err) MUST_CHECK;
/* Calls it off; the connection is of no further use. NULL is fine. */
void pgahead_stop(struct pgahead *a);

#endif
