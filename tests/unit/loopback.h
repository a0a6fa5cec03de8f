/* A small HTTP client for tests, on the loopback. Fails the running test on its own mistakes only.
 */
#ifndef CANVASS_TESTS_LOOPBACK_H
#define CANVASS_TESTS_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loopback_answer {
    int status; /* 0: the connection ended without an answer */
    char *head; /* owned; status line and headers */
    char *body; /* owned */
};

int loopback_dial(uint16_t port);                        /* -1 when nobody listens */
void loopback_say(int fd, const char *text, size_t len); /* stops when the other side has gone */
char *loopback_hear(int fd);                             /* until the end; closes; caller frees */
struct loopback_answer loopback_hear_answer(int fd);     /* the same, cut in two */
void loopback_answer_release(struct loopback_answer *answer);

/* One request with Connection: close. headers: whole lines with CRLF, or "". body NULL: none. */
struct loopback_answer loopback_ask(uint16_t port, const char *method, const char *target,
                                    const char *headers, const char *body);
/* Sends it without waiting for the answer; -1 when nobody listens. */
int loopback_start(uint16_t port, const char *method, const char *target, const char *headers,
                   const char *body);

#endif
