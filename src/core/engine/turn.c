#include "core/engine/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/engine/place.h"
#include "core/engine/stop_all.h"
#include "core/engine/wire.h"
#include "core/store/stores.h"

enum {
    TURN_MS = 1000,        /* the lease is renewed, other processes' changes are seen */
    TAKE_AGAIN_MS = 500,   /* how often a standby tries */
    PLACE_MS = 1000,       /* how often the relay hears how far we are */
    PLACE_NOTE_MS = 15000, /* and state.id */
    SOON_MS = 2000,        /* until_idle waits for what is due sooner than this */
    PATIENCE_MS = 15000,   /* until_idle waits this long for the relay or our own disk */
    ALARM_S = 120
};

/* --- open and close */

bool
loop_open(struct loop *l, const struct engine_options *options, bool until_idle, struct error *err)
{
    const struct net_handlers handlers = {
        .ctx = l,
        .sms_done = loop_sms_done,
        .lookup_done = loop_lookup_done,
        .history_page = loop_missed_page,
        .relay_done = loop_relay_done,
        .sms_may_leave = loop_sms_may_leave,
    };
    char *path;

    *l = (struct loop){.opt = *options, .until_idle = until_idle};
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_mutex_init(&l->gate.lock, NULL);
    random_uuid(l->holder);
    (void)snprintf(l->who, sizeof l->who, "%s, process %ld", audit_actor(), (long)getpid());
    l->lock_fd = -1;
    l->ledger = ledger_open(options->home, err);
    l->reader = l->ledger ? reader_open(options->home, err) : NULL;
    l->gate.reader = l->reader ? reader_open(options->home, err) : NULL;
    if (!l->gate.reader) {
        loop_close(l);
        return error_wrap(err, "start the engine");
    }
    if (options->has_net)
        options->net.set_handlers(options->net.ctx, &handlers);
    l->stop_file = path_join(options->home, "STOP");
    path = path_join(options->home, "engine.lock");
    l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    l->no_lease_since_ms = loop_mono_ms(l);
    loop_sync_prepare(l);
    return true;
}

void
loop_close(struct loop *l)
{
    struct error err = {0};

    loop_sync_finish(l);
    if (l->holds && !place_note(l->ledger, l->opt.home, l->holder, &err))
        log_line(LOG_WARN, "engine", "%s", err.text);
    if (l->opt.has_net)
        l->opt.net.close(l->opt.net.ctx);
    if (l->holds && !lease_release(l->ledger, l->holder, l->fence, &err))
        log_line(LOG_WARN, "engine", "the lease runs out by itself: %s", err.text);
    if (l->lock_fd >= 0)
        (void)close(l->lock_fd);
    loop_send_release(l);
    rate_release(&l->rate);
    rate_release(&l->account);
    wire_end(l->wire);
    for (size_t i = 0; i < l->lookup_count; i++)
        free(l->lookups[i].found);
    free(l->lookups);
    free(l->results);
    loop_missed_release(l);
    free(l->relay_ack);
    free(l->stop_file);
    db_close(l->gate.reader);
    db_close(l->reader);
    db_close(l->ledger);
    (void)pthread_mutex_destroy(&l->lock);
    (void)pthread_mutex_destroy(&l->gate.lock);
    *l = (struct loop){0};
}

/* --- lease */

/*
 * What a dead engine had claimed and surely never let out waits again, as if it had not been
 * claimed. Its process is known to be gone: nothing of it can leave any more. In a ledger that was
 * put back the marks say nothing: they are of a later time, when these calls had ended.
 */
static bool
take_back(struct loop *l, int64_t dead_fence, struct error *err)
{
    struct wire_marks marks;
    char *unconfirmed = NULL;
    int64_t *ids = NULL;
    size_t count = 0;
    bool ok = place_unconfirmed(l->ledger, &unconfirmed, err);
    const bool is_current = ok && !unconfirmed;

    free(unconfirmed);
    if (!is_current || !wire_read(l->opt.home, dead_fence, &marks))
        return ok;
    ok = attempt_open_load(l->ledger, dead_fence, &ids, &count, err);
    for (size_t i = 0; ok && i < count; i++) {
        struct attempt a = {0};

        if (wire_has(&marks, ids[i]))
            continue;
        ok = attempt_load(l->ledger, ids[i], &a, err) &&
             settle_not_sent(l->ledger, &a, NULL, "the engine ended before it left", loop_now_ms(l),
                             err);
        attempt_release(&a);
    }
    free(ids);
    wire_marks_release(&marks);
    return ok;
}

