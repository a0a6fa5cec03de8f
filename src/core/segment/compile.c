#include "core/segment/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"

/* Conditions joined in one chain, and brackets in each other, before a part stands for itself. */
enum { CHAIN_MAX = 40, HEIGHT_MAX = 8 };

struct sql_value {
    char name[SQL_NAME_SIZE];
    enum { VALUE_IS_I64, VALUE_IS_REAL, VALUE_IS_TEXT } kind;
    int64_t number;
    double real;
    char *text; /* owned */
};

static struct sql_value *
value_add(struct segment_sql *q, char name[SQL_NAME_SIZE])
{
    struct sql_value *v;

    q->values = mem_grow(q->values, q->value_count, &q->value_capacity, sizeof *q->values);
    v = &q->values[q->value_count];
    *v = (struct sql_value){0};
    (void)snprintf(v->name, sizeof v->name, ":p%zu", q->value_count++);
    (void)text_copy(name, SQL_NAME_SIZE, v->name);
    return v;
}

const char *
segment_sql_i64(struct segment_sql *q, int64_t value, char name[SQL_NAME_SIZE])
{
    value_add(q, name)->number = value;
    return name;
}

const char *
segment_sql_text(struct segment_sql *q, const char *value, char name[SQL_NAME_SIZE])
{
    struct sql_value *v = value_add(q, name);

    v->kind = VALUE_IS_TEXT;
    v->text = mem_strdup(value);
    return name;
}

static const char *
bind_number(struct segment_sql *q, const struct number *n, char name[SQL_NAME_SIZE])
{
    struct sql_value *v;

    if (n->whole)
        return segment_sql_i64(q, n->integer, name);
    v = value_add(q, name);
    v->kind = VALUE_IS_REAL;
    v->real = n->real;
    return name;
}

void
segment_sql_bind(const struct segment_sql *q, struct db_stmt *st)
{
    for (size_t i = 0; i < q->value_count; i++) {
        const struct sql_value *v = &q->values[i];

        switch (v->kind) {
        case VALUE_IS_I64:
            db_bind_i64(st, v->name, v->number);
            break;
        case VALUE_IS_REAL:
            db_bind_double(st, v->name, v->real);
            break;
        case VALUE_IS_TEXT:
            db_bind_text(st, v->name, v->text);
            break;
        }
    }
}

void
segment_sql_release(struct segment_sql *q)
{
    for (size_t i = 0; i < q->value_count; i++)
        free(q->values[i].text);
    free(q->values);
    buf_release(&q->ctes);
    *q = (struct segment_sql){0};
}

void
segment_sql_add_with(const struct segment_sql *q, struct buf *out)
{
    if (q->ctes.len)
        buf_printf(out, "WITH %s ", buf_str(&q->ctes));
}

bool
cutoff_before(int64_t now_s, int64_t days, int64_t *out)
{
    int64_t seconds = 0;

    return !__builtin_mul_overflow(days, (int64_t)DAY_S, &seconds) &&
           !__builtin_sub_overflow(now_s, seconds, out);
}

bool
cutoff_after(int64_t now_s, int64_t days, int64_t *out)
{
    int64_t seconds = 0;

    return !__builtin_mul_overflow(days, (int64_t)DAY_S, &seconds) &&
           !__builtin_add_overflow(now_s, seconds, out);
}

/* Appends " AND <text>". */
#define ADD(...)                                                                                   \
    do {                                                                                           \
        buf_add_str(out, " AND ");                                                                 \
        buf_printf(out, __VA_ARGS__);                                                              \
    } while (0)

static void
add_older(struct segment_sql *q, const char *at, const struct leaf_value *v, struct buf *out)
{
    char name[SQL_NAME_SIZE];
    int64_t cutoff = 0;

    if (!v->given)
        return;
    if (cutoff_before(q->env->now_s, v->days, &cutoff))
        ADD("%s <= %s", at, segment_sql_i64(q, cutoff, name));
    else
        ADD("0");
}

