/* The outbox to the main database: table write_back of the ledger (0002_write_back.sql). */
#ifndef CANVASS_CORE_STORE_WRITE_BACK_STORE_H
#define CANVASS_CORE_STORE_WRITE_BACK_STORE_H

#include "core/port/main_sink.h"
#include "core/store/db.h"

/*
 * Turns the marking on or off, in a transaction of its own. Turned on, every campaign conversation
 * there is gets its mark; turned off, all marks go.
 */
bool write_back_enable(struct db *ledger, bool on, struct error *err) MUST_CHECK;

struct write_back_mark {
    int64_t seq, id;
    enum main_write kind;
};
/*
 * The next ones: first what was never refused, conversations before messages. after: those of an
 * earlier call, by tries and seq, are not given again.
 */
bool write_back_next(struct db *ledger, bool refused_before, int64_t after_seq,
                     enum main_write kind, struct write_back_mark *out, size_t max, size_t *count,
                     struct error *err) MUST_CHECK;
/*
 * The values of the thing, in the order of main_write_names(); each owned, NULL when absent. *found
 * false: it is gone, or nothing that was surely sent: the mark is to be taken off.
 */
bool write_back_load(struct db *ledger, const struct write_back_mark *mark, char **values,
                     bool *found, struct error *err) MUST_CHECK;
bool write_back_done(struct db *ledger, const int64_t *seqs, size_t count,
                     struct error *err) MUST_CHECK;
bool write_back_refused(struct db *ledger, int64_t seq, const char *why,
                        struct error *err) MUST_CHECK;
/* waiting: marks; refused: how many of them were refused; *why: of one of them, caller frees. */
bool write_back_state(struct db *db, int64_t *waiting, int64_t *refused, char **why,
                      struct error *err) MUST_CHECK;

#endif
