#include "core/engine/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/engine/wire.h"
#include "core/store/engine_store.h"
#include "core/store/place_store.h"
#include "core/store/stores.h"

#define NOTE_NAME "state.id"
#define NOTE_MAX 1000
/*
 * Ahead of a copy that is still running somewhere, also when that one starts again a few times; and
 * of the messages that it sends until it hears of us, or the relay would tell us that it is ahead.
 */
#define LEAP 1000
#define LEAP_ATTEMPTS 1000000

struct note { /* what state.id says */
    bool there;
    char holder[UUID_SIZE];
    struct place_mark mark;
};

/* --- where we are */

/* The file itself: not its path and not its device's number, which a reboot may change. */
static bool
place_of(const char *home, char out[96], struct error *err)
{
    char *path = path_join(home, "canvass.db");
    struct statx st;
    struct buf machine = {0};
    struct error ignored = {0};
    bool ok = statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) == 0;

    if (!ok) {
        (void)error_set(err, ERR_INTERNAL, "cannot look at %s (error %d)", path, errno);
    } else if (st.stx_mask & STATX_BTIME) {
        (void)snprintf(out, 96, "file %" PRIu64 " of %" PRId64 ".%09" PRIu32, (uint64_t)st.stx_ino,
                       (int64_t)st.stx_btime.tv_sec, (uint32_t)st.stx_btime.tv_nsec);
    } else { /* a file system without times of birth: the machine's name helps */
        if (!file_read("/etc/machine-id", 64, &machine, &ignored))
            buf_add_str(&machine, "?");
        (void)snprintf(out, 96, "file %" PRIu64 " on %.32s", (uint64_t)st.stx_ino,
                       buf_str(&machine));
        buf_release(&machine);
    }
    free(path);
    return ok;
}

/* A file that cannot be read says nothing. */
static void
read_note(const char *home, struct note *out)
{
    char *path = path_join(home, NOTE_NAME);
    struct buf text = {0};
    struct error ignored = {0};

    char fence[20];
    char attempt[20];

    *out = (struct note){0};
    if (file_read(path, NOTE_MAX, &text, &ignored) &&
        sscanf(buf_str(&text),
               "state %36[0-9a-f-]\nengine %36[0-9a-f-] fence %18[0-9]\nattempt %18[0-9]",
               out->mark.state_id, out->holder, fence, attempt) == 4) {
        out->mark.fence = strtoll(fence, NULL, 10);
        out->mark.attempt = strtoll(attempt, NULL, 10);
        out->there = true;
    }
    buf_release(&text);
    free(path);
}

static bool
write_note(const char *home, const char *holder, const struct place_mark *mark, struct error *err)
{
    char *path = path_join(home, NOTE_NAME);
    char *text = mem_printf("state %s\nengine %s fence %" PRId64 "\nattempt %" PRId64
                            "\n# how far canvass.db has come: keep it beside it\n",
                            mark->state_id, holder, mark->fence, mark->attempt);
    bool ok = file_write_atomic(path, text, strlen(text), 0600, err);

    free(text);
    free(path);
    return ok;
}

bool
place_mark_load(struct db *db, struct place_mark *out, struct error *err)
{
    char *id = NULL;
    bool ok = setting_get_text(db, "state_id", &id, err) && place_fence(db, &out->fence, err) &&
              place_highest_attempt(db, &out->attempt, err);

    (void)text_copy(out->state_id, sizeof out->state_id, id ? id : "");
    free(id);
    return ok;
}

bool
place_note(struct db *db, const char *home, const char *holder, struct error *err)
{
    struct place_mark mark;
    char *why = NULL;
    bool ok = place_unconfirmed(db, &why, err) && place_mark_load(db, &mark, err) &&
              (why || !mark.state_id[0] || write_note(home, holder, &mark, err));

    free(why);
    return ok;
}

/* --- may it send? */

bool
place_unconfirmed(struct db *db, char **why, struct error *err)
{
    return setting_get_text(db, "unconfirmed", why, err);
}

bool
place_refuse(struct db *ledger, const char *why, int64_t now_s, struct error *err)
{
    char text[300];

    (void)snprintf(text, sizeof text, "nothing is sent: %s", why);
    return setting_set_text(ledger, "unconfirmed", why, err) &&
           engine_event_add(ledger, LOG_ERROR, 0, text, now_s, err) &&
           audit_add(ledger, now_s, "engine", "state.refuse", "canvass.db", why, err);
}

static const char OLDER[] = "canvass.db is older than what has been sent from this folder";

/* Why not, or NULL. gone: the highest attempt that is known to have left. */
static const char *
suspect(const struct note *note, const struct place_mark *ours, int64_t gone, const char *place,
        const char *here, const char *holder)
{
    if (place && strcmp(place, here) != 0)
        return "this state folder is a copy, or was put back from one";
    if (gone > ours->attempt)
        return OLDER;
    if (!note->there || strcmp(note->mark.state_id, ours->state_id) != 0)
        return note->there && place ? "state.id beside canvass.db belongs to another ledger" : NULL;
    if (note->mark.attempt > ours->attempt || note->mark.fence > ours->fence ||
        (note->mark.fence == ours->fence && strcmp(note->holder, holder) != 0))
        return OLDER;
    return NULL;
}

static bool
name_it(struct db *ledger, const char *here, struct place_mark *ours, struct error *err)
{
    if (!ours->state_id[0]) {
        random_uuid(ours->state_id);
        if (!setting_set_text(ledger, "state_id", ours->state_id, err))
            return false;
    }
    return setting_set_text(ledger, "place", here, err);
}

