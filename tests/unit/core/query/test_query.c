/* The query thread: answers come back on the asking thread, and only the newest of a slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/query/query.h"
#include "temp_folder.h"

static char folder[TEMP_FOLDER_PATH];

struct asked {
    int delivered;
    int64_t last;
    enum err_code code;
};

static void *
count_to(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    int64_t *result = mem_alloc(sizeof *result);
    struct db_stmt *st = db_prepare(reader,
                                    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM "
                                    "c WHERE n < :n) SELECT max(n) FROM c",
                                    err);

    (void)cancelled;
    if (!st)
        abort();
    db_bind_i64(st, ":n", *(int64_t *)arg);
    if (!db_step_one(st, err)) {
        db_stmt_release(st);
        free(result);
        return NULL;
    }
    *result = db_column_i64(st, 0);
    db_stmt_release(st);
    return result;
}

static void
on_done(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct asked *a = owner;

    (void)q;
    a->delivered++;
    a->last = result ? *(int64_t *)result : -1;
    a->code = result ? ERR_NONE : err->code;
}

static uint64_t
ask(struct query *q, int slot, int64_t n, struct asked *a)
{
    struct question question = {.slot = slot,
                                .answer = count_to,
                                .arg = mem_dup(&n, sizeof n),
                                .free_arg = free,
                                .free_result = free,
                                .done = on_done,
                                .owner = a};

    return query_ask(q, &question);
}

static void
take_all(struct query *q, struct mailbox *box, const struct asked *a, int want)
{
    while (a->delivered < want) {
        struct pollfd fd = {.fd = mailbox_fd(box), .events = POLLIN};
        void *item;

        assert_int_equal(poll(&fd, 1, 20000), 1);
        mailbox_clear_wake(box);
        while ((item = mailbox_take(box)) != NULL)
            query_deliver(q, item);
    }
}

static void
newest_question_of_a_slot_wins_and_cancels_the_older(void **state)
{
    struct error err = {0};
    struct mailbox *box = mailbox_new(query_free_answer, &err);
    struct query *q = query_start(folder, box, &err);
    struct asked a = {0};
    struct asked other = {0};

    (void)state;
    if (!q)
        fail_msg("%s", err.text);
    ask(q, 1, INT64_C(1000000000000), &a); /* would take hours */
    ask(q, 1, INT64_C(2000000000000), &a);
    ask(q, 1, 1000, &a);
    ask(q, 2, 7, &other);
    take_all(q, box, &a, 1);
    take_all(q, box, &other, 1);
    assert_int_equal(a.last, 1000);
    assert_int_equal(other.last, 7);
    assert_int_equal(a.delivered, 1);
    query_stop(q);
    mailbox_free(box);
}

static void
stopping_ends_a_long_question(void **state)
{
    struct error err = {0};
    struct mailbox *box = mailbox_new(query_free_answer, &err);
    struct query *q = query_start(folder, box, &err);
    struct asked a = {0};

    (void)state;
    assert_non_null(q);
    ask(q, 0, INT64_C(1000000000000), &a);
    query_stop(q); /* returns: the question was cancelled */
    assert_int_equal(a.delivered, 0);
    mailbox_free(box);
}

static int
make_folder(void **state)
{
    (void)state;
    temp_folder_make(folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    temp_folder_remove(folder);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(newest_question_of_a_slot_wins_and_cancels_the_older,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(stopping_ends_a_long_question, make_folder, remove_folder),
    };

    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
