/*
 * Twilio's answer to a create: the few members that matter, read without building the document, for
 * there is one with every message. Any bytes may come.
 */
#ifndef CANVASS_NET_TWILIO_ANSWER_H
#define CANVASS_NET_TWILIO_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct twilio_answer {
    char sid[40];    /* "" when there is none that is a message's */
    char status[24]; /* "" when there is none */
    int error_code;  /* of a Message; 0: none */
    int code;        /* of a refusal; 0: none */
};

/* False, and nothing in out, when it is no JSON object. */
bool twilio_answer_read(const char *json, size_t len, struct twilio_answer *out);

/* "SM" or "MM" and 32 hexadecimal digits. */
bool twilio_is_message_sid(const char *s);
bool twilio_is_status(const char *s);
/* An error code, or 0 when it can be none. */
int twilio_code_of(int64_t n);

#endif
