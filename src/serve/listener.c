#include "serve/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/text.h"

/* Cuts "host:port", "[::1]:port" and ":port" in two; host is NULL for every address. */
static bool
split_listen(const char *listen, char **host, char **port)
{
    const char *colon = strrchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : 0;
    int64_t number = -1;

    if (!colon || !num_parse_i64(colon + 1, &number) || number < 0 || number > UINT16_MAX)
        return false;
    if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') {
        listen++;
        len -= 2;
    } else if (memchr(listen, ':', len)) {
        return false;
    }
    *host = len ? mem_strndup(listen, len) : NULL;
    *port = mem_strdup(colon + 1);
    return true;
}

static int
open_address(const struct addrinfo *a)
{
    const int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);

    if (fd < 0)
        return -1;
    /* A restart must not wait for the last connections of the program before it. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int saved = errno;

    (void)close(fd);
    errno = saved;
    return -1;
}

uint16_t
listener_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {0}};
    socklen_t len = sizeof address;

    if (getsockname(fd, &address.any, &len) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

int
listener_open(const char *listen, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char *host = NULL;
    char *port = NULL;
    char reason[128] = "";
    int fd = -1;
    int rc;

    if (!split_listen(listen, &host, &port)) {
        error_set(err, ERR_INVALID,
                  "\"%.100s\" is not an address to listen on; write host:port, "
                  "such as 127.0.0.1:8090",
                  listen);
        return -1;
    }
    rc = getaddrinfo(host, port, &hints, &found);
    if (rc != 0) {
        error_set(err, ERR_INVALID, "cannot listen on %.100s: %s", listen, gai_strerror(rc));
        goto out;
    }
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = open_address(a);
    if (fd < 0)
        error_set(err, errno == EADDRINUSE ? ERR_CONFLICT : ERR_INTERNAL,
                  "cannot listen on %.100s: %s", listen, strerror_r(errno, reason, sizeof reason));
    freeaddrinfo(found);
out:
    free(host);
    free(port);
    return fd;
}
