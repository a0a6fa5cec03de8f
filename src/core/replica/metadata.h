/*
 * Which keys a conversation's metadata holds (semantics.md, "Facts of a customer"): the top-level
 * keys of a JSON object whose value is neither false nor null. Malformed text, and what is no
 * object, holds none. Numbers of any size are fine; of a key that stands twice the last counts.
 */
#ifndef CANVASS_CORE_REPLICA_METADATA_H
#define CANVASS_CORE_REPLICA_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

#define METADATA_MAX_BYTES (1u << 20) /* a longer text holds no key */
#define METADATA_MAX_KEYS 1000

struct metadata_key {
    size_t name_at; /* offset in names; NUL-terminated */
    bool held;
    bool is_time; /* the value is a timestamp */
    int64_t time_s;
};

struct metadata {
    struct buf names;          /* owned */
    struct metadata_key *keys; /* owned; in order of name, each name once, held ones only */
    size_t count, capacity;
};

void metadata_release(struct metadata *m);
/* Replaces what is there; memory is kept for the next. NULL holds nothing. */
void metadata_read(struct metadata *m, const char *json);
const char *metadata_name(const struct metadata *m, size_t i);
/* A timestamp as metadata may hold one: "YYYY-MM-DDTHH:MM:SS" and so on; strict. */
bool metadata_time_parse(const char *text, size_t len, int64_t *utc_s);

#endif
