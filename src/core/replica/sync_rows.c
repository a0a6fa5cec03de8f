/* What every kind of sync does with a row and with a table. */
#include <inttypes.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/base/zone.h"
#include "core/replica/sync_private.h"
#include "core/store/replica_store.h"

enum { PROGRESS_ROWS = 4096 };

/* NULL: none, or a name that no zone has: the number's area decides then. */
static const char *
read_zone(struct sync *s, const char *name)
{
    struct error none = {0};

    if (text_is_blank(name))
        return NULL;
    if (!s->zone.data || strcmp(buf_str(&s->zone), name) != 0) {
        buf_clear(&s->zone);
        buf_add_str(&s->zone, name);
        s->zone_is_known = zone_find(name, &none) != NULL;
    }
    s->result->bad_zones += !s->zone_is_known;
    return s->zone_is_known ? name : NULL;
}

void
sync_read_addresses(struct sync *s, const struct main_customer *c, char phone[ADDRESS_PHONE_SIZE],
                    struct replica_addresses *out)
{
    *out = (struct replica_addresses){.time_zone = read_zone(s, c->time_zone)};
    buf_clear(&s->email_send);
    buf_clear(&s->email_norm);
    if (address_phone_normalise(c->phone, s->country, phone))
        out->phone_e164 = phone;
    if (address_email_normalise(c->email, &s->email_send, &s->email_norm)) {
        out->email_send = buf_str(&s->email_send);
        out->email_norm = buf_str(&s->email_norm);
    }
}

size_t
sync_read_metadata(struct sync *s, const struct main_conversation *c)
{
    metadata_read(&s->metadata, c->metadata);
    for (size_t i = 0; i < s->metadata.count; i++) {
        const struct metadata_key *k = &s->metadata.keys[i];

        s->keys[i].name = metadata_name(&s->metadata, i);
        s->keys[i].at = k->is_time ? (struct main_time){true, k->time_s} : c->at;
    }
    return s->metadata.count;
}

static void
note_mark(struct sync *s, const struct main_row *row)
{
    if (!row->updated_at.set) {
        s->result->bad_times++;
        return;
    }
    if (s->has_mark && row->updated_at.s <= s->mark_s)
        return;
    s->has_mark = true;
    s->mark_s = row->updated_at.s;
    key_release(&s->mark_key);
    s->mark_key = key_dup(&row->key);
}

void
sync_see_row(struct sync *s, const struct main_row *row)
{
    s->result->rows_read++;
    if (s->progress && s->done % PROGRESS_ROWS == 0)
        s->progress(s->progress_arg, main_table_name(s->table), s->done, s->total);
    s->done++;
    note_mark(s, row);
}

void
sync_note_phase(struct sync *s, const char *what)
{
    int64_t now_ms = utime_mono_ms();

    log_line(LOG_DEBUG, "sync", "%s %s: %" PRId64 " ms", main_table_name(s->table), what,
             now_ms - s->phase_ms);
    s->phase_ms = now_ms;
}

void
sync_table_begin(struct sync *s, enum main_table table)
{
    s->phase_ms = utime_mono_ms();
    s->table = table;
    s->done = 0;
    s->total = 0;
    s->has_mark = false;
    s->mark_s = 0;
    key_release(&s->mark_key);
}

bool
sync_save_mark(struct sync *s, const struct sync_mark *m, int64_t at_least, struct error *err)
{
    int64_t mark = m->has ? m->s : 0;

    if (mark > s->now_s)
        mark = s->now_s;
    if (mark < at_least)
        mark = at_least;
    return replica_watermark_save(s->writer.db, s->table, mark, m->has ? &m->key : NULL, err);
}

bool
sync_table_end(struct sync *s, int64_t at_least, struct error *err)
{
    const struct sync_mark mark = {s->has_mark, s->mark_s, s->mark_key, s->done};

    if (s->progress)
        s->progress(s->progress_arg, main_table_name(s->table), s->done, s->total);
    return sync_save_mark(s, &mark, at_least, err);
}

bool
sync_is_double(struct sync *s, struct error *err)
{
    return error_set(err, ERR_INVALID,
                     "main database, %s: the same id comes more than once; the mapping's SELECT "
                     "must give one row per id",
                     main_table_name(s->table));
}
