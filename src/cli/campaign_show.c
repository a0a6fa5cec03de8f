/* canvass campaign list, show, stats, recipients. */
#include "cli/campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/waiting.h"
#include "core/config/yaml.h"
#include "core/store/recipient_store.h"

json_t *
campaign_time_or_null(int64_t utc_s)
{
    return utc_s ? cli_json_time(utc_s) : json_null();
}

json_t *
campaign_text_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}

json_t *
campaign_states_json(const struct campaign *c)
{
    json_t *out = json_object();

    for (int i = 0; i < DELIVERY_STATE_COUNT; i++)
        (void)json_object_set_new(out, delivery_state_name((enum delivery_state)i),
                                  json_integer(c->states[i]));
    return out;
}

json_t *
campaign_json(const struct campaign *c)
{
    json_t *out =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "id", (json_int_t)c->id,
                  "name", c->name, "type", c->type, "channel", c->channel, "status",
                  campaign_status_name(c->status), "targeted", (json_int_t)c->targeted, "contacted",
                  (json_int_t)c->contacted, "responded", (json_int_t)c->responded, "opted_out",
                  (json_int_t)c->opted_out, "states", campaign_states_json(c));

    (void)json_object_set_new(out, "plan_state", json_string(c->plan_state));
    (void)json_object_set_new(out, "confirmed", json_integer(c->plan_confirmed));
    (void)json_object_set_new(out, "pause_reason", campaign_text_or_null(c->pause_reason));
    (void)json_object_set_new(out, "cloned_from",
                              c->cloned_from ? json_integer(c->cloned_from) : json_null());
    (void)json_object_set_new(out, "starts_at", campaign_time_or_null(c->starts_at));
    (void)json_object_set_new(out, "launched_at", campaign_time_or_null(c->launched_at));
    (void)json_object_set_new(out, "completed_at", campaign_time_or_null(c->completed_at));
    (void)json_object_set_new(out, "created_at", cli_json_time(c->created_at));
    (void)json_object_set_new(out, "updated_at", cli_json_time(c->updated_at));
    return out;
}

void
campaign_print_cell(const char *text, size_t width)
{
    struct buf clean = {0};
    size_t shown = 0;

    if (text)
        text_sanitise(&clean, text, strlen(text));
    for (const char *s = buf_str(&clean); *s; s++)
        shown += ((unsigned char)*s & 0xC0) != 0x80;
    cli_printf("%s%*s ", buf_str(&clean), (int)(shown < width ? width - shown : 0), "");
    buf_release(&clean);
}

void
campaign_print_count(int64_t n, size_t width)
{
    struct buf text = {0};

    num_format_grouped(&text, n);
    cli_printf("%*s ", (int)width, buf_str(&text));
    buf_release(&text);
}

static void
print_row(const struct campaign *c)
{
    cli_printf("%6" PRId64 "  ", c->id);
    campaign_print_cell(campaign_status_name(c->status), 10);
    campaign_print_cell(c->name[0] ? c->name : "(no name)", 34);
    campaign_print_cell(c->channel, 6);
    campaign_print_count(c->targeted, 10);
    campaign_print_count(c->contacted, 10);
    campaign_print_count(c->responded, 9);
    campaign_print_count(c->opted_out, 9);
    cli_printf("\n");
}

int
campaign_run_list(struct campaign_job *j, struct error *err)
{
    struct campaign_list list = {0};
    enum campaign_status status;
    json_t *rows;

    if (j->status && !campaign_status_parse(j->status, &status)) {
        (void)error_set(err, ERR_INVALID,
                        "\"%.40s\" is no status; there are draft, scheduled, active, paused, "
                        "completed and cancelled",
                        j->status);
        return -1;
    }
    if (!campaign_list_load(j->reader, j->status ? &status : NULL, &list, err))
        return -1;
    rows = json_array();
    if (!j->cli->json && list.count > 0)
        cli_printf("    ID  STATUS     NAME                               VIA      TARGETED  "
                   "CONTACTED   REPLIED OPTED OUT\n");
    for (size_t i = 0; i < list.count; i++) {
        (void)json_array_append_new(rows, campaign_json(&list.items[i]));
        if (!j->cli->json)
            print_row(&list.items[i]);
    }
    if (!j->cli->json && list.count == 0)
        cli_printf("No campaigns. canvass campaign create -f FILE makes one.\n");
    campaign_list_release(&list);
    if (j->cli->json)
        return cli_print_json(json_pack("{s:o}", "campaigns", rows));
    json_decref(rows);
    return EXIT_DONE;
}

/* --- show */
static json_t *
lines_json(const char *text)
{
    json_t *out = json_array();

    while (*text) {
        size_t len = strcspn(text, "\n");

        (void)json_array_append_new(out, json_stringn(text, len));
        text += len + (text[len] == '\n');
    }
    return out;
}

