/* What twilio_sms.c and twilio_list.c share. Nobody else includes this. */
#ifndef CANVASS_NET_TWILIO_PRIVATE_H
#define CANVASS_NET_TWILIO_PRIVATE_H

#include <jansson.h>

#include "net/twilio_sms.h"

struct sending;
struct listing;
struct history;

struct twilio_sms {
    struct http_client *http;            /* borrowed */
    const struct net_handlers *handlers; /* borrowed */
    char *account_sid, *auth_token, *sender, *messages_url, *origin;
    /* Of every form, percent-encoded: "From=...", and "StatusCallback=...", which an attempt's uid
     * follows. NULL: no relay that Twilio could reach. */
    char *form_sender, *form_callback;
    bool by_service; /* sender is a Messaging Service */
    int64_t timeout_s;
    size_t max_in_flight, in_flight;
    struct sending *sending; /* doubly linked */
    struct listing *listings;
    struct history *history; /* NULL: not being read */
};

/* URL, login and time-outs. */
void twilio_request(const struct twilio_sms *t, const char *url, struct http_request *out);
/* An error code, which may come as text; 0 when there is none. */
int twilio_code(const json_t *v);
/* sid, status and error code of a Message; false without a proper sid. */
bool twilio_copy_message(const json_t *message, struct sms_found *out);
/* The list of what we sent: to NULL is to anybody, day NULL whatever the day. Caller frees. */
char *twilio_list_url(const struct twilio_sms *t, const char *to, const char *day, int page_size);
/* A page with its "messages"; NULL when it cannot be read, and why. Caller releases. */
json_t *twilio_list_page(const struct http_answer *answer, char why[200]);
/* *url: of the page behind, NULL when there is none; caller frees. false: it cannot be read. */
bool twilio_next_url(const struct twilio_sms *t, const json_t *page, char **url) MUST_CHECK;

#endif
