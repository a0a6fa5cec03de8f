#include "core/replica/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"

enum value_kind { VALUE_ABSENT, VALUE_OTHER, VALUE_STRING };

struct reader {
    const char *s;
    const char *end;
    int depth;
};

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

static void
skip_blanks(struct reader *r)
{
    while (r->s < r->end && (*r->s == ' ' || *r->s == '\t' || *r->s == '\n' || *r->s == '\r'))
        r->s++;
}

static bool
take(struct reader *r, char c)
{
    if (r->s >= r->end || *r->s != c)
        return false;
    r->s++;
    return true;
}

static bool
take_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(r->end - r->s) < len || memcmp(r->s, word, len) != 0)
        return false;
    r->s += len;
    return true;
}

static bool
take_hex4(struct reader *r, uint32_t *out)
{
    *out = 0;
    if (r->end - r->s < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *r->s++;
        uint32_t digit;

        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10;
        else
            return false;
        *out = *out * 16 + digit;
    }
    return true;
}

static void
add_code_point(struct buf *out, uint32_t cp)
{
    char bytes[4];
    size_t len = utf8_encode(cp, bytes);

    if (len > 0)
        buf_add(out, bytes, len);
    else
        buf_add_str(out, "\xEF\xBF\xBD"); /* half of a surrogate pair */
}

/* After "\u": one code point, a surrogate pair counting as one. */
static bool
take_unicode(struct reader *r, struct buf *out)
{
    uint32_t cp = 0;
    uint32_t low = 0;
    const char *before;

    if (!take_hex4(r, &cp))
        return false;
    before = r->s;
    if (cp >= 0xD800 && cp < 0xDC00 && take_word(r, "\\u")) {
        if (!take_hex4(r, &low))
            return false;
        if (low >= 0xDC00 && low < 0xE000)
            cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
        else
            r->s = before;
    }
    if (out)
        add_code_point(out, cp);
    return true;
}

static bool
take_escape(struct reader *r, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *at;

    if (r->s >= r->end)
        return false;
    if (*r->s == 'u') {
        r->s++;
        return take_unicode(r, out);
    }
    at = memchr(from, *r->s, sizeof from - 1);
    if (!at)
        return false;
    if (out)
        buf_add_char(out, to[at - from]);
    r->s++;
    return true;
}

/* A string; its text is appended to out unless that is NULL. */
static bool
take_string(struct reader *r, struct buf *out)
{
    if (!take(r, '"'))
        return false;
    while (r->s < r->end) {
        const char *from = r->s;

        while (r->s < r->end && *r->s != '"' && *r->s != '\\' && (unsigned char)*r->s >= 0x20)
            r->s++;
        if (out)
            buf_add(out, from, (size_t)(r->s - from));
        if (take(r, '"'))
            return true;
        if (!take(r, '\\') || !take_escape(r, out))
            return false;
    }
    return false;
}

static size_t
take_digits(struct reader *r)
{
    const char *from = r->s;

    while (r->s < r->end && *r->s >= '0' && *r->s <= '9')
        r->s++;
    return (size_t)(r->s - from);
}

static bool
take_number(struct reader *r)
{
    (void)take(r, '-');
    if (!take(r, '0') && take_digits(r) == 0)
        return false;
    if (take(r, '.') && take_digits(r) == 0)
        return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            (void)take(r, '-');
        return take_digits(r) > 0;
    }
    return true;
}

static bool take_value(struct reader *r, struct buf *text, enum value_kind *kind);

static bool
take_array(struct reader *r)
{
    enum value_kind kind;

    skip_blanks(r);
    if (take(r, ']'))
        return true;
    for (;;) {
        if (!take_value(r, NULL, &kind))
            return false;
        if (take(r, ']'))
            return true;
        if (!take(r, ','))
            return false;
    }
}

static bool
take_object(struct reader *r)
{
    enum value_kind kind;

    skip_blanks(r);
    if (take(r, '}'))
        return true;
    for (;;) {
        skip_blanks(r);
        if (!take_string(r, NULL))
            return false;
        skip_blanks(r);
        if (!take(r, ':') || !take_value(r, NULL, &kind))
            return false;
        if (take(r, '}'))
            return true;
        if (!take(r, ','))
            return false;
    }
}

/* Any value with the blanks around it. A string's text is appended to `text` unless that is NULL.
 */
static bool
take_value(struct reader *r, struct buf *text, enum value_kind *kind)
{
    bool ok;

    if (++r->depth > METADATA_MAX_DEPTH)
        return false;
    skip_blanks(r);
    *kind = VALUE_OTHER;
    if (r->s < r->end && *r->s == '"') {
        *kind = VALUE_STRING;
        ok = take_string(r, text);
    } else if (take(r, '{')) {
        ok = take_object(r);
    } else if (take(r, '[')) {
        ok = take_array(r);
    } else if (take_word(r, "null") || take_word(r, "false")) {
        *kind = VALUE_ABSENT;
        ok = true;
    } else {
        ok = take_word(r, "true") || take_number(r);
    }
    skip_blanks(r);
    r->depth--;
    return ok;
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
take_member(struct reader *r, struct metadata *m, struct buf *text)
{
    size_t name_at = m->names.len;
    enum value_kind kind = VALUE_OTHER;
    struct metadata_key *key;

    skip_blanks(r);
    if (!take_string(r, &m->names))
        return false;
    buf_add_char(&m->names, '\0');
    skip_blanks(r);
    buf_clear(text);
    if (!take(r, ':') || !take_value(r, text, &kind))
        return false;
    if (strlen(m->names.data + name_at) + 1 != m->names.len - name_at) {
        m->names.len = name_at; /* a NUL inside: no criterion can name it */
        return true;
    }
    key = key_slot(m, name_at);
    if (!key)
        return false;
    key->held = kind != VALUE_ABSENT;
    key->is_time =
        kind == VALUE_STRING && metadata_time_parse(buf_str(text), text->len, &key->time_s);
    return true;
}

static bool
take_document(struct reader *r, struct metadata *m, struct buf *text)
{
    skip_blanks(r);
    if (!take(r, '{'))
        return false;
    skip_blanks(r);
    if (!take(r, '}')) {
        do {
            if (!take_member(r, m, text))
                return false;
        } while (take(r, ','));
        if (!take(r, '}'))
            return false;
    }
    skip_blanks(r);
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
    struct reader r = {.s = json, .end = json ? json + len : NULL};
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
