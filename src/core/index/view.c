#include "core/index/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"

void
reach_state_release(struct reach_state *r)
{
    for (size_t i = 0; i < SPACE_COUNT; i++) {
        bits_release(&r->has[i]);
        bits_release(&r->capped[i]);
    }
    for (size_t i = 0; i < CHANNEL_COUNT; i++)
        bits_release(&r->opted[i]);
    *r = (struct reach_state){0};
}

static void
forget_sets(struct cached *sets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_release(&sets[i].key);
        bits_release(&sets[i].bits);
    }
}

static void
forget(struct index_view *v)
{
    forget_sets(v->cache, CACHE_ENTRIES);
    forget_sets(v->rows, ROWS_KEPT);
    index_places_release(&v->places);
    rows_map_release(&v->conversations);
    rows_map_release(&v->appointments);
    reach_state_release(&v->reach);
    buf_release(&v->last.key);
    bits_release(&v->last.set);
    bits_release(&v->reached.left);
    v->reached.of = 0;
    coarse_columns_release(&v->coarse);
    for (size_t i = 0; i < SECTION_COUNT; i++)
        used_words_release(&v->used[i]);
    v->has_places = v->has_conversations = v->has_appointments = false;
    index_file_close(v->file);
    v->file = NULL;
}

static void
view_free(void *kept)
{
    struct index_view *v = kept;

    forget(v);
    free(v->path);
    free(v);
}

static struct index_view *
view_of(struct db *db)
{
    struct index_view *v = db_kept(db);
    const char *replica;

    if (v)
        return v;
    v = mem_alloc(sizeof *v);
    v->db = db;
    replica = db_file_of(db, "replica");
    if (replica)
        v->path = index_path(replica);
    db_keep(db, v, view_free);
    return v;
}

char *
index_path(const char *replica)
{
    size_t len = strlen(replica);

    if (len > 3 && strcmp(replica + len - 3, ".db") == 0)
        len -= 3;
    return mem_printf("%.*s.idx", (int)len, replica);
}

/*
 * A damaged file is taken away, so that the next sync finds none and makes it anew; unless it is
 * another one by now.
 */
static void
remove_damaged(struct index_view *v)
{
    if (v->path && !v->given && index_file_is_at(v->file, v->path) && unlink(v->path) != 0)
        log_line(LOG_WARN, "index", "cannot remove the damaged column index: error %d", errno);
}

static void
open_fitting(struct index_view *v, const struct index_state *state)
{
    struct error err = {0};
    const struct index_meta *meta;

    forget(v);
    if (!v->path || !state->stamped)
        return;
    v->file = index_file_open(v->path, &err);
    if (!v->file)
        return;
    meta = index_file_meta(v->file);
    if (meta->generation != state->generation || meta->stamp != state->stamp) {
        index_file_close(v->file);
        v->file = NULL;
        return;
    }
    log_line(LOG_DEBUG, "index", "the column index answers for generation %" PRId64,
             meta->generation);
}

struct index_view *
index_of(struct db *db)
{
    struct index_view *v = view_of(db);
    struct index_state state = {0};
    const struct index_meta *meta;
    struct error err = {0};

    if (v->given)
        return v->file ? v : NULL;
    if (!v->path || !index_store_state(db, &state, &err) || state.generation == 0)
        return NULL;
    if (v->file && !index_file_is_whole(v->file)) {
        remove_damaged(v);
        forget(v);
        return NULL;
    }
    meta = v->file ? index_file_meta(v->file) : NULL;
    if (!meta || !state.stamped || meta->generation != state.generation ||
        meta->stamp != state.stamp)
        open_fitting(v, &state);
    return v->file ? v : NULL;
}

bool
index_attach(struct db *db, const void *bytes, size_t len, struct error *err)
{
    struct index_view *v = view_of(db);

    forget(v);
    v->given = true;
    v->file = index_file_from(bytes, len, err);
    return v->file != NULL;
}

size_t
index_customers(const struct index_view *v)
{
    return index_file_meta(v->file)->counts.customers;
}

bool
index_ids(struct index_view *v, struct index_column *out, bool *keys_are_ids)
{
    *keys_are_ids = index_file_meta(v->file)->keys_are_ids;
    return index_file_column(v->file, SECTION_ID, out);
}

void
index_drop(struct index_view *v)
{
    remove_damaged(v);
    forget(v);
}

/* --- made once for a file */

bool
view_places(struct index_view *v, const struct index_places **out)
{
    struct index_column c;
    struct column ids;

    *out = &v->places;
    if (v->has_places)
        return true;
    if (!index_file_column(v->file, SECTION_ID, &c))
        return false;
    ids = (struct column){.count = c.count, .width = c.width};
    memcpy(&ids.data, &c.data, sizeof ids.data); /* read only */
    index_places_make(&v->places, &ids);
    v->has_places = true;
    return true;
}

static bool
view_rows(struct index_view *v, enum index_section first, bool *has, struct rows_map *m)
{
    struct index_column c;

    if (*has)
        return true;
    if (!index_file_column(v->file, first, &c))
        return false;
    rows_map_make(m, c.data, c.count - 1);
    *has = true;
    return true;
}

bool
view_conversations(struct index_view *v, const struct rows_map **out)
{
    *out = &v->conversations;
    return view_rows(v, SECTION_CONVERSATION_FIRST, &v->has_conversations, &v->conversations);
}

bool
view_appointments(struct index_view *v, const struct rows_map **out)
{
    *out = &v->appointments;
    return view_rows(v, SECTION_APPOINTMENT_FIRST, &v->has_appointments, &v->appointments);
}

/* --- the sets of leaves */

static struct cached *
find(struct index_view *v, struct cached *among, size_t count, const struct buf *key)
{
    for (size_t i = 0; i < count; i++) {
        struct cached *c = &among[i];

        if (c->bits.words && c->key.len == key->len &&
            memcmp(c->key.data, key->data, key->len) == 0) {
            c->used = ++v->uses;
            return c;
        }
    }
    return NULL;
}

static struct cached *
put(struct index_view *v, struct cached *among, size_t count, const struct buf *key,
    struct bits *bits)
{
    struct cached *oldest = &among[0];

    for (size_t i = 1; i < count; i++)
        if (among[i].used < oldest->used)
            oldest = &among[i];
    buf_clear(&oldest->key);
    buf_add(&oldest->key, key->data, key->len);
    bits_release(&oldest->bits);
    oldest->bits = *bits;
    *bits = (struct bits){0};
    oldest->used = ++v->uses;
    return oldest;
}

struct cached *
view_cache_find(struct index_view *v, const struct buf *key)
{
    return find(v, v->cache, CACHE_ENTRIES, key);
}

/* How many sets may be kept: few when there are very many customers, never less than 8. */
static size_t
cache_places(const struct index_view *v)
{
    size_t bytes = bits_words(index_customers(v)) * sizeof(uint64_t) + 1;
    size_t places = CACHE_BYTES_MAX / bytes;

    return places < 8 ? 8 : places > CACHE_ENTRIES ? CACHE_ENTRIES : places;
}

struct cached *
view_cache_put(struct index_view *v, const struct buf *key, struct bits *bits)
{
    return put(v, v->cache, cache_places(v), key, bits);
}

struct cached *
view_rows_find(struct index_view *v, const struct buf *key)
{
    return find(v, v->rows, ROWS_KEPT, key);
}

struct cached *
view_rows_put(struct index_view *v, const struct buf *key, struct bits *bits)
{
    return put(v, v->rows, ROWS_KEPT, key, bits);
}
