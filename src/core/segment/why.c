/* Why one customer is in a segment or not: every leaf, its truth, and the fact it looked at. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/segment/compile.h"
#include "core/segment/explain.h"

static const char SQL_PERSON[] =
    "SELECT id, last_contact, last_appointment, last_appointment_status, last_appointment_service, "
    "last_appointment_provider, last_appointment_cancelled_at, last_visit, last_cancellation, "
    "last_activity, appointment_count, conversation_count, last_satisfaction, is_new_client, "
    "phone_e164, email_norm, created_at, name, notes FROM replica.customer WHERE key = :key";
enum {
    COLUMN_ID,
    COLUMN_CONTACT,
    COLUMN_APPOINTMENT,
    COLUMN_STATUS,
    COLUMN_SERVICE,
    COLUMN_PROVIDER,
    COLUMN_CANCELLED_AT,
    COLUMN_VISIT,
    COLUMN_CANCELLATION,
    COLUMN_ACTIVITY,
    COLUMN_APPOINTMENTS,
    COLUMN_CONVERSATIONS,
    COLUMN_SATISFACTION,
    COLUMN_IS_NEW,
    COLUMN_PHONE,
    COLUMN_EMAIL,
    COLUMN_CREATED,
    COLUMN_NAME,
    COLUMN_NOTES
};

struct asking {
    struct db *db;
    const struct segment_env *env;
    struct db_stmt *person; /* stands on the customer's row */
};

/* One row of the customer for what is selected from alias c; the caller releases it. */
static struct db_stmt *
ask(struct asking *a, struct segment_sql *q, const struct buf *select, struct error *err)
{
    struct buf sql = {0};
    char name[SQL_NAME_SIZE];
    struct db_stmt *st;

    segment_sql_add_with(q, &sql);
    buf_printf(&sql, "SELECT %s FROM replica.customer c WHERE c.id = %s", buf_str(select),
               segment_sql_i64(q, db_column_i64(a->person, COLUMN_ID), name));
    st = db_prepare(a->db, buf_str(&sql), err);
    buf_release(&sql);
    if (!st)
        return NULL;
    segment_sql_bind(q, st);
    if (db_step_one(st, err))
        return st;
    db_stmt_release(st);
    return NULL;
}

static bool
holds(struct asking *a, const struct node *node, const struct leaf *leaf, bool *out,
      struct error *err)
{
    struct segment_sql q = {.env = a->env};
    char *condition = node ? segment_sql_node(&q, node) : segment_sql_leaf(&q, leaf);
    struct buf select = {0};
    struct db_stmt *st;

    buf_add_str(&select, condition);
    st = ask(a, &q, &select, err);
    if (st)
        *out = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    buf_release(&select);
    free(condition);
    segment_sql_release(&q);
    return st != NULL;
}

static void
add_time(struct db_stmt *st, int column, const char *what, struct buf *out)
{
    char text[UTIME_RFC3339_SIZE];

    if (db_column_is_null(st, column))
        buf_printf(out, "no %s", what);
    else
        buf_printf(out, "%s %s", what, utime_format(db_column_i64(st, column), text));
}

static void
add_text(struct db_stmt *st, int column, const char *what, struct buf *out)
{
    const char *text = db_column_text(st, column);

    if (!text) {
        buf_printf(out, ", no %s", what);
        return;
    }
    buf_printf(out, ", %s ", what);
    text_sanitise(out, text, strlen(text));
}

static void
appointment_fact(struct db_stmt *person, struct buf *out)
{
    add_time(person, COLUMN_APPOINTMENT, "last appointment", out);
    if (db_column_is_null(person, COLUMN_APPOINTMENT))
        return;
    add_text(person, COLUMN_STATUS, "status", out);
    add_text(person, COLUMN_SERVICE, "service", out);
    add_text(person, COLUMN_PROVIDER, "provider", out);
    if (!db_column_is_null(person, COLUMN_CANCELLED_AT)) {
        buf_add_str(out, ", ");
        add_time(person, COLUMN_CANCELLED_AT, "cancelled", out);
    }
}