static void
add_within(struct segment_sql *q, const char *at, const struct leaf_value *v, struct buf *out)
{
    char name[SQL_NAME_SIZE];
    int64_t cutoff = 0;

    if (!v->given)
        return;
    if (cutoff_before(q->env->now_s, v->days, &cutoff))
        ADD("%s >= %s", at, segment_sql_i64(q, cutoff, name));
    else
        ADD("%s IS NOT NULL", at);
}

static void
add_never(const char *at, const struct leaf_value *v, struct buf *out)
{
    if (v->given)
        ADD("%s IS %sNULL", at, v->flag ? "" : "NOT ");
}

static void
add_words(struct segment_sql *q, const char *column, const struct leaf_value *v, struct buf *out)
{
    char name[SQL_NAME_SIZE];
    json_t *list;
    char *text;

    if (!v->given)
        return;
    if (v->word_count == 0) {
        ADD("0");
        return;
    }
    if (v->word_count == 1) {
        ADD("%s = %s", column, segment_sql_text(q, v->words[0], name));
        return;
    }
    list = json_array();
    for (size_t i = 0; i < v->word_count; i++)
        (void)json_array_append_new(list, json_string(v->words[i]));
    text = json_dumps(list, JSON_COMPACT);
    ADD("%s IN (SELECT value FROM json_each(%s))", column, segment_sql_text(q, text, name));
    free(text);
    json_decref(list);
}

static void
add_numbers(struct segment_sql *q, const char *what, const struct comparisons *c, struct buf *out)
{
    for (size_t i = 0; i < c->count; i++) {
        char name[SQL_NAME_SIZE];
        const char *op = number_op_name(c->at[i].op);

        ADD("%s %s %s", what, op, bind_number(q, &c->at[i].value, name));
    }
}

/* A fact with a time of its own. */
static void
fact(struct segment_sql *q, const struct leaf *leaf, const char *column, struct buf *out)
{
    add_older(q, column, &leaf->values[FACT_OLDER], out);
    add_within(q, column, &leaf->values[FACT_WITHIN], out);
    add_never(column, &leaf->values[FACT_NEVER], out);
}

static void
last_appointment(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
    fact(q, leaf, "c.last_appointment", out);
    add_words(q, "c.last_appointment_status", &leaf->values[FACT_STATUS], out);
    add_words(q, "c.last_appointment_service", &leaf->values[FACT_SERVICE], out);
    add_words(q, "c.last_appointment_provider", &leaf->values[FACT_PROVIDER], out);
    add_within(q, "c.last_appointment_cancelled_at", &leaf->values[FACT_CANCELLED], out);
}

static void
next_appointment(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
    static const char scheduled[] = "EXISTS (SELECT 1 FROM replica.appointment a "
                                    "WHERE a.customer_id = c.id AND a.status = 'scheduled' "
                                    "AND a.at >= %s";
    const struct leaf_value *next = &leaf->values[NEXT_IN_DAYS];
    const struct leaf_value *never = &leaf->values[NEXT_NEVER];
    char now[SQL_NAME_SIZE];
    char name[SQL_NAME_SIZE];
    int64_t cutoff = 0;

    (void)segment_sql_i64(q, q->env->now_s, now);
    if (next->given) {
        ADD(scheduled, now);
        if (cutoff_after(q->env->now_s, next->days, &cutoff))
            ADD("a.at <= %s", segment_sql_i64(q, cutoff, name));
        buf_add_char(out, ')');
    }
    if (never->given) {
        buf_add_str(out, never->flag ? " AND NOT " : " AND ");
        buf_printf(out, scheduled, now);
        buf_add_char(out, ')');
    }
}

static void
booking_intent(struct segment_sql *q, const struct leaf_value *v, struct buf *out)
{
    struct leaf_value outcomes = {
        .given = true,
        .words = q->env->config->segments.booking_intent_outcomes.items,
        .word_count = q->env->config->segments.booking_intent_outcomes.count,
    };

    if (!v->given)
        return;
    ADD("%s(v.has_open_request = 1 OR ((1", v->flag ? "" : "NOT ");
    add_words(q, "v.outcome", &outcomes, out);
    buf_add_str(out, ") IS TRUE))");
}

