#include "core/base/address.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"

enum { EMAIL_MAX_CHARS = 254, LABEL_MAX = 63, E164_MIN = 8, E164_MAX = 15, NANP_DIGITS = 10 };
enum { RAW_MAX = 128 }; /* a longer text is no phone number, however many blanks it holds */

enum trunk_rule {
    TRUNK_NONE,     /* the country has no trunk prefix: the number is written as it is */
    TRUNK_REQUIRED, /* national numbers are always written with it */
    TRUNK_OPTIONAL  /* people write both */
};

/* How a national number is written. Lengths are of the national significant number (ITU-T E.164,
 * national numbering plans), without trunk prefix and country code. */
struct country {
    char iso[3];
    const char *code;
    const char *trunk;
    enum trunk_rule rule;
    signed char min, max;
    bool leading_zero; /* a 0 in front belongs to the number (Italy) */
};

/* clang-format off */
static const struct country countries[] = {
    {"AE", "971", "0", TRUNK_REQUIRED, 8, 9, false},   {"AR", "54", "0", TRUNK_OPTIONAL, 10, 10, false},
    {"AT", "43", "0", TRUNK_REQUIRED, 6, 13, false},   {"AU", "61", "0", TRUNK_REQUIRED, 9, 9, false},
    {"BE", "32", "0", TRUNK_REQUIRED, 8, 9, false},    {"BG", "359", "0", TRUNK_REQUIRED, 7, 9, false},
    {"BR", "55", "0", TRUNK_OPTIONAL, 10, 11, false},  {"CH", "41", "0", TRUNK_REQUIRED, 9, 9, false},
    {"CL", "56", "", TRUNK_NONE, 9, 9, false},         {"CN", "86", "0", TRUNK_OPTIONAL, 10, 11, false},
    {"CO", "57", "", TRUNK_NONE, 10, 10, false},       {"CY", "357", "", TRUNK_NONE, 8, 8, false},
    {"CZ", "420", "", TRUNK_NONE, 9, 9, false},        {"DE", "49", "0", TRUNK_REQUIRED, 6, 11, false},
    {"DK", "45", "", TRUNK_NONE, 8, 8, false},         {"EE", "372", "", TRUNK_NONE, 7, 8, false},
    {"EG", "20", "0", TRUNK_REQUIRED, 8, 10, false},   {"ES", "34", "", TRUNK_NONE, 9, 9, false},
    {"FI", "358", "0", TRUNK_REQUIRED, 6, 11, false},  {"FR", "33", "0", TRUNK_REQUIRED, 9, 9, false},
    {"GB", "44", "0", TRUNK_REQUIRED, 9, 10, false},   {"GR", "30", "", TRUNK_NONE, 10, 10, false},
    {"HK", "852", "", TRUNK_NONE, 8, 8, false},        {"HR", "385", "0", TRUNK_REQUIRED, 8, 9, false},
    {"HU", "36", "06", TRUNK_REQUIRED, 8, 9, false},   {"ID", "62", "0", TRUNK_REQUIRED, 8, 12, false},
    {"IE", "353", "0", TRUNK_REQUIRED, 7, 9, false},   {"IL", "972", "0", TRUNK_REQUIRED, 8, 9, false},
    {"IN", "91", "0", TRUNK_OPTIONAL, 10, 10, false},  {"IS", "354", "", TRUNK_NONE, 7, 7, false},
    {"IT", "39", "", TRUNK_NONE, 6, 11, true},         {"JP", "81", "0", TRUNK_REQUIRED, 9, 10, false},
    {"KE", "254", "0", TRUNK_REQUIRED, 9, 9, false},   {"KR", "82", "0", TRUNK_REQUIRED, 8, 10, false},
    {"KW", "965", "", TRUNK_NONE, 8, 8, false},        {"KZ", "7", "8", TRUNK_REQUIRED, 10, 10, false},
    {"LT", "370", "0", TRUNK_REQUIRED, 8, 8, false},   {"LU", "352", "", TRUNK_NONE, 6, 9, false},
    {"LV", "371", "", TRUNK_NONE, 8, 8, false},        {"MA", "212", "0", TRUNK_REQUIRED, 9, 9, false},
    {"MT", "356", "", TRUNK_NONE, 8, 8, false},        {"MX", "52", "", TRUNK_NONE, 10, 10, false},
    {"MY", "60", "0", TRUNK_REQUIRED, 8, 10, false},   {"NG", "234", "0", TRUNK_REQUIRED, 8, 10, false},
    {"NL", "31", "0", TRUNK_REQUIRED, 9, 9, false},    {"NO", "47", "", TRUNK_NONE, 8, 8, false},
    {"NZ", "64", "0", TRUNK_REQUIRED, 8, 10, false},   {"PE", "51", "0", TRUNK_OPTIONAL, 8, 9, false},
    {"PH", "63", "0", TRUNK_REQUIRED, 8, 10, false},   {"PL", "48", "", TRUNK_NONE, 9, 9, false},
    {"PT", "351", "", TRUNK_NONE, 9, 9, false},        {"QA", "974", "", TRUNK_NONE, 8, 8, false},
    {"RO", "40", "0", TRUNK_REQUIRED, 9, 9, false},    {"RS", "381", "0", TRUNK_REQUIRED, 8, 9, false},
    {"RU", "7", "8", TRUNK_REQUIRED, 10, 10, false},   {"SA", "966", "0", TRUNK_REQUIRED, 8, 9, false},
    {"SE", "46", "0", TRUNK_REQUIRED, 7, 10, false},   {"SG", "65", "", TRUNK_NONE, 8, 8, false},
    {"SI", "386", "0", TRUNK_REQUIRED, 8, 8, false},   {"SK", "421", "0", TRUNK_REQUIRED, 9, 9, false},
    {"TH", "66", "0", TRUNK_REQUIRED, 8, 9, false},    {"TR", "90", "0", TRUNK_OPTIONAL, 10, 10, false},
    {"TW", "886", "0", TRUNK_REQUIRED, 8, 9, false},   {"UA", "380", "0", TRUNK_REQUIRED, 9, 9, false},
    {"VN", "84", "0", TRUNK_REQUIRED, 9, 10, false},   {"ZA", "27", "0", TRUNK_REQUIRED, 9, 9, false},
};
/* Members of the North American Numbering Plan: country code 1, ten digits. */
static const char nanp[][3] = {
    "AG", "AI", "AS", "BB", "BM", "BS", "CA", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC",
    "MP", "MS", "PR", "SX", "TC", "TT", "US", "VC", "VG", "VI",
};
/* clang-format on */

