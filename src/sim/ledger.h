/*
 * What happened in the simulated world: every message and every number, found in constant time, and
 * a file of JSON lines. The console may be killed at any moment; this is the account it is held to.
 *
 * Thread  any; a lock inside. Messages are never freed before the ledger and never change, so that
 *         a pointer may be read without the lock; numbers are only touched inside.
 */
#ifndef CANVASS_SIM_LEDGER_H
#define CANVASS_SIM_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

#define SIM_SID_SIZE 35 /* "SM", 32 hex digits, terminator */
#define SIM_MAX_STEPS 5

enum sim_status {
    SIM_ACCEPTED,
    SIM_QUEUED,
    SIM_SENDING,
    SIM_SENT,
    SIM_DELIVERED,
    SIM_UNDELIVERED,
    SIM_FAILED,
    SIM_RECEIVED, /* of an inbound message */
    SIM_STATUS_COUNT
};
const char *sim_status_name(enum sim_status status);

/* The life of a message, decided when it is accepted. */
struct sim_step {
    enum sim_status status;
    int error_code; /* 0: none */
    int64_t at_ms;  /* UTC */
};

struct sim_message {
    char sid[SIM_SID_SIZE];
    bool inbound, via_service;
    bool means_stop;        /* inbound: the person asks not to be written to any more */
    char *to, *from, *body; /* owned by the ledger */
    char *callback;         /* NULL: none asked for */
    char *att;              /* "att" of the callback's query, or NULL */
    int segments, media;
    int64_t created_ms;
    struct sim_step steps[SIM_MAX_STEPS];
    size_t step_count;                                 /* at least 1 */
    struct sim_message *older, *older_to, *older_from; /* chains, newest first; see ledger_find_* */
};
/* The step that holds at now_ms. */
const struct sim_step *sim_message_step(const struct sim_message *message, int64_t now_ms);
/* When the message was handed to a carrier, 0 when it was not (yet). */
int64_t sim_message_sent_ms(const struct sim_message *message, int64_t now_ms);

struct ledger;

/* path NULL: no file. */
struct ledger *ledger_open(const char *path, struct error *err) MUST_CHECK;
void ledger_close(struct ledger *ledger);

/* --- numbers */
struct sim_attempt {
    uint64_t request;  /* how many requests for this number came before */
    unsigned accepted; /* how many messages it has had */
    bool opted_out;    /* told STOP to this sender (or to the service it belongs to) */
};
/* Counts a request for a number and tells what is known of it. */
struct sim_attempt ledger_note_request(struct ledger *ledger, const char *to, const char *from,
                                       bool whole_service);
bool ledger_knows(struct ledger *ledger, const char *number);
/* A refusal because of STOP: the console should have known, if the webhook had been answered. */
void ledger_note_refused_opt_out(struct ledger *ledger, const char *to, const char *body);

/* --- messages */
/* Takes a draft with everything but sid and chains; texts are copied. Borrowed, lives with the
 * ledger. */
const struct sim_message *ledger_accept(struct ledger *ledger, const struct sim_message *draft);
/*
 * A customer writes now. Keywords change the opt-out at the network at once, as with Twilio.
 * means_stop: the person asks not to be written to, in whatever words.
 */
const struct sim_message *ledger_inbound(struct ledger *ledger, const char *from, const char *to,
                                         const char *body, bool means_stop);
/* A webhook was answered with an HTTP status; 0: no answer. step NULL: of an inbound message. */
void ledger_note_webhook(struct ledger *ledger, const struct sim_message *message,
                         const struct sim_step *step, int http_status);
/* The answer to an accepted request was kept from the console (or spoiled); why is a static word.
 */
void ledger_note_hidden(struct ledger *ledger, const struct sim_message *message, const char *why);

const struct sim_message *ledger_find(struct ledger *ledger, const char *sid);
/* Newest message that has these ends; NULL or "" is any. Go on with ledger_next(). */
const struct sim_message *ledger_first(struct ledger *ledger, const char *to, const char *from);
const struct sim_message *ledger_next(struct ledger *ledger, const struct sim_message *message,
                                      const char *to, const char *from);

/* --- counting */
enum sim_count {
    COUNT_REQUESTS,
    COUNT_REFUSED, /* by a rule of the API */
    COUNT_RATE_LIMITED,
    COUNT_DROPPED_BEFORE,
    COUNT_LOST_ANSWERS,
    COUNT_ERROR_500,
    COUNT_HTML,
    COUNT_CALLBACK_WITHHELD,
    COUNT_NOT_LOOPBACK, /* webhooks that were not posted since they would leave this machine */
    COUNT_COUNT
};
void ledger_count(struct ledger *ledger, enum sim_count which);
/* A new JSON object: docs/simulator.md, "The ledger". brief leaves the long lists out. */
json_t *ledger_summary(struct ledger *ledger, bool brief);

#endif
