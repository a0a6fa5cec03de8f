#include "sim/life.h"

#include "core/base/utime.h"
#include "sim/customer.h"
#include "sim/dice.h"

static const struct fate fates[] = {
    {25, 400, 21614, SIM_FAILED, "'To' number is not a valid mobile number"},
    {25, 0, 30003, SIM_UNDELIVERED, NULL},
    {15, 0, 30005, SIM_UNDELIVERED, NULL},
    {15, 0, 30006, SIM_UNDELIVERED, NULL},
    {10, 0, 30007, SIM_UNDELIVERED, NULL},
    {10, 0, 30008, SIM_FAILED, NULL},
};

#define MIN_APART_MS 200          /* of two texts of one person */
#define NEVER_CONFIRMED_RATE 0.04 /* carriers that never say more than "sent" */

const struct fate *
life_fate(const struct sim_options *options, const char *number)
{
    unsigned total = 0;
    size_t draw;

    if (!dice_hit(options->fail_rate, options->seed, "fate", number, 0))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(fates); i++)
        total += fates[i].weight;
    draw = dice_pick(total, options->seed, "which fate", number, 0);
    for (size_t i = 0; i < ARRAY_LEN(fates); i++) {
        if (draw < fates[i].weight)
            return &fates[i];
        draw -= fates[i].weight;
    }
    return &fates[0];
}

static void
add_step(const struct sim_options *options, struct sim_message *draft, enum sim_status status,
         int error_code, double after_s)
{
    size_t n = draft->step_count;
    int64_t from_ms = n > 0 ? draft->steps[n - 1].at_ms : draft->created_ms;

    draft->steps[draft->step_count++] =
        (struct sim_step){.status = status,
                          .error_code = error_code,
                          .at_ms = from_ms + (int64_t)(after_s * 1000 / options->speed)};
}

void
life_plan(const struct sim_options *options, const struct fate *fate, struct sim_message *draft)
{
    uint64_t seed = options->seed;
    double u = dice_unit(seed, "pace", draft->to, 0);

    draft->step_count = 0;
    add_step(options, draft, draft->via_service ? SIM_ACCEPTED : SIM_QUEUED, 0, 0);
    if (draft->via_service) {
        add_step(options, draft, SIM_QUEUED, 0, 0.05 + 0.2 * u);
        add_step(options, draft, SIM_SENDING, 0, 0.05);
    }
    if (fate && fate->status == SIM_FAILED) { /* never handed to a carrier */
        add_step(options, draft, SIM_FAILED, fate->code, 0.2 + u);
        return;
    }
    add_step(options, draft, SIM_SENT, 0, 0.2 + 1.5 * u);
    if (fate)
        add_step(options, draft, fate->status, fate->code, 2 + 20 * u);
    else if (!dice_hit(NEVER_CONFIRMED_RATE, seed, "never confirmed", draft->to, 0))
        add_step(options, draft, SIM_DELIVERED, 0, 0.5 + 5 * u * u);
}

/* A moment of the message's life on the clock that the courier goes by. */
static int64_t
mono_of(const struct sim_message *message, int64_t at_ms, int64_t mono_now_ms)
{
    return mono_now_ms + (at_ms - message->created_ms);
}

static void
begin_callbacks(struct sim *sim, const struct sim_message *message, unsigned turn)
{
    const struct sim_options *o = &sim->options;
    size_t count = message->step_count - 1; /* the first status is not called back */
    size_t order[SIM_MAX_STEPS];
    int64_t now = utime_mono_ms();

    if (!message->callback || count == 0)
        return;
    if (dice_hit(o->callback_none, o->seed, "no callback", message->to, turn)) {
        ledger_count(sim->ledger, COUNT_CALLBACK_WITHHELD);
        return;
    }
    for (size_t i = 0; i < count; i++)
        order[i] = i + 1;
    for (size_t i = count; o->callback_shuffle && i > 1; i--) {
        size_t k =
            dice_pick(i, o->seed, "shuffle", message->to, (uint64_t)turn * SIM_MAX_STEPS + i);
        size_t swapped = order[i - 1];

        order[i - 1] = order[k];
        order[k] = swapped;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sim_step *step = &message->steps[order[i]];
        /* shuffled: each takes the place of another, but none comes before it is true */
        int64_t last_ms = message->steps[message->step_count - 1].at_ms;
        int64_t at_ms = o->callback_shuffle ? last_ms + (int64_t)i : step->at_ms;
        int64_t due = mono_of(message, at_ms, now) + o->callback_late_ms;

        courier_post_status(sim->courier, due, message, step);
        if (dice_hit(o->callback_twice, o->seed, "twice", message->to,
                     (uint64_t)turn * SIM_MAX_STEPS + order[i]))
            courier_post_status(sim->courier, due + (int64_t)(500 / o->speed), message, step);
    }
}

static void
begin_texts(struct sim *sim, const struct reaction *reaction, const char *from, const char *to,
            int64_t start_ms)
{
    int64_t due_ms = 0;

    for (unsigned i = 0; i < reaction->count; i++) {
        int64_t after_ms = (int64_t)((double)reaction->texts[i].after_ms / sim->options.speed);

        if (start_ms + after_ms >= due_ms + MIN_APART_MS)
            due_ms = start_ms + after_ms;
        else /* at any speed: webhooks under way at once may overtake each other */
            due_ms += MIN_APART_MS;
        courier_write_later(sim->courier, due_ms, from, to, reaction->texts[i].text);
    }
}

void
life_begin(struct sim *sim, const struct sim_message *message, unsigned turn)
{
    const struct sim_options *o = &sim->options;
    const struct sim_step *last = &message->steps[message->step_count - 1];
    char stranger[CUSTOMER_NUMBER_SIZE];
    struct reaction reaction;

    begin_callbacks(sim, message, turn);
    sim->accepted++;
    if (o->no_replies || !o->inbound_url)
        return;
    if (last->status == SIM_DELIVERED || last->status == SIM_SENT) {
        reaction = customer_react(o->seed, message->to, turn, message->body);
        begin_texts(sim, &reaction, message->to, message->from,
                    mono_of(message, last->at_ms, utime_mono_ms()));
    }
    if (customer_stranger(o->seed, sim->accepted, stranger, &reaction) &&
        !ledger_knows(sim->ledger, stranger))
        begin_texts(sim, &reaction, stranger, message->from, utime_mono_ms());
}
