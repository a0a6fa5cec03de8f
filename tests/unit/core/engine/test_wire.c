#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fileio.h"
#include "core/engine/wire.h"
#include "temp_folder.h"

static char home[TEMP_FOLDER_PATH];
static char path[TEMP_FOLDER_PATH + 16];

static int
make_home(void **state)
{
    (void)state;
    temp_folder_make(home);
    (void)snprintf(path, sizeof path, "%s/wire.log", home);
    return 0;
}

static int
remove_home(void **state)
{
    (void)state;
    temp_folder_remove(home);
    return 0;
}

static void
marks__are_there_until_they_are_taken_off(void **state)
{
    struct wire_marks marks;
    struct wire *w = wire_begin(home, "state", 7, 0);

    (void)state;
    assert_non_null(w);
    for (int64_t id = 1; id <= 100; id++)
        wire_mark(w, id);
    wire_mark(w, INT64_MAX);
    for (int64_t id = 1; id <= 100; id += 2)
        wire_unmark(w, id);
    wire_unmark(w, 555); /* never marked */
    /* Read without being closed, as after a crash. */
    assert_true(wire_read(home, 7, &marks));
    assert_int_equal(marks.count, 51);
    for (int64_t id = 1; id <= 100; id++)
        assert_int_equal(wire_has(&marks, id), id % 2 == 0);
    assert_true(wire_has(&marks, INT64_MAX));
    wire_marks_release(&marks);
    wire_end(w);
}

static void
another_engines_file__tells_nothing(void **state)
{
    struct wire_marks marks;
    struct wire *old = wire_begin(home, "state", 7, 0);
    struct wire *fresh = wire_begin(home, "state", 8, 0);

    (void)state;
    wire_mark(old, 5); /* still open in the one that lost the lease: no harm */
    assert_false(wire_read(home, 7, &marks));
    assert_true(wire_read(home, 8, &marks));
    assert_int_equal(marks.count, 0);
    wire_marks_release(&marks);
    wire_end(old);
    wire_end(fresh);
}

static void
too_many__and_nobody_trusts_it(void **state)
{
    struct wire_marks marks;
    struct wire *w = wire_begin(home, "state", 3, 0);

    (void)state;
    for (int64_t id = 1; id <= 4096; id++)
        wire_mark(w, id);
    assert_true(wire_read(home, 3, &marks));
    assert_int_equal(marks.count, 4096);
    wire_marks_release(&marks);
    for (int64_t id = 4097; id <= 20000; id++)
        wire_mark(w, id);
    assert_false(wire_read(home, 3, &marks));
    wire_end(w);
}

static void
damaged_or_of_another_boot__tells_nothing(void **state)
{
    struct wire_marks marks;
    struct buf good = {0};
    struct error err = {0};
    struct wire *w = wire_begin(home, "state", 3, 0);

    (void)state;
    wire_mark(w, 9);
    wire_end(w);
    assert_true(file_read(path, 1 << 20, &good, &err));
    /* Every byte of magic, version, fence and boot id. */
    for (size_t at = 0; at < 60; at++) {
        char *bytes = malloc(good.len);

        assert_non_null(bytes);
        memcpy(bytes, buf_str(&good), good.len);
        bytes[at] ^= 1;
        assert_true(file_write_atomic(path, bytes, good.len, 0600, &err));
        free(bytes);
        assert_false(wire_read(home, 3, &marks));
    }
    for (size_t len = 0; len < good.len; len += good.len / 7) {
        assert_true(file_write_atomic(path, buf_str(&good), len, 0600, &err));
        assert_false(wire_read(home, 3, &marks));
    }
    assert_true(file_write_atomic(path, buf_str(&good), good.len, 0600, &err));
    assert_true(wire_read(home, 3, &marks));
    wire_marks_release(&marks);
    buf_release(&good);
}

static void
highest_that_left__is_known_after_the_marks_are_off(void **state)
{
    struct wire *w = wire_begin(home, "state", 3, 0);

    (void)state;
    assert_int_equal(wire_highest(home, "state"), 0);
    wire_mark(w, 12);
    wire_mark(w, 11);
    wire_unmark(w, 12);
    assert_int_equal(wire_highest(home, "state"), 12);
    assert_int_equal(wire_highest(home, "another"), 0);
    assert_int_equal(wire_highest(home, ""), 0);
    wire_end(w);
    w = wire_begin(home, "state", 4, 12); /* the next engine has let nothing out yet */
    assert_int_equal(wire_highest(home, "state"), 12);
    wire_mark(w, 13);
    assert_int_equal(wire_highest(home, "state"), 13);
    wire_end(w);
    assert_int_equal(truncate(path, 4096), 0);
    assert_int_equal(wire_highest(home, "state"), 0);
}

static void
no_file__and_no_trust(void **state)
{
    struct wire_marks marks;
    struct wire *w;

    (void)state;
    assert_false(wire_read(home, 1, &marks));
    assert_int_equal(wire_highest(home, "state"), 0);
    w = wire_begin("/nonexistent/folder", "state", 1, 0);
    assert_null(w);
    wire_mark(w, 1);
    wire_unmark(w, 1);
    wire_end(w);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        T(marks__are_there_until_they_are_taken_off),
        T(another_engines_file__tells_nothing),
        T(too_many__and_nobody_trusts_it),
        T(damaged_or_of_another_boot__tells_nothing),
        T(highest_that_left__is_known_after_the_marks_are_off),
        T(no_file__and_no_trust),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
