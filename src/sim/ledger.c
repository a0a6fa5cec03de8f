#include "sim/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/sms_segments.h"
#include "sim/customer.h"
#include "sim/dice.h"
#include "sim/ledger_private.h"

static const char *const status_names[] = {
    [SIM_ACCEPTED] = "accepted", [SIM_QUEUED] = "queued",       [SIM_SENDING] = "sending",
    [SIM_SENT] = "sent",         [SIM_DELIVERED] = "delivered", [SIM_UNDELIVERED] = "undelivered",
    [SIM_FAILED] = "failed",     [SIM_RECEIVED] = "received",
};
_Static_assert(ARRAY_LEN(status_names) == SIM_STATUS_COUNT, "a name for every status");

const char *
sim_status_name(enum sim_status status)
{
    return status_names[status];
}

const struct sim_step *
sim_message_step(const struct sim_message *message, int64_t now_ms)
{
    size_t i = message->step_count - 1;

    while (i > 0 && message->steps[i].at_ms > now_ms)
        i--;
    return &message->steps[i];
}

int64_t
sim_message_sent_ms(const struct sim_message *message, int64_t now_ms)
{
    for (size_t i = 0; i < message->step_count && message->steps[i].at_ms <= now_ms; i++)
        if (message->steps[i].status >= SIM_SENT)
            return message->steps[i].at_ms;
    return 0;
}

/* --- the file */

json_t *
ledger_json_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

static void
write_line(struct ledger *ledger, json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    size_t len;

    json_decref(line);
    if (!text || ledger->fd < 0) {
        free(text);
        return;
    }
    len = strlen(text);
    text[len] = '\n'; /* in place of the terminator: one write, so that a line is whole */
    if (write(ledger->fd, text, len + 1) != (ssize_t)(len + 1))
        log_line(LOG_ERROR, "ledger", "cannot write a line: error %d", errno);
    free(text);
}

static json_t *
line_new(const char *event, const struct sim_message *message)
{
    int64_t now = utime_now_ms();
    char stamp[UTIME_RFC3339_SIZE];
    char at[UTIME_RFC3339_SIZE + 8];

    (void)utime_format(now / 1000, stamp);
    stamp[strlen(stamp) - 1] = '\0'; /* the Z moves behind the milliseconds */
    if (snprintf(at, sizeof at, "%s.%03dZ", stamp, (int)(now % 1000)) < 0)
        at[0] = '\0';
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "at", at, "event", event, "sid", message->sid,
                     "to", message->to, "from", message->from ? message->from : "", "body",
                     message->body, "att", ledger_json_text(message->att));
}

/* --- numbers */

static int
same_number(const void *item, const void *key)
{
    return strcmp(((const struct sim_address *)item)->number, key) == 0;
}

static struct sim_address *
address_find(struct ledger *ledger, const char *number)
{
    return table_find(&ledger->by_number, table_hash(number, strlen(number)), same_number, number);
}

static struct sim_address *
address_get(struct ledger *ledger, const char *number)
{
    struct sim_address *address = address_find(ledger, number);

    if (address)
        return address;
    address = mem_alloc(sizeof *address);
    address->number = mem_strdup(number);
    table_add(&ledger->by_number, table_hash(number, strlen(number)), address);
    ledger->addresses = mem_grow(ledger->addresses, ledger->address_count,
                                 &ledger->address_capacity, sizeof(struct sim_address *));
    ledger->addresses[ledger->address_count++] = address;
    return address;
}

static bool
has_stopped(const struct sim_address *address, const char *sender, bool whole_service)
{
    if (whole_service || !sender)
        return address->stopped_count > 0;
    for (size_t i = 0; i < address->stopped_count; i++)
        if (strcmp(address->stopped[i], sender) == 0)
            return true;
    return false;
}

