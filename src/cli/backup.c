/* canvass backup, restore: copies of the ledger. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "core/base/utime.h"
#include "core/engine/backup.h"
#include "core/engine/engine.h"
#include "core/engine/place.h"
#include "core/store/place_store.h"
#include "core/store/stores.h"

/* --- backup */

static int
backup_run(const struct cli *cli, int argc, char **argv)
{
    const struct cli_option options[] = {{0}};
    const char *path = NULL;
    size_t count = 0;
    struct error err = {0};
    struct db *ledger;
    bool ok;

    if (!cli_parse(cli, &cli_backup, argc, argv, options, &path, 1, &count))
        return EXIT_USAGE;
    if (count == 0)
        return cli_usage(cli, &cli_backup, "the file to write is missing");
    ledger = ledger_open(cli->home, &err);
    ok = ledger && backup_write(ledger, path, utime_now_s(), &err);
    db_close(ledger);
    if (!ok)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(json_pack("{s:s}", "backup", path));
    cli_printf("%s written. Keep it as safe as the original: it holds names and numbers.\n", path);
    return EXIT_DONE;
}

/* --- what was sent since */

struct standing {
    char *why; /* owned; NULL: it may send */
    int64_t from_s, confirmed_s;
    struct stray_sum strays;
    struct place_left left;
};

static bool
load_standing(struct db *ledger, struct standing *s, struct error *err)
{
    return place_unconfirmed(ledger, &s->why, err) &&
           setting_get_i64(ledger, "backup_at", 0, &s->from_s, err) &&
           (s->from_s || place_last_known(ledger, &s->from_s, err)) &&
           setting_get_i64(ledger, "confirmed_at", 0, &s->confirmed_s, err) &&
           stray_sum_load(ledger, &s->strays, err) && place_left_load(ledger, &s->left, err);
}

static int
print_standing(const struct cli *cli, const struct standing *s)
{
    char from[UTIME_RFC3339_SIZE];
    char last[UTIME_RFC3339_SIZE];

    if (cli->json)
        return cli_print_json(json_pack(
            "{s:b, s:s?, s:o, s:o, s:{s:I, s:I, s:o, s:o}, s:I, s:I, s:I}", "sends", !s->why, "why",
            s->why, "known_until", cli_json_time(s->from_s), "confirmed_at",
            s->confirmed_s ? cli_json_time(s->confirmed_s) : json_null(), "sent_since", "messages",
            (json_int_t)s->strays.count, "people", (json_int_t)s->strays.people, "first",
            s->strays.count ? cli_json_time(s->strays.first_s) : json_null(), "last",
            s->strays.count ? cli_json_time(s->strays.last_s) : json_null(), "waiting",
            (json_int_t)s->left.units, "to_queue", (json_int_t)s->left.planned, "drafts",
            (json_int_t)s->left.drafts));
    if (!s->why) {
        cli_printf("This state may send.\n");
        return EXIT_DONE;
    }
    cli_printf("Nothing is sent: %s.\nWhat was sent until %s is in this ledger.\n", s->why,
               utime_format(s->from_s, from));
    if (s->strays.count)
        cli_printf("Callbacks tell of %" PRId64 " messages to %" PRId64
                   " people sent since, the last told of at %s.\n",
                   s->strays.count, s->strays.people, utime_format(s->strays.last_s, last));
    else
        cli_printf("No callback has told of a message sent since.\n");
    cli_printf("%" PRId64 " messages wait here and %" PRId64
               " more are to be queued: each is looked for in the provider's list before it is "
               "sent.\n%" PRId64 " drafts may have been launched since: compare before you launch "
               "them.\n",
               s->left.units, s->left.planned, s->left.drafts);
    return EXIT_DONE;
}

/* --- restore */

struct restore_flags {
    bool replace, confirm, status, without_relay;
};

static int
put_back(const struct cli *cli, const char *path, const struct restore_flags *flags)
{
    struct backup_restored done = {0};
    struct error err = {0};
    char at[UTIME_RFC3339_SIZE] = "";
    int code = EXIT_DONE;

    if (!backup_restore(cli->home, path, flags->replace ? BACKUP_REPLACE : BACKUP_INTO_EMPTY,
                        audit_actor(), utime_now_s(), &done, &err))
        return cli_fail(cli, &err);
    if (done.backup_at_s)
        (void)utime_format(done.backup_at_s, at);
    if (cli->json) {
        code = cli_print_json(json_pack("{s:s, s:I, s:s?, s:s?, s:b}", "restored", path,
                                        "campaigns", (json_int_t)done.campaigns, "backup_at",
                                        at[0] ? at : NULL, "kept", done.kept, "sends", false));
    } else {
        cli_printf("%" PRId64 " campaigns restored%s%s.\n", done.campaigns,
                   at[0] ? " as they were at " : "", at);
        if (done.kept)
            cli_printf("The ledger that was here is kept as %s.\n", done.kept);
        cli_printf("Nothing is sent until you say so: canvass restore --status tells what was sent "
                   "since, canvass restore --confirm lets it send.\n");
    }
    backup_restored_release(&done);
    return code;
}

