/*
 * canvass suppress import: a CSV of address,channel and, if there, reason,evidence,at. Every bad
 * line is named. It reads what suppress export writes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/csv.h"
#include "cli/suppress.h"
#include "core/base/buf.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/outfile.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

#define IMPORT_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define EVIDENCE_MAX 2000    /* bytes */
#define BAD_LINES_SHOWN 1000 /* the rest is counted */

enum { COLUMN_ADDRESS, COLUMN_CHANNEL, COLUMN_REASON, COLUMN_EVIDENCE, COLUMN_AT, COLUMN_COUNT };
static const char *const column_names[] = {"address", "channel", "reason", "evidence", "at"};
_Static_assert(ARRAY_LEN(column_names) == COLUMN_COUNT, "a name for every column");

struct entry {
    char *address, *channel, *reason, *evidence;
    int64_t at_s; /* 0: not given */
    long line;
};

struct bad_line {
    long line;
    char why[120];
};

struct import {
    struct suppress_job *job;
    struct entry *entries;
    size_t count, capacity;
    struct bad_line *bad;
    size_t bad_shown, bad_capacity, bad_count;
    int column[COLUMN_COUNT]; /* where each stands; -1: nowhere */
    int64_t added, already, skipped;
};

static void
import_release(struct import *im)
{
    for (size_t i = 0; i < im->count; i++) {
        free(im->entries[i].address);
        free(im->entries[i].channel);
        free(im->entries[i].reason);
        free(im->entries[i].evidence);
    }
    free(im->entries);
    free(im->bad);
}

static void
say_bad(struct import *im, long line, const char *why)
{
    im->bad_count++;
    if (im->bad_shown == BAD_LINES_SHOWN)
        return;
    im->bad = mem_grow(im->bad, im->bad_shown, &im->bad_capacity, sizeof *im->bad);
    im->bad[im->bad_shown].line = line;
    (void)text_copy(im->bad[im->bad_shown++].why, sizeof im->bad[0].why, why);
}

/* --- reading */

/* A first line that names columns says where they stand. */
static bool
read_header(struct import *im, const struct csv_row *row)
{
    int found[COLUMN_COUNT] = {-1, -1, -1, -1, -1};
    bool any = false;

    for (size_t i = 0; !row->bad && i < row->count; i++) {
        char *name = text_trim_dup(row->fields[i], strlen(row->fields[i]));

        for (int k = 0; k < COLUMN_COUNT; k++) {
            if (text_eq_nocase(name, column_names[k])) {
                found[k] = (int)i;
                any = any || k < COLUMN_REASON; /* "reason" may be somebody's reason */
            }
        }
        free(name);
    }
    if (any)
        memcpy(im->column, found, sizeof found);
    return any;
}

static char *
column_text(const struct import *im, const struct csv_row *row, int column)
{
    int at = im->column[column];

    if (at < 0 || (size_t)at >= row->count)
        return mem_strdup("");
    return text_trim_dup(row->fields[at], strlen(row->fields[at]));
}

/* A text of the other columns, without the apostrophe that keeps spreadsheets from running it. */
static char *
guarded_text(const struct import *im, const struct csv_row *row, int column)
{
    char *cell = column_text(im, row, column);
    char *text = mem_strdup(csv_unguard(cell));

    free(cell);
    return text;
}

static const char *
read_entry(struct import *im, const struct csv_row *row, struct entry *out)
{
    struct error err = {0};
    char *address = guarded_text(im, row, COLUMN_ADDRESS);
    char *at = column_text(im, row, COLUMN_AT);
    const char *why = NULL;

    *out = (struct entry){.line = row->line};
    out->channel = column_text(im, row, COLUMN_CHANNEL);
    out->reason = guarded_text(im, row, COLUMN_REASON);
    out->evidence = guarded_text(im, row, COLUMN_EVIDENCE);
    if (!address[0])
        why = "the address is missing";
    else if (!suppress_check_channel(out->channel, &err))
        why = "channel must be sms, email, voice or all";
    else if (!suppress_check_reason(out->reason, &err))
        why = "the reason is too long";
    else if (strlen(out->evidence) > EVIDENCE_MAX)
        why = "the evidence is too long";
    else if (at[0] && (!utime_parse_rfc3339(at, strlen(at), &out->at_s) || out->at_s <= 0))
        why = "at is no time; write it as 2026-11-23T09:00:00Z";
    else if (!(out->address = suppress_normalise(&im->job->config, out->channel, address)))
        why = "the address cannot be understood";
    free(address);
    free(at);
    return why;
}

static void
read_rows(struct import *im, const struct buf *text)
{
    struct csv csv;
    struct csv_row row;
    bool first = true;

    csv_init(&csv, buf_str(text), text->len);
    while (csv_next(&csv, &row)) {
        struct entry e = {0};
        const char *why = row.bad;

        if (first && read_header(im, &row)) {
            if (im->column[COLUMN_ADDRESS] < 0 || im->column[COLUMN_CHANNEL] < 0)
                say_bad(im, row.line, "the columns address and channel are needed");
            first = false;
            csv_row_release(&row);
            continue;
        }
        first = false;
        if (!why)
            why = read_entry(im, &row, &e);
        if (why) {
            say_bad(im, row.line, why);
            free(e.address);
            free(e.channel);
            free(e.reason);
            free(e.evidence);
        } else {
            im->entries = mem_grow(im->entries, im->count, &im->capacity, sizeof *im->entries);
            im->entries[im->count++] = e;
        }
        csv_row_release(&row);
    }
}

