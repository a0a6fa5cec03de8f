#include "ui/term/cells.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "core/base/cc.h"
#include "core/base/text.h"

static enum cells_mode mode_now = CELLS_UTF8;

static const struct {
    uint32_t cp;
    const char *ascii;
} sign_table[] = {
    {0x2026, "..."}, /* … */
    {0x25CF, "*"},   /* ● */
    {0x25D0, "~"},   /* ◐ */
    {0x25F7, "@"},   /* ◷ */
    {0x25CC, "="},   /* ◌ */
    {0x25CB, "o"},   /* ○ */
    {0x2713, "v"},   /* ✓ */
    {0x2717, "x"},   /* ✗ */
    {0x25B8, ">"},   /* ▸ */
    {0x25BE, "v"},   /* ▾ */
    {0x25B2, "^"},   /* ▲ */
    {0x25BC, "v"},   /* ▼ */
    {0x203A, ">"},   /* › */
    {0x2039, "<"},   /* ‹ */
    {0x2190, "<"},   /* ← */
    {0x2191, "^"},   /* ↑ */
    {0x2192, ">"},   /* → */
    {0x2193, "v"},   /* ↓ */
    {0x00B7, "-"},   /* · */
    {0x2022, "*"},   /* • */
    {0x2013, "-"},   /* – */
    {0x2014, "-"},   /* — */
    {0x2500, "-"},   /* ─ */
    {0x2501, "#"},   /* ━ */
    {0x2502, "|"},   /* │ */
    {0x2503, "#"},   /* ┃ */
    {0x2514, "+"},   /* └ */
    {0x2524, "+"},   /* ┤ */
    {0x2581, "."},   /* ▁ */
    {0x2582, ":"},   /* ▂ */
    {0x2583, "-"},   /* ▃ */
    {0x2584, "="},   /* ▄ */
    {0x2585, "+"},   /* ▅ */
    {0x2586, "*"},   /* ▆ */
    {0x2587, "#"},   /* ▇ */
    {0x2588, "#"},   /* █ */
    {0x2589, "#"},   /* ▉ */
    {0x258A, "#"},   /* ▊ */
    {0x258B, "#"},   /* ▋ */
    {0x258C, "#"},   /* ▌ */
    {0x258D, "-"},   /* ▍ */
    {0x258E, "-"},   /* ▎ */
    {0x258F, "-"},   /* ▏ */
    {0x00D7, "x"},   /* × */
    {0x2018, "'"},   {0x2019, "'"}, {0x201C, "\""}, {0x201D, "\""},
};

void
cells_set_mode(enum cells_mode mode)
{
    mode_now = mode;
}

enum cells_mode
cells_mode(void)
{
    return mode_now;
}

bool
cells_is_ascii(void)
{
    return mode_now != CELLS_UTF8;
}

/* wcwidth answers by the locale of the thread; ours is fixed, so that tests and odd logins agree.
 */
static int
width_of(uint32_t cp)
{
    static locale_t utf8;
    locale_t before;
    int width;

    if (cp < 0x80)
        return 1;
    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!utf8)
        return 1;
    before = uselocale(utf8);
    width = wcwidth((wchar_t)cp);
    (void)uselocale(before);
    return width;
}

static bool
is_hidden_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200E || cp == 0x200F || cp == 0x061C ||
           cp == 0x2028 || cp == 0x2029;
}

static const char *
ascii_of(uint32_t cp)
{
    static const char *const braille = " .:-=+*##";

    if (cp >= 0x2800 && cp <= 0x28FF) {
        static char one[2];
        one[0] = braille[__builtin_popcount(cp & 0xFF)];
        return one;
    }
    for (size_t i = 0; i < ARRAY_LEN(sign_table); i++)
        if (sign_table[i].cp == cp)
            return sign_table[i].ascii;
    return mode_now == CELLS_ASCII_ONLY ? "?" : NULL;
}

/* Combining marks and joiners behind a character are drawn in its cell, as many as there is room
 * for. */
