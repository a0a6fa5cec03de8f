/*
 * Attempts (every call that may have reached a provider) and the units they belong to: a delivery
 * of a campaign, or an outbound message of a conversation. Both live the same life
 * (semantics.md "Deliveries"). Plain reads and writes; what follows from what is decided in
 * core/outbox/settle. Everything runs inside the caller's transaction.
 */
#ifndef CANVASS_CORE_STORE_ATTEMPT_STORE_H
#define CANVASS_CORE_STORE_ATTEMPT_STORE_H

#include "core/base/fileio.h"
#include "core/campaign/record.h"
#include "core/store/db.h"

enum unit_kind { UNIT_DELIVERY, UNIT_MESSAGE, UNIT_KIND_COUNT };
struct unit {
    enum unit_kind kind;
    int64_t id;
};

/* What is written before the first byte leaves. */
struct attempt_new {
    char uid[UUID_SIZE];
    struct unit unit;
    int64_t number; /* 1 for the first try */
    const char *address, *sender, *text;
    int64_t segments, fence, now_s;
};
bool attempt_insert(struct db *ledger, const struct attempt_new *a, int64_t *id,
                    struct error *err) MUST_CHECK;

struct attempt {
    int64_t id;
    struct unit unit;
    int64_t number, segments, fence, claimed_at_s, lookups;
    char *address, *text, *sender;    /* owned */
    char *outcome, *provider_id, *by; /* owned; NULL while open; by: who settled it */
    /* the unit as it stands */
    enum delivery_state state;
    int64_t unit_attempts, rank, campaign_id; /* campaign_id 0: none */
    char *channel;                            /* owned */
    bool has_reply;                           /* of the delivery: the person has answered it */
    char *unit_provider_id;                   /* owned; of the attempt that stands for the unit */
};
void attempt_release(struct attempt *a);
/* ERR_NOT_FOUND when there is none. */
bool attempt_load(struct db *db, int64_t id, struct attempt *out, struct error *err) MUST_CHECK;
/* *found false when there is none. Exactly one of uid and provider_id is given. */
bool attempt_find(struct db *db, const char *uid, const char *provider_id, struct attempt *out,
                  bool *found, struct error *err) MUST_CHECK;
/* The latest attempt of a unit. */
bool attempt_find_latest(struct db *db, struct unit unit, struct attempt *out, bool *found,
                         struct error *err) MUST_CHECK;

/* Texts may be NULL. next_lookup_at_s 0: not looked up. */
struct attempt_end {
    const char *outcome; /* accepted, rejected, not_sent, unknown */
    const char *provider_id, *error, *by;
    int64_t http_status, error_code, next_lookup_at_s;
};
bool attempt_finish(struct db *ledger, int64_t id, const struct attempt_end *end, int64_t now_s,
                    struct error *err) MUST_CHECK;
/* The provider's id of an attempt (and of its unit) that was settled without one. */
bool attempt_name(struct db *ledger, const struct attempt *a, const char *provider_id,
                  struct error *err) MUST_CHECK;
/* How an unanswered or empty look changes the plan; next_at_s 0: no more looks by itself. */
bool attempt_plan_lookup(struct db *ledger, int64_t id, int64_t lookups, int64_t next_at_s,
                         const char *error, struct error *err) MUST_CHECK;
struct lookup_due {
    int64_t attempt_id, claimed_at_s;
    char *address, *text; /* owned */
};
bool attempt_lookups_due(struct db *db, int64_t now_s, size_t max, struct lookup_due *out,
                         size_t *count, struct error *err) MUST_CHECK;
void lookup_due_release(struct lookup_due *list, size_t count);
/* 0: none is planned. */
bool attempt_next_lookup(struct db *db, int64_t *at_s, struct error *err) MUST_CHECK;

/*
 * What was claimed since then, oldest first: by a sender (NULL: by any), or of a campaign when it
 * is not 0.
 */
struct attempts_since {
    const char *sender;
    int64_t campaign_id, since_s;
};
/* Stops when each() returns false. */
bool attempts_since_each(struct db *db, const struct attempts_since *since,
                         bool (*each)(void *ctx, int64_t claimed_at_s, int64_t segments), void *ctx,
                         struct error *err) MUST_CHECK;
/* Their sum; without those that surely reached no phone (not sent, or refused). */
struct attempts_sum {
    int64_t messages, segments;
};
bool attempts_since_sum(struct db *db, const struct attempts_since *since, struct attempts_sum *out,
                        struct error *err) MUST_CHECK;

/* Whose a provider id is, for an attempt: of nobody, or of another attempt (or of a message that a
 * person sent). An id of another number than the one that the provider's list shows it with was
 * given twice by the provider: it cannot be told whose it is. */
enum id_owner { ID_OF_OTHER_NUMBER, ID_OF_SAME_NUMBER, ID_OF_NOBODY };
bool attempt_id_owner(struct db *db, const char *provider_id, const struct attempt *a,
                      enum id_owner *owner, struct error *err) MUST_CHECK;
/* Other attempts with the same text to the same number whose end nobody knows. */
bool attempt_count_rivals(struct db *db, const struct attempt *a, int64_t *rivals,
                          struct error *err) MUST_CHECK;
/* How often the provider has answered a try of the unit with "not now". */
bool attempt_count_refusals(struct db *db, struct unit unit, int64_t *count,
                            struct error *err) MUST_CHECK;
/* Whether some attempt of the unit is known to be accepted; fills its provider id (may be ""). */
bool attempt_find_accepted(struct db *db, struct unit unit, bool *found, char provider_id[64],
                           struct error *err) MUST_CHECK;

struct unit_change {
    enum delivery_state state;
    const char *reason; /* of skipped */
    int64_t next_attempt_at_ms;
    const char *provider_id; /* NULL keeps what is there */
    int64_t rank;
    int64_t accepted_at_s; /* kept when already set; 0: none */
    int64_t error_code;    /* 0: none */
    const char *error;
};
bool unit_change(struct db *ledger, struct unit unit, const struct unit_change *change,
                 int64_t now_s, struct error *err) MUST_CHECK;
/* To sending, one attempt more. */
bool unit_claim(struct db *ledger, struct unit unit, int64_t now_s, struct error *err) MUST_CHECK;

/* The attempts under that fence whose end is not known and whose unit is still sending. ids:
 * free(). */
bool attempt_open_load(struct db *db, int64_t fence, int64_t **ids, size_t *count,
                       struct error *err) MUST_CHECK;
/*
 * At taking the lease: whatever an engine before left in sending is in doubt now, and its attempt
 * unknown, to be looked up at once.
 */
bool unit_doubt_abandoned(struct db *ledger, int64_t fence, int64_t now_s, int64_t *count,
                          struct error *err) MUST_CHECK;

#endif
