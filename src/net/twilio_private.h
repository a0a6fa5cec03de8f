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
/* A list of messages; what is NULL is not asked for. Caller frees. */
struct twilio_question {
    const char *to, *from;
    const char *day; /* sent since then: misses what has no date of sending yet */
    int page_size;
};
char *twilio_list_url(const struct twilio_sms *t, const struct twilio_question *q);
/* A page with its "messages"; NULL when it cannot be read, and why. Caller releases. */
json_t *twilio_list_page(const struct http_answer *answer, char why[200]);
/* Two questions, page after page: first by the day, then whatever the day. */
struct twilio_pages {
    char *first_url; /* owned; of the second question */
    bool by_day;     /* the first of the two */
    int count, most;
};
/*
 * *url: what to ask behind this page, NULL at the end; caller frees. past: all in the page is older
 * than what is asked, and lists are newest first. false: it cannot be read to its end, and why.
 */
bool twilio_pages_next(const struct twilio_sms *t, struct twilio_pages *p, const json_t *page,
                       bool past, char **url, const char **why) MUST_CHECK;

#endif
