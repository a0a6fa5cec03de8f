#include "core/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/base/utime.h"

static atomic_int log_fd = -1;
static atomic_int log_least = LOG_INFO;

void
log_to_fd(int fd, enum log_level least)
{
    atomic_store(&log_fd, fd);
    atomic_store(&log_least, (int)least);
}

void
log_line(enum log_level level, const char *area, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    int fd = atomic_load(&log_fd);
    char stamp[UTIME_RFC3339_SIZE];
    char text[1024];
    struct buf line = {0};
    va_list args;

    if (fd < 0 || (int)level < atomic_load(&log_least))
        return;
    va_start(args, fmt);
    if (vsnprintf(text, sizeof text, fmt, args) < 0)
        text[0] = '\0';
    va_end(args);
    buf_printf(&line, "%s %s %s: ", utime_format(utime_now_s(), stamp), names[level], area);
    for (char *p = text; (p = strpbrk(p, "\n\r\033")) != NULL;) /* one event is one line */
        *p = ' ';
    buf_add(&line, text, strlen(text));
    buf_add_char(&line, '\n');
    if (write(fd, line.data, line.len) < 0)
        errno = 0; /* a full disk must not stop the program; nothing better to tell it to */
    buf_release(&line);
}
