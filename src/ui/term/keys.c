#include "ui/term/keys.h"

#include <stdint.h>
#include <stdio.h>

#include "core/base/cc.h"
#include "core/base/text.h"

static const struct {
    int key;
    const char *name;
} names[] = {
    {KEYS_TAB, "Tab"},        {KEYS_ENTER, "Enter"}, {KEYS_ESC, "Esc"},    {' ', "Space"},
    {KEYS_UP, "↑"},           {KEYS_DOWN, "↓"},      {KEYS_LEFT, "←"},     {KEYS_RIGHT, "→"},
    {KEYS_HOME, "Home"},      {KEYS_END, "End"},     {KEYS_PGUP, "PgUp"},  {KEYS_PGDN, "PgDn"},
    {KEYS_BACKSPACE, "Bksp"}, {KEYS_DELETE, "Del"},  {KEYS_INSERT, "Ins"}, {KEYS_BACKTAB, "S-Tab"},
};

const char *
key_label(int key, char out[16])
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].key == key) {
            (void)text_copy(out, 16, names[i].name);
            return out;
        }
    if (key >= KEYS_F1 && key <= KEYS_F12) {
        (void)snprintf(out, 16, "F%d", key - KEYS_F1 + 1);
    } else if (key > 0 && key < 32) {
        (void)snprintf(out, 16, "^%c", '@' + key);
    } else {
        char text[4];
        size_t n = utf8_encode((uint32_t)key, text);
        (void)snprintf(out, 16, "%.*s", (int)n, text);
    }
    return out;
}

bool
key_is_text(int key)
{
    return key >= 32 && key != 127 && key < KEYS_SPECIAL;
}
