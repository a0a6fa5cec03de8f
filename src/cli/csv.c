#include "cli/csv.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"

void
csv_init(struct csv *csv, const char *text, size_t len)
{
    *csv = (struct csv){.text = text, .len = len, .line = 1};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        csv->at = 3;
}

void
csv_row_release(struct csv_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        free(row->fields[i]);
    *row = (struct csv_row){0};
}

static bool
at_line_end(const struct csv *c)
{
    return c->at >= c->len || c->text[c->at] == '\n' ||
           (c->text[c->at] == '\r' && (c->at + 1 >= c->len || c->text[c->at + 1] == '\n'));
}

static void
pass_line_end(struct csv *c)
{
    if (c->at < c->len && c->text[c->at] == '\r')
        c->at++;
    if (c->at < c->len && c->text[c->at] == '\n')
        c->at++;
    c->line++;
}

/* Behind the opening quote. */
static const char *
read_quoted(struct csv *c, struct buf *out)
{
    while (c->at < c->len) {
        char ch = c->text[c->at++];

        if (ch == '"' && c->at < c->len && c->text[c->at] == '"')
            c->at++; /* a doubled quote is one */
        else if (ch == '"')
            return at_line_end(c) || c->text[c->at] == ',' ? NULL : "text behind a closing quote";
        else if (ch == '\n')
            c->line++;
        buf_add_char(out, ch);
    }
    return "a quote is never closed";
}

static const char *
read_plain(struct csv *c, struct buf *out)
{
    while (!at_line_end(c) && c->text[c->at] != ',') {
        if (c->text[c->at] == '"')
            return "a quote inside a field that is not quoted";
        buf_add_char(out, c->text[c->at++]);
    }
    return NULL;
}

static const char *
read_field(struct csv *c, struct csv_row *row)
{
    struct buf out = {0};
    const char *bad = NULL;

    if (c->at < c->len && c->text[c->at] == '"') {
        c->at++;
        bad = read_quoted(c, &out);
    } else {
        bad = read_plain(c, &out);
    }
    if (!bad && memchr(buf_str(&out), '\0', out.len))
        bad = "a NUL byte";
    if (!bad && !utf8_is_valid(buf_str(&out), out.len))
        bad = "not UTF-8";
    if (!bad && row->count == CSV_FIELDS_MAX)
        bad = "too many fields";
    if (!bad)
        row->fields[row->count++] = mem_strdup(buf_str(&out));
    buf_release(&out);
    return bad;
}

bool
csv_next(struct csv *c, struct csv_row *row)
{
    *row = (struct csv_row){0};
    while (c->at < c->len && at_line_end(c))
        pass_line_end(c);
    if (c->at >= c->len)
        return false;
    row->line = c->line;
    for (;;) {
        row->bad = read_field(c, row);
        if (row->bad || at_line_end(c))
            break;
        c->at++; /* the comma */
    }
    while (!at_line_end(c))
        c->at++;
    pass_line_end(c);
    return true;
}
