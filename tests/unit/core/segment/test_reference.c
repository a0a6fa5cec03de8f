/*
 * Random criteria on random data full of traps: what core/replica and core/segment make of them is
 * compared with the reference evaluator (reference.h), customer by customer, reach included.
 * SEGMENT_SEED=N runs another choice; a failure prints the seed and the document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/index/index.h"
#include "core/preview/preview.h"
#include "core/replica/sync.h"
#include "core/segment/reference.h"
#include "core/segment/segment.h"
#include "core/store/main_database_sqlite.h"
#include "core/store/stores.h"
#include "temp_folder.h"

enum { WORLDS = 34, TREES = 45, CUSTOMERS = 36, ROWS_EACH = 3, NOW = 1795424400 };

struct random {
    uint64_t state;
};

static uint64_t
next(struct random *r)
{
    uint64_t x = r->state += 0x9E3779B97F4A7C15u;

    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static size_t
below(struct random *r, size_t n)
{
    return (size_t)(next(r) % n);
}

static bool
chance(struct random *r, unsigned percent)
{
    return below(r, 100) < percent;
}

#define PICK(r, list) ((list)[below((r), ARRAY_LEN(list))])

/* --- words; NULL stands for a value that is absent */

static const char *const channels[] = {"voice", "sms", "email", "SMS", "sms ", NULL};
static const char *const types[] = {"inbound_service", "research", "outbound_sales", NULL};
static const char *const statuses[] = {"active", "completed", "failed", "", NULL};
static const char *const outcomes[] = {
    "appointment_booked", "booking_in_progress", "info_only",        "browsing",
    "Info_Only",          "booking_attempted",   "special, outcome", NULL};
static const char *const sentiments[] = {"positive", "neutral", "negative", "mixed", NULL};
static const char *const visits[] = {"scheduled", "completed", "cancelled",
                                     "no_show",   "scheduled", NULL};
static const char *const services[] = {"Massage", "massage", "Facial", "Hair \"cut\"", NULL};
static const char *const providers[] = {"Dr. O'Neil", "Ana", "ana", NULL};
static const char *const bookers[] = {"ai_agent", "staff", NULL};
static const char *const names[] = {"Åsa Éluard", "åsa",     "İpek 100%",   "ipek", "Straße",
                                    "STRAẞE",     "Σίσυφος", "under_score", "",     NULL};
static const char *const notes[] = {"likes ÅLAND", "a%b", "a_b", "axb", "", NULL};
static const char *const keys[] = {"visited_booking_page", "a.b", "other"};
static const char *const booking_outcomes[] = {"appointment_booked", "booking_in_progress",
                                               "booking_attempted", NULL};
static const char *const states[] = {"queued",      "sending", "accepted", "sent",      "delivered",
                                     "undelivered", "failed",  "in_doubt", "retry_wait"};

/* As written, and what it means; made by hand from the specification. */
static const struct {
    const char *raw, *normalised;
} phones[] = {
    {"+13105550101", "+13105550101"},
    {"(310) 555-0101", "+13105550101"},
    {"1 310 555 0101", "+13105550101"},
    {"310.555.0102", "+13105550102"},
    {"+1 310 555 0102", "+13105550102"},
    {"+44 20 7946 0958", "+442079460958"},
    {"+442079460958", "+442079460958"},
    {"310 555 0103 ext. 4", NULL},
    {"+0123456789", NULL},
    {"110 555 0101", NULL},
    {"unknown", NULL},
    {"", NULL},
    {NULL, NULL},
};
static const struct {
    const char *raw, *send, *same;
} emails[] = {
    {"Ana@Example.com", "Ana@example.com", "ana@example.com"},
    {" ana@EXAMPLE.com ", "ana@example.com", "ana@example.com"},
    {"bo@example.org", "bo@example.org", "bo@example.org"},
    {"bo@example", NULL, NULL},
    {"b o@example.org", NULL, NULL},
    {"a@b@example.org", NULL, NULL},
    {NULL, NULL, NULL},
};

static const int64_t day_pool[] = {0, 1, 3, 7, 14, 30, 90};

static struct ref_time
random_time(struct random *r, unsigned absent_percent)
{
    int64_t days = PICK(r, day_pool);
    int64_t edge = (int64_t)below(r, 3) - 1;

    if (chance(r, absent_percent))
        return (struct ref_time){false, 0};
    if (chance(r, 20)) /* the future */
        days = -days;
    return (struct ref_time){true, NOW - days * 86400 + edge};
}

/* One of the ways in which a main database may write a time. */
static char *
time_text(struct random *r, struct ref_time t)
{
    int64_t hours = chance(r, 20) ? (int64_t)below(r, 25) - 12 : 0;
    struct civil c = utime_to_civil(t.s + hours * 3600);
    const char *fraction = chance(r, 20) ? ".999" : "";
    char zone[8] = "";

    if (!t.set)
        return NULL;
    if (hours != 0)
        (void)snprintf(zone, sizeof zone, "%c%02d:00", hours < 0 ? '-' : '+', abs((int)hours));
    else if (chance(r, 30))
        (void)snprintf(zone, sizeof zone, "Z");
    return mem_printf("%04d-%02d-%02d%c%02d:%02d:%02d%s%s", (int)c.year, c.month, c.day,
                      chance(r, 50) ? 'T' : ' ', c.hour, c.minute, c.second, fraction, zone);
}

