#include "core/config/yaml_scalar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/* 0o17, 0x1F */
static bool
is_based(const char *s)
{
    return s[0] == '0' && (s[1] == 'o' || s[1] == 'x') && s[2] &&
           strspn(s + 2, s[1] == 'o' ? "01234567" : "0123456789abcdefABCDEF") == strlen(s + 2);
}

/* [-+]?[0-9]+ of the core schema, and 0o17, 0x1F */
static bool
scalar_integer(const char *s, int64_t *out)
{
    char *end = NULL;
    unsigned long long value;

    if (is_based(s)) {
        errno = 0;
        value = strtoull(s + 2, &end, s[1] == 'o' ? 8 : 16);
        *out = (int64_t)value;
        return errno == 0 && value <= INT64_MAX;
    }
    return num_parse_i64(s[0] == '+' ? s + 1 : s, out) && strspn(s + (s[0] == '+'), "+") == 0;
}

static int
hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool
scalar_float(const char *s, double *out)
{
    const char *p = s + (*s == '-' || *s == '+');
    size_t whole;
    size_t part = 0;

    if (is_based(s)) { /* too large for an integer */
        *out = 0;
        for (p = s + 2; *p; p++)
            *out = *out * (s[1] == 'o' ? 8 : 16) + hex_digit(*p);
        return true;
    }
    whole = strspn(p, "0123456789");
    p += whole;
    if (*p == '.') {
        p++;
        part = strspn(p, "0123456789");
        p += part;
    }
    if (whole + part == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        size_t n;

        p++;
        p += *p == '-' || *p == '+';
        n = strspn(p, "0123456789");
        if (!n)
            return false;
        p += n;
    }
    if (*p)
        return false;
    *out = strtod(s, NULL);
    return true;
}

static bool
is_word(const char *s, const char *lower, const char *title, const char *upper)
{
    return strcmp(s, lower) == 0 || strcmp(s, title) == 0 || strcmp(s, upper) == 0;
}

struct yaml_scalar
yaml_scalar_read(const char *s, bool plain)
{
    struct yaml_scalar out = {.kind = YAML_IS_TEXT};
    const char *unsigned_part = s + (*s == '-' || *s == '+');

    if (!plain)
        return out;
    if (!*s || strcmp(s, "~") == 0 || is_word(s, "null", "Null", "NULL")) {
        out.kind = YAML_IS_NULL;
    } else if (is_word(s, "true", "True", "TRUE")) {
        out.kind = YAML_IS_TRUE;
    } else if (is_word(s, "false", "False", "FALSE")) {
        out.kind = YAML_IS_FALSE;
    } else if (scalar_integer(s, &out.integer)) {
        out.kind = YAML_IS_INTEGER;
    } else if (scalar_float(s, &out.real)) {
        out.kind = YAML_IS_REAL;
    } else if (is_word(s, ".nan", ".NaN", ".NAN")) {
        out.kind = YAML_IS_REAL;
        out.real = (double)NAN;
    } else if (is_word(unsigned_part, ".inf", ".Inf", ".INF")) {
        out.kind = YAML_IS_REAL;
        out.real = *s == '-' ? -(double)INFINITY : (double)INFINITY;
    }
    return out;
}
