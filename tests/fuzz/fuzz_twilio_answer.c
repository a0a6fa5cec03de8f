/* Any bytes as Twilio's answer: never accepted without an id, never "not sent" without a proof. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/outbox/provider_errors.h"
#include "net/twilio_sms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
    if (!ok)
        abort();
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
