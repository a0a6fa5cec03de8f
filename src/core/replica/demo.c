#include "core/replica/demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/replica/demo_people.h"
#include "core/replica/demo_words.h"
#include "core/store/demo_store.h"

enum { PROGRESS_CUSTOMERS = 2048, SEND_OUT_PER_MILLE = 12, ROWS_A_HEAD = 4 };

enum page_visit { PAGE_SOME, PAGE_ALWAYS, PAGE_NEVER };

/* A kind of customer. Ages are days before now; those of the last appointment and of conversations.
 */
struct persona {
    int share; /* of a thousand */
    int visits_min, visits_max, visit_age_min, visit_age_max;
    int next_visit_per_mille; /* has an appointment to come */
    const char *last_status;  /* NULL: as it happens */
    int talks_min, talks_max, talk_age_min, talk_age_max;
    const char *channel;     /* NULL: any */
    const char *outcomes[3]; /* NULL: any */
    int score_min;           /* 0: scored or not, any */
    enum page_visit page;
};

/* Every segment template finds its people here (semantics.md, "Segment templates"). */
static const struct persona personas[] = {
    {.share = 430,
     .visits_min = 1,
     .visits_max = 6,
     .visit_age_min = 1,
     .visit_age_max = 85,
     .next_visit_per_mille = 380,
     .talks_max = 4,
     .talk_age_max = 600},
    {.share = 95,
     .visits_min = 1,
     .visits_max = 5,
     .visit_age_min = 92,
     .visit_age_max = 900,
     .talks_max = 3,
     .talk_age_min = 92,
     .talk_age_max = 900},
    {.share = 50,
     .talks_min = 1,
     .talks_max = 3,
     .talk_age_min = 8,
     .talk_age_max = 120,
     .channel = "sms",
     .outcomes = {"booking_in_progress", "booking_attempted", "booking_attempted"}},
    {.share = 50,
     .talks_min = 1,
     .talks_max = 2,
     .talk_age_min = 1,
     .talk_age_max = 60,
     .page = PAGE_ALWAYS},
    {.share = 40,
     .visits_min = 1,
     .visits_max = 1,
     .visit_age_min = 92,
     .visit_age_max = 500,
     .last_status = "completed",
     .talks_min = 1,
     .talks_max = 2,
     .talk_age_max = 400,
     .score_min = 8},
    {.share = 40,
     .talks_min = 1,
     .talks_max = 2,
     .talk_age_max = 28,
     .channel = "voice",
     .outcomes = {"info_only", "browsing", "info_only"},
     .page = PAGE_NEVER},
    {.share = 30,
     .visits_min = 1,
     .visits_max = 4,
     .visit_age_min = -20,
     .visit_age_max = 10,
     .last_status = "cancelled",
     .talks_max = 2,
     .talk_age_max = 60},
    {.share = 115, .talks_min = 1, .talks_max = 3, .talk_age_max = 400},
    {.share = 150},
};

struct demo {
    struct demo_random random;
    struct demo_lists *lists; /* owned */
    struct demo_store *store; /* owned */
    struct demo_result *out;  /* borrowed */
    int64_t now_s;
    int64_t id, since_s; /* of the customer at hand: number, first and last event */
    int64_t until_s;
    uint64_t uuid_step, uuid_high[3]; /* conversations, messages, requests */
};

void
demo_result_release(struct demo_result *r)
{
    for (size_t i = 0; i < r->opt_out_count; i++)
        free(r->opt_outs[i].address);
    free(r->opt_outs);
    *r = (struct demo_result){0};
}

/*
 * A version 4 UUID greater than the one before: rows then come in the order of their key, which is
 * many times faster to write. Nothing may rely on it.
 */
static void
make_uuid(struct demo *d, int kind, char out[DEMO_UUID_SIZE])
{
    uint64_t low = demo_random_next(&d->random);
    uint64_t high;

    d->uuid_high[kind] += 1 + demo_random_next(&d->random) % d->uuid_step;
    high = d->uuid_high[kind] & UINT64_C(0xFFFFFFFFFFFF);
    (void)snprintf(out, DEMO_UUID_SIZE,
                   "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
                   high >> 16, high & 0xFFFF, low >> 52, 0x8000 | ((low >> 40) & 0x3FFF),
                   demo_random_next(&d->random) & UINT64_C(0xFFFFFFFFFFFF));
}

static void
note_event(struct demo *d, int64_t at)
{
    if (at < d->since_s)
        d->since_s = at;
    if (at > d->until_s && at <= d->now_s)
        d->until_s = at;
}

/* Days ago, at a quarter of an hour in opening hours (16:00 to 24:00 UTC is 8 to 4 in Los Angeles).
 */
