#include "cli/sync_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/text.h"

json_t *
cli_sync_json(const struct sync_result *r)
{
    return json_pack("{s:s, s:s?, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "mode",
                     r->mode == SYNC_FULL ? "full" : "incremental", "why_full", r->why_full,
                     "changed", r->changed, "replica_generation", (json_int_t)r->generation,
                     "customers", (json_int_t)r->customers, "rows_read", (json_int_t)r->rows_read,
                     "rows_written", (json_int_t)r->rows_written, "rows_removed",
                     (json_int_t)r->rows_removed, "orphans", (json_int_t)r->orphans,
                     "rows_without_updated_at", (json_int_t)r->bad_times, "unknown_time_zones",
                     (json_int_t)r->bad_zones, "ready_ms", (json_int_t)r->ready_ms, "elapsed_ms",
                     (json_int_t)r->elapsed_ms);
}

static void
put_number(const char *before, int64_t n, const char *after)
{
    struct buf text = {0};

    num_format_grouped(&text, n);
    cli_printf("%s%s%s", before, buf_str(&text), after);
    buf_release(&text);
}

void
cli_sync_print(const struct sync_result *r)
{
    put_number("", r->customers, " customers, ");
    if (!r->changed) {
        cli_printf("nothing changed since the last sync (%" PRId64 " ms)\n", r->elapsed_ms);
        return;
    }
    put_number("", r->rows_written, " rows written");
    if (r->rows_removed > 0)
        put_number(", ", r->rows_removed, " removed");
    cli_printf(", %s sync%s%s, generation %" PRId64 " (ready to preview after %" PRId64
               " ms, finished after %" PRId64 " ms)\n",
               r->mode == SYNC_FULL ? "full" : "incremental", r->why_full ? ": " : "",
               r->why_full ? r->why_full : "", r->generation, r->ready_ms, r->elapsed_ms);
    if (r->orphans > 0)
        put_number("", r->orphans,
                   " appointments and conversations belong to no known customer and count "
                   "nowhere\n");
    if (r->bad_times > 0)
        put_number("", r->bad_times,
                   " rows have no readable updated_at: every sync reads them again\n");
    if (r->bad_zones > 0)
        put_number("", r->bad_zones,
                   " customers have a time_zone that no zone is called (\"America/New_York\" is "
                   "one): their number's area decides\n");
}

void
cli_progress_init(struct cli_progress *p, const struct cli *cli)
{
    *p = (struct cli_progress){.shown = !cli->json && isatty(STDERR_FILENO) == 1};
}

void
cli_progress_show(struct cli_progress *p, const char *what, int64_t done, int64_t total)
{
    if (!p->shown)
        return;
    if (total > 0)
        (void)fprintf(stderr, "\r%-24s %3d %%", what, (int)(done * 100 / total));
    else
        (void)fprintf(stderr, "\r%-24s %9" PRId64, what, done);
    (void)fflush(stderr);
    p->dirty = true;
}

void
cli_progress_clear(struct cli_progress *p)
{
    if (p->dirty)
        (void)fputs("\r                                        \r", stderr);
    p->dirty = false;
}

void
cli_sync_progress(void *arg, const char *table, int64_t done, int64_t total)
{
    cli_progress_show(arg, table, done, total);
}
