/* canvass in-doubt: messages of which nobody knows whether the provider took them. */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/engine/engine.h"
#include "core/store/stores.h"

static json_t *
doubt_json(const struct doubt *d)
{
    json_t *evidence = json_array();
    json_t *row;

    for (size_t i = 0; i < d->evidence_count; i++)
        (void)json_array_append_new(evidence, json_string(d->evidence[i]));
    row = json_pack("{s:I, s:o, s:o, s:s, s:o, s:o}", "id", (json_int_t)d->id, "campaign_id",
                    d->campaign_id ? json_integer(d->campaign_id) : json_null(), "customer_id",
                    cli_json_key(d->has_customer ? &d->customer : NULL), "address", d->address,
                    "claimed_at", cli_json_time(d->claimed_at_s), "evidence", evidence);
    return row;
}

static void
print_doubt(const struct doubt *d)
{
    char at[UTIME_RFC3339_SIZE];

    cli_printf("%" PRId64 "  %s  %s  %s  %s\n", d->id, utime_format(d->claimed_at_s, at),
               d->address, d->name ? d->name : "", d->campaign_name ? d->campaign_name : "");
    for (size_t i = 0; i < d->evidence_count; i++)
        cli_printf("    %s\n", d->evidence[i]);
}

static int
list_doubts(const struct cli *cli)
{
    struct error err = {0};
    struct db *reader = reader_open(cli->home, &err);
    struct doubt *list = NULL;
    size_t count = 0;
    bool ok = reader && doubt_list_load(reader, &list, &count, &err);
    int status = EXIT_DONE;

    db_close(reader);
    if (!ok)
        return cli_fail(cli, &err);
    if (cli->json) {
        json_t *rows = json_array();

        for (size_t i = 0; i < count; i++)
            (void)json_array_append_new(rows, doubt_json(&list[i]));
        status = cli_print_json(json_pack("{s:o}", "in_doubt", rows));
    } else {
        for (size_t i = 0; i < count; i++)
            print_doubt(&list[i]);
        if (count == 0)
            cli_printf("Nothing is in doubt.\n");
    }
    doubt_list_release(list, count);
    return status;
}

static int
settle_doubt(const struct cli *cli, const char *id_text, const char *as)
{
    struct error err = {0};
    struct db *ledger;
    enum doubt_ruling ruling = DOUBT_ACCEPTED;
    int64_t id = 0;
    bool ok;

    if (!num_parse_i64(id_text, &id) || id == 0)
        return cli_usage(cli, &cli_in_doubt, "\"%s\" is no id; in-doubt list shows them", id_text);
    if (text_eq(as, "not-sent"))
        ruling = DOUBT_NOT_SENT;
    else if (!text_eq(as, "accepted"))
        return cli_usage(cli, &cli_in_doubt, "--as must be accepted or not-sent");
    ledger = ledger_open(cli->home, &err);
    ok = ledger && doubt_settle(ledger, id, ruling, cli->now_s, &err);
    db_close(ledger);
    if (!ok)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(json_pack("{s:I, s:s}", "id", (json_int_t)id, "settled_as", as));
    cli_printf("%" PRId64 " is settled as %s.\n", id, as);
    return EXIT_DONE;
}

static int
in_doubt_run(const struct cli *cli, int argc, char **argv)
{
    const char *as = NULL;
    const char *words[2] = {0};
    const struct cli_option options[] = {{"--as", &as, NULL}, {0}};
    size_t count = 0;

    if (!cli_parse(cli, &cli_in_doubt, argc, argv, options, words, ARRAY_LEN(words), &count))
        return EXIT_USAGE;
    if (count == 2 && text_eq(words[0], "settle") && as)
        return settle_doubt(cli, words[1], as);
    if (count == 1 && text_eq(words[0], "list") && !as)
        return list_doubts(cli);
    return cli_usage(cli, &cli_in_doubt, "say list, or settle ID --as accepted|not-sent");
}

const struct cli_command cli_in_doubt = {
    .name = "in-doubt",
    .synopsis = "list\nsettle ID --as accepted|not-sent",
    .summary = "Messages of which nobody knows whether they were sent",
    .run = in_doubt_run,
};
