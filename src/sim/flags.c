#include "sim/flags.h"

#include <stddef.h>
#include <string.h>

#include "core/base/text.h"

enum flag_type { FLAG_TEXT, FLAG_RATE, FLAG_AMOUNT, FLAG_SPEED, FLAG_SWITCH, FLAG_FROM };

struct flag {
    const char *name, *value_name, *help;
    enum flag_type type;
    size_t offset; /* in struct sim_flags */
};

#define IN_FLAGS(field) offsetof(struct sim_flags, field)
/* clang-format off */
static const struct flag table[] = {
    {"--listen", "ADDRESS", "loopback address and port; 127.0.0.1:0 takes a free port", FLAG_TEXT, IN_FLAGS(sim.listen)},
    {"--port-file", "FILE", "write the port there once requests are taken", FLAG_TEXT, IN_FLAGS(port_file)},
    {"--account-sid", "SID", "AC and 32 hexadecimal digits", FLAG_TEXT, IN_FLAGS(sim.account_sid)},
    {"--auth-token-file", "FILE", "file (mode 0600) with the auth token", FLAG_TEXT, IN_FLAGS(auth_token_file)},
    {"--from", "NUMBER", "a number of ours; may be given many times", FLAG_FROM, 0},
    {"--messaging-service", "SID", "MG and 32 hexadecimal digits: a service over our numbers", FLAG_TEXT, IN_FLAGS(sim.messaging_service)},
    {"--inbound-url", "URL", "where customers' texts are posted; without it nobody answers", FLAG_TEXT, IN_FLAGS(sim.inbound_url)},
    {"--webhooks-via", "URL", "post all webhooks to this origin, signed for their own URL", FLAG_TEXT, IN_FLAGS(sim.webhooks_via)},
    {"--ledger", "FILE", "append a JSON line for all that happens", FLAG_TEXT, IN_FLAGS(sim.ledger_path)},
    {"--log", "FILE", "append the log there in place of standard error", FLAG_TEXT, IN_FLAGS(log)},
    {"--seed", "N", "the same seed gives the same customers and faults; default 1", FLAG_AMOUNT, IN_FLAGS(seed)},
    {"--speed", "X", "60: a simulated minute takes a second; default 1", FLAG_SPEED, IN_FLAGS(sim.speed)},
    {"--no-replies", NULL, "customers only receive", FLAG_SWITCH, IN_FLAGS(sim.no_replies)},
    {"--fail-rate", "RATE", "of numbers that no message ever reaches", FLAG_RATE, IN_FLAGS(sim.fail_rate)},
    {"--lose-answer", "RATE", "of requests: accepted, then the connection is dropped", FLAG_RATE, IN_FLAGS(sim.lose_answer)},
    {"--drop-before", "RATE", "of requests: dropped, not accepted", FLAG_RATE, IN_FLAGS(sim.drop_before)},
    {"--error-500", "RATE", "of requests: answered 500, half of them accepted", FLAG_RATE, IN_FLAGS(sim.error_500)},
    {"--html", "RATE", "of requests: answered with HTML, half of them accepted", FLAG_RATE, IN_FLAGS(sim.html)},
    {"--rate-429", "RATE", "of requests: refused as too many", FLAG_RATE, IN_FLAGS(sim.rate_429)},
    {"--list-error", "RATE", "of lists: answered 500", FLAG_RATE, IN_FLAGS(sim.list_error)},
    {"--max-per-second", "N", "messages; more are refused with 429", FLAG_AMOUNT, IN_FLAGS(sim.max_per_second)},
    {"--latency-ms", "N", "before each answer", FLAG_AMOUNT, IN_FLAGS(sim.latency_ms)},
    {"--list-lag-ms", "N", "a new message is missing from lists for so long", FLAG_AMOUNT, IN_FLAGS(sim.list_lag_ms)},
    {"--callback-late-ms", "N", "callbacks come later by so much", FLAG_AMOUNT, IN_FLAGS(sim.callback_late_ms)},
    {"--callback-twice", "RATE", "of callbacks", FLAG_RATE, IN_FLAGS(sim.callback_twice)},
    {"--callback-none", "RATE", "of messages that are never called back", FLAG_RATE, IN_FLAGS(sim.callback_none)},
    {"--callback-shuffle", NULL, "callbacks of a message come in any order", FLAG_SWITCH, IN_FLAGS(sim.callback_shuffle)},
    {"--help", NULL, "show this", FLAG_SWITCH, IN_FLAGS(help)},
    {"--version", NULL, "show the version", FLAG_SWITCH, IN_FLAGS(version)},
};
/* clang-format on */