static void
customer_fact(struct db_stmt *person, const struct leaf *leaf, struct buf *out)
{
    const struct leaf_value *v = leaf->values;

    buf_add_str(out, "customer");
    if (v[CUSTOMER_IS_NEW].given)
        buf_add_str(out, db_column_i64(person, COLUMN_IS_NEW) ? ", new client" : ", not new");
    if (v[CUSTOMER_HAS_PHONE].given)
        buf_add_str(out, db_column_is_null(person, COLUMN_PHONE) ? ", no valid phone"
                                                                 : ", a valid phone");
    if (v[CUSTOMER_HAS_EMAIL].given)
        buf_add_str(out, db_column_is_null(person, COLUMN_EMAIL) ? ", no valid email"
                                                                 : ", a valid email");
    if (v[CUSTOMER_CREATED_WITHIN].given || v[CUSTOMER_CREATED_OLDER].given) {
        buf_add_str(out, ", ");
        add_time(person, COLUMN_CREATED, "created", out);
    }
    if (v[CUSTOMER_NAME].given)
        add_text(person, COLUMN_NAME, "name", out);
    if (v[CUSTOMER_NOTES].given)
        add_text(person, COLUMN_NOTES, "notes", out);
}

/* "2 of 5 conversations match" */
static bool
count_fact(struct asking *a, const struct leaf *leaf, const char *noun, struct buf *out,
           struct error *err)
{
    struct segment_sql q = {.env = a->env};
    struct buf select = {0};
    struct db_stmt *st;

    buf_add_str(&select, "(SELECT count(*) ");
    segment_sql_filters(&q, leaf, &select);
    buf_printf(&select, "), (SELECT count(*) FROM replica.%s x WHERE x.customer_id = c.id)", noun);
    st = ask(a, &q, &select, err);
    if (st)
        buf_printf(out, "%" PRId64 " of %" PRId64 " %ss match", db_column_i64(st, 0),
                   db_column_i64(st, 1), noun);
    db_stmt_release(st);
    buf_release(&select);
    segment_sql_release(&q);
    return st != NULL;
}

/* The one time that `select` gives. */
static bool
time_fact(struct asking *a, struct segment_sql *q, const char *what, const struct buf *select,
          struct buf *out, struct error *err)
{
    struct db_stmt *st = ask(a, q, select, err);

    if (st)
        add_time(st, 0, what, out);
    db_stmt_release(st);
    return st != NULL;
}

static bool
next_fact(struct asking *a, struct buf *out, struct error *err)
{
    struct segment_sql q = {.env = a->env};
    struct buf select = {0};
    char now[SQL_NAME_SIZE];
    bool ok;

    buf_printf(&select,
               "(SELECT min(a.at) FROM replica.appointment a WHERE a.customer_id = c.id "
               "AND a.status = 'scheduled' AND a.at >= %s)",
               segment_sql_i64(&q, a->env->now_s, now));
    ok = time_fact(a, &q, "next appointment", &select, out, err);
    buf_release(&select);
    segment_sql_release(&q);
    return ok;
}

static bool
page_visit_fact(struct asking *a, const struct leaf *leaf, struct buf *out, struct error *err)
{
    struct segment_sql q = {.env = a->env};
    struct buf select = {0};
    char key[SQL_NAME_SIZE];
    bool ok;

    buf_printf(&select,
               "(SELECT max(m.at) FROM replica.conversation_metadata m WHERE m.name = %s "
               "AND m.customer_id = c.id)",
               segment_sql_text(&q, leaf->values[PAGE_VISIT_KEY].text, key));
    ok = time_fact(a, &q, "last visit with that key", &select, out, err);
    buf_release(&select);
    segment_sql_release(&q);
    return ok;
}

/* The customer's messages of that campaign, by what became of them. */
static bool
contacted_fact(struct asking *a, const struct leaf *leaf, struct buf *out, struct error *err)
{
    const struct leaf_value *campaign = &leaf->values[CONTACTED_CAMPAIGN];
    struct segment_sql q = {.env = a->env};
    struct buf select = {0};
    char name[SQL_NAME_SIZE];
    struct db_stmt *st;

    buf_add_str(&select, "(SELECT group_concat(d.state || iif(d.replied_at IS NULL, '', "
                         "' and answered ' || datetime(d.replied_at, 'unixepoch')) || "
                         "coalesce(' ' || datetime(d.accepted_at, 'unixepoch'), ''), '; ') "
                         "FROM main.delivery d WHERE d.customer_id = c.key");
    if (!campaign->any_campaign)
        buf_printf(&select, " AND d.campaign_id = %s",
                   segment_sql_i64(&q, campaign->campaign, name));
    buf_add_char(&select, ')');
    st = ask(a, &q, &select, err);
    if (st)
        buf_printf(out, "messages: %s", db_column_is_null(st, 0) ? "none" : db_column_text(st, 0));
    db_stmt_release(st);
    buf_release(&select);
    segment_sql_release(&q);
    return st != NULL;
}

