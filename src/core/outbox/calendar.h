/*
 * Days and hours that law and custom keep free: the states' hours and the holidays of
 * data/us_calendar.json, and the closed days of the configuration (`policy.closed`).
 */
#ifndef CANVASS_CORE_OUTBOX_CALENDAR_H
#define CANVASS_CORE_OUTBOX_CALENDAR_H

#include "core/base/utime.h"
#include "core/config/config.h"

/* On these days of the week, and no holidays asked: only within the window. */
struct calendar_rule {
    unsigned days;              /* bit 0 Sunday .. bit 6 Saturday */
    struct quiet_window window; /* not set: closed all day */
    bool on_holidays;           /* instead of days: closed on every US federal holiday */
};
enum { CALENDAR_RULES_MAX = 4 };
/*
 * The rules of the state of a number's area code, and its two letters ("" when it is not told). A
 * number of another country has none; one of +1 whose state cannot be told has the strictest.
 * known_area: the number is of an area of the plan whose zones are known.
 */
size_t calendar_state_rules(const char *address, bool known_area,
                            struct calendar_rule out[CALENDAR_RULES_MAX], char state[4]);
/* Observed on its date only, as the law on calls reads it. */
bool calendar_is_us_federal(const struct civil *day);
/* Whether the business is closed on that local day. */
bool calendar_is_closed(const struct config *config, const struct civil *day);
/* Whether the configuration closes any day at all. */
bool calendar_has_closed(const struct config *config);

#endif
