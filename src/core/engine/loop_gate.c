/* What is asked for every message right before its first byte leaves. */
#include <unistd.h>

#include "core/base/utime.h"
#include "core/engine/loop.h"
#include "core/engine/wire.h"

enum {
    LEASE_MARGIN_MS = 300, /* nothing leaves this close to the end of the lease */
    /* Longer than any message is between its claim and here: the wait for a connection, and the
     * making of one (net/sender, sms.timeout_seconds). */
    RECHECK_MS = 15000
};

/* Nothing may leave once another engine could have taken over. 0: it could now. */
static int64_t
closes_ms(const struct loop *l)
{
    return l->holds ? l->lease_until_mono_ms - LEASE_MARGIN_MS : 0;
}

bool
loop_may_send(const struct loop *l)
{
    return loop_mono_ms(l) < closes_ms(l);
}

bool
loop_stop_file_is_there(const struct loop *l)
{
    return access(l->stop_file, F_OK) == 0;
}

/*
 * The panic switch also holds back what is claimed already, and so do an opt-out and a pause that
 * were stored after the claim: then everything that may have been claimed before is asked about.
 * The ledger is read again when somebody has written to it. False: it cannot be read.
 */
static bool
look(struct loop *l)
{
    struct loop_gate *g = &l->gate;
    struct gate_state now = {0};
    struct error err = {0};

    if (!db_has_changed(g->reader, &g->stamp))
        return true;
    if (!gate_state_load(g->reader, &now, &err)) {
        g->stamp = (struct db_stamp){0};
        return false;
    }
    if (now.suppressions != g->state.suppressions || now.sending != g->state.sending)
        g->recheck_until_ms = loop_mono_ms(l) + RECHECK_MS;
    g->state = now;
    return true;
}

/* Asked once a millisecond: a call of the kernel for each of hundreds of messages is none too few.
 */
static bool
is_stopped_by_file(struct loop *l)
{
    struct loop_gate *g = &l->gate;
    const int64_t now_ms = utime_mono_ms();

    if (now_ms != g->stop_file_asked_ms)
        g->stop_file = loop_stop_file_is_there(l);
    g->stop_file_asked_ms = now_ms;
    return g->stop_file;
}

static bool
is_stopped_now(struct loop *l)
{
    return is_stopped_by_file(l) || !look(l) || l->gate.state.stopped;
}

static bool
stands_against(struct loop *l, int64_t attempt_id)
{
    struct error err = {0};
    bool may = true;

    return loop_mono_ms(l) < l->gate.recheck_until_ms &&
           (!gate_attempt_may_leave(l->gate.reader, attempt_id, &may, &err) || !may);
}

bool
loop_sms_may_leave(void *ctx, int64_t attempt_id)
{
    struct loop *l = ctx;
    bool may;

    (void)pthread_mutex_lock(&l->gate.lock);
    /* The clock last: the process may stand still at any point above. */
    may = !is_stopped_now(l) && !stands_against(l, attempt_id);
    may = may && loop_mono_ms(l) < l->gate.closes_ms;
    if (may)
        wire_mark(l->wire, attempt_id);
    (void)pthread_mutex_unlock(&l->gate.lock);
    return may;
}

void
loop_gate_set(struct loop *l)
{
    (void)pthread_mutex_lock(&l->gate.lock);
    l->gate.closes_ms = closes_ms(l);
    l->gate.stop_file_asked_ms = 0;
    (void)pthread_mutex_unlock(&l->gate.lock);
}

void
loop_gate_begin(struct loop *l)
{
    (void)pthread_mutex_lock(&l->gate.lock);
    (void)look(l);
    l->gate.recheck_until_ms = 0; /* what is claimed from here on has read all there is */
    (void)pthread_mutex_unlock(&l->gate.lock);
}
