/*
 * Writing back to the main database: one conversation or one message at a time, each by its UUID,
 * so that the same once more changes nothing. SQLite fills it in from core/store, PostgreSQL from
 * net. One thread at a time.
 */
#ifndef CANVASS_CORE_PORT_MAIN_SINK_H
#define CANVASS_CORE_PORT_MAIN_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

enum main_write { MAIN_WRITE_CONVERSATION, MAIN_WRITE_MESSAGE, MAIN_WRITE_COUNT };

/* The values of a row by name, all as text, as a mapping's statements name them (":id"). */
enum { MAIN_WRITE_VALUES_MAX = 16 };
const char *const *main_write_names(enum main_write kind, size_t *count);

struct main_sink {
    void *ctx;
    /*
     * values   as main_write_names(); NULL is NULL; borrowed
     * refused  true: the main database does not take this row; others may do
     */
    bool (*put)(void *ctx, enum main_write kind, const char *const *values, bool *refused,
                struct error *err);
    void (*close)(void *ctx);
};

struct config;
/* out: replaced; main_sink_close(). */
typedef bool main_sink_open_fn(const struct config *config, const atomic_bool *cancel,
                               struct main_sink *out, struct error *err);
void main_sink_close(struct main_sink *sink); /* zero is fine */

#endif
