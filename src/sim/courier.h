/*
 * The courier: one thread with a queue of things to do at a later time, and with the webhooks that
 * are under way (a curl multi handle). Status callbacks, customers' texts, delayed answers.
 */
#ifndef CANVASS_SIM_COURIER_H
#define CANVASS_SIM_COURIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "serve/http_server.h"
#include "sim/ledger.h"
#include "sim/sim.h"

struct courier;

struct courier *courier_start(const struct sim_options *options, struct ledger *ledger,
                              struct error *err) MUST_CHECK;
/* Forgets what is not due yet, answers exchanges that wait, joins. Later posts are answered at
 * once. */
void courier_stop(struct courier *courier);
void courier_free(struct courier *courier); /* after courier_stop() and the server's end */

/* --- any thread; due_ms is of utime_mono_ms() */
/* Posts a status callback; the step belongs to the message. */
void courier_post_status(struct courier *courier, int64_t due_ms, const struct sim_message *message,
                         const struct sim_step *step);
/* A customer will write at that time; texts are copied. */
void courier_write_later(struct courier *courier, int64_t due_ms, const char *from, const char *to,
                         const char *body);
/* Posts a customer's text that the ledger has already. */
void courier_post_inbound(struct courier *courier, const struct sim_message *message);

struct courier_answer {
    struct http_exchange *exchange; /* given away */
    int status;                     /* 0: drop the connection */
    const char *content_type;       /* static */
    char *body;                     /* owned; given away */
    size_t len;
    const char *retry_after; /* static; NULL: no such header */
};
void courier_answer(struct courier *courier, int64_t due_ms, struct courier_answer answer);

/* Webhooks wait (in order) until courier_resume(); answers do not. */
void courier_pause(struct courier *courier);
void courier_resume(struct courier *courier);
bool courier_is_paused(struct courier *courier);
/* Webhooks and texts that are still to come or under way. */
size_t courier_waiting(struct courier *courier);

#endif
