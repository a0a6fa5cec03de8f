/*
 * How fast: SMS segments a second (providers.md 1.5), held in every window of time and not only on
 * average. Two rules together:
 *
 * - No second and no minute, wherever it begins, holds more than the rate: every message of the
 *   last minute is remembered with its instant. A second is taken a hundredth too long, so that
 *   the provider, which sees the calls a little later and not all equally late, agrees; a minute
 *   half a second, since a message may have waited that long for a connection.
 * - A token bucket of a tenth of a second (of twelve segments, for slow senders) spreads them over
 *   that second.
 *
 * A message of more segments than a second may hold goes alone, and has as many of the next
 * ones as it needs. After a restart the last minute is read from the attempts in the ledger.
 */
#ifndef CANVASS_CORE_OUTBOX_RATE_H
#define CANVASS_CORE_OUTBOX_RATE_H

#include "core/store/db.h"

enum rate_window {
    RATE_SECOND,
    RATE_MINUTE,
    RATE_SECOND_LATE, /* what may have gone in the last second if all went RATE_LATE_MS later */
    RATE_LEVELS
};
enum { RATE_LATE_MS = 500 }; /* what waits for a connection waits no longer (net/sender) */

struct rate {
    char key[96];      /* of the row: the sender, "account", or "campaign 7" */
    double per_second; /* 0: no limit */
    double tokens;
    int64_t updated_ms;
    /* what was taken, by time; owned */
    struct rate_taken *taken;
    size_t count, capacity;
    struct rate_level {
        size_t first; /* what stands before has left this window */
        int64_t sum;  /* segments from there on */
    } levels[RATE_LEVELS];
    /* where rate_begin() was called */
    size_t mark;
    double mark_tokens;
};

/*
 * Reads the bucket as it was left (a new one is full) and the last minute's attempts by sender (by
 * any where it is NULL), or of the campaign when there is one. Releases what r held.
 */
struct rate_owner {
    const char *key, *sender;
    int64_t campaign_id; /* 0: of the sender */
};
bool rate_load(struct rate *r, struct db *db, const struct rate_owner *owner, double per_second,
               int64_t now_ms, struct error *err) MUST_CHECK;
void rate_release(struct rate *r); /* safe on a zeroed one */
bool rate_save(const struct rate *r, struct db *ledger, struct error *err) MUST_CHECK;
void rate_refill(struct rate *r, int64_t now_ms);
bool rate_is_ready(const struct rate *r, int64_t segments);
/* At the instant of the last rate_refill(). */
void rate_take(struct rate *r, int64_t segments);
/* Milliseconds until rate_is_ready(); 0 when it is. */
int64_t rate_wait_ms(const struct rate *r, int64_t segments);
/*
 * What is taken may go up to RATE_LATE_MS later (it waits for a connection) while that much more
 * than a second's worth fits into one. rate_went() ends that: all has gone by now, and counts from
 * the latest instant at which it may have.
 */
struct rate_late {
    int64_t now_ms;
    int64_t late_ms; /* between being taken and going, at most; <= RATE_LATE_MS */
};
bool rate_is_slack(const struct rate *r);
void rate_went(struct rate *r, const struct rate_late *late);
/* Segments that may go now, at least 1 and at most `most`: for shares. */
int64_t rate_room(const struct rate *r, int64_t most);
/* Around a batch: begin, take ..., then undo (nothing of it goes) or handed (it went just now). */
void rate_begin(struct rate *r);
void rate_undo(struct rate *r);
void rate_handed(struct rate *r, int64_t now_ms);

#endif
