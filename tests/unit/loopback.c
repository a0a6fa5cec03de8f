#include "loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

int
loopback_dial(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval limit = {.tv_sec = 40};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

void
loopback_say(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

char *
loopback_hear(int fd)
{
    struct buf out = {0};
    char chunk[4096];

    for (ssize_t n; (n = recv(fd, chunk, sizeof chunk, 0)) > 0;)
        buf_add(&out, chunk, (size_t)n);
    (void)close(fd);
    return out.data ? buf_take(&out) : mem_strdup("");
}

struct loopback_answer
loopback_hear_answer(int fd)
{
    struct loopback_answer answer = {0};
    char *text = loopback_hear(fd);
    const char *end = strstr(text, "\r\n\r\n");

    /* Half a head is no answer. */
    if (end && strncmp(text, "HTTP/1.1 ", 9) == 0)
        answer.status = (int)strtol(text + 9, NULL, 10);
    answer.head = end ? mem_strndup(text, (size_t)(end - text) + 2) : mem_strdup("");
    answer.body = mem_strdup(end ? end + 4 : "");
    free(text);
    return answer;
}

void
loopback_answer_release(struct loopback_answer *answer)
{
    free(answer->head);
    free(answer->body);
    *answer = (struct loopback_answer){0};
}

int
loopback_start(uint16_t port, const char *method, const char *target, const char *headers,
               const char *body)
{
    struct buf out = {0};
    int fd = loopback_dial(port);

    if (fd < 0)
        return -1;
    buf_printf(&out, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s", method, target,
               headers);
    if (body)
        buf_printf(&out, "Content-Length: %zu\r\n", strlen(body));
    buf_add_str(&out, "\r\n");
    if (body)
        buf_add_str(&out, body);
    loopback_say(fd, out.data, out.len);
    buf_release(&out);
    return fd;
}

struct loopback_answer
loopback_ask(uint16_t port, const char *method, const char *target, const char *headers,
             const char *body)
{
    int fd = loopback_start(port, method, target, headers, body);

    if (fd < 0)
        return (struct loopback_answer){.head = mem_strdup(""), .body = mem_strdup("")};
    return loopback_hear_answer(fd);
}
