/* canvass init: a configuration to be edited, or with --demo a whole made-up clinic. Never
 * overwrites. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/sync_print.h"
#include "core/base/embed.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/replica/demo.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

enum { SECRET_BYTES = 16, SID_BYTES = 16 };

static const char ACCOUNT_MARK[] = "@ACCOUNT_SID@";
static const char LOCAL[] = "http://127.0.0.1:"; /* what the demo's configuration sends to */

struct init {
    const struct cli *cli;
    char *folder;  /* owned; of the configuration */
    char *account; /* owned; the demo's, for the simulator */
    json_t *made, *kept;
    struct demo_options options;
    struct cli_progress progress;
    struct demo_result demo;
    bool has_demo; /* the database was written by this run */
    struct sync_result sync;
    bool synced;
};

static void
note(struct init *in, bool made, const char *path)
{
    (void)json_array_append_new(made ? in->made : in->kept, json_string(path));
}

static void
hex_of_random(struct buf *out, size_t bytes)
{
    unsigned char raw[32];

    random_bytes(raw, bytes);
    for (size_t i = 0; i < bytes; i++)
        buf_printf(out, "%02x", raw[i]);
}

/* Writes folder/name unless something is there already. */
static bool
write_new(struct init *in, const char *path, const struct buf *text, mode_t mode, struct error *err)
{
    bool there = file_exists(path);

    if (!there && !file_write_atomic(path, buf_str(text), text->len, mode, err))
        return false;
    note(in, !there, path);
    return true;
}

static bool
write_secret(struct init *in, const char *name, struct error *err)
{
    struct buf text = {0};
    char *path = path_join(in->folder, name);
    bool ok;

    hex_of_random(&text, SECRET_BYTES);
    buf_add_char(&text, '\n');
    ok = write_new(in, path, &text, 0600, err);
    buf_release(&text);
    free(path);
    return ok;
}

static void
note_kept_secrets(struct init *in)
{
    static const char *const names[] = {"relay.token", "twilio.token"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *path = path_join(in->folder, names[i]);

        if (file_exists(path))
            note(in, false, path);
        free(path);
    }
}

static bool
write_embedded(struct init *in, const char *source, const char *path, struct error *err)
{
    const struct embed_file *file = embed_find(source);
    const char *mark = file ? strstr(file->data, ACCOUNT_MARK) : NULL;
    struct buf text = {0};
    bool ok;

    if (!file)
        return error_set(err, ERR_INTERNAL, "%s is not in this program", source);
    if (mark) {
        buf_add(&text, file->data, (size_t)(mark - file->data));
        buf_add_str(&text, "AC");
        hex_of_random(&text, SID_BYTES);
        buf_add_str(&text, mark + strlen(ACCOUNT_MARK));
    } else {
        buf_add(&text, file->data, (size_t)(file->end - file->data));
    }
    ok = write_new(in, path, &text, 0644, err);
    buf_release(&text);
    return ok;
}

static bool
keep_opt_outs(void *arg, const struct demo_result *demo, struct error *err)
{
    struct init *in = arg;
    struct db *ledger = ledger_open(in->cli->home, err);
    bool ok = ledger && db_begin(ledger, err);

    for (size_t i = 0; ok && i < demo->opt_out_count; i++) {
        const struct demo_opt_out *o = &demo->opt_outs[i];

        ok = suppression_add(ledger, o->address, o->channel, "opt_out", o->words, in->cli->now_s,
                             NULL, err);
    }
    ok = ok && db_commit(ledger, err);
    if (ledger)
        db_rollback(ledger);
    db_close(ledger);
    return ok;
}

static void
demo_progress(void *arg, int64_t done, int64_t total)
{
    struct init *in = arg;

    cli_progress_show(&in->progress, "writing customers", done, total);
}

