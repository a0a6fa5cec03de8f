#include "core/campaign/spec.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/render.h"
#include "core/segment/segment.h"

/* One check of one document. The first error in the order of the document ends it. */
struct check {
    struct db *db;
    const struct config *config;
    const json_t *spec;
    bool strict;
    struct campaign draft; /* agent and offer as far as they can be read: names of variables */
    struct buf path;       /* JSON Pointer of the value being looked at */
    struct error *err;
};

struct field {
    const char *name;
    bool (*check)(struct check *k, const json_t *value);
    const char *missing; /* strict: what to say when it is not there; NULL: optional */
};

static bool wrong(struct check *k, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool
wrong(struct check *k, const char *fmt, ...)
{
    char text[sizeof k->err->text];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return error_set_at(k->err, ERR_INVALID, k->path.len ? buf_str(&k->path) : "/", "%s", text);
}

static size_t
path_push(struct check *k, const char *key)
{
    size_t before = k->path.len;

    buf_add_char(&k->path, '/');
    for (; *key; key++) { /* RFC 6901 */
        if (*key == '~')
            buf_add_str(&k->path, "~0");
        else if (*key == '/')
            buf_add_str(&k->path, "~1");
        else
            buf_add_char(&k->path, *key);
    }
    return before;
}

static size_t
path_push_index(struct check *k, size_t i)
{
    size_t before = k->path.len;

    buf_printf(&k->path, "/%zu", i);
    return before;
}

static void
path_pop(struct check *k, size_t before)
{
    k->path.len = before;
    if (k->path.data)
        k->path.data[before] = '\0';
}

/* --- what every place shares */
static const char *
kind_of(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "empty";
}

static const struct field *
field_named(const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static bool
unknown_key(struct check *k, const struct field *fields, size_t count, const char *key)
{
    const char *near = text_nearest(key, &fields[0].name, count, sizeof fields[0]);
    struct buf names = {0};

    if (near) {
        (void)wrong(k, "unknown key; did you mean %s?", near);
    } else {
        for (size_t i = 0; i < count; i++)
            buf_printf(&names, "%s%s", i ? ", " : "", fields[i].name);
        (void)wrong(k, "unknown key; there are %s", buf_str(&names));
    }
    buf_release(&names);
    return false;
}

static bool
check_object(struct check *k, const json_t *v, const struct field *fields, size_t count)
{
    const char *key;
    json_t *member;

    if (!json_is_object(v))
        return wrong(k, "must be a mapping, not %s", kind_of(v));
    json_object_foreach(mem_unconst(v), key, member)
    {
        const struct field *f = field_named(fields, count, key);
        size_t before = path_push(k, key);

        if (!f)
            return unknown_key(k, fields, count, key);
        if (!f->check(k, member))
            return false;
        path_pop(k, before);
    }
    for (size_t i = 0; i < count && k->strict; i++)
        if (fields[i].missing && !json_object_get(v, fields[i].name))
            return wrong(k, "%s is missing: %s", fields[i].name, fields[i].missing);
    return true;
}

/* A text without control characters (line ends are kept) and within the limit. */
static bool
check_text(struct check *k, const json_t *v, const char **out)
{
    const char *s = json_string_value(v);

    if (!s)
        return wrong(k, "must be a text, not %s%s", kind_of(v),
                     json_is_number(v) || json_is_boolean(v) ? "; put it in quotes" : "");
    if (json_string_length(v) != strlen(s))
        return wrong(k, "holds a zero character");
    if (strlen(s) > SPEC_TEXT_MAX)
        return wrong(k, "is longer than %d bytes", SPEC_TEXT_MAX);
    for (const char *at = s; *at; at++)
        if (((unsigned char)*at < 0x20 && *at != '\n') || *at == 0x7F)
            return wrong(k, "holds a control character (byte %d)", (unsigned char)*at);
    *out = s;
    return true;
}

static bool
check_filled_text(struct check *k, const json_t *v, const char **out)
{
    if (!check_text(k, v, out))
        return false;
    return !k->strict || !text_is_blank(*out) || wrong(k, "is empty");
}

static bool
check_word(struct check *k, const json_t *v, const char *const *words, size_t count)
{
    const char *s;
    const char *near;
    struct buf list = {0};

    if (!check_text(k, v, &s))
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], s) == 0)
            return true;
    near = text_nearest(s, words, count, sizeof words[0]);
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%s%s", i ? " or " : "", words[i]);
    if (near)
        (void)wrong(k, "\"%.40s\" is unknown; did you mean %s?", s, near);
    else
        (void)wrong(k, "\"%.40s\" is unknown; it is %s", s, buf_str(&list));
    buf_release(&list);
    return false;
}

