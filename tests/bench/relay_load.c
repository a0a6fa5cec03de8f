/*
 * Posts signed webhooks to a relay on the loopback, each connection one after the other, and tells
 * how many were answered with 200 in a second and how long they took.
 *
 *   relay_load PORT CONNECTIONS SECONDS
 *
 * Prints: answers a second, p50, p99 and longest in ms, answers that were not 200 (or none at all).
 * The first tenth of the time is not counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"

#define TARGET "/hooks/twilio/status?att=7"

enum { REQUESTS = 2048, CONNECTIONS_MAX = 1000, ANSWER_BYTES = 2048 };

struct client {
    int fd;
    int request;
    int64_t since_us;
    size_t len;
    char answer[ANSWER_BYTES];
};

struct load {
    char *requests[REQUESTS]; /* owned */
    size_t lengths[REQUESTS];
    int epoll_fd, next;
    uint16_t port;
    int64_t counted_from_us;
    int32_t *took_us; /* owned */
    size_t count, capacity;
    long bad;
};

static int64_t
now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
die(const char *what)
{
    (void)fprintf(stderr, "relay_load: %s: error %d\n", what, errno);
    exit(1);
}

static void
make_requests(struct load *l)
{
    for (int i = 0; i < REQUESTS; i++) {
        char *body = mem_printf("ApiVersion=2010-04-01&AccountSid=AC%032d&MessageSid=SM%032d&"
                                "SmsSid=SM%032d&MessageStatus=delivered&SmsStatus=delivered&"
                                "To=%%2B1646555%04d&From=%%2B13105550100",
                                7, i, i, i);
        char signature[TWILIO_SIGNATURE_SIZE];
        struct form form = {0};
        struct error err = {0};

        if (!form_parse(body, strlen(body), &form, &err))
            die("form");
        twilio_signature_make("twilio-secret", "https://hooks.example.com" TARGET, &form,
                              signature);
        form_release(&form);
        l->requests[i] = mem_printf("POST " TARGET " HTTP/1.1\r\nHost: hooks.example.com\r\n"
                                    "Content-Type: application/x-www-form-urlencoded\r\n"
                                    "X-Twilio-Signature: %s\r\nUser-Agent: TwilioProxy/1.1\r\n"
                                    "Content-Length: %zu\r\n\r\n%s",
                                    signature, strlen(body), body);
        l->lengths[i] = strlen(l->requests[i]);
        free(body);
    }
}

static void
post(struct load *l, struct client *c)
{
    c->request = l->next++ % REQUESTS;
    c->since_us = now_us();
    c->len = 0;
    /* A request fits the socket's buffer: it was empty. */
    if (send(c->fd, l->requests[c->request], l->lengths[c->request], MSG_NOSIGNAL) !=
        (ssize_t)l->lengths[c->request])
        die("send");
}

static void
dial(struct load *l, struct client *c)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(l->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll_ctl");
    post(l, c);
}

/* The answers carry a Content-Length: whole when the body is. */
static bool
is_whole(const struct client *c)
{
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strcasestr(c->answer, "\r\nContent-Length:");
    long body;

    if (!end || !length || length > end)
        return false;
    body = strtol(length + strlen("\r\nContent-Length:"), NULL, 10);
    return (long)(c->len - (size_t)(end + 4 - c->answer)) >= body;
}

static void
note(struct load *l, const struct client *c)
{
    const int64_t now = now_us();

    if (now < l->counted_from_us)
        return;
    if (strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0) {
        l->bad++;
        return;
    }
    l->took_us = mem_grow(l->took_us, l->count, &l->capacity, sizeof *l->took_us);
    l->took_us[l->count++] = (int32_t)(now - c->since_us);
}

static void
on_readable(struct load *l, struct client *c)
{
    ssize_t n = recv(c->fd, c->answer + c->len, sizeof c->answer - 1 - c->len, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        l->bad++;
        (void)close(c->fd);
        dial(l, c);
        return;
    }
    c->len += (size_t)n;
    c->answer[c->len] = '\0';
    if (!is_whole(c))
        return;
    note(l, c);
    post(l, c);
}

static int
compare(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a;
    const int32_t y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

static double
percentile(const struct load *l, double part)
{
    size_t i = (size_t)(part * (double)l->count);

    return l->took_us[i < l->count ? i : l->count - 1] / 1000.0;
}

int
main(int argc, char **argv)
{
    static struct load l;
    static struct client clients[CONNECTIONS_MAX];
    int64_t port = 0;
    int64_t connections = 0;
    int64_t seconds = 0;

    if (argc != 4 || !num_parse_i64(argv[1], &port) || !num_parse_i64(argv[2], &connections) ||
        !num_parse_i64(argv[3], &seconds) || connections < 1 || connections > CONNECTIONS_MAX ||
        seconds < 1) {
        (void)fputs("usage: relay_load PORT CONNECTIONS SECONDS\n", stderr);
        return 2;
    }
    make_requests(&l);
    l.port = (uint16_t)port;
    l.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l.counted_from_us = now_us() + seconds * 100000;
    for (int64_t i = 0; i < connections; i++)
        dial(&l, &clients[i]);
    const int64_t until = l.counted_from_us + seconds * 1000000;

    while (now_us() < until) {
        struct epoll_event events[256];
        int n = epoll_wait(l.epoll_fd, events, 256, 100);

        for (int i = 0; i < n; i++)
            on_readable(&l, events[i].data.ptr);
    }
    if (!l.count) {
        (void)fputs("relay_load: no answer was 200\n", stderr);
        return 1;
    }
    qsort(l.took_us, l.count, sizeof *l.took_us, compare);
    (void)printf("%.0f %.2f %.2f %.2f %ld\n", (double)l.count / (double)seconds,
                 percentile(&l, 0.5), percentile(&l, 0.99), percentile(&l, 1.0), l.bad);
    for (int64_t i = 0; i < connections; i++)
        (void)close(clients[i].fd);
    for (int i = 0; i < REQUESTS; i++)
        free(l.requests[i]);
    free(l.took_us);
    return 0;
}
