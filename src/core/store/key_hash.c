#include "core/store/key_hash.h"

enum { HASH_BITS = 36, UUID_CHARS = 36 };

static bool
is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool
key_is_uuid(const char *text, size_t len)
{
    if (len != UUID_CHARS)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !is_hex(text[i]))
            return false;
    }
    return true;
}

/* FNV-1a, then mixed: the top bits of near keys would be near. */
static int64_t
finish(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    h ^= h >> 32;
    return (int64_t)(h & ((UINT64_C(1) << HASH_BITS) - 1));
}

static uint64_t
step(uint64_t h, char c)
{
    return (h ^ (unsigned char)c) * UINT64_C(0x100000001B3);
}

int64_t
key_hash_text(const char *text, size_t len)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    bool uuid = key_is_uuid(text, len);

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (uuid && c >= 'A' && c <= 'F')
            c = (char)(c - 'A' + 'a');
        h = step(h, c);
    }
    return finish(h);
}

int64_t
key_hash_number(int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? UINT64_C(0) - (uint64_t)number : (uint64_t)number;

    do
        digits[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        digits[--at] = '-';
    return key_hash_text(digits + at, sizeof digits - at);
}
