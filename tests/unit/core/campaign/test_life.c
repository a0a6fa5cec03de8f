#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/campaign/campaign.h"

#define D (1u << CAMPAIGN_DRAFT)
#define S (1u << CAMPAIGN_SCHEDULED)
#define A (1u << CAMPAIGN_ACTIVE)
#define P (1u << CAMPAIGN_PAUSED)
#define C (1u << CAMPAIGN_COMPLETED)
#define X (1u << CAMPAIGN_CANCELLED)

/* Written from the issue, not from the table under test. */
static const unsigned allowed[CAMPAIGN_ACTION_COUNT] = {
    [CAMPAIGN_DO_EDIT] = D,           [CAMPAIGN_DO_LAUNCH] = D,
    [CAMPAIGN_DO_PAUSE] = A,          [CAMPAIGN_DO_RESUME] = P,
    [CAMPAIGN_DO_COMPLETE] = A | P,   [CAMPAIGN_DO_CANCEL] = S | A | P,
    [CAMPAIGN_DO_DELETE] = D | C | X, [CAMPAIGN_DO_CLONE] = D | S | A | P | C | X,
};

static void
every_status_and_action(void **state)
{
    (void)state;
    for (int action = 0; action < CAMPAIGN_ACTION_COUNT; action++) {
        for (int status = 0; status < CAMPAIGN_STATUS_COUNT; status++) {
            struct error why = {0};
            bool may =
                campaign_may((enum campaign_status)status, (enum campaign_action)action, &why);

            if (may != ((allowed[action] >> status & 1u) != 0))
                fail_msg("action %d in %s: %d", action,
                         campaign_status_name((enum campaign_status)status), may);
            assert_int_equal(may ? ERR_NONE : ERR_CONFLICT, why.code);
            if (!may)
                assert_non_null(
                    strstr(why.text, campaign_status_name((enum campaign_status)status)));
        }
    }
}

static void
names_go_both_ways(void **state)
{
    enum campaign_status status;
    enum delivery_state delivery;

    (void)state;
    for (int i = 0; i < CAMPAIGN_STATUS_COUNT; i++) {
        assert_true(campaign_status_parse(campaign_status_name((enum campaign_status)i), &status));
        assert_int_equal(status, i);
    }
    for (int i = 0; i < DELIVERY_STATE_COUNT; i++) {
        assert_true(delivery_state_parse(delivery_state_name((enum delivery_state)i), &delivery));
        assert_int_equal(delivery, i);
    }
    assert_false(campaign_status_parse("Draft", &status));
    assert_false(campaign_status_parse(NULL, &status));
    assert_false(delivery_state_parse("", &delivery));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_and_action),
        cmocka_unit_test(names_go_both_ways),
    };

    return cmocka_run_group_tests_name("campaign life", tests, NULL, NULL);
}
