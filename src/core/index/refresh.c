/* Making the file: after a sync, on its connection. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/index/view.h"

/* Inside a transaction. */
static bool
read_all(struct db *db, struct index_image *image, struct error *err)
{
    struct index_state state = {0};

    if (!index_store_state(db, &state, err))
        return false;
    image->meta.generation = state.generation;
    random_bytes(&image->meta.stamp, sizeof image->meta.stamp);
    return index_image_read(image, db, INDEX_ALL, err);
}

bool
index_make_bytes(struct db *replica, struct buf *out, struct error *err)
{
    struct index_image image = {0};
    bool ok =
        read_all(replica, &image, err) && index_image_write(&image, index_out_memory(out), err);

    index_image_release(&image);
    return ok;
}

/* Whether the file is there, of this generation, and whole at least in its head. */
static bool
is_current(const char *path, const struct index_state *state)
{
    struct error err = {0};
    struct index_file *f = state->stamped ? index_file_open(path, &err) : NULL;
    bool current = f && index_file_meta(f)->generation == state->generation &&
                   index_file_meta(f)->stamp == state->stamp;

    index_file_close(f);
    return current;
}

/* The stamp is given after the file has its name, and only when nothing has changed since. */
static bool
stamp(struct db *db, const struct index_meta *meta, struct error *err)
{
    struct index_state state = {0};
    bool ok;

    if (!db_begin(db, err))
        return false;
    ok = index_store_state(db, &state, err) &&
         (state.generation != meta->generation ||
          index_store_stamp(db, meta->generation, meta->stamp, err)) &&
         db_commit(db, err);
    db_rollback(db);
    return ok;
}

static bool
make(struct db *db, const char *path, struct error *err)
{
    struct index_image image = {0};
    int64_t begun_ms = utime_mono_ms();
    struct index_out *o = NULL;
    bool ok = false;

    if (db_begin_read(db, err)) {
        ok = read_all(db, &image, err);
        db_rollback(db);
    }
    if (ok)
        o = index_out_file(path, err);
    ok = o && index_image_write(&image, o, err) && stamp(db, &image.meta, err);
    if (ok)
        log_line(LOG_INFO, "index",
                 "made the column index: %" PRIu64 " customers in %" PRId64 " ms",
                 image.meta.counts.customers, utime_mono_ms() - begun_ms);
    index_image_release(&image);
    return ok;
}

bool
index_refresh(struct db *replica, struct error *err)
{
    const char *file = db_file_of(replica, "replica");
    struct index_state state = {0};
    char *path;
    bool ok;

    if (!file)
        return true;
    path = index_path(file);
    ok = index_store_state(replica, &state, err);
    if (ok && state.generation > 0 && !is_current(path, &state))
        ok = make(replica, path, err);
    free(path);
    return ok || error_wrap(err, "column index");
}
