/* Any text as a reply: a ruling, the same each time, whatever the case and the blanks around it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/reply/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    char *padded = mem_printf("  %s \n", text);
    enum reply_word word = reply_word_of(text);

    if (word < 0 || word >= REPLY_WORD_COUNT || reply_word_of(padded) != word)
        abort();
    for (char *p = text; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    if (reply_word_of(text) != word || !reply_intent_of(word, text)[0])
        abort();
    free(padded);
    free(text);
    return 0;
}