struct sim_attempt
ledger_note_request(struct ledger *ledger, const char *to, const char *from, bool whole_service)
{
    struct sim_attempt out;
    struct sim_address *address;

    (void)pthread_mutex_lock(&ledger->lock);
    address = address_get(ledger, to);
    out.request = address->requests++;
    out.accepted = address->accepted;
    out.opted_out = has_stopped(address, from, whole_service);
    (void)pthread_mutex_unlock(&ledger->lock);
    return out;
}

bool
ledger_knows(struct ledger *ledger, const char *number)
{
    bool known;

    (void)pthread_mutex_lock(&ledger->lock);
    known = address_find(ledger, number) != NULL;
    (void)pthread_mutex_unlock(&ledger->lock);
    return known;
}

static void
note_after_stop(struct ledger *ledger, const struct sim_address *address, const char *body,
                const struct sim_message *message)
{
    if (address->stop_told_ms == 0)
        return;
    ledger->after = mem_grow(ledger->after, ledger->after_count, &ledger->after_capacity,
                             sizeof *ledger->after);
    ledger->after[ledger->after_count++] =
        (struct after_stop){.to = mem_strdup(address->number),
                            .body = mem_strdup(body),
                            .message = message,
                            .after_ms = utime_now_ms() - address->stop_told_ms};
}

void
ledger_note_refused_opt_out(struct ledger *ledger, const char *to, const char *body)
{
    (void)pthread_mutex_lock(&ledger->lock);
    note_after_stop(ledger, address_get(ledger, to), body, NULL);
    (void)pthread_mutex_unlock(&ledger->lock);
}

/* --- messages */

static struct sim_message *
message_add(struct ledger *ledger, const struct sim_message *draft)
{
    struct sim_message *message = mem_dup(draft, sizeof *draft);
    struct sim_address *to = address_get(ledger, draft->to);

    if (snprintf(message->sid, sizeof message->sid, "SM%016" PRIx64 "%016" PRIx64,
                 dice_hash(ledger->run, "sid", "", ledger->sids), ledger->sids) < 0)
        abort(); /* cannot happen: fixed widths */
    ledger->sids++;
    message->to = mem_strdup(draft->to);
    message->from = mem_strdup(draft->from);
    message->body = mem_strdup(draft->body);
    message->callback = mem_strdup(draft->callback);
    message->att = mem_strdup(draft->att);
    message->older = ledger->newest;
    ledger->newest = message;
    message->older_to = to->newest_to;
    to->newest_to = message;
    if (message->from) {
        struct sim_address *from = address_get(ledger, message->from);

        message->older_from = from->newest_from;
        from->newest_from = message;
    }
    table_add(&ledger->by_sid, table_hash(message->sid, SIM_SID_SIZE - 1), message);
    return message;
}

static uint64_t
twin_hash(const struct sim_message *message)
{
    return table_hash(message->to, strlen(message->to)) * 31 +
           table_hash(message->body, strlen(message->body));
}

static int
same_twin(const void *item, const void *key)
{
    const struct sim_message *first = ((const struct sim_twin *)item)->first;
    const struct sim_message *other = key;

    return strcmp(first->to, other->to) == 0 && strcmp(first->body, other->body) == 0;
}

static void
note_twin(struct ledger *ledger, const struct sim_message *message)
{
    uint64_t hash = twin_hash(message);
    struct sim_twin *twin = table_find(&ledger->twins, hash, same_twin, message);

    if (!twin) {
        twin = mem_alloc(sizeof *twin);
        twin->first = message;
        table_add(&ledger->twins, hash, twin);
        return;
    }
    if (twin->count == 0) {
        ledger->twice = mem_grow(ledger->twice, ledger->twice_count, &ledger->twice_capacity,
                                 sizeof(struct sim_twin *));
        ledger->twice[ledger->twice_count++] = twin;
    }
    twin->others =
        mem_grow(twin->others, twin->count, &twin->capacity, sizeof(struct sim_message *));
    twin->others[twin->count++] = message;
}

