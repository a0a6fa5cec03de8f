#include "net/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/store/main_database_sqlite.h"
#include "net/postgres_relations.h"
#include "net/postgres_source.h"

/*
 * A server may think long before the first row of a large table; one that hangs is noticed by its
 * silence (postgres_link.c). work_mem: sorting a table by its key.
 */
static const char SQL_BEGIN[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    "SET LOCAL statement_timeout = '2h'; SET LOCAL lock_timeout = '10s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '10min'; "
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL work_mem = '64MB'; "
    "SET LOCAL extra_float_digits = 3";
static const char SQL_IDENTITY[] =
    "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || "
    "(SELECT timeline_id FROM pg_control_checkpoint()) || '/' || "
    "(SELECT oid FROM pg_database WHERE datname = current_database())";
/* Where a server lets nobody look at its control data: a restored backup is known by its rows only.
 */
static const char SQL_IDENTITY_PLAIN[] =
    "SELECT '-/-/' || oid FROM pg_database WHERE datname = current_database()";
/* The old names: PostgreSQL 12 has no others. */
static const char SQL_SNAPSHOT[] = "SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s) "
                                   "FROM txid_current_snapshot() s";

/* ---- one state */

/* Outside a transaction: the first question may be refused. */
static bool
load_identity(struct pgsource *src, struct error *err)
{
    PGresult *res;

    if (src->identity)
        return true;
    res = pglink_query(src->l, SQL_IDENTITY, NULL, err);
    if (!res && !pglink_is_lost(src->l) && err->code != ERR_RETRY)
        res = pglink_query(src->l, SQL_IDENTITY_PLAIN, NULL, err);
    if (res && PQntuples(res) == 1)
        src->identity = mem_strdup(PQgetvalue(res, 0, 0));
    PQclear(res);
    return src->identity != NULL;
}

static bool
load_snapshot(struct pgsource *src, uint64_t *xmin, uint64_t *xmax, struct error *err)
{
    PGresult *res = pglink_query(src->l, SQL_SNAPSHOT, NULL, err);
    int64_t a = 0;
    int64_t b = 0;
    bool ok =
        res && num_parse_i64(PQgetvalue(res, 0, 0), &a) && num_parse_i64(PQgetvalue(res, 0, 1), &b);

    if (res && !ok)
        error_set(err, ERR_INTERNAL, "the server's snapshot cannot be read");
    *xmin = (uint64_t)a;
    *xmax = (uint64_t)b;
    PQclear(res);
    return ok;
}

/*
 * While no transaction with a number of its own runs, the next number says it all: whoever changes
 * anything takes one.
 */
static bool
fingerprint(void *ctx, struct buf *out, struct error *err)
{
    struct pgsource *src = ctx;
    uint64_t xmin = 0;
    uint64_t xmax = 0;

    if (!load_identity(src, err) || !load_snapshot(src, &xmin, &xmax, err))
        return error_wrap(err, "main database");
    if (xmin == xmax)
        buf_printf(out, "%s/%" PRIu64, src->identity, xmax);
    return true;
}

/* All that is wrong, as one error. */
static bool
mapping_fits(struct pgsource *src, struct error *err)
{
    struct buf problems = {0};
    struct buf flat = {0};
    bool ok = true;

    for (int t = 0; ok && t < MAIN_TABLE_COUNT; t++)
        ok = pgcheck_table(src->l, &src->mapping, (enum main_table)t, &src->tables[t], &problems,
                           err) ||
             error_wrap(err, "main database");
    if (ok && problems.len > 0) {
        const char *line = buf_str(&problems);

        for (size_t i = 0; i + 1 < problems.len; i++)
            if (line[i] == '\n')
                buf_add_str(&flat, "; ");
            else
                buf_add_char(&flat, line[i]);
        ok = error_set(err, ERR_INVALID, "main database: %s", buf_str(&flat));
    }
    buf_release(&flat);
    buf_release(&problems);
    return ok;
}

static bool
begin(void *ctx, struct error *err)
{
    struct pgsource *src = ctx;
    uint64_t xmax = 0;

    if (!src->checked && !mapping_fits(src, err))
        return false;
    src->checked = true;
    if (!load_identity(src, err) || !pglink_exec(src->l, SQL_BEGIN, err) ||
        !load_snapshot(src, &src->xmin, &xmax, err))
        return error_wrap(err, "main database");
    free(src->relations);
    src->relations = NULL;
    return pgrelations_load(src->l, &src->mapping, &src->relations, err) ||
           error_wrap(err, "main database");
}

static void
end(void *ctx)
{
    struct pgsource *src = ctx;
    struct error ignored = {0};

    pgahead_stop(src->ahead);
    src->ahead = NULL;
    /* after a failure in the middle of a COPY the connection is left alone: close() ends it */
    (void)pglink_rollback(src->l, &ignored);
}

static bool
position(void *ctx, struct buf *out, struct error *err)
{
    struct pgsource *src = ctx;

    (void)err;
    pgposition_format(out, src->xmin, src->identity, src->relations);
    return true;
}

static bool
resume(void *ctx, const char *text, bool *same, struct error *err)
{
    struct pgsource *src = ctx;

    (void)err;
    *same = pgposition_is_of(text, src->xmin, src->identity, src->relations);
    return true;
}

static void
source_close(void *ctx)
{
    struct pgsource *src = ctx;

    if (!src)
        return;
    pgahead_stop(src->ahead);
    pglink_close(src->l);
    mapping_release(&src->mapping);
    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        pgtable_release(&src->tables[t]);
    pgrow_release(&src->row);
    free(src->identity);
    free(src->relations);
    free(src);
}

/* ---- opening */

static struct pgsource *
source_new(const struct config *config, const atomic_bool *cancel, struct buf *problems,
           struct error *err)
{
    struct pgsource *src = mem_alloc(sizeof *src);
    char *folder = path_dirname(config->path);
    bool ok = mapping_load(config->main_database.mapping, folder, &src->mapping, problems, err);

    free(folder);
    if (ok)
        src->l =
            pglink_open(config->main_database.url, config->main_database.password, cancel, err);
    if (src->l)
        return src;
    source_close(src);
    return NULL;
}

static bool
is_postgres(const char *url)
{
    return text_starts_with(url, "postgresql://") || text_starts_with(url, "postgres://");
}

static bool
open_postgres(const struct config *config, const atomic_bool *cancel, struct main_database *out,
              struct error *err)
{
    struct buf problems = {0};
    struct pgsource *src = source_new(config, cancel, &problems, err);

    buf_release(&problems);
    *out = (struct main_database){0};
    if (!src)
        return err->path[0] && !text_starts_with(err->text, err->path)
                   ? error_wrap(err, "%s", err->path)
                   : false;
    *out = (struct main_database){
        .ctx = src,
        .name = mem_printf("%s (mapping %s, %s)", pglink_where(src->l), src->mapping.path,
                           src->mapping.digest),
        .fingerprint = fingerprint,
        .begin = begin,
        .end = end,
        .position = position,
        .resume = resume,
        .scan_changed = pgsource_scan_changed,
        .read_ahead = pgsource_read_ahead,
        .scan_all = pgsource_scan_all,
        .scan_since = pgsource_scan_since,
        .scan_some = pgsource_scan_some,
        .scan_keys = pgsource_scan_keys,
        .range_counts = pgsource_range_counts,
        .count = pgsource_count_rows,
        .close = source_close,
    };
    return true;
}

bool
net_main_database_open(const struct config *config, const atomic_bool *cancel,
                       struct main_database *out, struct error *err)
{
    if (is_postgres(config->main_database.url))
        return open_postgres(config, cancel, out, err);
    return main_database_open_config(config, cancel, out, err);
}

bool
net_main_database_check(const struct config *config, struct buf *problems, struct error *err)
{
    struct main_database source = {0};
    struct pgsource *src;
    bool ok = true;

    if (!is_postgres(config->main_database.url)) {
        ok = main_database_open_config(config, NULL, &source, err);
        main_database_close(&source);
        return ok;
    }
    src = source_new(config, NULL, problems, err);
    for (int t = 0; src && ok && t < MAIN_TABLE_COUNT; t++)
        ok = pgcheck_table(src->l, &src->mapping, (enum main_table)t, &src->tables[t], problems,
                           err);
    for (int k = 0; src && ok && config->main_database.write_back && k < MAIN_WRITE_COUNT; k++)
        ok = pgcheck_write_back(src->l, &src->mapping, (enum main_write)k, problems, err);
    source_close(src);
    return src && ok;
}
