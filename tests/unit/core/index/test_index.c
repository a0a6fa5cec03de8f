/*
 * The column index: made anew and brought up to date after incremental syncs it says what SQL says;
 * damaged, old or of another generation it says nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/index/file_layout.h"
#include "core/index/index.h"
#include "core/preview/preview.h"
#include "core/replica/sync.h"
#include "core/segment/preview_sql.h"
#include "core/store/main_database_sqlite.h"
#include "core/store/stores.h"
#include "temp_folder.h"

enum { NOW = 1795424400, DAY = 86400 };

static uint64_t seed;

static size_t
below(size_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)((seed >> 33) % n);
}

static void
must(bool ok, const struct error *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

/* --- a main database that changes */

struct clinic {
    char folder[TEMP_FOLDER_PATH];
    char *path;
    struct db *main_db, *db; /* db: ledger and replica in memory */
    struct config config;
    struct segment_env env;
    bool text_keys;
    size_t next_customer, next_row;
    int64_t stamp; /* updated_at of the next change */
};

static void
run(struct db *db, char *sql)
{
    struct error err = {0};
    bool ok = db_exec(db, sql, &err);

    if (!ok)
        fail_msg("%s: %s", sql, err.text);
    free(sql);
}

/* A key as SQL text; not in the order of n when it is a text. */
static char *
key_sql(const struct clinic *c, size_t n)
{
    return c->text_keys ? mem_printf("'%08zx-0000-4000-8000-000000000000'", n * 40503 % 1000003)
                        : mem_printf("%zu", n);
}

static char *
time_sql(int64_t t)
{
    char text[UTIME_RFC3339_SIZE];

    return below(12) == 0 ? mem_strdup("NULL") : mem_printf("'%s'", utime_format(t, text));
}

static int64_t
some_time(void)
{
    return NOW + ((int64_t)below(240) - 180) * DAY / 2 + (int64_t)below(3) - 1;
}

static void
put_customer(struct clinic *c, size_t n)
{
    static const char *const phones[] = {"'+13105550101'", "'+13105550102'", "NULL", "'none'"};
    static const char *const emails[] = {"'Ana@example.com'", "'ana@EXAMPLE.com'", "NULL",
                                         "'nobody'"};
    char *key = key_sql(c, n);
    char *created = time_sql(some_time());
    char *phone =
        below(5) ? mem_printf("'+1310555%04zu'", n % 9000 + 200) : mem_strdup(phones[below(4)]);
    char *email = below(5) ? mem_printf("'c%zu@example.com'", n) : mem_strdup(emails[below(4)]);

    run(c->main_db,
        mem_printf("INSERT OR REPLACE INTO customers (id, name, phone, email, is_new_client, "
                   "created_at, updated_at) VALUES (%s, 'Name %zu', %s, %s, %zu, %s, "
                   "datetime(%lld, 'unixepoch'))",
                   key, n, phone, email, below(2), created, (long long)c->stamp));
    free(key);
    free(created);
    free(phone);
    free(email);
}

static const char *
pick(const char *const *list, size_t count)
{
    return list[below(count)];
}
#define PICK(list) pick((list), ARRAY_LEN(list))

static void
put_appointment(struct clinic *c, size_t n)
{
    static const char *const statuses[] = {"'scheduled'", "'completed'", "'cancelled'", "NULL"};
    static const char *const services[] = {"'Massage'", "'Facial'", "'Hair'", "NULL"};
    char *owner = key_sql(c, below(c->next_customer + 3));
    char *at = time_sql(some_time());
    char *cancelled = time_sql(some_time());

    run(c->main_db,
        mem_printf("INSERT OR REPLACE INTO appointments (id, customer_id, appointment_datetime, "
                   "service_type, provider, status, booked_by, cancelled_at, updated_at) VALUES "
                   "(%zu, %s, %s, %s, 'Provider %zu', %s, 'staff', %s, "
                   "datetime(%lld, 'unixepoch'))",
                   n, owner, at, PICK(services), below(40), PICK(statuses), cancelled,
                   (long long)c->stamp));
    free(owner);
    free(at);
    free(cancelled);
}

