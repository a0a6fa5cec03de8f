/*
 * The state of the engine's work and what its steps share: clock, notes, trouble. turn.h runs the
 * steps. Inside the engine only.
 */
#ifndef CANVASS_CORE_ENGINE_LOOP_H
#define CANVASS_CORE_ENGINE_LOOP_H

#include <pthread.h>

#include "core/engine/place.h"
#include "core/engine/types.h"
#include "core/outbox/claim.h"
#include "core/outbox/settle.h"
#include "core/store/db_stamp.h"
#include "core/store/engine_store.h"
#include "core/store/gate_store.h"
#include "core/store/lease_store.h"

/* Results of calls that wait to be written down. */
struct loop_result {
    bool handed; /* false: claimed, but surely never given to the network */
    struct sms_result r;
};

struct loop_lookup { /* an answer of the provider's list, kept until it is written down */
    int64_t attempt_id;
    bool answered;
    struct sms_found *found; /* owned */
    size_t found_count;
    char error[256];
};

enum { LOOP_RATE_SLOTS = 5, LOOP_LOOKUPS_MAX = 8 };

struct loop_digest { /* loop_digest.c */
    int64_t unknown, retries, found, not_found, person;
    char unknown_error[256], retry_error[256];
    int64_t next_ms; /* monotonic: not said again before */
};

/* What decides whether a message may leave: asked on the thread that sends (port/net.h). */
struct loop_gate {
    pthread_mutex_t lock; /* also of wire, where it is replaced */
    int64_t closes_ms;    /* monotonic: nothing leaves from then on; 0: no lease */
    struct db *reader;    /* owned; under the lock */
    struct db_stamp stamp;
    struct gate_state state;    /* of the ledger, as it was read last */
    int64_t recheck_until_ms;   /* monotonic: each message is asked about in the ledger */
    int64_t stop_file_asked_ms; /* monotonic, by the real clock; 0: anew */
    bool stop_file;             /* the file STOP was there then */
};

struct loop {
    struct engine_options opt;
    struct db *ledger, *reader;
    char holder[UUID_SIZE];
    char who[160];

    bool until_idle;

    /* lease */
    bool holds;
    bool locked;
    int lock_fd; /* of <home>/engine.lock; -1: it cannot be used */
    int64_t fence;
    int64_t lease_until_mono_ms; /* by our own clock that never goes back; nothing is sent after */
    int64_t next_lease_ms;       /* monotonic: when to take or renew */
    int64_t no_lease_since_ms;   /* monotonic; 0: held */

    int64_t taken_at_ms; /* monotonic */
    char other[128];     /* who holds it, when somebody else does */

    /* relay */
    bool relay_drained; /* answered "no more" since the lease was taken */
    bool relay_polling;
    bool relay_trouble;           /* the last poll failed */
    int64_t relay_next_ms;        /* monotonic */
    int64_t relay_poll_began_ms;  /* monotonic */
    int64_t relay_empty_as_of_ms; /* monotonic: began a poll that found nothing more */
    int64_t relay_contact_s, relay_saved_s;
    char *relay_ack;           /* owned: cursor to acknowledge */
    int64_t relay_ack_next_ms; /* monotonic */

    /* what a relay lost: read from the provider's list */
    int64_t missed_since_s;                 /* 0: nothing is missed */
    int64_t missed_next_ms, missed_from_ms; /* monotonic; when to ask, since when it is wanted */
    bool missed_asked, missed_trouble;
    struct sms_sent *missed; /* owned: newest first; their texts are the next */
    char **missed_texts;     /* owned: two a row */
    size_t missed_text_count, missed_text_capacity;
    size_t missed_count, missed_capacity;

