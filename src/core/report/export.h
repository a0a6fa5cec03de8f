/*
 * A campaign as a file: one row a recipient, with what became of the message and of the answer.
 * The file is whole or not there, mode 0600, and never held in memory. What people wrote cannot
 * run in a spreadsheet: in CSV a text that looks like a formula has an apostrophe in front, in
 * XLSX every text is a string.
 */
#ifndef CANVASS_CORE_REPORT_EXPORT_H
#define CANVASS_CORE_REPORT_EXPORT_H

#include "core/base/error.h"
#include "core/store/db.h"

enum export_format { EXPORT_CSV, EXPORT_XLSX, EXPORT_JSON, EXPORT_HTML, EXPORT_FORMAT_COUNT };
/* "csv", ...; false: there is no such format. */
bool export_format_parse(const char *name, enum export_format *out);
const char *export_format_name(enum export_format format);

struct export_job {
    struct db *db; /* a reader, in no transaction */
    int64_t campaign_id;
    const char *campaign_name;
    enum export_format format;
    const char *path; /* "-": standard output, but for XLSX */
    int64_t now_s;
};
/* *rows: recipients written. A file that was there is replaced when the new one is whole. */
bool export_write(const struct export_job *job, int64_t *rows, struct error *err) MUST_CHECK;

/* export_xlsx.c; inside the reader's transaction. */
bool export_write_xlsx(const struct export_job *job, int64_t *rows, struct error *err) MUST_CHECK;

#endif