static void
conversation_filters(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
    const struct leaf_value *v = leaf->values;
    char name[SQL_NAME_SIZE];

    add_words(q, "v.channel", &v[CONVERSATION_CHANNEL], out);
    add_words(q, "v.type", &v[CONVERSATION_TYPE], out);
    add_words(q, "v.status", &v[CONVERSATION_STATUS], out);
    add_words(q, "v.outcome", &v[CONVERSATION_OUTCOME], out);
    add_words(q, "v.sentiment", &v[CONVERSATION_SENTIMENT], out);
    booking_intent(q, &v[CONVERSATION_BOOKING_INTENT], out);
    add_numbers(q, "v.satisfaction", &v[CONVERSATION_SATISFACTION].numbers, out);
    add_older(q, "v.at", &v[CONVERSATION_OLDER], out);
    add_within(q, "v.at", &v[CONVERSATION_WITHIN], out);
    if (v[CONVERSATION_HAS_METADATA].given)
        ADD("EXISTS (SELECT 1 FROM replica.conversation_metadata m WHERE m.name = %s "
            "AND m.customer_id = v.customer_id AND m.conversation_key = v.key)",
            segment_sql_text(q, v[CONVERSATION_HAS_METADATA].text, name));
}

static void
appointment_filters(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
    const struct leaf_value *v = leaf->values;
    char name[SQL_NAME_SIZE];

    add_words(q, "a.status", &v[APPOINTMENT_STATUS], out);
    add_words(q, "a.service", &v[APPOINTMENT_SERVICE], out);
    add_words(q, "a.provider", &v[APPOINTMENT_PROVIDER], out);
    add_words(q, "a.booked_by", &v[APPOINTMENT_BOOKED_BY], out);
    add_older(q, "a.at", &v[APPOINTMENT_OLDER], out);
    add_within(q, "a.at", &v[APPOINTMENT_WITHIN], out);
    if (v[APPOINTMENT_UPCOMING].given)
        ADD("(a.at >= %s) IS %sTRUE", segment_sql_i64(q, q->env->now_s, name),
            v[APPOINTMENT_UPCOMING].flag ? "" : "NOT ");
}

void
segment_sql_filters(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
    if (leaf->spec->kind == LEAF_CONVERSATION) {
        buf_add_str(out, "FROM replica.conversation v WHERE v.customer_id = c.id");
        conversation_filters(q, leaf, out);
    } else {
        buf_add_str(out, "FROM replica.appointment a WHERE a.customer_id = c.id");
        appointment_filters(q, leaf, out);
    }
}

/* 1: "at least one" and nothing else; 0: "none"; -1: the rows must be counted. */
static int
as_existence(const struct leaf_value *count)
{
    const struct number *n = &count->numbers.at[0].value;

    if (!count->given)
        return 1;
    if (count->numbers.count != 1 || !n->whole)
        return -1;
    switch (count->numbers.at[0].op) {
    case NUMBER_GE:
        return n->integer == 1 ? 1 : -1;
    case NUMBER_GT:
    case NUMBER_NE:
        return n->integer == 0 ? 1 : -1;
    case NUMBER_LT:
        return n->integer == 1 ? 0 : -1;
    case NUMBER_LE:
    case NUMBER_EQ:
        return n->integer == 0 ? 0 : -1;
    case NUMBER_OP_COUNT:
        break;
    }
    return -1;
}

static void
counted(struct segment_sql *q, const struct leaf *leaf, const struct leaf_value *count,
        struct buf *out)
{
    int existence = as_existence(count);

    if (existence >= 0) {
        ADD("%sEXISTS (SELECT 1 ", existence ? "" : "NOT ");
    } else {
        buf_add_str(out, " AND (SELECT 1");
        add_numbers(q, "count(*)", &count->numbers, out);
        buf_add_char(out, ' ');
    }
    segment_sql_filters(q, leaf, out);
    buf_add_char(out, ')');
}

