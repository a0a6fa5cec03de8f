/* Any bytes as a time, a number, UTF-8: never a crash, and what was read formats back to the same
 * instant. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/base/utime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data;
    char text[UTIME_RFC3339_SIZE];
    struct buf out = {0};
    int64_t t = 0;
    int64_t back = 0;

    if (utime_parse_rfc3339(s, size, &t) && t >= -62167219200 && t < 253402300800 &&
        (!utime_parse_rfc3339(utime_format(t, text), strlen(text), &back) || back != t))
        abort();
    text_sanitise(&out, s, size);
    if (!utf8_is_valid(buf_str(&out), out.len))
        abort();
    buf_clear(&out);
    text_lower(&out, s, size);
    buf_release(&out);
    return 0;
}
