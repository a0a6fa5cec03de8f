/* The binary COPY decoder: good bytes, and every way in which they can be damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "net/postgres_copy.h"

#define HEADER "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
#define BYTES(s) (s), sizeof(s) - 1

/* As libpq hands a message over: one byte more, which may be written. The caller frees. */
static char *
message(const char *bytes, size_t len)
{
    char *copy = mem_alloc(len + 1);

    memcpy(copy, bytes, len);
    return copy;
}

static void
copy__reads_header_rows_and_trailer(void **state)
{
    struct pgcopy c = {0};
    struct pgcopy_field f[2];
    struct error err = {0};
    bool row = false;
    int64_t n = 0;
    char *first = message(BYTES(HEADER "\0\2"
                                       "\0\0\0\10"
                                       "\0\0\0\0\0\0\0\7"
                                       "\0\0\0\3abc"));
    char *second = message(BYTES("\0\2"
                                 "\377\377\377\377"
                                 "\0\0\0\0"));
    char *trailer = message(BYTES("\377\377"));

    (void)state;
    assert_true(pgcopy_take(&c, first, sizeof HEADER - 1 + 2 + 12 + 7, 2, f, &row, &err));
    assert_true(row);
    assert_true(pgcopy_i64(&f[0], &n, &err));
    assert_int_equal(n, 7);
    assert_string_equal(f[1].data, "abc");
    assert_true(pgcopy_take(&c, second, 10, 2, f, &row, &err));
    assert_true(row);
    assert_null(f[0].data);
    assert_string_equal(f[1].data, "");
    assert_true(pgcopy_take(&c, trailer, 2, 2, f, &row, &err));
    assert_false(row);
    assert_true(c.ended);
    free(first);
    free(second);
    free(trailer);
}

/* Some servers send the header alone. */
static void
copy__a_header_alone_is_no_row(void **state)
{
    struct pgcopy c = {0};
    struct pgcopy_field f[1];
    struct error err = {0};
    bool row = true;
    char *data = message(BYTES(HEADER));

    (void)state;
    assert_true(pgcopy_take(&c, data, sizeof HEADER - 1, 1, f, &row, &err));
    assert_false(row);
    free(data);
}

static void
copy__damaged_bytes_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *why;
    } rows[] = {
        {BYTES(""), "no COPY header"},
        {BYTES("PGCOPY\n\377\r\n\0\0\0"), "no COPY header"},
        {BYTES("PGCOPX\n\377\r\n\0\0\0\0\0\0\0\0\0"), "no COPY header"},
        {BYTES("PGCOPY\n\377\r\n\0\0\1\0\0\0\0\0\0"), "unknown flags"},
        {BYTES("PGCOPY\n\377\r\n\0\0\0\0\0\377\377\377\377"), "header is cut"},
        {BYTES(HEADER "\0"), "a row is cut"},
        {BYTES(HEADER "\0\1\0\0\0\0"), "not the columns"},
        {BYTES(HEADER "\0\2\0\0\0"), "a row is cut"},
        {BYTES(HEADER "\0\2\0\0\0\1a"), "a row is cut"},
        {BYTES(HEADER "\0\2\0\0\0\6a\0\0\0\0"), "longer than its row"},
        {BYTES(HEADER "\0\2\177\377\377\377a\0\0\0\0"), "longer than its row"},
        {BYTES(HEADER "\0\2\377\377\377\376a\0\0\0\0"), "longer than its row"},
        {BYTES(HEADER "\0\2\0\0\0\1a\0\0\0\1bc"), "after a row's last field"},
        {BYTES(HEADER "\377\377x"), "after the trailer"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pgcopy c = {0};
        struct pgcopy_field f[2];
        struct error err = {0};
        bool row = false;
        char *data = message(rows[i].bytes, rows[i].len);

        if (pgcopy_take(&c, data, rows[i].len, 2, f, &row, &err))
            fail_msg("row %zu was taken", i);
        if (!strstr(err.text, rows[i].why))
            fail_msg("row %zu: %s", i, err.text);
        assert_false(row);
        free(data);
    }
}

