#include "net/twilio_private.h"

#include <string.h>

#include "core/base/text.h"

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
    int64_t n = loose_integer(v);

    return n > 0 && n <= 999999 ? (int)n : 0;
}

/* "SM" or "MM" and 32 hexadecimal digits. */
bool
twilio_is_message_sid(const char *s)
{
    if (!s || strlen(s) != 34 || (strncmp(s, "SM", 2) != 0 && strncmp(s, "MM", 2) != 0))
        return false;
    return strspn(s + 2, "0123456789abcdefABCDEF") == 32;
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
    if (status && strspn(status, "abcdefghijklmnopqrstuvwxyz_-") == strlen(status))
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
