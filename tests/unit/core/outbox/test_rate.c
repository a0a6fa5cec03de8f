/* No window of time holds more than the rate, wherever it begins, and hardly less than it could. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/outbox/rate.h"
#include "core/store/stores.h"

enum { START_S = 1795456800, SENT_MAX = 60000 };

static const struct rate_owner owner = {"+13105550100", "+13105550100", 0};

struct sent {
    int64_t at_ms, segments;
};

struct world {
    struct db *db;
    struct rate rate;
    double per_second;
    int64_t now_ms;
    uint64_t random;
    int size_max, late_max_ms;
    struct sent *sent;
    size_t count;
};

static int64_t
roll(struct world *w, int64_t below)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((w->random >> 33) % (uint64_t)below);
}

static void
sql(struct db *db, const char *text)
{
    struct error err = {0};

    if (!db_exec(db, text, &err))
        fail_msg("%s: %s", text, err.text);
}

static void
load(struct world *w)
{
    struct error err = {0};

    if (!rate_load(&w->rate, w->db, &owner, w->per_second, w->now_ms, &err))
        fail_msg("%s", err.text);
}

static void
begin(struct world *w, double per_second, uint64_t seed)
{
    struct error err = {0};

    *w = (struct world){.per_second = per_second, .random = seed, .size_max = 1};
    w->now_ms = (int64_t)START_S * 1000 + 137;
    w->sent = mem_calloc(SENT_MAX, sizeof *w->sent);
    w->db = stores_open_memory(&err);
    assert_non_null(w->db);
    sql(w->db, "INSERT INTO main.campaign (id, uuid, name, type, channel, status, spec, "
               "launched_at, created_at, updated_at) VALUES (1, 'u', 'n', 'research', 'sms', "
               "'active', '{}', 1, 1, 1);"
               "INSERT INTO main.delivery (id, campaign_id, customer_id, channel, address, "
               "updated_at) VALUES (1, 1, 1, 'sms', '+13105551000', 1)");
    load(w);
}

static void
end(struct world *w)
{
    rate_release(&w->rate);
    db_close(w->db);
    free(w->sent);
}

static void
send(struct world *w, int64_t segments)
{
    assert_true(w->count < SENT_MAX);
    rate_take(&w->rate, segments);
    w->sent[w->count++] = (struct sent){w->now_ms, segments};
}

/* Waits until it may go, wakes a little late, and sends. */
static void
send_when_ready(struct world *w, int64_t segments)
{
    int64_t wait_ms;

    rate_refill(&w->rate, w->now_ms);
    while ((wait_ms = rate_wait_ms(&w->rate, segments)) > 0) {
        assert_false(rate_is_ready(&w->rate, segments));
        w->now_ms += wait_ms + roll(w, w->late_max_ms + 1);
        rate_refill(&w->rate, w->now_ms);
    }
    send(w, segments);
}

/* As a kill would: the attempts are in the ledger, and the bucket as it was after a claim. */
static void
restart(struct world *w, size_t *written)
{
    struct error err = {0};

    assert_true(rate_save(&w->rate, w->db, &err));
    for (; *written < w->count; (*written)++) {
        char *text = mem_printf(
            "INSERT INTO main.attempt (uid, delivery_id, number, address, sender, text, segments, "
            "fence, claimed_at) VALUES ('%zu', 1, %zu, '+13105551000', '+13105550100', 't', "
            "%lld, 1, %lld)",
            *written, *written + 1, (long long)w->sent[*written].segments,
            (long long)(w->sent[*written].at_ms / 1000));

        sql(w->db, text);
        free(text);
    }
    load(w);
}

/* Every window that begins with a message; a message that is too long for it stands alone. */
static void
check_windows(const struct world *w, int64_t length_ms)
{
    const int64_t limit = (int64_t)ceil(w->per_second * (double)length_ms / 1000.0 - 1e-9);
    int64_t sum = 0;
    size_t last = 0;

    for (size_t i = 0; i < w->count; i++) {
        for (; last < w->count && w->sent[last].at_ms < w->sent[i].at_ms + length_ms; last++)
            sum += w->sent[last].segments;
        if (sum > limit && last > i + 1)
            fail_msg("%g a second: %lld segments in %lld ms, from message %zu to %zu",
                     w->per_second, (long long)sum, (long long)length_ms, i, last - 1);
        sum -= w->sent[i].segments;
    }
}