const struct sim_message *
ledger_accept(struct ledger *ledger, const struct sim_message *draft)
{
    struct sim_message *message;
    struct sim_address *address;

    (void)pthread_mutex_lock(&ledger->lock);
    message = message_add(ledger, draft);
    address = address_get(ledger, message->to);
    address->accepted++;
    ledger->accepted++;
    note_twin(ledger, message);
    note_after_stop(ledger, address, message->body, message);
    write_line(ledger, line_new("accepted", message));
    (void)pthread_mutex_unlock(&ledger->lock);
    return message;
}

static void
apply_keyword(struct sim_address *address, const char *sender, enum keyword keyword)
{
    switch (keyword) {
    case KEYWORD_STOP:
        if (has_stopped(address, sender, false))
            return;
        address->stopped = mem_grow(address->stopped, address->stopped_count,
                                    &address->stopped_capacity, sizeof *address->stopped);
        address->stopped[address->stopped_count++] = mem_strdup(sender);
        return;
    case KEYWORD_START:
        for (size_t i = 0; i < address->stopped_count; i++)
            free(address->stopped[i]);
        address->stopped_count = 0;
        address->stop_told_ms = 0;
        return;
    case KEYWORD_HELP:
    case KEYWORD_NONE:
        return;
    }
}

const struct sim_message *
ledger_inbound(struct ledger *ledger, const char *from, const char *to, const char *body,
               bool means_stop)
{
    int64_t now = utime_now_ms();
    char *copies[] = {mem_strdup(from), mem_strdup(to), mem_strdup(body)};
    const struct sim_message draft = {
        .inbound = true,
        .means_stop = means_stop,
        .from = copies[0],
        .to = copies[1],
        .body = copies[2],
        .segments = sms_segments_count(body, strlen(body)).segments,
        .created_ms = now,
        .steps = {{.status = SIM_RECEIVED, .at_ms = now}},
        .step_count = 1,
    };
    struct sim_message *message;

    (void)pthread_mutex_lock(&ledger->lock);
    message = message_add(ledger, &draft);
    apply_keyword(address_get(ledger, message->from), message->to, customer_keyword(message->body));
    ledger->inbound++;
    write_line(ledger, line_new("inbound", message));
    (void)pthread_mutex_unlock(&ledger->lock);
    for (size_t i = 0; i < ARRAY_LEN(copies); i++)
        free(copies[i]);
    return message;
}

void
ledger_note_webhook(struct ledger *ledger, const struct sim_message *message,
                    const struct sim_step *step, int http_status)
{
    bool answered = http_status >= 200 && http_status < 300;
    json_t *line;

    (void)pthread_mutex_lock(&ledger->lock);
    line = line_new(step ? "callback" : "inbound_posted", message);
    if (line) {
        (void)json_object_set_new(line, "http", json_integer(http_status));
        if (step)
            (void)json_object_set_new(line, "status", json_string(sim_status_name(step->status)));
        if (step && step->error_code)
            (void)json_object_set_new(line, "code", json_integer(step->error_code));
    }
    write_line(ledger, line);
    ledger->posted++;
    ledger->answered += answered;
    ledger->inbound_answered += answered && !step;
    if (answered && message->means_stop) {
        struct sim_address *address = address_get(ledger, message->from);

        if (address->stop_told_ms == 0)
            address->stop_told_ms = utime_now_ms();
    }
    (void)pthread_mutex_unlock(&ledger->lock);
}

void
ledger_note_hidden(struct ledger *ledger, const struct sim_message *message, const char *why)
{
    (void)pthread_mutex_lock(&ledger->lock);
    ledger->hidden = mem_grow(ledger->hidden, ledger->hidden_count, &ledger->hidden_capacity,
                              sizeof *ledger->hidden);
    ledger->hidden[ledger->hidden_count++] = (struct hidden){message, why};
    (void)pthread_mutex_unlock(&ledger->lock);
}

/* --- finding */

static int
same_sid(const void *item, const void *key)
{
    return strcmp(((const struct sim_message *)item)->sid, key) == 0;
}

