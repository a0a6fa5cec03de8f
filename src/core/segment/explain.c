#include "core/segment/explain.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/segment/compile.h"

enum time_word { OLDER_THAN, WITHIN_DAYS, NEXT_DAYS };

/* Writes `separator` before all but the first of a row of phrases. */
struct row {
    struct buf *out;
    const char *separator;
    size_t count;
};

static void
next(struct row *r)
{
    if (r->count++)
        buf_add_str(r->out, r->separator);
}

static void
add_word(const char *word, struct buf *out)
{
    bool plain = word[0] != '\0';

    for (const char *s = word; *s; s++)
        plain = plain && (isalnum((unsigned char)*s) || strchr("_.-", *s) || (*s & 0x80));
    if (!plain)
        buf_add_char(out, '"');
    text_sanitise(out, word, strlen(word));
    if (!plain)
        buf_add_char(out, '"');
}

static void
add_words(const char *what, const char *verb, const struct leaf_value *v, struct row *r)
{
    if (!v->given)
        return;
    next(r);
    buf_printf(r->out, "%s%s", what, verb);
    if (v->word_count == 0)
        buf_add_str(r->out, "no word at all (an empty list matches nothing)");
    for (size_t i = 0; i < v->word_count; i++) {
        if (i)
            buf_add_str(r->out, " or ");
        add_word(v->words[i], r->out);
    }
}

static void
add_age(enum time_word word, const struct leaf_value *v, const struct segment_env *env,
        struct row *r)
{
    static const char *const words[] = {"older than ", "within ", "within the next "};
    char text[UTIME_RFC3339_SIZE];
    int64_t cutoff = 0;
    bool known;

    if (!v->given)
        return;
    next(r);
    known = word == NEXT_DAYS ? cutoff_after(env->now_s, v->days, &cutoff)
                              : cutoff_before(env->now_s, v->days, &cutoff);
    buf_add_str(r->out, words[word]);
    if (v->days == INT64_MAX)
        buf_add_str(r->out, "more days than there ever were");
    else
        buf_printf(r->out, "%" PRId64 " day%s", v->days, v->days == 1 ? "" : "s");
    if (!known)
        buf_add_str(r->out, word == OLDER_THAN ? " (before all time)" : " (at any time)");
    else if (word == OLDER_THAN)
        buf_printf(r->out, " (at or before %s)", utime_format(cutoff, text));
    else if (word == WITHIN_DAYS)
        buf_printf(r->out, " (at or after %s)", utime_format(cutoff, text));
    else
        buf_printf(r->out, " (until %s)", utime_format(cutoff, text));
}

static void
add_number(const struct number *n, struct buf *out)
{
    if (n->whole)
        buf_printf(out, "%" PRId64, n->integer);
    else if (isfinite(n->real))
        buf_printf(out, "%.15g", n->real);
    else
        buf_add_str(out, "a number beyond all counting");
}

static void
add_numbers(const struct comparisons *c, struct buf *out)
{
    static const char *const words[] = {
        [NUMBER_EQ] = "",           [NUMBER_LT] = "less than ", [NUMBER_LE] = "at most ",
        [NUMBER_GT] = "more than ", [NUMBER_GE] = "at least ",  [NUMBER_NE] = "not ",
    };

    for (size_t i = 0; i < c->count; i++) {
        buf_printf(out, "%s%s", i ? " and " : "", words[c->at[i].op]);
        add_number(&c->at[i].value, out);
    }
}

/* "there was never a contact" / "there is a contact" */
static void
add_never(const char *what, const struct leaf_value *v, struct row *r)
{
    if (!v->given)
        return;
    next(r);
    buf_printf(r->out, v->flag ? "there is no %s" : "there is a %s", what);
}

/* Ages and words of one subject, "is" said once; then what is said of it otherwise. */
static void
explain_fact(const struct leaf *leaf, const char *subject, const char *noun,
             const struct leaf_value *older, const struct leaf_value *within,
             const struct leaf_value *never, const struct segment_env *env, struct buf *out)
{
    struct row r = {.out = out, .separator = " and "};

    (void)leaf;
    if (older->given || within->given)
        buf_printf(out, "%s is ", subject);
    add_age(OLDER_THAN, older, env, &r);
    add_age(WITHIN_DAYS, within, env, &r);
    add_never(noun, never, &r);
}