static void
customer(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
    static const struct {
        int key;
        const char *column;
    } texts[] = {{CUSTOMER_NAME, "c.name"}, {CUSTOMER_NOTES, "c.notes"}};
    const struct leaf_value *v = leaf->values;
    char name[SQL_NAME_SIZE];

    if (v[CUSTOMER_IS_NEW].given)
        ADD("c.is_new_client = %s", segment_sql_i64(q, v[CUSTOMER_IS_NEW].flag, name));
    if (v[CUSTOMER_HAS_PHONE].given)
        ADD("c.phone_e164 IS %sNULL", v[CUSTOMER_HAS_PHONE].flag ? "NOT " : "");
    if (v[CUSTOMER_HAS_EMAIL].given)
        ADD("c.email_norm IS %sNULL", v[CUSTOMER_HAS_EMAIL].flag ? "NOT " : "");
    add_within(q, "c.created_at", &v[CUSTOMER_CREATED_WITHIN], out);
    add_older(q, "c.created_at", &v[CUSTOMER_CREATED_OLDER], out);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct leaf_value *text = &v[texts[i].key];
        struct buf low = {0};

        if (!text->given)
            continue;
        text_lower(&low, text->text, strlen(text->text));
        ADD("text_has(%s, %s)", texts[i].column, segment_sql_text(q, buf_str(&low), name));
        buf_release(&low);
    }
}

static void
page_visit(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
    char name[SQL_NAME_SIZE];

    buf_add_str(out, " AND (SELECT 1");
    add_older(q, "max(m.at)", &leaf->values[PAGE_VISIT_OLDER], out);
    add_within(q, "max(m.at)", &leaf->values[PAGE_VISIT_WITHIN], out);
    add_never("max(m.at)", &leaf->values[PAGE_VISIT_NEVER], out);
    buf_printf(out,
               " FROM replica.conversation_metadata m WHERE m.name = %s "
               "AND m.customer_id = c.id)",
               segment_sql_text(q, leaf->values[PAGE_VISIT_KEY].text, name));
}

void
segment_sql_deliveries(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
#define WAS_CONTACTED "d.state IN ('accepted', 'sent', 'delivered', 'undelivered')"
    static const struct {
        const char *state, *at;
    } rows[] = {
        [CONTACTED_CONTACTED] = {WAS_CONTACTED, "d.accepted_at"},
        [CONTACTED_REPLIED] = {WAS_CONTACTED " AND d.replied_at IS NOT NULL", "d.replied_at"},
        [CONTACTED_NOT_REPLIED] = {WAS_CONTACTED " AND d.replied_at IS NULL", "d.accepted_at"},
        [CONTACTED_FAILED] = {"d.state IN ('failed', 'undelivered')", "d.accepted_at"},
    };
#undef WAS_CONTACTED
    const struct leaf_value *v = leaf->values;
    char name[SQL_NAME_SIZE];
    size_t row = v[CONTACTED_STATE].choice;

    ADD("%s", rows[row].state);
    if (!v[CONTACTED_CAMPAIGN].any_campaign)
        ADD("d.campaign_id = %s", segment_sql_i64(q, v[CONTACTED_CAMPAIGN].campaign, name));
    add_within(q, rows[row].at, &v[CONTACTED_WITHIN], out);
    add_older(q, rows[row].at, &v[CONTACTED_OLDER], out);
}

static void
contacted_by(struct segment_sql *q, const struct leaf *leaf, struct buf *out)
{
    buf_add_str(out, " AND EXISTS (SELECT 1 FROM main.delivery d WHERE d.customer_id = c.key");
    segment_sql_deliveries(q, leaf, out);
    buf_add_char(out, ')');
}

