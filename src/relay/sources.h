/*
 * How often each source address has failed of late, in bounded memory: 4,096 sources, the longest
 * untouched forgotten first. Belongs to one thread.
 */
#ifndef CANVASS_RELAY_SOURCES_H
#define CANVASS_RELAY_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/address.h"

struct sources;

struct sources *sources_new(int per_minute); /* 0: any number of failures */
void sources_free(struct sources *sources);
/* Notes a failure; false when the source has had its share for the last minute. IPv6: by /64. */
bool sources_may_fail(struct sources *sources, const struct ip_address *source, int64_t now_ms);

#endif
