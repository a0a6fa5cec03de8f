/* Why nothing goes out, in the words that the screens and `campaign show` print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/campaign/waiting.h"
#include "core/campaign/world.h"

/* An engine holds the lease, so that nobody waits for one. */
#define AN_ENGINE                                                                                  \
    "INSERT INTO lease (id, holder, who, fence, renewed_ms, expires_ms) "                          \
    "VALUES (1, 'x', 'here', 1, 0, 1764000000000 + 5000)"

/* What is said of the campaign; caller frees. */
static char *
said(struct world *w, int64_t id)
{
    struct campaign c = {0};
    struct buf out = {0};
    struct error err = {0};
    char *text;

    if (!campaign_load(w->ledger, &w->config, id, &c, &err) ||
        !campaign_why_waiting(w->reader, &w->config, &c, WORLD_NOW, &out, &err))
        fail_msg("%s", err.text);
    text = mem_strdup(buf_str(&out));
    buf_release(&out);
    campaign_release(&c);
    return text;
}

static void
expect(struct world *w, int64_t id, const char *expected)
{
    char *text = said(w, id);

    assert_string_equal(text, expected);
    free(text);
}

static int64_t
launched(struct world *w, int64_t customers)
{
    int64_t id;

    world_open(w);
    world_add_customers(w, customers);
    id = world_create(w, "Hello. Reply STOP to end.");
    world_launch(w, id);
    sql_run(w->ledger, AN_ENGINE);
    return id;
}

static void
a_draft_waits_for_its_launch(void **state)
{
    struct world w;
    int64_t id;

    (void)state;
    world_open(&w);
    world_add_customers(&w, 3);
    id = world_create(&w, NULL);
    expect(&w, id, "it is a draft: launch it\n");
    world_close(&w);
}

static void
what_can_go_out_waits_for_nothing(void **state)
{
    struct world w;
    int64_t id = launched(&w, 3);

    (void)state;
    expect(&w, id, "");
    sql_run(w.ledger, "DELETE FROM lease");
    expect(&w, id, "no engine runs: open the console or start canvass run\n");
    world_close(&w);
}

static void
quiet_hours_are_told_with_zone_number_and_instant(void **state)
{
    struct world w;
    int64_t id;

    (void)state;
    id = launched(&w, 1204);
    w.config.policy.quiet_hours =
        (struct quiet_window){.from_min = 540, .to_min = 1200, .set = true};
    /* 08:00 in Los Angeles; the engine has put them off until nine */
    sql_run(w.ledger, "UPDATE delivery SET next_attempt_at_ms = 1764003600000");
    expect(&w, id,
           "1,204 wait: quiet hours in America/Los_Angeles until 09:00 (2025-11-24T17:00:00Z)\n");
    sql_run(w.ledger, "UPDATE delivery SET next_attempt_at_ms = 1764003600000 + id % 7 * 60000");
    {
        char *text = said(&w, id);

        assert_non_null(strstr(text, "172 wait: quiet hours in America/Los_Angeles until 09:00"));
        assert_non_null(strstr(text, " more wait for later\n"));
        free(text);
    }
    world_close(&w);
}

static void
limits_of_the_day_stops_and_doubt_are_told(void **state)
{
    struct world w;
    int64_t id = launched(&w, 30);

    (void)state;
    sql_run(w.ledger,
            "INSERT INTO setting (key, value) VALUES ('sms_capped_until_ms', 1764007200000)");
    expect(&w, id,
           "the provider's limit of the day is reached: everything waits until "
           "2025-11-24T18:00:00Z\n");
    sql_run(w.ledger, "DELETE FROM setting WHERE key = 'sms_capped_until_ms'");
    sql_run(w.ledger, "INSERT INTO setting (key, value) VALUES ('stopped_at', 1764000000)");
    expect(&w, id, "all sending is stopped: canvass start-all\n");
    sql_run(w.ledger, "DELETE FROM setting WHERE key = 'stopped_at'");
    sql_run(w.ledger,
            "UPDATE delivery SET state = 'sending', claimed_at = 1764000000 WHERE id <= 2;"
            "UPDATE delivery SET state = 'in_doubt' WHERE id <= 2;"
            "UPDATE delivery SET state = 'retry_wait', next_attempt_at_ms = 1764000060000 "
            "WHERE id > 2");
    expect(&w, id,
           "2 in doubt: held until the provider or a person tells\n"
           "28 to be tried again; the next of all is due at 2025-11-24T16:01:00Z\n");
    world_close(&w);
}

static void
a_pause_is_told_with_its_reason(void **state)
{
    struct world w;
    int64_t id = launched(&w, 3);

    (void)state;
    sql_run(w.ledger, "UPDATE campaign SET status = 'paused', pause_reason = 'too many failed'");
    expect(&w, id, "it is paused: too many failed; resume it\n");
    world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draft_waits_for_its_launch),
        cmocka_unit_test(what_can_go_out_waits_for_nothing),
        cmocka_unit_test(quiet_hours_are_told_with_zone_number_and_instant),
        cmocka_unit_test(limits_of_the_day_stops_and_doubt_are_told),
        cmocka_unit_test(a_pause_is_told_with_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
