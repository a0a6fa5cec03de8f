/* The relay's log in a real file. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/store/db.h"
#include "relay/relay_store.h"
#include "temp_folder.h"

static const int64_t NOW = 1700000000;

struct world {
    char folder[TEMP_FOLDER_PATH];
    char *path;
    struct relay_store *store;
};

static int
start(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    struct error err = {0};

    temp_folder_make(w->folder);
    w->path = mem_printf("%s/relay.db", w->folder);
    w->store = relay_store_open(w->path, &err);
    if (!w->store)
        print_error("%s\n", err.text);
    *state = w;
    return w->store ? 0 : -1;
}

static int
stop(void **state)
{
    struct world *w = *state;

    relay_store_close(w->store);
    temp_folder_remove(w->folder);
    free(w->path);
    free(w);
    return 0;
}

#define OK(expression)                                                                             \
    do {                                                                                           \
        struct error err = {0};                                                                    \
        if (!(expression))                                                                         \
            fail_msg("%s", err.text);                                                              \
    } while (0)

/* count events received at that time, in one transaction. */
static void
add(struct world *w, int count, int64_t received_at)
{
    OK(relay_store_begin(w->store, &err));
    for (int i = 0; i < count; i++) {
        struct relay_event event = {
            .received_at = received_at,
            .kind = relay_kind_name(RELAY_TWILIO_SMS),
            .provider_id = "SM1",
            .url = "https://h/hooks/twilio/sms",
            .signature = "sig",
            .body = "Body=caf%C3%A9+\xC3\xA9",
        };

        OK(relay_store_add(w->store, &event, &err));
    }
    OK(relay_store_commit(w->store, &err));
}

static struct relay_log
log_of(struct world *w)
{
    struct relay_log log;

    OK(relay_store_log(w->store, &log, &err));
    return log;
}

static void
trim(struct world *w, int64_t now_s)
{
    bool more = true;

    while (more)
        OK(relay_store_trim(w->store, now_s, &more, &err));
}

static char *
cursor_at(struct world *w, int64_t seq)
{
    struct buf out = {0};

    OK(relay_store_cursor(w->store, seq, &out, &err));
    return buf_take(&out);
}

/* The number a cursor stands for; -1 when it is unknown. */
static int64_t
resolve(struct world *w, const char *cursor)
{
    struct relay_log log = log_of(w);
    int64_t seq = -1;
    bool known = false;

    OK(relay_store_resolve(w->store, &log, log.trimmed_seq, cursor, &known, &seq, &err));
    return known ? seq : -1;
}

static bool
ack_cursor(struct world *w, const char *cursor, int64_t now_s)
{
    bool known = false;

    OK(relay_store_begin(w->store, &err));
    OK(relay_store_ack(w->store, cursor, now_s, &known, &err));
    OK(relay_store_commit(w->store, &err));
    return known;
}

static bool
ack(struct world *w, int64_t seq, int64_t now_s)
{
    char *cursor = cursor_at(w, seq);
    bool known = ack_cursor(w, cursor, now_s);

    free(cursor);
    return known;
}

static void
reopen(struct world *w)
{
    relay_store_close(w->store);
    OK((w->store = relay_store_open(w->path, &err)) != NULL);
}

struct seen {
    int count;
    int64_t first, last;
    int stop_at;
};

static bool
see(void *ctx, const struct relay_event *event)
{
    struct seen *seen = ctx;

    if (seen->count == seen->stop_at)
        return false;
    if (!seen->count)
        seen->first = event->seq;
    else
        assert_int_equal(event->seq, seen->last + 1);
    seen->last = event->seq;
    seen->count++;
    assert_string_equal(event->kind, "twilio_sms");
    assert_string_equal(event->body, "Body=caf%C3%A9+\xC3\xA9");
    assert_string_equal(event->url, "https://h/hooks/twilio/sms");
    return true;
}

static struct seen
read_after(struct world *w, int64_t after, int limit, int stop_at)
{
    struct seen seen = {.stop_at = stop_at};

    OK(relay_store_read(w->store, after, limit, see, &seen, &err));
    return seen;
}

static void
read__gives_events_in_order_after_a_cursor(void **state)
{
    struct world *w = *state;

    assert_int_equal(read_after(w, 0, 10, -1).count, 0);
    add(w, 3, NOW);
    add(w, 2, NOW + 1);
    assert_int_equal(read_after(w, 0, 10, -1).count, 5);
    assert_int_equal(read_after(w, 0, 2, -1).last, 2);
    assert_int_equal(read_after(w, 3, 10, -1).first, 4);
    assert_int_equal(read_after(w, 5, 10, -1).count, 0);
    assert_int_equal(read_after(w, 0, 10, 3).count, 3);
}