    /* sending */
    struct loop_gate gate;
    struct wire *wire;                /* owned; NULL: there is none */
    struct claim_campaign *campaigns; /* owned, count below */
    size_t campaign_count;
    size_t turn;
    int64_t unreadable_id; /* of the campaign that was last said to be unreadable */
    struct rate rate;      /* of the sender */
    struct rate account;   /* of all senders */
    struct daily daily;
    int64_t canary_next_ms;  /* monotonic: when canaries are looked at again */
    int64_t capped_until_ms; /* wall clock: a limit of the day is reached; 0: it is not */
    char capped_why[120];
    struct loop_result *results;
    size_t result_count, result_capacity;
    int64_t first_result_ms; /* monotonic: since when results wait to be written down */
    struct loop_lookup *lookups;
    size_t lookup_count, lookup_capacity;
    size_t lookups_open;
    int64_t lookups_asked_s; /* when those under way were asked, or those not yet written down */
    size_t limit;            /* calls under way at most: lowered by "too many requests" */
    size_t peak;             /* the most calls under way since it was lowered */
    int64_t
        stood_ms; /* when messages waited for a connection last (monotonic); 0: the rates know */
    int64_t slowed_until_ms;   /* monotonic: the refusals of one burst lower it once */
    int64_t throttle_until_ms; /* monotonic */
    int64_t hold_ms;           /* the provider does not answer: doubled each time; 0: it does */
    int64_t hold_until_ms;     /* monotonic */
    int64_t unknown_streak;
    int64_t trouble_until_ms; /* monotonic: something of our own failed; do not spin */
    int64_t trouble_since_ms; /* monotonic; 0: none */
    char trouble[200];
    int64_t last_activity_ms;      /* monotonic: of sending or applying */
    int64_t next_due_ms;           /* wall clock; 0: nothing waits */
    int64_t wait_ms;               /* how long this turn may wait */
    bool planning;                 /* recipients of some campaign are being frozen */
    bool stopped;                  /* the panic switch, as last seen */
    bool unconfirmed;              /* core/engine/place: nothing may be sent */
    int64_t place_next_ms;         /* monotonic */
    int64_t place_note_next_ms;    /* monotonic */
    struct place_mark place_told;  /* what the relay was told */
    struct place_mark place_noted; /* what state.id says */
    char *stop_file;               /* owned; its being there is the panic switch as well */

    struct loop_sync *sync; /* owned; NULL: no main database */
    struct engine_summary sum;
    struct loop_digest digest;
    int64_t rate_slot[LOOP_RATE_SLOTS], rate_count[LOOP_RATE_SLOTS];

    pthread_mutex_t lock; /* status only */
    struct engine_status status;
    char note[200]; /* what is in the way, if anything; copied into status each turn */
};

int64_t loop_now_ms(const struct loop *l);  /* wall clock */
int64_t loop_mono_ms(const struct loop *l); /* never goes back */
void loop_wait_at_most(struct loop *l, int64_t ms);
/* Our own trouble (a full disk, a busy store): said once a second at most, and no spinning. */
void loop_trouble(struct loop *l, const char *what, const struct error *err);
/* A line for the monitor, in a transaction of its own. */
void loop_event(struct loop *l, enum log_level level, int64_t campaign_id, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void loop_note(struct loop *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

void loop_relay_step(struct loop *l);                             /* loop_relay.c */
void loop_relay_done(void *ctx, const struct relay_batch *batch); /* handler */
void loop_relay_reset(struct loop *l);                            /* at taking the lease */
void loop_missed_load(struct loop *l);                            /* loop_missed.c */
void loop_missed_step(struct loop *l);
bool loop_missed_holds(const struct loop *l); /* nothing is sent before it is read */
void loop_missed_page(void *ctx, const struct sms_history_page *page); /* handler */
void loop_missed_release(struct loop *l);
void loop_lookup_step(struct loop *l);                                 /* loop_lookup.c */
void loop_lookup_done(void *ctx, const struct sms_lookup_result *res); /* handler */
void loop_send_step(struct loop *l, bool stopping);                    /* loop_send.c */
void loop_sms_done(void *ctx, const struct sms_result *result);        /* handler */
bool loop_stop_file_is_there(const struct loop *l);                    /* loop_gate.c */
bool loop_may_send(const struct loop *l);
bool loop_sms_may_leave(void *ctx, int64_t attempt_id);               /* handler, any thread */
void loop_gate_set(struct loop *l);                                   /* after the lease */
void loop_gate_begin(struct loop *l);                                 /* at taking the lease */
bool loop_send_prepare(struct loop *l, struct error *err) MUST_CHECK; /* at taking the lease */
void loop_send_release(struct loop *l);
/* Whether results wait a moment for others, to share a commit; shortens the wait. */
bool loop_gathers(struct loop *l);
void loop_record(struct loop *l);
void loop_digest_add(struct loop *l, const struct settle_sum *sum); /* loop_digest.c */
void loop_digest_say(struct loop *l, bool now);
void loop_plan_step(struct loop *l); /* loop_plan.c */
/* loop_sync.c: the replica is brought up to date on a thread of its own, so that sends go on. */
void loop_sync_prepare(struct loop *l);
void loop_sync_step(struct loop *l, bool stopping);
void loop_sync_finish(struct loop *l);

#endif
