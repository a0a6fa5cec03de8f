#include "core/replica/fold.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "core/base/mem.h"

/* Less is left to lie: reading through a log of this size costs nothing one would notice. */
enum { FOLD_BYTES = 32 << 20 };

void
fold_hold(struct db *replica)
{
    struct error err = {0};

    if (!db_exec(replica, "PRAGMA wal_autocheckpoint = 0", &err))
        log_line(LOG_WARN, "sync", "cannot keep the replica's log: %s", err.text);
}

static void *
run(void *arg)
{
    struct fold *f = arg;
    struct error err = {0};
    struct db *db = db_open(f->path, DB_READ_WRITE, &err);

    if (!db || !db_exec(db, "PRAGMA main.wal_checkpoint(PASSIVE)", &err))
        log_line(LOG_WARN, "sync", "cannot fold the replica's log: %s", err.text);
    db_close(db);
    return NULL;
}

void
fold_begin(struct fold *f, struct db *replica)
{
    const char *path = db_file_of(replica, "replica");
    char *wal = path ? mem_printf("%s-wal", path) : NULL;
    struct stat st;

    *f = (struct fold){0};
    if (wal && stat(wal, &st) == 0 && st.st_size >= FOLD_BYTES) {
        f->path = mem_strdup(path);
        f->running = pthread_create(&f->thread, NULL, run, f) == 0;
    }
    free(wal);
}

void
fold_end(struct fold *f)
{
    if (f->running)
        (void)pthread_join(f->thread, NULL);
    free(f->path);
    *f = (struct fold){0};
}
