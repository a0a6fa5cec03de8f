#include "core/segment/jtree.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"

enum { COPY_DEPTH = 200 };

struct reader {
    const char *start, *at, *end;
    struct error *err;
};

static bool
fail(struct reader *r, const char *at, const char *what)
{
    char place[48];
    size_t line = 1;
    size_t column = 1;

    for (const char *s = r->start; s < at; s++) {
        if (*s == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*s & 0xC0) != 0x80) {
            column++;
        }
    }
    (void)snprintf(place, sizeof place, "%zu:%zu", line, column);
    return error_set_at(r->err, ERR_INVALID, place, "this is not JSON (line %zu, column %zu): %s",
                        line, column, what);
}

static void
skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool
hex4(struct reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = '\0';

        if (r->at < r->end)
            c = *r->at;

        if (c >= '0' && c <= '9')
            *out = *out * 16 + (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *out = *out * 16 + (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            *out = *out * 16 + (uint32_t)(c - 'A') + 10;
        else
            return fail(r, r->at, "four hexadecimal digits must follow \\u");
    }
    return true;
}

static bool
unicode_escape(struct reader *r, const char *from, struct buf *out)
{
    uint32_t cp = 0;
    uint32_t low = 0;
    char bytes[4];
    size_t len;

    if (!hex4(r, &cp))
        return false;
    if (cp >= 0xD800 && cp <= 0xDBFF) {
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
            return fail(r, from, "half of a surrogate pair");
        r->at += 2;
        if (!hex4(r, &low))
            return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(r, from, "half of a surrogate pair");
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    }
    if (cp == 0)
        return fail(r, from, "the character U+0000 cannot be part of a text");
    len = utf8_encode(cp, bytes);
    if (len == 0)
        return fail(r, from, "half of a surrogate pair");
    buf_add(out, bytes, len);
    return true;
}

static bool
escape(struct reader *r, struct buf *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *from = r->at++;
    const char *found;
    char c = '\0';

    if (r->at < r->end)
        c = *r->at++;
    found = c ? strchr(names, c) : NULL;
    if (c == 'u')
        return unicode_escape(r, from, out);
    if (!found)
        return fail(r, from, "unknown escape in a text");
    buf_add_char(out, values[found - names]);
    return true;
}

/* At the opening quote; leaves after the closing one. NULL when it is not a text. */
static char *
read_text(struct reader *r)
{
    const char *from = r->at;
    struct buf out = {0};
    bool ok = r->at < r->end && *r->at == '"';

    if (!ok) {
        (void)fail(r, from, "a key in double quotes is expected");
        return NULL;
    }
    r->at++;
    while (ok && r->at < r->end && *r->at != '"') {
        uint32_t cp = 0;
        size_t used = utf8_decode(r->at, (size_t)(r->end - r->at), &cp);

        if (used == 0)
            ok = fail(r, r->at, "this byte is not UTF-8");
        else if (cp < 0x20)
            ok = fail(r, r->at, "a control character in a text; write it as an escape");
        else if (cp == '\\')
            ok = escape(r, &out);
        else {
            buf_add(&out, r->at, used);
            r->at += used;
        }
    }
    if (ok && r->at == r->end)
        ok = fail(r, from, "a text that is never closed");
    if (ok) {
        r->at++;
        (void)buf_str(&out);
        if (!out.data)
            buf_add(&out, "", 0);
        return out.data ? buf_take(&out) : mem_strdup("");
    }
    buf_release(&out);
    return NULL;
}

static size_t
digits(struct reader *r)
{
    const char *from = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - from);
}

static bool
read_number(struct reader *r, struct jtree *node)
{
    const char *from = r->at;
    const char *first;
    char *copy;
    size_t count;

    node->kind = JTREE_INTEGER;
    if (*r->at == '-')
        r->at++;
    first = r->at;
    count = digits(r);
    if (count == 0)
        return fail(r, from, "a value is expected");
    if (*first == '0' && count > 1)
        return fail(r, from, "a number does not begin with 0");
    if (r->at < r->end && *r->at == '.') {
        node->kind = JTREE_REAL;
        r->at++;
        if (digits(r) == 0)
            return fail(r, from, "digits must follow the point of a number");
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        node->kind = JTREE_REAL;
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        if (digits(r) == 0)
            return fail(r, from, "digits must follow the exponent of a number");
    }
    copy = mem_strndup(from, (size_t)(r->at - from));
    node->real = strtod(copy, NULL);
    errno = 0;
    if (node->kind == JTREE_INTEGER) {
        node->integer = strtoll(copy, NULL, 10);
        node->fits = errno == 0;
    }
    free(copy);
    return true;
}

static bool
read_word(struct reader *r, struct jtree *node)
{
    static const struct {
        const char *word;
        enum jtree_kind kind;
    } words[] = {{"null", JTREE_NULL}, {"false", JTREE_FALSE}, {"true", JTREE_TRUE}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i].word);

        if ((size_t)(r->end - r->at) >= len && memcmp(r->at, words[i].word, len) == 0) {
            node->kind = words[i].kind;
            r->at += len;
            return true;
        }
    }
    return fail(r, r->at, "a value is expected");
}

/* A whole scalar, or the opening bracket of a container. */
static bool
read_value(struct reader *r, struct jtree *node)
{
    char c;

    skip_blanks(r);
    if (r->at == r->end)
        return fail(r, r->at, "the text ends where a value is expected");
    c = *r->at;
    if (c == '{' || c == '[') {
        node->kind = c == '{' ? JTREE_OBJECT : JTREE_LIST;
        r->at++;
        return true;
    }
    if (c == '"') {
        node->kind = JTREE_TEXT;
        node->text = read_text(r);
        return node->text != NULL;
    }
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(r, node);
    return read_word(r, node);
}

