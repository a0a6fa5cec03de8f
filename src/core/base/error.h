/*
 * Errors: the code is for programs, the text for people (docs/architecture.md, "Errors").
 * A function that can fail returns false (or NULL) and fills a struct error that is never NULL.
 */
#ifndef CANVASS_CORE_BASE_ERROR_H
#define CANVASS_CORE_BASE_ERROR_H

#include <stdbool.h>

#include "core/base/cc.h"

enum err_code {
    ERR_NONE,
    ERR_INVALID,   /* the input is wrong */
    ERR_NOT_FOUND, /* no such thing */
    ERR_CONFLICT,  /* a rule or another actor forbids it now */
    ERR_RETRY,     /* nothing happened; try again */
    ERR_DENIED,    /* not allowed */
    ERR_INTERNAL,
    ERR_CODE_COUNT
};

struct error {
    enum err_code code;
    char path[512]; /* where in the input: a JSON Pointer (criteria nest 32 deep) or
                     * file:line:column; often empty. What is too long is cut between characters,
                     * as is the text */
    char text[512];
};

/* Sets code and text, clears the path. Returns false, so that a caller can `return error_set(...)`.
 */
bool error_set(struct error *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with a place in the input. */
bool error_set_at(struct error *err, enum err_code code, const char *path, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* Puts "context: " in front of the text; keeps code and path. Returns false. */
bool error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "invalid", "not_found", ...: the stable words of --json output. */
const char *error_code_name(enum err_code code);

#endif
