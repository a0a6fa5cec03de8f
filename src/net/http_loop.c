#include "net/http_loop.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/utime.h"

enum { EVENTS_MAX = 256, NEVER = -1, AGAIN_MS = 100 };

/*
 * What is known of a file descriptor. A connection is wanted for the length of a request and then
 * kept, so it stays in epoll while nobody wants it: asking for it again costs nothing then. Only
 * for sockets whose end we hear of, since the same number may then be another file.
 */
struct watch {
    bool ours;       /* opened by open_socket() */
    bool wanted;     /* curl waits for it now */
    uint32_t events; /* that epoll was asked for; 0: it does not know the file */
};

struct http_loop {
    CURLM *multi;
    int epoll_fd, wake_fd;
    int64_t due_ms; /* monotonic; NEVER */
    struct watch *watches;
    size_t watch_count;
};

static struct watch *
watch_of(struct http_loop *l, curl_socket_t fd)
{
    const size_t at = (size_t)fd;

    if (at >= l->watch_count) {
        const size_t count = (at + 64) * 2;

        l->watches = mem_realloc(l->watches, count, sizeof *l->watches);
        for (size_t i = l->watch_count; i < count; i++)
            l->watches[i] = (struct watch){0};
        l->watch_count = count;
    }
    return &l->watches[at];
}

static void
ask_epoll(struct http_loop *l, curl_socket_t fd, struct watch *w, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    const int how = events == 0 ? EPOLL_CTL_DEL : w->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (w->events == events)
        return;
    /* A file that cannot be watched runs into its request's time-out. */
    w->events = epoll_ctl(l->epoll_fd, how, fd, &event) == 0 ? events : 0;
}

/* --- curl asks */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
    struct http_loop *l = ctx;
    struct watch *w = watch_of(l, fd);
    uint32_t events = 0;

    (void)easy;
    (void)of_socket;
    w->wanted = what != CURL_POLL_REMOVE;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= EPOLLOUT;
    if (w->wanted || !w->ours)
        ask_epoll(l, fd, w, events);
    return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct http_loop *l = ctx;

    (void)multi;
    l->due_ms = timeout_ms < 0 ? NEVER : utime_mono_ms() + timeout_ms;
    return 0;
}

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_loop *l = ctx;
    const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd < 0)
        return CURL_SOCKET_BAD;
    *watch_of(l, fd) = (struct watch){.ours = true};
    return fd;
}

static int
close_socket(void *ctx, curl_socket_t fd)
{
    struct http_loop *l = ctx;

    *watch_of(l, fd) = (struct watch){0}; /* the kernel takes it out of epoll */
    return close(fd);
}

CURLcode
http_loop_prepare(struct http_loop *l, CURL *easy)
{
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);

    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, l);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, l);
    return rc;
}

/* --- rounds */

/*
 * Where curl fails (no memory) it does not say when it wants to be called again, and may not have
 * named a socket that it waits for: that request runs into its time-out, which only a call finds.
 */
static void
act(struct http_loop *l, curl_socket_t fd, int what)
{
    int64_t again_ms = utime_mono_ms() + AGAIN_MS;
    int running = 0;

    if (curl_multi_socket_action(l->multi, fd, what, &running) != CURLM_OK &&
        (l->due_ms == NEVER || l->due_ms > again_ms))
        l->due_ms = again_ms;
}

static void
on_event(struct http_loop *l, const struct epoll_event *event)
{
    const curl_socket_t fd = event->data.fd;
    struct watch *w = watch_of(l, fd);
    uint64_t count;
    int what = 0;

    if (fd == l->wake_fd) {
        while (read(l->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
            continue;
        return;
    }
    if (!w->wanted) { /* closed by the other side: curl sees it when it takes the connection */
        ask_epoll(l, fd, w, 0);
        return;
    }
    if (event->events & EPOLLIN)
        what |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (event->events & (EPOLLERR | EPOLLHUP)) /* found by whatever is tried next */
        what |= CURL_CSELECT_IN | CURL_CSELECT_OUT;
    act(l, fd, what);
}

void
http_loop_start_due(struct http_loop *l)
{
    if (l->due_ms == NEVER || utime_mono_ms() < l->due_ms)
        return;
    l->due_ms = NEVER; /* curl sets it again from inside */
    act(l, CURL_SOCKET_TIMEOUT, 0);
}

void
http_loop_run(struct http_loop *l, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t wait_ms = timeout_ms;
    int count;

    if (l->due_ms != NEVER) {
        const int64_t left_ms = l->due_ms - utime_mono_ms();

        if (left_ms < wait_ms)
            wait_ms = left_ms > 0 ? left_ms : 0;
    }
    count = epoll_wait(l->epoll_fd, events, EVENTS_MAX, (int)wait_ms);
    for (int i = 0; i < count; i++)
        on_event(l, &events[i]);
    http_loop_start_due(l);
}

void
http_loop_wake(struct http_loop *l)
{
    const uint64_t one = 1;

    /* Full is awake as well. */
    while (write(l->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

/* --- the object */

struct http_loop *
http_loop_new(CURLM *multi, struct error *err)
{
    struct http_loop *l = mem_alloc(sizeof *l);
    struct epoll_event wake = {.events = EPOLLIN};

    l->multi = multi;
    l->due_ms = NEVER;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = wake.data.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll_fd >= 0 && l->wake_fd >= 0 &&
        epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->wake_fd, &wake) == 0 &&
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, l) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, l) == CURLM_OK)
        return l;
    (void)error_set(err, ERR_INTERNAL, "the network cannot be watched (error %d)", errno);
    http_loop_free(l);
    return NULL;
}

void
http_loop_free(struct http_loop *l)
{
    if (!l)
        return;
    if (l->epoll_fd >= 0)
        (void)close(l->epoll_fd);
    if (l->wake_fd >= 0)
        (void)close(l->wake_fd);
    free(l->watches);
    free(l);
}
