#include "sim/loopback.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/text.h"

#define HOST_SIZE 256

static bool
host_is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;

    if (text_eq_nocase(host, "localhost")) /* libcurl resolves it without asking anybody */
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* Host of "host:port", "[v6]:port" or "host" that ends at any of "/?#" or the end. */
static bool
host_copy(const char *authority, char out[HOST_SIZE])
{
    size_t len;

    if (*authority == '[') {
        authority++;
        len = strcspn(authority, "]");
        if (authority[len] != ']')
            return false;
    } else {
        len = strcspn(authority, ":/?#");
    }
    if (len == 0 || len >= HOST_SIZE)
        return false;
    memcpy(out, authority, len);
    out[len] = '\0';
    return true;
}

bool
loopback_is_listen(const char *address)
{
    char host[HOST_SIZE];

    return host_copy(address, host) && host_is_loopback(host);
}

static bool
url_host(const char *url, char out[HOST_SIZE])
{
    const char *authority;
    size_t len;
    const char *at;

    if (text_starts_with(url, "http://"))
        authority = url + 7;
    else if (text_starts_with(url, "https://"))
        authority = url + 8;
    else
        return false;
    len = strcspn(authority, "/?#");
    at = memrchr(authority, '@', len); /* user:password@host is allowed by the provider */
    return host_copy(at ? at + 1 : authority, out);
}

bool
loopback_url_is_valid(const char *url)
{
    char host[HOST_SIZE];

    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7F || strchr("\"<>\\^`{|}", *p))
            return false;
    return strlen(url) < 4000 && url_host(url, host) && !strchr(host, '_');
}

bool
loopback_is_url(const char *url)
{
    char host[HOST_SIZE];

    return loopback_url_is_valid(url) && url_host(url, host) && host_is_loopback(host);
}
