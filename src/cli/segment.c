/* canvass segment: who matches, who can be reached, and why (semantics "Criteria", "Reach"). */
#include "core/segment/segment.h"
#include "core/preview/preview.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/key_hash.h"
#include "core/store/replica_state_store.h"
#include "core/store/stores.h"

/* A criteria text has a limit of its own, and a better message for it. */
enum { FILE_MAX_BYTES = 1 << 20, SAMPLE_DEFAULT = 20, SAMPLE_MAX = 100000 };

struct selector { /* one of them is set */
    const char *template, *saved, *file;
};

struct job { /* one run of a subcommand */
    const struct cli *cli;
    struct selector selector, with; /* with: what is compared */
    const char *channel, *limit_text, *seed_text;
    const char *name, *other; /* CUSTOMER or NAME; NEW-NAME */
    size_t limit;
    uint64_t seed;
    struct config config;
    struct db *db;
    struct criteria *criteria; /* NULL for those without a selector */
    struct criteria *second;   /* of compare */
    struct segment_env env;
    struct replica_state replica;
};

enum store_kind { STORE_NONE, STORE_READER, STORE_LEDGER };

struct verb {
    const char *name;
    const char *argument; /* "CUSTOMER", or NULL */
    size_t arguments;     /* how many words that is */
    size_t selectors;
    enum store_kind store;
    int (*run)(struct job *j, struct error *err); /* -1: err says why not */
};

static json_t *
time_or_null(bool known, int64_t utc_s)
{
    return known ? cli_json_time(utc_s) : json_null();
}

static json_t *
text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* How old the answer is: the instant of evaluation and the replica's. Takes `document`. */
static int
print_aged(struct job *j, json_t *document)
{
    (void)json_object_set_new(document, "as_of", cli_json_time(j->env.now_s));
    (void)json_object_set_new(document, "synced_at",
                              time_or_null(j->replica.synced, j->replica.synced_at_s));
    (void)json_object_set_new(document, "replica_generation", json_integer(j->replica.generation));
    return cli_print_json(document);
}

static void
say_age(const struct job *j)
{
    char now[UTIME_RFC3339_SIZE];
    char synced[UTIME_RFC3339_SIZE];

    if (j->replica.synced)
        cli_printf("as of %s, replica of %s\n", utime_format(j->env.now_s, now),
                   utime_format(j->replica.synced_at_s, synced));
    else
        cli_printf("as of %s; the replica was never synced: canvass sync\n",
                   utime_format(j->env.now_s, now));
}

/* Words that nobody has: warnings on standard error, or a list for JSON. */
static bool
warnings(struct job *j, json_t **out, struct error *err)
{
    struct buf text = {0};

    *out = json_array();
    if (!criteria_unknown_words(j->db, j->criteria, &text, err)) {
        buf_release(&text);
        json_decref(*out);
        *out = NULL;
        return false;
    }
    if (!j->cli->json)
        (void)fputs(buf_str(&text), stderr);
    for (const char *line = buf_str(&text); *line;) {
        size_t len = strcspn(line, "\n");

        (void)json_array_append_new(*out, json_stringn(line, len));
        line += len + (line[len] == '\n');
    }
    buf_release(&text);
    return true;
}

static int
run_templates(struct job *j, struct error *err)
{
    size_t count = 0;
    const struct segment_template *list = segment_template_list(&count);
    json_t *rows = json_array();

    (void)err;
    for (size_t i = 0; i < count; i++) {
        const struct segment_template *t = &list[i];
        json_t *criteria = json_deep_copy(t->criteria);

        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:o}", "name", t->name,
                                                    "title", t->title, "description",
                                                    t->description, "criteria", criteria));
        if (!j->cli->json)
            cli_printf("%-28s %s\n%28s %s\n", t->name, t->title, "", t->description);
    }
    if (j->cli->json)
        return cli_print_json(json_pack("{s:o}", "templates", rows));
    json_decref(rows);
    return EXIT_DONE;
}

