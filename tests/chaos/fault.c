/*
 * A library to preload into `canvass run`: counts the calls by which it touches the world, and at
 * the n-th lets one thing go wrong. Nothing in the program knows of it.
 *
 *   FAULT_AT=n     the call at which it happens, from 1; 0 only counts
 *   FAULT_KIND     kill    the process is killed right before a write to a file, a sync, a lock,
 *                          bytes to or from a socket
 *                  full    a write to a file fails once: no space left
 *                  io      a write to or a sync of a file fails once: input/output error
 *                  busy    a lock is refused once
 *                  reset   bytes to or from a socket fail once: connection reset
 *                  memory  libcurl or jansson gets no memory once
 *   FAULT_REPORT   a file: the number of calls counted, written at the end
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { KIND_KILL, KIND_FULL, KIND_IO, KIND_BUSY, KIND_RESET, KIND_MEMORY };
enum call { CALL_WRITE = 1, CALL_SYNC = 2, CALL_LOCK = 4, CALL_SOCKET = 8, CALL_MEMORY = 16 };

static enum kind kind;
static long at = -1; /* -1: not yet set up */
static atomic_long count;
static const char *report;

static struct span {
    char *from, *to;
} libraries[8];
static size_t library_count;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static int
note_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    if (!strstr(info->dlpi_name, "libcurl") && !strstr(info->dlpi_name, "libjansson"))
        return 0;
    for (int i = 0; i < info->dlpi_phnum && library_count < 8; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];

        if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) {
            libraries[library_count].from = (char *)info->dlpi_addr + p->p_vaddr;
            libraries[library_count].to = libraries[library_count].from + p->p_memsz;
            library_count++;
        }
    }
    return 0;
}

__attribute__((constructor)) static void
set_up(void)
{
    static const char *const names[] = {"kill", "full", "io", "busy", "reset", "memory"};
    const char *word = getenv("FAULT_KIND");
    const char *number = getenv("FAULT_AT");

    report = getenv("FAULT_REPORT");
    for (size_t i = 0; word && i < sizeof names / sizeof *names; i++)
        if (strcmp(word, names[i]) == 0)
            kind = (enum kind)i;
    if (kind == KIND_MEMORY)
        (void)dl_iterate_phdr(note_library, NULL);
    at = number ? strtol(number, NULL, 10) : 0;
}

__attribute__((destructor)) static void
tell(void)
{
    FILE *f = report ? fopen(report, "w") : NULL;

    if (!f)
        return;
    (void)fprintf(f, "%ld\n", atomic_load(&count));
    (void)fclose(f);
}

/* Whether this call is the one that goes wrong. */
static bool
strikes(enum call call)
{
    static const int concerns[] = {
        [KIND_KILL] = CALL_WRITE | CALL_SYNC | CALL_LOCK | CALL_SOCKET,
        [KIND_FULL] = CALL_WRITE,
        [KIND_IO] = CALL_WRITE | CALL_SYNC,
        [KIND_BUSY] = CALL_LOCK,
        [KIND_RESET] = CALL_SOCKET,
        [KIND_MEMORY] = CALL_MEMORY,
    };

    if (at < 0 || !(concerns[kind] & (int)call) || atomic_fetch_add(&count, 1) + 1 != at)
        return false;
    if (kind == KIND_KILL)
        (void)kill(getpid(), SIGKILL);
    return true;
}

static bool
is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool
is_network(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;

    return getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
           (a.ss_family == AF_INET || a.ss_family == AF_INET6);
}

static bool
write_fails(int fd)
{
    if (!is_file(fd) || !strikes(CALL_WRITE))
        return false;
    errno = kind == KIND_FULL ? ENOSPC : EIO;
    return true;
}

static bool
socket_fails(int fd)
{
    if (!is_network(fd) || !strikes(CALL_SOCKET))
        return false;
    (void)shutdown(fd, SHUT_RDWR);
    errno = ECONNRESET;
    return true;
}

#define REAL(type, name, ...)                                                                      \
    static type (*real)(__VA_ARGS__);                                                              \
    if (!real)                                                                                     \
    *(void **)&real = dlsym(RTLD_NEXT, name)

ssize_t
write(int fd, const void *data, size_t len)
{
    REAL(ssize_t, "write", int, const void *, size_t);
    return write_fails(fd) ? -1 : real(fd, data, len);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return write_fails(fd) ? -1 : real(fd, data, len, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return write_fails(fd) ? -1 : real(fd, data, len, offset);
}

int
fsync(int fd)
{
    REAL(int, "fsync", int);
    if (strikes(CALL_SYNC)) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int
fdatasync(int fd)
{
    REAL(int, "fdatasync", int);
    if (strikes(CALL_SYNC)) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

static int
lock(int fd, int command, void *arg)
{
    REAL(int, "fcntl64", int, int, ...);
    if (command == F_SETLK && ((struct flock *)arg)->l_type != F_UNLCK && strikes(CALL_LOCK)) {
        errno = EAGAIN;
        return -1;
    }
    return real(fd, command, arg);
}

int
fcntl(int fd, int command, ...)
{
    va_list list;
    void *arg;

    va_start(list, command);
    arg = va_arg(list, void *);
    va_end(list);
    return lock(fd, command, arg);
}

int
fcntl64(int fd, int command, ...)
{
    va_list list;
    void *arg;

    va_start(list, command);
    arg = va_arg(list, void *);
    va_end(list);
    return lock(fd, command, arg);
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
    REAL(ssize_t, "send", int, const void *, size_t, int);
    return socket_fails(fd) ? -1 : real(fd, data, len, flags);
}

ssize_t
recv(int fd, void *data, size_t len, int flags)
{
    REAL(ssize_t, "recv", int, void *, size_t, int);
    return socket_fails(fd) ? -1 : real(fd, data, len, flags);
}

static bool
memory_fails(const char *caller)
{
    if (kind != KIND_MEMORY || at < 0)
        return false;
    for (size_t i = 0; i < library_count; i++)
        if (caller >= libraries[i].from && caller < libraries[i].to)
            return strikes(CALL_MEMORY);
    return false;
}

void *
malloc(size_t size)
{
    if (!memory_fails(__builtin_return_address(0)))
        return __libc_malloc(size);
    errno = ENOMEM;
    return NULL;
}

void *
calloc(size_t n, size_t size)
{
    if (!memory_fails(__builtin_return_address(0)))
        return __libc_calloc(n, size);
    errno = ENOMEM;
    return NULL;
}

void *
realloc(void *old, size_t size)
{
    if (!memory_fails(__builtin_return_address(0)))
        return __libc_realloc(old, size);
    errno = ENOMEM;
    return NULL;
}
