#include "core/campaign/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/text.h"
#include "core/base/utime.h"

enum { VARIABLE_NAME_MAX = 31 };

struct expansion {
    const struct config *config;
    const struct campaign *c;
    const struct customer_vars *vars; /* NULL: nobody in particular */
    int64_t now_s;
    struct render_use *use;
    bool check_only;
    bool in_question; /* a question is being asked: it cannot ask another */
};

/* --- values: false when there is none */
static size_t
plain_run(const char *s) /* ASCII that is seen */
{
    size_t n = 0;

    while (s[n] > ' ' && s[n] < 0x7F)
        n++;
    return n;
}

static bool
add_value(struct buf *out, const char *value)
{
    bool blank_waits = false;
    size_t before = out->len;
    size_t len = value ? strlen(value) : 0;

    for (size_t at = 0; at < len;) {
        uint32_t cp;
        size_t used = plain_run(value + at);

        if (used > 0) {
            if (blank_waits)
                buf_add_char(out, ' ');
            blank_waits = false;
            buf_add(out, value + at, used);
            at += used;
            continue;
        }
        used = utf8_decode(value + at, len - at, &cp);
        if (used == 0) {
            at++;
            continue;
        }
        if (cp == ' ' || cp == '\t' || cp == '\n' || cp == '\r' || cp == 0xA0)
            blank_waits = out->len > before;
        else if (cp >= 0x20 && !(cp >= 0x7F && cp < 0xA0) && !(cp >= 0x200E && cp <= 0x200F) &&
                 !(cp >= 0x2028 && cp <= 0x202E) && !(cp >= 0x2066 && cp <= 0x2069)) {
            if (blank_waits)
                buf_add_char(out, ' ');
            blank_waits = false;
            buf_add(out, value + at, used);
        }
        at += used;
    }
    return out->len > before;
}

static bool
value_first_name(const struct expansion *e, struct buf *out)
{
    return e->vars && add_value(out, e->vars->first_name);
}

static bool
value_name(const struct expansion *e, struct buf *out)
{
    return e->vars && add_value(out, e->vars->name);
}

static bool
value_business(const struct expansion *e, struct buf *out)
{
    return add_value(out, e->config->business.name);
}

static bool
value_assistant(const struct expansion *e, struct buf *out)
{
    return add_value(out, e->config->business.assistant);
}

static bool
value_phone(const struct expansion *e, struct buf *out)
{
    return add_value(out, e->config->business.phone);
}

static bool
value_service(const struct expansion *e, struct buf *out)
{
    return e->vars && add_value(out, e->vars->service);
}

static bool
value_provider(const struct expansion *e, struct buf *out)
{
    return e->vars && add_value(out, e->vars->provider);
}

static bool
value_days(const struct expansion *e, struct buf *out)
{
    if (!e->vars || !e->vars->has_last_visit || e->vars->last_visit_s > e->now_s)
        return false;
    buf_printf(out, "%" PRId64, (e->now_s - e->vars->last_visit_s) / DAY_S);
    return true;
}

static bool
value_last_visit(const struct expansion *e, struct buf *out)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    struct civil day;

    if (!e->vars || !e->vars->has_last_visit)
        return false;
    day = utime_to_civil(e->vars->last_visit_s);
    buf_printf(out, "%s %d", months[day.month - 1], day.day);
    if (e->now_s - e->vars->last_visit_s > 300 * (int64_t)DAY_S)
        buf_printf(out, ", %" PRId64, day.year); /* "March 14" may mean another year by then */
    return true;
}

static bool
value_offer(const struct expansion *e, struct buf *out)
{
    return add_value(out, e->c->offer);
}

/* What people are told; values[] below goes with it, row by row. */
static const struct render_variable abouts[] = {
    {"first_name", "what to call the person: Ana", true},
    {"name", "the whole name: Ana Ruiz", true},
    {"business", "the name of the business", false},
    {"assistant", "who signs: business.assistant", false},
    {"phone", "the phone of the business", false},
    {"service", "service of the last visit, else of the last appointment", true},
    {"provider", "who saw the person at the last appointment", true},
    {"days_since_last_visit", "whole days since the last completed visit", true},
    {"last_visit", "the day of the last completed visit: March 14", true},
    {"offer", "the offer of the campaign file", false},
    {"question_1", "a question of the agent, by number", false},
};
static bool (*const values[])(const struct expansion *e, struct buf *out) = {
    value_first_name,
    value_name,
    value_business,
    value_assistant,
    value_phone,
    value_service,
    value_provider,
    value_days,
    value_last_visit,
    value_offer,
    NULL /* expand_question() */,
};
_Static_assert(ARRAY_LEN(values) == ARRAY_LEN(abouts), "a value for every variable");

const struct render_variable *
render_variable_list(size_t *count)
{
    *count = ARRAY_LEN(abouts);
    return abouts;
}