static bool
write_doubts(struct loop *l, const struct lease *lease, int64_t *count, struct error *err)
{
    const int64_t now_s = loop_now_ms(l) / 1000;
    char text[200];
    bool ok = db_begin(l->ledger, err) && engine_event_prune(l->ledger, err) &&
              (!lease->dead_fence || take_back(l, lease->dead_fence, err)) &&
              unit_doubt_abandoned(l->ledger, l->fence, now_s, count, err);

    if (ok && *count) {
        (void)snprintf(text, sizeof text,
                       "%" PRId64 " were on their way when an engine ended: in doubt until the "
                       "provider's list or a callback tells",
                       *count);
        ok = engine_event_add(l->ledger, LOG_WARN, 0, text, now_s, err);
    }
    ok = ok && db_commit(l->ledger, err);
    db_rollback(l->ledger);
    return ok;
}

static void
on_taken(struct loop *l, const struct lease *lease)
{
    struct place_mark mark;
    struct error err = {0};
    int64_t doubts = 0;

    l->holds = true;
    l->fence = lease->fence;
    if (!place_check(l->ledger, l->opt.home, l->holder, l->fence, loop_now_ms(l) / 1000, &err) ||
        !place_mark_load(l->ledger, &mark, &err) || !write_doubts(l, lease, &doubts, &err) ||
        !loop_send_prepare(l, &err)) {
        loop_trouble(l, "take over", &err);
        l->holds = false; /* tried again with the next renewal */
        return;
    }
    (void)pthread_mutex_lock(&l->gate.lock);
    wire_end(l->wire);
    l->wire = wire_begin(l->opt.home, mark.state_id, l->fence, mark.attempt);
    (void)pthread_mutex_unlock(&l->gate.lock);
    loop_gate_begin(l);
    l->no_lease_since_ms = 0;
    l->taken_at_ms = loop_mono_ms(l);
    l->place_next_ms = l->place_note_next_ms = 0;
    /* Calls that timed out while this process stood still say nothing about the provider. */
    l->hold_ms = l->hold_until_ms = l->unknown_streak = 0;
    loop_relay_reset(l);
    loop_missed_load(l);
    if (lease->taken_over)
        loop_event(l, LOG_WARN, 0, "took over sending from an engine that ended without a word");
}

/*
 * The lock only tells the living from the dead, so that nobody waits for a lease whose process is
 * gone. It decides nothing by itself: an engine without it (a file system that knows no locks)
 * waits until the lease has run out.
 */
static void
lock(struct loop *l, bool on)
{
    if (l->lock_fd < 0 || l->locked == on)
        return;
    if (flock(l->lock_fd, on ? LOCK_EX | LOCK_NB : LOCK_UN) == 0)
        l->locked = on;
}

static void
lose(struct loop *l, const char *why)
{
    lock(l, false);
    if (l->holds)
        log_line(LOG_WARN, "engine", "no longer sending: %s", why);
    if (l->holds || l->no_lease_since_ms == 0)
        l->no_lease_since_ms = loop_mono_ms(l);
    l->holds = false;
}

static void
renew(struct loop *l)
{
    const int64_t mono = loop_mono_ms(l);
    struct lease lease;
    struct error err = {0};

    if (l->holds && mono >= l->lease_until_mono_ms)
        lose(l, "the lease was not renewed in time");
    if (mono < l->next_lease_ms)
        return;
    l->next_lease_ms = mono + TAKE_AGAIN_MS;
    if (!l->holds)
        lock(l, true); /* never later: a holder is either locked from the start, or not at all */
    if (!lease_take(l->ledger, &(struct lease_claim){l->holder, l->who, l->locked}, loop_now_ms(l),
                    &lease, &err)) {
        loop_trouble(l, "renew the lease", &err);
        return;
    }
    if (!lease.held) {
        lose(l, "another engine has the lease");
        (void)text_copy(l->other, sizeof l->other, lease.who);
        return;
    }
    l->other[0] = '\0';
    l->lease_until_mono_ms = mono + LEASE_TTL_MS;
    l->next_lease_ms = mono + LEASE_RENEW_MS;
    if (!l->holds || lease.fence != l->fence)
        on_taken(l, &lease);
}

static void
lease_step(struct loop *l)
{
    renew(l);
    loop_gate_set(l);
}

static bool
same_mark(const struct place_mark *a, const struct place_mark *b)
{
    return a->attempt == b->attempt && a->fence == b->fence;
}

/* The relay hears it only after we have heard what it knows. */
static void
tell_relay(struct loop *l, const struct place_mark *mark)
{
    const struct relay_state state = {mark->state_id, mark->fence, mark->attempt};
    struct error err = {0};

    if (!l->opt.net.relay_tell || l->opt.config->relay.url[0] == '\0' || !l->relay_drained ||
        same_mark(mark, &l->place_told))
        return;
    if (l->opt.net.relay_tell(l->opt.net.ctx, &state, &err))
        l->place_told = *mark;
    else
        log_line(LOG_DEBUG, "engine", "%s", err.text);
}