/* --- storing */

static bool
store_one(struct import *im, struct db *ledger, const struct entry *e, const char *evidence,
          struct error *err)
{
    const int64_t now_s = im->job->cli->now_s;
    const struct suppression_row row = {
        .address = e->address,
        .channel = e->channel,
        .reason = e->reason[0] ? e->reason : "import",
        .evidence = e->evidence[0] ? e->evidence : evidence,
        .at_s = e->at_s ? e->at_s : now_s,
    };
    bool was = false;
    int64_t skipped = 0;

    if (!suppression_is(ledger, e->address, e->channel, &was, err) ||
        !suppression_add_row(ledger, &row, now_s, &skipped, err))
        return false;
    im->added += !was;
    im->already += was;
    im->skipped += skipped;
    return true;
}

static bool
store_all(struct import *im, struct error *err)
{
    struct db *ledger = ledger_open(im->job->cli->home, err);
    char *evidence = mem_printf("imported by %s", audit_actor());
    char detail[80];
    bool ok = ledger && db_begin(ledger, err);

    if (ok) {
        for (size_t i = 0; ok && i < im->count; i++)
            ok = store_one(im, ledger, &im->entries[i], evidence, err);
        (void)snprintf(detail, sizeof detail, "%" PRId64 " new, %" PRId64 " there already",
                       im->added, im->already);
        ok = ok && audit_add(ledger, im->job->cli->now_s, audit_actor(), "suppression.import",
                             "suppression list", detail, err);
        if (ok)
            ok = db_commit(ledger, err);
        else
            db_rollback(ledger);
    }
    free(evidence);
    db_close(ledger);
    return ok;
}

/* --- telling */

static json_t *
bad_json(const struct import *im)
{
    json_t *list = json_array();

    for (size_t i = 0; i < im->bad_shown; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:I, s:s}", "line", (json_int_t)im->bad[i].line,
                                              "message", im->bad[i].why));
    return list;
}

static void
print_bad(const struct import *im)
{
    for (size_t i = 0; i < im->bad_shown; i++)
        (void)fprintf(stderr, "%s:%ld: %s\n", im->job->argument, im->bad[i].line, im->bad[i].why);
    if (im->bad_count > im->bad_shown)
        (void)fprintf(stderr, "and %zu more\n", im->bad_count - im->bad_shown);
}

static int
refuse(const struct import *im)
{
    struct error err = {0};
    char *place = mem_printf("%s:%ld", im->job->argument, im->bad[0].line);
    int code = EXIT_USAGE;

    (void)error_set_at(&err, ERR_INVALID, place,
                       "nothing was imported: %zu bad lines; mend them, or leave them out with "
                       "--skip-bad",
                       im->bad_count);
    if (im->job->cli->json) {
        json_t *inner = json_pack("{s:s, s:s, s:s, s:o}", "code", error_code_name(err.code),
                                  "message", err.text, "path", place, "lines", bad_json(im));
        json_t *document = json_pack("{s:o}", "error", inner);

        (void)json_dumpf(document, stderr, JSON_COMPACT | JSON_ENSURE_ASCII);
        (void)fputc('\n', stderr);
        json_decref(document);
    } else {
        print_bad(im);
        code = cli_fail(im->job->cli, &err);
    }
    free(place);
    return code;
}

static int
tell_done(const struct import *im)
{
    if (im->job->cli->json)
        return cli_print_json(json_pack("{s:I, s:I, s:I, s:I, s:o}", "imported",
                                        (json_int_t)im->added, "already", (json_int_t)im->already,
                                        "skipped", (json_int_t)im->skipped, "bad_lines",
                                        (json_int_t)im->bad_count, "lines", bad_json(im)));
    print_bad(im);
    cli_printf("%" PRId64 " suppressed, %" PRId64 " were already, %zu bad lines left out; %" PRId64
               " waiting messages will not go out\n",
               im->added, im->already, im->bad_count, im->skipped);
    return EXIT_DONE;
}

int
suppress_import(struct suppress_job *j)
{
    struct import im = {.job = j, .column = {0, 1, 2, -1, -1}};
    struct error err = {0};
    struct buf text = {0};
    int code = EXIT_DONE;

    if (!file_read(j->argument, IMPORT_MAX_BYTES, &text, &err)) {
        code = cli_fail(j->cli, &err);
    } else {
        read_rows(&im, &text);
        if (im.bad_count && !j->skip_bad)
            code = refuse(&im);
        else if (!store_all(&im, &err))
            code = cli_fail(j->cli, &err);
        else
            code = tell_done(&im);
    }
    buf_release(&text);
    import_release(&im);
    return code;
}
