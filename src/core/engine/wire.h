/*
 * What an engine has on the wire, in a file beside the ledger that outlives the process but not the
 * machine's memory: every attempt is marked right before its first byte leaves, and unmarked when
 * its end is written down. The next engine can then tell what was claimed but surely never left
 * from what may have. Not synced, and not needed: after a reboot, without the file, or when
 * anything is odd about it, nobody trusts it, and all that was claimed is in doubt.
 *
 * One engine a file; marks are made on one thread, and taken off on one, which may be another.
 */
#ifndef CANVASS_CORE_ENGINE_WIRE_H
#define CANVASS_CORE_ENGINE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cc.h"

struct wire;

/*
 * A new file in the place of whatever is there; NULL, with a line in the log: it cannot be made.
 *
 * state_id  the ledger's name
 * highest   attempt that it knows: until another is marked, that is the highest that left
 */
struct wire *wire_begin(const char *home, const char *state_id, int64_t fence, int64_t highest);
void wire_end(struct wire *w); /* NULL is fine; the file stays */
/* NULL is fine: then nobody will trust anything. */
void wire_mark(struct wire *w, int64_t attempt_id);
void wire_unmark(struct wire *w, int64_t attempt_id);

struct wire_marks {
    int64_t *ids; /* owned */
    size_t count;
};
/* The highest attempt that may have left from this folder by the last file of that ledger, of
 * whatever boot; 0: it does not tell. A ledger that does not know this attempt is an older one. */
int64_t wire_highest(const char *home, const char *state_id);

/* What the engine with that fence left. False: nothing can be told. */
bool wire_read(const char *home, int64_t fence, struct wire_marks *out) MUST_CHECK;
bool wire_has(const struct wire_marks *marks, int64_t attempt_id);
void wire_marks_release(struct wire_marks *marks);

#endif
