/* The console's side of the relay protocol (providers.md 10): long poll, acknowledge. */
#ifndef CANVASS_NET_RELAY_CLIENT_H
#define CANVASS_NET_RELAY_CLIENT_H

#include "core/config/config.h"
#include "core/port/net.h"
#include "net/http.h"

struct relay_client;

/* Copies what it needs; handlers is borrowed. Never fails: without relay.url every call does. */
struct relay_client *relay_client_new(struct http_client *http, const struct config *config,
                                      const struct net_handlers *handlers);
void relay_client_free(struct relay_client *r); /* after http_client_free() */
/* ERR_CONFLICT while one is under way; ERR_INVALID when no relay is configured. */
bool relay_client_poll(struct relay_client *r, const char *cursor, int wait_s,
                       struct error *err) MUST_CHECK;
/* Breaks the poll under way off, without telling. */
void relay_client_drop_poll(struct relay_client *r);
bool relay_client_ack(struct relay_client *r, const char *cursor, struct error *err) MUST_CHECK;
/* How far we are; an older relay knows no such thing, which does no harm. */
bool relay_client_tell(struct relay_client *r, const struct relay_state *state,
                       struct error *err) MUST_CHECK;

#endif
