/* canvass restore: a backup is put back, and sends when an operator has said so. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "core/base/utime.h"
#include "core/engine/backup.h"
#include "core/engine/engine.h"
#include "core/engine/place.h"
#include "core/engine/sent_since.h"
#include "core/store/place_store.h"
#include "core/store/stores.h"

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

enum { SHOWN_MAX = 20, JSON_MAX = 10000 };

static void
add_sent(void *ctx, const struct stray *s)
{
    (void)json_array_append_new(ctx, json_pack("{s:s, s:s, s:s, s:o}", "to", s->address, "status",
                                               s->status, "provider_id", s->provider_id, "at",
                                               cli_json_time(s->received_at_s)));
}

static void
print_sent(void *ctx, const struct stray *s)
{
    char at[UTIME_RFC3339_SIZE];

    (void)ctx;
    cli_printf("  %s  %-16s %-12s %s\n", utime_format(s->received_at_s, at), s->address, s->status,
               s->provider_id);
}

/* What was sent since, the newest first. unread: why the provider's list is not in it, or NULL. */
static bool
print_strays(struct db *ledger, const struct stray_sum *sum, const char *unread, struct error *err)
{
    char last[UTIME_RFC3339_SIZE];

    if (unread)
        cli_printf("The provider's list could not be read (%s): callbacks alone tell what was "
                   "sent since.\n",
                   unread);
    if (sum->count == 0) {
        cli_printf("%s of a message sent since.\n",
                   unread ? "No callback has told"
                          : "Neither a callback nor the provider's list "
                            "tells");
        return true;
    }
    cli_printf("%" PRId64 " messages to %" PRId64 " people were sent since, the last at %s:\n",
               sum->count, sum->people, utime_format(sum->last_s, last));
    if (!stray_each(ledger, SHOWN_MAX, print_sent, NULL, err))
        return false;
    if (sum->count > SHOWN_MAX)
        cli_printf("  and %" PRId64 " more: --json lists up to %d\n", sum->count - SHOWN_MAX,
                   JSON_MAX);
    return true;
}

static int
print_standing_json(struct db *ledger, const struct standing *s, const char *unread,
                    struct error *err)
{
    json_t *list = json_array();

    if (!stray_each(ledger, JSON_MAX, add_sent, list, err)) {
        json_decref(list);
        return -1;
    }
    return cli_print_json(json_pack(
        "{s:b, s:s?, s:o, s:o, s:{s:I, s:I, s:o, s:o, s:s?, s:o}, s:I, s:I, s:I}", "sends", !s->why,
        "why", s->why, "known_until", cli_json_time(s->from_s), "confirmed_at",
        s->confirmed_s ? cli_json_time(s->confirmed_s) : json_null(), "sent_since", "messages",
        (json_int_t)s->strays.count, "people", (json_int_t)s->strays.people, "first",
        s->strays.count ? cli_json_time(s->strays.first_s) : json_null(), "last",
        s->strays.count ? cli_json_time(s->strays.last_s) : json_null(), "list_unread", unread,
        "list", list, "waiting", (json_int_t)s->left.units, "to_queue", (json_int_t)s->left.planned,
        "drafts", (json_int_t)s->left.drafts));
}

static int
print_standing(struct db *ledger, const struct standing *s, const char *unread, struct error *err)
{
    char from[UTIME_RFC3339_SIZE];

    if (!s->why) {
        cli_printf("This state may send.\n");
        return EXIT_DONE;
    }
    cli_printf("Nothing is sent: %s.\nWhat was sent until %s is in this ledger.\n", s->why,
               utime_format(s->from_s, from));
    if (!print_strays(ledger, &s->strays, unread, err))
        return -1;
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

/* Adds to the ledger what the provider's list knows; false: *why says what is missing. */
static bool
ask_provider(const struct cli *cli, struct db *ledger, int64_t since_s, struct error *why)
{
    struct config config = {0};
    struct net_port net = {0};
    bool ok;

    if (!cli_load_config(cli, &config))
        return error_set(why, ERR_INVALID, "the configuration cannot be read");
    ok = config_can_send(&config, why) && cli->open_net(&config, &net, why) &&
         sent_since_read(&net, ledger, since_s, why);
    if (net.close)
        net.close(net.ctx);
    config_release(&config);
    return ok;
}

static int
status(const struct cli *cli)
{
    struct standing s = {0};
    struct error err = {0};
    struct error why = {0};
    struct db *ledger = ledger_open(cli->home, &err);
    const char *unread = NULL;
    bool ok = ledger && load_standing(ledger, &s, &err);
    int code = -1;

    if (ok && s.why) {
        unread = ask_provider(cli, ledger, s.from_s, &why) ? NULL : why.text;
        ok = stray_sum_load(ledger, &s.strays, &err);
    }
    if (ok)
        code = cli->json ? print_standing_json(ledger, &s, unread, &err)
                         : print_standing(ledger, &s, unread, &err);
    if (code < 0)
        code = cli_fail(cli, &err);
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

const struct cli_command cli_restore = {
    .name = "restore",
    .synopsis = "FILE [--replace]\n"
                "--status\n"
                "--confirm [--without-relay]",
    .summary = "Puts a backup back; it sends only after --confirm",
    .run = restore_run,
};