static void
log__survives_reopening_and_rollback_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct relay_log before;
    struct relay_log after;

    add(w, 3, NOW);
    before = log_of(w);
    assert_int_equal(before.last_seq, 3);
    OK(relay_store_begin(w->store, &err));
    OK(relay_store_add(w->store,
                       &(struct relay_event){.received_at = NOW,
                                             .kind = "twilio_status",
                                             .provider_id = "",
                                             .url = "u",
                                             .signature = "s",
                                             .body = ""},
                       &err));
    relay_store_rollback(w->store);
    relay_store_close(w->store);
    OK((w->store = relay_store_open(w->path, &err)) != NULL);
    after = log_of(w);
    assert_string_equal(after.id, before.id);
    assert_int_equal(after.last_seq, 3);
    add(w, 1, NOW);
    assert_int_equal(log_of(w).last_seq, 4);
}

static void
cursor__is_judged(void **state)
{
    static const char *const bad[] = {
        "%:",
        "%",
        "%:0:",
        "%:0:12345678",
        "%:-1",
        "%:5",
        "%:5:",
        "%:5:12345678",
        "%:05",
        "%:+5",
        "%: 5",
        "%:5x",
        "%:99999999999999999999",
        "%:99999999999999999999999999999",
        "%:3",
        "%:2:",
        ":5",
        "5",
        ":",
        "00000000000000000000000000000000:0",
    };
    struct world *w = *state;
    struct relay_log log;
    char *at_end;

    assert_int_equal(resolve(w, ""), 0);
    add(w, 5, NOW);
    log = log_of(w);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *cursor = *bad[i] == '%' ? mem_printf("%s%s", log.id, bad[i] + 1) : mem_strdup(bad[i]);

        if (resolve(w, cursor) != -1)
            fail_msg("cursor \"%s\" was taken", cursor);
        assert_false(ack_cursor(w, cursor, NOW));
        free(cursor);
    }
    assert_false(ack_cursor(w, "", NOW));
    for (int64_t seq = 0; seq <= 5; seq++) {
        char *cursor = cursor_at(w, seq);

        assert_int_equal(resolve(w, cursor), seq);
        free(cursor);
    }
    at_end = cursor_at(w, 5);
    reopen(w);
    assert_int_equal(resolve(w, at_end), 5);
    add(w, 2, NOW);
    reopen(w);
    reopen(w);
    assert_int_equal(resolve(w, at_end), 5);
    trim(w, NOW + 40 * (int64_t)DAY_S);
    assert_int_equal(resolve(w, at_end), -1); /* trimmed */
    free(at_end);
    at_end = cursor_at(w, 7);
    reopen(w);
    assert_int_equal(resolve(w, at_end), 7); /* everything is gone, and nothing was missed */
    assert_int_equal(resolve(w, ""), 7);
    free(at_end);
}

/* An old copy gives numbers out again: a cursor from before must not pass over the new events. */
static void
cursor__from_before_an_old_copy_was_put_back_is_unknown(void **state)
{
    struct world *w = *state;
    char *copy = mem_printf("%s/copy.db", w->folder);
    char *early;
    char *late;
    struct db *db = NULL;

    add(w, 3, NOW);
    reopen(w); /* the copy knows this run, which has no event yet */
    early = cursor_at(w, 2);
    OK((db = db_open(w->path, DB_READ_WRITE, &err)) != NULL);
    OK(db_copy_into(db, copy, &err));
    db_close(db);
    add(w, 3, NOW);
    late = cursor_at(w, 5);
    assert_int_equal(resolve(w, late), 5);

    relay_store_close(w->store);
    assert_int_equal(rename(copy, w->path), 0);
    OK((w->store = relay_store_open(w->path, &err)) != NULL);
    assert_int_equal(resolve(w, late), -1); /* beyond the end */
    add(w, 10, NOW);
    assert_int_equal(resolve(w, late), -1); /* the number exists again, for another event */
    assert_false(ack_cursor(w, late, NOW));
    assert_int_equal(resolve(w, early), 2);
    free(early);
    free(late);
    free(copy);
}

static void
ack__moves_forward_only(void **state)
{
    struct world *w = *state;
    int64_t oldest = 0;

    OK(relay_store_oldest_unacked(w->store, &oldest, &err));
    assert_int_equal(oldest, 0);
    add(w, 2, NOW);
    add(w, 2, NOW + 50);
    OK(relay_store_oldest_unacked(w->store, &oldest, &err));
    assert_int_equal(oldest, NOW);
    assert_true(ack(w, 2, NOW + 60));
    OK(relay_store_oldest_unacked(w->store, &oldest, &err));
    assert_int_equal(oldest, NOW + 50);
    assert_true(ack(w, 1, NOW + 61)); /* late, harmless */
    assert_int_equal(log_of(w).acked_seq, 2);
    assert_false(ack(w, 5, NOW + 62)); /* beyond the end */
    assert_int_equal(log_of(w).acked_seq, 2);
    assert_true(ack(w, 4, NOW + 63));
    OK(relay_store_oldest_unacked(w->store, &oldest, &err));
    assert_int_equal(oldest, 0);
}

