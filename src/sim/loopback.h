/* A simulator must not reach real people: only loopback addresses are listened on and posted to. */
#ifndef CANVASS_SIM_LOOPBACK_H
#define CANVASS_SIM_LOOPBACK_H

#include <stdbool.h>

/* "127.0.0.1:8090", "[::1]:80", "localhost:0" */
bool loopback_is_listen(const char *address);
/* Absolute http or https URL with a host; a host with an underscore is refused (providers.md 1.1).
 */
bool loopback_url_is_valid(const char *url);
/* Such a URL whose host is this machine. */
bool loopback_is_url(const char *url);

#endif