static void
put_conversation(struct clinic *c, size_t n)
{
    static const char *const channels[] = {"'sms'", "'voice'", "'email'", "NULL"};
    static const char *const outcomes[] = {"'browsing'", "'booking_in_progress'", "'info_only'",
                                           "NULL"};
    static const char *const metadata[] = {
        "NULL", "'{\"visited_booking_page\":true}'",
        "'{\"visited_booking_page\":\"2026-10-10T10:00:00Z\",\"other\":1}'", "'{\"other\":0}'"};
    char *owner = key_sql(c, below(c->next_customer + 3));
    char *at = time_sql(some_time());
    size_t score = below(14);

    run(c->main_db,
        mem_printf("INSERT OR REPLACE INTO conversations (id, customer_id, channel, status, "
                   "conversation_type, last_activity_at, satisfaction_score, sentiment, outcome, "
                   "metadata, updated_at) VALUES ('v%zu', %s, %s, 'completed', 'research', %s, "
                   "nullif(%zu, 0), 'positive', %s, %s, datetime(%lld, 'unixepoch'))",
                   n, owner, PICK(channels), at, score > 10 ? 0 : score, PICK(outcomes),
                   PICK(metadata), (long long)c->stamp));
    free(owner);
    free(at);
}

static void
put_request(struct clinic *c, size_t n)
{
    static const char *const statuses[] = {"'new'", "'booked'", "'in_progress'"};

    run(c->main_db,
        mem_printf("INSERT OR REPLACE INTO appointment_requests (id, conversation_id, status, "
                   "updated_at) VALUES ('q%zu', 'v%zu', %s, datetime(%lld, 'unixepoch'))",
                   n, below(c->next_row + 1), PICK(statuses), (long long)c->stamp));
}

static const char SQL_MAIN[] =
    "CREATE TABLE customers (id PRIMARY KEY, name, phone, email, is_new_client, notes, created_at, "
    " updated_at);"
    "CREATE TABLE appointments (id PRIMARY KEY, customer_id, appointment_datetime, service_type, "
    " provider, duration_minutes, status, booked_by, cancellation_reason, cancelled_at, "
    " created_at, updated_at);"
    "CREATE TABLE conversations (id PRIMARY KEY, customer_id, channel, status, conversation_type, "
    " campaign_id, initiated_at, last_activity_at, completed_at, satisfaction_score, sentiment, "
    " outcome, subject, ai_summary, metadata, created_at, updated_at);"
    "CREATE TABLE communication_messages (id, conversation_id, direction, content, sent_at, "
    " metadata);"
    "CREATE TABLE appointment_requests (id PRIMARY KEY, customer_id, conversation_id, channel, "
    " status, service_type, created_at, updated_at);";

static void
sync_now(struct clinic *c, enum sync_mode mode, struct sync_result *result)
{
    struct main_database source = {0};
    struct error err = {0};

    must(main_database_open_sqlite(c->path, &source, &err), &err);
    must(replica_sync_from(c->db, &source, "US", c->stamp, mode, NULL, NULL, result, &err), &err);
    main_database_close(&source);
}

static void
clinic_open(struct clinic *c, size_t customers, bool text_keys)
{
    struct error err = {0};
    struct sync_result result;

    *c = (struct clinic){.text_keys = text_keys, .stamp = NOW};
    temp_folder_make(c->folder);
    c->path = path_join(c->folder, "main.db");
    config_init_defaults(&c->config);
    c->env = (struct segment_env){NOW, &c->config};
    c->main_db = db_open(c->path, DB_CREATE, &err);
    must(c->main_db != NULL, &err);
    must(db_exec(c->main_db, SQL_MAIN, &err) && db_begin(c->main_db, &err), &err);
    for (; c->next_customer < customers; c->next_customer++)
        put_customer(c, c->next_customer + 1);
    for (; c->next_row < customers * 2; c->next_row++) {
        put_appointment(c, c->next_row);
        put_conversation(c, c->next_row);
        if (below(4) == 0)
            put_request(c, c->next_row);
    }
    must(db_commit(c->main_db, &err), &err);
    c->db = stores_open_memory(&err);
    must(c->db != NULL, &err);
    sync_now(c, SYNC_FULL, &result);
}

static void
clinic_close(struct clinic *c)
{
    db_close(c->db);
    db_close(c->main_db);
    free(c->path);
    temp_folder_remove(c->folder);
    config_release(&c->config);
}

