/* Any bytes as a webhook's form: an error, or fields that encode and parse back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct form form = {0};
    struct form again = {0};
    struct buf text = {0};
    struct error err = {0};

    (void)twilio_signature_verify("token", "https://h.example/hooks/twilio/sms?att=1",
                                  "application/x-www-form-urlencoded", (const char *)data, size,
                                  "x");
    if (!form_parse((const char *)data, size, &form, &err)) {
        if (!err.text[0])
            abort();
        return 0;
    }
    form_encode(&form, &text);
    if (!form_parse(buf_str(&text), text.len, &again, &err) || again.count != form.count)
        abort();
    for (size_t i = 0; i < form.count; i++)
        if (strcmp(form.fields[i].name, again.fields[i].name) != 0 ||
            strcmp(form.fields[i].value, again.fields[i].value) != 0)
            abort();
    form_release(&form);
    form_release(&again);
    buf_release(&text);
    return 0;
}