static void
copy__nothing_comes_after_the_trailer(void **state)
{
    struct pgcopy c = {.started = true, .ended = true};
    struct pgcopy_field f[1];
    struct error err = {0};
    bool row = false;
    char *data = message(BYTES("\0\1\0\0\0\0"));

    (void)state;
    assert_false(pgcopy_take(&c, data, 6, 1, f, &row, &err));
    free(data);
}

static struct pgcopy_field
field(const char *bytes, size_t len)
{
    return (struct pgcopy_field){message(bytes, len), len};
}

static void
copy__times_are_cut_to_whole_seconds_towards_the_past(void **state)
{
    static const struct {
        const char *bytes;
        bool set;
        int64_t s;
    } rows[] = {
        {"\0\0\0\0\0\0\0\0", true, 946684800},
        {"\0\0\0\0\0\x0f\x42\x3f", true, 946684800}, /* 0.999999 s later */
        {"\0\0\0\0\0\x0f\x42\x40", true, 946684801},
        {"\377\377\377\377\377\377\377\377", true, 946684799}, /* a microsecond earlier */
        {"\177\377\377\377\377\377\377\377", false, 0},        /* infinity */
        {"\200\0\0\0\0\0\0\0", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pgcopy_field f = field(rows[i].bytes, 8);
        struct main_time t = {0};
        struct error err = {0};

        assert_true(pgcopy_time(&f, &t, &err));
        assert_int_equal(t.set, rows[i].set);
        assert_int_equal(t.s, rows[i].s);
        free(f.data);
    }
}

static void
copy__values_of_another_size_are_refused(void **state)
{
    struct pgcopy_field f = field("1234567", 7);
    char uuid[PGCOPY_UUID_SIZE];
    struct main_time t;
    struct error err = {0};
    int64_t n;
    double d;
    bool b;

    (void)state;
    assert_false(pgcopy_i64(&f, &n, &err));
    assert_false(pgcopy_bool(&f, &b, &err));
    assert_false(pgcopy_double(&f, &d, &err));
    assert_false(pgcopy_time(&f, &t, &err));
    assert_false(pgcopy_uuid(&f, uuid, &err));
    free(f.data);
}

static void
copy__a_uuid_is_written_in_lower_case(void **state)
{
    struct pgcopy_field f =
        field("\xA0\xEE\xBC\x99\x9C\x0B\x4E\xF8\xBB\x6D\x6B\xB9\xBD\x38\x0A\x11", 16);
    char uuid[PGCOPY_UUID_SIZE];
    struct error err = {0};

    (void)state;
    assert_true(pgcopy_uuid(&f, uuid, &err));
    assert_string_equal(uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    free(f.data);
}

static void
copy__numbers_keep_their_sign(void **state)
{
    struct pgcopy_field f = field("\377\377\377\377\377\377\377\371", 8);
    struct pgcopy_field d = field("\xC0\x04\0\0\0\0\0\0", 8);
    struct error err = {0};
    int64_t n = 0;
    double x = 0;

    (void)state;
    assert_true(pgcopy_i64(&f, &n, &err));
    assert_int_equal(n, -7);
    assert_true(pgcopy_double(&d, &x, &err));
    assert_true(x == -2.5);
    free(f.data);
    free(d.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy__reads_header_rows_and_trailer),
        cmocka_unit_test(copy__a_header_alone_is_no_row),
        cmocka_unit_test(copy__damaged_bytes_are_refused),
        cmocka_unit_test(copy__nothing_comes_after_the_trailer),
        cmocka_unit_test(copy__times_are_cut_to_whole_seconds_towards_the_past),
        cmocka_unit_test(copy__values_of_another_size_are_refused),
        cmocka_unit_test(copy__a_uuid_is_written_in_lower_case),
        cmocka_unit_test(copy__numbers_keep_their_sign),
    };

    return cmocka_run_group_tests_name("postgres_copy", tests, NULL, NULL);
}