static bool
check_number(struct check *k, const json_t *v, double above, double most)
{
    double n = json_number_value(v);

    if (!json_is_number(v))
        return wrong(k, "must be a number, not %s", kind_of(v));
    if (!isfinite(n) || n <= above || n > most)
        return wrong(k, "must be more than %g and at most %g", above, most);
    return true;
}

static bool
check_whole(struct check *k, const json_t *v, int64_t least, int64_t most)
{
    if (!json_is_integer(v))
        return wrong(k, "must be a whole number, not %s",
                     json_is_real(v) ? "a fraction" : kind_of(v));
    if (json_integer_value(v) < least || json_integer_value(v) > most)
        return wrong(k, "must be %" PRId64 " to %" PRId64, least, most);
    return true;
}

/* --- head */
static bool
check_name(struct check *k, const json_t *v)
{
    const char *s;
    size_t characters = 0;

    if (!check_filled_text(k, v, &s))
        return false;
    if (strchr(s, '\n'))
        return wrong(k, "is one line");
    for (const char *at = s; *at; at++)
        characters += ((unsigned char)*at & 0xC0) != 0x80;
    return characters <= SPEC_NAME_MAX || wrong(k, "is longer than %d characters", SPEC_NAME_MAX);
}

static bool
check_type(struct check *k, const json_t *v)
{
    static const char *const types[] = {"research", "outbound_sales"};

    return check_word(k, v, types, ARRAY_LEN(types));
}

static bool
check_channel(struct check *k, const json_t *v)
{
    static const char *const channels[] = {"sms", "email", "voice", "multi"};
    const char *s = json_string_value(v);

    if (!check_word(k, v, channels, ARRAY_LEN(channels)))
        return false;
    return strcmp(s, "sms") == 0 ||
           wrong(k, "canvass sends SMS in this version; \"%s\" is not there yet: write sms", s);
}

static bool
check_order(struct check *k, const json_t *v)
{
    (void)v;
    return wrong(
        k, "an order of channels belongs to channel multi; canvass sends SMS in this version");
}

/* --- segment */
static bool
check_segment_template(struct check *k, const json_t *v)
{
    const struct segment_template *all;
    const char *names[64];
    const char *near;
    size_t count;
    const char *s;

    if (!check_text(k, v, &s))
        return false;
    if (segment_template_find(s))
        return true;
    all = segment_template_list(&count);
    for (size_t i = 0; i < count && i < ARRAY_LEN(names); i++)
        names[i] = all[i].name;
    near = text_nearest(s, names, count < ARRAY_LEN(names) ? count : ARRAY_LEN(names),
                        sizeof names[0]);
    if (near)
        return wrong(k, "there is no segment template \"%.40s\"; did you mean %s?", s, near);
    return wrong(
        k, "there is no segment template \"%.40s\"; `canvass segment templates` lists them", s);
}

static bool
check_segment_saved(struct check *k, const json_t *v)
{
    json_t *segment;
    struct criteria *criteria;
    const char *s;

    if (!check_text(k, v, &s))
        return false;
    segment = json_pack("{s:s}", "saved", s);
    criteria = segment_resolve(k->db, segment, k->err);
    json_decref(segment);
    criteria_free(criteria);
    if (criteria)
        return true;
    if (k->err->code == ERR_INTERNAL || k->err->code == ERR_RETRY)
        return false;
    return wrong(k,
                 "there is no saved segment \"%.60s\" that can be used; `canvass segment list` "
                 "lists them",
                 s);
}

static bool
check_segment_criteria(struct check *k, const json_t *v)
{
    struct criteria *criteria = criteria_from_json(v, k->err);
    char inner[sizeof k->err->path];

    if (criteria) {
        criteria_free(criteria);
        return true;
    }
    (void)text_copy(inner, sizeof inner, strcmp(k->err->path, "/") == 0 ? "" : k->err->path);
    (void)snprintf(k->err->path, sizeof k->err->path, "%s%s", buf_str(&k->path), inner);
    return false;
}

