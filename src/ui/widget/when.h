/* Times as screens show them: 14:32 today, 2 Sep before; ages only where freshness matters. */
#ifndef CANVASS_UI_WIDGET_WHEN_H
#define CANVASS_UI_WIDGET_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/utime.h"

/*
 * The zone that screens show: the business's. An unknown name leaves the machine's own and is an
 * error to tell. Main thread, once, at the start.
 */
bool when_set_zone(const char *name, struct error *err) MUST_CHECK;
const char *when_clock(int64_t utc_s, char out[8]);    /* "14:32" */
const char *when_seconds(int64_t utc_s, char out[12]); /* "14:32:07" */
/* "14:32" on the day of now_s, "2 Sep" in its year, else "2 Sep 24"; "—" for 0. */
const char *when_short(int64_t utc_s, int64_t now_s, char out[16]);
/* "2 Sep 14:32" */
const char *when_full(int64_t utc_s, char out[24]);
/* Adds a text of core whose instants (2026-08-25T12:14:53Z) are shown as in "25 Aug 04:14", with
 * the year when it is another one. */
void when_words(const char *text, int64_t now_s, struct buf *out);
/* "<1 min", "5 min", "3 h", "2 d": steps coarse enough not to redraw all the time. */
const char *when_age(int64_t seconds, char out[24]);
int64_t when_day_start(int64_t utc_s); /* local midnight before it */
/* In the zone that is shown, and back. False: the clocks skip that time; twice: the first of both.
 */
struct civil when_local(int64_t utc_s);
bool when_to_utc(const struct civil *local, int64_t *utc_s) MUST_CHECK;

#endif
