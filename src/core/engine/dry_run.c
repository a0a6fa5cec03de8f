#include "core/engine/dry_run.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/env.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/launch.h"
#include "core/engine/turn.h"
#include "core/outbox/quiet_hours.h"
#include "core/store/dry_run_store.h"
#include "core/store/engine_store.h"
#include "core/store/stores.h"

enum { ROOM = 200, PLAN_BATCH = 100000, ZONES_OF_ONE = 8 };

/* --- a clock and a provider. One dry run a process at a time: the engine's clock has no context */

static int64_t clock_ms;

static int64_t
now_ms(void)
{
    return clock_ms;
}

struct provider {
    struct net_handlers handlers;
    int64_t pending[ROOM]; /* attempts whose end is not yet told */
    size_t count;
    const char *sender;
};

static void
provider_set_handlers(void *ctx, const struct net_handlers *handlers)
{
    struct provider *p = ctx;

    p->handlers = *handlers;
}

static const char *
provider_sender(void *ctx)
{
    const struct provider *p = ctx;

    return p->sender;
}

static size_t
provider_room(void *ctx)
{
    const struct provider *p = ctx;

    return ROOM - p->count;
}

static bool
provider_send(void *ctx, const struct sms_request *request, struct error *err)
{
    struct provider *p = ctx;

    if (p->count == ROOM)
        return error_set(err, ERR_RETRY, "no room");
    p->pending[p->count++] = request->attempt_id;
    return true;
}

static bool
provider_look_up(void *ctx, const struct sms_lookup *lookup, struct error *err)
{
    (void)ctx;
    (void)lookup;
    return error_set(err, ERR_RETRY, "nothing is asked in a dry run");
}

static bool
provider_poll(void *ctx, const char *cursor, int wait_s, struct error *err)
{
    (void)ctx;
    (void)cursor;
    (void)wait_s;
    return error_set(err, ERR_RETRY, "nothing is asked in a dry run");
}

static bool
provider_ack(void *ctx, const char *cursor, struct error *err)
{
    (void)ctx;
    (void)cursor;
    (void)err;
    return true;
}

static size_t
provider_in_flight(void *ctx)
{
    const struct provider *p = ctx;

    return p->count;
}

static void
provider_pump(void *ctx, int timeout_ms)
{
    struct provider *p = ctx;
    const size_t count = p->count;

    if (count == 0)
        clock_ms += timeout_ms > 0 ? timeout_ms : 1;
    p->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct sms_result r = {
            .attempt_id = p->pending[i], .outcome = SEND_ACCEPTED, .http_status = 201};

        if (p->handlers.sms_may_leave && !p->handlers.sms_may_leave(p->handlers.ctx, r.attempt_id))
            r.outcome = SEND_NOT_SENT;
        else
            (void)snprintf(r.provider_id, sizeof r.provider_id, "dry-run-%" PRId64, r.attempt_id);
        (void)text_copy(r.provider_status, sizeof r.provider_status, "queued");
        p->handlers.sms_done(p->handlers.ctx, &r);
    }
}

static void
provider_nothing(void *ctx)
{
    (void)ctx;
}

static struct net_port
port_of(struct provider *p)
{
    return (struct net_port){
        .ctx = p,
        .set_handlers = provider_set_handlers,
        .sms_sender = provider_sender,
        .sms_room = provider_room,
        .sms_send = provider_send,
        .sms_lookup = provider_look_up,
        .relay_poll = provider_poll,
        .relay_drop_poll = provider_nothing,
        .relay_ack = provider_ack,
        .in_flight = provider_in_flight,
        .pump = provider_pump,
        .wake = provider_nothing,
        .close = provider_nothing,
    };
}

/* --- a folder that goes again */

/* In memory where the machine has that: nothing of it is worth a write to the disk. */
static char *
make_folder(struct error *err)
{
    const char *given = env_get("TMPDIR");
    const char *const places[] = {"/dev/shm", given ? given : "/tmp", "/tmp"};

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        char *path = mem_printf("%s/canvass-dry-run-XXXXXX", places[i]);

        if (mkdtemp(path))
            return path;
        free(path);
    }
    (void)error_set(err, ERR_DENIED, "cannot make a temporary folder: set TMPDIR to one");
    return NULL;
}

static void
remove_folder(const char *path)
{
    DIR *dir = opendir(path);

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
    for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        char *name = path_join(path, e->d_name);

        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)unlink(name); /* a link goes, not what it names */
        free(name);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(path);
}

