/*
 * Any bytes as Twilio's answer: never accepted without an id, never "not sent" without a proof; and
 * what jansson reads as an object is read the same here.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/outbox/provider_errors.h"
#include "net/twilio_answer.h"
#include "net/twilio_sms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
    if (!ok)
        abort();
}

static const char *
string_of(const json_t *object, const char *name, bool (*is_good)(const char *s))
{
    const char *s = json_string_value(json_object_get(object, name));

    return s && is_good(s) ? s : "";
}

static int
code_of(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    int64_t n = 0;

    if (json_is_integer(v))
        n = json_integer_value(v);
    else if (!json_is_string(v) || !num_parse_i64(json_string_value(v), &n))
        n = 0;
    return twilio_code_of(n);
}

static void
compare(const char *text, size_t len)
{
    json_t *read = json_loadb(text, len, 0, NULL);
    struct twilio_answer got;
    const bool ok = twilio_answer_read(text, len, &got);
    char status[sizeof got.status];

    if (json_is_object(read)) {
        (void)text_copy(status, sizeof status, string_of(read, "status", twilio_is_status));
        must(ok);
        must(strcmp(got.sid, string_of(read, "sid", twilio_is_message_sid)) == 0);
        must(strcmp(got.status, status) == 0);
        must(got.code == code_of(read, "code"));
        must(got.error_code == code_of(read, "error_code"));
    } else if (read) {
        must(!ok);
    }
    json_decref(read);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {0, 200, 201, 204, 302, 400, 401, 404, 408, 429, 500, 503};
    struct error err = {0};
    struct http_answer answer = {0};
    struct sms_result result;
    char *body = NULL;
    int64_t at = 0;

    must(provider_errors_init(&err));
    if (size < 2)
        return 0;
    body = mem_strndup((const char *)data + 2, size - 2);
    answer.status = statuses[data[0] % ARRAY_LEN(statuses)];
    answer.failure = (enum http_failure)(data[1] % HTTP_FAILURE_COUNT);
    answer.sent = answer.status != 0 || (data[1] & 0x80);
    answer.body = body;
    answer.body_len = strlen(body);
    compare(body, answer.body_len);
    twilio_sms_judge(&answer, &result);
    must(utf8_is_valid(result.error, strlen(result.error)));
    must((result.outcome == SEND_ACCEPTED) == (result.provider_id[0] != '\0'));
    if (result.outcome == SEND_ACCEPTED)
        must(answer.status / 100 == 2 && answer.failure == HTTP_OK &&
             strlen(result.provider_id) == 34);
    else
        must(result.error[0] != '\0');
    if (result.outcome == SEND_NOT_SENT || result.outcome == SEND_REJECTED)
        must(answer.status / 100 == 4 || (answer.status == 0 && !answer.sent));
    if (answer.failure != HTTP_OK && answer.sent && answer.status / 100 != 4)
        must(result.outcome == SEND_UNKNOWN);
    (void)!twilio_time_parse(body, &at);
    free(body);
    return 0;
}