char *
segment_sql_leaf(struct segment_sql *q, const struct leaf *leaf)
{
    struct buf text = {0};
    struct buf *out = &text;

    if (leaf_fold(leaf) != FOLD_OPEN)
        return mem_strdup(leaf_fold(leaf) == FOLD_TRUE ? "1" : "0");
    buf_add_str(out, "((1");
    switch (leaf->spec->kind) {
    case LEAF_LAST_CONTACT:
        fact(q, leaf, "c.last_contact", out);
        break;
    case LEAF_LAST_APPOINTMENT:
        last_appointment(q, leaf, out);
        break;
    case LEAF_LAST_VISIT:
        fact(q, leaf, "c.last_visit", out);
        break;
    case LEAF_NEXT_APPOINTMENT:
        next_appointment(q, leaf, out);
        break;
    case LEAF_LAST_CANCELLATION:
        fact(q, leaf, "c.last_cancellation", out);
        break;
    case LEAF_LAST_ACTIVITY:
        fact(q, leaf, "c.last_activity", out);
        break;
    case LEAF_APPOINTMENT_COUNT:
        add_numbers(q, "c.appointment_count", &leaf->values[0].numbers, out);
        break;
    case LEAF_CONVERSATION_COUNT:
        add_numbers(q, "c.conversation_count", &leaf->values[0].numbers, out);
        break;
    case LEAF_LAST_SATISFACTION:
        add_numbers(q, "c.last_satisfaction", &leaf->values[0].numbers, out);
        break;
    case LEAF_CONVERSATION:
        counted(q, leaf, &leaf->values[CONVERSATION_LEAF_COUNT], out);
        break;
    case LEAF_APPOINTMENT:
        counted(q, leaf, &leaf->values[APPOINTMENT_LEAF_COUNT], out);
        break;
    case LEAF_CUSTOMER:
        customer(q, leaf, out);
        break;
    case LEAF_PAGE_VISIT:
        page_visit(q, leaf, out);
        break;
    case LEAF_CONTACTED_BY:
        contacted_by(q, leaf, out);
        break;
    case LEAF_KIND_COUNT:
        break;
    }
    buf_add_str(out, ") IS TRUE)");
    return buf_take(out);
}

struct part { /* a condition and how many brackets lie in each other */
    char *sql;
    int height;
};

static struct part compile(struct segment_sql *q, const struct node *n);

/* Gives a deep condition a name of its own. */
static void
hoist(struct segment_sql *q, struct part *p)
{
    char *sql;

    if (p->height < HEIGHT_MAX)
        return;
    sql = mem_printf("(c.id IN n%zu)", q->cte_count);
    if (q->ctes.len)
        buf_add_str(&q->ctes, ", ");
    buf_printf(&q->ctes, "n%zu AS MATERIALIZED (SELECT c.id FROM replica.customer c WHERE %s)",
               q->cte_count++, p->sql);
    free(p->sql);
    *p = (struct part){sql, 0};
}

/* Joins parts in chains of CHAIN_MAX, and the chains again, until one is left. */
static struct part
join(struct segment_sql *q, struct part *parts, size_t count, const char *word)
{
    while (count > 1) {
        size_t made = 0;

        for (size_t i = 0; i < count; i += CHAIN_MAX) {
            struct buf text = {0};
            int height = 0;

            for (size_t k = i; k < count && k < i + CHAIN_MAX; k++) {
                hoist(q, &parts[k]);
                buf_add_str(&text, k == i ? "(" : word);
                buf_add_str(&text, parts[k].sql);
                height = parts[k].height > height ? parts[k].height : height;
                free(parts[k].sql);
            }
            buf_add_char(&text, ')');
            parts[made++] = (struct part){buf_take(&text), height + 1};
        }
        count = made;
    }
    return parts[0];
}

static struct part
compile(struct segment_sql *q, const struct node *n)
{
    enum fold fold = node_fold(n);
    struct part *parts;
    struct part result;
    size_t count = 0;

    if (fold != FOLD_OPEN)
        return (struct part){mem_strdup(fold == FOLD_TRUE ? "1" : "0"), 0};
    if (n->kind == NODE_LEAF)
        return (struct part){segment_sql_leaf(q, n->leaf), 2};
    parts = mem_calloc(n->count, sizeof *parts);
    for (size_t i = 0; i < n->count; i++)
        if (node_fold(n->children[i]) == FOLD_OPEN)
            parts[count++] = compile(q, n->children[i]);
    /* Not decided and one child open at least: the others are neutral. */
    if (n->kind == NODE_NOT) {
        hoist(q, &parts[0]);
        result = (struct part){mem_printf("(NOT %s)", parts[0].sql), parts[0].height + 1};
        free(parts[0].sql);
    } else {
        result = join(q, parts, count, n->kind == NODE_ALL ? " AND " : " OR ");
    }
    free(parts);
    return result;
}

char *
segment_sql_node(struct segment_sql *q, const struct node *n)
{
    return compile(q, n).sql;
}
