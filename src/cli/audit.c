/* canvass audit: who did what, newest first. */
#include <inttypes.h>

#include "cli/commands.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/audit_store.h"
#include "core/store/stores.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 100000 };

static json_t *
entry_json(const struct audit_entry *e)
{
    return json_pack("{s:I, s:o, s:s, s:s, s:s, s:s}", "id", (json_int_t)e->id, "at",
                     cli_json_time(e->at_s), "actor", e->actor, "action", e->action, "subject",
                     e->subject, "detail", e->detail);
}

static int
print_entries(const struct cli *cli, const struct audit_entry *list, size_t count)
{
    json_t *rows;

    if (cli->json) {
        rows = json_array();
        for (size_t i = 0; i < count; i++)
            (void)json_array_append_new(rows, entry_json(&list[i]));
        return cli_print_json(json_pack("{s:o}", "audit", rows));
    }
    for (size_t i = 0; i < count; i++) {
        char at[UTIME_RFC3339_SIZE];

        cli_printf("%s  %s  %s  %s%s%s\n", utime_format(list[i].at_s, at), list[i].actor,
                   list[i].action, list[i].subject, list[i].detail[0] ? ": " : "", list[i].detail);
    }
    return EXIT_DONE;
}

static int
audit_run(const struct cli *cli, int argc, char **argv)
{
    const char *limit_text = NULL;
    const struct cli_option options[] = {{"--limit", &limit_text, NULL}, {0}};
    struct error err = {0};
    struct db *reader;
    struct audit_entry *list = NULL;
    size_t count = 0;
    int64_t limit = LIMIT_DEFAULT;
    bool ok;
    int status;

    if (!cli_parse(cli, &cli_audit, argc, argv, options, NULL, 0, NULL))
        return EXIT_USAGE;
    if (limit_text && (!num_parse_i64(limit_text, &limit) || limit < 1 || limit > LIMIT_MAX))
        return cli_usage(cli, &cli_audit, "--limit must be a number from 1 to %d", LIMIT_MAX);
    reader = reader_open(cli->home, &err);
    ok = reader && audit_list_load(reader, (size_t)limit, &list, &count, &err);
    db_close(reader);
    if (!ok)
        return cli_fail(cli, &err);
    status = print_entries(cli, list, count);
    audit_list_release(list, count);
    return status;
}

const struct cli_command cli_audit = {
    .name = "audit",
    .synopsis = "[--limit N]",
    .summary = "Who did what, newest first",
    .run = audit_run,
};
