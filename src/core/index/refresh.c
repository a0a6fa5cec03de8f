/* Making the file: after a sync, on its connection. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/index/view.h"

enum { TOUCHED_SHARE = 4 }; /* more than a quarter touched: reading everything is as quick */

static bool
begin_image(struct db *db, struct index_image *image, struct error *err)
{
    struct index_state state = {0};

    if (!index_store_state(db, &state, err))
        return false;
    *image = (struct index_image){.meta.generation = state.generation};
    random_bytes(&image->meta.stamp, sizeof image->meta.stamp);
    return true;
}

/* From the index before; false without an error worth telling: everything must be read. */
static bool
from_old(struct db *db, struct index_file *old, struct index_image *image)
{
    struct error err = {0};
    int64_t touched = 0;
    bool ok = begin_image(db, image, &err) && index_store_touched(db, &touched, &err) &&
              (uint64_t)touched * TOUCHED_SHARE <= index_file_meta(old)->counts.customers &&
              index_image_merge(image, old, db, &err);

    if (!ok) {
        if (err.code != ERR_NONE && err.code != ERR_CONFLICT)
            log_line(LOG_WARN, "index", "cannot bring the column index up to date: %s", err.text);
        index_image_release(image);
    }
    return ok;
}

/* Inside a transaction. old: of the generation before, when the sync listed who was touched since.
 */
static bool
fill_image(struct db *db, struct index_file *old, struct index_image *image, bool *merged,
           struct error *err)
{
    *merged = old && from_old(db, old, image);
    if (*merged)
        return true;
    return begin_image(db, image, err) && index_image_read(image, db, INDEX_ALL, err);
}

bool
index_make_bytes(struct db *replica, const struct buf *old, struct buf *out, bool *merged,
                 struct error *err)
{
    struct index_image image = {0};
    struct index_file *before = old ? index_file_from(old->data, old->len, err) : NULL;
    bool ok = (before || !old) && fill_image(replica, before, &image, merged, err) &&
              index_image_write(&image, index_out_memory(out), err);

    index_file_close(before);
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

/* The index of the generation before this one, as the sync left it; NULL: none that will do. */
static struct index_file *
open_before(struct db *db, const char *path)
{
    struct error err = {0};
    struct index_state state = {0};
    struct index_file *f = index_file_open(path, &err);
    uint64_t stamp = 0;
    bool fits = f && index_store_state(db, &state, &err) &&
                index_store_stamp_of(db, state.generation - 1, &stamp, &err) &&
                index_file_meta(f)->generation == state.generation - 1 &&
                index_file_meta(f)->stamp == stamp;

    if (fits)
        return f;
    index_file_close(f);
    return NULL;
}

struct maker { /* what there is to make it from, besides the replica */
    bool touched_listed;
    struct index_draft *draft; /* borrowed; NULL: none */
};

static bool
fill_from(struct db *db, const struct maker *from, struct index_file *old,
          struct index_image *image, const char **how, struct error *err)
{
    bool merged = false;
    bool ok;

    *how = "made with the rows";
    if (from->draft)
        return begin_image(db, image, err) && index_image_take(image, from->draft, db, err);
    ok = fill_image(db, old, image, &merged, err);
    *how = merged ? "brought up to date" : "made";
    return ok;
}

static bool
make(struct db *db, const char *path, const struct maker *from, struct error *err)
{
    struct index_image image = {0};
    int64_t begun_ms = utime_mono_ms();
    struct index_file *old = NULL;
    struct index_out *o = NULL;
    const char *how = "";
    bool ok = false;

    if (db_begin_read(db, err)) {
        old = from->touched_listed ? open_before(db, path) : NULL;
        ok = fill_from(db, from, old, &image, &how, err);
        index_file_close(old);
        db_rollback(db);
    }
    if (ok)
        o = index_out_file(path, err);
    ok = o && index_image_write(&image, o, err) && stamp(db, &image.meta, err);
    if (ok)
        log_line(
            LOG_INFO, "index",
            "the column index of generation %" PRId64 ": %" PRIu64 " customers, %s, %" PRId64 " ms",
            image.meta.generation, image.meta.counts.customers, how, utime_mono_ms() - begun_ms);
    index_image_release(&image);
    return ok;
}

static bool
refresh(struct db *replica, const struct maker *from, struct error *err)
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
        ok = make(replica, path, from, err) && index_store_state(replica, &state, err) &&
             (!state.stamped || is_current(path, &state) ||
              error_set(err, ERR_INTERNAL, "what was written cannot be read"));
    free(path);
    return ok || error_wrap(err, "column index");
}

bool
index_refresh(struct db *replica, bool touched_listed, struct error *err)
{
    const struct maker from = {.touched_listed = touched_listed};

    return refresh(replica, &from, err);
}

bool
index_refresh_from(struct db *replica, struct index_draft *d, struct error *err)
{
    const struct maker from = {.draft = d};

    return refresh(replica, &from, err);
}
