/*
 * What the engine needs from the network. src/net fills it in with curl multi handles; a test with
 * whatever it likes. Everything runs on the engine's thread except wake() and sms_may_leave().
 * Requests only start in these calls; their ends are told through the handlers, from inside pump()
 * and nowhere else.
 */
#ifndef CANVASS_CORE_PORT_NET_H
#define CANVASS_CORE_PORT_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* The result of a call that may have reached a person is one of four (providers.md 0). */
enum send_outcome {
    SEND_ACCEPTED, /* the provider gave us its id */
    SEND_REJECTED, /* the provider said no: it was not sent */
    SEND_NOT_SENT, /* proved: never connected, or 429; may be tried again */
    SEND_UNKNOWN,  /* no answer, 5xx, nonsense: look it up, never resend on a guess */
    SEND_OUTCOME_COUNT
};

/* What a provider's error means for what happens next (providers.md 1.3). */
enum send_class {
    SEND_CLASS_NONE,
    SEND_CLASS_PERMANENT, /* P: this recipient and channel never */
    SEND_CLASS_OPTED_OUT, /* O: suppress the address too */
    SEND_CLASS_RETRY,     /* R: known not sent, try again with back-off */
    SEND_CLASS_LATER,     /* L: try again in hours, as a new attempt */
    SEND_CLASS_CONFIG,    /* C: pause the campaign and say why */
    SEND_CLASS_AMBIGUOUS, /* A: no automatic retry */
    SEND_CLASS_COUNT
};

struct sms_request {
    int64_t attempt_id;
    const char *attempt_uid; /* goes into the callback URL */
    const char *to;          /* E.164 */
    const char *body;
    int validity_s; /* seconds the provider may keep trying; 0: its default */
};

struct sms_result {
    int64_t attempt_id;
    enum send_outcome outcome;
    enum send_class klass;
    int http_status;        /* 0: no answer */
    int error_code;         /* the provider's, 0: none */
    int64_t retry_after_ms; /* 0: not said */
    char provider_id[64];
    char provider_status[24]; /* as the provider words it: "queued" */
    char error[256];          /* for people; holds no number and no body */
};

/* Was this attempt accepted? (providers.md 1.6) */
struct sms_lookup {
    int64_t attempt_id;
    const char *to;
    const char *body;
    int64_t claimed_at_s;
};

struct sms_found {
    char provider_id[64];
    bool vague; /* its text or its time does not fit exactly: may be the attempt's, or another's */
    char status[24];
    int error_code;
};

struct sms_lookup_result {
    int64_t attempt_id;
    bool answered; /* false: the list could not be read; nothing is known */
    /* Messages to that number with that body since then, and vague ones; borrowed. */
    const struct sms_found *found;
    size_t found_count;
    char error[256];
};

/* A message that the provider's list holds: one of ours, to whomever it went, or one to us. */
struct sms_sent {
    char provider_id[64];
    char to[24]; /* as the provider writes it: E.164 */
    char status[24];
    int64_t at_s;            /* when it was made */
    const char *from, *body; /* of one to us; borrowed during the handler */
};

struct sms_history_page {
    const struct sms_sent *rows; /* borrowed; newest first, some may come twice */
    size_t count;
    bool end;        /* nothing follows, and this page is empty */
    char error[256]; /* at the end: why the list is not whole; "" when it is */
};

struct relay_event {
    int64_t seq;
    int64_t received_at_s;
    const char *kind;      /* "twilio_sms", "twilio_status" */
    const char *url;       /* the public URL that was signed */
    const char *signature; /* X-Twilio-Signature */
    const char *body;      /* raw form body */
    size_t body_len;
};

/* How far a console with the ledger of that name has come, as the relay was told. */
struct relay_state {
    const char *id;
    int64_t fence, attempt;
};

struct relay_batch {
    bool ok;                          /* false: the relay did not answer as it should; see error */
    bool cursor_lost;                 /* 410: events before `next` are gone; reconcile by listing */
    const struct relay_event *events; /* borrowed during the handler */
    size_t count;
    const struct relay_state *states; /* borrowed likewise; none from an older relay */
    size_t state_count;
    const char *next; /* cursor behind the last event */
    bool more;
    char error[256];
};

struct net_handlers {
    void *ctx;
    void (*sms_done)(void *ctx, const struct sms_result *result);
    void (*lookup_done)(void *ctx, const struct sms_lookup_result *result);
    void (*history_page)(void *ctx, const struct sms_history_page *page);
    void (*relay_done)(void *ctx, const struct relay_batch *batch);
    /*
     * Asked right before the first byte of a message leaves, always; false takes it back: its
     * result is then SEND_NOT_SENT. A process may stand still between sms_send() and that byte, and
     * another engine may hold the lease by then. Asked on one thread, which need not be the
     * engine's. NULL: always.
     */
    bool (*sms_may_leave)(void *ctx, int64_t attempt_id);
};

struct net_port {
    void *ctx;
    void (*set_handlers)(void *ctx, const struct net_handlers *handlers);
    /* The sender that limits apply to: our number or the Messaging Service's id. Borrowed. */
    const char *(*sms_sender)(void *ctx);
    /* How many more sms_send calls may be under way now. */
    size_t (*sms_room)(void *ctx);
    /* The longest that a message of the last two seconds waited for a connection, in ms. NULL: any
     * may have waited as long as it is let. */
    int64_t (*sms_late_ms)(void *ctx);
    /* Copies what it needs. An error means: surely not sent, and no handler will be called. */
    bool (*sms_send)(void *ctx, const struct sms_request *request, struct error *err);
    bool (*sms_lookup)(void *ctx, const struct sms_lookup *lookup, struct error *err);
    /* All that our sender has sent since then; one at a time. */
    bool (*sms_history)(void *ctx, int64_t since_s, struct error *err);
    /* All that people have written to our sender since then, in the same way. NULL: there is no way
     * to. */
    bool (*sms_received)(void *ctx, int64_t since_s, struct error *err);
    /* One at a time. wait_s 0 answers at once; cursor "" is from the start. */
    bool (*relay_poll)(void *ctx, const char *cursor, int wait_s, struct error *err);
    /* Breaks the poll under way off, without telling. Not from inside a handler. */
    void (*relay_drop_poll)(void *ctx);
    bool (*relay_ack)(void *ctx, const char *cursor,
                      struct error *err); /* its end is nobody's business */
    /* Tells the relay how far we are; its end is nobody's business. NULL: there is no way to. */
    bool (*relay_tell)(void *ctx, const struct relay_state *state, struct error *err);
    size_t (*in_flight)(void *ctx); /* sms_send calls whose end has not been told */
    /* Runs transfers; waits up to timeout_ms when there is nothing to do. Returns after wake(). */
    void (*pump)(void *ctx, int timeout_ms);
    void (*wake)(void *ctx);  /* any thread */
    void (*close)(void *ctx); /* ends everything under way without telling; frees ctx */
};

#endif
