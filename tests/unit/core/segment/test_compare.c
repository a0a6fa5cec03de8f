/* Two segments: overlap and combinations, by SQL and by the index, against sets of ids; renaming.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/index/index.h"
#include "core/preview/preview.h"
#include "core/segment/segment.h"
#include "core/store/stores.h"

enum { NOW = 1000000000, DAY = 86400, CUSTOMERS = 500 };

struct world {
    struct db *db;
    struct config config;
    struct segment_env env;
};

static void
must(bool ok, const struct error *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

static int
set_up(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    struct error err = {0};
    struct buf sql = {0};

    config_init_defaults(&w->config);
    w->env = (struct segment_env){NOW, &w->config};
    w->db = stores_open_memory(&err);
    if (!w->db)
        return -1;
    for (int i = 1; i <= CUSTOMERS; i++) {
        buf_printf(&sql,
                   "INSERT INTO replica.customer (id, key, name, is_new_client, last_contact, "
                   "appointment_count) VALUES (%d, %d, '%s %d', %d, ",
                   i, i, i % 5 ? "Bo" : "Zoë", i, i % 3 == 0);
        if (i % 7 == 0)
            buf_add_str(&sql, "NULL");
        else
            buf_printf(&sql, "%d", NOW - i * 37 % 120 * DAY);
        buf_printf(&sql, ", %d);", i % 4);
        for (int k = 0; k < i % 4; k++) /* rows behind the count: the index looks at both */
            buf_printf(&sql,
                       "INSERT INTO replica.appointment (key, customer_id, at, status) "
                       "VALUES (%d, %d, %d, 'completed');",
                       i * 10 + k, i, NOW - k * DAY);
    }
    must(db_exec(w->db, buf_str(&sql), &err), &err);
    buf_release(&sql);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    db_close(w->db);
    config_release(&w->config);
    free(w);
    return 0;
}

static const char *const documents[] = {
    "{}",
    "{\"any\":[]}",
    "{\"last_contact\":{\"older_than_days\":30}}",
    "{\"not\":{\"last_contact\":{\"older_than_days\":60}}}",
    "{\"last_contact\":{\"never\":true}}",
    "{\"appointment_count\":{\">=\":2}}",
    "{\"customer\":{\"name_contains\":\"ZOË\"}}", /* no column holds it: asked of SQL */
    "{\"any\":[{\"customer\":{\"is_new_client\":true}},{\"appointment_count\":1}]}",
    "{\"has_appointment\":true,\"days_since_last_contact\":10}",
};

static struct criteria *
parse(const json_t *document)
{
    struct error err = {0};
    struct criteria *c = criteria_from_json(document, &err);

    must(c != NULL, &err);
    return c;
}

static bool
mark(void *ctx, const struct key *key)
{
    ((bool *)ctx)[key->number] = true;
    return true;
}

static void
ids_of(struct world *w, const struct criteria *c, bool in[CUSTOMERS + 1])
{
    struct error err = {0};

    memset(in, 0, (CUSTOMERS + 1) * sizeof *in);
    must(segment_each_id(w->db, c, &w->env, mark, in, &err), &err);
}

/* Everything about a pair agrees with the sets of ids. Returns how many are in both. */
static int64_t
check_pair(struct world *w, json_t *documents_a, json_t *documents_b)
{
    struct criteria *a = parse(documents_a);
    struct criteria *b = parse(documents_b);
    struct segment_overlap o;
    struct segment_overlap want = {0};
    struct error err = {0};
    bool in_a[CUSTOMERS + 1];
    bool in_b[CUSTOMERS + 1];
    bool in[CUSTOMERS + 1];

    ids_of(w, a, in_a);
    ids_of(w, b, in_b);
    for (int i = 1; i <= CUSTOMERS; i++) {
        want.a += in_a[i];
        want.b += in_b[i];
        want.both += in_a[i] && in_b[i];
    }
    must(segment_compare(w->db, a, b, &w->env, &o, &err), &err);
    assert_int_equal(o.a, want.a);
    assert_int_equal(o.b, want.b);
    assert_int_equal(o.both, want.both);
    for (enum segment_combination how = COMBINE_ALL; how <= COMBINE_WITHOUT; how++) {
        json_t *made = segment_combine(how, documents_a, documents_b);
        struct criteria *c = parse(made);

        ids_of(w, c, in);
        for (int i = 1; i <= CUSTOMERS; i++)
            assert_int_equal(in[i], how == COMBINE_ALL   ? in_a[i] && in_b[i]
                                    : how == COMBINE_ANY ? in_a[i] || in_b[i]
                                                         : in_a[i] && !in_b[i]);
        criteria_free(c);
        json_decref(made);
    }
    criteria_free(a);
    criteria_free(b);
    return want.both;
}

