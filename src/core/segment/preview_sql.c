#include "core/segment/preview_sql.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/segment/compile.h"
#include "core/store/customer_says.h"
#include "core/store/db_feed.h"

enum { ADDRESS_SLICE = 1000 };

/* Where the replica keeps the address of a channel. */
struct address_columns {
    const char *channel;
    const char *compare; /* equal for equal addresses; NULL when there is no valid one */
    const char *send;    /* what a message is sent to */
};

static const struct address_columns address_columns[] = {
    {"sms", "phone_e164", "phone_e164"},
    {"voice", "phone_e164", "phone_e164"},
    {"email", "email_norm", "email_send"},
};

static const struct address_columns *
columns_of(const char *channel, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(address_columns); i++)
        if (strcmp(address_columns[i].channel, channel) == 0)
            return &address_columns[i];
    (void)error_set(err, ERR_INVALID, "unknown channel \"%.40s\"; known are sms, email and voice",
                    channel);
    return NULL;
}

/* Builds, prepares and binds; the text begins after the common table expressions. */
static struct db_stmt *
prepare(struct db *db, const struct segment_sql *q, const struct buf *body, struct error *err)
{
    struct buf sql = {0};
    struct db_stmt *st;

    segment_sql_add_with(q, &sql);
    buf_add(&sql, body->data, body->len);
    st = db_prepare(db, buf_str(&sql), err);
    if (st)
        segment_sql_bind(q, st);
    buf_release(&sql);
    return st;
}

bool
segment_sql_count(struct db *db, const struct criteria *c, const struct segment_env *env,
                  int64_t *matched, struct error *err)
{
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    char *condition = segment_sql_node(&q, c->root);
    struct db_stmt *st;
    bool ok;

    buf_printf(&body, "SELECT count(*) FROM replica.customer c WHERE %s", condition);
    st = prepare(db, &q, &body, err);
    ok = st && db_step_one(st, err);
    if (ok)
        *matched = db_column_i64(st, 0);
    db_stmt_release(st);
    buf_release(&body);
    free(condition);
    segment_sql_release(&q);
    return ok || error_wrap(err, "count the segment");
}

/*
 * All the forms under which messages may have gone to this address, as a list for IN (...). Mail
 * goes to the form that the customer wrote, and two customers may have written it differently.
 */
static void
add_forms(const struct address_columns *a, const char *alias, struct buf *out)
{
    if (strcmp(a->compare, a->send) == 0)
        buf_printf(out, "(%s.%s)", alias, a->compare);
    else
        buf_printf(out,
                   "(SELECT %s.%s UNION SELECT x.%s FROM replica.customer x WHERE x.%s = %s.%s)",
                   alias, a->compare, a->send, a->compare, alias, a->compare);
}

static void
add_opted_out(struct segment_sql *q, const struct address_columns *a, const char *alias,
              struct buf *out)
{
    char name[SQL_NAME_SIZE];

    buf_add_str(out, "EXISTS (SELECT 1 FROM main.suppression s WHERE s.address IN ");
    add_forms(a, alias, out);
    buf_printf(out, " AND s.channel IN (%s, 'all'))", segment_sql_text(q, a->channel, name));
}

/*
 * One more message would be more than the cap allows. What may have reached the person counts:
 * contacted within the days, and what is under way or in doubt.
 */
static void
add_capped(struct segment_sql *q, const struct address_columns *a, const char *alias,
           struct buf *out)
{
    char name[SQL_NAME_SIZE];
    char cap[SQL_NAME_SIZE];
    int64_t since = 0;

    if (q->env->config->policy.cap_messages <= 0) {
        buf_add_char(out, '0');
        return;
    }
    if (!cutoff_before(q->env->now_s, q->env->config->policy.cap_days, &since))
        since = INT64_MIN;
    buf_add_str(out, "(SELECT count(*) FROM main.delivery d WHERE d.address IN ");
    add_forms(a, alias, out);
    buf_printf(out,
               " AND (d.state IN ('sending', 'in_doubt') OR (d.state IN ('accepted', 'sent', "
               "'delivered', 'undelivered') AND d.accepted_at >= %s))) >= %s",
               segment_sql_i64(q, since, name),
               segment_sql_i64(q, q->env->config->policy.cap_messages, cap));
}