static void
trim__keeps_acked_7_days_after_the_ack_and_unacked_30(void **state)
{
    struct world *w = *state;
    const int64_t day = DAY_S;

    add(w, 2, NOW);            /* 1, 2: acked on day 1 */
    add(w, 2, NOW + day);      /* 3, 4: acked on day 10 */
    add(w, 1, NOW + 2 * day);  /* 5: never acked */
    add(w, 1, NOW + 20 * day); /* 6: never acked */
    assert_true(ack(w, 2, NOW + day));
    trim(w, NOW + 7 * day);
    assert_int_equal(log_of(w).trimmed_seq, 0);
    trim(w, NOW + 8 * day + 3700);
    assert_int_equal(log_of(w).trimmed_seq, 2);
    assert_true(ack(w, 4, NOW + 10 * day));
    trim(w, NOW + 16 * day);
    assert_int_equal(log_of(w).trimmed_seq, 2);
    trim(w, NOW + 17 * day + 3700);
    assert_int_equal(log_of(w).trimmed_seq, 4);
    assert_int_equal(read_after(w, 0, 10, -1).first, 5);
    trim(w, NOW + 32 * day);
    assert_int_equal(log_of(w).trimmed_seq, 4);
    trim(w, NOW + 32 * day + 1);
    assert_int_equal(log_of(w).trimmed_seq, 5);
    assert_int_equal(read_after(w, 0, 10, -1).count, 1);
    trim(w, NOW + 90 * day);
    assert_int_equal(log_of(w).trimmed_seq, 6);
    add(w, 1, NOW + 91 * day);
    assert_int_equal(log_of(w).last_seq, 7); /* numbers are never used again */
}

static void
trim__works_in_batches(void **state)
{
    struct world *w = *state;
    bool more = false;

    add(w, 4500, NOW);
    OK(relay_store_trim(w->store, NOW + 31 * (int64_t)DAY_S, &more, &err));
    assert_true(more);
    assert_true(log_of(w).trimmed_seq < 4500);
    trim(w, NOW + 31 * (int64_t)DAY_S);
    assert_int_equal(log_of(w).trimmed_seq, 4500);
    assert_int_equal(read_after(w, 0, 10, -1).count, 0);
}

static void
reader__sees_what_the_writer_committed(void **state)
{
    struct world *w = *state;
    struct relay_store *reader = NULL;
    struct relay_log log;
    struct seen seen = {.stop_at = -1};

    OK((reader = relay_store_open_reader(w->path, &err)) != NULL);
    add(w, 2, NOW);
    OK(relay_store_begin_read(reader, &err));
    OK(relay_store_log(reader, &log, &err));
    assert_int_equal(log.last_seq, 2);
    add(w, 2, NOW);
    OK(relay_store_read(reader, 0, 10, see, &seen, &err));
    assert_int_equal(seen.count, 2); /* one moment */
    relay_store_end_read(reader);
    OK(relay_store_log(reader, &log, &err));
    assert_int_equal(log.last_seq, 4);
    relay_store_close(reader);
}

static void
open__refuses_what_is_no_mailbox(void **state)
{
    struct world *w = *state;
    struct error why = {0};
    struct db *db;
    FILE *file;
    char *path = mem_printf("%s/junk.db", w->folder);

    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 500; i++)
        (void)fputs("not a database ", file);
    assert_int_equal(fclose(file), 0);
    assert_null(relay_store_open(path, &why));
    assert_non_null(strstr(why.text, path));
    (void)unlink(path);
    free(path);
    path = mem_printf("%s/nowhere/x.db", w->folder);
    assert_null(relay_store_open(path, &why));
    assert_non_null(strstr(why.text, path));
    free(path);

    relay_store_close(w->store);
    OK((db = db_open(w->path, DB_READ_WRITE, &err)) != NULL);
    OK(db_exec(db, "PRAGMA user_version=999", &err));
    db_close(db);
    w->store = relay_store_open(w->path, &why);
    assert_null(w->store);
    assert_int_equal(why.code, ERR_CONFLICT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(read__gives_events_in_order_after_a_cursor, start, stop),
        cmocka_unit_test_setup_teardown(log__survives_reopening_and_rollback_leaves_nothing, start,
                                        stop),
        cmocka_unit_test_setup_teardown(cursor__is_judged, start, stop),
        cmocka_unit_test_setup_teardown(cursor__from_before_an_old_copy_was_put_back_is_unknown,
                                        start, stop),
        cmocka_unit_test_setup_teardown(ack__moves_forward_only, start, stop),
        cmocka_unit_test_setup_teardown(trim__keeps_acked_7_days_after_the_ack_and_unacked_30,
                                        start, stop),
        cmocka_unit_test_setup_teardown(trim__works_in_batches, start, stop),
        cmocka_unit_test_setup_teardown(reader__sees_what_the_writer_committed, start, stop),
        cmocka_unit_test_setup_teardown(open__refuses_what_is_no_mailbox, start, stop),
    };

    return cmocka_run_group_tests_name("relay store", tests, NULL, NULL);
}