static int
run_list(struct job *j, struct error *err)
{
    struct saved_segment *list = NULL;
    size_t count = 0;
    json_t *rows;

    if (!segment_saved_list(j->db, &list, &count, err))
        return -1;
    rows = json_array();
    for (size_t i = 0; i < count; i++) {
        char time[UTIME_RFC3339_SIZE];
        char *text = json_dumps(list[i].criteria, JSON_COMPACT | JSON_REAL_PRECISION(15));

        (void)json_array_append_new(rows, json_pack("{s:s, s:O?, s:o}", "name", list[i].name,
                                                    "criteria", list[i].criteria, "updated_at",
                                                    cli_json_time(list[i].updated_at)));
        if (!j->cli->json)
            cli_printf("%-28s %s  %s\n", list[i].name, utime_format(list[i].updated_at, time),
                       text ? text : "");
        free(text);
    }
    if (!j->cli->json && count == 0)
        cli_printf("No saved segments. canvass segment save NAME makes one.\n");
    segment_saved_list_release(list, count);
    if (j->cli->json)
        return cli_print_json(json_pack("{s:o}", "segments", rows));
    json_decref(rows);
    return EXIT_DONE;
}

static json_t *
reach_json(const struct job *j, const struct reach *r)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "channel", j->channel, "reachable",
                     (json_int_t)r->reachable, "no_address", (json_int_t)r->no_address, "opted_out",
                     (json_int_t)r->opted_out, "capped", (json_int_t)r->capped, "duplicate_address",
                     (json_int_t)r->duplicate_address);
}

static void
print_reach(const struct job *j, const struct reach *r)
{
    const struct {
        const char *label;
        int64_t n;
    } rows[] = {{"reachable", r->reachable},
                {"no valid address", r->no_address},
                {"opted out", r->opted_out},
                {"at the frequency cap", r->capped},
                {"same address as another", r->duplicate_address}};

    cli_printf("by %s:\n", j->channel);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf n = {0};

        num_format_grouped(&n, rows[i].n);
        cli_printf("  %12s  %s\n", buf_str(&n), rows[i].label);
        buf_release(&n);
    }
}

static int
run_count(struct job *j, struct error *err)
{
    int64_t begun_us = utime_mono_us();
    struct reach reach = {0};
    json_t *warned = NULL;
    struct buf grouped = {0};
    json_t *document;
    double elapsed_ms;

    if (j->channel ? !segment_reach(j->db, j->criteria, &j->env, j->channel, &reach, err)
                   : !segment_count(j->db, j->criteria, &j->env, &reach.matched, err))
        return -1;
    elapsed_ms = (double)(utime_mono_us() - begun_us) / 1000.0;
    if (!warnings(j, &warned, err))
        return -1;
    if (j->cli->json) {
        document = json_pack("{s:I, s:o, s:f, s:o}", "matched", (json_int_t)reach.matched, "reach",
                             j->channel ? reach_json(j, &reach) : json_null(), "elapsed_ms",
                             elapsed_ms, "warnings", warned);
        return print_aged(j, document);
    }
    json_decref(warned);
    num_format_grouped(&grouped, reach.matched);
    cli_printf("%s customer%s match\n", buf_str(&grouped), reach.matched == 1 ? "" : "s");
    buf_release(&grouped);
    if (j->channel)
        print_reach(j, &reach);
    say_age(j);
    return EXIT_DONE;
}

static bool
take_id(void *ctx, const struct key *key)
{
    return json_array_append_new(ctx, cli_json_key(key)) == 0;
}

static bool
print_id(void *ctx, const struct key *key)
{
    (void)ctx;
    if (key->is_text)
        cli_printf("%s\n", key->text);
    else
        cli_printf("%" PRId64 "\n", key->number);
    return true;
}

static int
run_ids(struct job *j, struct error *err)
{
    json_t *ids;

    if (!j->cli->json)
        return segment_each_id(j->db, j->criteria, &j->env, print_id, NULL, err) ? EXIT_DONE : -1;
    ids = json_array();
    if (!segment_each_id(j->db, j->criteria, &j->env, take_id, ids, err)) {
        json_decref(ids);
        return -1;
    }
    return print_aged(
        j, json_pack("{s:I, s:o}", "matched", (json_int_t)json_array_size(ids), "ids", ids));
}

