/*
 * The relay's answers. Never text/plain: Twilio sends such an answer to the customer as a reply.
 * Each takes the exchange.
 */
#ifndef CANVASS_RELAY_ANSWERS_H
#define CANVASS_RELAY_ANSWERS_H

#include <stdint.h>

#include <jansson.h>

struct http_exchange;

void answer_twiml(struct http_exchange *x); /* 200 <Response/> */
/* {"error": text}; with the header that its status calls for (Retry-After, WWW-Authenticate). */
void answer_error(struct http_exchange *x, int status, const char *text);
void answer_too_often(struct http_exchange *x);                          /* 429; hangs up */
void answer_method(struct http_exchange *x, const char *allowed);        /* 405 */
void answer_json(struct http_exchange *x, int status, json_t *document); /* takes document */
void answer_gone(struct http_exchange *x, const char *oldest); /* 410 {"oldest": cursor} */
void answer_acked(struct http_exchange *x, const char *cursor);

#endif
