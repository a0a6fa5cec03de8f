/* The body of a form: names and values. */
#include "core/base/buf.h"
#include "net/http.h"

/* RFC 3986, 2.3 */
static bool
is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void
http_escape(struct buf *out, const char *value)
{
    static const char digits[] = "0123456789ABCDEF";

    while (value[0]) {
        size_t run = 0;
        unsigned char c;

        while (is_unreserved((unsigned char)value[run]))
            run++;
        c = (unsigned char)value[run];
        buf_add(out, value, run);
        value += run;
        if (c) {
            buf_add(out, (char[3]){'%', digits[c >> 4], digits[c & 0xF]}, 3);
            value++;
        }
    }
}

void
http_form_add(struct buf *form, const char *name, const char *value)
{
    if (form->len)
        buf_add_char(form, '&');
    buf_add_str(form, name);
    buf_add_char(form, '=');
    http_escape(form, value);
}
