#include "core/webhook/form.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"

enum { MAX_FIELDS = 1000 };

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes one name or value; NULL and *why when it cannot be text. */
static char *
decode(const char *s, size_t len, const char **why)
{
    char *out = mem_alloc(len + 1);
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        char c = s[i];

        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < len ? hex_value(s[i + 1]) : -1;
            int low = i + 2 < len ? hex_value(s[i + 2]) : -1;

            if (high < 0 || low < 0) {
                *why = "a percent escape is malformed";
                goto bad;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (!c) {
            *why = "a NUL byte is not allowed";
            goto bad;
        }
        out[used++] = c;
    }
    if (!utf8_is_valid(out, used)) {
        *why = "the text is not UTF-8";
        goto bad;
    }
    return out;
bad:
    free(out);
    return NULL;
}

static void
take_field(struct form *form, char *name, char *value)
{
    form->fields = mem_grow(form->fields, form->count, &form->capacity, sizeof form->fields[0]);
    form->fields[form->count++] = (struct form_field){.name = name, .value = value};
}

static bool
parse_field(struct form *form, const char *s, size_t len, struct error *err)
{
    const char *equals = memchr(s, '=', len);
    size_t name_len = equals ? (size_t)(equals - s) : len;
    size_t value_len = equals ? len - name_len - 1 : 0;
    const char *why = NULL;
    char *name = decode(s, name_len, &why);
    char *value = name ? decode(equals ? equals + 1 : s, value_len, &why) : NULL;

    if (!value) {
        free(name);
        return error_set(err, ERR_INVALID, "form field %zu: %s", form->count + 1, why);
    }
    take_field(form, name, value);
    return true;
}

bool
form_parse(const char *text, size_t len, struct form *out, struct error *err)
{
    struct form form = {0};
    const char *end = text + len;

    while (len && text < end) {
        const char *amp = memchr(text, '&', (size_t)(end - text));
        const char *stop = amp ? amp : end;

        if (stop > text) {
            if (form.count == MAX_FIELDS) {
                error_set(err, ERR_INVALID, "a form has at most %d fields", MAX_FIELDS);
                goto bad;
            }
            if (!parse_field(&form, text, (size_t)(stop - text), err))
                goto bad;
        }
        text = stop + 1;
    }
    *out = form;
    return true;
bad:
    form_release(&form);
    *out = form;
    return false;
}

void
form_release(struct form *form)
{
    for (size_t i = 0; i < form->count; i++) {
        free(form->fields[i].name);
        free(form->fields[i].value);
    }
    free(form->fields);
    *form = (struct form){0};
}

const char *
form_get(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    return NULL;
}

void
form_add(struct form *form, const char *name, const char *value)
{
    take_field(form, mem_strdup(name), mem_strdup(value));
}

static bool
is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

void
form_escape(const char *text, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";

    for (const char *p = text; *p; p++) {
        unsigned char byte = (unsigned char)*p;
        char escaped[3] = {'%', hex[byte >> 4], hex[byte & 15]};

        if (is_unreserved(*p))
            buf_add_char(out, *p);
        else
            buf_add(out, escaped, sizeof escaped);
    }
}

void
form_encode(const struct form *form, struct buf *out)
{
    for (size_t i = 0; i < form->count; i++) {
        if (i)
            buf_add_char(out, '&');
        form_escape(form->fields[i].name, out);
        buf_add_char(out, '=');
        form_escape(form->fields[i].value, out);
    }
}
