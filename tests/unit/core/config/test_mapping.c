/* Mapping files: what is read, and what is said about what cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/config/mapping.h"

#define CUSTOMERS "tables:\n  customers:\n    key: uuid\n    select: SELECT 1 AS id\n"

static void
built_in__mappings_are_good(void **state)
{
    static const char *const names[] = {"reference", "salon"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct mapping m;
        struct buf errors = {0};
        struct error err = {0};

        if (!mapping_load(names[i], ".", &m, &errors, &err))
            fail_msg("%s", buf_str(&errors));
        assert_true(m.tables[MAIN_CUSTOMERS].present);
        mapping_release(&m);
        buf_release(&errors);
    }
}

static void
mapping__reads_keys_zone_and_words(void **state)
{
    static const char text[] = "time_zone: Europe/Berlin\n"
                               "tables:\n"
                               "  customers:\n"
                               "    key: bigint\n"
                               "    select: |\n"
                               "      select a as id from b; \n"
                               "  appointments:\n"
                               "    key: text\n"
                               "    select: WITH x AS (SELECT 1) SELECT * FROM x\n"
                               "    words:\n"
                               "      status: {weg: cancelled, \"1\": completed}\n"
                               "      provider: {a/b: \"Dr. A\"}\n";
    struct mapping m;
    struct buf errors = {0};
    struct error err = {0};
    const struct main_column *status = main_column_find(MAIN_APPOINTMENTS, "status");
    const struct mapping_table *t;

    (void)state;
    if (!mapping_parse("x.yaml", text, sizeof text - 1, &m, &errors, &err))
        fail_msg("%s", buf_str(&errors));
    t = &m.tables[MAIN_APPOINTMENTS];
    assert_string_equal(m.time_zone, "Europe/Berlin");
    assert_int_equal(m.tables[MAIN_CUSTOMERS].key, MAPPING_KEY_INT);
    assert_string_equal(m.tables[MAIN_CUSTOMERS].select, "select a as id from b");
    assert_int_equal(t->key, MAPPING_KEY_TEXT);
    assert_false(m.tables[MAIN_CONVERSATIONS].present);
    assert_string_equal(mapping_word(t, status, "weg"), "cancelled");
    assert_string_equal(mapping_word(t, status, "1"), "completed");
    assert_string_equal(mapping_word(t, status, "other"), "other");
    assert_string_equal(mapping_word(t, main_column_find(MAIN_APPOINTMENTS, "provider"), "a/b"),
                        "Dr. A");
    mapping_release(&m);
    buf_release(&errors);
}

static void
mapping__says_what_is_wrong_and_where(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "x.yaml: a mapping file is a mapping"},
        {"- 1\n", "x.yaml:1:1: a mapping file is a mapping"},
        {"a: [\n", "cannot be read as YAML"},
        {"time_zone: UTC\n", "tables is missing"},
        {CUSTOMERS "timezone: UTC\n", "x.yaml:5:1: unknown key timezone; did you mean time_zone?"},
        {CUSTOMERS "time_zone: \"UTC'; DROP TABLE x\"\n", "must be a zone's name"},
        {CUSTOMERS "time_zone: 3\n", "x.yaml:5:1: time_zone must be a zone's name"},
        {"tables: 3\n", "tables must be a mapping"},
        {"tables: {}\n", "tables lacks customers"},
        {"tables:\n  customer:\n    key: int\n",
         "x.yaml:2:3: unknown key customer; did you mean customers?"},
        {"tables:\n  customers:\n    key: bigin\n    select: SELECT 1\n",
         "x.yaml:3:5: key must be int, bigint, uuid or text; did you mean bigint?"},
        {"tables:\n  customers:\n    select: SELECT 1\n", "customers lacks key"},
        {"tables:\n  customers:\n    key: int\n", "customers lacks select"},
        {"tables:\n  customers:\n    key: int\n    select: DELETE FROM customers\n",
         "x.yaml:4:5: select must be one SELECT"},
        {"tables:\n  customers:\n    key: int\n    select: 7\n", "select must be one SELECT"},
        {CUSTOMERS "    selects: x\n", "unknown key selects; did you mean select?"},
        {CUSTOMERS "    words: {}\n  appointments: 3\n", "must be a mapping with key and select"},
        {CUSTOMERS "    words: {name: {a: b}}\n", "customers has no words in a column name"},
        {CUSTOMERS "  appointments:\n    key: int\n    select: SELECT 1\n"
                   "    words: {state: {a: b}}\n",
         "x.yaml:8:13: appointments has no words in a column state; did you mean status?"},
        {CUSTOMERS "  appointments:\n    key: int\n    select: SELECT 1\n"
                   "    words: {status: {a: canceled}}\n",
         "appointments.status is one of scheduled|completed|cancelled|no_show|rescheduled, not "
         "\"canceled\""},
        {CUSTOMERS "  appointments:\n    key: int\n    select: SELECT 1\n"
                   "    words: {status: {a: 3}}\n",
         "a word is translated into a word"},
        {CUSTOMERS "write_back: 3\n", "x.yaml:5:1: write_back must be a mapping"},
        {CUSTOMERS "write_back: {mesage: x}\n", "unknown key mesage; did you mean message?"},
        {CUSTOMERS "write_back: {message: x}\n", "write_back lacks conversation"},
        {CUSTOMERS "write_back: {message: DELETE FROM x}\n", "must be one INSERT"},
        {CUSTOMERS "write_back: {message: 'INSERT INTO x VALUES (:id)'}\n", "needs ON CONFLICT"},
        {CUSTOMERS "write_back: {message: 'INSERT INTO x VALUES (:send_at) ON CONFLICT'}\n",
         "x.yaml:5:14: no value is named :send_at; did you mean sent_at?"},
        {CUSTOMERS "  appointment_requests:\n    key: int\n    select: SELECT 1\n",
         "which the mapping lacks"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mapping m;
        struct buf errors = {0};
        struct error err = {0};

        if (mapping_parse("x.yaml", rows[i].text, strlen(rows[i].text), &m, &errors, &err))
            fail_msg("row %zu was taken", i);
        if (!strstr(buf_str(&errors), rows[i].want))
            fail_msg("row %zu: %s", i, buf_str(&errors));
        assert_int_equal(err.code, ERR_INVALID);
        mapping_release(&m);
        buf_release(&errors);
    }
}

static void
mapping__numbers_the_values_of_a_statement(void **state)
{
    static const char text[] = CUSTOMERS
        "write_back:\n"
        "  conversation: \"INSERT INTO c VALUES (:id::uuid, ':id', :channel) ON CONFLICT\"\n"
        "  message: INSERT INTO m VALUES (:content,:id) ON CONFLICT\n";
    struct mapping m;
    struct buf errors = {0};
    struct error err = {0};

    (void)state;
    if (!mapping_parse("x.yaml", text, sizeof text - 1, &m, &errors, &err))
        fail_msg("%s", buf_str(&errors));
    assert_string_equal(m.write_back[MAIN_WRITE_CONVERSATION],
                        "INSERT INTO c VALUES ($1::uuid, ':id', $3) ON CONFLICT");
    assert_string_equal(m.write_back[MAIN_WRITE_MESSAGE],
                        "INSERT INTO m VALUES ($4,$1) ON CONFLICT");
    mapping_release(&m);
    buf_release(&errors);
}

static void
mapping__tells_all_errors_at_once(void **state)
{
    static const char text[] = "time_zone: 1\ntables:\n  customers:\n    key: int4\n"
                               "    select: UPDATE x\n  other: 1\n";
    struct mapping m;
    struct buf errors = {0};
    struct error err = {0};
    size_t lines = 0;

    (void)state;
    assert_false(mapping_parse("x.yaml", text, sizeof text - 1, &m, &errors, &err));
    for (const char *p = buf_str(&errors); *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 4);
    mapping_release(&m);
    buf_release(&errors);
}

static void
mapping__another_text_is_another_digest(void **state)
{
    struct mapping a;
    struct mapping b;
    struct buf errors = {0};
    struct error err = {0};

    (void)state;
    assert_true(mapping_parse("x", CUSTOMERS, strlen(CUSTOMERS), &a, &errors, &err));
    assert_true(mapping_parse("x", CUSTOMERS "\n", strlen(CUSTOMERS) + 1, &b, &errors, &err));
    assert_string_not_equal(a.digest, b.digest);
    mapping_release(&a);
    mapping_release(&b);
    buf_release(&errors);
}

static void
mapping__an_unknown_name_lists_the_built_in(void **state)
{
    struct mapping m;
    struct buf errors = {0};
    struct error err = {0};

    (void)state;
    assert_false(mapping_load("referenc", ".", &m, &errors, &err));
    assert_non_null(strstr(err.text, "reference, salon"));
    mapping_release(&m);
    assert_false(mapping_load("absent.yaml", "/nonexistent", &m, &errors, &err));
    assert_non_null(strstr(err.text, "/nonexistent/absent.yaml"));
    mapping_release(&m);
    buf_release(&errors);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in__mappings_are_good),
        cmocka_unit_test(mapping__reads_keys_zone_and_words),
        cmocka_unit_test(mapping__says_what_is_wrong_and_where),
        cmocka_unit_test(mapping__numbers_the_values_of_a_statement),
        cmocka_unit_test(mapping__tells_all_errors_at_once),
        cmocka_unit_test(mapping__another_text_is_another_digest),
        cmocka_unit_test(mapping__an_unknown_name_lists_the_built_in),
    };

    return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
