#include "sim/webhook.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "sim/dice.h"

static void
add_number(struct form *form, const char *name, int value)
{
    char text[16];

    if (snprintf(text, sizeof text, "%d", value) > 0)
        form_add(form, name, text);
}

void
webhook_status_form(const struct sim_options *options, const struct sim_message *message,
                    const struct sim_step *step, struct form *out)
{
    const char *status = sim_status_name(step->status);

    *out = (struct form){0};
    form_add(out, "SmsSid", message->sid);
    form_add(out, "SmsStatus", status);
    form_add(out, "MessageStatus", status);
    form_add(out, "To", message->to);
    if (message->via_service)
        form_add(out, "MessagingServiceSid", options->messaging_service);
    form_add(out, "MessageSid", message->sid);
    form_add(out, "AccountSid", options->account_sid);
    if (message->from)
        form_add(out, "From", message->from);
    form_add(out, "ApiVersion", "2010-04-01");
    if (step->error_code)
        add_number(out, "ErrorCode", step->error_code);
    if (step->status == SIM_DELIVERED) {
        struct civil c = utime_to_civil(step->at_ms / 1000);
        char stamp[64];

        if (snprintf(stamp, sizeof stamp, "%02d%02d%02d%02d%02d", (int)(c.year % 100), c.month,
                     c.day, c.hour, c.minute) > 0)
            form_add(out, "RawDlrDoneDate", stamp);
    }
}

static void
add_place(struct form *form, const char *end, const char *number)
{
    static const struct {
        const char *city, *state, *zip;
    } places[] = {
        {"LOS ANGELES", "CA", "90012"}, {"SEATTLE", "WA", "98101"}, {"AUSTIN", "TX", "78701"},
        {"NEW YORK", "NY", "10001"},    {"MIAMI", "FL", "33101"},   {"DENVER", "CO", "80202"},
    };
    size_t pick = dice_pick(ARRAY_LEN(places), 0, "place", number, 0);
    char name[16];
    const struct {
        const char *suffix, *value;
    } fields[] = {
        {"City", places[pick].city},
        {"State", places[pick].state},
        {"Zip", places[pick].zip},
        {"Country", "US"},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (snprintf(name, sizeof name, "%s%s", end, fields[i].suffix) > 0)
            form_add(form, name, fields[i].value);
}

void
webhook_inbound_form(const struct sim_options *options, const struct sim_message *message,
                     struct form *out)
{
    *out = (struct form){0};
    add_place(out, "To", message->to);
    form_add(out, "SmsMessageSid", message->sid);
    form_add(out, "NumMedia", "0");
    form_add(out, "SmsSid", message->sid);
    add_place(out, "From", message->from);
    form_add(out, "SmsStatus", "received");
    form_add(out, "Body", message->body);
    form_add(out, "To", message->to);
    if (options->messaging_service)
        form_add(out, "MessagingServiceSid", options->messaging_service);
    add_number(out, "NumSegments", message->segments);
    form_add(out, "MessageSid", message->sid);
    form_add(out, "AccountSid", options->account_sid);
    form_add(out, "From", message->from);
    form_add(out, "ApiVersion", "2010-04-01");
}

static bool
has_word(const char *list, size_t len, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= len; i++)
        if ((i == 0 || list[i - 1] == ',') && strncmp(list + i, word, size) == 0 &&
            (i + size == len || list[i + size] == ','))
            return true;
    return false;
}

struct webhook_retry
webhook_retry_parse(const char *url)
{
    struct webhook_retry out = {.times = 1, .on_no_answer = true, .url_len = strcspn(url, "#")};
    const char *field = url + out.url_len;

    while (*field) {
        size_t len = strcspn(++field, "&"); /* steps over "#" or "&" */

        if (text_starts_with(field, "rc=") && len == 4 && field[3] >= '0' && field[3] <= '5')
            out.times = (unsigned)(field[3] - '0');
        if (text_starts_with(field, "rp=")) {
            const char *list = field + 3;
            bool all = has_word(list, len - 3, "all");

            out.on_no_answer =
                all || has_word(list, len - 3, "ct") || has_word(list, len - 3, "rt");
            out.on_4xx = all || has_word(list, len - 3, "4xx");
            out.on_5xx = all || has_word(list, len - 3, "5xx");
        }
        field += len;
    }
    return out;
}

bool
webhook_retry_wanted(const struct webhook_retry *retry, unsigned tries, int http_status)
{
    if (tries > retry->times)
        return false;
    if (http_status == 0)
        return retry->on_no_answer;
    return (retry->on_4xx && http_status >= 400 && http_status < 500) ||
           (retry->on_5xx && http_status >= 500);
}

char *
webhook_wire_url(const char *url, size_t url_len, const char *via)
{
    const char *authority = strstr(url, "://");
    size_t origin;

    if (!via || !authority)
        return mem_strndup(url, url_len);
    origin = (size_t)(authority - url) + 3;
    origin += strcspn(url + origin, "/?#");
    return mem_printf("%s%.*s", via, (int)(url_len - origin), url + origin);
}