static struct ref_key
make_key(bool is_text, size_t n)
{
    struct ref_key k = {.is_text = is_text, .number = (int64_t)n};

    if (is_text)
        (void)snprintf(k.text, sizeof k.text, "%08zx-00ab-4000-8000-00000000cdef", n * 7919);
    return k;
}

/* --- the main database of one world, written as the business would */

struct bench {
    struct random r;
    uint64_t seed;
    char folder[TEMP_FOLDER_PATH];
    struct db *db; /* ledger and replica */
    struct config config;
    struct segment_env env;
    struct ref_world world;
    bool text_keys;
};

static void
must(bool ok, const struct error *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static struct db_stmt *
insert(struct db *db, const char *sql)
{
    struct error err = {0};
    struct db_stmt *st = db_prepare(db, sql, &err);

    must(st != NULL, &err);
    return st;
}

static void
done(struct db_stmt *st)
{
    struct error err = {0};
    bool ok = db_step_done(st, &err);

    db_stmt_release(st);
    must(ok, &err);
}

/* UUIDs may stand there in upper case. */
static void
bind_key(struct bench *b, struct db_stmt *st, const char *name, const struct ref_key *k)
{
    char text[sizeof k->text];

    if (!k->is_text) {
        db_bind_i64(st, name, k->number);
        return;
    }
    memcpy(text, k->text, sizeof text);
    if (chance(&b->r, 30))
        for (char *s = text; *s; s++)
            if (*s >= 'a' && *s <= 'f')
                *s = (char)(*s - 32);
    db_bind_text(st, name, text);
}

static void
bind_time(struct bench *b, struct db_stmt *st, const char *name, struct ref_time t)
{
    char *text = time_text(&b->r, t);

    db_bind_text(st, name, text);
    free(text);
}

static int
by_key(const void *a, const void *b)
{
    const struct ref_customer *x = a;
    const struct ref_customer *y = b;

    return ref_key_compare(&x->key, &y->key);
}

static void
add_customers(struct bench *b, struct db *main_db)
{
    struct ref_world *w = &b->world;

    for (size_t i = 0; i < CUSTOMERS; i++) {
        struct ref_customer *c = &w->customers[w->customer_count++];
        size_t phone = below(&b->r, ARRAY_LEN(phones));
        size_t email = below(&b->r, ARRAY_LEN(emails));
        size_t is_new = below(&b->r, 3);
        struct db_stmt *st = insert(
            main_db, "INSERT INTO customers (id, name, phone, email, is_new_client, notes, "
                     "created_at, updated_at) VALUES (:id, :name, :phone, :email, :new, :notes, "
                     ":created, '2026-01-01 00:00:00')");

        c->key = make_key(b->text_keys, i + 5);
        c->name = PICK(&b->r, names);
        c->notes = PICK(&b->r, notes);
        c->is_new = is_new == 1;
        c->created = random_time(&b->r, 20);
        c->phone = phones[phone].normalised;
        c->email_send = emails[email].send;
        c->email_same = emails[email].same;
        bind_key(b, st, ":id", &c->key);
        db_bind_text(st, ":name", c->name);
        db_bind_text(st, ":phone", phones[phone].raw);
        db_bind_text(st, ":email", emails[email].raw);
        if (is_new < 2)
            db_bind_i64(st, ":new", (int64_t)is_new);
        else
            db_bind_null(st, ":new");
        db_bind_text(st, ":notes", c->notes);
        bind_time(b, st, ":created", c->created);
        done(st);
    }
    qsort(w->customers, w->customer_count, sizeof w->customers[0], by_key);
}

/* Mostly of a customer; sometimes of nobody. false: NULL. */
static bool
random_owner(struct bench *b, struct ref_key *out)
{
    const struct ref_world *w = &b->world;

    *out = make_key(b->text_keys, 9999); /* unknown */
    if (chance(&b->r, 4))
        return false;
    if (!chance(&b->r, 4))
        *out = w->customers[below(&b->r, w->customer_count)].key;
    return true;
}

static void
add_appointments(struct bench *b, struct db *main_db)
{
    struct ref_world *w = &b->world;

    for (size_t i = 0; i < (size_t)CUSTOMERS * ROWS_EACH; i++) {
        struct ref_appointment *a = &w->appointments[w->appointment_count++];
        struct db_stmt *st = insert(
            main_db, "INSERT INTO appointments (id, customer_id, appointment_datetime, "
                     "service_type, provider, status, booked_by, cancelled_at, updated_at) "
                     "VALUES (:id, :customer, :at, :service, :provider, :status, :booked_by, "
                     ":cancelled, '2026-01-01 00:00:00')");

        a->key = make_key(b->text_keys, i + 3);
        a->at = random_time(&b->r, 10);
        a->cancelled = random_time(&b->r, 50);
        a->status = PICK(&b->r, visits);
        a->service = PICK(&b->r, services);
        a->provider = PICK(&b->r, providers);
        a->booked_by = PICK(&b->r, bookers);
        if (random_owner(b, &a->customer))
            bind_key(b, st, ":customer", &a->customer);
        else
            db_bind_null(st, ":customer");
        bind_key(b, st, ":id", &a->key);
        bind_time(b, st, ":at", a->at);
        db_bind_text(st, ":service", a->service);
        db_bind_text(st, ":provider", a->provider);
        db_bind_text(st, ":status", a->status);
        db_bind_text(st, ":booked_by", a->booked_by);
        bind_time(b, st, ":cancelled", a->cancelled);
        done(st);
    }
}

static void
hold(struct ref_conversation *v, const char *key, struct ref_time value)
{
    v->held[v->held_count].key = key;
    v->held[v->held_count++].value = value;
}

/* Metadata as text, and the keys that it holds by the rules of the specification. */
static char *
random_metadata(struct bench *b, struct ref_conversation *v)
{
    static const char *const held_values[] = {
        "true",
        "\"false\"",
        "\"\"",
        "0",
        "[]",
        "{}",
        "\"2026-11-20\"",
        "1795424400",
        "1e999",
        "\"2026-02-30T10:00:00Z\"",
        "\"2026-11-20T10:00:00 \"",
        "\"2026-11-20T24:00:00Z\"",
        "[\"2026-11-20T10:00:00Z\"]",
        "\"text\"",
    };
    static const char *const empty[] = {
        "",
        "null",
        "[\"other\"]",
        "{\"x\":{\"other\":true}}",
        "{\"other\":false,\"a.b\":null}",
        "{\"other\":true",
        "{\"other\":true}}",
        "{'other':true}",
        "{\"a\":{\"b\":1}}",
        "7",
    };
    const char *key = PICK(&b->r, keys);
    struct ref_time t = random_time(&b->r, 0);
    const struct ref_time no_time = {false, 0};
    char *time;
    char *out;

    switch (below(&b->r, 5)) {
    case 0:
        return NULL;
    case 1:
        return mem_strdup(PICK(&b->r, empty));
    case 2:
        hold(v, key, no_time);
        return mem_printf("{\"%s\": %s}", key, PICK(&b->r, held_values));
    case 3: /* two keys, one of them not held */
        hold(v, "other", no_time);
        return mem_strdup("{\"visited_booking_page\":false,\"other\":\"x\"}");
    default:
        time = time_text(&b->r, t);
        out = mem_printf("{\"zzz\":null,\"%s\":\"%s\"}", key, time);
        hold(v, key, t);
        free(time);
        return out;
    }
}

static void
add_conversations(struct bench *b, struct db *main_db)
{
    struct ref_world *w = &b->world;

    for (size_t i = 0; i < (size_t)CUSTOMERS * ROWS_EACH; i++) {
        struct ref_conversation *v = &w->conversations[w->conversation_count++];
        char *metadata = random_metadata(b, v);
        struct db_stmt *st = insert(
            main_db, "INSERT INTO conversations (id, customer_id, channel, status, "
                     "conversation_type, last_activity_at, satisfaction_score, sentiment, outcome, "
                     "metadata, updated_at) VALUES (:id, :customer, :channel, :status, :type, :at, "
                     ":score, :sentiment, :outcome, :metadata, '2026-01-01 00:00:00')");

        v->key = make_key(b->text_keys, i + 2);
        v->at = random_time(&b->r, 10);
        v->channel = PICK(&b->r, channels);
        v->type = PICK(&b->r, types);
        v->status = PICK(&b->r, statuses);
        v->outcome = PICK(&b->r, outcomes);
        v->sentiment = PICK(&b->r, sentiments);
        v->scored = chance(&b->r, 50);
        v->score = (double)(below(&b->r, 10) + 1);
        if (random_owner(b, &v->customer))
            bind_key(b, st, ":customer", &v->customer);
        else
            db_bind_null(st, ":customer");
        bind_key(b, st, ":id", &v->key);
        db_bind_text(st, ":channel", v->channel);
        db_bind_text(st, ":type", v->type);
        db_bind_text(st, ":status", v->status);
        db_bind_text(st, ":outcome", v->outcome);
        db_bind_text(st, ":sentiment", v->sentiment);
        bind_time(b, st, ":at", v->at);
        if (v->scored)
            db_bind_i64(st, ":score", (int64_t)v->score);
        else
            db_bind_null(st, ":score");
        db_bind_text(st, ":metadata", metadata);
        done(st);
        free(metadata);
    }
}

static void
add_requests(struct bench *b, struct db *main_db)
{
    static const char *const words[] = {"new", "in_progress", "booked", "dismissed", "NEW", NULL};
    struct ref_world *w = &b->world;

    for (size_t i = 0; i < CUSTOMERS; i++) {
        struct ref_conversation *v = &w->conversations[below(&b->r, w->conversation_count)];
        const char *status = PICK(&b->r, words);
        struct ref_key key = make_key(b->text_keys, i + 1);
        struct ref_key other;
        struct db_stmt *st = insert(
            main_db, "INSERT INTO appointment_requests (id, customer_id, conversation_id, status, "
                     "updated_at) VALUES (:id, :customer, :conversation, :status, "
                     "'2026-01-01 00:00:00')");

        (void)random_owner(b, &other); /* the request's own customer plays no part */
        bind_key(b, st, ":id", &key);
        bind_key(b, st, ":customer", &other);
        bind_key(b, st, ":conversation", &v->key);
        db_bind_text(st, ":status", status);
        done(st);
        if (status && (strcmp(status, "new") == 0 || strcmp(status, "in_progress") == 0))
            v->open_request = true;
    }
}

/* --- the ledger */

static void
bind_customer(struct db_stmt *st, const struct ref_key *k)
{
    if (k->is_text)
        db_bind_text(st, ":customer", k->text);
    else
        db_bind_i64(st, ":customer", k->number);
}

static void
bind_seconds(struct db_stmt *st, const char *name, struct ref_time t)
{
    if (t.set)
        db_bind_i64(st, name, t.s);
    else
        db_bind_null(st, name);
}

static bool
needs_acceptance(const char *state)
{
    return strcmp(state, "accepted") == 0 || strcmp(state, "sent") == 0 ||
           strcmp(state, "delivered") == 0 || strcmp(state, "undelivered") == 0;
}

static void
add_delivery(struct bench *b, size_t i)
{
    static const char *const by[] = {"sms", "voice", "email"};
    struct ref_world *w = &b->world;
    const struct ref_customer *c = &w->customers[below(&b->r, w->customer_count)];
    struct ref_delivery *d = &w->deliveries[w->delivery_count];
    struct db_stmt *st;

    d->channel = PICK(&b->r, by);
    d->address = ref_address(c, d->channel);
    if (!d->address)
        return;
    d->customer = c->key;
    d->campaign = (int64_t)below(&b->r, 3) + 1;
    d->state = PICK(&b->r, states);
    d->accepted = random_time(&b->r, needs_acceptance(d->state) ? 0 : 50);
    d->replied = random_time(&b->r, 60);
    w->delivery_count++;
    st = insert(b->db, "INSERT INTO delivery (campaign_id, step, customer_id, channel, address, "
                       "state, claimed_at, accepted_at, replied_at, updated_at) VALUES (:campaign, "
                       ":step, :customer, :channel, :address, :state, 1, :accepted, :replied, 0)");
    db_bind_i64(st, ":campaign", d->campaign);
    db_bind_i64(st, ":step", (int64_t)i);
    bind_customer(st, &d->customer);
    db_bind_text(st, ":channel", d->channel);
    db_bind_text(st, ":address", d->address);
    db_bind_text(st, ":state", d->state);
    bind_seconds(st, ":accepted", d->accepted);
    bind_seconds(st, ":replied", d->replied);
    done(st);
}

static const struct ref_suppression suppression_pool[] = {
    {"+13105550101", "sms"},    {"+13105550102", "voice"},   {"+442079460958", "all"},
    {"ana@example.com", "all"}, {"bo@example.org", "email"}, {"bo@example.org", "sms"},
};

static void
add_ledger(struct bench *b)
{
    struct ref_world *w = &b->world;
    struct error err = {0};

    must(db_exec(b->db,
                 "INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, "
                 "updated_at) VALUES (1, 'a', 'n', 'research', 'sms', '{}', 0, 0), "
                 "(2, 'b', 'n', 'research', 'sms', '{}', 0, 0), "
                 "(3, 'c', 'n', 'research', 'sms', '{}', 0, 0)",
                 &err),
         &err);
    for (size_t i = 0; i < CUSTOMERS; i++)
        add_delivery(b, i);
    for (size_t i = 0; i < ARRAY_LEN(suppression_pool); i++) {
        struct db_stmt *st;

        if (!chance(&b->r, 30))
            continue;
        w->suppressions[w->suppression_count++] = suppression_pool[i];
        st = insert(b->db, "INSERT INTO suppression (address, channel, reason, at) "
                           "VALUES (:address, :channel, 'opt_out', 1)");
        db_bind_text(st, ":address", suppression_pool[i].address);
        db_bind_text(st, ":channel", suppression_pool[i].channel);
        done(st);
    }
}

static const char SQL_MAIN[] =
    "CREATE TABLE customers (id, name, phone, email, is_new_client, notes, created_at, updated_at);"
    "CREATE TABLE appointments (id, customer_id, appointment_datetime, service_type, provider, "
    " duration_minutes, status, booked_by, cancellation_reason, cancelled_at, created_at, "
    " updated_at);"
    "CREATE TABLE conversations (id, customer_id, channel, status, conversation_type, campaign_id, "
    " initiated_at, last_activity_at, completed_at, satisfaction_score, sentiment, outcome, "
    " subject, ai_summary, metadata, created_at, updated_at);"
    "CREATE TABLE communication_messages (id, conversation_id, direction, content, sent_at, "
    " metadata);"
    "CREATE TABLE appointment_requests (id, customer_id, conversation_id, channel, status, "
    " service_type, created_at, updated_at);";

static void
open_world(struct bench *b)
{
    char *path = mem_printf("%s/main-%llu.db", b->folder, (unsigned long long)b->seed);
    struct error err = {0};
    struct db *main_db = db_open(path, DB_CREATE, &err);
    struct main_database source = {0};
    struct sync_result result;

    must(main_db != NULL, &err);
    b->r.state = b->seed;
    b->text_keys = chance(&b->r, 50);
    b->world = (struct ref_world){.now = NOW, .booking_outcomes = booking_outcomes};
    b->world.cap_messages = (int64_t)below(&b->r, 4);
    b->world.cap_days = PICK(&b->r, day_pool);
    b->config.policy.cap_messages = b->world.cap_messages;
    b->config.policy.cap_days = b->world.cap_days;
    must(db_exec(main_db, SQL_MAIN, &err) && db_begin(main_db, &err), &err);
    add_customers(b, main_db);
    add_appointments(b, main_db);
    add_conversations(b, main_db);
    add_requests(b, main_db);
    must(db_commit(main_db, &err), &err);
    db_close(main_db);
    b->db = stores_open_memory(&err);
    must(b->db != NULL, &err);
    must(main_database_open_sqlite(path, &source, &err), &err);
    must(replica_sync_from(b->db, &source, "US", NOW, SYNC_FULL, NULL, NULL, &result, &err), &err);
    main_database_close(&source);
    assert_int_equal(result.customers, CUSTOMERS);
    add_ledger(b);
    (void)unlink(path);
    free(path);
}

/* --- random documents */

static json_t *
random_days(struct random *r)
{
    if (chance(r, 5))
        return json_integer(INT64_MAX);
    if (chance(r, 3))
        return json_real(1e30);
    if (chance(r, 5))
        return json_real((double)PICK(r, day_pool));
    return json_integer(PICK(r, day_pool));
}

static json_t *
random_word(struct random *r, const char *const *pool, size_t count)
{
    const char *word = pool[below(r, count)];

    return json_string(word ? word : "nobody has this");
}

static json_t *
random_words(struct random *r, const char *const *pool, size_t count)
{
    json_t *list;
    size_t n = below(r, 4);

    if (chance(r, 60))
        return random_word(r, pool, count);
    list = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, random_word(r, pool, count));
    return list;
}
#define WORDS(r, pool) random_words((r), (pool), ARRAY_LEN(pool))