static void
check_all(const struct world *w)
{
    check_windows(w, 1000);
    check_windows(w, 60 * 1000);
    check_windows(w, 24 * 3600 * 1000);
}

/*
 * The best that any sender could do with the same messages in the same order: each at the first
 * instant at which its second and its minute allow it.
 */
static int64_t
best_ms(const struct world *w)
{
    int64_t *at = mem_calloc(w->count, sizeof *at);
    const int64_t length_ms[] = {1000, 60000};
    size_t first[2] = {0, 0};
    int64_t sum[2] = {0, 0};
    int64_t took_ms;

    for (size_t i = 0; i < w->count; i++) {
        const int64_t n = w->sent[i].segments;

        at[i] = i ? at[i - 1] : 0;
        for (size_t k = 0; k < 2; k++) {
            const int64_t limit =
                (int64_t)ceil(w->per_second * (double)length_ms[k] / 1000.0 - 1e-9);

            while (first[k] < i && sum[k] && sum[k] + n > limit) {
                const int64_t gone = w->sent[first[k]].segments;
                const double takes = (double)(gone > limit ? gone : limit) / w->per_second;
                const int64_t until = at[first[k]] + (int64_t)ceil(takes * 1000.0 - 1e-6);

                if (until > at[i])
                    at[i] = until;
                sum[k] -= gone;
                first[k]++;
            }
            sum[k] += n;
        }
    }
    took_ms = at[w->count - 1];
    free(at);
    return took_ms;
}

static const double rates[] = {0.2, 0.5, 1, 1.5, 2.5, 3.3, 3.75, 4.7, 6, 12, 40, 75, 225};

static void
no_window_exceeds_the_rate_in_random_schedules(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
            struct world w;
            size_t written = 0;
            const int messages = rates[i] > 20 ? 3000 : 250;

            begin(&w, rates[i], seed * 1000 + i);
            w.size_max = 1 + (int)(seed % 4) * 2;
            w.late_max_ms = (int)(seed % 3) * 20;
            for (int n = 0; n < messages; n++) {
                send_when_ready(&w, 1 + roll(&w, w.size_max));
                if (roll(&w, 100) == 0)
                    w.now_ms += roll(&w, 5000); /* nothing to send for a while */
                if (roll(&w, 200) == 0)
                    w.now_ms += roll(&w, 200000);
                if (roll(&w, 60) == 0)
                    restart(&w, &written);
            }
            check_all(&w);
            end(&w);
        }
    }
}

static void
what_is_allowed_is_used(void **state)
{
    (void)state;
    for (int size_max = 1; size_max <= 7; size_max += 2) {
        for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
            struct world w;
            const int messages = (int)(rates[i] * 200) + 60;
            int64_t took_ms;
            int64_t best;

            begin(&w, rates[i], 77 + i);
            w.size_max = size_max;
            w.late_max_ms = 2;
            for (int n = 0; n < messages; n++)
                send_when_ready(&w, 1 + roll(&w, size_max));
            check_all(&w);
            took_ms = w.now_ms - w.sent[0].at_ms;
            best = best_ms(&w);
            /* the last second of the best schedule is one burst, ours is spread over it */
            if ((double)(best + 1000) / (double)took_ms < 0.97)
                fail_msg("%g a second, sizes to %d: took %lld ms, the best is %lld ms", rates[i],
                         size_max, (long long)took_ms, (long long)best);
            end(&w);
        }
    }
}

/* A day and a bit, a message every two seconds or so: the sum over a day is the rate's, too. */
static void
a_day_holds_no_more_than_a_day(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 0.5, 5);
    w.late_max_ms = 3;
    while (w.now_ms < ((int64_t)START_S + 26 * 3600) * 1000)
        send_when_ready(&w, 1);
    check_all(&w);
    assert_true((double)w.count > 0.97 * 0.5 * 26 * 3600);
    end(&w);
}

static void
a_batch_that_failed_has_taken_nothing(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 10, 1);
    rate_refill(&w.rate, w.now_ms);
    rate_begin(&w.rate);
    rate_take(&w.rate, 10);
    assert_false(rate_is_ready(&w.rate, 1));
    rate_undo(&w.rate);
    assert_true(rate_is_ready(&w.rate, 1));
    end(&w);
}

/* The commit took a while: the second counts from the instant at which they left. */
static void
a_batch_counts_from_when_it_was_handed_over(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 2, 1);
    rate_refill(&w.rate, w.now_ms);
    rate_begin(&w.rate);
    rate_take(&w.rate, 2);
    rate_handed(&w.rate, w.now_ms + 700);
    rate_refill(&w.rate, w.now_ms + 1650);
    assert_false(rate_is_ready(&w.rate, 1));
    rate_refill(&w.rate, w.now_ms + 1720);
    assert_true(rate_is_ready(&w.rate, 1));
    end(&w);
}

