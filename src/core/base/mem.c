#include "core/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*exhausted_hook)(void);

void
mem_on_exhausted(void (*before_abort)(void))
{
    exhausted_hook = before_abort;
}

void *
mem_checked(void *p)
{
    if (p)
        return p;
    if (exhausted_hook)
        exhausted_hook();
    (void)fputs("canvass: out of memory\n", stderr);
    abort();
}

void *
mem_calloc(size_t count, size_t bytes)
{
    return mem_checked(calloc(count ? count : 1, bytes ? bytes : 1));
}

void *
mem_alloc(size_t bytes)
{
    return mem_calloc(1, bytes);
}

void *
mem_realloc(void *p, size_t count, size_t bytes)
{
    if (bytes && count > SIZE_MAX / bytes)
        return mem_checked(NULL);
    return mem_checked(realloc(p, count && bytes ? count * bytes : 1));
}

void *
mem_grow(void *p, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity)
        return p;
    *capacity = *capacity ? *capacity * 2 : 16;
    return mem_realloc(p, *capacity, bytes);
}

char *
mem_strdup(const char *s)
{
    return s ? mem_dup(s, strlen(s) + 1) : NULL;
}

char *
mem_strndup(const char *s, size_t len)
{
    char *copy = mem_alloc(len + 1);

    memcpy(copy, s, len);
    return copy;
}

void *
mem_dup(const void *p, size_t bytes)
{
    return memcpy(mem_alloc(bytes), p, bytes);
}

void *
mem_unconst(const void *p)
{
    union {
        const void *in;
        void *out;
    } same = {.in = p};

    return same.out;
}

char *
mem_printf(const char *fmt, ...)
{
    va_list args;
    char *out = NULL;
    int n;

    va_start(args, fmt);
    n = vasprintf(&out, fmt, args);
    va_end(args);
    return mem_checked(n < 0 ? NULL : out);
}