static bool
leaf_fact(struct asking *a, const struct leaf *leaf, struct buf *out, struct error *err)
{
    struct db_stmt *person = a->person;

    switch (leaf->spec->kind) {
    case LEAF_LAST_CONTACT:
        if (db_column_is_null(person, COLUMN_CONTACT))
            buf_add_str(out, "never contacted");
        else
            add_time(person, COLUMN_CONTACT, "last contact", out);
        return true;
    case LEAF_LAST_APPOINTMENT:
        appointment_fact(person, out);
        return true;
    case LEAF_LAST_VISIT:
        add_time(person, COLUMN_VISIT, "last visit", out);
        return true;
    case LEAF_NEXT_APPOINTMENT:
        return next_fact(a, out, err);
    case LEAF_LAST_CANCELLATION:
        add_time(person, COLUMN_CANCELLATION, "last cancellation", out);
        return true;
    case LEAF_LAST_ACTIVITY:
        add_time(person, COLUMN_ACTIVITY, "last activity", out);
        return true;
    case LEAF_APPOINTMENT_COUNT:
        buf_printf(out, "%" PRId64 " appointments", db_column_i64(person, COLUMN_APPOINTMENTS));
        return true;
    case LEAF_CONVERSATION_COUNT:
        buf_printf(out, "%" PRId64 " conversations", db_column_i64(person, COLUMN_CONVERSATIONS));
        return true;
    case LEAF_LAST_SATISFACTION:
        if (db_column_is_null(person, COLUMN_SATISFACTION))
            buf_add_str(out, "no satisfaction score");
        else
            buf_printf(out, "last satisfaction %.15g",
                       db_column_double(person, COLUMN_SATISFACTION));
        return true;
    case LEAF_CONVERSATION:
        return count_fact(a, leaf, "conversation", out, err);
    case LEAF_APPOINTMENT:
        return count_fact(a, leaf, "appointment", out, err);
    case LEAF_CUSTOMER:
        customer_fact(person, leaf, out);
        return true;
    case LEAF_PAGE_VISIT:
        return page_visit_fact(a, leaf, out, err);
    case LEAF_CONTACTED_BY:
        return contacted_fact(a, leaf, out, err);
    case LEAF_KIND_COUNT:
        break;
    }
    return true;
}

static bool
add_reasons(struct asking *a, const struct node *n, struct segment_why *out, size_t *capacity,
            struct error *err)
{
    struct buf sentence = {0};
    struct buf fact = {0};
    struct segment_reason *r;
    bool ok = true;

    for (size_t i = 0; ok && i < n->count; i++)
        ok = add_reasons(a, n->children[i], out, capacity, err);
    if (!ok || n->kind != NODE_LEAF)
        return ok;
    out->reasons = mem_grow(out->reasons, out->count, capacity, sizeof *out->reasons);
    r = &out->reasons[out->count++];
    *r = (struct segment_reason){.pointer = mem_strdup(n->leaf->pointer)};
    explain_leaf(n->leaf, a->env, &sentence);
    ok = holds(a, NULL, n->leaf, &r->holds, err) && leaf_fact(a, n->leaf, &fact, err);
    r->sentence = mem_strdup(buf_str(&sentence));
    r->fact = mem_strdup(buf_str(&fact));
    buf_release(&sentence);
    buf_release(&fact);
    return ok;
}

bool
segment_why(struct db *db, const struct criteria *c, const struct segment_env *env,
            const struct key *customer, struct segment_why *out, struct error *err)
{
    struct asking a = {.db = db, .env = env, .person = db_prepare(db, SQL_PERSON, err)};
    size_t capacity = 0;
    bool row = false;
    bool ok = false;

    *out = (struct segment_why){0};
    if (a.person) {
        db_bind_key(a.person, ":key", customer);
        ok = db_step(a.person, &row, err);
    }
    if (ok && !row)
        ok = error_set(err, ERR_NOT_FOUND, "no such customer in the replica");
    ok = ok && holds(&a, c->root, NULL, &out->in_segment, err) &&
         add_reasons(&a, c->root, out, &capacity, err);
    db_stmt_release(a.person);
    if (!ok)
        segment_why_release(out);
    return ok;
}

void
segment_why_release(struct segment_why *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->reasons[i].pointer);
        free(w->reasons[i].sentence);
        free(w->reasons[i].fact);
    }
    free(w->reasons);
    *w = (struct segment_why){0};
}