/* How far we are, in state.id and at the relay, so that an older copy finds out that it is one. */
static void
place_step(struct loop *l)
{
    const int64_t mono = loop_mono_ms(l);
    struct place_mark mark;
    struct error err = {0};

    if (mono < l->place_next_ms || l->unconfirmed || !place_mark_load(l->ledger, &mark, &err))
        return;
    l->place_next_ms = mono + PLACE_MS;
    if (!same_mark(&mark, &l->place_noted) && mono >= l->place_note_next_ms) {
        l->place_note_next_ms = mono + PLACE_NOTE_MS;
        if (place_note(l->ledger, l->opt.home, l->holder, &err))
            l->place_noted = mark;
        else
            log_line(LOG_WARN, "engine", "%s", err.text); /* it only grows old: no harm */
    }
    tell_relay(l, &mark);
}

/* --- a turn */

static void
complete_step(struct loop *l)
{
    const int64_t now_s = loop_now_ms(l) / 1000;
    struct error err = {0};
    int64_t count = 0;
    bool any = false;
    bool ok = engine_has_finished(l->ledger, &any, &err);

    if (ok && any) {
        ok = db_begin(l->ledger, &err) &&
             engine_complete_finished(l->ledger, now_s, &count, &err) && db_commit(l->ledger, &err);
        db_rollback(l->ledger);
    }
    if (!ok)
        loop_trouble(l, "complete a campaign", &err);
}

static double
rate_now(const struct loop *l)
{
    const int64_t second = loop_now_ms(l) / 1000;
    int64_t sum = 0;

    for (size_t i = 0; i < LOOP_RATE_SLOTS; i++)
        if (second - l->rate_slot[i] < LOOP_RATE_SLOTS)
            sum += l->rate_count[i];
    return (double)sum / LOOP_RATE_SLOTS;
}

/* `touch STOP` in the state folder: the panic switch for who has no shell of canvass at hand. */
static void
heed_stop_file(struct loop *l)
{
    struct error err = {0};

    if (l->stopped || !loop_stop_file_is_there(l))
        return;
    if (!engine_stop_all(l->ledger, "the file STOP", loop_now_ms(l) / 1000, NULL, &err))
        loop_trouble(l, "stop everything", &err);
    l->stopped = true;
}

static void
note_obstacles(struct loop *l)
{
    const int64_t mono = loop_mono_ms(l);
    char until[UTIME_RFC3339_SIZE];
    struct error err = {0};
    char *by = NULL;
    int64_t since_s = 0;
    char *why = NULL;
    bool stopped = false;

    if (place_unconfirmed(l->ledger, &why, &err)) {
        l->unconfirmed = why != NULL;
        if (why)
            loop_note(l, "nothing is sent: %.110s (canvass restore --confirm)", why);
    }
    free(why);
    if (engine_is_stopped(l->ledger, &stopped, &by, &since_s, &err)) {
        l->stopped = stopped;
        if (stopped)
            loop_note(l, "stopped by %s", by);
    }
    free(by);
    heed_stop_file(l);
    if (l->trouble_until_ms > mono)
        loop_note(l, "%.190s", l->trouble);
    else
        l->trouble_since_ms = 0;
    if (l->capped_until_ms > loop_now_ms(l))
        loop_note(l, "%.80s: the rest waits until %s", l->capped_why,
                  utime_format(l->capped_until_ms / 1000, until));
    if (l->hold_ms)
        loop_note(l, "the provider cannot be reached; trying again");
    else if (l->throttle_until_ms > mono)
        loop_note(l, "the provider asks for a pause");
}

static void
show_status(struct loop *l)
{
    const int64_t now_s = loop_now_ms(l) / 1000;

    (void)pthread_mutex_lock(&l->lock);
    l->status = (struct engine_status){
        .holds_lease = l->holds,
        .relay_ok =
            l->relay_contact_s && now_s - l->relay_contact_s <= ALARM_S && !l->relay_trouble,
        .relay_contact_s = l->relay_contact_s,
        .in_flight = l->opt.has_net ? (int64_t)l->opt.net.in_flight(l->opt.net.ctx) : 0,
        .per_second = rate_now(l),
        .next_due_ms = l->next_due_ms,
    };
    (void)text_copy(l->status.other_holder, sizeof l->status.other_holder, l->other);
    (void)text_copy(l->status.note, sizeof l->status.note, l->note);
    (void)pthread_mutex_unlock(&l->lock);
}

