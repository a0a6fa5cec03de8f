/*
 * The engine: the background thread that plans, claims, sends, records, polls the relay, reconciles
 * and syncs. It owns the writing connection. Any number may run on one state folder; the lease lets
 * one send.
 */
#ifndef CANVASS_CORE_ENGINE_ENGINE_H
#define CANVASS_CORE_ENGINE_ENGINE_H

#include "core/base/error.h"
#include "core/base/mailbox.h"
#include "core/engine/stop_all.h"
#include "core/engine/types.h"
#include "core/store/db.h"

struct engine;

/* A thread of its own. */
struct engine *engine_start(const struct engine_options *options, struct error *err) MUST_CHECK;
/* Asks it to finish what is in flight (up to the provider's time-out), commit and leave; joins;
 * frees. */
void engine_stop(struct engine *e);

/*
 * On the calling thread, for `canvass run`. until_idle: returns when nothing is due now or within
 * seconds and nothing is in flight. *stop becomes non-zero by a signal handler, which then calls
 * nothing else.
 */
bool engine_run(const struct engine_options *options, bool until_idle, const volatile int *stop,
                struct engine_summary *out, struct error *err) MUST_CHECK;

/* Something to do with the writing connection, on the engine's thread: what a person asked for. */
struct engine_command {
    bool (*run)(struct db *ledger, struct db *reader, const struct config *config, void *arg,
                struct error *err);
    void *arg; /* owned */
    void (*free_arg)(void *arg);
    /* On the asking thread, from engine_deliver(); may be NULL. */
    void (*done)(void *owner, const struct engine_command *cmd, bool ok, const struct error *err);
    void *owner; /* borrowed */
};
void engine_do(struct engine *e, const struct engine_command *cmd); /* any thread; copies */
void engine_deliver(void *item);                                    /* calls done(), frees */
void engine_free_event(void *item);

/* What the header shows; any thread, never blocks long. */
void engine_status(struct engine *e, struct engine_status *out);
bool engine_status_equal(const struct engine_status *a, const struct engine_status *b);

/* --- in doubt */
struct doubt {
    int64_t id;          /* of the delivery; negative: of a conversation's message */
    int64_t campaign_id; /* 0 for a message without one */
    struct key customer;
    bool has_customer;
    char *address, *text, *campaign_name, *name;
    int64_t claimed_at_s;
    char *evidence[4]; /* in words: "no callback has come", "the provider's list was asked 3 times:
                          not there" */
    size_t evidence_count;
};
bool doubt_list_load(struct db *db, struct doubt **out, size_t *count,
                     struct error *err) MUST_CHECK;
void doubt_list_release(struct doubt *list, size_t count);
enum doubt_ruling { DOUBT_ACCEPTED, DOUBT_NOT_SENT };
/* not-sent makes it queued again; accepted without a provider id. Audited. ERR_CONFLICT when it is
 * not in doubt. */
bool doubt_settle(struct db *ledger, int64_t id, enum doubt_ruling ruling, int64_t now_s,
                  struct error *err) MUST_CHECK;

#endif