/* CASE ... END: one of the first four of the enum, for a customer under that alias. */
static void
add_reach(struct segment_sql *q, const struct address_columns *a, const char *alias,
          struct buf *out)
{
    buf_printf(out, "CASE WHEN %s.%s IS NULL THEN %d WHEN ", alias, a->compare, REACH_NO_ADDRESS);
    add_opted_out(q, a, alias, out);
    buf_printf(out, " THEN %d WHEN ", REACH_OPTED_OUT);
    add_capped(q, a, alias, out);
    buf_printf(out, " THEN %d ELSE %d END", REACH_CAPPED, REACH_LEFT);
}

/* One statement for a connection and a policy: a text that is cached. */
bool
segment_sql_barred(struct db *db, const struct segment_env *env, const int64_t *ids, size_t count,
                   void (*each)(void *ctx, int64_t id, unsigned barred), void *ctx,
                   struct error *err)
{
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    char name[SQL_NAME_SIZE];
    const char *id = segment_sql_i64(&q, 0, name);
    struct db_stmt *st;
    bool ok;

    buf_add_str(&body, "SELECT 0");
    for (size_t i = 0; i < ARRAY_LEN(address_columns); i++) {
        buf_printf(&body, " | ((");
        add_opted_out(&q, &address_columns[i], "c", &body);
        buf_printf(&body, ") << %zu)", i);
    }
    buf_add_str(&body, " | ((");
    add_capped(&q, &address_columns[0], "c", &body);
    buf_add_str(&body, ") << 3) | ((");
    add_capped(&q, &address_columns[2], "c", &body);
    buf_printf(&body, ") << 4) FROM replica.customer c WHERE c.id = %s", id);
    st = prepare(db, &q, &body, err);
    ok = st != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        bool row = false;

        db_stmt_reset(st);
        db_bind_i64(st, id, ids[i]);
        ok = db_step(st, &row, err);
        if (ok && row)
            each(ctx, ids[i], (unsigned)db_column_i64(st, 0));
    }
    db_stmt_release(st);
    buf_release(&body);
    segment_sql_release(&q);
    return ok || error_wrap(err, "reach of a customer");
}

bool
segment_channel_find(const char *channel, size_t *out, struct error *err)
{
    const struct address_columns *a = columns_of(channel, err);

    *out = a ? (size_t)(a - address_columns) : 0;
    return a != NULL;
}

static void
reach_add(struct reach *out, int64_t kind, int64_t people, int64_t addresses)
{
    out->matched += people;
    switch (kind) {
    case REACH_NO_ADDRESS:
        out->no_address = people;
        break;
    case REACH_OPTED_OUT:
        out->opted_out = people;
        break;
    case REACH_CAPPED:
        out->capped = people;
        break;
    default: /* of those who share an address the first is reachable */
        out->reachable = addresses;
        out->duplicate_address = people - addresses;
        break;
    }
}

bool
segment_sql_reach(struct db *db, const struct criteria *c, const struct segment_env *env,
                  const char *channel, struct reach *out, struct error *err)
{
    const struct address_columns *a = columns_of(channel, err);
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    char *condition;
    struct db_stmt *st;
    bool row = true;
    bool ok;

    if (!a)
        return false;
    condition = segment_sql_node(&q, c->root);
    buf_add_str(&body, "SELECT reach, count(*), count(DISTINCT address) FROM (SELECT ");
    add_reach(&q, a, "c", &body);
    buf_printf(&body, " AS reach, c.%s AS address FROM replica.customer c WHERE %s) GROUP BY reach",
               a->compare, condition);
    st = prepare(db, &q, &body, err);
    ok = st != NULL;
    *out = (struct reach){0};
    while (ok && row) {
        ok = db_step(st, &row, err);
        if (ok && row)
            reach_add(out, db_column_i64(st, 0), db_column_i64(st, 1), db_column_i64(st, 2));
    }
    db_stmt_release(st);
    buf_release(&body);
    free(condition);
    segment_sql_release(&q);
    return ok || error_wrap(err, "reach of the segment");
}

