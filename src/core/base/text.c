#include "core/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text_lower_table.h"

size_t
utf8_decode(const char *s, size_t len, uint32_t *cp)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t need;
    uint32_t c;

    if (!len)
        return 0;
    if (u[0] < 0x80) {
        *cp = u[0];
        return 1;
    }
    if (u[0] >= 0xC2 && u[0] <= 0xDF) {
        need = 2;
        c = u[0] & 0x1Fu;
    } else if ((u[0] & 0xF0) == 0xE0) {
        need = 3;
        c = u[0] & 0x0Fu;
    } else if (u[0] >= 0xF0 && u[0] <= 0xF4) {
        need = 4;
        c = u[0] & 0x07u;
    } else {
        return 0;
    }
    if (len < need)
        return 0;
    for (size_t i = 1; i < need; i++) {
        if ((u[i] & 0xC0) != 0x80)
            return 0;
        c = (c << 6) | (u[i] & 0x3Fu);
    }
    if ((need == 3 && c < 0x800) || (need == 4 && (c < 0x10000 || c > 0x10FFFF)) ||
        (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *cp = c;
    return need;
}

size_t
utf8_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | (cp >> 6));
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp >= 0xD800 && cp <= 0xDFFF)
        return 0;
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | (cp >> 12));
        out[1] = (char)(0x80 | ((cp >> 6) & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    if (cp > 0x10FFFF)
        return 0;
    out[0] = (char)(0xF0 | (cp >> 18));
    out[1] = (char)(0x80 | ((cp >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((cp >> 6) & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

bool
utf8_is_valid(const char *s, size_t len)
{
    static const uint64_t high_bits = UINT64_C(0x8080808080808080);
    uint64_t eight;
    uint32_t cp;

    for (size_t i = 0; i < len;) {
        size_t n;

        if (len - i >= sizeof eight) { /* nearly all text is ASCII */
            memcpy(&eight, s + i, sizeof eight);
            if ((eight & high_bits) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        n = (unsigned char)s[i] < 0x80 ? 1 : utf8_decode(s + i, len - i, &cp);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

uint32_t
utf8_lower(uint32_t cp)
{
    size_t lo = 0;
    size_t hi = ARRAY_LEN(lower_runs);

    if (cp < 0x80)
        return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const struct lower_run *run = &lower_runs[mid];

        if (cp < run->first)
            hi = mid;
        else if (cp > run->last)
            lo = mid + 1;
        else if ((cp - run->first) % run->step == 0)
            return (uint32_t)((int64_t)cp + run->delta);
        else
            return cp;
    }
    return cp;
}

void
text_lower(struct buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        char enc[4];
        size_t n = utf8_decode(s + i, len - i, &cp);

        if (!n) {
            buf_add_char(out, s[i++]);
            continue;
        }
        i += n;
        n = utf8_encode(utf8_lower(cp), enc);
        buf_add(out, enc, n);
    }
}

static bool
is_unsafe_to_show(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x200E || cp == 0x200F ||
           (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF ||
           (cp >= 0xE0000 && cp <= 0xE007F);
}

void
text_sanitise(struct buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = utf8_decode(s + i, len - i, &cp);

        if (!n || is_unsafe_to_show(cp))
            buf_add_str(out, "·");
        else
            buf_add(out, s + i, n);
        i += n ? n : 1;
    }
}

static bool
is_blank_char(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool
text_is_blank(const char *s)
{
    if (s)
        for (; *s; s++)
            if (!is_blank_char(*s))
                return false;
    return true;
}

bool
text_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
text_eq(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static char
ascii_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool
text_eq_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    for (; *a && *b; a++, b++)
        if (ascii_lower(*a) != ascii_lower(*b))
            return false;
    return *a == *b;
}

bool
text_copy(char *out, size_t size, const char *s)
{
    int n = snprintf(out, size, "%s", s);

    return n >= 0 && (size_t)n < size;
}

char *
text_trim_dup(const char *s, size_t len)
{
    while (len && is_blank_char(s[0])) {
        s++;
        len--;
    }
    while (len && is_blank_char(s[len - 1]))
        len--;
    return mem_strndup(s, len);
}

bool
num_parse_i64(const char *s, int64_t *out)
{
    char *end = NULL;
    long long value;

    if (!s || !(*s == '-' || (*s >= '0' && *s <= '9')))
        return false;
    errno = 0;
    value = strtoll(s, &end, 10);
    if (errno || *end || end == s)
        return false;
    *out = value;
    return true;
}

bool
num_parse_usual_i64(const char *s, int64_t *out)
{
    char again[24];
    int64_t value;

    if (!num_parse_i64(s, &value))
        return false;
    (void)snprintf(again, sizeof again, "%" PRId64, value);
    if (strcmp(again, s) != 0)
        return false;
    *out = value;
    return true;
}

bool
num_parse_double(const char *s, double *out)
{
    char *end = NULL;
    double value;

    if (!s || !(*s == '-' || *s == '.' || (*s >= '0' && *s <= '9')) || strpbrk(s, "xXpP"))
        return false;
    errno = 0;
    value = strtod(s, &end);
    if (*end || end == s || !isfinite(value))
        return false;
    *out = value;
    return true;
}

void
num_format_grouped(struct buf *out, int64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRId64, n);
    int start = digits[0] == '-' ? 1 : 0;

    for (int i = 0; i < len; i++) {
        if (i > start && (len - i) % 3 == 0)
            buf_add_char(out, ',');
        buf_add_char(out, digits[i]);
    }
}

/* Damerau-Levenshtein (adjacent transposition counts one) on bytes; names are ASCII and short. */
static size_t
edit_distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t la = strlen(a);
    size_t lb = strlen(b);
    size_t rows[3][MAX + 1];
    size_t *two = rows[0];
    size_t *prev = rows[1];
    size_t *cur = rows[2];

    if (la > MAX || lb > MAX)
        return MAX;
    for (size_t j = 0; j <= lb; j++)
        prev[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t *recycled = two;

        cur[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = prev[j - 1] + (ascii_lower(a[i - 1]) != ascii_lower(b[j - 1]));

            if (prev[j] + 1 < best)
                best = prev[j] + 1;
            if (cur[j - 1] + 1 < best)
                best = cur[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            cur[j] = best;
        }
        two = prev;
        prev = cur;
        cur = recycled;
    }
    return prev[lb];
}

const char *
text_nearest(const char *word, const char *const *base, size_t count, size_t stride)
{
    const char *nearest = NULL;
    size_t limit = strlen(word) / 3 + 1;

    for (size_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)(const void *)((const char *)base + i * stride);
        size_t d;

        if (!name)
            continue;
        d = edit_distance(word, name);
        if (d <= limit && d < strlen(name)) {
            limit = d ? d - 1 : 0;
            nearest = name;
            if (!d)
                break;
        }
    }
    return nearest;
}