static json_t *
random_plain_number(struct random *r, size_t max)
{
    if (chance(r, 10))
        return json_real((double)below(r, max) + 0.5);
    if (chance(r, 10))
        return json_real((double)below(r, max));
    return json_integer((json_int_t)below(r, max));
}

static json_t *
random_number(struct random *r, size_t max)
{
    static const char *const ops[] = {"<", "<=", ">", ">=", "!="};
    json_t *object;

    if (chance(r, 40))
        return random_plain_number(r, max);
    object = json_object();
    for (size_t i = 0, n = below(r, 3) + 1; i < n; i++)
        (void)json_object_set_new(object, PICK(r, ops), random_plain_number(r, max));
    return object;
}

static void
maybe(struct random *r, json_t *object, const char *key, json_t *value)
{
    if (chance(r, 25))
        (void)json_object_set(object, key, value);
    json_decref(value);
}

static json_t *
random_bool(struct random *r)
{
    return json_boolean(chance(r, 50));
}

static json_t *
random_fact(struct random *r, const char *name)
{
    json_t *f = json_object();

    while (json_object_size(f) == 0) {
        if (strcmp(name, "next_appointment") == 0) {
            maybe(r, f, "in_next_days", random_days(r));
        } else {
            maybe(r, f, "older_than_days", random_days(r));
            maybe(r, f, "within_days", random_days(r));
        }
        maybe(r, f, "never", random_bool(r));
        if (strcmp(name, "last_appointment") == 0) {
            maybe(r, f, "status", WORDS(r, visits));
            maybe(r, f, "service", WORDS(r, services));
            maybe(r, f, "provider", WORDS(r, providers));
            maybe(r, f, "cancelled_within_days", random_days(r));
        }
    }
    return f;
}

