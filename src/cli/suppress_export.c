/* canvass suppress export: a CSV that `suppress import` reads back. */
#include <inttypes.h>
#include <string.h>

#include "cli/suppress.h"
#include "core/base/outfile.h"
#include "core/base/utime.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

struct export
{
    struct outfile *file;
    const char *channel; /* NULL: all */
    struct buf line;
    int64_t count;
};

static bool
add_row(void *ctx, const struct suppression_row *s)
{
    struct export *x = ctx;
    char at[UTIME_RFC3339_SIZE];

    if (x->channel && strcmp(x->channel, s->channel) != 0)
        return true;
    buf_clear(&x->line);
    if (strchr(s->address, '@'))
        csv_add_text(&x->line, s->address);
    else
        csv_add_plain(&x->line, s->address); /* + and digits: other programs want it as it is */
    buf_add_char(&x->line, ',');
    csv_add_plain(&x->line, s->channel);
    buf_add_char(&x->line, ',');
    csv_add_text(&x->line, s->reason);
    buf_add_char(&x->line, ',');
    csv_add_text(&x->line, s->evidence);
    buf_printf(&x->line, ",%s\r\n", utime_format(s->at_s, at));
    outfile_add(x->file, x->line.data, x->line.len);
    x->count++;
    return true;
}

int
suppress_export(struct suppress_job *j)
{
    static const char head[] = "address,channel,reason,evidence,at\r\n";
    const char *path = j->output ? j->output : "-";
    struct export x = {.channel = j->channel};
    struct error err = {0};
    struct db *db = NULL;
    bool ok = !j->channel || suppress_check_channel(j->channel, &err);

    if (ok)
        db = reader_open(j->cli->home, &err);
    x.file = db ? outfile_open(path, &err) : NULL;
    ok = x.file != NULL;
    if (ok) {
        outfile_add(x.file, head, sizeof head - 1);
        ok = suppression_each(db, add_row, &x, &err);
        if (ok)
            ok = outfile_finish(x.file, &err);
        else
            outfile_drop(x.file);
    }
    buf_release(&x.line);
    db_close(db);
    if (!ok)
        return cli_fail(j->cli, &err);
    if (!j->output)
        return EXIT_DONE;
    if (j->cli->json)
        return cli_print_json(
            json_pack("{s:s, s:I}", "file", path, "exported", (json_int_t)x.count));
    cli_printf("%" PRId64 " addresses written to %s\n", x.count, path);
    return EXIT_DONE;
}
