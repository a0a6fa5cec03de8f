#include "core/replica/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/json_scan.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"

void
metadata_release(struct metadata *m)
{
    buf_release(&m->names);
    free(m->keys);
    *m = (struct metadata){0};
}

const char *
metadata_name(const struct metadata *m, size_t i)
{
    return m->names.data + m->keys[i].name_at;
}

bool
metadata_time_parse(const char *text, size_t len, int64_t *utc_s)
{
    /* The reader of RFC 3339 takes small t and z too; semantics.md names the capitals only. */
    if (len < 19 || text[10] == 't' || text[len - 1] == 'z')
        return false;
    return utime_parse_lenient(text, len, utc_s);
}

static struct metadata_key *
key_slot(struct metadata *m, size_t name_at)
{
    const char *name = m->names.data + name_at;

    for (size_t i = 0; i < m->count; i++) {
        if (strcmp(m->names.data + m->keys[i].name_at, name) == 0) {
            m->names.len = name_at;
            return &m->keys[i];
        }
    }
    if (m->count >= METADATA_MAX_KEYS)
        return NULL;
    m->keys = mem_grow(m->keys, m->count, &m->capacity, sizeof *m->keys);
    m->keys[m->count] = (struct metadata_key){.name_at = name_at};
    return &m->keys[m->count++];
}

static bool
take_member(struct json_scan *r, struct metadata *m, struct buf *text)
{
    size_t name_at = m->names.len;
    enum json_scan_kind kind = JSON_SCAN_OTHER;
    struct metadata_key *key;

    json_scan_blanks(r);
    if (!json_scan_string(r, &m->names))
        return false;
    buf_add_char(&m->names, '\0');
    json_scan_blanks(r);
    buf_clear(text);
    if (!json_scan_take(r, ':') || !json_scan_value(r, text, &kind))
        return false;
    if (strlen(m->names.data + name_at) + 1 != m->names.len - name_at) {
        m->names.len = name_at; /* a NUL inside: no criterion can name it */
        return true;
    }
    key = key_slot(m, name_at);
    if (!key)
        return false;
    key->held = kind != JSON_SCAN_ABSENT;
    key->is_time =
        kind == JSON_SCAN_STRING && metadata_time_parse(buf_str(text), text->len, &key->time_s);
    return true;
}

static bool
take_document(struct json_scan *r, struct metadata *m, struct buf *text)
{
    json_scan_blanks(r);
    if (!json_scan_take(r, '{'))
        return false;
    json_scan_blanks(r);
    if (!json_scan_take(r, '}')) {
        do {
            if (!take_member(r, m, text))
                return false;
        } while (json_scan_take(r, ','));
        if (!json_scan_take(r, '}'))
            return false;
    }
    json_scan_blanks(r);
    return r->s == r->end;
}

static int
by_name(const void *a, const void *b, void *names)
{
    const char *base = names;

    return strcmp(base + ((const struct metadata_key *)a)->name_at,
                  base + ((const struct metadata_key *)b)->name_at);
}

void
metadata_read(struct metadata *m, const char *json)
{
    size_t len = json ? strlen(json) : 0;
    struct json_scan r = {.s = json, .end = json ? json + len : NULL};
    struct buf text = {0};
    size_t held = 0;

    m->count = 0;
    buf_clear(&m->names);
    if (len < 2 || len > METADATA_MAX_BYTES || !utf8_is_valid(json, len))
        return;
    if (!take_document(&r, m, &text))
        m->count = 0;
    for (size_t i = 0; i < m->count; i++)
        if (m->keys[i].held)
            m->keys[held++] = m->keys[i];
    m->count = held;
    if (held > 1)
        qsort_r(m->keys, held, sizeof *m->keys, by_name, m->names.data);
    buf_release(&text);
}