bool
segment_sql_each_id(struct db *db, const struct criteria *c, const struct segment_env *env,
                    bool (*each)(void *ctx, const struct key *key), void *ctx, struct error *err)
{
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    char *condition = segment_sql_node(&q, c->root);
    struct db_stmt *st;
    bool row = true;
    bool ok;

    buf_printf(&body, "SELECT c.key FROM replica.customer c WHERE %s ORDER BY c.key", condition);
    st = prepare(db, &q, &body, err);
    ok = st != NULL;
    while (ok && row) {
        ok = db_step(st, &row, err);
        if (ok && row) {
            struct key key = db_column_key(st, 0);

            row = each(ctx, &key);
            key_release(&key);
        }
    }
    db_stmt_release(st);
    buf_release(&body);
    free(condition);
    segment_sql_release(&q);
    return ok || error_wrap(err, "list the segment");
}

static bool
hand_on(struct db_stmt *st, bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx)
{
    struct key key = db_column_key(st, 0);
    const struct segment_recipient r = {.key = &key,
                                        .address = db_column_text(st, 1),
                                        .name = db_column_text(st, 2),
                                        .service = db_column_text(st, 3),
                                        .provider = db_column_text(st, 4),
                                        .has_last_visit = !db_column_is_null(st, 5),
                                        .last_visit_s = db_column_i64(st, 5)};
    bool more = each(ctx, &r);

    key_release(&key);
    return more;
}

bool
segment_sql_each_recipient(struct db *db, const struct criteria *c, const struct segment_env *env,
                           const char *channel,
                           bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx,
                           struct error *err)
{
    const struct address_columns *a = columns_of(channel, err);
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    char *condition;
    struct db_stmt *st;
    bool row = true;
    bool ok;

    if (!a)
        return false;
    condition = segment_sql_node(&q, c->root);
    /* With one min(), SQLite takes the bare columns from the row of that minimum. */
    buf_printf(&body,
               "SELECT min(c.key) AS first, c.%s, " CUSTOMER_SAYS "FROM replica.customer c "
               "WHERE c.%s IS NOT NULL AND %s AND ",
               a->send, a->compare, condition);
    add_reach(&q, a, "c", &body);
    buf_printf(&body, " = %d GROUP BY c.%s ORDER BY first", REACH_LEFT, a->compare);
    st = prepare(db, &q, &body, err);
    ok = st != NULL;
    while (ok && row) {
        ok = db_step(st, &row, err);
        row = ok && row && hand_on(st, each, ctx);
    }
    db_stmt_release(st);
    buf_release(&body);
    free(condition);
    segment_sql_release(&q);
    return ok || error_wrap(err, "recipients of the segment");
}

/* Those of one slice; *more false: each() wants no more. */
static bool
slice_of_addresses(struct db_stmt *st, const struct db_rows *slice,
                   bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx,
                   bool *more, struct error *err)
{
    size_t found = 0;
    bool row = true;

    db_stmt_reset(st);
    db_bind_rows(st, ":rows", slice);
    while (*more) {
        if (!db_step(st, &row, err))
            return false;
        if (!row)
            break;
        found++;
        *more = hand_on(st, each, ctx);
    }
    return !*more || found == slice->count ||
           error_set(err, ERR_INTERNAL, "the index names a customer who is not there");
}

bool
segment_sql_addresses(struct db *db, const char *channel, const int64_t *ids, size_t count,
                      bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx,
                      struct error *err)
{
    const struct address_columns *a = columns_of(channel, err);
    /* fed, not asked one by one: a statement that is run once a row costs as much again */
    char *sql = a ? mem_printf("SELECT c.key, c.%s, " CUSTOMER_SAYS "FROM feed(:rows) f "
                               "CROSS JOIN replica.customer c ON c.id = f.c0",
                               a->send)
                  : NULL;
    struct db_stmt *st = sql ? db_prepare(db, sql, err) : NULL;
    struct db_cell cells[ADDRESS_SLICE];
    struct db_rows slice = {.cells = cells, .width = 1};
    bool ok = st != NULL;
    bool more = true;

