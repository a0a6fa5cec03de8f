/* What is here and not there any more: by counting and by ranges of keys, or by all keys. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/replica/sync_private.h"

static const char NOTE_KEYS[] = "keys"; /* how many each table had, in main_table's order */

/* Keys of a range that is compared. */
enum { RANGE_KEYS = 4096, MAX_RANGES = 16384 };
/* Differing ranges that are read one by one; more of them: all keys at once. */
enum { RANGES_ONE_BY_ONE = 64 };

bool
sync_remove_gone(struct sync *s, struct error *err)
{
    struct key *keys = NULL;
    size_t count = 0;
    bool ok = replica_list_keys(&s->writer, REPLICA_GONE, s->table, &keys, &count, err);

    for (size_t i = 0; ok && i < count; i++)
        ok = replica_remove(&s->writer, s->table, &keys[i], err);
    replica_keys_free(keys, count);
    return ok;
}

static bool
on_there(void *arg, const struct key *key, struct error *err)
{
    struct sync *s = arg;

    return replica_there_add(&s->writer, key, err);
}

/* Lists the keys of one range that are only here. */
static bool
compare_range(struct sync *s, const struct key *from, const struct key *until, struct error *err)
{
    return replica_there_begin(&s->writer, err) &&
           s->source->scan_keys(s->source->ctx, s->table, from, until, on_there, s, err) &&
           replica_there_gone(&s->writer, s->table, from, until, err);
}

static bool
compare_ranges(struct sync *s, const struct replica_ranges *r, struct error *err)
{
    int64_t *there = mem_calloc(r->count + 1, sizeof *there);
    bool able = false;
    size_t differ = 0;
    bool ok = r->count == 0 || s->source->range_counts(s->source->ctx, s->table, r->bounds,
                                                       r->count, there, &able, err);

    for (size_t i = 0; ok && able && i <= r->count; i++)
        differ += there[i] != r->here[i];
    if (ok && (!able || differ > RANGES_ONE_BY_ONE))
        ok = compare_range(s, NULL, NULL, err);
    else
        for (size_t i = 0; ok && i <= r->count; i++)
            if (there[i] != r->here[i])
                ok = compare_range(s, i > 0 ? &r->bounds[i - 1] : NULL,
                                   i < r->count ? &r->bounds[i] : NULL, err);
    free(there);
    return ok;
}

/* Counting a large table takes long: what the replica holds is kept as a note. */
static bool
count_here(struct sync *s, int64_t *out, struct error *err)
{
    if (s->keys_before[s->table] < 0) {
        if (!replica_key_count(&s->writer, s->table, out, err))
            return false;
        s->keys_before[s->table] = *out - s->writer.gained[s->table];
    }
    *out = s->keys_before[s->table] + s->writer.gained[s->table];
    return true;
}

bool
sync_remove_missing(struct sync *s, int64_t there, struct error *err)
{
    struct replica_ranges ranges = {0};
    int64_t here = 0;
    bool ok;

    if (!count_here(s, &here, err))
        return false;
    if (there == here)
        return true;
    s->keys_before[s->table] = -1;
    ok = replica_ranges_make(&s->writer, s->table, RANGE_KEYS, MAX_RANGES, &ranges, err) &&
         compare_ranges(s, &ranges, err) && sync_remove_gone(s, err) && count_here(s, &here, err);
    replica_ranges_release(&ranges);
    if (ok && there != here)
        return sync_is_double(s, err);
    return ok;
}

bool
sync_load_key_counts(struct sync *s, struct error *err)
{
    char *text = NULL;
    char *rest;

    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        s->keys_before[t] = -1;
    if (!replica_note_load(s->writer.db, NOTE_KEYS, &text, err))
        return false;
    rest = text;
    for (int t = 0; rest && *rest && t < MAIN_TABLE_COUNT; t++)
        s->keys_before[t] = strtoll(rest, &rest, 10);
    free(text);
    return true;
}

bool
sync_save_key_counts(struct sync *s, struct error *err)
{
    struct buf text = {0};
    bool ok;

    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        buf_printf(&text, "%" PRId64 " ",
                   s->keys_before[t] < 0 ? -1 : s->keys_before[t] + s->writer.gained[t]);
    ok = replica_note_save(s->writer.db, NOTE_KEYS, buf_str(&text), err);
    buf_release(&text);
    return ok;
}

bool
sync_compare_all_keys(struct sync *s, struct error *err)
{
    return compare_range(s, NULL, NULL, err) && replica_there_absent(&s->writer, s->table, err);
}
