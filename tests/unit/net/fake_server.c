#include "net/fake_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

#define CONNECTIONS_MAX 64
#define REQUESTS_MAX 256 /* whose text is kept */

struct connection {
    struct fake_server *server;
    pthread_t thread;
    size_t number;
    int fd;
};

struct fake_server {
    const struct fake_step *steps;
    size_t step_count, next_step;
    int listener, stop_pipe[2];
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct connection connections[CONNECTIONS_MAX];
    size_t connection_count;
    char *requests[REQUESTS_MAX];
    size_t request_connection[REQUESTS_MAX];
    size_t request_count;
};

/* The step of the next request; taken only when `only` is 0 or is its action. */
static struct fake_step
take_step(struct fake_server *s, int only, int *taken)
{
    struct fake_step step = {0};

    (void)pthread_mutex_lock(&s->lock);
    step = s->steps[s->next_step < s->step_count ? s->next_step : s->step_count - 1];
    *taken = only == 0 || step.action == (enum fake_action)only;
    if (*taken)
        s->next_step++;
    (void)pthread_mutex_unlock(&s->lock);
    return step;
}

/* Waits until fd can be read; 0 when the server stops. */
static int
wait_readable(struct fake_server *s, int fd, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = s->stop_pipe[0], .events = POLLIN}};
    int n = poll(fds, fd < 0 ? 0 : 2, timeout_ms);

    if (fd < 0)
        n = poll(&fds[1], 1, timeout_ms);
    return n > 0 && !fds[1].revents;
}

static void
reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static size_t
content_length(const char *head, size_t head_len)
{
    static const char name[] = "content-length:";

    for (size_t i = 0; i + sizeof name < head_len; i++)
        if (strncasecmp(head + i, name, sizeof name - 1) == 0)
            return strtoul(head + i + sizeof name - 1, NULL, 10);
    return 0;
}

/* One whole request into b; 0 when the connection ended before. */
static int
read_request(struct connection *c, struct buf *b)
{
    char chunk[4096];

    buf_clear(b);
    for (;;) {
        const char *end = b->len ? strstr(buf_str(b), "\r\n\r\n") : NULL;
        ssize_t n = 0;

        if (end) {
            size_t head = (size_t)(end + 4 - b->data);

            if (b->len >= head + content_length(b->data, head))
                return 1;
        }
        if (!wait_readable(c->server, c->fd, -1))
            return 0;
        n = recv(c->fd, chunk, sizeof chunk, 0);
        if (n <= 0)
            return 0;
        buf_add(b, chunk, (size_t)n);
    }
}

static void
record(struct connection *c, const struct buf *b)
{
    struct fake_server *s = c->server;

    (void)pthread_mutex_lock(&s->lock);
    if (s->request_count < REQUESTS_MAX) {
        s->requests[s->request_count] = mem_strdup(buf_str(b));
        s->request_connection[s->request_count] = c->number;
    }
    s->request_count++;
    (void)pthread_mutex_unlock(&s->lock);
}

static int
write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n <= 0)
            return 0;
        text += n;
        len -= (size_t)n;
    }
    return 1;
}

/* Whether the connection goes on. */
static int
act(struct connection *c, const struct fake_step *step)
{
    const char *text = step->answer ? step->answer : "";

    switch (step->action) {
    case FAKE_ANSWER:
        return write_all(c->fd, text, strlen(text));
    case FAKE_ANSWER_CLOSE:
        (void)write_all(c->fd, text, strlen(text));
        return 0;
    case FAKE_CLOSE:
        return 0;
    case FAKE_RESET:
    case FAKE_RESET_EARLY:
        reset(c->fd);
        return 0;
    case FAKE_HANG:
        (void)wait_readable(c->server, c->fd, -1); /* until the client gives up */
        return 0;
    case FAKE_TRICKLE:
        for (const char *p = text; *p; p++) {
            if (!write_all(c->fd, p, 1) || wait_readable(c->server, c->fd, 50))
                return 0;
        }
        return 1;
    }
    return 0;
}

static void *
connection_main(void *arg)
{
    struct connection *c = arg;
    struct buf request = {0};
    int taken = 0;

    (void)take_step(c->server, FAKE_RESET_EARLY, &taken);
    if (taken)
        reset(c->fd);
    while (!taken && read_request(c, &request)) {
        int dummy = 0;
        struct fake_step step = take_step(c->server, 0, &dummy);

        record(c, &request);
        if (!act(c, &step))
            break;
    }
    buf_release(&request);
    (void)close(c->fd);
    return NULL;
}

static void *
server_main(void *arg)
{
    struct fake_server *s = arg;

    while (wait_readable(s, s->listener, -1)) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        struct connection *c = NULL;

        if (fd < 0)
            continue;
        if (s->connection_count == CONNECTIONS_MAX) {
            (void)close(fd);
            continue;
        }
        c = &s->connections[s->connection_count];
        *c = (struct connection){.server = s, .fd = fd, .number = s->connection_count};
        if (pthread_create(&c->thread, NULL, connection_main, c) != 0)
            abort();
        s->connection_count++;
    }
    return NULL;
}

struct fake_server *
fake_server_start(const struct fake_step *steps, size_t count)
{
    struct fake_server *s = mem_alloc(sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->steps = steps;
    s->step_count = count;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (const struct sockaddr *)&at, sizeof at) != 0 ||
        listen(s->listener, 64) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &len) != 0 || pipe(s->stop_pipe) != 0 ||
        pthread_mutex_init(&s->lock, NULL) != 0)
        abort();
    s->port = ntohs(at.sin_port);
    if (pthread_create(&s->thread, NULL, server_main, s) != 0)
        abort();
    return s;
}

void
fake_server_stop(struct fake_server *s)
{
    if (!s)
        return;
    if (write(s->stop_pipe[1], "x", 1) != 1) /* never read: everybody sees it */
        abort();
    (void)pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->connection_count; i++)
        (void)pthread_join(s->connections[i].thread, NULL);
    for (size_t i = 0; i < REQUESTS_MAX; i++)
        free(s->requests[i]);
    (void)close(s->listener);
    (void)close(s->stop_pipe[0]);
    (void)close(s->stop_pipe[1]);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

uint16_t
fake_server_port(const struct fake_server *s)
{
    return s->port;
}

size_t
fake_server_count(struct fake_server *s)
{
    size_t n = 0;

    (void)pthread_mutex_lock(&s->lock);
    n = s->request_count;
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}

char *
fake_server_request(struct fake_server *s, size_t i)
{
    char *text = NULL;

    (void)pthread_mutex_lock(&s->lock);
    text = i < s->request_count && i < REQUESTS_MAX ? mem_strdup(s->requests[i]) : NULL;
    (void)pthread_mutex_unlock(&s->lock);
    return text;
}

size_t
fake_server_connection_of(struct fake_server *s, size_t i)
{
    size_t n = 0;

    (void)pthread_mutex_lock(&s->lock);
    n = s->request_connection[i];
    (void)pthread_mutex_unlock(&s->lock);
    return n;
}