static bool
check_segment(struct check *k, const json_t *v)
{
    static const struct field fields[] = {{"template", check_segment_template, NULL},
                                          {"saved", check_segment_saved, NULL},
                                          {"criteria", check_segment_criteria, NULL}};

    if (!check_object(k, v, fields, ARRAY_LEN(fields)))
        return false;
    if (json_object_size(v) > 1)
        return wrong(k, "give one of template, saved and criteria, not several");
    return json_object_size(v) == 1 || !k->strict ||
           wrong(k, "give one of template, saved and criteria");
}

/* --- agent */
static bool
check_agent_template(struct check *k, const json_t *v)
{
    const char *type = json_string_value(json_object_get(k->spec, "type"));
    const struct agent_template *t;
    const char *s;

    if (!check_text(k, v, &s))
        return false;
    t = agent_template_find(s);
    if (!t) {
        t = agent_template_nearest(s);
        if (t)
            return wrong(k, "there is no agent template \"%.40s\"; did you mean %s?", s, t->name);
        return wrong(k,
                     "there is no agent template \"%.40s\"; `canvass campaign template list` lists "
                     "them",
                     s);
    }
    if (type && strcmp(type, t->type) != 0)
        return wrong(k, "%s is an agent for %s; this campaign is %.40s", t->name, t->type, type);
    return true;
}

static bool
check_agent_mode(struct check *k, const json_t *v)
{
    static const char *const modes[] = {"scripted", "none", "draft", "auto"};
    const char *s = json_string_value(v);

    if (!check_word(k, v, modes, ARRAY_LEN(modes)))
        return false;
    return strcmp(s, "scripted") == 0 || strcmp(s, "none") == 0 ||
           wrong(k,
                 "mode %s needs a language model, which this version does not talk to: write "
                 "scripted or none",
                 s);
}

static bool
check_template_text(struct check *k, const json_t *v)
{
    struct error inner = {0};
    const char *s;

    if (!check_filled_text(k, v, &s))
        return false;
    return render_check_question(k->config, &k->draft, s, &inner) || wrong(k, "%s", inner.text);
}

static bool
check_plain_text(struct check *k, const json_t *v)
{
    const char *s;

    return check_text(k, v, &s);
}

static bool
check_texts(struct check *k, const json_t *v, size_t most,
            bool (*each)(struct check *k, const json_t *value))
{
    if (!json_is_array(v))
        return wrong(k, "must be a list, not %s", kind_of(v));
    if (json_array_size(v) > most)
        return wrong(k, "holds %zu; at most %zu", json_array_size(v), most);
    for (size_t i = 0; i < json_array_size(v); i++) {
        size_t before = path_push_index(k, i);

        if (!each(k, json_array_get(v, i)))
            return false;
        path_pop(k, before);
    }
    return true;
}

static bool
check_questions(struct check *k, const json_t *v)
{
    return check_texts(k, v, SPEC_QUESTION_MAX, check_template_text);
}

static bool
check_outcomes(struct check *k, const json_t *v)
{
    return check_texts(k, v, 30, check_plain_text);
}

static bool
check_voice(struct check *k, const json_t *v)
{
    const char *names[32];
    size_t count;
    const struct agent_voice *voices = agent_voice_list(&count);

    for (size_t i = 0; i < count; i++)
        names[i] = voices[i].name;
    return check_word(k, v, names, count);
}

static bool
check_temperature(struct check *k, const json_t *v)
{
    double n = json_number_value(v);

    if (!json_is_number(v) || !isfinite(n) || n < 0 || n > 1)
        return wrong(k, "must be a number from 0 (plain) to 1 (free)");
    return true;
}

static bool
check_max_tokens(struct check *k, const json_t *v)
{
    return check_whole(k, v, 1, 100000);
}