static json_t *
random_conversation(struct random *r)
{
    json_t *f = json_object();

    maybe(r, f, "channel", WORDS(r, channels));
    maybe(r, f, "type", WORDS(r, types));
    maybe(r, f, "status", WORDS(r, statuses));
    maybe(r, f, "outcome", WORDS(r, outcomes));
    maybe(r, f, "sentiment", WORDS(r, sentiments));
    maybe(r, f, "booking_intent", random_bool(r));
    maybe(r, f, "satisfaction", random_number(r, 11));
    maybe(r, f, "older_than_days", random_days(r));
    maybe(r, f, "within_days", random_days(r));
    maybe(r, f, "has_metadata", random_word(r, keys, ARRAY_LEN(keys)));
    maybe(r, f, "count", random_number(r, 4));
    return f;
}

static json_t *
random_appointment(struct random *r)
{
    json_t *f = json_object();

    maybe(r, f, "status", WORDS(r, visits));
    maybe(r, f, "service", WORDS(r, services));
    maybe(r, f, "provider", WORDS(r, providers));
    maybe(r, f, "booked_by", WORDS(r, bookers));
    maybe(r, f, "older_than_days", random_days(r));
    maybe(r, f, "within_days", random_days(r));
    maybe(r, f, "upcoming", random_bool(r));
    maybe(r, f, "count", random_number(r, 4));
    return f;
}

