#include "core/base/json_scan.h"

#include <string.h>

#include "core/base/text.h"

void
json_scan_blanks(struct json_scan *r)
{
    while (r->s < r->end && (*r->s == ' ' || *r->s == '\t' || *r->s == '\n' || *r->s == '\r'))
        r->s++;
}

bool
json_scan_take(struct json_scan *r, char c)
{
    if (r->s >= r->end || *r->s != c)
        return false;
    r->s++;
    return true;
}

static bool
take_word(struct json_scan *r, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(r->end - r->s) < len || memcmp(r->s, word, len) != 0)
        return false;
    r->s += len;
    return true;
}

static bool
take_hex4(struct json_scan *r, uint32_t *out)
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
take_unicode(struct json_scan *r, struct buf *out)
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
take_escape(struct json_scan *r, struct buf *out)
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

bool
json_scan_string(struct json_scan *r, struct buf *out)
{
    if (!json_scan_take(r, '"'))
        return false;
    while (r->s < r->end) {
        const char *from = r->s;

        while (r->s < r->end && *r->s != '"' && *r->s != '\\' && (unsigned char)*r->s >= 0x20)
            r->s++;
        if (out)
            buf_add(out, from, (size_t)(r->s - from));
        if (json_scan_take(r, '"'))
            return true;
        if (!json_scan_take(r, '\\') || !take_escape(r, out))
            return false;
    }
    return false;
}

static size_t
take_digits(struct json_scan *r)
{
    const char *from = r->s;

    while (r->s < r->end && *r->s >= '0' && *r->s <= '9')
        r->s++;
    return (size_t)(r->s - from);
}

static bool
take_number(struct json_scan *r)
{
    (void)json_scan_take(r, '-');
    if (!json_scan_take(r, '0') && take_digits(r) == 0)
        return false;
    if (json_scan_take(r, '.') && take_digits(r) == 0)
        return false;
    if (json_scan_take(r, 'e') || json_scan_take(r, 'E')) {
        if (!json_scan_take(r, '+'))
            (void)json_scan_take(r, '-');
        return take_digits(r) > 0;
    }
    return true;
}

static bool
take_array(struct json_scan *r)
{
    enum json_scan_kind kind;

    json_scan_blanks(r);
    if (json_scan_take(r, ']'))
        return true;
    for (;;) {
        if (!json_scan_value(r, NULL, &kind))
            return false;
        if (json_scan_take(r, ']'))
            return true;
        if (!json_scan_take(r, ','))
            return false;
    }
}

static bool
take_object(struct json_scan *r)
{
    enum json_scan_kind kind;

    json_scan_blanks(r);
    if (json_scan_take(r, '}'))
        return true;
    for (;;) {
        json_scan_blanks(r);
        if (!json_scan_string(r, NULL))
            return false;
        json_scan_blanks(r);
        if (!json_scan_take(r, ':') || !json_scan_value(r, NULL, &kind))
            return false;
        if (json_scan_take(r, '}'))
            return true;
        if (!json_scan_take(r, ','))
            return false;
    }
}

bool
json_scan_value(struct json_scan *r, struct buf *text, enum json_scan_kind *kind)
{
    bool ok;

    if (++r->depth > JSON_SCAN_DEPTH)
        return false;
    json_scan_blanks(r);
    *kind = JSON_SCAN_OTHER;
    if (r->s < r->end && *r->s == '"') {
        *kind = JSON_SCAN_STRING;
        ok = json_scan_string(r, text);
    } else if (json_scan_take(r, '{')) {
        ok = take_object(r);
    } else if (json_scan_take(r, '[')) {
        ok = take_array(r);
    } else if (take_word(r, "null") || take_word(r, "false")) {
        *kind = JSON_SCAN_ABSENT;
        ok = true;
    } else if (take_word(r, "true")) {
        ok = true;
    } else {
        const char *from = r->s;

        *kind = JSON_SCAN_NUMBER;
        ok = take_number(r);
        if (ok && text)
            buf_add(text, from, (size_t)(r->s - from));
    }
    json_scan_blanks(r);
    r->depth--;
    return ok;
}