static bool
check_agent(struct check *k, const json_t *v)
{
    static const struct field fields[] = {
        {"template", check_agent_template, NULL},
        {"mode", check_agent_mode, NULL},
        {"title", check_plain_text, NULL},
        {"system_prompt", check_template_text, NULL},
        {"questions", check_questions, NULL},
        {"outcomes", check_outcomes, NULL},
        {"voice", check_voice, NULL},
        {"model", check_plain_text, NULL},
        {"temperature", check_temperature, NULL},
        {"max_tokens", check_max_tokens, NULL},
        {"offer", check_plain_text, NULL},
    };

    if (!check_object(k, v, fields, ARRAY_LEN(fields)))
        return false;
    if (!k->strict || !k->draft.agent.scripted)
        return true;
    if (text_is_blank(k->draft.agent.system_prompt))
        return wrong(k, "the agent needs a template or a system_prompt");
    return k->draft.agent.question_count > 0 || wrong(k, "the agent needs at least one question");
}

/* --- message */
static bool
check_message_text(struct check *k, const json_t *v)
{
    struct error inner = {0};
    const char *s;

    if (!check_filled_text(k, v, &s))
        return false;
    return render_check(k->config, &k->draft, s, &inner) || wrong(k, "%s", inner.text);
}

static bool
check_variant_name(struct check *k, const json_t *v)
{
    const char *s;

    if (!check_filled_text(k, v, &s))
        return false;
    return strlen(s) <= 60 || wrong(k, "is longer than 60 bytes");
}

static bool
check_weight(struct check *k, const json_t *v)
{
    return check_number(k, v, 0, 1e6);
}

static bool
check_variant(struct check *k, const json_t *v)
{
    static const struct field fields[] = {
        {"name", check_variant_name, NULL},
        {"text", check_message_text, "what is to be sent"},
        {"weight", check_weight, NULL},
    };

    if (json_is_string(v))
        return check_message_text(k, v);
    return check_object(k, v, fields, ARRAY_LEN(fields));
}

static bool
check_names_differ(struct check *k)
{
    for (size_t i = 0; i < k->draft.variant_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(k->draft.variants[i].name, k->draft.variants[j].name) == 0)
                return wrong(k, "two variants are named \"%.40s\"", k->draft.variants[i].name);
    return true;
}

static bool
check_message(struct check *k, const json_t *v)
{
    if (!json_is_array(v))
        return check_variant(k, v);
    if (k->strict && json_array_size(v) == 0)
        return wrong(k, "needs at least one variant");
    return check_texts(k, v, SPEC_VARIANT_MAX, check_variant) && check_names_differ(k);
}

/* --- schedule, limits, follow-ups */
static bool
check_start(struct check *k, const json_t *v)
{
    const char *s;
    int64_t at;

    if (!check_text(k, v, &s))
        return false;
    if (json_object_get(json_object_get(k->spec, "schedule"), "zone"))
        return spec_local_time(s, &at) ||
               wrong(k, "must be a time without a zone, such as 2026-12-01T10:00, since zone is "
                        "recipient");
    return strcmp(s, "now") == 0 || utime_parse_rfc3339(s, strlen(s), &at) ||
           wrong(k, "must be now or a time with its zone, such as 2026-12-01T09:00:00-08:00");
}

static bool
check_start_zone(struct check *k, const json_t *v)
{
    const char *s;

    if (!check_text(k, v, &s))
        return false;
    if (strcmp(s, "recipient") != 0)
        return wrong(k, "must be recipient: the start is then by each recipient's own clock");
    return json_object_get(json_object_get(k->spec, "schedule"), "start") ||
           wrong(k, "needs start, a time without a zone such as 2026-12-01T10:00");
}

static bool
check_quiet_hours(struct check *k, const json_t *v)
{
    static const struct field fields[] = {{"from", check_plain_text, NULL},
                                          {"to", check_plain_text, NULL}};
    struct quiet_window window;
    const char *from;
    const char *to;

    if (!check_object(k, v, fields, ARRAY_LEN(fields)))
        return false;
    from = json_string_value(json_object_get(v, "from"));
    to = json_string_value(json_object_get(v, "to"));
    if (!from || !to)
        return wrong(k, "needs from and to, the first and the last minute for messages");
    return quiet_window_parse(from, to, &window) ||
           wrong(k, "must be times of a day like \"09:00\" and \"20:00\", from before to");
}

static bool
check_schedule(struct check *k, const json_t *v)
{
    static const struct field fields[] = {{"start", check_start, NULL},
                                          {"zone", check_start_zone, NULL},
                                          {"quiet_hours", check_quiet_hours, NULL}};

    return check_object(k, v, fields, ARRAY_LEN(fields));
}

