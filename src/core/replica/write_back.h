/*
 * Tells the main database of campaign conversations: what the marks of the ledger name is read and
 * written by its UUID, one thing at a time; the mark goes when the main database has it. May be
 * stopped at any moment and started again: what was written twice is written once.
 */
#ifndef CANVASS_CORE_REPLICA_WRITE_BACK_H
#define CANVASS_CORE_REPLICA_WRITE_BACK_H

#include "core/config/config.h"
#include "core/port/main_sink.h"

struct write_back_result {
    int64_t written, refused;
};

/*
 * Everything that is marked; nothing, and nothing is opened, when nothing is. What was refused
 * before is tried once more, last.
 *
 * open    NULL: core's own, SQLite files only
 * Errors  the main database cannot be reached or written to at all; what is left waits
 * Thread  any but the engine's; opens its own connections
 */
bool write_back_run(const char *home, const struct config *config, main_sink_open_fn *open,
                    const atomic_bool *cancel, struct write_back_result *out,
                    struct error *err) MUST_CHECK;

#endif