void
loop_turn(struct loop *l, bool stopping)
{
    l->wait_ms = TURN_MS;
    l->note[0] = '\0';
    if (!l->opt.has_net) {
        loop_note(l, "%s", l->opt.no_net_reason ? l->opt.no_net_reason : "sending is not set up");
        loop_sync_step(l, stopping);
        show_status(l);
        return;
    }
    lease_step(l);
    if (!stopping && l->holds && loop_gathers(l))
        return;
    loop_record(l); /* whoever holds the lease: what our calls did is a fact */
    note_obstacles(l);
    if (l->holds) {
        if (!stopping) {
            place_step(l);
            loop_relay_step(l);
            loop_missed_step(l);
            loop_plan_step(l);
            loop_lookup_step(l);
            loop_sync_step(l, stopping);
        }
        loop_send_step(l, stopping);
        complete_step(l);
    } else {
        loop_note(l, l->other[0] ? "another engine sends: %s" : "no engine sends yet%s", l->other);
    }
    if (l->result_count && l->trouble_until_ms <= loop_mono_ms(l))
        loop_wait_at_most(l, 0); /* what was not handed over goes back at once */
    loop_digest_say(l, stopping);
    loop_wait_at_most(l, l->next_lease_ms - loop_mono_ms(l));
    show_status(l);
}

void
loop_wait(struct loop *l, int command_fd)
{
    struct pollfd fd = {.fd = command_fd, .events = POLLIN};

    if (l->opt.has_net)
        l->opt.net.pump(l->opt.net.ctx, (int)l->wait_ms);
    else if (poll(&fd, 1, (int)l->wait_ms) < 0 && errno != EINTR)
        log_line(LOG_ERROR, "engine", "poll failed: error %d", errno);
}

bool
loop_is_busy(struct loop *l)
{
    return (l->opt.has_net && l->opt.net.in_flight(l->opt.net.ctx) > 0) || l->result_count > 0 ||
           l->lookup_count > 0 || l->lookups_open > 0 || l->missed_asked;
}

/* Nothing of ours stands in the way, so what is due will go. */
static bool
is_gated(const struct loop *l)
{
    const int64_t mono = loop_mono_ms(l);

    return l->stopped || l->unconfirmed || l->hold_until_ms > mono + SOON_MS ||
           l->throttle_until_ms > mono + SOON_MS ||
           (l->trouble_since_ms && mono - l->trouble_since_ms > PATIENCE_MS);
}

static bool
relay_is_quiet(const struct loop *l)
{
    if (l->opt.config->relay.url[0] == '\0')
        return true;
    if (l->relay_trouble)
        return loop_mono_ms(l) - l->taken_at_ms > PATIENCE_MS;
    return l->relay_drained && l->relay_empty_as_of_ms >= l->last_activity_ms;
}

bool
loop_is_idle(struct loop *l)
{
    const int64_t soon_ms = loop_now_ms(l) + SOON_MS;
    struct error err = {0};
    int64_t lookup_s = 0;
    int64_t start_s = 0;

    if (!l->opt.has_net)
        return true;
    if (!l->holds || loop_is_busy(l) || l->planning || !relay_is_quiet(l))
        return false;
    if (l->missed_since_s && !l->missed_trouble)
        return false;
    if (is_gated(l) || !l->relay_drained || loop_missed_holds(l))
        return true;
    if (!attempt_next_lookup(l->ledger, &lookup_s, &err) ||
        !engine_next_start(l->ledger, &start_s, &err)) {
        loop_trouble(l, "see what waits", &err);
        return false;
    }
    return !(l->next_due_ms && l->next_due_ms <= soon_ms) &&
           !(lookup_s && lookup_s * 1000 <= soon_ms) && !(start_s && start_s * 1000 <= soon_ms);
}

void
loop_say_waits(struct loop *l, char *out, size_t size)
{
    char until[UTIME_RFC3339_SIZE];
    struct engine_left left = {0};
    struct error err = {0};
    struct buf text = {0};

    if (!engine_left_load(l->ledger, &left, &err))
        log_line(LOG_ERROR, "engine", "see what is left: %s", err.text);
    if (left.queued + left.retry_wait)
        buf_printf(&text, "%" PRId64 " to send", left.queued + left.retry_wait);
    if (left.queued + left.retry_wait && l->next_due_ms > loop_now_ms(l))
        buf_printf(&text, ", the next at %s", utime_format(l->next_due_ms / 1000, until));
    if (left.in_doubt)
        buf_printf(&text, "%s%" PRId64 " in doubt", text.len ? "; " : "", left.in_doubt);
    if (left.paused)
        buf_printf(&text, "%s%" PRId64 " of paused campaigns", text.len ? "; " : "", left.paused);
    if (text.len && l->note[0])
        buf_printf(&text, " (%s)", l->note);
    (void)text_copy(out, size, buf_str(&text));
    buf_release(&text);
}