static bool
fill_folder(struct db *ledger, const char *home, const char *folder, struct error *err)
{
    char *copy = path_join(folder, "canvass.db");
    char *link = path_join(folder, "replica.db");
    char *replica = path_join(home, "replica.db");
    char *real = realpath(replica, NULL);
    bool ok = db_copy_into(ledger, copy, err);

    if (ok && real && symlink(real, link) != 0)
        ok = error_set(err, ERR_INTERNAL, "cannot link %s", link);
    free(copy);
    free(link);
    free(replica);
    free(real);
    return ok;
}

/* --- the run */

static bool
launch_copy(struct db *copy, struct db *reader, const struct config *config, int64_t id,
            bool everyone, int64_t now_s, struct error *err)
{
    struct launch_request request = {.id = id, .everyone_confirmed = everyone, .now_s = now_s};
    struct launch_review review = {0};
    struct campaign c = {0};
    bool done = false;
    bool ok = campaign_load(copy, config, id, &c, err);
    const bool draft = ok && c.status == CAMPAIGN_DRAFT;

    if (ok && !draft && c.status != CAMPAIGN_ACTIVE && c.status != CAMPAIGN_SCHEDULED)
        ok = error_set(err, ERR_CONFLICT, "campaign %" PRId64 " is %s: nothing of it would be sent",
                       id, campaign_status_name(c.status));
    campaign_release(&c);
    if (ok && draft) {
        ok = db_begin_read(reader, err) && launch_review(reader, config, id, now_s, &review, err);
        db_rollback(reader);
        request.confirm = review.reach.reachable;
        launch_review_release(&review);
        ok = ok && launch_begin(copy, reader, config, &request, err);
    }
    while (ok && !done)
        ok = launch_plan_step(copy, reader, config, id, PLAN_BATCH, &done, err);
    return ok;
}

/* To the next thing that is due. The lease is ours: nobody else knows this folder. */
static bool
jump(struct loop *l, struct error *err)
{
    int64_t start_s = 0;
    int64_t to_ms = l->next_due_ms;

    if (loop_is_busy(l))
        return true;
    if (!engine_next_start(l->ledger, &start_s, err))
        return false;
    if (start_s && (to_ms == 0 || start_s * 1000 < to_ms))
        to_ms = start_s * 1000;
    if (to_ms <= clock_ms)
        return true;
    clock_ms = to_ms;
    l->lease_until_mono_ms = to_ms + 1; /* still held, and renewed at once */
    l->next_lease_ms = to_ms;
    return true;
}

static bool
run_engine(const struct engine_options *options, int64_t campaign_id, bool *finished,
           struct error *err)
{
    const int64_t until_ms = clock_ms + DRY_RUN_DAYS_MAX * DAY_S * 1000;
    struct loop l;
    int64_t open = 1;
    bool ok = true;

    if (!loop_open(&l, options, true, err))
        return false;
    ok = dry_run_store_unsynced(l.ledger, err);
    while (ok && clock_ms < until_ms) {
        loop_turn(&l, false);
        if (l.trouble_until_ms > clock_ms)
            ok = error_set(err, ERR_INTERNAL, "%.200s", l.trouble);
        ok = ok && dry_run_store_open(l.ledger, campaign_id, &open, err);
        if (!ok || (open == 0 && !loop_is_busy(&l)))
            break;
        if (l.holds)
            ok = jump(&l, err);
        loop_wait(&l, -1);
    }
    *finished = open == 0;
    loop_close(&l);
    return ok;
}

/* --- what came out */

struct tally {
    struct dry_run *out;
    const struct config *config;
    const struct quiet_window *window;
};

static bool
add_hour(void *ctx, const struct dry_run_row *row)
{
    struct dry_run *out = ((struct tally *)ctx)->out;

    out->hours = mem_grow(out->hours, out->hour_count, &out->hour_capacity, sizeof *out->hours);
    out->hours[out->hour_count++] =
        (struct dry_run_hour){row->hour_s, row->messages, row->segments};
    out->segments += row->segments;
    return true;
}

static struct dry_run_zone *
zone_of(struct dry_run *out, const char *address, const char *stored)
{
    const char *names[ZONES_OF_ONE];
    size_t count = quiet_hours_zones(address, stored, names, ARRAY_LEN(names));
    struct buf name = {0};
    size_t i = 0;

    for (size_t k = 0; k < count; k++)
        buf_printf(&name, "%s%s", k ? " or " : "", names[k]);
    while (i < out->zone_count && strncmp(out->zones[i].name, buf_str(&name), 95) != 0)
        i++;
    if (i == DRY_RUN_ZONES_MAX) {
        i--; /* the last one takes the rest */
        (void)text_copy(out->zones[i].name, sizeof out->zones[i].name, "other");
    } else if (i == out->zone_count) {
        out->zones[out->zone_count++] = (struct dry_run_zone){0};
        (void)text_copy(out->zones[i].name, sizeof out->zones[i].name, buf_str(&name));
    }
    buf_release(&name);
    return &out->zones[i];
}

