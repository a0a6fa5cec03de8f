/* canvass suppress: who must not be contacted. */
#include "cli/suppress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

/* --- list */

static int
run_list(struct suppress_job *j)
{
    struct error err = {0};
    struct db *db = reader_open(j->cli->home, &err);
    struct suppression *list = NULL;
    size_t count = 0;
    json_t *items = json_array();
    bool ok = db && (!j->channel || suppress_check_channel(j->channel, &err)) &&
              suppression_list_load(db, &list, &count, &err);

    for (size_t i = 0; ok && i < count; i++) {
        const struct suppression *s = &list[i];
        char at[UTIME_RFC3339_SIZE];
        struct buf text = {0};

        if (j->channel && strcmp(j->channel, s->channel) != 0)
            continue;
        if (j->cli->json) {
            (void)json_array_append_new(
                items, json_pack("{s:s, s:s, s:s, s:s, s:o}", "address", s->address, "channel",
                                 s->channel, "reason", s->reason, "evidence", s->evidence, "at",
                                 cli_json_time(s->at_s)));
            continue;
        }
        text_sanitise(&text, s->evidence, strlen(s->evidence));
        cli_printf("%s  %-5s  %s  %s%s%s\n", utime_format(s->at_s, at), s->channel, s->address,
                   s->reason, text.len ? ": " : "", buf_str(&text));
        buf_release(&text);
    }
    suppression_list_release(list, count);
    db_close(db);
    if (!ok || !j->cli->json) {
        json_decref(items);
        return ok ? EXIT_DONE : cli_fail(j->cli, &err);
    }
    return cli_print_json(json_pack("{s:o}", "suppressions", items));
}

/* --- add and remove */

/* The address to work on, in the list's form; NULL with an error. */
static char *
read_address(struct suppress_job *j, struct error *err)
{
    char *address = NULL;

    if (!suppress_check_channel(j->channel, err))
        return NULL;
    address = suppress_normalise(&j->config, j->channel, j->argument);
    if (!address)
        (void)error_set(err, ERR_INVALID, "this is no %s",
                        strcmp(j->channel, "email") == 0
                            ? "email address"
                            : "phone number; write it as +13105550142");
    return address;
}

static bool
add_one(struct suppress_job *j, struct db *ledger, const char *address, bool *was, int64_t *skipped,
        struct error *err)
{
    char *evidence = mem_printf("by %s", audit_actor());
    bool ok = false;

    if (db_begin(ledger, err)) {
        ok = suppression_is(ledger, address, j->channel, was, err) &&
             suppression_add(ledger, address, j->channel, j->reason ? j->reason : "operator",
                             evidence, j->cli->now_s, skipped, err) &&
             audit_add(ledger, j->cli->now_s, audit_actor(), "suppression.add", j->channel, address,
                       err);
        if (ok)
            ok = db_commit(ledger, err);
        else
            db_rollback(ledger);
    }
    free(evidence);
    return ok;
}

static int
run_add(struct suppress_job *j)
{
    struct error err = {0};
    char *address = read_address(j, &err);
    struct db *ledger = address ? ledger_open(j->cli->home, &err) : NULL;
    int64_t skipped = 0;
    bool was = false;
    bool ok = ledger && suppress_check_reason(j->reason, &err) &&
              add_one(j, ledger, address, &was, &skipped, &err);
    int code = EXIT_DONE;

    if (!ok) {
        code = cli_fail(j->cli, &err);
    } else if (j->cli->json) {
        code = cli_print_json(json_pack("{s:s, s:s, s:b, s:I}", "address", address, "channel",
                                        j->channel, "added", !was, "skipped", (json_int_t)skipped));
    } else {
        cli_printf("%s: %s for %s; %" PRId64 " waiting messages will not go out\n", address,
                   was ? "was suppressed already" : "suppressed", j->channel, skipped);
    }
    db_close(ledger);
    free(address);
    return code;
}

static bool
remove_one(struct suppress_job *j, struct db *ledger, const char *address, struct error *err)
{
    bool ok = false;

    if (!db_begin(ledger, err))
        return false;
    ok = suppression_remove(ledger, address, j->channel, err) &&
         audit_add(ledger, j->cli->now_s, audit_actor(), "suppression.remove", j->channel, address,
                   err);
    if (ok)
        return db_commit(ledger, err);
    db_rollback(ledger);
    return false;
}

static int
run_remove(struct suppress_job *j)
{
    struct error err = {0};
    char *address = read_address(j, &err);
    struct db *ledger = address ? ledger_open(j->cli->home, &err) : NULL;
    bool ok = ledger && remove_one(j, ledger, address, &err);
    int code = EXIT_DONE;

    if (!ok)
        code = cli_fail(j->cli, &err);
    else if (j->cli->json)
        code = cli_print_json(json_pack("{s:s, s:s, s:b}", "address", address, "channel",
                                        j->channel, "removed", true));
    else
        cli_printf("%s: may be contacted again by %s\n", address, j->channel);
    db_close(ledger);
    free(address);
    return code;
}

/* --- arguments */

static const struct {
    const char *name;
    const char *argument; /* what it needs; NULL: nothing */
    int (*run)(struct suppress_job *j);
} verbs[] = {
    {"list", NULL, run_list},
    {"add", "an address", run_add},
    {"remove", "an address", run_remove},
    {"export", NULL, suppress_export},
    {"import", "a CSV file (address,channel,reason)", suppress_import},
};

static int
run_verb(struct suppress_job *j, const char *name)
{
    for (size_t i = 0; name && i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) != 0)
            continue;
        if (verbs[i].argument && !j->argument)
            return cli_usage(j->cli, &cli_suppress, "suppress %s needs %s", name,
                             verbs[i].argument);
        if (!verbs[i].argument && j->argument)
            return cli_usage(j->cli, &cli_suppress, "suppress %s takes no address", name);
        return verbs[i].run(j);
    }
    return cli_usage(j->cli, &cli_suppress,
                     name ? "unknown: suppress %s" : "what to do is missing%s", name ? name : "");
}

static int
suppress_run(const struct cli *cli, int argc, char **argv)
{
    struct suppress_job j = {.cli = cli};
    const struct cli_option options[] = {
        {"--channel", &j.channel, NULL},   {"--reason", &j.reason, NULL},
        {"--skip-bad", NULL, &j.skip_bad}, {"-o", &j.output, NULL},
        {"--output", &j.output, NULL},     {0},
    };
    const char *words[2] = {NULL, NULL};
    size_t count = 0;
    int code = EXIT_USAGE;

    if (cli_parse(cli, &cli_suppress, argc, argv, options, words, ARRAY_LEN(words), &count) &&
        cli_load_config(cli, &j.config)) {
        j.argument = words[1];
        code = run_verb(&j, words[0]);
    }
    config_release(&j.config);
    return code;
}

const struct cli_command cli_suppress = {
    .name = "suppress",
    .synopsis = "list [--channel C]\n"
                "add ADDRESS --channel sms|email|voice|all [--reason T]\n"
                "remove ADDRESS --channel C\n"
                "import FILE.csv [--skip-bad]\n"
                "export [-o FILE.csv] [--channel C]",
    .summary = "Who must not be contacted",
    .run = suppress_run,
};
