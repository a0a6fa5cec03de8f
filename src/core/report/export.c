#include "core/report/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/outfile.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/export_store.h"

static const char *const format_names[] = {
    [EXPORT_CSV] = "csv",
    [EXPORT_XLSX] = "xlsx",
    [EXPORT_JSON] = "json",
    [EXPORT_HTML] = "html",
};
_Static_assert(ARRAY_LEN(format_names) == EXPORT_FORMAT_COUNT, "a name for every format");

bool
export_format_parse(const char *name, enum export_format *out)
{
    for (size_t i = 0; i < ARRAY_LEN(format_names); i++)
        if (strcmp(format_names[i], name) == 0) {
            *out = (enum export_format)i;
            return true;
        }
    return false;
}

const char *
export_format_name(enum export_format format)
{
    return format_names[format];
}

struct writer {
    const struct export_job *job;
    struct outfile *file;
    struct buf line;
    int64_t rows;
};

/* A cell as text; "" when there is nothing. */
static const char *
cell(struct db_stmt *row, size_t i, char at[UTIME_RFC3339_SIZE])
{
    const char *text;

    if (db_column_is_null(row, (int)i))
        return "";
    if (export_columns[i].kind == EXPORT_TIME)
        return utime_format(db_column_i64(row, (int)i), at);
    text = db_column_text(row, (int)i);
    return text ? text : "";
}

static void
flush(struct writer *w)
{
    outfile_add(w->file, buf_str(&w->line), w->line.len);
    buf_clear(&w->line);
}

/* --- CSV */

static void
csv_head(struct writer *w)
{
    for (size_t i = 0; i < export_column_count; i++)
        buf_printf(&w->line, "%s%s", i ? "," : "", export_columns[i].name);
    buf_add_str(&w->line, "\r\n");
}

static void
csv_row(struct writer *w, struct db_stmt *row)
{
    char at[UTIME_RFC3339_SIZE];

    for (size_t i = 0; i < export_column_count; i++) {
        if (i)
            buf_add_char(&w->line, ',');
        if (export_columns[i].kind == EXPORT_TEXT)
            csv_add_text(&w->line, cell(row, i, at));
        else
            csv_add_plain(&w->line, cell(row, i, at));
    }
    buf_add_str(&w->line, "\r\n");
}

static void
no_tail(struct writer *w)
{
    (void)w;
}

/* --- JSON */

static void
add_json(struct buf *out, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    buf_add_str(out, text ? text : "null"); /* a text that is no UTF-8 */
    free(text);
    json_decref(value);
}

static void
json_head(struct writer *w)
{
    char at[UTIME_RFC3339_SIZE];

    buf_printf(&w->line, "{\"campaign\":{\"id\":%" PRId64 ",\"name\":", w->job->campaign_id);
    add_json(&w->line, json_string(w->job->campaign_name));
    buf_printf(&w->line, "},\"exported_at\":\"%s\",\"recipients\":[",
               utime_format(w->job->now_s, at));
}

static void
json_row(struct writer *w, struct db_stmt *row)
{
    char at[UTIME_RFC3339_SIZE];

    buf_add_str(&w->line, w->rows ? ",\n{" : "\n{");
    for (size_t i = 0; i < export_column_count; i++) {
        buf_printf(&w->line, "%s\"%s\":", i ? "," : "", export_columns[i].name);
        if (db_column_is_null(row, (int)i))
            buf_add_str(&w->line, "null");
        else if (export_columns[i].kind == EXPORT_NUMBER)
            buf_printf(&w->line, "%" PRId64, db_column_i64(row, (int)i));
        else
            add_json(&w->line, json_string(cell(row, i, at)));
    }
    buf_add_char(&w->line, '}');
}

static void
json_tail(struct writer *w)
{
    buf_add_str(&w->line, "\n]}\n");
}

/* --- HTML */

static void
add_html(struct buf *out, const char *text)
{
    struct buf clean = {0};

    text_sanitise(&clean, text, strlen(text));
    for (const char *p = buf_str(&clean); *p; p++) {
        switch (*p) {
        case '&':
            buf_add_str(out, "&amp;");
            break;
        case '<':
            buf_add_str(out, "&lt;");
            break;
        case '>':
            buf_add_str(out, "&gt;");
            break;
        case '"':
            buf_add_str(out, "&quot;");
            break;
        default:
            buf_add_char(out, *p);
        }
    }
    buf_release(&clean);
}

static void
html_head(struct writer *w)
{
    char at[UTIME_RFC3339_SIZE];

    buf_add_str(&w->line,
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    add_html(&w->line, w->job->campaign_name);
    buf_add_str(&w->line,
                "</title>\n<style>body{font:14px sans-serif}table{border-collapse:collapse}"
                "th,td{border:1px solid #999;padding:2px 6px;text-align:left;vertical-align:top}"
                "th{background:#eee;position:sticky;top:0}</style></head>\n<body><h1>");
    add_html(&w->line, w->job->campaign_name);
    buf_printf(&w->line, "</h1>\n<p>Campaign %" PRId64 ", as of %s</p>\n<table><thead><tr>",
               w->job->campaign_id, utime_format(w->job->now_s, at));
    for (size_t i = 0; i < export_column_count; i++)
        buf_printf(&w->line, "<th>%s</th>", export_columns[i].name);
    buf_add_str(&w->line, "</tr></thead><tbody>\n");
}

static void
html_row(struct writer *w, struct db_stmt *row)
{
    char at[UTIME_RFC3339_SIZE];

    buf_add_str(&w->line, "<tr>");
    for (size_t i = 0; i < export_column_count; i++) {
        buf_add_str(&w->line, "<td>");
        add_html(&w->line, cell(row, i, at));
        buf_add_str(&w->line, "</td>");
    }
    buf_add_str(&w->line, "</tr>\n");
}

static void
html_tail(struct writer *w)
{
    buf_printf(&w->line, "</tbody></table>\n<p>%" PRId64 " recipients</p></body></html>\n",
               w->rows);
}

/* --- all of them */

static const struct shape {
    void (*head)(struct writer *w);
    void (*row)(struct writer *w, struct db_stmt *row);
    void (*tail)(struct writer *w);
} shapes[] = {
    [EXPORT_CSV] = {csv_head, csv_row, no_tail},
    [EXPORT_JSON] = {json_head, json_row, json_tail},
    [EXPORT_HTML] = {html_head, html_row, html_tail},
};

static bool
write_row(void *ctx, struct db_stmt *row)
{
    struct writer *w = ctx;

    shapes[w->job->format].row(w, row);
    w->rows++;
    flush(w);
    return true;
}

static bool
write_text(const struct export_job *job, int64_t *rows, struct error *err)
{
    const struct shape *shape = &shapes[job->format];
    struct writer w = {.job = job, .file = outfile_open(job->path, err)};
    bool ok;

    if (!w.file)
        return false;
    shape->head(&w);
    ok = export_store_each(job->db, job->campaign_id, write_row, &w, err);
    shape->tail(&w);
    flush(&w);
    if (ok)
        ok = outfile_finish(w.file, err);
    else
        outfile_drop(w.file);
    buf_release(&w.line);
    *rows = w.rows;
    return ok;
}

bool
export_write(const struct export_job *job, int64_t *rows, struct error *err)
{
    bool ok = db_begin_read(job->db, err); /* one instant for the whole file */

    *rows = 0;
    ok = ok && (job->format == EXPORT_XLSX ? export_write_xlsx(job, rows, err)
                                           : write_text(job, rows, err));
    db_rollback(job->db);
    return ok || error_wrap(err, "export campaign %" PRId64, job->campaign_id);
}