const struct sim_message *
ledger_find(struct ledger *ledger, const char *sid)
{
    const struct sim_message *found;

    (void)pthread_mutex_lock(&ledger->lock);
    found = table_find(&ledger->by_sid, table_hash(sid, strlen(sid)), same_sid, sid);
    (void)pthread_mutex_unlock(&ledger->lock);
    return found;
}

static const struct sim_message *
older_in_chain(const struct sim_message *message, const char *to, const char *from)
{
    if (!text_is_blank(to))
        return message->older_to;
    return text_is_blank(from) ? message->older : message->older_from;
}

static bool
has_ends(const struct sim_message *message, const char *to, const char *from)
{
    return (text_is_blank(to) || text_eq(message->to, to)) &&
           (text_is_blank(from) || text_eq(message->from, from));
}

const struct sim_message *
ledger_first(struct ledger *ledger, const char *to, const char *from)
{
    const struct sim_message *message;
    const struct sim_address *address;

    (void)pthread_mutex_lock(&ledger->lock);
    if (!text_is_blank(to)) {
        address = address_find(ledger, to);
        message = address ? address->newest_to : NULL;
    } else if (!text_is_blank(from)) {
        address = address_find(ledger, from);
        message = address ? address->newest_from : NULL;
    } else {
        message = ledger->newest;
    }
    (void)pthread_mutex_unlock(&ledger->lock);
    while (message && !has_ends(message, to, from)) /* chains behind a message never change */
        message = older_in_chain(message, to, from);
    return message;
}

const struct sim_message *
ledger_next(struct ledger *ledger, const struct sim_message *message, const char *to,
            const char *from)
{
    (void)ledger;
    do
        message = older_in_chain(message, to, from);
    while (message && !has_ends(message, to, from));
    return message;
}

/* --- counting */

void
ledger_count(struct ledger *ledger, enum sim_count which)
{
    (void)pthread_mutex_lock(&ledger->lock);
    ledger->counts[which]++;
    (void)pthread_mutex_unlock(&ledger->lock);
}

/* --- life */

struct ledger *
ledger_open(const char *path, struct error *err)
{
    struct ledger *ledger;
    int fd = -1;

    if (path) {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600); /* numbers and texts */
        if (fd < 0) {
            error_set(err, ERR_INTERNAL, "cannot open the ledger %s: error %d", path, errno);
            return NULL;
        }
    }
    ledger = mem_alloc(sizeof *ledger);
    ledger->fd = fd;
    (void)pthread_mutex_init(&ledger->lock, NULL);
    random_bytes(&ledger->run, sizeof ledger->run);
    return ledger;
}

static void
message_free(struct sim_message *message)
{
    free(message->to);
    free(message->from);
    free(message->body);
    free(message->callback);
    free(message->att);
    free(message);
}

static void
address_free(struct sim_address *address)
{
    for (size_t i = 0; i < address->stopped_count; i++)
        free(address->stopped[i]);
    free(address->stopped);
    free(address->number);
    free(address);
}

void
ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (struct sim_message *m = ledger->newest, *older; m; m = older) {
        older = m->older;
        message_free(m);
    }
    for (size_t i = 0; i < ledger->address_count; i++)
        address_free(ledger->addresses[i]);
    for (size_t i = 0; i < ledger->twins.size; i++) {
        struct sim_twin *twin = ledger->twins.slots[i].item;

        if (twin)
            free(twin->others);
        free(twin);
    }
    for (size_t i = 0; i < ledger->after_count; i++) {
        free(ledger->after[i].to);
        free(ledger->after[i].body);
    }
    table_release(&ledger->by_sid);
    table_release(&ledger->by_number);
    table_release(&ledger->twins);
    free(ledger->addresses);
    free(ledger->twice);
    free(ledger->after);
    free(ledger->hidden);
    if (ledger->fd >= 0 && close(ledger->fd) != 0)
        log_line(LOG_ERROR, "ledger", "closing failed: error %d", errno);
    (void)pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}