static json_t *
random_customer(struct random *r)
{
    static const char *const parts[] = {"å", "É", "I", "%", "_", "ß", "σ", "ΣΊ", "aland", "L"};
    json_t *f = json_object();

    while (json_object_size(f) == 0) {
        maybe(r, f, "is_new_client", random_bool(r));
        maybe(r, f, "has_phone", random_bool(r));
        maybe(r, f, "has_email", random_bool(r));
        maybe(r, f, "created_within_days", random_days(r));
        maybe(r, f, "created_older_than_days", random_days(r));
        maybe(r, f, "name_contains", json_string(PICK(r, parts)));
        maybe(r, f, "notes_contain", json_string(PICK(r, parts)));
    }
    return f;
}

static json_t *
random_page_visit(struct random *r)
{
    json_t *f = json_object();

    while (json_object_size(f) == 0) {
        maybe(r, f, "older_than_days", random_days(r));
        maybe(r, f, "within_days", random_days(r));
        maybe(r, f, "never", random_bool(r));
    }
    (void)json_object_set_new(f, "key", random_word(r, keys, ARRAY_LEN(keys)));
    return f;
}

static json_t *
random_contacted_by(struct random *r)
{
    static const char *const wanted[] = {"contacted", "replied", "not_replied", "failed"};
    json_t *f = json_object();

    maybe(r, f, "campaign",
          chance(r, 30) ? json_string("any") : json_integer((json_int_t)below(r, 4)));
    if (chance(r, 70))
        (void)json_object_set_new(f, "state", json_string(PICK(r, wanted)));
    maybe(r, f, "within_days", random_days(r));
    maybe(r, f, "older_than_days", random_days(r));
    return f;
}

