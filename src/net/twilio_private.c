#include "net/twilio_private.h"

#include "core/base/text.h"
#include "net/twilio_answer.h"

static int64_t
loose_integer(const json_t *v)
{
    int64_t n = 0;

    if (json_is_integer(v))
        return json_integer_value(v);
    if (json_is_string(v) && num_parse_i64(json_string_value(v), &n))
        return n;
    return 0;
}

int
twilio_code(const json_t *v)
{
    return twilio_code_of(loose_integer(v));
}

bool
twilio_copy_message(const json_t *message, struct sms_found *out)
{
    const char *sid = json_string_value(json_object_get(message, "sid"));
    const char *status = json_string_value(json_object_get(message, "status"));

    *out = (struct sms_found){0};
    if (!twilio_is_message_sid(sid))
        return false;
    (void)text_copy(out->provider_id, sizeof out->provider_id, sid);
    if (twilio_is_status(status))
        (void)text_copy(out->status, sizeof out->status, status);
    out->error_code = twilio_code(json_object_get(message, "error_code"));
    return true;
}

void
twilio_request(const struct twilio_sms *t, const char *url, struct http_request *out)
{
    int64_t total_s = t->timeout_s;

    *out = (struct http_request){.url = url,
                                 .user = t->account_sid,
                                 .password = t->auth_token,
                                 .connect_ms = (total_s < 10 ? total_s : 10) * 1000,
                                 .total_ms = total_s * 1000,
                                 .stall_s = total_s < 3 ? total_s : total_s * 2 / 3};
}