static void
a_clock_that_goes_back_stops_nobody_for_long(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 5, 1);
    for (int i = 0; i < 20; i++)
        send_when_ready(&w, 1);
    w.now_ms -= 3600 * 1000;
    rate_refill(&w.rate, w.now_ms);
    assert_in_range(rate_wait_ms(&w.rate, 1), 1, 1100);
    end(&w);
}

static int
by_time(const void *a, const void *b)
{
    const int64_t x = ((const struct sent *)a)->at_ms;
    const int64_t y = ((const struct sent *)b)->at_ms;

    return (x > y) - (x < y);
}

/*
 * As the engine does: while the rate is slack messages go up to RATE_LATE_MS after they were taken;
 * when it is not they go at once, after those that wait have gone and the rate has been told.
 */
static void
what_goes_later_than_it_was_taken_keeps_to_the_rate(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        const int64_t late_max_ms = seed / 4 % 2 ? RATE_LATE_MS : 60;
        const int64_t size_max = (int64_t[]){1, 1, 3, 24}[seed / 8 % 4];
        struct world w;
        int64_t last_ms = 0; /* of those that wait */
        int64_t end_ms;
        int64_t size = 0; /* of the next message; 0: not known yet */
        bool stood = false;
        int busy = 0;

        begin(&w, (double[]){20, 100, 400, 7.5, 33.3}[seed % 5], seed);
        end_ms = w.now_ms + 70000;
        for (; w.now_ms < end_ms && w.count < SENT_MAX; w.now_ms++) {
            const int64_t late_ms = seed % 4 == 0 ? late_max_ms : roll(&w, late_max_ms + 1);
            bool slack;

            if (roll(&w, 400) == 0)
                busy = (int)roll(&w, 12); /* messages that want to go each millisecond, in tenths */
            rate_refill(&w.rate, w.now_ms);
            slack = rate_is_slack(&w.rate);
            if (!slack && last_ms > w.now_ms)
                continue;
            if (!slack && stood) {
                rate_went(&w.rate, &(struct rate_late){w.now_ms, late_max_ms});
                stood = false;
            }
            for (int n = busy; n > 0 && roll(&w, 10) < busy; n--) {
                if (size == 0)
                    size = 1 + roll(&w, size_max);
                if (rate_wait_ms(&w.rate, size) > 0)
                    break;
                send(&w, size);
                size = 0;
                if (!slack)
                    continue;
                w.sent[w.count - 1].at_ms += late_ms;
                last_ms = w.now_ms + late_ms > last_ms ? w.now_ms + late_ms : last_ms;
                stood = true;
            }
        }
        assert_true(w.count > 20);
        qsort(w.sent, w.count, sizeof *w.sent, by_time);
        check_windows(&w, 1000);
        check_windows(&w, 60000);
        end(&w);
    }
}

/* Takes segments now, which leave so much later. */
static void
take_late(struct world *w, int64_t segments, int64_t late_ms)
{
    rate_refill(&w->rate, w->now_ms);
    if (rate_wait_ms(&w->rate, segments) > 0 || !rate_is_slack(&w->rate))
        return;
    send(w, segments);
    w->sent[w->count - 1].at_ms += late_ms;
}

static void
message_longer_than_the_bucket__does_not_go_beside_what_goes_late(void **state)
{
    (void)state;
    for (int per_second = 13; per_second <= 60; per_second++)
        for (int64_t segments = 13; segments <= 24; segments++) {
            struct world w;

            begin(&w, per_second, 1);
            for (int i = 0; i < per_second; i++)
                take_late(&w, 1, RATE_LATE_MS);
            w.now_ms += 1011;
            take_late(&w, segments, 0);
            qsort(w.sent, w.count, sizeof *w.sent, by_time);
            check_windows(&w, 1000);
            end(&w);
        }
}

