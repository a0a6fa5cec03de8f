/* canvass campaign: arguments and the short commands; the others are in campaign_*.c. */
#include "cli/campaign.h"

#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "core/base/text.h"
#include "core/store/stores.h"

static int
run_pause(struct campaign_job *j, struct error *err)
{
    return campaign_pause(j->ledger, j->id, j->reason, j->cli->now_s, err) ? EXIT_DONE : -1;
}

static int
run_resume(struct campaign_job *j, struct error *err)
{
    return campaign_resume(j->ledger, j->id, j->cli->now_s, err) ? EXIT_DONE : -1;
}

static int
run_go(struct campaign_job *j, struct error *err)
{
    return campaign_go(j->ledger, &j->config, j->id, j->cli->now_s, err) ? EXIT_DONE : -1;
}

static int
run_complete(struct campaign_job *j, struct error *err)
{
    return campaign_complete(j->ledger, j->id, j->cli->now_s, err) ? EXIT_DONE : -1;
}

static int
run_cancel(struct campaign_job *j, struct error *err)
{
    return campaign_cancel(j->ledger, j->id, j->cli->now_s, err) ? EXIT_DONE : -1;
}

static int
run_delete(struct campaign_job *j, struct error *err)
{
    if (!campaign_delete(j->ledger, j->id, j->cli->now_s, err))
        return -1;
    if (j->cli->json)
        return cli_print_json(json_pack("{s:I, s:b}", "id", (json_int_t)j->id, "deleted", true));
    cli_printf("campaign %" PRId64 " deleted\n", j->id);
    return EXIT_DONE;
}

static int
run_clone(struct campaign_job *j, struct error *err)
{
    int64_t id;

    if (!campaign_clone(j->ledger, &j->config, j->id, j->cli->now_s, &id, err))
        return -1;
    if (j->cli->json)
        return cli_print_json(json_pack("{s:I}", "id", (json_int_t)id));
    cli_printf("campaign %" PRId64 ", a draft that leaves out whom campaign %" PRId64 " reaches\n",
               id, j->id);
    return EXIT_DONE;
}

/* After a change of status: what it is now. */
static int
print_status(struct campaign_job *j, struct error *err)
{
    struct campaign c = {0};
    int status;

    if (!campaign_load(j->ledger, &j->config, j->id, &c, err))
        return -1;
    if (j->cli->json) {
        status = cli_print_json(campaign_json(&c));
    } else {
        cli_printf("campaign %" PRId64 " is %s\n", c.id, campaign_status_name(c.status));
        status = EXIT_DONE;
    }
    campaign_release(&c);
    return status;
}

enum takes {
    TAKES_ID = 1u << 0,
    TAKES_FILE = 1u << 1,
    TAKES_CONFIRM = 1u << 2, /* --confirm, --everyone, --no-wait */
    TAKES_REASON = 1u << 3,
    TAKES_STATE = 1u << 4, /* --state, --limit */
    TAKES_STATUS = 1u << 5,
    TAKES_TYPE = 1u << 6,
    TAKES_NAME = 1u << 7,
    WRITES = 1u << 8,
    READS = 1u << 9,        /* needs the replica beside the ledger */
    THEN_STATUS = 1u << 10, /* prints what the campaign is afterwards */
    NO_STORE = 1u << 11,
    TAKES_OUTPUT = 1u << 12, /* --format, -o */
};

static const struct subcommand {
    const char *name;
    unsigned takes;
    int (*run)(struct campaign_job *j, struct error *err);
} subcommands[] = {
    {"list", READS | TAKES_STATUS, campaign_run_list},
    {"show", READS | TAKES_ID, campaign_run_show},
    {"create", READS | WRITES | TAKES_FILE, campaign_run_create},
    {"edit", READS | WRITES | TAKES_ID | TAKES_FILE, campaign_run_edit},
    {"launch", READS | WRITES | TAKES_ID | TAKES_CONFIRM, campaign_run_launch},
    {"pause", WRITES | TAKES_ID | TAKES_REASON | THEN_STATUS, run_pause},
    {"resume", WRITES | TAKES_ID | THEN_STATUS, run_resume},
    {"go", WRITES | TAKES_ID | THEN_STATUS, run_go},
    {"complete", WRITES | TAKES_ID | THEN_STATUS, run_complete},
    {"cancel", WRITES | TAKES_ID | THEN_STATUS, run_cancel},
    {"delete", WRITES | TAKES_ID, run_delete},
    {"clone", WRITES | TAKES_ID, run_clone},
    {"stats", READS | TAKES_ID, campaign_run_stats},
    {"recipients", READS | TAKES_ID | TAKES_STATE, campaign_run_recipients},
    {"export", READS | TAKES_ID | TAKES_OUTPUT, campaign_run_export},
};

static const struct subcommand template_subcommands[] = {
    {"list", NO_STORE | TAKES_TYPE, campaign_run_template_list},
    {"show", NO_STORE | TAKES_NAME, campaign_run_template_show},
};