static void
explain_last_appointment(const struct leaf *leaf, const struct segment_env *env, struct buf *out)
{
    const struct leaf_value *v = leaf->values;
    struct row r = {.out = out, .separator = " and "};
    struct row cancelled = {.out = out, .separator = ""};

    explain_fact(leaf, "last appointment", "last appointment", &v[FACT_OLDER], &v[FACT_WITHIN],
                 &v[FACT_NEVER], env, out);
    r.count = v[FACT_OLDER].given || v[FACT_WITHIN].given || v[FACT_NEVER].given;
    if (r.count == 0)
        buf_add_str(out, "there is a last appointment and "); /* what "its" means */
    add_words("its status", " is ", &v[FACT_STATUS], &r);
    add_words("its service", " is ", &v[FACT_SERVICE], &r);
    add_words("its provider", " is ", &v[FACT_PROVIDER], &r);
    if (!v[FACT_CANCELLED].given)
        return;
    next(&r);
    buf_add_str(out, "it was cancelled ");
    add_age(WITHIN_DAYS, &v[FACT_CANCELLED], env, &cancelled);
}

static void
explain_next(const struct leaf *leaf, const struct segment_env *env, struct buf *out)
{
    struct row r = {.out = out, .separator = " and "};

    if (leaf->values[NEXT_IN_DAYS].given)
        buf_add_str(out, "next appointment is ");
    add_age(NEXT_DAYS, &leaf->values[NEXT_IN_DAYS], env, &r);
    add_never("scheduled appointment from now on", &leaf->values[NEXT_NEVER], &r);
}

static void
conversation_filters(const struct leaf_value *v, const struct segment_env *env, struct row *r)
{
    add_words("channel", " ", &v[CONVERSATION_CHANNEL], r);
    add_words("type", " ", &v[CONVERSATION_TYPE], r);
    add_words("status", " ", &v[CONVERSATION_STATUS], r);
    add_words("outcome", " ", &v[CONVERSATION_OUTCOME], r);
    add_words("sentiment", " ", &v[CONVERSATION_SENTIMENT], r);
    if (v[CONVERSATION_BOOKING_INTENT].given) {
        next(r);
        buf_add_str(r->out,
                    v[CONVERSATION_BOOKING_INTENT].flag ? "booking intent" : "no booking intent");
    }
    if (v[CONVERSATION_SATISFACTION].given) {
        next(r);
        buf_add_str(r->out, "satisfaction ");
        add_numbers(&v[CONVERSATION_SATISFACTION].numbers, r->out);
    }
    add_age(OLDER_THAN, &v[CONVERSATION_OLDER], env, r);
    add_age(WITHIN_DAYS, &v[CONVERSATION_WITHIN], env, r);
    if (v[CONVERSATION_HAS_METADATA].given) {
        next(r);
        buf_add_str(r->out, "metadata ");
        add_word(v[CONVERSATION_HAS_METADATA].text, r->out);
    }
}

static void
appointment_filters(const struct leaf_value *v, const struct segment_env *env, struct row *r)
{
    add_words("status", " ", &v[APPOINTMENT_STATUS], r);
    add_words("service", " ", &v[APPOINTMENT_SERVICE], r);
    add_words("provider", " ", &v[APPOINTMENT_PROVIDER], r);
    add_words("booked by", " ", &v[APPOINTMENT_BOOKED_BY], r);
    add_age(OLDER_THAN, &v[APPOINTMENT_OLDER], env, r);
    add_age(WITHIN_DAYS, &v[APPOINTMENT_WITHIN], env, r);
    if (v[APPOINTMENT_UPCOMING].given) {
        next(r);
        buf_add_str(r->out, v[APPOINTMENT_UPCOMING].flag ? "upcoming" : "not upcoming");
    }
}