static int64_t
time_of_visit(struct demo *d, int64_t days_ago)
{
    int64_t midnight = (d->now_s / DAY_S - days_ago) * DAY_S;

    return midnight + 16 * HOUR_S + demo_random_range(&d->random, 0, 31) * 900;
}

static const char *
past_status(struct demo *d)
{
    int64_t dice = demo_random_range(&d->random, 0, 99);

    if (dice < 78)
        return "completed";
    if (dice < 88)
        return "cancelled";
    return dice < 95 ? "no_show" : "rescheduled";
}

static bool
add_visit(struct demo *d, int64_t at, const char *status, int64_t cancelled_days, struct error *err)
{
    static const int lengths[] = {15, 30, 30, 45, 60, 90};
    struct demo_random *r = &d->random;
    bool cancelled = strcmp(status, "cancelled") == 0;
    struct demo_appointment a = {
        .id = ++d->out->appointments,
        .customer_id = d->id,
        .at = demo_random_chance(r, 3) ? DEMO_NO_TIME : at,
        .service = demo_random_word(r, &d->lists->list[DEMO_SERVICES]),
        .provider =
            demo_random_chance(r, 60) ? NULL : demo_random_word(r, &d->lists->list[DEMO_PROVIDERS]),
        .status = status,
        .booked_by = demo_random_word(r, &d->lists->list[DEMO_BOOKED_BY]),
        .minutes = lengths[demo_random_next(r) % ARRAY_LEN(lengths)],
        .cancelled_at = DEMO_NO_TIME,
        .created_at = at - demo_random_range(r, 1, 40) * DAY_S,
    };

    if (a.created_at > d->now_s)
        a.created_at = d->now_s - demo_random_range(r, 60, DAY_S);
    a.updated_at = at < d->now_s ? at : a.created_at;
    if (cancelled) {
        a.reason = demo_random_word(r, &d->lists->list[DEMO_REASONS]);
        a.cancelled_at = cancelled_days >= 0 ? d->now_s - cancelled_days * DAY_S -
                                                   demo_random_range(r, 60, DAY_S - 60)
                                             : at - demo_random_range(r, 1, 72) * 3600;
        a.updated_at = a.cancelled_at < d->now_s ? a.cancelled_at : d->now_s;
    }
    note_event(d, a.created_at);
    note_event(d, a.updated_at);
    return demo_store_appointment(d->store, &a, err);
}

static bool
add_visits(struct demo *d, const struct persona *p, struct error *err)
{
    struct demo_random *r = &d->random;
    int64_t count = demo_random_range(r, p->visits_min, p->visits_max);
    int64_t days = demo_random_range(r, p->visit_age_min, p->visit_age_max);

    if (count > 0 && demo_random_chance(r, p->next_visit_per_mille) &&
        !add_visit(d, time_of_visit(d, -demo_random_range(r, 1, 60)), "scheduled", -1, err))
        return false;
    for (int64_t i = 0; i < count; i++) {
        const char *status = i == 0 && p->last_status ? p->last_status : past_status(d);
        bool lately = i == 0 && p->last_status && strcmp(status, "cancelled") == 0;

        if (!add_visit(d, time_of_visit(d, days), status, lately ? demo_random_range(r, 0, 12) : -1,
                       err))
            return false;
        days = (days < 0 ? 0 : days) + demo_random_range(r, 20, 120);
    }
    return true;
}

/* What the metadata of a conversation looks like in the wild: mostly sane. NULL for none. */
static const char *
make_metadata(struct demo *d, enum page_visit page, int64_t at, char *out, size_t size)
{
    struct demo_random *r = &d->random;
    int64_t dice = demo_random_range(r, 0, 99);
    char time[UTIME_RFC3339_SIZE];

    (void)utime_format(at - demo_random_range(r, 0, 3 * DAY_S), time);
    if (page == PAGE_ALWAYS && dice < 55)
        (void)snprintf(out, size, "{\"visited_booking_page\": \"%s\", \"source\": \"website\"}",
                       time);
    else if (page == PAGE_ALWAYS)
        (void)snprintf(out, size, "{\"source\": \"website\", \"visited_booking_page\": true}");
    else if (dice < 40)
        return NULL;
    else if (dice < 60)
        (void)snprintf(out, size, "{}");
    else if (dice < 80)
        (void)snprintf(out, size, "{\"source\": \"%s\", \"duration_seconds\": %" PRId64 "}",
                       dice < 70 ? "phone" : "website", demo_random_range(r, 10, 900));
    else if (dice < 90)
        (void)snprintf(out, size, "{\"visited_booking_page\": false, \"opened_link\": \"%s\"}",
                       time);
    else if (dice < 96 && page == PAGE_SOME)
        (void)snprintf(out, size, "{\"visited_booking_page\": \"%.10s %.8s\"}", time, time + 11);
    else if (dice < 98)
        (void)snprintf(out, size,
                       "{\"visited_booking_page\": null, \"tags\": [\"vip\", \"%" PRId64 "\"]}",
                       dice);
    else
        (void)snprintf(out, size, "{\"visited_booking_page\": tru");
    return out;
}

