/*
 * Local time anywhere: reads TZif files (RFC 8536, version 2 and later, with the POSIX TZ rule at
 * the end) from /usr/share/zoneinfo. Nothing of the process's own zone is touched: setenv("TZ") is
 * not thread-safe. Files are read once and kept.
 */
#ifndef CANVASS_CORE_BASE_ZONE_H
#define CANVASS_CORE_BASE_ZONE_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/base/utime.h"

struct zone; /* kept until the program ends */

/* "America/New_York". ERR_INVALID: no name of a zone; ERR_NOT_FOUND: says to install tzdata. */
const struct zone *zone_find(const char *name, struct error *err) MUST_CHECK;
const char *zone_name(const struct zone *z); /* as it was found; NULL for a parsed one */
/* Seconds east of UTC at that instant. */
int64_t zone_offset_s(const struct zone *z, int64_t utc_s);
/*
 * The instant at which the clocks there first show that local time (given as if it were UTC); in
 * the hour that is left out in spring, as much after it.
 */
int64_t zone_utc(const struct zone *z, int64_t local_s);
struct civil zone_local(const struct zone *z, int64_t utc_s);
/* Reads a file's bytes; for tests and fuzzing. Free with zone_free(). */
struct zone *zone_parse(const void *bytes, size_t len, struct error *err) MUST_CHECK;
void zone_free(struct zone *z);

#endif
