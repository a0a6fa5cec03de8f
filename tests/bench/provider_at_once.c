/*
 * A provider that costs as little as one can: takes any POST, answers 201 with an id of its own,
 * keeps nothing but the instant. What posts to it is measured, and not the provider beside it.
 *
 *   provider_at_once --port-file FILE      writes the loopback port that it listens on into FILE;
 *                                          at SIGTERM prints how many it took, and how many a
 *                                          second between the tenth and the ninetieth percent
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4096, EVENTS_MAX = 256, REQUEST_MAX = 8192, TAKEN_MAX = 4000000 };

struct connection {
    char request[REQUEST_MAX];
    size_t len;
};

struct provider {
    int epoll_fd, listen_fd;
    struct connection *connections[CONNECTIONS_MAX]; /* by file descriptor */
    double *taken_s;
    size_t taken;
};

static volatile sig_atomic_t stop;

static void
on_signal(int signal)
{
    (void)signal;
    stop = 1;
}

static double
now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool
watch(const struct provider *p, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void
drop(struct provider *p, int fd)
{
    free(p->connections[fd]);
    p->connections[fd] = NULL;
    (void)close(fd);
}

static void
take_connection(struct provider *p)
{
    const int fd = accept4(p->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int on = 1;

    if (fd < 0)
        return;
    if (fd >= CONNECTIONS_MAX || !watch(p, fd)) {
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    p->connections[fd] = calloc(1, sizeof *p->connections[fd]);
    if (!p->connections[fd])
        drop(p, fd);
}

/* The whole request is there: its head, and as many bytes as that says. */
static bool
is_whole(const struct connection *c)
{
    const char *end = strstr(c->request, "\r\n\r\n");
    const char *length = end ? strcasestr(c->request, "content-length:") : NULL;
    const size_t body = length && length < end ? strtoul(length + 15, NULL, 10) : 0;

    return end && c->len >= (size_t)(end + 4 - c->request) + body;
}

static bool
answer(struct provider *p, int fd)
{
    char body[512];
    char all[768];
    int len;

    len = snprintf(body, sizeof body,
                   "{\"account_sid\":\"AC00000000000000000000000000000000\",\"api_version\":"
                   "\"2010-04-01\",\"direction\":\"outbound-api\",\"error_code\":null,"
                   "\"error_message\":null,\"num_segments\":\"1\",\"sid\":\"SM%032zx\",\"status\":"
                   "\"queued\"}",
                   p->taken);
    len = snprintf(all, sizeof all,
                   "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                   "Content-Length: %d\r\n\r\n%s",
                   len, body);
    if (p->taken < TAKEN_MAX)
        p->taken_s[p->taken++] = now_s();
    return send(fd, all, (size_t)len, MSG_NOSIGNAL) == len;
}

static void
serve(struct provider *p, int fd)
{
    struct connection *c = p->connections[fd];
    const ssize_t n = recv(fd, c->request + c->len, sizeof c->request - 1 - c->len, 0);

    if (n <= 0) {
        drop(p, fd);
        return;
    }
    c->len += (size_t)n;
    c->request[c->len] = '\0';
    if (!is_whole(c)) {
        if (c->len == sizeof c->request - 1)
            drop(p, fd);
        return;
    }
    c->len = 0;
    if (!answer(p, fd))
        drop(p, fd);
}

static bool
open_port(struct provider *p, const char *port_file)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char *fresh = NULL;
    FILE *f = NULL;
    bool ok;

    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ok = p->epoll_fd >= 0 && p->listen_fd >= 0 &&
         bind(p->listen_fd, (const struct sockaddr *)&address, size) == 0 &&
         listen(p->listen_fd, 1024) == 0 &&
         getsockname(p->listen_fd, (struct sockaddr *)&address, &size) == 0 &&
         watch(p, p->listen_fd) && asprintf(&fresh, "%s.tmp", port_file) > 0;
    if (ok)
        f = fopen(fresh, "w");
    ok = f && fprintf(f, "%d\n", ntohs(address.sin_port)) > 0;
    if (f && fclose(f) != 0)
        ok = false;
    ok = ok && rename(fresh, port_file) == 0;
    free(fresh);
    return ok;
}

static void
report(const struct provider *p)
{
    const size_t first = p->taken / 10;
    const size_t last = p->taken - 1 - first;
    struct rusage used = {0};

    if (p->taken < 10) {
        printf("%zu 0 0\n", p->taken);
        return;
    }
    (void)getrusage(RUSAGE_SELF, &used);
    printf("%zu %.0f %.1f\n", p->taken,
           (double)(last - first) / (p->taken_s[last] - p->taken_s[first]),
           ((double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
            (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec)) /
               (double)p->taken);
}

int
main(int argc, char **argv)
{
    static struct provider p;
    const struct sigaction end = {.sa_handler = on_signal};
    struct epoll_event events[EVENTS_MAX];

    if (argc != 3 || strcmp(argv[1], "--port-file") != 0) {
        (void)fprintf(stderr, "usage: provider_at_once --port-file FILE\n");
        return 2;
    }
    p.taken_s = malloc(TAKEN_MAX * sizeof *p.taken_s);
    if (!p.taken_s || sigaction(SIGTERM, &end, NULL) != 0 || !open_port(&p, argv[2])) {
        perror("provider_at_once");
        return 1;
    }
    while (!stop) {
        const int count = epoll_wait(p.epoll_fd, events, EVENTS_MAX, 1000);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == p.listen_fd)
                take_connection(&p);
            else
                serve(&p, events[i].data.fd);
        }
    }
    report(&p);
    for (int fd = 0; fd < CONNECTIONS_MAX; fd++)
        if (p.connections[fd])
            drop(&p, fd);
    free(p.taken_s);
    return 0;
}
