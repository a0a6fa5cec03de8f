/*
 * The column index of a connection: the replica's facts and rows as packed arrays (file.h), against
 * which criteria are evaluated as sets of customers. It says exactly what the SQL of
 * segment/compile.h says, sooner; when there is no index of the very generation that the connection
 * sees, or it is damaged, index_of() is NULL and SQL answers.
 *
 * Inside one transaction of the connection (db_begin_read), since generation, index and what is
 * asked of SQL must be of one moment. One thread, like the connection.
 */
#ifndef CANVASS_CORE_INDEX_INDEX_H
#define CANVASS_CORE_INDEX_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/index/bits.h"
#include "core/index/file.h"
#include "core/segment/segment.h"
#include "core/store/db.h"

struct node;
struct index_view;

/* Borrowed: it is the connection's, and goes with it. */
struct index_view *index_of(struct db *db);
/* Uses these bytes (copied) instead of the file beside the replica: for tests. */
bool index_attach(struct db *db, const void *bytes, size_t len, struct error *err) MUST_CHECK;

size_t index_customers(const struct index_view *v);

/*
 * Who satisfies a tree: *out is the view's, until the next call. *damaged: the index turned out to
 * be, and SQL must answer; nothing is in err then.
 */
bool index_match(struct index_view *v, const struct node *tree, const struct segment_env *env,
                 const struct bits **out, bool *damaged, struct error *err) MUST_CHECK;

/*
 * Reach of the set that index_match() gave last, by a channel (segment/preview_sql.h CHANNEL_...),
 * counted; *recipients: exactly the reachable, the view's until the next call. false: an error, or
 * *damaged.
 */
bool index_reach(struct index_view *v, const struct segment_env *env, size_t channel,
                 struct reach *out, const struct bits **recipients, bool *damaged,
                 struct error *err) MUST_CHECK;
/* enum reach_kind of one of the set, after index_reach() of it. */
int index_reach_kind(const struct index_view *v, size_t channel, const struct bits *recipients,
                     size_t position);

/*
 * The first `limit` of a set, in the order of a sample: positions, which the caller frees. seed 0:
 * by key.
 */
bool index_pick(struct index_view *v, const struct bits *set, size_t limit, uint64_t seed,
                size_t **out, size_t *count) MUST_CHECK; /* false: damaged */
int64_t index_id_at(const struct index_column *ids, size_t position);

/*
 * The words that rows hold in a column ("conversation", "channel"), borrowed while the index is the
 * connection's. false: not kept, or damaged; ask SQL.
 */
bool index_used_words(struct index_view *v, const char *table, const char *column,
                      const char *const **out, size_t *count) MUST_CHECK;

/* After *damaged: lets the file go, and takes it away so that the next sync makes another. */
void index_drop(struct index_view *v);

/* Row ids (replica.customer.id) by position; false: damaged. */

bool index_ids(struct index_view *v, struct index_column *out, bool *keys_are_ids) MUST_CHECK;

/* --- making it */

/*
 * To be called when a generation has become current, on the connection of the sync, outside a
 * transaction: makes or brings up to date the file beside the replica. Nothing happens when it is
 * there and good. A replica in memory has none.
 *
 * touched_listed: the last sync of this connection was incremental, made this generation, and
 * temp.touched and temp.touched_conversation list whom it touched, temp.readdressed who of them has
 * another address
 */
bool index_refresh(struct db *replica, bool touched_listed, struct error *err) MUST_CHECK;

/*
 * An index of rows that go by while a full sync writes them, so that they need not be read again.
 * First all ids, in the order of the keys; then the rows, of each table in the order of its keys,
 * metadata after its conversation; _order() at the end.
 */
struct index_draft;
struct index_reader;
struct index_draft *index_draft_new(void);
void index_draft_free(struct index_draft *d); /* NULL is fine */
bool index_draft_id(void *draft, int64_t id, bool key_is_id);
const struct index_reader *index_draft_rows(struct index_draft *d); /* borrowed from d */
bool index_draft_order(struct index_draft *d, struct error *err) MUST_CHECK;
/* index_refresh() from a draft of the very rows that have just been committed. */
bool index_refresh_from(struct db *replica, struct index_draft *d, struct error *err) MUST_CHECK;
/*
 * The index of what the connection sees, as bytes: for tests. old: the index of the generation
 * before, and the lists are there; NULL: everything is read. *merged: old was of use.
 */
struct buf;
bool index_make_bytes(struct db *replica, const struct buf *old, struct buf *out, bool *merged,
                      struct error *err) MUST_CHECK;

#endif
