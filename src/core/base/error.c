#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [ERR_NONE] = "none",         [ERR_INVALID] = "invalid", [ERR_NOT_FOUND] = "not_found",
    [ERR_CONFLICT] = "conflict", [ERR_RETRY] = "retry",     [ERR_DENIED] = "denied",
    [ERR_INTERNAL] = "internal",
};
_Static_assert(ARRAY_LEN(code_names) == ERR_CODE_COUNT, "a name for every code");

static void set_text(struct error *err, enum err_code code, const char *fmt, va_list args)
    PRINTF_LIKE(3, 0);

/* snprintf cuts between bytes: takes the beginning of a character off the end of a full buffer. */
static void
mend_end(char *s, size_t size)
{
    size_t len = strlen(s);
    size_t first = len;

    if (len + 1 < size)
        return;
    while (first > 0 && len - first < 3 && ((unsigned char)s[first - 1] & 0xC0) == 0x80)
        first--;
    if (first > 0 && (unsigned char)s[first - 1] >= 0xC0) {
        unsigned char lead = (unsigned char)s[first - 1];
        size_t whole = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

        if (len - (first - 1) < whole)
            s[first - 1] = '\0';
    }
}

static void
set_text(struct error *err, enum err_code code, const char *fmt, va_list args)
{
    err->code = code;
    err->path[0] = '\0';
    if (vsnprintf(err->text, sizeof err->text, fmt, args) < 0)
        err->text[0] = '\0';
    mend_end(err->text, sizeof err->text);
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
    mend_end(err->path, sizeof err->path);
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
    mend_end(err->text, sizeof err->text);
    return false;
}

const char *
error_code_name(enum err_code code)
{
    return code_names[code];
}
