/* Any bytes as a phone number and as a mail address: nothing, or a form that stays as it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/mem.h"
#include "core/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const countries[] = {"US", "GB", "IT", "BR", "HU", "RU", "", "ZZ"};
    const char *country = countries[size > 0 ? data[0] % ARRAY_LEN(countries) : 0];
    char *raw = mem_strndup((const char *)data + (size > 0), size - (size > 0));
    char phone[ADDRESS_PHONE_SIZE];
    char again[ADDRESS_PHONE_SIZE];
    struct buf send = {0};
    struct buf compare = {0};
    struct buf twice = {0};

    if (address_phone_normalise(raw, country, phone) &&
        (!address_phone_normalise(phone, country, again) || strcmp(phone, again) != 0))
        abort();
    if (address_email_normalise(raw, &send, &compare)) {
        if (!utf8_is_valid(buf_str(&send), send.len) || strpbrk(buf_str(&send), "\r\n ,;<>"))
            abort();
        if (!address_email_normalise(buf_str(&compare), NULL, &twice) ||
            strcmp(buf_str(&twice), buf_str(&compare)) != 0)
            abort();
    }
    buf_release(&send);
    buf_release(&compare);
    buf_release(&twice);
    free(raw);
    return 0;
}