    for (size_t at = 0; ok && more && at < count; at += slice.count) {
        slice.count = count - at < ADDRESS_SLICE ? count - at : ADDRESS_SLICE;
        for (size_t i = 0; i < slice.count; i++)
            cells[i] = (struct db_cell){.kind = DB_CELL_I64, .i64 = ids[at + i]};
        ok = slice_of_addresses(st, &slice, each, ctx, &more, err);
    }
    db_stmt_release(st);
    free(sql);
    return ok || error_wrap(err, "recipients of the segment");
}

/* The steps of splitmix64: small seeds give unlike numbers. */
static uint64_t
mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

struct sample_order
sample_order_of(uint64_t seed)
{
    uint64_t first = mix(seed);
    uint64_t second = mix(first);

    return (struct sample_order){
        .a = (int64_t)(first % 2147483646u + 1),
        .b = (int64_t)(second % 2147483646u + 1),
        .d = (int64_t)(mix(second) % 2147483647u),
    };
}

/* What add_order() writes as SQL. */
int64_t
sample_order_place(const struct sample_order *o, int64_t id)
{
    int64_t low = id % 1000003;
    int64_t high = id / 1000003 % 1000003;

    return ((low < 0 ? -low : low) * o->a + (high < 0 ? -high : high) * o->b + o->d) % 2147483647;
}

/*
 * The order in which a sample is drawn: by key, or by a scattering of the row number. The products
 * stay below 2^53, since SQLite turns what overflows into a fraction.
 */
static void
add_order(struct segment_sql *q, const char *alias, uint64_t seed, struct buf *out)
{
    const struct sample_order o = sample_order_of(seed);
    char a[SQL_NAME_SIZE];
    char b[SQL_NAME_SIZE];
    char d[SQL_NAME_SIZE];

    if (seed == 0) {
        buf_printf(out, "%s.key", alias);
        return;
    }
    (void)segment_sql_i64(q, o.a, a);
    (void)segment_sql_i64(q, o.b, b);
    (void)segment_sql_i64(q, o.d, d);
    buf_printf(out,
               "((abs(%s.id %% 1000003)) * %s + (abs(%s.id / 1000003 %% 1000003)) * %s + %s) "
               "%% 2147483647, %s.key",
               alias, a, alias, b, d, alias);
}

const char *
segment_reach_word(enum reach_kind kind)
{
    static const char *const words[] = {
        [REACH_NO_ADDRESS] = "no_address",
        [REACH_OPTED_OUT] = "opted_out",
        [REACH_CAPPED] = "capped",
        [REACH_LEFT] = "reachable",
        [REACH_DUPLICATE] = "duplicate_address",
    };

    return words[kind];
}

/* PERSON_COLUMNS. */
static void
person_read(struct db_stmt *st, struct segment_person *p)
{
    p->key = db_column_key(st, 0);
    p->name = db_column_dup(st, 1);
    p->phone = db_column_dup(st, 2);
    p->email = db_column_dup(st, 3);
    p->has_last_visit = !db_column_is_null(st, 4);
    p->last_visit = db_column_i64(st, 4);
    p->has_last_contact = !db_column_is_null(st, 5);
    p->last_contact = db_column_i64(st, 5);
    p->has_last_appointment = !db_column_is_null(st, 6);
    p->last_appointment = db_column_i64(st, 6);
    p->last_appointment_status = db_column_dup(st, 7);
    p->appointment_count = db_column_i64(st, 8);
    p->reach = "";
}

#define PERSON_COLUMNS                                                                             \
    "r.key, r.name, r.phone, r.email, r.last_visit, r.last_contact, r.last_appointment, "          \
    "r.last_appointment_status, r.appointment_count"