bool
place_check(struct db *ledger, const char *home, const char *holder, int64_t fence, int64_t now_s,
            struct error *err)
{
    struct place_mark ours = {0};
    struct note note;
    char here[96] = "";
    char *place = NULL;
    char *why = NULL;
    const char *found = NULL;
    bool ok;

    read_note(home, &note);
    if (!place_of(home, here, err) || !db_begin(ledger, err))
        return error_wrap(err, "see whose ledger this is");
    ok = place_mark_load(ledger, &ours, err) && setting_get_text(ledger, "place", &place, err) &&
         place_unconfirmed(ledger, &why, err);
    ours.fence = fence;
    if (ok && !why) /* state.id is some seconds behind; the wire is not */
        found = suspect(&note, &ours, wire_highest(home, ours.state_id), place, here, holder);
    if (ok && found)
        ok = place_refuse(ledger, found, now_s, err);
    else if (ok && !why && !text_eq(place, here))
        ok = name_it(ledger, here, &ours, err);
    ok = ok && db_commit(ledger, err);
    db_rollback(ledger);
    free(place);
    free(why);
    return ok || error_wrap(err, "see whose ledger this is");
}

bool
place_compare(struct db *ledger, const struct place_mark *seen, int64_t now_s, struct error *err)
{
    struct place_mark ours = {0};
    char *why = NULL;
    int64_t had_fence = 0;
    int64_t had_attempt = 0;
    bool ok = place_mark_load(ledger, &ours, err) && place_unconfirmed(ledger, &why, err) &&
              setting_get_i64(ledger, "relay_fence", 0, &had_fence, err) &&
              setting_get_i64(ledger, "relay_attempt", 0, &had_attempt, err);
    const bool ahead = seen->fence > ours.fence || seen->attempt > ours.attempt;

    if (ok && strcmp(seen->state_id, ours.state_id) == 0 && ahead &&
        (seen->fence > had_fence || seen->attempt > had_attempt || !why)) {
        ok = db_begin(ledger, err) && setting_set_i64(ledger, "relay_fence", seen->fence, err) &&
             setting_set_i64(ledger, "relay_attempt", seen->attempt, err) &&
             (why || place_refuse(ledger,
                                  "the relay has heard from a later copy of this state; "
                                  "only one may send",
                                  now_s, err)) &&
             db_commit(ledger, err);
        db_rollback(ledger);
    }
    free(why);
    return ok;
}

/* --- an operator's word */

/* Until when the ledger knows all that was sent. */
static bool
known_until(struct db *ledger, int64_t now_s, int64_t *at_s, struct error *err)
{
    if (!setting_get_i64(ledger, "backup_at", 0, at_s, err) ||
        (*at_s == 0 && !place_last_known(ledger, at_s, err)))
        return false;
    if (*at_s == 0)
        *at_s = now_s;
    return true;
}

static bool
write_confirmed(struct db *ledger, const struct note *note, const char *here, const char *why,
                const char *by, int64_t now_s, struct error *err)
{
    struct place_mark ours = {0};
    int64_t from_s = 0;
    int64_t fence = 0;
    int64_t attempt = 0;

    if (!place_mark_load(ledger, &ours, err) || !known_until(ledger, now_s, &from_s, err) ||
        !setting_get_i64(ledger, "relay_fence", 0, &fence, err) ||
        !setting_get_i64(ledger, "relay_attempt", 0, &attempt, err))
        return false;
    if (note->there && strcmp(note->mark.state_id, ours.state_id) == 0) {
        fence = note->mark.fence > fence ? note->mark.fence : fence;
        attempt = note->mark.attempt > attempt ? note->mark.attempt : attempt;
    }
    fence = (fence > ours.fence ? fence : ours.fence) + LEAP;
    attempt = (attempt > ours.attempt ? attempt : ours.attempt) + LEAP_ATTEMPTS;
    return name_it(ledger, here, &ours, err) && place_raise(ledger, fence, attempt, err) &&
           setting_set_i64(ledger, "restored_from", from_s, err) &&
           setting_set_i64(ledger, "confirmed_at", now_s, err) &&
           setting_delete(ledger, "unconfirmed", err) && setting_delete(ledger, "backup_at", err) &&
           setting_delete(ledger, "relay_fence", err) &&
           setting_delete(ledger, "relay_attempt", err) &&
           audit_add(ledger, now_s, by, "state.confirm", "canvass.db", why, err) &&
           engine_event_add(ledger, LOG_WARN, 0,
                            "an operator has confirmed this state: it sends again, after asking "
                            "the provider about everything that was waiting",
                            now_s, err);
}

bool
place_confirm(struct db *ledger, const char *home, const char *by, int64_t now_s, struct error *err)
{
    struct note note;
    char here[96] = "";
    char *why = NULL;
    bool ok;

    read_note(home, &note);
    if (!place_of(home, here, err) || !db_begin(ledger, err))
        return error_wrap(err, "confirm the state");
    ok = place_unconfirmed(ledger, &why, err) &&
         (why || error_set(err, ERR_NOT_FOUND, "nothing is to be confirmed: this state may send"));
    ok = ok && write_confirmed(ledger, &note, here, why, by, now_s, err) && db_commit(ledger, err);
    db_rollback(ledger);
    free(why);
    return ok || error_wrap(err, "confirm the state");
}