/* An existing configuration must be a demo's: nobody wants made-up customers in a real set-up. */
static bool
check_is_demo(const struct config *config, const char *database, struct error *err)
{
    if (text_starts_with(config->main_database.url, "sqlite:") &&
        strcmp(config->main_database.url + strlen("sqlite:"), database) == 0 &&
        text_starts_with(config->sms.base_url, LOCAL))
        return true;
    return error_set(err, ERR_CONFLICT,
                     "%s is there already and is not a demo's; choose another --config and --home "
                     "for the demo",
                     config->path);
}

static bool
write_database(struct init *in, const struct config *config, struct error *err)
{
    char *path = path_join(in->folder, "main.db");
    bool ok = check_is_demo(config, path, err);

    if (ok && file_exists(path)) {
        note(in, false, path);
    } else if (ok) {
        in->options.progress = demo_progress;
        in->options.before_publish = keep_opt_outs;
        in->options.arg = in;
        in->options.now_s = in->cli->now_s;
        ok = demo_main_database_write(path, &in->options, &in->demo, err);
        in->has_demo = ok;
        if (ok)
            note(in, true, path);
    }
    free(path);
    return ok;
}

/* *loaded false: the configuration has errors, and they were printed. */
static bool
make_demo(struct init *in, bool *loaded, struct error *err)
{
    char *relay = path_join(in->folder, "relay.yaml");
    struct config config = {0};
    bool ok = true;

    /*
     * The configuration comes last: where it is, its secrets are. One that was there already may
     * name other files, and nothing is made before it is known.
     */
    if (!file_exists(in->cli->config_path))
        ok = write_secret(in, "relay.token", err) && write_secret(in, "twilio.token", err);
    else
        note_kept_secrets(in);
    ok = ok && write_embedded(in, "data/demo/config.yaml", in->cli->config_path, err);
    if (ok)
        *loaded = cli_load_config(in->cli, &config);
    ok = ok && *loaded && write_database(in, &config, err) &&
         write_embedded(in, "data/demo/relay.yaml", relay, err) &&
         replica_sync(&(const struct sync_job){.home = in->cli->home,
                                               .config = &config,
                                               .open = in->cli->open_main_database,
                                               .now_s = in->cli->now_s,
                                               .mode = SYNC_INCREMENTAL,
                                               .progress = cli_sync_progress,
                                               .arg = &in->progress},
                      &in->sync, err);
    in->synced = ok;
    if (ok)
        in->account = mem_strdup(config.sms.account_sid);
    config_release(&config);
    free(relay);
    return ok;
}

static bool
make_example(struct init *in, struct error *err)
{
    struct buf text = {0};
    bool ok;

    config_example(&text);
    ok = write_new(in, in->cli->config_path, &text, 0644, err);
    buf_release(&text);
    return ok;
}

static void
print_list(const char *word, const json_t *paths)
{
    size_t i;
    const json_t *path;

    json_array_foreach(paths, i, path) cli_printf("%-6s %s\n", word, json_string_value(path));
}

static void
print_text(const struct init *in, bool demo)
{
    const char *config = in->cli->config_path;

    print_list("made", in->made);
    print_list("kept", in->kept);
    if (in->has_demo)
        cli_printf("\nThe clinic has %" PRId64 " customers, %" PRId64 " appointments and %" PRId64
                   " conversations; %zu people opted out before.\n",
                   in->demo.customers, in->demo.appointments, in->demo.conversations,
                   in->demo.opt_out_count);
    if (in->synced)
        cli_sync_print(&in->sync);
    if (!demo) {
        cli_printf("\nNext: edit %s (business, main_database, sms), then\n"
                   "  canvass doctor        says what is missing\n"
                   "  canvass sync          reads the customers\n",
                   config);
        return;
    }
    cli_printf(
        "\nNext (make demo does all of it): the relay, the simulated outside world, the console\n"
        "  canvass-relay --config %s/relay.yaml &\n"
        "  canvass-sim --listen 127.0.0.1:18080 --account-sid %s \\\n"
        "      --auth-token-file %s/twilio.token --from +13105550100 \\\n"
        "      --inbound-url http://127.0.0.1:18090/hooks/twilio/sms --speed 20 &\n"
        "  canvass --config %s --home %s\n",
        in->folder, in->account, in->folder, config, in->cli->home);
}