static bool
is_nanp(const char *country)
{
    for (size_t i = 0; i < ARRAY_LEN(nanp); i++)
        if (strcasecmp(nanp[i], country) == 0)
            return true;
    return false;
}

static const struct country *
country_find(const char *iso)
{
    for (size_t i = 0; i < ARRAY_LEN(countries); i++)
        if (strcasecmp(countries[i].iso, iso) == 0)
            return &countries[i];
    return NULL;
}

bool
address_country_is_known(const char *country)
{
    return country && (is_nanp(country) || country_find(country) != NULL);
}

/* Bytes of a blank at s, 0 when there is none: blank, tab, no-break (U+00A0, U+2007, U+202F). */
static size_t
blank_at(const char *s)
{
    if (*s == ' ' || *s == '\t')
        return 1;
    if (*s == '\xC2' && s[1] == '\xA0')
        return 2;
    if (*s == '\xE2' && s[1] == '\x80' && (s[2] == '\x87' || s[2] == '\xAF'))
        return 3;
    return 0;
}

/* Takes out blanks and punctuation; leaves an optional "+" in front and digits. Returns digits'
 * count, -1. */
static int
strip_phone(const char *raw, char digits[E164_MAX + 4], bool *plus)
{
    int count = 0;

    *plus = false;
    for (const char *s = raw; *s;) {
        size_t blank = blank_at(s);

        if (s - raw > RAW_MAX)
            return -1;
        if (blank > 0) {
            s += blank;
            continue;
        }
        if (*s == '+' && !*plus && count == 0)
            *plus = true;
        else if (*s >= '0' && *s <= '9') {
            if (count >= E164_MAX + 3)
                return -1;
            digits[count++] = *s;
        } else if (*s != '(' && *s != ')' && *s != '.' && *s != '-')
            return -1;
        s++;
    }
    digits[count] = '\0';
    return count;
}

static bool
put_e164(const char *code, const char *number, char out[ADDRESS_PHONE_SIZE])
{
    size_t code_len = strlen(code);
    size_t len = strlen(number);

    if (code_len + len < E164_MIN || code_len + len > E164_MAX)
        return false;
    (void)snprintf(out, ADDRESS_PHONE_SIZE, "+%s%s", code, number);
    return true;
}

static bool
nanp_ten(const char *digits, int count, char out[ADDRESS_PHONE_SIZE])
{
    return count == NANP_DIGITS && digits[0] >= '2' && digits[3] >= '2' &&
           put_e164("1", digits, out);
}