static void
change_something(struct clinic *c)
{
    struct error err = {0};

    c->stamp += 3600;
    must(db_begin(c->main_db, &err), &err);
    for (size_t i = 0, n = below(4); i < n; i++)
        put_customer(c, ++c->next_customer);
    for (size_t i = 0, n = below(4); i < n; i++) {
        put_customer(c, below(c->next_customer) + 1);
        put_appointment(c, below(2) ? ++c->next_row : below(c->next_row));
        put_conversation(c, below(2) ? ++c->next_row : below(c->next_row));
        put_request(c, below(c->next_row));
    }
    if (below(2))
        run(c->main_db,
            mem_printf("DELETE FROM conversations WHERE id = 'v%zu'", below(c->next_row)));
    if (below(2))
        run(c->main_db, mem_printf("DELETE FROM appointments WHERE id = %zu", below(c->next_row)));
    if (below(3) == 0) {
        char *key = key_sql(c, below(c->next_customer) + 1);

        run(c->main_db, mem_printf("DELETE FROM customers WHERE id = %s", key));
        free(key);
    }
    must(db_commit(c->main_db, &err), &err);
}

/* --- the index and SQL say the same */

static const char *const documents[] = {
    "{}",
    "{\"last_contact\":{\"older_than_days\":20}}",
    "{\"last_contact\":{\"never\":true}}",
    "{\"last_appointment\":{\"status\":\"cancelled\",\"within_days\":60}}",
    "{\"last_appointment\":{\"service\":[\"Massage\",\"Hair\"],\"cancelled_within_days\":30}}",
    "{\"last_appointment\":{\"provider\":[\"Provider 1\",\"Provider 2\",\"Provider 3\",\"Provider "
    "4\","
    "\"Provider 5\",\"Provider 6\"]}}",
    "{\"last_visit\":{\"within_days\":40}}",
    "{\"next_appointment\":{\"in_next_days\":20}}",
    "{\"next_appointment\":{\"never\":true}}",
    "{\"last_cancellation\":{\"older_than_days\":3}}",
    "{\"last_activity\":{\"older_than_days\":10}}",
    "{\"appointment_count\":{\">=\":3}}",
    "{\"conversation_count\":{\"<\":2}}",
    "{\"last_satisfaction\":{\">=\":7}}",
    "{\"conversation\":{\"channel\":\"sms\",\"outcome\":\"browsing\"}}",
    "{\"conversation\":{\"booking_intent\":true,\"within_days\":50}}",
    "{\"conversation\":{\"booking_intent\":false,\"count\":{\">\":1}}}",
    "{\"conversation\":{\"has_metadata\":\"other\",\"satisfaction\":{\"<\":8}}}",
    "{\"conversation\":{\"channel\":\"voice\",\"count\":0}}",
    "{\"appointment\":{\"upcoming\":true,\"status\":\"scheduled\"}}",
    "{\"appointment\":{\"upcoming\":false,\"count\":{\"!=\":2}}}",
    "{\"appointment\":{\"provider\":\"Provider 7\",\"booked_by\":\"staff\"}}",
    "{\"customer\":{\"is_new_client\":true,\"has_phone\":true,\"created_within_days\":50}}",
    "{\"customer\":{\"has_email\":false}}",
    "{\"customer\":{\"name_contains\":\"name 1\",\"has_phone\":true}}",
    "{\"page_visit\":{\"key\":\"visited_booking_page\",\"older_than_days\":30}}",
    "{\"page_visit\":{\"key\":\"other\",\"never\":true}}",
    "{\"any\":[{\"not\":{\"last_contact\":{\"within_days\":9}}},{\"appointment_count\":1}]}",
};

struct ids {
    struct key *keys;
    size_t count, capacity;
};

static bool
take(void *ctx, const struct key *key)
{
    struct ids *ids = ctx;

    ids->keys = mem_grow(ids->keys, ids->count, &ids->capacity, sizeof *ids->keys);
    ids->keys[ids->count++] = key_dup(key);
    return true;
}

static void
ids_release(struct ids *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        key_release(&ids->keys[i]);
    free(ids->keys);
}

static void
assert_same_ids(const struct ids *a, const struct ids *b, const char *document)
{
    if (a->count != b->count)
        fail_msg("%s: %zu from the index, %zu from SQL", document, a->count, b->count);
    for (size_t i = 0; i < a->count; i++)
        if (key_compare(&a->keys[i], &b->keys[i]) != 0)
            fail_msg("%s: they differ at %zu", document, i);
}