/* Row of a variable that has a value of its own; -1 when it is none. */
static int
variable_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(abouts); i++)
        if (values[i] && strcmp(abouts[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* question_7 -> 7; 0 when it is no such name. */
static size_t
question_number(const char *name)
{
    int64_t n;

    if (!text_starts_with(name, "question_") || !num_parse_i64(name + strlen("question_"), &n))
        return 0;
    return n >= 1 && n <= 99 && name[strlen("question_")] != '0' ? (size_t)n : 0;
}

static bool
unknown_variable(const char *name, struct error *err)
{
    const char *near = text_nearest(name, &abouts[0].name, ARRAY_LEN(abouts), sizeof abouts[0]);

    if (near)
        return error_set(err, ERR_INVALID, "unknown variable {%s}; did you mean {%s}?", name, near);
    return error_set(
        err, ERR_INVALID,
        "unknown variable {%s}; there are first_name, name, business, assistant, phone, "
        "service, provider, days_since_last_visit, last_visit, offer and question_1 "
        "(write {{ for a brace)",
        name);
}

static bool expand(const struct expansion *e, const char *text, struct buf *out, struct error *err);

static bool
expand_question(const struct expansion *e, size_t number, bool *filled, struct buf *out,
                struct error *err)
{
    struct expansion inner = *e;

    if (e->in_question)
        return error_set(err, ERR_INVALID, "a question cannot ask {question_%zu}", number);
    if (number > e->c->agent.question_count)
        return error_set(err, ERR_INVALID, "{question_%zu}: the agent has %zu question%s", number,
                         e->c->agent.question_count, e->c->agent.question_count == 1 ? "" : "s");
    inner.in_question = true;
    *filled = true;
    return expand(&inner, e->c->agent.questions[number - 1], out, err);
}

/* One variable: what stands between the braces. */
static bool
expand_variable(const struct expansion *e, const char *inside, size_t len, struct buf *out,
                struct error *err)
{
    const char *bar = memchr(inside, '|', len);
    size_t name_len = bar ? (size_t)(bar - inside) : len;
    size_t kept = name_len < VARIABLE_NAME_MAX ? name_len : VARIABLE_NAME_MAX;
    char name[VARIABLE_NAME_MAX + 1];
    int row;
    size_t number;
    bool filled = false;

    memcpy(name, inside, kept);
    name[kept] = '\0';
    if (name_len == 0)
        return error_set(err, ERR_INVALID, "{} names no variable (write {{ for a brace)");
    row = variable_find(name);
    number = question_number(name);
    if (name_len > VARIABLE_NAME_MAX || (row < 0 && number == 0))
        return unknown_variable(name, err);
    if (number > 0 && !expand_question(e, number, &filled, out, err))
        return false;
    if (e->check_only || filled || (row >= 0 && values[row](e, out)))
        return true;
    if (!bar) {
        if (e->use)
            (void)text_copy(e->use->unfilled, sizeof e->use->unfilled, name);
        return error_set(err, ERR_CONFLICT,
                         "{%s} has no value here and no fallback; write {%s|something else}", name,
                         name);
    }
    if (e->use)
        e->use->fallback = true;
    buf_add(out, bar + 1, len - name_len - 1);
    return true;
}

static bool
expand(const struct expansion *e, const char *text, struct buf *out, struct error *err)
{
    while (*text) {
        size_t plain = strcspn(text, "{");
        size_t inside;

        buf_add(out, text, plain);
        text += plain;
        if (!*text)
            break;
        if (text[1] == '{') {
            buf_add_char(out, '{');
            text += 2;
            continue;
        }
        inside = strcspn(text + 1, "{}");
        if (text[1 + inside] != '}')
            return error_set(err, ERR_INVALID,
                             "\"%.20s\": a brace is not closed (write {{ for a brace)", text);
        if (!expand_variable(e, text + 1, inside, out, err))
            return false;
        text += inside + 2;
    }
    return true;
}

bool
render_check(const struct config *config, const struct campaign *c, const char *text,
             struct error *err)
{
    struct expansion e = {.config = config, .c = c, .check_only = true};
    struct buf out = {0};
    bool ok = expand(&e, text, &out, err);

    buf_release(&out);
    return ok;
}

bool
render_check_question(const struct config *config, const struct campaign *c, const char *text,
                      struct error *err)
{
    struct expansion e = {.config = config, .c = c, .check_only = true, .in_question = true};
    struct buf out = {0};
    bool ok = expand(&e, text, &out, err);

    buf_release(&out);
    return ok;
}

bool
render_text_use(const struct config *config, const struct campaign *c, const char *text,
                const struct customer_vars *vars, int64_t now_s, struct buf *out,
                struct render_use *use, struct error *err)
{
    struct expansion e = {.config = config, .c = c, .vars = vars, .now_s = now_s, .use = use};

    if (use)
        *use = (struct render_use){0};
    return expand(&e, text, out, err);
}

bool
render_text(const struct config *config, const struct campaign *c, const char *text,
            const struct customer_vars *vars, int64_t now_s, struct buf *out, struct error *err)
{
    return render_text_use(config, c, text, vars, now_s, out, NULL, err);
}

bool
render_is_personal(const struct campaign *c, const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(abouts); i++) {
        char opening[VARIABLE_NAME_MAX + 2];

        (void)snprintf(opening, sizeof opening, "{%s", abouts[i].name);
        if (abouts[i].personal && strstr(text, opening))
            return true;
    }
    for (size_t i = 0; i < c->agent.question_count && strstr(text, "{question_"); i++)
        if (c->agent.questions[i] != text && !strstr(c->agent.questions[i], "{question_") &&
            render_is_personal(c, c->agent.questions[i]))
            return true; /* one more than needed may count as personal: that only costs time */
    return false;
}
