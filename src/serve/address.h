/* Internet addresses and ranges of them, IPv4 and IPv6 alike. */
#ifndef CANVASS_SERVE_ADDRESS_H
#define CANVASS_SERVE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct sockaddr;

/* IPv4 as ::ffff:a.b.c.d, so that one comparison serves both. All zero: not known. */
struct ip_address {
    uint8_t bytes[16];
};

struct ip_range {
    struct ip_address base;
    unsigned bits; /* of 128 */
};

enum { IP_TEXT_SIZE = 64 };

bool ip_parse(const char *text, struct ip_address *out) MUST_CHECK;
bool ip_from_sockaddr(const struct sockaddr *address, struct ip_address *out) MUST_CHECK;
void ip_format(const struct ip_address *address, char out[IP_TEXT_SIZE]); /* "" when not known */
bool ip_equal(const struct ip_address *a, const struct ip_address *b);
bool ip_is_loopback(const struct ip_address *address);

/* "10.0.0.0/8", "::1", "192.0.2.7" */
bool ip_range_parse(const char *text, struct ip_range *out) MUST_CHECK;
bool ip_in_ranges(const struct ip_address *address, const struct ip_range *ranges, size_t count);

/*
 * Who asks, when the request came through proxies: forwarded is X-Forwarded-For ("client, proxy,
 * proxy"; each proxy adds whom it saw at the end). Read from the right for as long as the one who
 * wrote an entry is trusted, since what stands further left may be invented. NULL or nonsense:
 * peer.
 */
struct ip_address ip_behind_proxies(const struct ip_address *peer, const char *forwarded,
                                    const struct ip_range *trusted, size_t count);

#endif