static void
check_all(struct world *w)
{
    int64_t total = 0;

    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        for (size_t k = 0; k < ARRAY_LEN(documents); k++) {
            json_t *a = json_loads(documents[i], 0, NULL);
            json_t *b = json_loads(documents[k], 0, NULL);

            assert_non_null(a);
            assert_non_null(b);
            total += check_pair(w, a, b);
            json_decref(a);
            json_decref(b);
        }
    assert_true(total > CUSTOMERS); /* not all of them empty */
}

static void
sql_agrees_with_sets_of_ids(void **state)
{
    struct world *w = *state;

    assert_null(index_of(w->db));
    check_all(w);
}

static void
the_index_agrees_with_sets_of_ids(void **state)
{
    struct world *w = *state;
    struct buf bytes = {0};
    struct error err = {0};
    bool merged = false;

    must(index_make_bytes(w->db, NULL, &bytes, &merged, &err), &err);
    must(index_attach(w->db, bytes.data, bytes.len, &err), &err);
    assert_non_null(index_of(w->db));
    check_all(w);
    assert_non_null(index_of(w->db)); /* it was not given up on the way */
    buf_release(&bytes);
}

static void
save(struct world *w, const char *name, const char *text)
{
    struct error err = {0};
    struct criteria *c = criteria_from_text(text, strlen(text), false, &err);

    must(c && segment_save(w->db, name, c, NOW, &err), &err);
    criteria_free(c);
}

static int64_t
number(struct world *w, const char *sql)
{
    struct error err = {0};
    struct db_stmt *st = db_prepare(w->db, sql, &err);
    int64_t n;

    must(st && db_step_one(st, &err), &err);
    n = db_column_i64(st, 0);
    db_stmt_release(st);
    return n;
}

static void
renaming_takes_drafts_along_and_overwrites_nothing(void **state)
{
    struct world *w = *state;
    struct error err = {0};

    save(w, "one", "{}");
    save(w, "two", "{\"appointment_count\":1}");
    must(db_exec(
             w->db,
             "INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, "
             "updated_at) VALUES "
             "(1, 'u', 'n', 'research', 'sms', '{\"segment\":{\"saved\":\"one\"},\"x\":1}', 0, 0),"
             "(2, 'v', 'n', 'research', 'sms', '{\"segment\":{\"saved\":\"two\"}}', 0, 0),"
             "(3, 'w', 'n', 'research', 'sms', '{}', 0, 0)",
             &err),
         &err);
    assert_false(segment_rename(w->db, "one", "two", &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(segment_rename(w->db, "three", "four", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(segment_rename(w->db, "one", "", &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(number(w, "SELECT count(*) FROM saved_segment WHERE name IN ('one', 'two')"),
                     2);
    must(segment_rename(w->db, "one", "first", &err), &err);
    must(segment_rename(w->db, "first", "first", &err), &err); /* itself: nothing happens */
    assert_int_equal(number(w, "SELECT count(*) FROM saved_segment WHERE name = 'first'"), 1);
    assert_int_equal(number(w, "SELECT count(*) FROM saved_segment WHERE name = 'one'"), 0);
    assert_int_equal(number(w, "SELECT count(*) FROM campaign WHERE id = 1 AND spec = "
                               "'{\"segment\":{\"saved\":\"first\"},\"x\":1}'"),
                     1);
    assert_int_equal(number(w, "SELECT count(*) FROM campaign WHERE id = 2 AND spec = "
                               "'{\"segment\":{\"saved\":\"two\"}}'"),
                     1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sql_agrees_with_sets_of_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_index_agrees_with_sets_of_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renaming_takes_drafts_along_and_overwrites_nothing, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("core/segment/compare", tests, NULL, NULL);
}