static void
print_time(const char *label, int64_t utc_s)
{
    char time[UTIME_RFC3339_SIZE];

    if (utc_s)
        cli_printf("%-11s %s\n", label, utime_format(utc_s, time));
}

static void
print_indented(const char *text)
{
    struct buf clean = {0};

    while (*text) {
        size_t len = strcspn(text, "\n");

        buf_clear(&clean);
        text_sanitise(&clean, text, len);
        cli_printf("  %s\n", buf_str(&clean));
        text += len + (text[len] == '\n');
    }
    buf_release(&clean);
}

static void
print_figures(const struct campaign *c)
{
    static const struct {
        const char *label;
        size_t at;
    } rows[] = {{"targeted", offsetof(struct campaign, targeted)},
                {"contacted", offsetof(struct campaign, contacted)},
                {"responded", offsetof(struct campaign, responded)},
                {"opted out", offsetof(struct campaign, opted_out)}};
    int64_t sum = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t n;

        memcpy(&n, (const char *)c + rows[i].at, sizeof n);
        cli_printf("%-11s ", rows[i].label);
        campaign_print_count(n, 10);
        cli_printf("\n");
    }
    cli_printf("%-11s", "states");
    for (int i = 0; i < DELIVERY_STATE_COUNT; i++) {
        sum += c->states[i];
        if (c->states[i] > 0)
            cli_printf(" %s %" PRId64, delivery_state_name((enum delivery_state)i), c->states[i]);
    }
    cli_printf("%s\n", sum == c->targeted ? "" : " (THE SUM IS NOT targeted: please report this)");
}

static bool
print_show(const struct campaign *c, const char *waits, struct error *err)
{
    struct buf yaml = {0};
    bool ok = yaml_write(c->spec, &yaml, err);

    cli_printf("campaign    %" PRId64 "\nname        ", c->id);
    campaign_print_cell(c->name[0] ? c->name : "(no name)", 0);
    cli_printf("\nstatus      %s\n", campaign_status_name(c->status));
    if (c->cloned_from)
        cli_printf("cloned from %" PRId64 "\n", c->cloned_from);
    print_time("starts", c->starts_at);
    print_time("launched", c->launched_at);
    print_time("ended", c->completed_at);
    print_figures(c);
    if (*waits) {
        cli_printf("waits for\n");
        print_indented(waits);
    }
    cli_printf("file\n");
    print_indented(buf_str(&yaml));
    buf_release(&yaml);
    return ok;
}

int
campaign_run_show(struct campaign_job *j, struct error *err)
{
    struct campaign c = {0};
    struct buf waits = {0};
    json_t *document;
    int status = -1;

    if (!campaign_load(j->reader, &j->config, j->id, &c, err) ||
        !campaign_why_waiting(j->reader, &j->config, &c, j->cli->now_s, &waits, err))
        goto out;
    if (j->cli->json) {
        document = campaign_json(&c);
        (void)json_object_set_new(document, "waits_for", lines_json(buf_str(&waits)));
        (void)json_object_set(document, "spec", c.spec);
        status = cli_print_json(document);
    } else {
        status = print_show(&c, buf_str(&waits), err) ? EXIT_DONE : -1;
    }
out:
    buf_release(&waits);
    campaign_release(&c);
    return status;
}

/* --- stats */
static json_t *
words_json(const struct campaign_word_count *words, size_t count)
{
    json_t *out = json_object();

    for (size_t i = 0; i < count; i++)
        (void)json_object_set_new(out, words[i].word, json_integer(words[i].count));
    return out;
}

static json_t *
variants_json(const struct campaign_stats *s)
{
    json_t *out = json_array();

    for (size_t i = 0; i < s->variant_count; i++) {
        const struct campaign_variant_stats *v = &s->variants[i];

        (void)json_array_append_new(
            out, json_pack("{s:s, s:f, s:I, s:I, s:I, s:I}", "name", v->name, "weight", v->weight,
                           "planned", (json_int_t)v->planned, "contacted", (json_int_t)v->contacted,
                           "responded", (json_int_t)v->responded, "opted_out",
                           (json_int_t)v->opted_out));
    }
    return out;
}

static void
print_stats(const struct campaign *c, const struct campaign_stats *s)
{
    cli_printf("campaign    %" PRId64 ", %s\n", c->id, campaign_status_name(c->status));
    print_figures(c);
    for (size_t i = 0; i < s->variant_count; i++) {
        const struct campaign_variant_stats *v = &s->variants[i];

        cli_printf("variant     ");
        campaign_print_cell(v->name, 14);
        cli_printf("planned %" PRId64 ", contacted %" PRId64 ", responded %" PRId64
                   ", opted out %" PRId64 "\n",
                   v->planned, v->contacted, v->responded, v->opted_out);
    }
    for (size_t i = 0; i < s->outcome_count; i++) {
        cli_printf("outcome     ");
        campaign_print_cell(s->outcomes[i].word, 24);
        cli_printf("%" PRId64 "\n", s->outcomes[i].count);
    }
    for (size_t i = 0; i < s->sentiment_count; i++)
        cli_printf("sentiment   %-24s %" PRId64 "\n", s->sentiments[i].word,
                   s->sentiments[i].count);
}

