/*
 * The network: fills in core/port/net.h with two curl multi handles (http.h), Twilio for SMS
 * (twilio_sms.h) and the relay (relay_client.h).
 */
#ifndef CANVASS_NET_OPEN_H
#define CANVASS_NET_OPEN_H

#include "core/config/config.h"
#include "core/port/net.h"

/* Once, before threads start; and at the end. */
bool net_global_init(struct error *err) MUST_CHECK;
void net_global_release(void);
/*
 * Copies what it needs of the configuration. ERR_INVALID says what is missing for sending. Nothing
 * is connected yet. Close with out->close(out->ctx). Calls net_global_init() when nobody has.
 */
bool net_open(const struct config *config, struct net_port *out, struct error *err) MUST_CHECK;

#endif