static size_t
take_marks(const char *s, size_t len, struct cell_text *out)
{
    size_t used = 0;
    size_t have = strlen(out->text);

    while (used < len) {
        uint32_t cp;
        size_t n = utf8_decode(s + used, len - used, &cp);
        if (n == 0 || cp < 0x80 || is_hidden_control(cp) || width_of(cp) != 0)
            break;
        /* a joiner would melt two cells into one on some terminals: leave it out */
        if (cp != 0x200D && cp != 0xFE0F && have + n < CELL_BYTES && mode_now != CELLS_ASCII_ONLY) {
            memcpy(out->text + have, s + used, n);
            have += n;
            out->text[have] = '\0';
        }
        used += n;
    }
    return used;
}

static void
set_text(struct cell_text *out, const char *text, size_t len, int width)
{
    memcpy(out->text, text, len);
    out->text[len] = '\0';
    out->width = width;
}

size_t
cells_next(const char *s, size_t len, struct cell_text *out)
{
    uint32_t cp;
    size_t n;
    int width;
    const char *ascii;

    if ((unsigned char)s[0] >= 0x20 && (unsigned char)s[0] < 0x7F) {
        set_text(out, s, 1, 1);
        return len > 1 && (unsigned char)s[1] >= 0x80 ? 1 + take_marks(s + 1, len - 1, out) : 1;
    }
    n = utf8_decode(s, len, &cp);
    if (n == 0 || is_hidden_control(cp)) {
        set_text(out, cells_is_ascii() ? "-" : "·", cells_is_ascii() ? 1 : 2, 1);
        return n ? n : 1;
    }
    ascii = cells_is_ascii() ? ascii_of(cp) : NULL;
    if (ascii) {
        set_text(out, ascii, strlen(ascii), (int)strlen(ascii));
        return n + take_marks(s + n, len - n, out);
    }
    width = width_of(cp);
    if (width <= 0) { /* a mark with nothing before it, or unassigned */
        set_text(out, cells_is_ascii() ? "-" : "·", cells_is_ascii() ? 1 : 2, 1);
        return n;
    }
    set_text(out, s, n, width);
    return n + take_marks(s + n, len - n, out);
}

int
cells_width(const char *s)
{
    size_t len = s ? strlen(s) : 0;
    int width = 0;

    for (size_t i = 0; i < len;) {
        struct cell_text c;
        i += cells_next(s + i, len - i, &c);
        width += c.width;
    }
    return width;
}

size_t
cells_fit(const char *s, int width)
{
    size_t len = strlen(s);
    size_t i = 0;
    int used = 0;

    while (i < len) {
        struct cell_text c;
        size_t n = cells_next(s + i, len - i, &c);
        if (used + c.width > width)
            break;
        used += c.width;
        i += n;
    }
    return i;
}

void
cells_cut(struct buf *out, const char *s, int width)
{
    int dots = cells_is_ascii() ? 3 : 1;
    size_t fit;

    if (width <= 0)
        return;
    if (cells_width(s) <= width) {
        buf_add_str(out, s);
        return;
    }
    if (width < dots) {
        for (int i = 0; i < width; i++)
            buf_add_char(out, '.');
        return;
    }
    fit = cells_fit(s, width - dots);
    buf_add(out, s, fit);
    buf_add_str(out, "…");
}

static size_t
next_line(const char *s, size_t len, int width)
{
    size_t i = 0;
    size_t last_blank = 0;
    int used = 0;

    while (i < len && s[i] != '\n') {
        struct cell_text c;
        size_t n = cells_next(s + i, len - i, &c);
        if (used + c.width > width) {
            if (s[i] == ' ')
                return i;
            return last_blank ? last_blank : (i ? i : n);
        }
        used += c.width;
        i += n;
        if (i < len && s[i] == ' ')
            last_blank = i;
    }
    return i;
}

size_t
cells_wrap(const char *s, int width, void (*line)(void *ctx, const char *s, size_t len), void *ctx)
{
    size_t len = strlen(s);
    size_t count = 0;
    size_t i = 0;

    if (width < 1)
        width = 1;
    do {
        size_t n = next_line(s + i, len - i, width);
        if (line)
            line(ctx, s + i, n);
        count++;
        i += n;
        if (i < len && s[i] == '\n') {
            i++;
            if (i == len)
                break;
        } else {
            while (i < len && s[i] == ' ')
                i++;
        }
    } while (i < len);
    return count;
}