static bool
national(const struct country *c, const char *digits, char out[ADDRESS_PHONE_SIZE])
{
    size_t trunk_len = strlen(c->trunk);
    bool has_trunk = c->rule != TRUNK_NONE && strncmp(digits, c->trunk, trunk_len) == 0;
    const char *number = digits + (has_trunk ? trunk_len : 0);
    int len = (int)strlen(number);

    if (c->rule == TRUNK_REQUIRED && !has_trunk)
        return false;
    if (number[0] == '0' && !c->leading_zero) /* "00": an international prefix, or a slip */
        return false;
    if (number[0] == '0' && number[1] == '0')
        return false;
    return len >= c->min && len <= c->max && put_e164(c->code, number, out);
}

bool
address_phone_normalise(const char *raw, const char *country, char out[ADDRESS_PHONE_SIZE])
{
    char digits[E164_MAX + 4];
    bool plus = false;
    int count = raw ? strip_phone(raw, digits, &plus) : -1;
    const struct country *rules;

    out[0] = '\0';
    if (count <= 0)
        return false;
    if (plus && digits[0] == '1')
        return nanp_ten(digits + 1, count - 1, out);
    if (plus)
        return digits[0] != '0' && put_e164("", digits, out);
    if (!country)
        return false;
    if (is_nanp(country)) {
        bool one = count == NANP_DIGITS + 1 && digits[0] == '1';

        return nanp_ten(digits + one, count - one, out);
    }
    rules = country_find(country);
    return rules && national(rules, digits, out);
}

static bool
is_alnum_ascii(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Two or more labels of ASCII letters, digits and inner hyphens. */
static bool
domain_is_valid(const char *s, size_t len)
{
    size_t labels = 0;
    size_t from = 0;

    for (size_t i = 0; i <= len; i++) {
        if (i < len && s[i] != '.') {
            if (!is_alnum_ascii(s[i]) && s[i] != '-')
                return false;
            continue;
        }
        if (i == from || i - from > LABEL_MAX || s[from] == '-' || s[i - 1] == '-')
            return false;
        labels++;
        from = i + 1;
    }
    return labels >= 2;
}

/* Blanks of any script, line ends and control characters. */
static bool
is_blank_or_control(uint32_t cp)
{
    return cp <= 0x20 || (cp >= 0x7F && cp <= 0xA0) || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200F) || (cp >= 0x2028 && cp <= 0x202F) || cp == 0x205F ||
           cp == 0x3000 || cp == 0xFEFF;
}

static bool
local_is_valid(const char *s, size_t len)
{
    if (len == 0)
        return false;
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t used = utf8_decode(s + i, len - i, &cp);

        if (used == 0 || is_blank_or_control(cp) || (cp < 0x80 && strchr("\",;:<>()[]\\", (int)cp)))
            return false;
        i += used;
    }
    return true;
}

static bool
trim_byte(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

/* Cuts blanks, line ends and no-break blanks at both ends. */
static void
trim(const char **s, size_t *len)
{
    for (;;) {
        if (*len > 0 && trim_byte((*s)[0])) {
            (*s)++;
            (*len)--;
        } else if (*len > 0 && trim_byte((*s)[*len - 1])) {
            (*len)--;
        } else if (*len > 1 && memcmp(*s, "\xC2\xA0", 2) == 0) {
            *s += 2;
            *len -= 2;
        } else if (*len > 1 && memcmp(*s + *len - 2, "\xC2\xA0", 2) == 0) {
            *len -= 2;
        } else {
            return;
        }
    }
}

static size_t
count_chars(const char *s, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)s[i] & 0xC0) != 0x80;
    return count;
}

bool
address_email_normalise(const char *raw, struct buf *send_form, struct buf *compare_form)
{
    const char *s = raw;
    size_t len = raw ? strlen(raw) : 0;
    const char *at;
    size_t local_len;

    if (!raw)
        return false;
    trim(&s, &len);
    at = memchr(s, '@', len);
    if (!at || count_chars(s, len) > EMAIL_MAX_CHARS)
        return false;
    local_len = (size_t)(at - s);
    /* A second "@" falls out of the domain's alphabet. */
    if (!local_is_valid(s, local_len) || !domain_is_valid(at + 1, len - local_len - 1))
        return false;
    if (send_form) {
        buf_add(send_form, s, local_len + 1);
        text_lower(send_form, at + 1, len - local_len - 1);
    }
    if (compare_form)
        text_lower(compare_form, s, len);
    return true;
}
