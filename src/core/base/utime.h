/*
 * Time is UTC whole seconds since the epoch (semantics.md "Time"). Zones live in core/base/zone.
 */
#ifndef CANVASS_CORE_BASE_UTIME_H
#define CANVASS_CORE_BASE_UTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cc.h"

#define HOUR_S INT64_C(3600)
#define DAY_S INT64_C(86400)

struct civil {
    int64_t year;
    int month, day, hour, minute, second; /* month and day from 1 */
    int weekday;                          /* 0 Sunday .. 6 */
};

int64_t utime_now_s(void);
int64_t utime_now_ms(void);
int64_t utime_mono_ms(void); /* never goes back; only differences mean something */
int64_t utime_mono_us(void);

int64_t utime_from_civil(const struct civil *c); /* ignores weekday */
struct civil utime_to_civil(int64_t utc_s);
bool utime_is_date(int64_t year, int month, int day);

/*
 * RFC 3339 with any offset: "2026-11-23T09:00:00Z", "2026-11-23 09:00:00.5+01:00"; the fraction is
 * cut off (also before 1970: towards the past). A zone is required; a leap second :60 is refused.
 */
bool utime_parse_rfc3339(const char *s, size_t len, int64_t *utc_s) MUST_CHECK;
/* The same where nothing after the seconds means UTC (metadata and main-database timestamps). */
bool utime_parse_lenient(const char *s, size_t len, int64_t *utc_s) MUST_CHECK;
#define UTIME_RFC3339_SIZE 32
/* "2026-11-23T09:00:00Z"; returns out. */
const char *utime_format(int64_t utc_s, char out[UTIME_RFC3339_SIZE]);

#endif