static void
assert_document(struct clinic *c, const char *document)
{
    static const char *const channels[] = {"sms", "email"};
    struct error err = {0};
    struct criteria *criteria = criteria_from_text(document, strlen(document), false, &err);
    struct segment_sample a;
    struct segment_sample b;
    struct ids index_ids = {0};
    struct ids sql_ids = {0};

    must(criteria != NULL, &err);
    must(segment_each_id(c->db, criteria, &c->env, take, &index_ids, &err), &err);
    must(segment_sql_each_id(c->db, criteria, &c->env, take, &sql_ids, &err), &err);
    assert_same_ids(&index_ids, &sql_ids, document);
    for (size_t i = 0; i < ARRAY_LEN(channels); i++) {
        struct reach x;
        struct reach y;

        must(segment_reach(c->db, criteria, &c->env, channels[i], &x, &err), &err);
        must(segment_sql_reach(c->db, criteria, &c->env, channels[i], &y, &err), &err);
        if (memcmp(&x, &y, sizeof x) != 0)
            fail_msg("%s: the reach differs: reachable %lld and %lld", document,
                     (long long)x.reachable, (long long)y.reachable);
    }
    must(segment_sample(c->db, criteria, &c->env, "sms", 20, below(3), &a, &err), &err);
    must(segment_sql_sample(c->db, criteria, &c->env, "sms", 20, 0, &b, &err), &err);
    assert_int_equal(a.count, b.count);
    segment_sample_release(&a);
    segment_sample_release(&b);
    ids_release(&index_ids);
    ids_release(&sql_ids);
    criteria_free(criteria);
}

static void
attach(struct clinic *c, const struct buf *bytes)
{
    struct error err = {0};

    must(index_attach(c->db, bytes->data, bytes->len, &err), &err);
    assert_non_null(index_of(c->db));
}

/* The same words as SQL finds, in any order. */
static void
assert_words(struct clinic *c, const char *leaf_name, const char *key_name)
{
    const struct leaf_key *key = leaf_key_find(leaf_find(leaf_name), key_name);
    char *sql = mem_printf("SELECT count(DISTINCT %s) FROM replica.%s", key->column, key->table);
    const char *const *words = NULL;
    struct error err = {0};
    size_t count = 0;
    int64_t expected = 0;

    must(db_query_i64(c->db, sql, &expected, &err), &err);
    assert_true(index_used_words(index_of(c->db), key->table, key->column, &words, &count));
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        char *has = mem_printf("SELECT EXISTS (SELECT 1 FROM replica.%s WHERE %s = '%s')",
                               key->table, key->column, words[i]);
        int64_t found = 0;

        must(db_query_i64(c->db, has, &found, &err), &err);
        assert_int_equal(found, 1);
        free(has);
    }
    free(sql);
}

static void
grow_with_syncs(size_t customers, size_t rounds, bool text_keys)
{
    struct clinic c;
    struct buf bytes = {0};
    struct error err = {0};
    bool merged = false;
    size_t merges = 0;

    clinic_open(&c, customers, text_keys);
    must(index_make_bytes(c.db, NULL, &bytes, &merged, &err), &err);
    for (size_t round = 0; round < rounds; round++) {
        struct sync_result result;
        struct buf next = {0};

        attach(&c, &bytes);
        assert_words(&c, "conversation", "outcome");
        assert_words(&c, "appointment", "provider");
        for (size_t i = round % 4; i < ARRAY_LEN(documents); i += round == 0 ? 1 : 4)
            assert_document(&c, documents[i]);
        change_something(&c);
        sync_now(&c, SYNC_INCREMENTAL, &result);
        assert_int_equal(result.mode, SYNC_INCREMENTAL);
        must(index_make_bytes(c.db, result.changed ? &bytes : NULL, &next, &merged, &err), &err);
        merges += merged;
        buf_release(&bytes);
        bytes = next;
    }
    attach(&c, &bytes);
    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        assert_document(&c, documents[i]);
    assert_true(merges + 2 >= rounds);
    buf_release(&bytes);
    clinic_close(&c);
}

static void
an_index_brought_up_to_date_says_what_sql_says(void **state)
{
    (void)state;
    seed = 1;
    grow_with_syncs(150, 8, false);
    seed = 2;
    grow_with_syncs(130, 8, true);
    seed = 3;
    grow_with_syncs(64, 5, false);
}