static json_t *
person_json(const struct segment_person *p)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "customer_id",
                     cli_json_key(&p->key), "name", text_or_null(p->name), "phone",
                     text_or_null(p->phone), "email", text_or_null(p->email), "last_contact",
                     time_or_null(p->has_last_contact, p->last_contact), "last_visit",
                     time_or_null(p->has_last_visit, p->last_visit), "last_appointment",
                     time_or_null(p->has_last_appointment, p->last_appointment),
                     "last_appointment_status", text_or_null(p->last_appointment_status), "reach",
                     p->reach[0] ? json_string(p->reach) : json_null());
}

static void
print_cell(const char *text, size_t width)
{
    struct buf clean = {0};
    size_t shown = 0;

    if (text)
        text_sanitise(&clean, text, strlen(text));
    for (const char *s = buf_str(&clean); *s; s++)
        shown += ((unsigned char)*s & 0xC0) != 0x80;
    cli_printf("%s", buf_str(&clean));
    do
        cli_printf(" ");
    while (++shown <= width);
    buf_release(&clean);
}

static void
print_person(const struct segment_person *p)
{
    char time[UTIME_RFC3339_SIZE];
    char *key = key_format(&p->key);

    print_cell(key, 10);
    print_cell(p->name, 26);
    print_cell(p->phone ? p->phone : p->email, 24);
    print_cell(p->has_last_contact ? utime_format(p->last_contact, time) : "never contacted", 20);
    cli_printf("%s\n", p->reach);
    free(key);
}

static int
run_sample(struct job *j, struct error *err)
{
    struct segment_sample sample;
    json_t *people;

    if (!segment_sample(j->db, j->criteria, &j->env, j->channel, j->limit, j->seed, &sample, err))
        return -1;
    people = json_array();
    for (size_t i = 0; i < sample.count; i++) {
        if (j->cli->json)
            (void)json_array_append_new(people, person_json(&sample.people[i]));
        else
            print_person(&sample.people[i]);
    }
    segment_sample_release(&sample);
    if (j->cli->json)
        return print_aged(j,
                          json_pack("{s:o, s:I}", "people", people, "seed", (json_int_t)j->seed));
    json_decref(people);
    say_age(j);
    return EXIT_DONE;
}

static int
run_explain(struct job *j, struct error *err)
{
    struct buf sentence = {0};
    json_t *warned = NULL;
    json_t *criteria;
    int status;

    if (!warnings(j, &warned, err))
        return -1;
    segment_explain(j->criteria, &j->env, &sentence);
    if (j->cli->json) {
        criteria = criteria_to_json(j->criteria);
        status = print_aged(j, json_pack("{s:s, s:o, s:o}", "sentence", buf_str(&sentence),
                                         "criteria", criteria, "warnings", warned));
    } else {
        cli_printf("%s\n", buf_str(&sentence));
        json_decref(warned);
        status = EXIT_DONE;
    }
    buf_release(&sentence);
    return status;
}

static json_t *
reasons_json(const struct segment_why *why)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < why->count; i++) {
        const struct segment_reason *r = &why->reasons[i];

        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:b, s:s}", "path", r->pointer,
                                                    "sentence", r->sentence, "holds", r->holds,
                                                    "fact", r->fact));
    }
    return rows;
}

/* Where nobody has the key as it was typed: 007 where numbers are keys, a UUID in capitals. */
static bool
key_as_stored(struct key *key)
{
    int64_t number = 0;

    if (!key->is_text)
        return false;
    if (num_parse_i64(key->text, &number)) {
        key_release(key);
        *key = (struct key){.number = number};
        return true;
    }
    if (!key_is_uuid(key->text, strlen(key->text)))
        return false;
    for (char *c = key->text; *c; c++)
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c - 'A' + 'a');
    return true;
}

static bool
why_customer(struct job *j, struct key *key, struct segment_why *why, struct error *err)
{
    return segment_why(j->db, j->criteria, &j->env, key, why, err) ||
           (err->code == ERR_NOT_FOUND && key_as_stored(key) &&
            segment_why(j->db, j->criteria, &j->env, key, why, err));
}