void
sim_flags_help(FILE *out)
{
    (void)fprintf(
        out, "usage: canvass-sim --account-sid SID --auth-token-file FILE --from NUMBER ...\n\n"
             "A stand-in for the outside world, for tests and the demo: a strict Twilio "
             "messages API,\nsigned webhooks, customers who answer. It reaches nobody: loopback "
             "addresses only.\n\n");
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        char left[48];

        if (snprintf(left, sizeof left, "%s %s", table[i].name,
                     table[i].value_name ? table[i].value_name : "") > 0)
            (void)fprintf(out, "  %-28s %s\n", left, table[i].help);
    }
}

static bool
set_number(const struct flag *flag, const char *value, void *field, struct error *err)
{
    double number;
    int64_t amount;

    if (flag->type == FLAG_AMOUNT) {
        if (!num_parse_i64(value, &amount) || amount < 0)
            return error_set(err, ERR_INVALID, "%s: \"%s\" is not a whole number", flag->name,
                             value);
        *(int64_t *)field = amount;
        return true;
    }
    if (!num_parse_double(value, &number) || number < 0)
        return error_set(err, ERR_INVALID, "%s: \"%s\" is not a number", flag->name, value);
    if (flag->type == FLAG_RATE && number > 1)
        return error_set(err, ERR_INVALID, "%s: a rate is between 0 and 1", flag->name);
    *(double *)field = number;
    return true;
}

static bool
set_flag(struct sim_flags *flags, const struct flag *flag, const char *value, struct error *err)
{
    void *field = (char *)flags + flag->offset;

    switch (flag->type) {
    case FLAG_SWITCH:
        *(bool *)field = true;
        return true;
    case FLAG_TEXT:
        *(const char **)field = value;
        return true;
    case FLAG_FROM:
        if (flags->sim.from_count == SIM_MAX_FROM)
            return error_set(err, ERR_INVALID, "at most %d --from", SIM_MAX_FROM);
        flags->from[flags->sim.from_count++] = value;
        return true;
    case FLAG_RATE:
    case FLAG_AMOUNT:
    case FLAG_SPEED:
        return set_number(flag, value, field, err);
    }
    return false;
}

bool
sim_flags_parse(int argc, char **argv, struct sim_flags *flags, struct error *err)
{
    *flags = (struct sim_flags){.sim = {.listen = "127.0.0.1:0"}, .seed = 1};
    for (int i = 1; i < argc; i++) {
        const struct flag *flag = NULL;
        const char *value = NULL;

        for (size_t k = 0; k < ARRAY_LEN(table) && !flag; k++)
            if (strcmp(argv[i], table[k].name) == 0)
                flag = &table[k];
        if (!flag) {
            const char *near =
                text_nearest(argv[i], &table[0].name, ARRAY_LEN(table), sizeof table[0]);

            return error_set(err, ERR_INVALID, "unknown option %s%s%s%s", argv[i],
                             near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        }
        if (flag->value_name) {
            if (++i == argc)
                return error_set(err, ERR_INVALID, "%s needs a value: %s", flag->name,
                                 flag->value_name);
            value = argv[i];
        }
        if (!set_flag(flags, flag, value, err))
            return false;
    }
    flags->sim.from = flags->from;
    flags->sim.seed = (uint64_t)flags->seed;
    return true;
}