/* More than one block, and a last word that is not full. */
static void
blocks_and_their_borders(void **state)
{
    (void)state;
    seed = 4;
    grow_with_syncs(4200, 1, false);
}

/* All at one index, with days that move, words that stay and words that do not. */
static void
ask_with_moving_days(struct clinic *c)
{
    static const char *const stills[] = {
        "\"conversation\":{\"channel\":\"sms\",",
        "\"conversation\":{\"channel\":\"voice\",",
        "\"conversation\":{\"channel\":[\"sms\",\"voice\"],",
        "\"conversation\":{\"booking_intent\":true,",
        "\"conversation\":{\"booking_intent\":false,\"count\":2,",
        "\"conversation\":{\"booking_intent\":true,\"satisfaction\":{\">\":4},",
        "\"conversation\":{\"has_metadata\":\"other\",",
        "\"conversation\":{\"has_metadata\":\"visited_booking_page\",",
        "\"appointment\":{\"status\":\"cancelled\",",
        "\"appointment\":{\"status\":\"completed\",\"upcoming\":false,",
    };
    static const int days[] = {10, 60, 25};

    for (size_t d = 0; d < ARRAY_LEN(days); d++)
        for (size_t i = 0; i < ARRAY_LEN(stills); i++) {
            char *document = mem_printf("{%s\"within_days\":%d}}", stills[i], days[d]);

            assert_document(c, document);
            free(document);
        }
}

static void
kept_rows_are_those_of_their_words_and_outcomes(void **state)
{
    static char info_only[] = "info_only";
    static char *others[] = {info_only};
    struct clinic c;
    struct buf bytes = {0};
    struct error err = {0};
    bool merged = false;

    (void)state;
    seed = 9;
    clinic_open(&c, 120, false);
    must(index_make_bytes(c.db, NULL, &bytes, &merged, &err), &err);
    attach(&c, &bytes);
    ask_with_moving_days(&c);
    {
        const struct config before = c.config;

        c.config.segments.booking_intent_outcomes.items = others;
        c.config.segments.booking_intent_outcomes.count = 1;
        ask_with_moving_days(&c);
        c.config.segments = before.segments;
    }
    c.env.now_s += 7 * DAY;
    ask_with_moving_days(&c);
    /* other rows in the same connection */
    c.env.now_s = NOW;
    for (size_t i = 0; i < 20; i++)
        change_something(&c);
    {
        struct sync_result result;

        sync_now(&c, SYNC_INCREMENTAL, &result);
    }
    must(index_make_bytes(c.db, NULL, &bytes, &merged, &err), &err);
    attach(&c, &bytes);
    ask_with_moving_days(&c);
    buf_release(&bytes);
    clinic_close(&c);
}

static void
no_customer_at_all(void **state)
{
    struct clinic c;
    struct buf bytes = {0};
    struct error err = {0};
    bool merged = false;

    (void)state;
    seed = 5;
    clinic_open(&c, 0, false);
    must(index_make_bytes(c.db, NULL, &bytes, &merged, &err), &err);
    attach(&c, &bytes);
    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        assert_document(&c, documents[i]);
    buf_release(&bytes);
    clinic_close(&c);
}

/* --- damage */

/* Every document is answered, and as SQL does, whatever the bytes are. */
static void
assert_answers(struct clinic *c, const void *bytes, size_t len)
{
    struct error err = {0};

    if (!index_attach(c->db, bytes, len, &err))
        assert_int_equal(err.code, ERR_INVALID);
    for (size_t i = 0; i < ARRAY_LEN(documents); i += 3)
        assert_document(c, documents[i]);
}

static void
a_damaged_section_is_never_used(void **state)
{
    struct clinic c;
    struct buf bytes = {0};
    struct layout_head head;
    struct error err = {0};
    bool merged = false;

    (void)state;
    seed = 6;
    clinic_open(&c, 40, false);
    must(index_make_bytes(c.db, NULL, &bytes, &merged, &err), &err);
    memcpy(&head, bytes.data, sizeof head);
    for (int s = 0; s < SECTION_COUNT; s++) {
        const struct layout_entry *e = &head.table[s];
        size_t len = e->count * e->width;
        struct index_file *f;
        size_t at = e->offset + (len ? below(len) : 0);

        if (len == 0)
            continue;
        bytes.data[at] ^= (char)(1 << below(8));
        f = index_file_from(bytes.data, bytes.len, &err);
        assert_non_null(f);
        assert_false(index_file_check(f));
        assert_true(index_file_is_damaged(f));
        index_file_close(f);
        assert_answers(&c, bytes.data, bytes.len);
        must(index_make_bytes(c.db, NULL, &bytes, &merged, &err), &err);
        memcpy(&head, bytes.data, sizeof head);
    }
    buf_release(&bytes);
    clinic_close(&c);
}