bool
segment_sql_people(struct db *db, const int64_t *ids, const uint8_t *reach, size_t count,
                   struct segment_sample *out, struct error *err)
{
    struct db_stmt *st =
        db_prepare(db, "SELECT " PERSON_COLUMNS " FROM replica.customer r WHERE r.id = :id", err);
    bool ok = st != NULL;

    *out = (struct segment_sample){.people = mem_calloc(count, sizeof *out->people)};
    for (size_t i = 0; ok && i < count; i++) {
        struct segment_person *p = &out->people[out->count];

        db_stmt_reset(st);
        db_bind_i64(st, ":id", ids[i]);
        ok = db_step_one(st, err);
        if (ok) {
            person_read(st, p);
            p->reach = reach ? segment_reach_word((enum reach_kind)reach[i]) : "";
            out->count++;
        }
    }
    db_stmt_release(st);
    if (ok)
        return true;
    segment_sample_release(out);
    return error_wrap(err, "sample of the segment");
}

/* Reach of a picked row r; of those left, only the lowest key with the address is reachable. */
static void
add_picked_reach(struct segment_sql *q, const struct address_columns *a, const char *condition,
                 struct buf *out)
{
    buf_add_str(out, "CASE ");
    add_reach(q, a, "r", out);
    for (int kind = REACH_NO_ADDRESS; kind <= REACH_CAPPED; kind++)
        buf_printf(out, " WHEN %d THEN %d", kind, kind);
    buf_printf(out,
               " ELSE CASE WHEN EXISTS (SELECT 1 FROM replica.customer c WHERE c.%s = r.%s "
               "AND c.key < r.key AND %s) THEN %d ELSE %d END END",
               a->compare, a->compare, condition, REACH_DUPLICATE, REACH_LEFT);
}

bool
segment_sql_sample(struct db *db, const struct criteria *c, const struct segment_env *env,
                   const char *channel, size_t limit, uint64_t seed, struct segment_sample *out,
                   struct error *err)
{
    const struct address_columns *a = channel ? columns_of(channel, err) : NULL;
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    char *condition;
    char name[SQL_NAME_SIZE];
    struct db_stmt *st;
    size_t capacity = 0;
    bool row = true;
    bool ok;

    *out = (struct segment_sample){0};
    if (channel && !a)
        return false;
    condition = segment_sql_node(&q, c->root);
    buf_add_str(&body, "SELECT " PERSON_COLUMNS ", ");
    if (a)
        add_picked_reach(&q, a, condition, &body);
    else
        buf_add_str(&body, "NULL");
    buf_printf(&body,
               " FROM replica.customer r WHERE r.id IN (SELECT c.id FROM replica.customer c "
               "WHERE %s ORDER BY ",
               condition);
    add_order(&q, "c", seed, &body);
    buf_printf(&body, " LIMIT %s) ORDER BY ",
               segment_sql_i64(&q, limit > INT32_MAX ? INT32_MAX : (int64_t)limit, name));
    add_order(&q, "r", seed, &body);
    st = prepare(db, &q, &body, err);
    ok = st != NULL;
    while (ok && row) {
        ok = db_step(st, &row, err);
        if (ok && row) {
            out->people = mem_grow(out->people, out->count, &capacity, sizeof *out->people);
            person_read(st, &out->people[out->count]);
            if (!db_column_is_null(st, 9))
                out->people[out->count].reach =
                    segment_reach_word((enum reach_kind)db_column_i64(st, 9));
            out->count++;
        }
    }
    db_stmt_release(st);
    buf_release(&body);
    free(condition);
    segment_sql_release(&q);
    if (ok)
        return true;
    segment_sample_release(out);
    return error_wrap(err, "sample of the segment");
}

bool
segment_sql_funnel(struct db *db, const struct criteria *c, const struct segment_env *env,
                   struct segment_funnel *out, struct error *err)
{
    struct node *const *steps = c->root->kind == NODE_ALL ? c->root->children : &c->root;
    size_t count = c->root->kind == NODE_ALL ? c->root->count : 1;
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    struct db_stmt *st;
    bool row = true;
    bool ok;