static int
run_why(struct job *j, struct error *err)
{
    struct key key = key_parse(j->name);
    struct segment_why why;
    int status = EXIT_DONE;

    if (!why_customer(j, &key, &why, err)) {
        key_release(&key);
        return -1;
    }
    if (j->cli->json) {
        status =
            print_aged(j, json_pack("{s:o, s:b, s:o}", "customer_id", cli_json_key(&key),
                                    "in_segment", why.in_segment, "reasons", reasons_json(&why)));
    } else {
        cli_printf("customer %s is %sin the segment\n", j->name, why.in_segment ? "" : "not ");
        for (size_t i = 0; i < why.count; i++)
            cli_printf("  %-5s %s: %s\n        saw: %s\n", why.reasons[i].holds ? "true" : "false",
                       why.reasons[i].pointer, why.reasons[i].sentence, why.reasons[i].fact);
    }
    segment_why_release(&why);
    key_release(&key);
    return status;
}

static int
run_save(struct job *j, struct error *err)
{
    if (!segment_save(j->db, j->name, j->criteria, j->cli->now_s, err))
        return -1;
    if (j->cli->json)
        return cli_print_json(json_pack("{s:s}", "name", j->name));
    cli_printf("saved as \"%s\"\n", j->name);
    return EXIT_DONE;
}

static int
run_delete(struct job *j, struct error *err)
{
    if (!segment_delete(j->db, j->name, err))
        return -1;
    if (j->cli->json)
        return cli_print_json(json_pack("{s:s, s:b}", "name", j->name, "deleted", true));
    cli_printf("deleted \"%s\"\n", j->name);
    return EXIT_DONE;
}

static int
run_rename(struct job *j, struct error *err)
{
    if (!segment_rename(j->db, j->name, j->other, err))
        return -1;
    if (j->cli->json)
        return cli_print_json(json_pack("{s:s, s:s}", "name", j->other, "was", j->name));
    cli_printf("\"%s\" is now \"%s\"\n", j->name, j->other);
    return EXIT_DONE;
}

static const char *
selector_name(const struct selector *s)
{
    return s->template ? s->template : s->saved ? s->saved : s->file;
}

static int
run_compare(struct job *j, struct error *err)
{
    const char *names[] = {selector_name(&j->selector), selector_name(&j->with)};
    struct segment_overlap o;
    int64_t begun_us = utime_mono_us();
    double elapsed_ms;

    if (!segment_compare(j->db, j->criteria, j->second, &j->env, &o, err))
        return -1;
    elapsed_ms = (double)(utime_mono_us() - begun_us) / 1000.0;
    if (j->cli->json)
        return print_aged(j, json_pack("{s:{s:s, s:I}, s:{s:s, s:I}, s:I, s:I, s:I, s:I, s:f}", "a",
                                       "name", names[0], "matched", (json_int_t)o.a, "b", "name",
                                       names[1], "matched", (json_int_t)o.b, "a_only",
                                       (json_int_t)(o.a - o.both), "both", (json_int_t)o.both,
                                       "b_only", (json_int_t)(o.b - o.both), "either",
                                       (json_int_t)(o.a + o.b - o.both), "elapsed_ms", elapsed_ms));
    for (size_t i = 0; i < 5; i++) {
        const int64_t counts[] = {o.a, o.b, o.a - o.both, o.both, o.b - o.both};
        static const char *const words[] = {"A: ", "B: ", "in A alone", "in both", "in B alone"};
        struct buf n = {0};

        num_format_grouped(&n, counts[i]);
        cli_printf("%12s  %s%s\n", buf_str(&n), words[i], i < 2 ? names[i] : "");
        buf_release(&n);
    }
    say_age(j);
    return EXIT_DONE;
}