static void
explain_counted(const struct leaf *leaf, const char *noun, const struct leaf_value *count,
                const struct segment_env *env, struct buf *out)
{
    struct buf filters = {0};
    struct row r = {.out = &filters, .separator = " and "};

    if (leaf->spec->kind == LEAF_CONVERSATION)
        conversation_filters(leaf->values, env, &r);
    else
        appointment_filters(leaf->values, env, &r);
    buf_printf(out, "%s %s%s%s%s", count->given ? "the number of" : "there is at least one", noun,
               count->given ? "s" : "", filters.len ? " with " : "", buf_str(&filters));
    if (count->given) {
        buf_add_str(out, " is ");
        add_numbers(&count->numbers, out);
    }
    buf_release(&filters);
}

static void
explain_customer(const struct leaf *leaf, const struct segment_env *env, struct buf *out)
{
    static const struct {
        int key;
        const char *yes, *no;
    } flags[] = {
        {CUSTOMER_IS_NEW, "is a new client", "is not a new client"},
        {CUSTOMER_HAS_PHONE, "has a valid phone", "has no valid phone"},
        {CUSTOMER_HAS_EMAIL, "has a valid email", "has no valid email"},
    };
    const struct leaf_value *v = leaf->values;
    struct row r = {.out = out, .separator = " and "};

    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (!v[flags[i].key].given)
            continue;
        next(&r);
        buf_printf(out, "the customer %s", v[flags[i].key].flag ? flags[i].yes : flags[i].no);
    }
    if (v[CUSTOMER_CREATED_WITHIN].given || v[CUSTOMER_CREATED_OLDER].given) {
        struct row ages = {.out = out, .separator = " and "};

        next(&r);
        buf_add_str(out, "the customer was created ");
        add_age(WITHIN_DAYS, &v[CUSTOMER_CREATED_WITHIN], env, &ages);
        add_age(OLDER_THAN, &v[CUSTOMER_CREATED_OLDER], env, &ages);
    }
    for (int key = CUSTOMER_NAME; key <= CUSTOMER_NOTES; key++) {
        if (!v[key].given)
            continue;
        next(&r);
        buf_add_str(out, key == CUSTOMER_NAME ? "the name contains \"" : "the notes contain \"");
        text_sanitise(out, v[key].text, strlen(v[key].text));
        buf_add_char(out, '"');
    }
}

static void
explain_page_visit(const struct leaf *leaf, const struct segment_env *env, struct buf *out)
{
    const struct leaf_value *v = leaf->values;
    struct buf key = {0};
    struct buf subject = {0};
    struct buf noun = {0};

    add_word(v[PAGE_VISIT_KEY].text, &key);
    buf_printf(&subject, "last visit with %s", buf_str(&key));
    buf_printf(&noun, "visit with %s", buf_str(&key));
    explain_fact(leaf, buf_str(&subject), buf_str(&noun), &v[PAGE_VISIT_OLDER],
                 &v[PAGE_VISIT_WITHIN], &v[PAGE_VISIT_NEVER], env, out);
    buf_release(&key);
    buf_release(&subject);
    buf_release(&noun);
}

static void
explain_contacted_by(const struct leaf *leaf, const struct segment_env *env, struct buf *out)
{
    static const char *const words[] = {
        [CONTACTED_CONTACTED] = "was sent",
        [CONTACTED_REPLIED] = "was answered",
        [CONTACTED_NOT_REPLIED] = "was sent and not answered",
        [CONTACTED_FAILED] = "failed or was not delivered",
    };
    const struct leaf_value *v = leaf->values;
    struct row r = {.out = out, .separator = " and "};

    if (v[CONTACTED_CAMPAIGN].any_campaign)
        buf_add_str(out, "a message of any campaign ");
    else
        buf_printf(out, "a message of campaign %" PRId64 " ", v[CONTACTED_CAMPAIGN].campaign);
    buf_add_str(out, words[v[CONTACTED_STATE].choice]);
    if (v[CONTACTED_WITHIN].given || v[CONTACTED_OLDER].given)
        buf_add_char(out, ' ');
    add_age(WITHIN_DAYS, &v[CONTACTED_WITHIN], env, &r);
    add_age(OLDER_THAN, &v[CONTACTED_OLDER], env, &r);
}

