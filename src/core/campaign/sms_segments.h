/* SMS segments (providers.md 7): counted after expansion, per recipient. */
#ifndef CANVASS_CORE_CAMPAIGN_SMS_SEGMENTS_H
#define CANVASS_CORE_CAMPAIGN_SMS_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct sms_segments {
    bool gsm7;      /* else UCS-2 */
    int units;      /* septets, or UTF-16 code units */
    int segments;   /* 0 for an empty text */
    int characters; /* code points */
};

struct sms_segments sms_segments_count(const char *text, size_t len);
#define SMS_MAX_CHARACTERS 1600 /* Twilio's limit of Body */

#endif
