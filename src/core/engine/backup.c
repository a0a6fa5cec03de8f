#include "core/engine/backup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/engine/place.h"
#include "core/store/migrate.h"
#include "core/store/place_store.h"
#include "core/store/stores.h"

static const char IN_USE_AGAIN[] =
    "it was put back from a backup; what was sent since is not in it";

/* --- writing */

/* An empty file that only we can read: SQLite fills it, and leaves its mode. */
static bool
make_private(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 || close(fd) != 0)
        return error_set(err, ERR_DENIED, "cannot make %s: is the folder there and writable?",
                         path);
    return true;
}

static bool
mark_copy(const char *path, int64_t now_s, struct error *err)
{
    struct db *copy = db_open(path, DB_READ_WRITE, err);
    bool ok = copy && db_begin(copy, err) && setting_set_i64(copy, "backup_at", now_s, err) &&
              setting_set_text(copy, "unconfirmed", IN_USE_AGAIN, err) && db_commit(copy, err) &&
              place_make_single_file(copy, err); /* one file */

    if (copy && !ok)
        db_rollback(copy);
    db_close(copy);
    return ok;
}

static void
remove_copy(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};

    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        char *name = mem_printf("%s%s", path, tails[i]);

        (void)unlink(name);
        free(name);
    }
}

bool
backup_write(struct db *ledger, const char *path, int64_t now_s, struct error *err)
{
    char *part = mem_printf("%s.part.%ld", path, (long)getpid());
    bool ok = !file_exists(path) ||
              error_set(err, ERR_CONFLICT, "%s is there already; nothing was overwritten", path);

    if (ok && make_private(part, err)) {
        ok = db_copy_into(ledger, part, err) && mark_copy(part, now_s, err) &&
             file_publish_new(part, path, err);
        if (!ok)
            remove_copy(part);
    } else {
        ok = false;
    }
    free(part);
    return ok || error_wrap(err, "write the backup");
}

/* --- putting back */

void
backup_restored_release(struct backup_restored *r)
{
    free(r->kept);
    *r = (struct backup_restored){0};
}

/* A private copy of the file beside the ledger, checked, brought to our schema and marked. */
static bool
prepare(const char *path, const char *part, int64_t now_s, struct backup_restored *out,
        struct error *err)
{
    struct db *from = db_open(path, DB_READ_ONLY, err);
    struct db *copy = NULL;
    bool ok = from && place_check_integrity(from, err) && place_check_is_ledger(from, err) &&
              make_private(part, err);

    db_close(from);
    copy = ok ? db_open(part, DB_READ_WRITE, err) : NULL;
    ok = copy && db_replace_with(copy, path, err);
    ok = ok && migrate(copy, "ledger", "main", NULL, err) && db_begin(copy, err) &&
         setting_get_i64(copy, "backup_at", 0, &out->backup_at_s, err) &&
         place_count_campaigns(copy, &out->campaigns, err) &&
         place_refuse(copy, IN_USE_AGAIN, now_s, err) && db_commit(copy, err) &&
         place_make_single_file(copy, err);
    if (copy && !ok)
        db_rollback(copy);
    db_close(copy);
    return ok || error_wrap(err, "%s", path);
}

/*
 * The fence goes on from the one that was here, so that an engine of before, should one still
 * stand somewhere, stays fenced off; the same for the numbers of attempts.
 */
static bool
carry_on(struct db *part, struct db *ledger, struct error *err)
{
    int64_t fence = 0;
    int64_t attempt = 0;
    bool ok = place_fence(ledger, &fence, err) && place_highest_attempt(ledger, &attempt, err) &&
              db_begin(part, err) && place_raise(part, fence + 1, attempt, err) &&
              db_commit(part, err) && place_make_single_file(part, err);

    db_rollback(part);
    return ok;
}

static char *
kept_name(const char *home, int64_t now_s)
{
    struct civil c = utime_to_civil(now_s);
    char *name = mem_printf("canvass.db.before-restore-%04" PRId64 "%02d%02dT%02d%02d%02dZ", c.year,
                            c.month, c.day, c.hour, c.minute, c.second);
    char *path = path_join(home, name);

    free(name);
    return path;
}

