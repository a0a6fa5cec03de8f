/* What a line of the list may hold. */
#include <string.h>

#include "cli/suppress.h"
#include "core/base/address.h"
#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"

static const char *const channels[] = {"sms", "email", "voice", "all"};

bool
suppress_check_channel(const char *channel, struct error *err)
{
    for (size_t i = 0; channel && i < ARRAY_LEN(channels); i++)
        if (strcmp(channels[i], channel) == 0)
            return true;
    return error_set(err, ERR_INVALID, "channel: sms, email, voice or all is needed");
}

bool
suppress_check_reason(const char *reason, struct error *err)
{
    if (!reason || (strlen(reason) <= SUPPRESS_REASON_MAX && utf8_is_valid(reason, strlen(reason))))
        return true;
    return error_set(err, ERR_INVALID, "reason: at most %d bytes of UTF-8", SUPPRESS_REASON_MAX);
}

char *
suppress_normalise(const struct config *config, const char *channel, const char *address)
{
    bool mail = strcmp(channel, "email") == 0 ||
                (strcmp(channel, "all") == 0 && strchr(address, '@') != NULL);
    char e164[ADDRESS_PHONE_SIZE];
    struct buf out = {0};

    if (!mail)
        return address_phone_normalise(address, config->business.country, e164) ? mem_strdup(e164)
                                                                                : NULL;
    if (!address_email_normalise(address, NULL, &out))
        return NULL;
    return buf_take(&out);
}