void
explain_leaf(const struct leaf *leaf, const struct segment_env *env, struct buf *out)
{
    const struct leaf_value *v = leaf->values;

    switch (leaf->spec->kind) {
    case LEAF_LAST_CONTACT:
        explain_fact(leaf, "last contact", "contact", &v[0], &v[1], &v[2], env, out);
        break;
    case LEAF_LAST_VISIT:
        explain_fact(leaf, "last visit", "visit", &v[0], &v[1], &v[2], env, out);
        break;
    case LEAF_LAST_CANCELLATION:
        explain_fact(leaf, "last cancellation", "cancellation", &v[0], &v[1], &v[2], env, out);
        break;
    case LEAF_LAST_ACTIVITY:
        explain_fact(leaf, "last activity", "activity", &v[0], &v[1], &v[2], env, out);
        break;
    case LEAF_LAST_APPOINTMENT:
        explain_last_appointment(leaf, env, out);
        break;
    case LEAF_NEXT_APPOINTMENT:
        explain_next(leaf, env, out);
        break;
    case LEAF_APPOINTMENT_COUNT:
        buf_add_str(out, "the number of appointments is ");
        add_numbers(&v[0].numbers, out);
        break;
    case LEAF_CONVERSATION_COUNT:
        buf_add_str(out, "the number of conversations is ");
        add_numbers(&v[0].numbers, out);
        break;
    case LEAF_LAST_SATISFACTION:
        buf_add_str(out, "the last satisfaction score is ");
        add_numbers(&v[0].numbers, out);
        break;
    case LEAF_CONVERSATION:
        explain_counted(leaf, "conversation", &v[CONVERSATION_LEAF_COUNT], env, out);
        break;
    case LEAF_APPOINTMENT:
        explain_counted(leaf, "appointment", &v[APPOINTMENT_LEAF_COUNT], env, out);
        break;
    case LEAF_CUSTOMER:
        explain_customer(leaf, env, out);
        break;
    case LEAF_PAGE_VISIT:
        explain_page_visit(leaf, env, out);
        break;
    case LEAF_CONTACTED_BY:
        explain_contacted_by(leaf, env, out);
        break;
    case LEAF_KIND_COUNT:
        break;
    }
}

static void
explain_node(const struct node *n, const struct segment_env *env, bool top, struct buf *out)
{
    bool bracket = !top && n->count > 1;

    switch (n->kind) {
    case NODE_LEAF:
        explain_leaf(n->leaf, env, out);
        return;
    case NODE_NOT:
        buf_add_str(out, "not (");
        explain_node(n->children[0], env, true, out);
        buf_add_char(out, ')');
        return;
    case NODE_ALL:
    case NODE_ANY:
        break;
    }
    if (n->count == 0)
        buf_add_str(out, n->kind == NODE_ALL ? "anything is true" : "the impossible is true");
    if (bracket)
        buf_add_char(out, '(');
    for (size_t i = 0; i < n->count; i++) {
        if (i)
            buf_add_str(out, n->kind == NODE_ALL ? ", and " : ", or ");
        explain_node(n->children[i], env, n->count == 1 && top, out);
    }
    if (bracket)
        buf_add_char(out, ')');
}

void
segment_explain(const struct criteria *c, const struct segment_env *env, struct buf *out)
{
    char now[UTIME_RFC3339_SIZE];

    switch (node_fold(c->root)) {
    case FOLD_TRUE:
        buf_add_str(out, "Every customer");
        break;
    case FOLD_FALSE:
        buf_add_str(out, "Nobody, whatever the data: ");
        explain_node(c->root, env, true, out);
        break;
    case FOLD_OPEN:
        buf_add_str(out, "Customers for whom ");
        explain_node(c->root, env, true, out);
        break;
    }
    buf_printf(out, ". (Seen from %s.)", utime_format(env->now_s, now));
}
