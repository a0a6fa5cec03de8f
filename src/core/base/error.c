#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [ERR_NONE] = "none",         [ERR_INVALID] = "invalid",   [ERR_NOT_FOUND] = "not_found",
    [ERR_CONFLICT] = "conflict", [ERR_RETRY] = "retry",       [ERR_DENIED] = "denied",
    [ERR_INTERNAL] = "internal",
};
_Static_assert(ARRAY_LEN(code_names) == ERR_CODE_COUNT, "a name for every code");

static void set_text(struct error *err, enum err_code code, const char *fmt, va_list args)
    PRINTF_LIKE(3, 0);

static void
set_text(struct error *err, enum err_code code, const char *fmt, va_list args)
{
    err->code = code;
    err->path[0] = '\0';
    if (vsnprintf(err->text, sizeof err->text, fmt, args) < 0)
        err->text[0] = '\0';
}

bool
error_set(struct error *err, enum err_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    set_text(err, code, fmt, args);
    va_end(args);
    return false;
}

bool
error_set_at(struct error *err, enum err_code code, const char *path, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    set_text(err, code, fmt, args);
    va_end(args);
    (void)snprintf(err->path, sizeof err->path, "%s", path);
    return false;
}

bool
error_wrap(struct error *err, const char *fmt, ...)
{
    char context[sizeof err->text];
    char whole[sizeof err->text * 2];
    va_list args;

    va_start(args, fmt);
    if (vsnprintf(context, sizeof context, fmt, args) < 0)
        context[0] = '\0';
    va_end(args);
    (void)snprintf(whole, sizeof whole, "%s: %s", context, err->text);
    (void)snprintf(err->text, sizeof err->text, "%.*s", (int)sizeof err->text - 1, whole);
    return false;
}

const char *
error_code_name(enum err_code code)
{
    return code_names[code];
}
