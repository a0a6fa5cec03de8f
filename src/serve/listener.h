/* A listening socket from "host:port", "[::1]:port" or ":port" (every address); port 0 takes a free
 * one. */
#ifndef CANVASS_SERVE_LISTENER_H
#define CANVASS_SERVE_LISTENER_H

#include <stdint.h>

#include "core/base/error.h"

/* -1 and ERR_INVALID for what is no address, ERR_CONFLICT when the port is taken. */
int listener_open(const char *listen, struct error *err) MUST_CHECK;
uint16_t listener_port(int fd); /* 0 when it cannot be told */

#endif