/* Asks the relay for all that came since, so that the operator decides on what there is to know. */
static bool
ask_relay(const struct cli *cli, const struct config *config, struct error *err)
{
    struct engine_options options = {.home = cli->home,
                                     .config = config,
                                     .open_main_sink = cli->open_main_sink,
                                     .open_main_database = cli->open_main_database,
                                     .has_net = true};
    struct engine_summary summary;
    struct db *db = NULL;
    int64_t contact_s = 0;
    bool ok;

    if (config->relay.url[0] == '\0')
        return true;
    if (!config_can_send(config, err) || !cli->open_net(config, &options.net, err) ||
        !engine_run(&options, true, NULL, &summary, err))
        return false;
    db = ledger_open(cli->home, err);
    ok = db && setting_get_i64(db, "relay_contact_at", 0, &contact_s, err);
    db_close(db);
    return ok && (contact_s + 120 >= utime_now_s() ||
                  error_set(err, ERR_RETRY,
                            "the relay does not answer, so what was sent since is not known; "
                            "--without-relay confirms all the same"));
}

static int
confirm(const struct cli *cli, const struct restore_flags *flags)
{
    struct standing s = {0};
    struct config config = {0};
    struct error err = {0};
    struct db *ledger = NULL;
    int code = EXIT_DONE;
    bool ok;

    if (!cli_load_config(cli, &config))
        return EXIT_USAGE;
    ok = flags->without_relay || ask_relay(cli, &config, &err);
    config_release(&config);
    ledger = ok ? ledger_open(cli->home, &err) : NULL;
    ok = ledger && load_standing(ledger, &s, &err) &&
         place_confirm(ledger, cli->home, audit_actor(), utime_now_s(), &err);
    db_close(ledger);
    if (!ok) {
        code = cli_fail(cli, &err);
    } else if (cli->json) {
        code = cli_print_json(json_pack("{s:b, s:I, s:I}", "sends", true, "sent_since",
                                        (json_int_t)s.strays.count, "to_check",
                                        (json_int_t)s.left.units + (json_int_t)s.left.planned));
    } else {
        cli_printf("Confirmed: this state sends. %" PRId64
                   " waiting messages are looked for in the provider's list first.\n",
                   s.left.units + s.left.planned);
    }
    free(s.why);
    return code;
}

static int
status(const struct cli *cli)
{
    struct standing s = {0};
    struct error err = {0};
    struct db *ledger = ledger_open(cli->home, &err);
    bool ok = ledger && load_standing(ledger, &s, &err);
    int code = ok ? print_standing(cli, &s) : cli_fail(cli, &err);

    db_close(ledger);
    free(s.why);
    return code;
}

static int
restore_run(const struct cli *cli, int argc, char **argv)
{
    struct restore_flags flags = {0};
    const struct cli_option options[] = {{"--replace", NULL, &flags.replace},
                                         {"--confirm", NULL, &flags.confirm},
                                         {"--status", NULL, &flags.status},
                                         {"--without-relay", NULL, &flags.without_relay},
                                         {0}};
    const char *path = NULL;
    size_t count = 0;

    if (!cli_parse(cli, &cli_restore, argc, argv, options, &path, 1, &count))
        return EXIT_USAGE;
    if ((count > 0) + flags.confirm + flags.status != 1)
        return cli_usage(cli, &cli_restore, "give a backup, --status or --confirm");
    if (flags.confirm)
        return confirm(cli, &flags);
    return flags.status ? status(cli) : put_back(cli, path, &flags);
}

const struct cli_command cli_backup = {
    .name = "backup",
    .synopsis = "FILE",
    .summary = "Copies the ledger into a new file, also while an engine sends",
    .run = backup_run,
};

const struct cli_command cli_restore = {
    .name = "restore",
    .synopsis = "FILE [--replace]\n"
                "--status\n"
                "--confirm [--without-relay]",
    .summary = "Puts a backup back; it sends only after --confirm",
    .run = restore_run,
};