static const struct subcommand *
subcommand_named(const struct subcommand *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

/* The options that a subcommand takes. */
static void
options_for(struct campaign_job *j, unsigned takes, struct cli_option *out)
{
    const struct {
        unsigned with;
        struct cli_option option;
    } all[] = {
        {TAKES_FILE, {"-f", &j->file, NULL}},
        {TAKES_FILE, {"--file", &j->file, NULL}},
        {TAKES_CONFIRM, {"--confirm", &j->confirm, NULL}},
        {TAKES_CONFIRM, {"--everyone", NULL, &j->everyone}},
        {TAKES_CONFIRM, {"--no-wait", NULL, &j->no_wait}},
        {TAKES_CONFIRM, {"--dry-run", NULL, &j->dry_run}},
        {TAKES_REASON, {"--reason", &j->reason, NULL}},
        {TAKES_STATE, {"--state", &j->state, NULL}},
        {TAKES_STATE, {"--limit", &j->limit, NULL}},
        {TAKES_STATUS, {"--status", &j->status, NULL}},
        {TAKES_OUTPUT, {"--format", &j->format, NULL}},
        {TAKES_OUTPUT, {"-o", &j->output, NULL}},
        {TAKES_OUTPUT, {"--output", &j->output, NULL}},
        {TAKES_TYPE, {"--type", &j->type, NULL}},
    };

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (takes & all[i].with)
            *out++ = all[i].option;
    *out = (struct cli_option){0};
}

/* Fills in the arguments; prints what is wrong with them. */
static bool
read_arguments(struct campaign_job *j, const struct subcommand *sub, int argc, char **argv)
{
    const bool named = sub->takes & (TAKES_ID | TAKES_NAME);
    struct cli_option options[16];
    const char *argument = NULL;
    size_t count = 0;

    options_for(j, sub->takes, options);
    if (!cli_parse(j->cli, &cli_campaign, argc, argv, options, &argument, named ? 1 : 0, &count))
        return false;
    if (named && count == 0) {
        (void)cli_usage(j->cli, &cli_campaign, "campaign %s needs the %s", sub->name,
                        sub->takes & TAKES_ID ? "ID of a campaign" : "NAME of an agent template");
        return false;
    }
    if (sub->takes & TAKES_ID && (!num_parse_i64(argument, &j->id) || j->id < 1)) {
        (void)cli_usage(j->cli, &cli_campaign, "\"%s\" is not the ID of a campaign", argument);
        return false;
    }
    if (sub->takes & TAKES_FILE && !j->file) {
        (void)cli_usage(j->cli, &cli_campaign, "campaign %s needs -f FILE (- is standard input)",
                        sub->name);
        return false;
    }
    j->name = argument;
    return true;
}

static bool
open_stores(struct campaign_job *j, unsigned takes, struct error *err)
{
    if (takes & READS && !(j->reader = reader_open(j->cli->home, err)))
        return false;
    return !(takes & WRITES) || (j->ledger = ledger_open(j->cli->home, err)) != NULL;
}

static int
run_subcommand(const struct cli *cli, const struct subcommand *sub, int argc, char **argv)
{
    struct campaign_job j = {.cli = cli};
    struct error err = {0};
    int status = EXIT_USAGE;

    if (!read_arguments(&j, sub, argc, argv) ||
        (!(sub->takes & NO_STORE) && !cli_load_config(cli, &j.config)))
        return EXIT_USAGE;
    if (sub->takes & NO_STORE || open_stores(&j, sub->takes, &err))
        status = sub->run(&j, &err);
    else
        status = -1;
    if (status == EXIT_DONE && sub->takes & THEN_STATUS)
        status = print_status(&j, &err);
    if (status < 0)
        status = cli_fail(cli, &err);
    db_close(j.reader);
    db_close(j.ledger);
    config_release(&j.config);
    return status;
}

static int
unknown_subcommand(const struct cli *cli, const char *name, const struct subcommand *list,
                   size_t count)
{
    const char *near = text_nearest(name, &list[0].name, count, sizeof list[0]);

    return cli_usage(cli, &cli_campaign, "no command \"campaign %s\"%s%s%s", name,
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int
campaign_run(const struct cli *cli, int argc, char **argv)
{
    const struct subcommand *list = subcommands;
    size_t count = ARRAY_LEN(subcommands);
    const struct subcommand *sub;
    int skip = 1;

    if (argc > 1 && strcmp(argv[1], "template") == 0) {
        list = template_subcommands;
        count = ARRAY_LEN(template_subcommands);
        skip = 2;
    }
    if (argc <= skip)
        return cli_usage(cli, &cli_campaign, "say what to do with campaigns%s",
                         skip == 2 ? "' templates" : "");
    sub = subcommand_named(list, count, argv[skip]);
    if (!sub)
        return unknown_subcommand(cli, argv[skip], list, count);
    return run_subcommand(cli, sub, argc - skip, argv + skip);
}

const struct cli_command cli_campaign = {
    .name = "campaign",
    .synopsis =
        "list [--status S]\n"
        "show ID | stats ID\n"
        "create -f FILE\n"
        "edit ID -f FILE\n"
        "launch ID --confirm COUNT [--everyone] [--no-wait] | launch ID --dry-run [--everyone]\n"
        "pause ID [--reason T] | resume ID | go ID | complete ID | cancel ID\n"
        "delete ID | clone ID\n"
        "recipients ID [--state S] [--limit N]\n"
        "export ID [--format csv|xlsx|json|html] [-o FILE]\n"
        "template list [--type T] | template show NAME",
    .summary = "Create, launch, follow and end campaigns",
    .run = campaign_run,
};
