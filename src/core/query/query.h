/*
 * The query thread: owns a read-only connection and answers questions (previews, lists, reports),
 * so that the screen never waits. A newer question of the same slot cancels the older one, running
 * or not.
 */
#ifndef CANVASS_CORE_QUERY_QUERY_H
#define CANVASS_CORE_QUERY_QUERY_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/mailbox.h"
#include "core/store/db.h"
#include "core/store/stores.h"

struct query; /* the thread */

struct question {
    int slot;     /* who asks: a small number of the screen's choice, 0..QUERY_SLOTS-1 */
    uint64_t seq; /* filled in by query_ask */
    /*
     * Runs on the query thread. Returns the answer (any pointer), or NULL with err filled in.
     * *cancelled becomes true when a newer question has come; statements then end with ERR_RETRY.
     */
    void *(*answer)(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err);
    void *arg; /* owned by the question */
    void (*free_arg)(void *arg);
    void (*free_result)(void *result);
    /* Runs on the asking thread, from query_deliver(). result is NULL on error; borrowed. */
    void (*done)(void *owner, const struct question *q, void *result, const struct error *err);
    void *owner; /* borrowed: handed to done */
};

#define QUERY_SLOTS 32

/* answers: mailbox of the asking thread; items are opaque, hand them to query_deliver(). */
struct query *query_start(const char *home, struct mailbox *answers, struct error *err) MUST_CHECK;
void query_stop(struct query *q); /* cancels, joins, frees */
/* Copies the question; returns its sequence number. */
uint64_t query_ask(struct query *q, const struct question *question);
void query_cancel(struct query *q, int slot);
/* Calls done() unless a newer question of that slot was asked meanwhile; frees everything. */
void query_deliver(struct query *q, void *item);
void query_free_answer(void *item); /* free function for the mailbox */
bool query_is_busy(struct query *q, int slot, int64_t *since_mono_ms);

#endif