/* A ledger that cannot be opened is kept as it is, with what belongs to it. */
static bool
move_aside(const char *ledger, const char *kept, struct error *err)
{
    static const char *const tails[] = {"-wal", "-shm", ""}; /* the file itself last */
    bool ok = true;

    for (size_t i = 0; ok && i < ARRAY_LEN(tails); i++) {
        char *from = mem_printf("%s%s", ledger, tails[i]);
        char *to = mem_printf("%s%s", kept, tails[i]);

        if (file_exists(from) && rename(from, to) != 0)
            ok = error_set(err, ERR_DENIED, "cannot rename %s to %s", from, to);
        free(from);
        free(to);
    }
    return ok;
}

static bool
replace_damaged(const char *home, const char *part, enum backup_replace how,
                const struct error *why, int64_t now_s, struct backup_restored *out,
                struct error *err)
{
    char *path = path_join(home, "canvass.db");
    char *kept = kept_name(home, now_s);
    bool ok;

    if (how == BACKUP_INTO_EMPTY)
        ok = error_set(err, ERR_CONFLICT, "%.150s; --replace keeps it beside", why->text);
    else
        ok = move_aside(path, kept, err) && file_publish_new(part, path, err);
    if (ok)
        out->kept = kept;
    else
        free(kept);
    free(path);
    return ok;
}

static bool
replace_sound(struct db *ledger, const char *home, const char *part, enum backup_replace how,
              int64_t now_s, struct backup_restored *out, struct error *err)
{
    struct db *copy = db_open(part, DB_READ_WRITE, err);
    bool ok = copy && place_count_campaigns(ledger, &out->kept_campaigns, err);

    if (ok && out->kept_campaigns > 0 && how == BACKUP_INTO_EMPTY)
        ok = error_set(err, ERR_CONFLICT,
                       "%s holds a ledger with %" PRId64 " campaigns; --replace keeps it beside "
                       "and puts the backup in its place",
                       home, out->kept_campaigns);
    if (ok && out->kept_campaigns > 0) {
        out->kept = kept_name(home, now_s);
        ok = backup_write(ledger, out->kept, now_s, err);
    }
    ok = ok && carry_on(copy, ledger, err);
    db_close(copy);
    return ok && db_replace_with(ledger, part, err);
}

static bool
replace(const char *home, const char *part, enum backup_replace how, const char *by, int64_t now_s,
        struct backup_restored *out, struct error *err)
{
    struct error why = {0};
    struct db *ledger = ledger_open(home, &why);
    bool ok = ledger ? replace_sound(ledger, home, part, how, now_s, out, err)
                     : replace_damaged(home, part, how, &why, now_s, out, err);

    if (ok && !ledger)
        ledger = ledger_open(home, err);
    ok = ok && ledger &&
         audit_add(ledger, now_s, by, "state.restore", "canvass.db",
                   out->kept ? out->kept : "into an empty home", err);
    db_close(ledger);
    return ok;
}

/* The lock that an engine holds while it sends; -1: another has it. */
static int
lock_out_engines(const char *home, struct error *err)
{
    char *path = path_join(home, "engine.lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0) {
        (void)error_set(err, ERR_DENIED, "cannot open %s", path);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)error_set(err, ERR_CONFLICT,
                        "an engine runs on %s: close its consoles and stop `canvass run` first",
                        home);
        (void)close(fd);
        fd = -1;
    }
    free(path);
    return fd;
}

bool
backup_restore(const char *home, const char *path, enum backup_replace how, const char *by,
               int64_t now_s, struct backup_restored *out, struct error *err)
{
    char *name = mem_printf("canvass.db.restore.%ld", (long)getpid());
    char *part = path_join(home, name);
    int lock = -1;
    bool ok = false;

    *out = (struct backup_restored){0};
    if (file_make_dirs(home, err))
        lock = lock_out_engines(home, err);
    if (lock >= 0) {
        ok = prepare(path, part, now_s, out, err) && replace(home, part, how, by, now_s, out, err);
        remove_copy(part);
        (void)close(lock);
    }
    free(part);
    free(name);
    if (!ok)
        backup_restored_release(out);
    return ok || error_wrap(err, "restore");
}
