/*
 * The only file that knows libxlsxwriter. Rows go to a temporary beside the file as they come
 * (constant memory), and every cell of text is written as a string, so that nothing is a formula.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "core/base/buf.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/report/export.h"
#include "core/store/export_store.h"

enum { ROWS_MAX = LXW_ROW_MAX - 1, CELL_MAX = 32767, SPARE_BYTES = 1 << 20 };

struct sheet {
    lxw_worksheet *sheet;
    lxw_format *bold, *time;
    int64_t rows;
    bool too_many;
    lxw_error failed;
};

/* What a cell can hold: so many characters, counted in bytes to be safe; no half of a character. */
static char *
cell_text(const char *text)
{
    struct buf clean = {0};
    size_t len;

    text_sanitise(&clean, text, strlen(text));
    len = clean.len;
    if (len > CELL_MAX) {
        len = CELL_MAX;
        while (len > 0 && ((unsigned char)clean.data[len] & 0xC0) == 0x80)
            len--;
        clean.data[len] = '\0';
    }
    return buf_take(&clean);
}

static void
note(struct sheet *s, lxw_error rc)
{
    if (s->failed == LXW_NO_ERROR)
        s->failed = rc;
}

static void
write_cell(struct sheet *s, lxw_row_t line, size_t i, struct db_stmt *row)
{
    const lxw_col_t col = (lxw_col_t)i;
    char *text = NULL;

    if (db_column_is_null(row, (int)i))
        return;
    switch (export_columns[i].kind) {
    case EXPORT_NUMBER:
        note(s,
             worksheet_write_number(s->sheet, line, col, (double)db_column_i64(row, (int)i), NULL));
        break;
    case EXPORT_TIME:
        note(s, worksheet_write_unixtime(s->sheet, line, col, db_column_i64(row, (int)i), s->time));
        break;
    case EXPORT_TEXT:
        text = cell_text(db_column_text(row, (int)i));
        note(s, worksheet_write_string(s->sheet, line, col, text, NULL));
        free(text);
        break;
    }
}

static bool
write_row(void *ctx, struct db_stmt *row)
{
    struct sheet *s = ctx;

    if (s->rows == ROWS_MAX) {
        s->too_many = true;
        return false;
    }
    s->rows++;
    for (size_t i = 0; i < export_column_count; i++)
        write_cell(s, (lxw_row_t)s->rows, i, row);
    return s->failed == LXW_NO_ERROR;
}

static void
write_head(struct sheet *s)
{
    for (size_t i = 0; i < export_column_count; i++)
        note(s, worksheet_set_column(s->sheet, (lxw_col_t)i, (lxw_col_t)i, export_columns[i].width,
                                     NULL));
    worksheet_freeze_panes(s->sheet, 1, 0);
    for (size_t i = 0; i < export_column_count; i++)
        note(s, worksheet_write_string(s->sheet, 0, (lxw_col_t)i, export_columns[i].name, s->bold));
}

/*
 * The library does not look at the results of its writes to temporaries: those rows must be on the
 * disk, and there must be room for its second copy of them and for the file.
 */
static bool
has_room(struct sheet *s, const char *folder, struct error *err)
{
    FILE *rows = s->sheet->optimize_tmpfile;
    struct statvfs disk;
    struct stat st;

    if (rows && (fflush(rows) != 0 || ferror(rows) || fstat(fileno(rows), &st) != 0))
        return error_set(err, ERR_INTERNAL, "cannot write to %s: is the disk full?", folder);
    if (rows && statvfs(folder, &disk) == 0 &&
        (uint64_t)disk.f_bavail * disk.f_frsize < 2 * (uint64_t)st.st_size + SPARE_BYTES)
        return error_set(err, ERR_INTERNAL,
                         "not enough room in %s: the sheet needs %" PRIu64 " MB more", folder,
                         (2 * (uint64_t)st.st_size + SPARE_BYTES) >> 20);
    return true;
}

static bool
fill(struct sheet *s, const struct export_job *job, const char *folder, struct error *err)
{
    write_head(s);
    if (!export_store_each(job->db, job->campaign_id, write_row, s, err))
        return false;
    if (s->too_many)
        return error_set(err, ERR_CONFLICT,
                         "more than %d recipients do not fit into a sheet; export csv", ROWS_MAX);
    if (s->failed != LXW_NO_ERROR)
        return error_set(err, ERR_INTERNAL, "the sheet cannot be written: %s",
                         lxw_strerror(s->failed));
    return has_room(s, folder, err);
}

static bool
write_book(const struct export_job *job, const char *part, const char *folder, int64_t *rows,
           struct error *err)
{
    char *dir = mem_strdup(folder);
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = dir};
    lxw_workbook *book = workbook_new_opt(part, &options);
    struct sheet s = {0};
    lxw_error rc;
    bool ok = false;

    s.sheet = book ? workbook_add_worksheet(book, "recipients") : NULL;
    if (!s.sheet) {
        (void)error_set(err, ERR_DENIED, "cannot write %s: is the folder there and writable?",
                        job->path);
        if (book)
            lxw_workbook_free(book);
        free(dir);
        return false;
    }
    s.bold = workbook_add_format(book);
    s.time = workbook_add_format(book);
    format_set_bold(s.bold);
    format_set_num_format(s.time, "yyyy-mm-dd hh:mm:ss");
    ok = fill(&s, job, folder, err);
    rc = workbook_close(book); /* frees it too */
    if (ok && rc != LXW_NO_ERROR)
        ok = error_set(err, ERR_INTERNAL, "cannot write %s: %s", job->path, lxw_strerror(rc));
    *rows = s.rows;
    free(dir);
    return ok;
}

bool
export_write_xlsx(const struct export_job *job, int64_t *rows, struct error *err)
{
    char *part = mem_printf("%s.part.%ld", job->path, (long)getpid());
    char *folder = path_dirname(job->path);
    int fd = -1;
    bool ok;

    if (strcmp(job->path, "-") == 0) {
        ok = error_set(err, ERR_INVALID, "an xlsx file needs -o FILE");
    } else {
        fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        ok = fd >= 0 && close(fd) == 0;
        if (!ok)
            (void)error_set(err, ERR_DENIED, "cannot write %s: is the folder there and writable?",
                            job->path);
        ok = ok && write_book(job, part, folder, rows, err) && file_publish(part, job->path, err);
        if (!ok && fd >= 0)
            (void)unlink(part);
    }
    free(part);
    free(folder);
    return ok;
}