static bool
add_messages(struct demo *d, const char *conversation, int64_t at, struct error *err)
{
    struct demo_random *r = &d->random;
    int64_t count = demo_random_range(r, 2, 4);

    for (int64_t i = 0; i < count; i++) {
        bool inbound = i % 2 == 0;
        struct demo_message m = {
            .conversation = conversation,
            .direction = inbound ? "inbound" : "outbound",
            .content =
                demo_random_word(r, &d->lists->list[inbound ? DEMO_QUESTIONS : DEMO_ANSWERS]),
            .at = at - (count - 1 - i) * 50,
        };

        make_uuid(d, 1, m.id);
        d->out->messages++;
        if (!demo_store_message(d->store, &m, err))
            return false;
    }
    return true;
}

static bool
add_request(struct demo *d, const struct demo_conversation *c, struct error *err)
{
    static const char *const states[] = {"new", "in_progress", "booked", "dismissed"};
    struct demo_request q = {
        .customer_id = c->customer_id,
        .conversation = c->id,
        .channel = c->channel,
        .status = states[demo_random_next(&d->random) % ARRAY_LEN(states)],
        .service = demo_random_word(&d->random, &d->lists->list[DEMO_SERVICES]),
        .at = c->updated_at,
    };

    make_uuid(d, 2, q.id);
    d->out->requests++;
    return demo_store_request(d->store, &q, err);
}

static const char *
pick_channel(struct demo *d)
{
    int64_t dice = demo_random_range(&d->random, 0, 99);

    return dice < 45 ? "voice" : dice < 80 ? "sms" : "email";
}

static const char *
pick_type(struct demo *d)
{
    int64_t dice = demo_random_range(&d->random, 0, 99);

    return dice < 82 ? "inbound_service" : dice < 91 ? "research" : "outbound_sales";
}

static void
judge(struct demo *d, const struct persona *p, struct demo_conversation *c)
{
    static const char *const moods[] = {"negative", "mixed", "neutral", "positive"};
    struct demo_random *r = &d->random;

    if (p->score_min > 0 || demo_random_chance(r, 420))
        c->score = (int)demo_random_range(r, p->score_min > 0 ? p->score_min : 1, 10);
    if (demo_random_chance(r, 700))
        c->sentiment = c->score > 0 ? moods[(c->score - 1) * 4 / 10]
                                    : moods[demo_random_next(r) % ARRAY_LEN(moods)];
}

static bool
add_talk(struct demo *d, const struct persona *p, int64_t customer, struct error *err)
{
    struct demo_random *r = &d->random;
    char metadata[160];
    int64_t at = d->now_s - demo_random_range(r, p->talk_age_min, p->talk_age_max) * DAY_S -
                 demo_random_range(r, 60, DAY_S - 60);
    struct demo_conversation c = {
        .customer_id = customer,
        .channel = p->channel ? p->channel : pick_channel(d),
        .status = demo_random_chance(r, 900)   ? "completed"
                  : demo_random_chance(r, 700) ? "active"
                                               : "failed",
        .type = pick_type(d),
        .at = demo_random_chance(r, 2) ? DEMO_NO_TIME : at,
        .updated_at = at,
    };

    make_uuid(d, 0, c.id);
    if (p->outcomes[0])
        c.outcome = p->outcomes[demo_random_next(r) % ARRAY_LEN(p->outcomes)];
    else if (demo_random_chance(r, 750))
        c.outcome = demo_random_word(r, &d->lists->list[DEMO_OUTCOMES]);
    if (strcmp(c.channel, "email") == 0)
        c.subject = demo_random_word(r, &d->lists->list[DEMO_SUBJECTS]);
    if (demo_random_chance(r, 600))
        c.summary = demo_random_word(r, &d->lists->list[DEMO_SUMMARIES]);
    judge(d, p, &c);
    c.metadata = make_metadata(d, p->page, at, metadata, sizeof metadata);
    note_event(d, at);
    d->out->conversations++;
    return demo_store_conversation(d->store, &c, err) &&
           (!demo_random_chance(r, 90) || add_messages(d, c.id, at, err)) &&
           (!demo_random_chance(r, 40) || add_request(d, &c, err));
}

static bool
add_talks(struct demo *d, const struct persona *p, struct error *err)
{
    int64_t count = demo_random_range(&d->random, p->talks_min, p->talks_max);
    bool ok = true;

    for (int64_t i = 0; ok && i < count; i++)
        ok = add_talk(d, p, d->id, err);
    /* Somebody whom the clinic could not name called too. */
    if (ok && demo_random_chance(&d->random, 10))
        ok = add_talk(d, &personas[ARRAY_LEN(personas) - 2], 0, err);
    return ok;
}

