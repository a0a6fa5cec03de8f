/*
 * Whose ledger is this? A ledger that was copied with its folder, put back from a backup, or put
 * in place of a newer one does not know what was sent since, and must not send until an operator
 * says so. It carries its own name and the place it lives at; a small file beside it (state.id)
 * carries how far it had come. A rename of the folder and a reboot change none of these.
 *
 * Refused: another inode or time of birth of canvass.db (a copy, a restored folder), a file
 * state.id, a wire.log or a relay that has seen a later engine or attempt than the ledger knows (an
 * older ledger in the same place), a backup made by `canvass backup`, however it came here.
 */
#ifndef CANVASS_CORE_ENGINE_PLACE_H
#define CANVASS_CORE_ENGINE_PLACE_H

#include "core/base/error.h"
#include "core/base/fileio.h"
#include "core/store/db.h"

struct place_mark { /* how far an engine of some state has come */
    char state_id[UUID_SIZE];
    int64_t fence, attempt;
};

/*
 * At taking the lease: names the ledger when it has no name yet, and writes down why it may not
 * send, if so. holder is the engine's id, fence that of its lease.
 */
bool place_check(struct db *ledger, const char *home, const char *holder, int64_t fence,
                 int64_t now_s, struct error *err) MUST_CHECK;
/* How far we are, for state.id and the relay. */
bool place_mark_load(struct db *db, struct place_mark *out, struct error *err) MUST_CHECK;
/* Writes state.id; does nothing while the ledger is not confirmed. */
bool place_note(struct db *db, const char *home, const char *holder, struct error *err) MUST_CHECK;
/* What the relay remembers. Inside no transaction; ours_fence is that of the lease we hold. */
bool place_compare(struct db *ledger, const struct place_mark *seen, int64_t now_s,
                   struct error *err) MUST_CHECK;

/* *why is NULL when it may send; caller frees. */
bool place_unconfirmed(struct db *db, char **why, struct error *err) MUST_CHECK;
/* Marks a ledger as one that may not send; inside the caller's transaction. */
bool place_refuse(struct db *ledger, const char *why, int64_t now_s, struct error *err) MUST_CHECK;
/*
 * An operator's word that this is the one that sends from now on. Everything that was waiting is
 * asked about at the provider's before it is sent.
 */
bool place_confirm(struct db *ledger, const char *home, const char *by, int64_t now_s,
                   struct error *err) MUST_CHECK;

#endif
