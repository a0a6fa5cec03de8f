/*
 * Messages on a thread and a curl multi handle of their own, so that calls go on while the engine
 * writes claims and results down. Everything here is called on the engine's thread, which is also
 * where ends are told; only sms_may_leave of the handlers is asked on the sender's.
 */
#ifndef CANVASS_NET_SENDER_H
#define CANVASS_NET_SENDER_H

#include "core/config/config.h"
#include "core/port/net.h"

struct sender;

/* wake(wake_ctx) is called on the sender's thread when there is an end to tell. */
struct sender_options {
    const struct config *config;
    const struct net_handlers *handlers; /* borrowed; not changed while messages are under way */
    void (*wake)(void *wake_ctx);
    void *wake_ctx;
};

struct sender *sender_new(const struct sender_options *options, struct error *err) MUST_CHECK;
void sender_free(struct sender *s); /* ends all under way without telling */
const char *sender_name(const struct sender *s);
size_t sender_room(const struct sender *s);
size_t sender_in_flight(const struct sender *s);
/* The longest that an order of the last two seconds at least waited for a free connection, in ms.
 */
int64_t sender_late_ms(struct sender *s);
/* Copies what it needs; the thread starts with the first. False: surely not sent. */
bool sender_send(struct sender *s, const struct sms_request *request, struct error *err) MUST_CHECK;
/* Tells the ends there are; true when there was one. */
bool sender_tell(struct sender *s);

#endif