static void
add_reason(struct dry_run *out, const struct dry_run_person *person)
{
    char text[64];
    size_t i = 0;

    (void)snprintf(text, sizeof text, "%s%s%s", person->state, person->reason ? ": " : "",
                   person->reason ? person->reason : "");
    while (i < out->reason_count && strcmp(out->reasons[i].text, text) != 0)
        i++;
    if (i == DRY_RUN_REASONS_MAX)
        return;
    if (i == out->reason_count) {
        out->reason_count++;
        (void)text_copy(out->reasons[i].text, sizeof out->reasons[i].text, text);
    }
    out->reasons[i].people++;
}

static bool
add_person(void *ctx, const struct dry_run_person *person)
{
    const struct tally *t = ctx;
    struct dry_run *out = t->out;
    struct dry_run_zone *z = zone_of(out, person->address, person->time_zone);
    struct quiet_answer answer = {.open = true};
    struct error ignored = {0};

    out->people++;
    z->people++;
    if (person->at_s == 0) {
        add_reason(out, person);
        return true;
    }
    if (t->window->set &&
        quiet_hours_ask(t->config, t->window, person->address, person->time_zone, out->start_s,
                        &answer, &ignored) &&
        !answer.open) {
        z->wait_for_hours++;
        if (z->open_s == 0 || answer.next_open_s < z->open_s)
            z->open_s = answer.next_open_s;
    }
    out->sent++;
    z->sent++;
    if (z->first_s == 0 || person->at_s < z->first_s)
        z->first_s = person->at_s;
    if (person->at_s > z->last_s)
        z->last_s = person->at_s;
    if (out->first_s == 0 || person->at_s < out->first_s)
        out->first_s = person->at_s;
    if (person->at_s > out->last_s)
        out->last_s = person->at_s;
    return true;
}

static bool
tell(struct db *reader, const struct config *config, int64_t id, int64_t after, struct dry_run *out,
     struct error *err)
{
    struct campaign c = {0};
    bool ok = campaign_load(reader, config, id, &c, err);
    struct tally t = {out, config, &c.quiet_hours};

    ok = ok && dry_run_store_hours(reader, id, after, add_hour, &t, err) &&
         dry_run_store_people(reader, id, after, add_person, &t, err);
    out->cost_micros = out->segments * config->sms.price_micros;
    campaign_release(&c);
    return ok;
}

void
dry_run_release(struct dry_run *r)
{
    free(r->hours);
    *r = (struct dry_run){0};
}

static bool
run_in(const char *folder, const struct config *config, int64_t id, bool everyone, int64_t now_s,
       struct dry_run *out, struct error *err)
{
    static char nothing[1];
    struct config alone = *config; /* borrows all of it */
    struct provider provider = {.sender = config->sms.messaging_service_sid[0]
                                              ? config->sms.messaging_service_sid
                                              : config->sms.from};
    struct engine_options options = {.home = folder,
                                     .config = &alone,
                                     .net = port_of(&provider),
                                     .has_net = true,
                                     .now_ms = now_ms};
    struct db *copy = ledger_open(folder, err);
    struct db *reader = copy ? reader_open(folder, err) : NULL;
    int64_t after = 0;
    bool ok = reader && dry_run_store_unsynced(copy, err) && dry_run_store_free(copy, err) &&
              dry_run_store_last_attempt(copy, &after, err) &&
              launch_copy(copy, reader, config, id, everyone, now_s, err);

    alone.relay.url = nothing; /* replies are nobody's concern here */
    alone.main_database.url = nothing;
    clock_ms = now_s * 1000;
    out->start_s = now_s;
    ok = ok && run_engine(&options, id, &out->finished, err) &&
         tell(reader, config, id, after, out, err);
    db_close(reader);
    db_close(copy);
    return ok;
}

bool
dry_run(struct db *ledger, const char *home, const struct config *config, int64_t campaign_id,
        bool everyone, int64_t now_s, struct dry_run *out, struct error *err)
{
    char *folder = make_folder(err);
    bool ok;

    *out = (struct dry_run){0};
    if (!folder)
        return false;
    ok = fill_folder(ledger, home, folder, err) &&
         run_in(folder, config, campaign_id, everyone, now_s, out, err);
    remove_folder(folder);
    free(folder);
    if (!ok)
        dry_run_release(out);
    return ok || error_wrap(err, "dry run");
}