static void
add_leaf(struct random *r, json_t *object)
{
    static const char *const leaves[] = {
        "last_contact",      "last_appointment", "last_visit",        "next_appointment",
        "last_cancellation", "last_activity",    "appointment_count", "conversation_count",
        "last_satisfaction", "conversation",     "appointment",       "customer",
        "page_visit",        "contacted_by",     "conversation",      "contacted_by",
    };
    const char *name = PICK(r, leaves);
    json_t *f;

    if (strcmp(name, "conversation") == 0)
        f = random_conversation(r);
    else if (strcmp(name, "appointment") == 0)
        f = random_appointment(r);
    else if (strcmp(name, "customer") == 0)
        f = random_customer(r);
    else if (strcmp(name, "page_visit") == 0)
        f = random_page_visit(r);
    else if (strcmp(name, "contacted_by") == 0)
        f = random_contacted_by(r);
    else if (strcmp(name, "last_satisfaction") == 0)
        f = random_number(r, 11);
    else if (strstr(name, "_count"))
        f = random_number(r, 6);
    else
        f = random_fact(r, name);
    (void)json_object_set_new(object, name, f);
}

static void
add_flat(struct random *r, json_t *o)
{
    maybe(r, o, "channel", WORDS(r, channels));
    maybe(r, o, "has_booking_intent", random_bool(r));
    maybe(r, o, "min_satisfaction_score", random_plain_number(r, 11));
    maybe(r, o, "max_satisfaction_score", random_plain_number(r, 11));
    maybe(r, o, "outcome", WORDS(r, outcomes));
    maybe(r, o, "has_appointment", random_bool(r));
    maybe(r, o, "days_since_last_contact", random_days(r));
    maybe(r, o, "days_since_last_appointment", random_days(r));
    maybe(r, o, "days_since_last_activity", random_days(r));
    maybe(r, o, "last_appointment_status", WORDS(r, visits));
    maybe(r, o, "days_since_cancellation", random_days(r));
    if (chance(r, 20)) {
        (void)json_object_set_new(o, "metadata_key", random_word(r, keys, ARRAY_LEN(keys)));
        maybe(r, o, "days_since_visit", random_days(r));
    }
}

static json_t *
random_node(struct random *r, int depth)
{
    json_t *o = json_object();
    json_t *list;

    if (depth < 4 && chance(r, 55)) {
        if (chance(r, 25)) {
            (void)json_object_set_new(o, "not", random_node(r, depth + 1));
            return o;
        }
        list = json_array();
        for (size_t i = 0, n = below(r, 4); i < n; i++)
            (void)json_array_append_new(list, random_node(r, depth + 1));
        (void)json_object_set_new(o, chance(r, 50) ? "all" : "any", list);
        return o;
    }
    if (chance(r, 25)) {
        add_flat(r, o);
        if (chance(r, 70))
            return o;
    }
    for (size_t i = 0, n = chance(r, 75) ? 1 : 2; i < n; i++)
        add_leaf(r, o);
    return o;
}

/* --- the comparison */

static size_t
place_of(const struct ref_world *w, const struct key *key)
{
    struct ref_key k = {.is_text = key->is_text, .number = key->number};

    if (key->is_text)
        (void)snprintf(k.text, sizeof k.text, "%s", key->text);
    for (size_t i = 0; i < w->customer_count; i++)
        if (ref_key_compare(&w->customers[i].key, &k) == 0)
            return i;
    fail_msg("a customer that nobody knows: %s", key->is_text ? key->text : "a number");
    return 0;
}

struct seen {
    const struct bench *b;
    const char *channel;
    bool is[REF_ROWS];
    size_t count, last;
    bool ascending;
    bool addresses_fit;
};