static bool
check_per_second(struct check *k, const json_t *v)
{
    return check_number(k, v, 0, 100000);
}

static bool
check_per_day(struct check *k, const json_t *v)
{
    return check_whole(k, v, 1, 100000000);
}

static bool
check_cap_messages(struct check *k, const json_t *v)
{
    return check_whole(k, v, 1, 1000);
}

static bool
check_cap_days(struct check *k, const json_t *v)
{
    return check_whole(k, v, 1, 3650);
}

static bool
check_frequency_cap(struct check *k, const json_t *v)
{
    static const struct field fields[] = {
        {"messages", check_cap_messages, "how many messages a person may get"},
        {"days", check_cap_days, "in how many days"},
    };

    return check_object(k, v, fields, ARRAY_LEN(fields));
}

static bool
check_limits(struct check *k, const json_t *v)
{
    static const struct field fields[] = {{"per_second", check_per_second, NULL},
                                          {"per_day", check_per_day, NULL},
                                          {"frequency_cap", check_frequency_cap, NULL}};

    return check_object(k, v, fields, ARRAY_LEN(fields));
}

static bool
check_canary_recipients(struct check *k, const json_t *v)
{
    return check_whole(k, v, 1, 100000);
}

static bool
check_hold_minutes(struct check *k, const json_t *v)
{
    return check_whole(k, v, 0, INT64_C(14) * 24 * 60);
}

static bool
check_share(struct check *k, const json_t *v)
{
    double share;

    if (!json_is_string(v) || !spec_share(json_string_value(v), &share))
        return wrong(k, "must be a share from 0%% to 100%%, such as 5%%");
    return true;
}

static bool
check_go(struct check *k, const json_t *v)
{
    const char *s;

    if (!check_text(k, v, &s))
        return false;
    return strcmp(s, "auto") == 0 || strcmp(s, "operator") == 0 ||
           wrong(k, "must be auto (when the figures are within the limits) or operator");
}

static bool
check_canary(struct check *k, const json_t *v)
{
    static const struct field fields[] = {
        {"recipients", check_canary_recipients, "how many go first"},
        {"hold_minutes", check_hold_minutes, NULL},
        {"max_failed", check_share, NULL},
        {"max_opt_out", check_share, NULL},
        {"max_30007", check_share, NULL},
        {"go", check_go, NULL},
    };

    return check_object(k, v, fields, ARRAY_LEN(fields));
}

static bool
check_follow_ups(struct check *k, const json_t *v)
{
    if (!json_is_array(v))
        return wrong(k, "must be a list, not %s", kind_of(v));
    return json_array_size(v) == 0 ||
           wrong(k, "this version of canvass sends no follow-ups: leave the list empty");
}

bool
spec_check(struct db *db, const struct config *config, const json_t *spec, bool strict,
           struct error *err)
{
    static const struct field fields[] = {
        {"name", check_name, "what the campaign is called"},
        {"type", check_type, NULL},
        {"channel", check_channel, NULL},
        {"order", check_order, NULL},
        {"segment", check_segment,
         "who gets it: {template: NAME}, {saved: NAME} or {criteria: ...}"},
        {"agent", check_agent, NULL},
        {"message", check_message, "what is to be sent"},
        {"offer", check_plain_text, NULL},
        {"schedule", check_schedule, NULL},
        {"limits", check_limits, NULL},
        {"canary", check_canary, NULL},
        {"follow_ups", check_follow_ups, NULL},
    };
    struct check k = {.db = db, .config = config, .spec = spec, .strict = strict, .err = err};
    bool ok = false;

    if (!json_is_object(spec)) {
        (void)wrong(&k, "a campaign file is a mapping with name, type, segment, message ...");
        goto out;
    }
    k.draft.spec = json_incref(mem_unconst(spec));
    if (!spec_apply(config, &k.draft, err))
        goto out;
    ok = check_object(&k, spec, fields, ARRAY_LEN(fields));
    if (ok && strict && text_is_blank(k.draft.type)) /* an agent template tells it too */
        ok = wrong(&k, "type is missing: research or outbound_sales");
out:
    buf_release(&k.path);
    campaign_release(&k.draft);
    return ok;
}