/* Late, and so long ago that no rate has to be told: still a minute holds no more. */
static void
what_went_late_long_ago_counts_for_its_minute(void **state)
{
    static const double per_second[] = {1.5, 2.5, 3.75, 4.7, 7.5, 10.5, 12.5, 20.5, 33.3, 60};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(per_second); i++) {
        struct world w;

        begin(&w, per_second[i], 1);
        rate_refill(&w.rate, w.now_ms);
        while (rate_wait_ms(&w.rate, 1) == 0) {
            send(&w, 1);
            w.sent[w.count - 1].at_ms += RATE_LATE_MS;
        }
        w.now_ms += 1011 + RATE_LATE_MS;
        while (w.now_ms < (int64_t)START_S * 1000 + 70000)
            send_when_ready(&w, 1);
        check_windows(&w, 1000);
        check_windows(&w, 60000);
        end(&w);
    }
}

/* A campaign that is saved, an engine that takes over: what was claimed before may have left late.
 */
static void
rate_that_is_read_again__knows_that_some_went_late(void **state)
{
    struct world w;
    size_t written = 0;
    size_t before;

    (void)state;
    begin(&w, 100, 1);
    w.now_ms = (int64_t)START_S * 1000 + 720;
    for (; w.now_ms < (int64_t)START_S * 1000 + 1000; w.now_ms++)
        while (before = w.count, take_late(&w, 1, RATE_LATE_MS), w.count > before)
            continue;
    assert_true(w.count > 20);
    w.now_ms = (int64_t)START_S * 1000 + 1480;
    for (size_t i = 0; i < w.count; i++) /* all have gone by now; the ledger knows the claims */
        w.sent[i].at_ms -= RATE_LATE_MS;
    restart(&w, &written);
    for (size_t i = 0; i < w.count; i++)
        w.sent[i].at_ms =
            w.sent[i].at_ms + RATE_LATE_MS < w.now_ms ? w.sent[i].at_ms + RATE_LATE_MS : w.now_ms;
    for (; w.now_ms < (int64_t)START_S * 1000 + 4000; w.now_ms++)
        for (rate_refill(&w.rate, w.now_ms); rate_wait_ms(&w.rate, 1) == 0;)
            send(&w, 1);
    qsort(w.sent, w.count, sizeof *w.sent, by_time);
    check_windows(&w, 1000);
    end(&w);
}

/*
 * A provider that becomes faster, and is never as fast as the rate allows: nearly all that it could
 * take is taken, although there is a switch between going later and going at once.
 */
static void
a_rate_that_is_nearly_reached_costs_hardly_anything(void **state)
{
    enum { SLOW_MS = 3000, FAST_MS = 5000, CONNECTIONS = 16 };

    (void)state;
    for (int tenths = 4; tenths <= 9; tenths++) {
        const double most = tenths / 10.0 * FAST_MS;
        struct world w;
        double could = 0.0;
        size_t slow = 0;
        bool stood = false;

        begin(&w, 1000, 1);
        for (int ms = 0; ms < SLOW_MS + FAST_MS; ms++, w.now_ms++) {
            bool slack;

            could = fmin(could + (ms < SLOW_MS ? 0.3 : tenths / 10.0), CONNECTIONS);
            slow = ms == SLOW_MS ? w.count : slow;
            rate_refill(&w.rate, w.now_ms);
            slack = rate_is_slack(&w.rate);
            if (!slack && stood)
                rate_went(&w.rate, &(struct rate_late){w.now_ms, RATE_LATE_MS});
            stood = slack;
            for (; could >= 1.0 && rate_wait_ms(&w.rate, 1) == 0; could -= 1.0)
                send(&w, 1);
        }
        if ((double)(w.count - slow) < 0.9 * most)
            fail_msg("at %d tenths of the rate: %zu of %.0f", tenths, w.count - slow, most);
        end(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_exceeds_the_rate_in_random_schedules),
        cmocka_unit_test(what_is_allowed_is_used),
        cmocka_unit_test(a_day_holds_no_more_than_a_day),
        cmocka_unit_test(a_batch_that_failed_has_taken_nothing),
        cmocka_unit_test(a_batch_counts_from_when_it_was_handed_over),
        cmocka_unit_test(a_clock_that_goes_back_stops_nobody_for_long),
        cmocka_unit_test(what_goes_later_than_it_was_taken_keeps_to_the_rate),
        cmocka_unit_test(message_longer_than_the_bucket__does_not_go_beside_what_goes_late),
        cmocka_unit_test(what_went_late_long_ago_counts_for_its_minute),
        cmocka_unit_test(rate_that_is_read_again__knows_that_some_went_late),
        cmocka_unit_test(a_rate_that_is_nearly_reached_costs_hardly_anything),
    };

    return cmocka_run_group_tests_name("core/outbox/rate", tests, NULL, NULL);
}