static void
opt_out(struct demo *d, const struct demo_person *person)
{
    static const char *const words[] = {"STOP", "Stop please", "UNSUBSCRIBE", "stop texting me"};
    struct demo_result *out = d->out;
    struct buf email = {0};
    char phone[ADDRESS_PHONE_SIZE];
    struct demo_opt_out entry = {
        .words = words[demo_random_next(&d->random) % ARRAY_LEN(words)],
    };

    if (address_phone_normalise(person->phone, DEMO_COUNTRY, phone)) {
        entry.address = mem_strdup(phone);
        entry.channel = "sms";
    } else if (address_email_normalise(person->email, NULL, &email)) {
        entry.address = buf_take(&email);
        entry.channel = "email";
    }
    buf_release(&email);
    if (!entry.address)
        return;
    out->opt_outs =
        mem_grow(out->opt_outs, out->opt_out_count, &out->opt_out_capacity, sizeof entry);
    out->opt_outs[out->opt_out_count++] = entry;
}

static const struct persona *
pick_persona(struct demo *d)
{
    int64_t at = demo_random_range(&d->random, 0, 999);
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(personas) && at >= personas[i].share)
        at -= personas[i++].share;
    return &personas[i];
}

static bool
add_customer(struct demo *d, struct demo_person *person, const struct demo_person *before,
             struct error *err)
{
    struct demo_random *r = &d->random;
    const struct persona *p = pick_persona(d);
    struct demo_customer c = {.id = d->id, .is_new_client = p->visits_max == 0};

    d->since_s = d->now_s - demo_random_range(r, 0, 300) * DAY_S - demo_random_range(r, 60, DAY_S);
    d->until_s = d->since_s;
    demo_person_make(r, d->lists, d->id, before, person);
    if (!add_visits(d, p, err) || !add_talks(d, p, err))
        return false;
    c.name = demo_random_chance(r, 8) ? NULL : person->name;
    c.phone = person->phone[0] ? person->phone : NULL;
    c.email = person->email[0] ? person->email : NULL;
    c.notes = demo_random_chance(r, 180) ? demo_random_word(r, &d->lists->list[DEMO_NOTES]) : NULL;
    if (demo_random_chance(r, 40))
        c.is_new_client = -1;
    c.created_at = d->since_s - demo_random_range(r, 60, 2 * DAY_S);
    c.updated_at = d->until_s;
    if (demo_random_chance(r, SEND_OUT_PER_MILLE))
        opt_out(d, person);
    d->out->customers++;
    return demo_store_customer(d->store, &c, err);
}

static bool
fill(struct demo *d, const struct demo_options *o, struct error *err)
{
    struct demo_person people[2] = {0};

    for (int64_t i = 0; i < o->customers; i++) {
        d->id = i + 1;
        if (o->progress && i % PROGRESS_CUSTOMERS == 0)
            o->progress(o->arg, i, o->customers);
        if (!add_customer(d, &people[i % 2], &people[(i + 1) % 2], err))
            return false;
    }
    if (o->progress)
        o->progress(o->arg, o->customers, o->customers);
    return demo_store_finish(d->store, err);
}

static bool
write_file(struct demo *d, const char *path, const struct demo_options *o, struct error *err)
{
    char *temporary = mem_printf("%s.new", path);
    bool ok;

    (void)unlink(temporary); /* of a run that was stopped */
    d->store = demo_store_create(temporary, err);
    ok = d->store && fill(d, o, err);
    demo_store_close(d->store);
    ok = ok && (!o->before_publish || o->before_publish(o->arg, d->out, err)) &&
         file_publish(temporary, path, err);
    if (!ok)
        (void)unlink(temporary);
    free(temporary);
    return ok;
}

bool
demo_main_database_write(const char *path, const struct demo_options *options,
                         struct demo_result *out, struct error *err)
{
    int64_t start_ms = utime_mono_ms();
    struct demo d = {.random = {options->seed}, .out = out, .now_s = options->now_s};
    bool ok;

    *out = (struct demo_result){0};
    if (options->customers < 1 || options->customers > DEMO_CUSTOMERS_MAX)
        return error_set(err, ERR_INVALID, "the demo has 1 to %d customers", DEMO_CUSTOMERS_MAX);
    if (file_exists(path))
        return error_set(err, ERR_CONFLICT, "%s is there already and is not overwritten", path);
    d.uuid_step = (UINT64_C(1) << 48) / (uint64_t)(options->customers * ROWS_A_HEAD + 64);
    d.lists = demo_lists_load(err);
    ok = d.lists && write_file(&d, path, options, err);
    demo_lists_free(d.lists);
    out->elapsed_ms = utime_mono_ms() - start_ms;
    if (!ok)
        demo_result_release(out);
    return ok || error_wrap(err, "demo database");
}