    out->count = count + 1;
    out->counts = mem_calloc(out->count, sizeof *out->counts);
    /* How many children hold before the first that does not; one pass for all steps. */
    buf_add_str(&body, "SELECT held, count(*) FROM (SELECT CASE");
    for (size_t i = 0; i < count; i++) {
        char *condition = segment_sql_node(&q, steps[i]);

        buf_printf(&body, " WHEN NOT %s THEN %zu", condition, i);
        free(condition);
    }
    buf_printf(&body, " WHEN 1 THEN %zu END AS held FROM replica.customer c) GROUP BY held", count);
    st = prepare(db, &q, &body, err);
    ok = st != NULL;
    while (ok && row) {
        ok = db_step(st, &row, err);
        for (size_t i = 0; ok && row && i <= (size_t)db_column_i64(st, 0); i++)
            out->counts[i] += db_column_i64(st, 1);
    }
    db_stmt_release(st);
    buf_release(&body);
    segment_sql_release(&q);
    if (ok)
        return true;
    segment_funnel_release(out);
    return error_wrap(err, "funnel of the segment");
}

bool
segment_sql_each_row(struct db *db, const struct leaf *leaf, const struct segment_env *env,
                     void (*each)(void *ctx, int64_t id), void *ctx, struct error *err)
{
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    struct db_stmt *st;
    bool row = true;
    bool ok;

    if (leaf->spec->kind == LEAF_CONTACTED_BY) { /* there are fewer deliveries than customers */
        buf_add_str(&body, "SELECT c.id FROM main.delivery d "
                           "CROSS JOIN replica.customer c ON c.key = d.customer_id WHERE 1");
        segment_sql_deliveries(&q, leaf, &body);
    } else {
        char *condition = segment_sql_leaf(&q, leaf);

        buf_printf(&body, "SELECT c.id FROM replica.customer c WHERE %s", condition);
        free(condition);
    }
    st = prepare(db, &q, &body, err);
    ok = st != NULL;
    while (ok && (ok = db_step(st, &row, err)) && row)
        each(ctx, db_column_i64(st, 0));
    db_stmt_release(st);
    buf_release(&body);
    segment_sql_release(&q);
    return ok || error_wrap(err, "rows of a criterion");
}

bool
segment_sql_judge(struct db *db, const struct leaf *leaf, const struct segment_env *env,
                  const int64_t *ids, size_t count, void (*each)(void *ctx, int64_t id, bool holds),
                  void *ctx, struct error *err)
{
    struct segment_sql q = {.env = env};
    struct buf body = {0};
    char name[SQL_NAME_SIZE];
    const char *id = segment_sql_i64(&q, 0, name);
    char *condition = segment_sql_leaf(&q, leaf);
    struct db_stmt *st;
    bool ok;

    buf_printf(&body, "SELECT %s FROM replica.customer c WHERE c.id = %s", condition, id);
    st = prepare(db, &q, &body, err);
    ok = st != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        bool row = false;

        db_stmt_reset(st);
        db_bind_i64(st, id, ids[i]);
        ok = db_step(st, &row, err);
        if (ok && row)
            each(ctx, ids[i], db_column_i64(st, 0));
    }
    db_stmt_release(st);
    buf_release(&body);
    free(condition);
    segment_sql_release(&q);
    return ok || error_wrap(err, "a criterion of a customer");
}

void
segment_sample_release(struct segment_sample *s)
{
    for (size_t i = 0; i < s->count; i++) {
        key_release(&s->people[i].key);
        free(s->people[i].name);
        free(s->people[i].phone);
        free(s->people[i].email);
        free(s->people[i].last_appointment_status);
    }
    free(s->people);
    *s = (struct segment_sample){0};
}

void
segment_funnel_release(struct segment_funnel *f)
{
    free(f->counts);
    *f = (struct segment_funnel){0};
}
