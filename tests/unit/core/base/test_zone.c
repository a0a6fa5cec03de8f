/* Every zone of the system's database against the C library, second by second around each change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/utime.h"
#include "core/base/zone.h"

static const char TABLE[] = "/usr/share/zoneinfo/tzdata.zi";
static const char TABLE_1970[] = "/usr/share/zoneinfo/zone1970.tab";

enum { STEP_S = 5 * 86400, FIRST_YEAR_S = 1735689600 /* 2025 */, YEARS = 8 };

static int64_t
libc_offset(int64_t utc_s)
{
    const time_t t = (time_t)utc_s;
    struct tm local;

    assert_non_null(localtime_r(&t, &local));
    return local.tm_gmtoff;
}

static void
compare(const struct zone *z, const char *name, int64_t utc_s)
{
    const int64_t expected = libc_offset(utc_s);
    const int64_t got = zone_offset_s(z, utc_s);
    char text[UTIME_RFC3339_SIZE];

    if (got != expected)
        fail_msg("%s at %s: offset %lld instead of %lld", name, utime_format(utc_s, text),
                 (long long)got, (long long)expected);
}

/* The clocks change in (low, high]: find the second, and look around it. */
static void
check_change(const struct zone *z, const char *name, int64_t low, int64_t high)
{
    static const int64_t around[] = {-7200, -3601, -3600, -3599, -1,   0,
                                     1,     1800,  3599,  3600,  3601, 7200};
    const int64_t before = libc_offset(low);
    int64_t local_s;
    int64_t utc_s;

    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;

        if (libc_offset(middle) == before)
            low = middle;
        else
            high = middle;
    }
    for (size_t i = 0; i < ARRAY_LEN(around); i++)
        compare(z, name, high + around[i]);
    /* A time that comes twice means the first, one that is left out means after the change. */
    local_s = high + (before < libc_offset(high) ? before : libc_offset(high)) + 600;
    utc_s = zone_utc(z, local_s);
    if (before > libc_offset(high))
        assert_true(utc_s < high && utc_s + before == local_s);
    else
        assert_true(utc_s >= high);
}

static int
check_zone(const char *name)
{
    struct error err = {0};
    const struct zone *z = zone_find(name, &err);
    int changes = 0;

    if (!z)
        fail_msg("%s: %s", name, err.text);
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
    for (int64_t at = FIRST_YEAR_S; at < FIRST_YEAR_S + YEARS * INT64_C(31557600); at += STEP_S) {
        compare(z, name, at);
        if (libc_offset(at) != libc_offset(at + STEP_S)) {
            check_change(z, name, at, at + STEP_S);
            changes++;
        }
    }
    return changes;
}

/* The name on a line of tzdata.zi ("Z name ..." or "L target name") or of zone1970.tab. */
static bool
name_of(char *line, bool compact, char out[64])
{
    char *save = NULL;
    const char *word = strtok_r(line, compact ? " \n" : "\t\n", &save);
    const char *name;

    if (!word || *word == '#' || (compact && strcmp(word, "Z") != 0 && strcmp(word, "L") != 0))
        return false;
    name = strtok_r(NULL, compact ? " \n" : "\t\n", &save);
    if (!compact || strcmp(word, "L") == 0)
        name = strtok_r(NULL, compact ? " \n" : "\t\n", &save);
    if (!name || strlen(name) > 63)
        return false;
    (void)snprintf(out, 64, "%s", name);
    return true;
}

static void
every_zone_agrees_with_the_c_library(void **state)
{
    bool compact = true;
    FILE *f = fopen(TABLE, "re");
    char line[512];
    char name[64];
    int zones = 0;
    int changes = 0;

    (void)state;
    if (!f) {
        compact = false;
        f = fopen(TABLE_1970, "re");
    }
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (!name_of(line, compact, name))
            continue;
        changes += check_zone(name);
        zones++;
    }
    (void)fclose(f);
    assert_true(zones > 300);
    assert_true(changes > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_zone_agrees_with_the_c_library),
    };

    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