static const struct verb verbs[] = {
    {"templates", NULL, 0, 0, STORE_NONE, run_templates},
    {"list", NULL, 0, 0, STORE_READER, run_list},
    {"count", NULL, 0, 1, STORE_READER, run_count},
    {"sample", NULL, 0, 1, STORE_READER, run_sample},
    {"ids", NULL, 0, 1, STORE_READER, run_ids},
    {"explain", NULL, 0, 1, STORE_READER, run_explain},
    {"why", "CUSTOMER", 1, 1, STORE_READER, run_why},
    {"compare", NULL, 0, 2, STORE_READER, run_compare},
    {"save", "NAME", 1, 1, STORE_LEDGER, run_save},
    {"rename", "NAME and NEW-NAME", 2, 0, STORE_LEDGER, run_rename},
    {"delete", "NAME", 1, 0, STORE_LEDGER, run_delete},
};

static const struct verb *
verb_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static bool
ends_with(const char *s, const char *end)
{
    size_t len = strlen(s);
    size_t end_len = strlen(end);

    return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

static struct criteria *
read_criteria(const char *path, struct error *err)
{
    bool yaml = ends_with(path, ".yaml") || ends_with(path, ".yml");
    struct criteria *c = NULL;
    struct buf text = {0};

    if (file_read(path, FILE_MAX_BYTES, &text, err))
        c = criteria_from_text(buf_str(&text), text.len, yaml, err);
    buf_release(&text);
    return c;
}

static struct criteria *
select_criteria(struct job *j, const struct selector *s, struct error *err)
{
    json_t *segment;
    struct criteria *c;

    if (s->file)
        return read_criteria(s->file, err);
    segment = s->template ? json_pack("{s:s}", "template", s->template)
                          : json_pack("{s:s}", "saved", s->saved);
    if (!segment) {
        (void)error_set(err, ERR_INVALID, "the name of a segment must be UTF-8");
        return NULL;
    }
    c = segment_resolve(j->db, segment, err);
    json_decref(segment);
    return c;
}

/* Everything that the subcommand needs, in one snapshot. */
static bool
prepare(struct job *j, const struct verb *verb, struct error *err)
{
    j->env = (struct segment_env){.now_s = j->cli->now_s, .config = &j->config};
    if (verb->store == STORE_READER)
        j->db = reader_open(j->cli->home, err);
    else if (verb->store == STORE_LEDGER)
        j->db = ledger_open(j->cli->home, err);
    if (verb->store != STORE_NONE && !j->db)
        return false;
    if (verb->store == STORE_READER &&
        (!db_begin_read(j->db, err) || !replica_state_load(j->db, &j->replica, err)))
        return false;
    if (verb->selectors > 0)
        j->criteria = select_criteria(j, &j->selector, err);
    if (verb->selectors > 1 && j->criteria)
        j->second = select_criteria(j, &j->with, err);
    return verb->selectors == 0 || (verb->selectors == 1 ? j->criteria : j->second) != NULL;
}

static bool
read_numbers(struct job *j, struct error *err)
{
    int64_t n = SAMPLE_DEFAULT;

    if (j->limit_text && (!num_parse_i64(j->limit_text, &n) || n < 1 || n > SAMPLE_MAX))
        return error_set(err, ERR_INVALID, "--limit takes a whole number from 1 to %d", SAMPLE_MAX);
    j->limit = (size_t)n;
    n = 0;
    if (j->seed_text && (!num_parse_i64(j->seed_text, &n) || n < 0))
        return error_set(err, ERR_INVALID, "--seed takes a whole number from 0");
    j->seed = (uint64_t)n;
    return true;
}

static size_t
selector_count(const struct selector *s)
{
    return (s->template != NULL) + (s->saved != NULL) + (s->file != NULL);
}

/* compare: two names of saved segments, or a selector and what it is compared with. */
static bool
pair_fits(struct job *j, size_t positionals)
{
    if (positionals == 3 && selector_count(&j->selector) == 0 && selector_count(&j->with) == 0) {
        j->selector.saved = j->name;
        j->with.saved = j->other;
        return true;
    }
    if (positionals == 1 && selector_count(&j->selector) == 1 && selector_count(&j->with) == 1)
        return true;
    (void)cli_usage(j->cli, &cli_segment,
                    "segment compare needs the names of two saved segments, or one of --template, "
                    "--saved, --criteria and one of --with-template, --with-saved, "
                    "--with-criteria");
    return false;
}

/* The flags fit the subcommand; says what does not and gives false. */
static bool
arguments_fit(struct job *j, const struct verb *verb, size_t positionals)
{
    struct error err = {0};

    if (verb->selectors == 2)
        return pair_fits(j, positionals);
    if (positionals != verb->arguments + 1) {
        if (positionals <= verb->arguments)
            (void)cli_usage(j->cli, &cli_segment, "segment %s needs %s", verb->name,
                            verb->argument);
        else
            (void)cli_usage(j->cli, &cli_segment, "unexpected argument \"%s\"",
                            verb->arguments ? j->other : j->name);
        return false;
    }
    if (selector_count(&j->with) > 0) {
        (void)cli_usage(j->cli, &cli_segment, "only segment compare takes --with-...");
        return false;
    }
    if (selector_count(&j->selector) != verb->selectors) {
        (void)cli_usage(j->cli, &cli_segment,
                        verb->selectors
                            ? "segment %s needs one of --template, --saved and --criteria"
                            : "segment %s takes no --template, --saved or --criteria",
                        verb->name);
        return false;
    }
    if (j->channel && strcmp(j->channel, "sms") != 0 && strcmp(j->channel, "email") != 0 &&
        strcmp(j->channel, "voice") != 0) {
        (void)cli_usage(j->cli, &cli_segment, "--channel takes sms, email or voice");
        return false;
    }
    if (!read_numbers(j, &err)) {
        (void)cli_usage(j->cli, &cli_segment, "%s", err.text);
        return false;
    }
    return true;
}

static int
segment_run(const struct cli *cli, int argc, char **argv)
{
    struct job j = {.cli = cli};
    const struct cli_option options[] = {
        {"--template", &j.selector.template, NULL},
        {"--saved", &j.selector.saved, NULL},
        {"--criteria", &j.selector.file, NULL},
        {"--with-template", &j.with.template, NULL},
        {"--with-saved", &j.with.saved, NULL},
        {"--with-criteria", &j.with.file, NULL},
        {"--channel", &j.channel, NULL},
        {"--limit", &j.limit_text, NULL},
        {"--seed", &j.seed_text, NULL},
        {0},
    };
    const char *words[3] = {NULL, NULL, NULL};
    size_t count = 0;
    const struct verb *verb;
    struct error err = {0};
    int status;

    if (!cli_parse(cli, &cli_segment, argc, argv, options, words, 3, &count))
        return EXIT_USAGE;
    if (count == 0)
        return cli_usage(cli, &cli_segment, "say what to do: templates, list, count, ...");
    verb = verb_find(words[0]);
    if (!verb) {
        const char *near =
            text_nearest(words[0], &verbs[0].name, ARRAY_LEN(verbs), sizeof verbs[0]);

        return cli_usage(cli, &cli_segment, "unknown subcommand \"%s\"%s%s%s", words[0],
                         near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    j.name = words[1];
    j.other = words[2];
    if (!arguments_fit(&j, verb, count))
        return EXIT_USAGE;
    if (!cli_load_config(cli, &j.config))
        return EXIT_USAGE;
    status = prepare(&j, verb, &err) ? verb->run(&j, &err) : -1;
    if (status < 0)
        status = cli_fail(cli, &err);
    criteria_free(j.criteria);
    criteria_free(j.second);
    if (j.db)
        db_rollback(j.db);
    db_close(j.db);
    config_release(&j.config);
    return status;
}

const struct cli_command cli_segment = {
    .name = "segment",
    .synopsis = "templates | list\n"
                "count | ids | explain SELECTOR [--channel sms|email|voice]\n"
                "sample SELECTOR [--channel C] [--limit N] [--seed N]\n"
                "why CUSTOMER SELECTOR\n"
                "compare NAME NAME | compare SELECTOR --with-template|-saved|-criteria ...\n"
                "save NAME SELECTOR\n"
                "rename NAME NEW-NAME\n"
                "delete NAME\n"
                "(SELECTOR: --template NAME | --saved NAME | --criteria FILE|-)",
    .summary = "who matches, who can be reached, and why",
    .run = segment_run,
};