static void
a_damaged_head_is_refused(void **state)
{
    struct clinic c;
    struct buf bytes = {0};
    struct error err = {0};
    bool merged = false;

    (void)state;
    seed = 7;
    clinic_open(&c, 10, false);
    must(index_make_bytes(c.db, NULL, &bytes, &merged, &err), &err);
    for (size_t at = 0; at < sizeof(struct layout_head); at++) {
        char was = bytes.data[at];

        bytes.data[at] ^= (char)(1 << below(8));
        assert_null(index_file_from(bytes.data, bytes.len, &err));
        bytes.data[at] = was;
    }
    for (size_t len = 0; len < bytes.len; len += len < 4096 ? 64 : 997)
        assert_null(index_file_from(bytes.data, len, &err));
    buf_add(&bytes, "more", 4);
    assert_null(index_file_from(bytes.data, bytes.len, &err));
    assert_answers(&c, bytes.data, bytes.len);
    buf_release(&bytes);
    clinic_close(&c);
}

/* A hash that fits says nothing of offsets: they are looked at too. */
static void
offsets_that_lead_outside_are_refused(void **state)
{
    static const enum index_section sections[] = {
        SECTION_CONVERSATION_FIRST, SECTION_APPOINTMENT_FIRST, SECTION_HELD_FIRST,
        SECTION_HELD_ROW,           SECTION_HELD_OWNER,        SECTION_PHONE_GROUP,
        SECTION_PHONE_MEMBER,
    };
    struct clinic c;
    struct buf bytes = {0};
    struct error err = {0};
    bool merged = false;

    (void)state;
    seed = 8;
    clinic_open(&c, 60, false);
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        struct layout_head head;
        struct layout_entry *e = &head.table[sections[i]];
        uint32_t outside = UINT32_MAX - 1;
        struct index_file *f;

        must(index_make_bytes(c.db, NULL, &bytes, &merged, &err), &err);
        memcpy(&head, bytes.data, sizeof head);
        assert_true(e->count > 1);
        memcpy(bytes.data + e->offset + 4, &outside, sizeof outside);
        e->hash = index_hash(bytes.data + e->offset, e->count * e->width);
        head.header.hash = 0;
        head.header.hash = index_hash(&head, sizeof head);
        memcpy(bytes.data, &head, sizeof head);
        f = index_file_from(bytes.data, bytes.len, &err);
        assert_non_null(f);
        assert_false(index_file_check(f));
        index_file_close(f);
        assert_answers(&c, bytes.data, bytes.len);
    }
    buf_release(&bytes);
    clinic_close(&c);
}

/* --- the file beside a replica */

struct home {
    char folder[TEMP_FOLDER_PATH];
    char *index;
};

static void
home_open(struct home *h)
{
    struct error err = {0};
    struct db *db;

    temp_folder_make(h->folder);
    h->index = path_join(h->folder, "replica.idx");
    db = replica_open_writer(h->folder, &err);
    must(db != NULL, &err);
    must(
        db_exec(db,
                "INSERT INTO replica.customer (id, key, is_new_client) VALUES (1, 1, 1), (2, 2, 0);"
                "INSERT INTO replica.state (id, generation, synced_at, source, country, customers) "
                "VALUES (1, 5, 0, '', 'US', 2)",
                &err),
        &err);
    must(index_refresh(db, false, &err), &err);
    db_close(db);
}

static void
home_close(struct home *h)
{
    temp_folder_remove(h->folder);
    free(h->index);
}

static int64_t
count_new(const struct home *h, struct db *db)
{
    static const char document[] = "{\"customer\":{\"is_new_client\":true}}";
    struct config config;
    struct segment_env env = {NOW, &config};
    struct error err = {0};
    struct criteria *c = criteria_from_text(document, sizeof document - 1, false, &err);
    int64_t count = -1;

    (void)h;
    config_init_defaults(&config);
    must(segment_count(db, c, &env, &count, &err), &err);
    criteria_free(c);
    config_release(&config);
    return count;
}

