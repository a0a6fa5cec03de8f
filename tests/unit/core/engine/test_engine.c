/* Claim, commit, call, record: what happens to each recipient, whatever the provider does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/engine/engine_world.h"

static void
everybody_gets_exactly_one(void **state)
{
    struct engine_world *w = *state;
    struct engine_summary sum;

    engine_world_campaign(w, 1, 1, 300);
    engine_world_run(w, &sum);
    assert_int_equal(sum.end, ENGINE_IDLE);
    assert_int_equal(sum.accepted, 300);
    assert_int_equal(w->fake->sent_count, 300);
    for (int i = 1; i <= 300; i++) {
        char phone[24];

        engine_world_phone(i, phone);
        assert_int_equal(fake_count_to(w->fake, phone), 1);
    }
    assert_int_equal(engine_world_number(w, "SELECT n_accepted FROM campaign"), 300);
    assert_int_equal(
        engine_world_number(w, "SELECT count(*) FROM campaign WHERE status = 'completed'"), 1);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM attempt WHERE outcome = "
                                            "'accepted' AND provider_id IS NOT NULL"),
                     300);
    engine_world_run(w, &sum);
    assert_int_equal(w->fake->sent_count, 300);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, engine_world_open, engine_world_close)
    const struct CMUnitTest tests[] = {
        T(everybody_gets_exactly_one),
    };

    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
