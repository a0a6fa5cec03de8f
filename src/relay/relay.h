/*
 * The relay at work: an HTTP server, a writer thread and a reader thread around one database.
 *
 *   server thread  checks requests, refuses what is wrong, hands the rest on and never touches the
 * disk writer thread  owns the writing connection: commits all waiting webhooks in one synced
 * transaction, then answers them; trims old events reader thread  owns a read-only connection:
 * answers /v1/events (also the waiting ones), health, metrics
 */
#ifndef CANVASS_RELAY_RELAY_H
#define CANVASS_RELAY_RELAY_H

#include <stdint.h>

#include "core/base/error.h"
#include "relay/relay_config.h"

struct relay;

/* config is borrowed until relay_stop(). */
struct relay *relay_start(const struct relay_config *config, struct error *err) MUST_CHECK;
/* Commits and answers what has arrived, ends long polls, stops. NULL is fine. */
void relay_stop(struct relay *relay);
uint16_t relay_port(const struct relay *relay);
const char *relay_public_url(const struct relay *relay);

#endif
