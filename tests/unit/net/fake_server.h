/*
 * A small HTTP server on 127.0.0.1 that misbehaves on demand. Every connection has a thread; the
 * n-th request (over all connections) takes the n-th step, the last step holds for all that follow.
 */
#ifndef CANVASS_TESTS_UNIT_NET_FAKE_SERVER_H
#define CANVASS_TESTS_UNIT_NET_FAKE_SERVER_H

#include <stddef.h>
#include <stdint.h>

enum fake_action {
    FAKE_ANSWER,       /* writes `answer`, keeps the connection */
    FAKE_ANSWER_CLOSE, /* writes `answer`, then closes: a truncated answer */
    FAKE_CLOSE,        /* has read the whole request; closes without a word */
    FAKE_RESET,        /* the same with a TCP reset */
    FAKE_RESET_EARLY,  /* resets at accept, before anything is read */
    FAKE_HANG,         /* never answers */
    FAKE_TRICKLE,      /* `answer` a byte every 50 ms */
};

struct fake_step {
    enum fake_action action;
    const char *answer; /* the whole HTTP answer; borrowed */
};

struct fake_server;

struct fake_server *fake_server_start(const struct fake_step *steps, size_t count);
void fake_server_stop(struct fake_server *s); /* ends all threads */
uint16_t fake_server_port(const struct fake_server *s);
/* Whole requests that were read so far. */
size_t fake_server_count(struct fake_server *s);
/* Raw text of one of them, headers and body; caller frees. */
char *fake_server_request(struct fake_server *s, size_t i);
/* Which connection it came on, from 0. */
size_t fake_server_connection_of(struct fake_server *s, size_t i);

#endif
