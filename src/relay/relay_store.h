/*
 * The relay's durable log. A store belongs to one thread; the writer and the reader have one each.
 *
 * A cursor is "<log id>:<seq>:<mark>": everything up to seq has been read. The mark is that of the
 * run which numbered seq: after an old copy of the file was put back the same numbers are given out
 * again, and a cursor from before must not pass over them. At 0 there is no mark. To others it is
 * opaque.
 */
#ifndef CANVASS_RELAY_RELAY_STORE_H
#define CANVASS_RELAY_RELAY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/error.h"

enum relay_kind { RELAY_TWILIO_SMS, RELAY_TWILIO_STATUS, RELAY_KIND_COUNT };

const char *relay_kind_name(enum relay_kind kind); /* "twilio_sms": in the database and the API */

struct relay_event {
    int64_t seq;         /* set by the store */
    int64_t received_at; /* UTC seconds */
    const char *kind;
    const char *provider_id; /* "" when the webhook names none */
    const char *url;         /* that the signature is made over */
    const char *signature;
    const char *body; /* raw, valid UTF-8 */
};

#define RELAY_LOG_ID_SIZE 33
struct relay_log {
    char id[RELAY_LOG_ID_SIZE];
    int64_t last_seq;    /* 0: nothing has ever arrived */
    int64_t acked_seq;   /* the console has these for good */
    int64_t trimmed_seq; /* these are deleted */
};

#define RELAY_STATE_ID_MAX 64
enum { RELAY_STATES_MAX = 16 }; /* the newest are kept */
struct relay_state {            /* how far the console with a ledger of that name has come */
    char id[RELAY_STATE_ID_MAX + 1];
    int64_t fence, attempt;
};

struct relay_store;

/* Made and migrated when needed; begins a new run. */
struct relay_store *relay_store_open(const char *path, struct error *err) MUST_CHECK;
/* Read-only on a database that relay_store_open() has made. */
struct relay_store *relay_store_open_reader(const char *path, struct error *err) MUST_CHECK;
void relay_store_close(struct relay_store *store); /* NULL is fine */

/* Writing: begin, any number of adds and acks, commit (synced to disk when it returns true). */
bool relay_store_begin(struct relay_store *store, struct error *err) MUST_CHECK;
bool relay_store_add(struct relay_store *store, struct relay_event *event,
                     struct error *err) MUST_CHECK;
/* *known is false when the cursor is not of this log; an older one than the last changes nothing.
 */
bool relay_store_ack(struct relay_store *store, const char *cursor, int64_t now_s, bool *known,
                     struct error *err) MUST_CHECK;
/* Neither number ever goes down. */
bool relay_store_tell(struct relay_store *store, const struct relay_state *state, int64_t now_s,
                      struct error *err) MUST_CHECK;
bool relay_store_commit(struct relay_store *store, struct error *err) MUST_CHECK;
void relay_store_rollback(struct relay_store *store);
/* A commit that changes nothing: whether the disk takes writes again. */
bool relay_store_probe(struct relay_store *store, struct error *err) MUST_CHECK;
/*
 * Deletes what was received more than 30 days ago or acknowledged more than 7 days ago, at most
 * some thousand events a call; *more says that there is more to do.
 */
bool relay_store_trim(struct relay_store *store, int64_t now_s, bool *more,
                      struct error *err) MUST_CHECK;

/* Reading. Between these two everything is seen as it was at one moment. */
bool relay_store_begin_read(struct relay_store *store, struct error *err) MUST_CHECK;
void relay_store_end_read(struct relay_store *store);
bool relay_store_log(struct relay_store *store, struct relay_log *out,
                     struct error *err) MUST_CHECK;
/*
 * Calls each() for events behind after_seq in order, until limit or until it returns false (that
 * one is not counted as read). The event is borrowed for the call.
 */
bool relay_store_read(struct relay_store *store, int64_t after_seq, int limit,
                      bool (*each)(void *ctx, const struct relay_event *event), void *ctx,
                      struct error *err) MUST_CHECK;
/* When the oldest event that is not acknowledged was received; 0 when there is none. */
bool relay_store_oldest_unacked(struct relay_store *store, int64_t *received_at,
                                struct error *err) MUST_CHECK;

bool relay_store_states(struct relay_store *store, struct relay_state out[RELAY_STATES_MAX],
                        size_t *count, struct error *err) MUST_CHECK;

/* The cursor behind seq, appended. */
bool relay_store_cursor(struct relay_store *store, int64_t seq, struct buf *out,
                        struct error *err) MUST_CHECK;
/*
 * "" is the start of what is kept. *known is false for one of another log or another run's, beyond
 * the end, before `least` (the trimmed ones, say), or for what is no cursor.
 */
bool relay_store_resolve(struct relay_store *store, const struct relay_log *log, int64_t least,
                         const char *cursor, bool *known, int64_t *seq,
                         struct error *err) MUST_CHECK;

#endif