static struct jtree *
append(struct jtree *parent, char *key)
{
    struct jtree *node = mem_alloc(sizeof *node);

    node->key = key;
    node->parent = parent;
    if (!parent)
        return node;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

static bool
read_key(struct reader *r, char **key)
{
    skip_blanks(r);
    *key = read_text(r);
    if (!*key)
        return false;
    skip_blanks(r);
    if (r->at < r->end && *r->at == ':') {
        r->at++;
        return true;
    }
    free(*key);
    *key = NULL;
    return fail(r, r->at, "a colon must follow the key");
}

/*
 * Between two values: takes closing brackets and a comma. *parent becomes NULL when the document is
 * whole.
 */
static bool
after_value(struct reader *r, struct jtree **parent)
{
    while (*parent) {
        char close = (*parent)->kind == JTREE_OBJECT ? '}' : ']';

        skip_blanks(r);
        if (r->at < r->end && *r->at == close) {
            r->at++;
            *parent = (*parent)->parent;
            continue;
        }
        if (r->at < r->end && *r->at == ',') {
            r->at++;
            return true;
        }
        return fail(r, r->at,
                    close == '}' ? "a comma or } is expected" : "a comma or ] is expected");
    }
    return true;
}

static bool
is_closed_at_once(struct reader *r, const struct jtree *node)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != (node->kind == JTREE_OBJECT ? '}' : ']'))
        return false;
    r->at++;
    return true;
}

struct jtree *
jtree_parse(const char *text, size_t len, struct error *err)
{
    struct reader r = {.start = text, .at = text, .end = text + len, .err = err};
    struct jtree *root = NULL;
    struct jtree *parent = NULL;

    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r.start = r.at = text + 3;
    do {
        char *key = NULL;
        struct jtree *node;

        if (parent && parent->kind == JTREE_OBJECT && !read_key(&r, &key))
            goto bad;
        node = append(parent, key);
        if (!root)
            root = node;
        if (!read_value(&r, node))
            goto bad;
        if (node->kind >= JTREE_LIST && !is_closed_at_once(&r, node)) {
            parent = node;
            continue;
        }
        if (!after_value(&r, &parent))
            goto bad;
    } while (parent);
    skip_blanks(&r);
    if (r.at == r.end)
        return root;
    (void)fail(&r, r.at, "something follows the document");
bad:
    jtree_free(root);
    return NULL;
}

static void
copy_json(struct jtree *parent, char *key, const json_t *value, struct jtree **root, int depth)
{
    struct jtree *node = append(parent, key);
    const char *name;
    json_t *child;
    size_t i;

    if (!parent)
        *root = node;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        node->kind = JTREE_OBJECT;
        if (depth < COPY_DEPTH)
            json_object_foreach(mem_unconst(value), name, child)
                copy_json(node, mem_strdup(name), child, root, depth + 1);
        return;
    case JSON_ARRAY:
        node->kind = JTREE_LIST;
        if (depth < COPY_DEPTH)
            json_array_foreach(value, i, child) copy_json(node, NULL, child, root, depth + 1);
        return;
    case JSON_STRING:
        node->kind = JTREE_TEXT;
        node->text = mem_strdup(json_string_value(value));
        return;
    case JSON_INTEGER:
        node->kind = JTREE_INTEGER;
        node->integer = json_integer_value(value);
        node->fits = true;
        node->real = (double)node->integer;
        return;
    case JSON_REAL:
        node->kind = JTREE_REAL;
        node->real = json_real_value(value);
        return;
    case JSON_TRUE:
        node->kind = JTREE_TRUE;
        return;
    case JSON_FALSE:
        node->kind = JTREE_FALSE;
        return;
    case JSON_NULL:
        node->kind = JTREE_NULL;
        return;
    }
}

struct jtree *
jtree_from_json(const json_t *value)
{
    struct jtree *root = NULL;

    copy_json(NULL, NULL, value, &root, 0);
    return root;
}

static json_t *
number_to_json(const struct jtree *t)
{
    if (t->kind == JTREE_INTEGER && t->fits)
        return json_integer(t->integer);
    return json_real(isfinite(t->real) ? t->real : DBL_MAX);
}

json_t *
jtree_to_json(const struct jtree *t)
{
    json_t *out = NULL;

    switch (t->kind) {
    case JTREE_NULL:
        return json_null();
    case JTREE_FALSE:
        return json_false();
    case JTREE_TRUE:
        return json_true();
    case JTREE_INTEGER:
    case JTREE_REAL:
        return number_to_json(t);
    case JTREE_TEXT:
        return json_string(t->text);
    case JTREE_LIST:
        out = json_array();
        for (const struct jtree *child = t->first; child; child = child->next)
            (void)json_array_append_new(out, jtree_to_json(child));
        return out;
    case JTREE_OBJECT:
        out = json_object();
        for (const struct jtree *child = t->first; child; child = child->next)
            (void)json_object_set_new(out, child->key, jtree_to_json(child));
        return out;
    }
    return out;
}

void
jtree_free(struct jtree *t)
{
    /* Any depth: goes down by taking first children off, up by the parent's pointer. */
    while (t) {
        struct jtree *child = t->first;
        struct jtree *parent = t->parent;

        if (child) {
            t->first = child->next;
            t = child;
            continue;
        }
        free(t->key);
        free(t->text);
        free(t);
        t = parent;
    }
}
