#include "core/campaign/sms_segments.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/base/cc.h"
#include "core/base/text.h"

enum { GSM_ALONE = 160, GSM_PART = 153, UCS2_ALONE = 70, UCS2_PART = 67 };

/* GSM 03.38 beyond the ASCII characters that it shares (3GPP TS 23.038, 6.2.1); sorted. */
static const uint16_t gsm_basic[] = {
    0x000A, 0x000D, 0x00A1, 0x00A3, 0x00A4, 0x00A5, 0x00A7, 0x00BF, 0x00C4, 0x00C5, 0x00C6,
    0x00C7, 0x00C9, 0x00D1, 0x00D6, 0x00D8, 0x00DC, 0x00DF, 0x00E0, 0x00E4, 0x00E5, 0x00E6,
    0x00E8, 0x00E9, 0x00EC, 0x00F1, 0x00F2, 0x00F6, 0x00F8, 0x00F9, 0x00FC, 0x0393, 0x0394,
    0x0398, 0x039B, 0x039E, 0x03A0, 0x03A3, 0x03A6, 0x03A8, 0x03A9,
};

/* ASCII that takes one septet. */
static bool
is_plain(char c)
{
    switch (c) {
    case '^':
    case '{':
    case '}':
    case '\\':
    case '[':
    case '~':
    case ']':
    case '|':
    case '`':
        return false;
    default:
        return c >= 0x20 && c < 0x7F;
    }
}

/* Septets that cp takes: 1, 2 for the extension table, 0 when GSM-7 does not have it. */
static int
gsm_septets(uint32_t cp)
{
    if (cp >= 0x20 && cp < 0x7F) {
        if (is_plain((char)cp))
            return 1;
        return cp == '`' ? 0 : 2;
    }
    if (cp == 0x0C || cp == 0x20AC) /* form feed, euro */
        return 2;
    for (size_t i = 0; i < ARRAY_LEN(gsm_basic); i++)
        if (gsm_basic[i] == cp)
            return 1;
    return 0;
}

/* Units and parts when every part holds `room` units and no character is cut in two. */
struct tally {
    int units, parts, left;
};

static void
tally_add(struct tally *t, int units, int room)
{
    t->units += units;
    if (t->parts == 0 || units > t->left) {
        t->parts++;
        t->left = room;
    }
    t->left -= units;
}

/* Nearly every text: all of it ASCII of one septet. */
static struct sms_segments
plain_segments(int len)
{
    int parts = len > GSM_ALONE ? (len + GSM_PART - 1) / GSM_PART : len > 0;

    return (struct sms_segments){.gsm7 = true, .units = len, .segments = parts, .characters = len};
}

struct sms_segments
sms_segments_count(const char *text, size_t len)
{
    struct tally gsm = {0};
    struct tally ucs2 = {0};
    struct sms_segments out = {.gsm7 = true};
    size_t plain = 0;

    while (plain < len && is_plain(text[plain]))
        plain++;
    if (plain == len)
        return plain_segments((int)len);
    for (size_t at = 0; at < len; out.characters++) {
        uint32_t cp;
        size_t used = utf8_decode(text + at, len - at, &cp);
        int septets;

        if (used == 0) { /* malformed: on the wire it would be U+FFFD */
            used = 1;
            cp = 0xFFFD;
        }
        at += used;
        septets = gsm_septets(cp);
        if (septets == 0)
            out.gsm7 = false;
        tally_add(&gsm, septets, GSM_PART);
        tally_add(&ucs2, cp > 0xFFFF ? 2 : 1, UCS2_PART);
    }
    out.units = out.gsm7 ? gsm.units : ucs2.units;
    if (out.units > (out.gsm7 ? GSM_ALONE : UCS2_ALONE))
        out.segments = out.gsm7 ? gsm.parts : ucs2.parts;
    else
        out.segments = out.units > 0;
    return out;
}
