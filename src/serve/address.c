#include "serve/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/text.h"

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static void
set_v4(struct ip_address *out, const void *four_bytes)
{
    memcpy(out->bytes, v4_prefix, sizeof v4_prefix);
    memcpy(out->bytes + sizeof v4_prefix, four_bytes, 4);
}

static bool
is_v4(const struct ip_address *address)
{
    return memcmp(address->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

bool
ip_parse(const char *text, struct ip_address *out)
{
    struct in_addr v4;

    *out = (struct ip_address){0};
    if (inet_pton(AF_INET, text, &v4) == 1) {
        set_v4(out, &v4);
        return true;
    }
    return inet_pton(AF_INET6, text, out->bytes) == 1;
}

bool
ip_from_sockaddr(const struct sockaddr *address, struct ip_address *out)
{
    *out = (struct ip_address){0};
    if (address && address->sa_family == AF_INET)
        set_v4(out, &((const struct sockaddr_in *)(const void *)address)->sin_addr);
    else if (address && address->sa_family == AF_INET6)
        memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    else
        return false;
    return true;
}

void
ip_format(const struct ip_address *address, char out[IP_TEXT_SIZE])
{
    static const struct ip_address unknown;
    bool v4 = is_v4(address);

    if (ip_equal(address, &unknown) ||
        !inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? sizeof v4_prefix : 0), out,
                   IP_TEXT_SIZE))
        out[0] = '\0';
}

bool
ip_equal(const struct ip_address *a, const struct ip_address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool
ip_is_loopback(const struct ip_address *address)
{
    static const struct ip_address v6 = {{[15] = 1}};

    return is_v4(address) ? address->bytes[12] == 127 : ip_equal(address, &v6);
}

bool
ip_range_parse(const char *text, struct ip_range *out)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    char host[IP_TEXT_SIZE];
    int64_t bits = 0;
    unsigned most;

    if (len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    if (!ip_parse(host, &out->base))
        return false;
    most = strchr(host, ':') ? 128 : 32;
    if (slash && (!num_parse_i64(slash + 1, &bits) || bits < 0 || bits > most))
        return false;
    out->bits = 128 - most + (slash ? (unsigned)bits : most);
    return true;
}

static bool
in_range(const struct ip_address *address, const struct ip_range *range)
{
    unsigned whole = range->bits / 8;
    unsigned rest = range->bits % 8;

    if (memcmp(address->bytes, range->base.bytes, whole) != 0)
        return false;
    return !rest || ((address->bytes[whole] ^ range->base.bytes[whole]) >> (8 - rest)) == 0;
}

bool
ip_in_ranges(const struct ip_address *address, const struct ip_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (in_range(address, &ranges[i]))
            return true;
    return false;
}

/* An entry of the list without blanks; also "[::1]:8080" and "192.0.2.1:8080", which some write. */
static bool
parse_entry(const char *start, const char *end, struct ip_address *out)
{
    char text[IP_TEXT_SIZE];
    const char *close;
    size_t len;

    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    len = (size_t)(end - start);
    close = memchr(start, ']', len);
    if (len && *start == '[' && close) {
        start++;
        len = (size_t)(close - start);
    } else if (memchr(start, '.', len) && memchr(start, ':', len) && *start != ':') {
        len = (size_t)((const char *)memchr(start, ':', len) - start);
    }
    if (!len || len >= sizeof text)
        return false;
    memcpy(text, start, len);
    text[len] = '\0';
    return ip_parse(text, out);
}

struct ip_address
ip_behind_proxies(const struct ip_address *peer, const char *forwarded,
                  const struct ip_range *trusted, size_t count)
{
    struct ip_address who = *peer;
    const char *end = forwarded ? forwarded + strlen(forwarded) : NULL;

    while (end && ip_in_ranges(&who, trusted, count)) {
        const char *start = end;
        struct ip_address next;

        while (start > forwarded && start[-1] != ',')
            start--;
        if (!parse_entry(start, end, &next))
            break;
        who = next;
        end = start > forwarded ? start - 1 : NULL;
    }
    return who;
}
