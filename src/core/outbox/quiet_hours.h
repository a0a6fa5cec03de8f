/*
 * May a person be written to now? Decided by the zone that the main database has of the customer,
 * else by the zones of the number's area (providers.md 6): all of them must be open. An area code
 * that says nothing asks the business's own zone, and for +1 also that it is 8 to 21 o'clock in New
 * York and in Los Angeles. What the configuration closes, and the hours of the number's state where
 * those are asked (policy.state_windows), narrow the window.
 */
#ifndef CANVASS_CORE_OUTBOX_QUIET_HOURS_H
#define CANVASS_CORE_OUTBOX_QUIET_HOURS_H

#include <stdint.h>

#include "core/config/config.h"

struct quiet_answer {
    bool open;
    int64_t next_open_s; /* when it opens next; now when it is open */
    int validity_s;      /* open: seconds left, 1..36000; 0: no rule, no limit */
    /* closed: who opens last, and why; borrowed for ever */
    const char *zone, *why;
    char clock[8]; /* the hour there at which it opens: "09:00" */
};

/*
 * address: E.164. stored: the customer's own zone; NULL, or one that is not known here: none.
 * Without a window, closed days and hours of a state it is always open, with validity_s 0. Errors
 * ERR_CONFLICT the window and the number's zones leave no open minute at all; else the zone data
 * are missing, or the business's zone is none
 */
bool quiet_hours_ask(const struct config *config, const struct quiet_window *window,
                     const char *address, const char *stored, int64_t now_s,
                     struct quiet_answer *out, struct error *err) MUST_CHECK;
/* The same for zones by name. */
bool quiet_hours_ask_zones(const struct quiet_window *window, const char *const *zones,
                           size_t count, int64_t now_s, struct quiet_answer *out,
                           struct error *err) MUST_CHECK;
/*
 * When the clocks of a customer show a local time (given as if it were UTC): of several plausible
 * zones the latest.
 */
bool quiet_hours_local(const struct config *config, const char *address, const char *stored,
                       int64_t local_s, int64_t *utc_s, struct error *err) MUST_CHECK;
/* Whether anything can close: a window, closed days, the hours of states. */
bool quiet_hours_matter(const struct config *config, const struct quiet_window *window);
/*
 * The zones that a customer may be in, by name (stored's own, or borrowed for ever); 0: neither the
 * main database nor the number tells.
 */
size_t quiet_hours_zones(const char *address, const char *stored, const char *out[], size_t max);

#endif
