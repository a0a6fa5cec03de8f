#include "net/twilio_answer.h"

#include <string.h>

#include "core/base/cc.h"
#include "core/base/json_scan.h"
#include "core/base/text.h"

bool
twilio_is_message_sid(const char *s)
{
    if (!s || strlen(s) != 34 || (strncmp(s, "SM", 2) != 0 && strncmp(s, "MM", 2) != 0))
        return false;
    return strspn(s + 2, "0123456789abcdefABCDEF") == 32;
}

bool
twilio_is_status(const char *s)
{
    return s && strspn(s, "abcdefghijklmnopqrstuvwxyz_-") == strlen(s);
}

int
twilio_code_of(int64_t n)
{
    return n > 0 && n <= 999999 ? (int)n : 0;
}

/* Of some thirty members four are read; the others are only gone over. */
static bool
is_wanted(const struct buf *name)
{
    static const struct {
        size_t len;
        const char *text;
    } wanted[] = {{3, "sid"}, {6, "status"}, {10, "error_code"}, {4, "code"}};

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (wanted[i].len == name->len && memcmp(wanted[i].text, buf_str(name), wanted[i].len) == 0)
            return true;
    return false;
}

static int
code_in(enum json_scan_kind kind, const char *text)
{
    int64_t n = 0;

    if ((kind == JSON_SCAN_NUMBER || kind == JSON_SCAN_STRING) && num_parse_i64(text, &n))
        return twilio_code_of(n);
    return 0;
}

/* Of a member that stands twice the last counts. */
static void
note_member(struct twilio_answer *out, const char *name, enum json_scan_kind kind,
            const struct buf *value)
{
    const char *text = buf_str(value);
    /* a NUL inside is no end: what is behind it counts */
    const bool string = kind == JSON_SCAN_STRING && strlen(text) == value->len;

    if (strcmp(name, "sid") == 0) {
        out->sid[0] = '\0';
        if (string && twilio_is_message_sid(text))
            (void)text_copy(out->sid, sizeof out->sid, text);
    } else if (strcmp(name, "status") == 0) {
        out->status[0] = '\0';
        if (string && twilio_is_status(text))
            (void)text_copy(out->status, sizeof out->status, text);
    } else if (strcmp(name, "error_code") == 0) {
        out->error_code = code_in(kind, text);
    } else if (strcmp(name, "code") == 0) {
        out->code = code_in(kind, text);
    }
}

static bool
read_member(struct json_scan *r, struct buf *name, struct buf *value, struct twilio_answer *out)
{
    enum json_scan_kind kind = JSON_SCAN_OTHER;
    bool wanted;

    buf_clear(name);
    buf_clear(value);
    json_scan_blanks(r);
    if (!json_scan_string(r, name))
        return false;
    json_scan_blanks(r);
    wanted = is_wanted(name);
    if (!json_scan_take(r, ':') || !json_scan_value(r, wanted ? value : NULL, &kind))
        return false;
    if (wanted)
        note_member(out, buf_str(name), kind, value);
    return true;
}

bool
twilio_answer_read(const char *json, size_t len, struct twilio_answer *out)
{
    struct json_scan r = {.s = json, .end = json + len};
    struct buf name = {0};
    struct buf value = {0};
    bool ok = utf8_is_valid(json, len);

    *out = (struct twilio_answer){0};
    json_scan_blanks(&r);
    ok = ok && json_scan_take(&r, '{');
    json_scan_blanks(&r);
    if (ok && !json_scan_take(&r, '}')) {
        do {
            ok = read_member(&r, &name, &value, out);
        } while (ok && json_scan_take(&r, ','));
        ok = ok && json_scan_take(&r, '}');
    }
    json_scan_blanks(&r);
    ok = ok && r.s == r.end;
    if (!ok)
        *out = (struct twilio_answer){0};
    buf_release(&name);
    buf_release(&value);
    return ok;
}