static bool
see_id(void *ctx, const struct key *key)
{
    struct seen *s = ctx;
    size_t i = place_of(&s->b->world, key);

    s->ascending = s->ascending && (s->count == 0 || i > s->last);
    s->last = i;
    s->is[i] = true;
    s->count++;
    return true;
}

static bool
see_recipient(void *ctx, const struct segment_recipient *r)
{
    struct seen *s = ctx;
    size_t i = place_of(&s->b->world, r->key);

    s->addresses_fit = s->addresses_fit &&
                       strcmp(r->address, ref_address(&s->b->world.customers[i], s->channel)) == 0;
    return see_id(ctx, r->key);
}

static void
differ(const struct bench *b, const json_t *document, const char *what, size_t i)
{
    char *text = json_dumps(document, JSON_COMPACT);
    const struct ref_key *k = &b->world.customers[i].key;

    fail_msg("SEGMENT_SEED=%llu\n  %s\n  customer %s%lld (%zu)\n  %s", (unsigned long long)b->seed,
             what, k->is_text ? k->text : "", (long long)k->number, i, text);
}

static int64_t
tally(const char *const reach[REF_ROWS], size_t count, const char *word)
{
    int64_t n = 0;

    for (size_t i = 0; i < count; i++)
        n += strcmp(reach[i], word) == 0;
    return n;
}

static void
compare_reach(struct bench *b, const json_t *document, const struct criteria *c,
              const char *channel)
{
    const char *expected[REF_ROWS];
    struct seen seen = {.b = b, .channel = channel, .ascending = true, .addresses_fit = true};
    struct segment_sample sample;
    struct error err = {0};
    struct reach r;
    size_t n = b->world.customer_count;

    ref_reach(&b->world, document, channel, expected);
    must(segment_reach(b->db, c, &b->env, channel, &r, &err), &err);
    if (r.matched != (int64_t)n - tally(expected, n, "") ||
        r.reachable != tally(expected, n, "reachable") ||
        r.no_address != tally(expected, n, "no_address") ||
        r.opted_out != tally(expected, n, "opted_out") ||
        r.capped != tally(expected, n, "capped") ||
        r.duplicate_address != tally(expected, n, "duplicate_address"))
        differ(b, document, "reach: the counts", 0);
    must(segment_each_recipient(b->db, c, &b->env, channel, see_recipient, &seen, &err), &err);
    if (!seen.ascending || !seen.addresses_fit)
        differ(b, document, "recipients: order or addresses", 0);
    for (size_t i = 0; i < n; i++)
        if (seen.is[i] != (strcmp(expected[i], "reachable") == 0))
            differ(b, document, "recipients", i);
    must(segment_sample(b->db, c, &b->env, channel, 1000, below(&b->r, 3), &sample, &err), &err);
    if (sample.count != (size_t)r.matched)
        differ(b, document, "sample: the count", 0);
    for (size_t i = 0; i < sample.count; i++) {
        size_t at = place_of(&b->world, &sample.people[i].key);

        if (strcmp(sample.people[i].reach, expected[at]) != 0)
            differ(b, document, "sample: reach", at);
    }
    segment_sample_release(&sample);
}

static void
compare_why(struct bench *b, const json_t *document, const struct criteria *c, size_t i)
{
    const struct ref_key *k = &b->world.customers[i].key;
    char text[sizeof k->text];
    struct key key = {.is_text = k->is_text, .number = k->number, .text = text};
    struct segment_why why;
    struct error err = {0};

    memcpy(text, k->text, sizeof text);
    must(segment_why(b->db, c, &b->env, &key, &why, &err), &err);
    if (why.in_segment != ref_matches(&b->world, &b->world.customers[i], document))
        differ(b, document, "why", i);
    segment_why_release(&why);
}

/* Returns whether the document told some customers from others. */
static bool
compare_document(struct bench *b, const json_t *document)
{
    static const char *const by[] = {"sms", "email", "voice"};
    struct seen seen = {.b = b, .ascending = true};
    struct error err = {0};
    struct criteria *c = criteria_from_json(document, &err);
    int64_t matched = -1;
    size_t n = b->world.customer_count;

    if (!c) {
        char *text = json_dumps(document, JSON_COMPACT);

        fail_msg("SEGMENT_SEED=%llu refused at %s: %s\n  %s", (unsigned long long)b->seed, err.path,
                 err.text, text);
    }
    must(segment_each_id(b->db, c, &b->env, see_id, &seen, &err), &err);
    must(segment_count(b->db, c, &b->env, &matched, &err), &err);
    for (size_t i = 0; i < n; i++)
        if (seen.is[i] != ref_matches(&b->world, &b->world.customers[i], document))
            differ(b, document, seen.is[i] ? "matches, but should not" : "should match", i);
    if (!seen.ascending || matched != (int64_t)seen.count)
        differ(b, document, "count or order", 0);
    if (criteria_is_everyone(c) && seen.count != n)
        differ(b, document, "not everyone", 0);
    compare_reach(b, document, c, PICK(&b->r, by));
    compare_why(b, document, c, below(&b->r, n));
    criteria_free(c);
    return seen.count > 0 && seen.count < n;
}

