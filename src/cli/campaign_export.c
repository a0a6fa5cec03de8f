/* canvass campaign export: a file with one row a recipient. */
#include <inttypes.h>
#include <string.h>

#include "cli/campaign.h"
#include "core/report/export.h"

int
campaign_run_export(struct campaign_job *j, struct error *err)
{
    struct export_job job = {.db = j->reader, .campaign_id = j->id, .now_s = j->cli->now_s};
    struct campaign c = {0};
    int64_t rows = 0;
    bool ok;

    job.path = j->output ? j->output : "-";
    if (!export_format_parse(j->format ? j->format : "csv", &job.format)) {
        (void)error_set(err, ERR_INVALID, "--format: csv, xlsx, json or html, not \"%.40s\"",
                        j->format);
        return -1;
    }
    ok = campaign_load(j->reader, &j->config, j->id, &c, err);
    job.campaign_name = c.name;
    ok = ok && export_write(&job, &rows, err);
    campaign_release(&c);
    if (!ok)
        return -1;
    if (strcmp(job.path, "-") == 0)
        return EXIT_DONE;
    if (j->cli->json)
        return cli_print_json(json_pack("{s:s, s:s, s:I}", "file", job.path, "format",
                                        export_format_name(job.format), "recipients",
                                        (json_int_t)rows));
    cli_printf("%" PRId64 " recipients written to %s\n", rows, job.path);
    return EXIT_DONE;
}
