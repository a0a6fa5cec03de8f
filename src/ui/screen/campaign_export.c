/* A campaign as a file, written by the query thread: the screen and the engine go on meanwhile. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/report/export.h"
#include "ui/screen/campaign_acts.h"
#include "ui/screen/common.h"

struct ask {
    struct app *app;
    int64_t campaign_id, now_s;
    enum export_format format;
    char *name, *folder, *path; /* owned */
};

static void
free_ask(void *arg)
{
    struct ask *a = arg;

    free(a->name);
    free(a->folder);
    free(a->path);
    free(a);
}

static void *
write_file(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct ask *a = arg;
    const struct export_job job = {.db = reader,
                                   .campaign_id = a->campaign_id,
                                   .campaign_name = a->name,
                                   .format = a->format,
                                   .path = a->path,
                                   .now_s = a->now_s};
    int64_t rows = 0;

    (void)cancelled; /* its statements end then */
    if (!file_make_dirs(a->folder, err) || !export_write(&job, &rows, err))
        return NULL;
    return mem_dup(&rows, sizeof rows);
}

static void
written(void *owner, const struct question *q, void *result, const struct error *err)
{
    const struct ask *a = q->arg;
    char rows[32];

    (void)owner;
    if (result)
        app_toast(a->app, TOAST_OK, "%s recipients written to %s",
                  number_text(*(int64_t *)result, rows), a->path);
    else if (err->code != ERR_RETRY)
        app_toast_error(a->app, err);
}

void
campaign_do_export(struct app *app, void *self, const char *arg)
{
    struct campaign_host *host = self;
    const struct campaign *c = host->current(self);
    const struct civil t = utime_to_civil(app_now_s(app));
    struct ask *a;
    enum export_format format;

    if (!export_format_parse(*arg ? arg : "csv", &format)) {
        app_toast(app, TOAST_ERROR, "Not a kind of file: %.40s. There are csv, xlsx, json, html.",
                  arg);
        return;
    }
    a = mem_alloc(sizeof *a);
    *a = (struct ask){.app = app,
                      .campaign_id = c->id,
                      .now_s = app_now_s(app),
                      .format = format,
                      .name = mem_strdup(c->name),
                      .folder = path_join(app_options(app)->home, "exports")};
    a->path = mem_printf("%s/campaign-%" PRId64 "-%04" PRId64 "%02d%02dT%02d%02d%02dZ.%s",
                         a->folder, c->id, t.year, t.month, t.day, t.hour, t.minute, t.second,
                         export_format_name(format));
    app_ask(app,
            &(struct question){.slot = host->export_slot,
                               .answer = write_file,
                               .arg = a,
                               .free_arg = free_ask,
                               .free_result = free,
                               .done = written,
                               .owner = self},
            "Writing the file");
}
