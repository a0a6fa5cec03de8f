#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/campaign/finish.h"

static char phone[] = "+13105550100"; /* Los Angeles: 08:00 in UTC is midnight in winter */
static char zone[] = "America/Los_Angeles";
static char country[] = "US";

static const int64_t noon = 1764014400; /* 2025-11-24T20:00:00Z, 12:00 there */

static void
finishing_times(void **state)
{
    static const struct {
        double own, sender;
        struct quiet_window quiet;
        int64_t start, segments, expected; /* expected: seconds from noon; -1: cannot be said */
    } cases[] = {
        {0, 0, {0}, 0, 100, -1},
        {1, 0, {0}, 0, 0, -1},
        {1, 0, {0}, 0, 100, 100},
        {0, 2, {0}, 0, 100, 50},
        {10, 2, {0}, 0, 100, 50},
        {2, 10, {0}, 0, 101, 51},
        {1, 0, {0}, 1764014400 + 1000, 100, 1100},
        {1, 0, {.from_min = 540, .to_min = 1200, .set = true}, 0, 3600, 3600},
        /* 8 hours are left today, the rest goes from 09:00 tomorrow */
        {1, 0, {.from_min = 540, .to_min = 1200, .set = true}, 0, 8 * 3600 + 60, 21 * 3600 + 60},
        /* and a day has 11 of them */
        {1, 0, {.from_min = 540, .to_min = 1200, .set = true}, 0, 19 * 3600 + 60, 45 * 3600 + 60},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct config config = {0};
        struct campaign c = {.per_second = cases[i].own,
                             .quiet_hours = cases[i].quiet,
                             .planned_start = cases[i].start};
        int64_t got;

        config.business.phone = phone;
        config.business.timezone = zone;
        config.business.country = country;
        config.sms.per_second = cases[i].sender;
        got = finish_estimate(&config, &c, noon, cases[i].segments);
        if (got != (cases[i].expected < 0 ? 0 : noon + cases[i].expected))
            fail_msg("case %zu: %lld", i, (long long)(got - noon));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finishing_times),
    };

    return cmocka_run_group_tests_name("finishing time", tests, NULL, NULL);
}