static void
change_replica(const struct home *h, const char *sql, bool refresh)
{
    struct error err = {0};
    struct db *db = replica_open_writer(h->folder, &err);

    must(db != NULL, &err);
    must(db_exec(db, sql, &err), &err);
    if (refresh)
        must(index_refresh(db, false, &err), &err);
    db_close(db);
}

static void
an_index_of_another_generation_is_not_asked(void **state)
{
    struct home h;
    struct error err = {0};
    struct db *db;

    (void)state;
    home_open(&h);
    db = reader_open(h.folder, &err);
    must(db != NULL, &err);
    assert_non_null(index_of(db));
    assert_int_equal(count_new(&h, db), 1);
    /* the replica goes on and nobody has made the index yet */
    change_replica(&h,
                   "UPDATE replica.customer SET is_new_client = 1; "
                   "UPDATE replica.state SET generation = 6",
                   false);
    assert_null(index_of(db));
    assert_int_equal(count_new(&h, db), 2);
    change_replica(&h, "SELECT 1", true);
    assert_non_null(index_of(db));
    assert_int_equal(count_new(&h, db), 2);
    /* a replica made again from nothing comes to the same number, without the stamp */
    change_replica(
        &h, "DELETE FROM replica.watermark; UPDATE replica.customer SET is_new_client = 0", false);
    assert_null(index_of(db));
    assert_int_equal(count_new(&h, db), 0);
    db_close(db);
    home_close(&h);
}

static void
damage_on_disk_is_noticed_and_mended_by_the_next_sync(void **state)
{
    struct home h;
    struct error err = {0};
    struct buf bytes = {0};
    struct layout_head head;
    struct db *db;

    (void)state;
    home_open(&h);
    must(file_read(h.index, 1 << 20, &bytes, &err), &err);
    memcpy(&head, bytes.data, sizeof head);
    bytes.data[head.table[SECTION_FLAGS].offset] ^= INDEX_IS_NEW;
    must(file_write_atomic(h.index, bytes.data, bytes.len, 0600, &err), &err);
    db = reader_open(h.folder, &err);
    must(db != NULL, &err);
    assert_int_equal(count_new(&h, db), 1);
    assert_false(file_exists(h.index)); /* taken away, so that the sync sees it */
    assert_null(index_of(db));
    change_replica(&h, "SELECT 1", true);
    assert_true(file_exists(h.index));
    assert_non_null(index_of(db));
    assert_int_equal(count_new(&h, db), 1);
    /* cut off under the reader's eyes */
    assert_int_equal(truncate(h.index, 100), 0);
    assert_int_equal(count_new(&h, db), 1);
    assert_null(index_of(db));
    db_close(db);
    buf_release(&bytes);
    home_close(&h);
}

static void
what_is_no_index_is_replaced(void **state)
{
    static const char *const contents[] = {"", "x", "CNVINDEX", "SQLite format 3"};
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        struct home h;
        struct db *db;

        home_open(&h);
        must(file_write_atomic(h.index, contents[i], strlen(contents[i]), 0600, &err), &err);
        db = reader_open(h.folder, &err);
        must(db != NULL, &err);
        assert_null(index_of(db));
        assert_int_equal(count_new(&h, db), 1);
        change_replica(&h, "SELECT 1", true);
        assert_non_null(index_of(db));
        db_close(db);
        home_close(&h);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_brought_up_to_date_says_what_sql_says),
        cmocka_unit_test(blocks_and_their_borders),
        cmocka_unit_test(kept_rows_are_those_of_their_words_and_outcomes),
        cmocka_unit_test(no_customer_at_all),
        cmocka_unit_test(a_damaged_section_is_never_used),
        cmocka_unit_test(a_damaged_head_is_refused),
        cmocka_unit_test(offsets_that_lead_outside_are_refused),
        cmocka_unit_test(an_index_of_another_generation_is_not_asked),
        cmocka_unit_test(damage_on_disk_is_noticed_and_mended_by_the_next_sync),
        cmocka_unit_test(what_is_no_index_is_replaced),
    };

    return cmocka_run_group_tests_name("column index", tests, NULL, NULL);
}
