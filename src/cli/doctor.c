/* canvass doctor: is everything there that a campaign needs? One line a check. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/store/replica_state_store.h"
#include "core/store/stores.h"
#include "core/store/write_back_store.h"

enum verdict { GOOD, LOOK, BAD };

struct doctor {
    const struct cli *cli;
    json_t *checks;
    bool bad;
};

static void tell(struct doctor *d, enum verdict v, const char *subject, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static void
tell(struct doctor *d, enum verdict v, const char *subject, const char *fmt, ...)
{
    static const char *const words[] = {[GOOD] = "ok", [LOOK] = "look", [BAD] = "bad"};
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    d->bad = d->bad || v == BAD;
    if (d->cli->json)
        (void)json_array_append_new(d->checks, json_pack("{s:s, s:s, s:s}", "verdict", words[v],
                                                         "subject", subject, "text", text));
    else
        cli_printf("%-5s %-14s %s\n", words[v], subject, text);
}

static void
look_at_config(struct doctor *d, const struct config *c)
{
    struct error err = {0};

    if (!file_exists(c->path))
        tell(d, BAD, "configuration", "%s is not there; canvass init makes it", c->path);
    else
        tell(d, GOOD, "configuration", "%s", c->path);
    if (config_can_send(c, &err))
        tell(d, GOOD, "sms", "%s as %s", c->sms.provider,
             *c->sms.messaging_service_sid ? c->sms.messaging_service_sid : c->sms.from);
    else
        tell(d, LOOK, "sms", "%s", err.text);
    if (!*c->relay.url)
        tell(d, LOOK, "relay", "relay.url is not set: replies and opt-outs cannot arrive");
    else if (!*c->relay.token)
        tell(d, BAD, "relay", "relay.token_file is not set: the relay would refuse us");
    else
        tell(d, GOOD, "relay", "%s", c->relay.url);
    if (*c->relay.url && !*c->relay.public_url)
        tell(d, LOOK, "relay",
             "relay.public_url is not set: no delivery receipts, and webhooks cannot be verified");
    if (c->policy.quiet_hours.set)
        tell(d, GOOD, "quiet hours",
             "messages go out from %02d:%02d to %02d:%02d of the recipient's day",
             c->policy.quiet_hours.from_min / 60, c->policy.quiet_hours.from_min % 60,
             c->policy.quiet_hours.to_min / 60, c->policy.quiet_hours.to_min % 60);
    else
        tell(d, LOOK, "quiet hours",
             "none are set: messages go out at any hour (policy.quiet_hours)");
}

static void
look_at_ledger(struct doctor *d)
{
    struct error err = {0};
    struct db *db = ledger_open(d->cli->home, &err);
    struct db_stmt *st = db ? db_prepare(db, "PRAGMA quick_check(1)", &err) : NULL;
    bool row = false;

    if (!st || !db_step(st, &row, &err))
        tell(d, BAD, "ledger", "%s", err.text);
    else if (!row || strcmp(db_column_text(st, 0), "ok") != 0)
        tell(d, BAD, "ledger", "canvass.db is damaged: %s; restore a backup",
             row ? db_column_text(st, 0) : "");
    else
        tell(d, GOOD, "ledger", "%s/canvass.db", d->cli->home);
    db_stmt_release(st);
    db_close(db);
}

static void
look_at_replica(struct doctor *d, const struct config *c)
{
    struct error err = {0};
    struct replica_state state = {0};
    struct db *db = reader_open(d->cli->home, &err);
    int64_t age_s;

    if (!db || !replica_state_load(db, &state, &err)) {
        tell(d, BAD, "replica", "%s", err.text);
        db_close(db);
        return;
    }
    db_close(db);
    age_s = d->cli->now_s - state.synced_at_s;
    if (!state.synced)
        tell(d, LOOK, "replica", "empty: canvass sync fills it from %s", c->main_database.url);
    else if (age_s > c->policy.stale_replica_minutes * 60)
        tell(d, LOOK, "replica",
             "%" PRId64 " customers, %" PRId64
             " minutes old: a launch would be refused; canvass sync",
             state.customers, age_s / 60);
    else
        tell(d, GOOD, "replica", "%" PRId64 " customers, %" PRId64 " s old", state.customers,
             age_s);
    if (state.last_error[0])
        tell(d, LOOK, "replica", "the last sync failed: %s", state.last_error);
}

/* What the main database has yet to be told, and why it refuses some of it. */
static void
look_at_write_back(struct doctor *d)
{
    struct error err = {0};
    struct db *db = ledger_open(d->cli->home, &err);
    int64_t waiting = 0;
    int64_t refused = 0;
    char *why = NULL;

    if (!db || !write_back_state(db, &waiting, &refused, &why, &err))
        tell(d, BAD, "write-back", "%s", err.text);
    else if (refused > 0)
        tell(d, BAD, "write-back",
             "the main database refused %" PRId64 " rows, which are tried again: %s", refused,
             why ? why : "");
    else
        tell(d, GOOD, "write-back", "%" PRId64 " rows wait to be written", waiting);
    free(why);
    db_close(db);
}

/* The mapping against the live database: every column that is missing or mistyped. */
static void
look_at_main_database(struct doctor *d, const struct config *c)
{
    struct buf problems = {0};
    struct error err = {0};
    bool ok = d->cli->check_main_database(c, &problems, &err);
    const char *line = buf_str(&problems);

    for (; *line; line += strcspn(line, "\n"), line += *line == '\n')
        tell(d, BAD, "main database", "%.*s", (int)strcspn(line, "\n"), line);
    if (!ok && problems.len == 0)
        tell(d, BAD, "main database", "%s", err.text);
    if (ok && problems.len == 0)
        tell(d, GOOD, "main database", "%.*s", (int)strcspn(c->main_database.url, "?"),
             c->main_database.url);
    buf_release(&problems);
}

static int
doctor_run(const struct cli *cli, int argc, char **argv)
{
    struct doctor d = {.cli = cli, .checks = json_array()};
    struct config config = {0};
    int status;

    if (!cli_parse(cli, &cli_doctor, argc, argv, NULL, NULL, 0, NULL) ||
        !cli_load_config(cli, &config)) {
        json_decref(d.checks);
        return EXIT_USAGE;
    }
    look_at_config(&d, &config);
    look_at_ledger(&d);
    if (cli->check_main_database && file_exists(config.path))
        look_at_main_database(&d, &config);
    if (config.main_database.write_back)
        look_at_write_back(&d);
    look_at_replica(&d, &config);
    config_release(&config);
    status = d.bad ? EXIT_FAILED : EXIT_DONE;
    if (cli->json && cli_print_json(json_pack("{s:O}", "checks", d.checks)) != EXIT_DONE)
        status = EXIT_FAILED;
    json_decref(d.checks);
    return status;
}

const struct cli_command cli_doctor = {
    .name = "doctor",
    .synopsis = "",
    .summary = "Is everything there that a campaign needs?",
    .run = doctor_run,
};