/* From now on the column index answers. */
static void
attach_index(struct bench *b)
{
    struct buf bytes = {0};
    struct error err = {0};
    bool merged = false;

    must(index_make_bytes(b->db, NULL, &bytes, &merged, &err), &err);
    must(index_attach(b->db, bytes.data, bytes.len, &err), &err);
    buf_release(&bytes);
}

static void
toggle_suppression(struct bench *b)
{
    struct ref_world *w = &b->world;
    const struct ref_suppression s = PICK(&b->r, suppression_pool);
    size_t i = 0;
    struct db_stmt *st;

    while (i < w->suppression_count && (strcmp(w->suppressions[i].address, s.address) != 0 ||
                                        strcmp(w->suppressions[i].channel, s.channel) != 0))
        i++;
    if (i < w->suppression_count) {
        w->suppressions[i] = w->suppressions[--w->suppression_count];
        st = insert(b->db, "DELETE FROM suppression WHERE (address, channel) = "
                           "(:address, :channel)");
    } else {
        w->suppressions[w->suppression_count++] = s;
        st = insert(b->db, "INSERT INTO suppression (address, channel, reason, at) "
                           "VALUES (:address, :channel, 'opt_out', 1)");
    }
    db_bind_text(st, ":address", s.address);
    db_bind_text(st, ":channel", s.channel);
    done(st);
}

/* A delivery gets another state, and with it other times. */
static void
move_delivery(struct bench *b)
{
    struct ref_world *w = &b->world;
    size_t i = below(&b->r, w->delivery_count);
    struct ref_delivery *d = &w->deliveries[i];
    struct db_stmt *st =
        insert(b->db, "UPDATE delivery SET state = :state, accepted_at = :accepted, "
                      "replied_at = :replied WHERE id = (SELECT id FROM delivery ORDER BY id "
                      "LIMIT 1 OFFSET :i)");

    d->state = PICK(&b->r, states);
    d->accepted = random_time(&b->r, needs_acceptance(d->state) ? 0 : 50);
    d->replied = random_time(&b->r, 60);
    db_bind_text(st, ":state", d->state);
    bind_seconds(st, ":accepted", d->accepted);
    bind_seconds(st, ":replied", d->replied);
    db_bind_i64(st, ":i", (int64_t)i);
    done(st);
}

/* The ledger and the clock go on while previews are asked. */
static void
go_on(struct bench *b)
{
    static const int64_t steps[] = {0, 1, 1, 2, 86400, 3 * 86400, -86400, -1};

    if (chance(&b->r, 40))
        toggle_suppression(b);
    for (size_t i = 0, n = below(&b->r, 4); i < n && b->world.delivery_count > 0; i++)
        move_delivery(b);
    if (chance(&b->r, 50))
        b->world.now = b->env.now_s += PICK(&b->r, steps);
    if (chance(&b->r, 10))
        b->world.cap_messages = b->config.policy.cap_messages = (int64_t)below(&b->r, 4);
}

/* The same few again and again, while the ledger goes on: their sets are followed, not made anew.
 */
static json_t *
contacted_document(struct bench *b)
{
    static const char *const texts[] = {
        "{\"contacted_by\":{}}",
        "{\"contacted_by\":{\"state\":\"replied\",\"within_days\":3}}",
        "{\"contacted_by\":{\"state\":\"not_replied\",\"older_than_days\":1}}",
        "{\"contacted_by\":{\"state\":\"failed\",\"campaign\":1,\"within_days\":0}}",
        "{\"not\":{\"contacted_by\":{\"within_days\":7,\"older_than_days\":3}}}",
    };

    return json_loads(PICK(&b->r, texts), 0, NULL);
}

static void
random_criteria_on_random_data_match_the_reference(void **state)
{
    const char *from = getenv("SEGMENT_SEED"); /* NOLINT(concurrency-mt-unsafe): one thread */
    struct bench *b = mem_alloc(sizeof *b);
    uint64_t first = from ? strtoull(from, NULL, 10) : 20261123;
    size_t telling = 0;

    (void)state;
    temp_folder_make(b->folder);
    config_init_defaults(&b->config);
    b->env = (struct segment_env){NOW, &b->config};
    for (uint64_t i = 0; i < (from ? 1 : WORLDS); i++) {
        b->seed = first + i;
        b->env.now_s = NOW;
        open_world(b);
        for (size_t k = 0; k < 2 * TREES; k++) {
            json_t *document =
                k > TREES && k % 3 == 0 ? contacted_document(b) : random_node(&b->r, 1);

            if (k == TREES) /* the first half was answered by SQL */
                attach_index(b);
            if (k > TREES)
                go_on(b);

            telling += compare_document(b, document);
            json_decref(document);
        }
        db_close(b->db);
    }
    /* Documents that match everybody or nobody test little. */
    assert_true(from || telling > (size_t)WORLDS * 2 * TREES / 4);
    print_message("%zu documents, %zu of them tell customers apart\n",
                  (from ? 1 : (size_t)WORLDS) * 2 * TREES, telling);
    temp_folder_remove(b->folder);
    config_release(&b->config);
    free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_criteria_on_random_data_match_the_reference),
    };

    return cmocka_run_group_tests_name("segment reference", tests, NULL, NULL);
}
