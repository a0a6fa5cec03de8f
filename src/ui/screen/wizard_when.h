/* What step 4 types: a start, quiet hours, a rate. Pure. */
#ifndef CANVASS_UI_SCREEN_WIZARD_WHEN_H
#define CANVASS_UI_SCREEN_WIZARD_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cc.h"
#include "core/base/error.h"

/* "now" (0), "16:00" (today, or tomorrow when it has passed) or "2026-12-01 09:00", in the zone
 * that screens show (when.h). False says what to type. */
bool wizard_start_parse(const char *text, int64_t now_s, int64_t *out,
                        struct error *err) MUST_CHECK;
/* The same back: "now" for 0. */
const char *wizard_start_text(int64_t start_s, char out[24]);
/* "09:00-20:00", with - or –; *from and *to as the campaign file has them. */
bool wizard_hours_parse(const char *text, char from[8], char to[8], struct error *err) MUST_CHECK;

#endif