static int
print_json(const struct init *in)
{
    json_t *document = json_pack("{s:s, s:s, s:O, s:O}", "config", in->cli->config_path, "home",
                                 in->cli->home, "made", in->made, "kept", in->kept);

    if (in->has_demo)
        (void)json_object_set_new(
            document, "demo",
            json_pack(
                "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "customers", (json_int_t)in->demo.customers,
                "appointments", (json_int_t)in->demo.appointments, "conversations",
                (json_int_t)in->demo.conversations, "messages", (json_int_t)in->demo.messages,
                "appointment_requests", (json_int_t)in->demo.requests, "opted_out",
                (json_int_t)in->demo.opt_out_count, "elapsed_ms", (json_int_t)in->demo.elapsed_ms));
    if (in->synced)
        (void)json_object_set_new(document, "sync", cli_sync_json(&in->sync));
    return cli_print_json(document);
}

/* "--customers" and "--seed": whole numbers in range. */
static bool
read_number(const struct cli *cli, const char *option, const char *text, int64_t least,
            int64_t most, int64_t *out)
{
    if (!text || (num_parse_i64(text, out) && *out >= least && *out <= most))
        return true;
    (void)cli_usage(cli, &cli_init,
                    "%s must be a whole number from %" PRId64 " to %" PRId64 ", not \"%s\"", option,
                    least, most, text);
    return false;
}

static int
run_init(struct init *in, bool demo)
{
    struct error err = {0};
    bool loaded = true;
    bool ok = file_make_dirs(in->folder, &err) && file_make_dirs(in->cli->home, &err) &&
              (demo ? make_demo(in, &loaded, &err) : make_example(in, &err));

    cli_progress_clear(&in->progress);
    if (!loaded)
        return EXIT_USAGE;
    if (!ok)
        return cli_fail(in->cli, &err);
    if (in->cli->json)
        return print_json(in);
    print_text(in, demo);
    return EXIT_DONE;
}

static int
init_run(const struct cli *cli, int argc, char **argv)
{
    bool demo = false;
    const char *customers_text = NULL;
    const char *seed_text = NULL;
    const struct cli_option options[] = {
        {"--demo", NULL, &demo},
        {"--customers", &customers_text, NULL},
        {"--seed", &seed_text, NULL},
        {0},
    };
    struct init in = {.cli = cli};
    int64_t customers = DEMO_CUSTOMERS_DEFAULT;
    int64_t seed = 1;
    int status;

    if (!cli_parse(cli, &cli_init, argc, argv, options, NULL, 0, NULL) ||
        !read_number(cli, "--customers", customers_text, 1, DEMO_CUSTOMERS_MAX, &customers) ||
        !read_number(cli, "--seed", seed_text, 0, INT64_MAX, &seed))
        return EXIT_USAGE;
    if (!demo && (customers_text || seed_text))
        return cli_usage(cli, &cli_init, "--customers and --seed go with --demo");
    in.folder = path_dirname(cli->config_path);
    in.made = json_array();
    in.kept = json_array();
    in.options.customers = customers;
    in.options.seed = (uint64_t)seed;
    cli_progress_init(&in.progress, cli);
    status = run_init(&in, demo);
    demo_result_release(&in.demo);
    json_decref(in.made);
    json_decref(in.kept);
    free(in.folder);
    free(in.account);
    return status;
}

const struct cli_command cli_init = {
    .name = "init",
    .synopsis = "\n--demo [--customers N] [--seed S]",
    .summary = "Write a configuration to be edited, or a whole demo",
    .run = init_run,
};