int
campaign_run_stats(struct campaign_job *j, struct error *err)
{
    struct campaign c = {0};
    struct campaign_stats s = {0};
    json_t *document;
    int status = -1;

    if (db_begin_read(j->reader, err) && campaign_load(j->reader, &j->config, j->id, &c, err) &&
        campaign_stats_load(j->reader, j->id, &s, err)) {
        status = EXIT_DONE;
        if (j->cli->json) {
            document = campaign_json(&c);
            (void)json_object_set_new(document, "variants", variants_json(&s));
            (void)json_object_set_new(document, "outcomes",
                                      words_json(s.outcomes, s.outcome_count));
            (void)json_object_set_new(document, "sentiments",
                                      words_json(s.sentiments, s.sentiment_count));
            (void)json_object_set_new(document, "conversations", json_integer(s.conversations));
            status = cli_print_json(document);
        } else {
            print_stats(&c, &s);
        }
    }
    db_rollback(j->reader);
    campaign_stats_release(&s);
    campaign_release(&c);
    return status;
}

/* --- recipients: streamed, there may be a million */
static bool
print_recipient(void *ctx, const struct recipient *r)
{
    char *key = key_format(&r->customer);

    (void)ctx;
    campaign_print_cell(key, 10);
    campaign_print_cell(r->address, 16);
    campaign_print_cell(r->variant, 10);
    campaign_print_cell(delivery_state_name(r->state), 12);
    if (r->reason)
        campaign_print_cell(r->reason, 0);
    if (r->error)
        campaign_print_cell(r->error, 0);
    cli_printf("\n");
    free(key);
    return true;
}

static json_t *
recipient_json(const struct recipient *r)
{
    return json_pack(
        "{s:I, s:o, s:I, s:s, s:s, s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:o}", "id",
        (json_int_t)r->id, "customer_id", cli_json_key(&r->customer), "step", (json_int_t)r->step,
        "channel", r->channel, "address", r->address, "variant", campaign_text_or_null(r->variant),
        "state", delivery_state_name(r->state), "reason", campaign_text_or_null(r->reason),
        "attempts", (json_int_t)r->attempts, "provider_id", campaign_text_or_null(r->provider_id),
        "error_code", r->error_code ? json_integer(r->error_code) : json_null(), "error",
        campaign_text_or_null(r->error), "updated_at", cli_json_time(r->updated_at));
}

struct json_rows {
    bool any, failed;
};

static bool
dump_recipient(void *ctx, const struct recipient *r)
{
    struct json_rows *rows = ctx;
    json_t *row = recipient_json(r);

    rows->failed = !row || fputs(rows->any ? ",\n" : "\n", stdout) == EOF ||
                   json_dumpf(row, stdout, JSON_COMPACT) != 0;
    rows->any = true;
    json_decref(row);
    return !rows->failed;
}

static int
recipients_as_json(struct campaign_job *j, const struct recipient_filter *filter, struct error *err)
{
    struct json_rows rows = {0};

    cli_printf("{\"recipients\":[");
    if (!recipient_each(j->reader, filter, dump_recipient, &rows, err))
        return -1;
    cli_printf("]}\n");
    if ((!rows.failed && fflush(stdout) == 0) || errno == EPIPE)
        return EXIT_DONE; /* the reader of a pipe may have seen enough */
    (void)error_set(err, ERR_INTERNAL, "cannot write to standard output");
    return -1;
}

int
campaign_run_recipients(struct campaign_job *j, struct error *err)
{
    struct recipient_filter filter = {.campaign_id = j->id};
    struct campaign c = {0};
    enum delivery_state state;
    int64_t limit = 0;

    if (j->state && !delivery_state_parse(j->state, &state)) {
        (void)error_set(err, ERR_INVALID,
                        "\"%.40s\" is no state; there are queued, sending, retry_wait, accepted, "
                        "sent, delivered, undelivered, failed, in_doubt and skipped",
                        j->state);
        return -1;
    }
    if (j->limit && (!num_parse_i64(j->limit, &limit) || limit < 1)) {
        (void)error_set(err, ERR_INVALID, "--limit takes a number from 1, not \"%.40s\"", j->limit);
        return -1;
    }
    if (!campaign_load(j->reader, &j->config, j->id, &c, err))
        return -1; /* no such campaign is not the same as none in that state */
    campaign_release(&c);
    filter.state = j->state ? &state : NULL;
    filter.limit = (size_t)limit;
    if (j->cli->json)
        return recipients_as_json(j, &filter, err);
    return recipient_each(j->reader, &filter, print_recipient, NULL, err) ? EXIT_DONE : -1;
}
