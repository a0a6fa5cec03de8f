/* Step 3: fields from the spec, and the spec from fields. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/wizard_agent_form.h"

enum { AGENT_TEMPLATES_MAX = 32, FIXED_FIELDS = 12 };

static const char *const mode_words[] = {"asks its questions", "none"};
static const char *const modes[] = {"scripted", "none"};

bool
agent_field_is(const struct field *fd, const char *id)
{
    return fd && strcmp(fd->id, id) == 0;
}

size_t
agent_nth(const struct agent_step *s, const struct field *fd)
{
    size_t nth = 0;

    for (const struct field *at = s->fields; at < fd; at++)
        nth += strcmp(at->id, fd->id) == 0;
    return nth;
}

struct field *
agent_field(struct agent_step *s, const char *id, size_t nth)
{
    for (size_t i = 0; i < s->form.count; i++)
        if (agent_field_is(&s->fields[i], id) && nth-- == 0)
            return &s->fields[i];
    return NULL;
}

void
agent_focus(struct agent_step *s, const char *id, size_t nth)
{
    struct field *fd = agent_field(s, id, nth);

    if (!fd && nth > 0)
        fd = agent_field(s, id, nth - 1);
    if (fd)
        s->form.focus = (size_t)(fd - s->fields);
}

size_t
agent_variant(struct agent_step *s)
{
    const struct field *fd = form_focused(&s->form);

    if (agent_field_is(fd, ID_MESSAGE) || agent_field_is(fd, ID_WEIGHT))
        return agent_nth(s, fd);
    return 0;
}

json_t *
agent_object(struct wizard *w)
{
    json_t *agent = json_object_get(w->spec, "agent");

    if (!json_is_object(agent)) {
        agent = json_object();
        (void)json_object_set_new(w->spec, "agent", agent);
    }
    return agent;
}

void
agent_step_release(struct agent_step *s)
{
    form_close(&s->form);
    free(s->fields);
    free(s->labels);
    free(s->templates);
    free(s->voices);
    s->fields = NULL;
    s->labels = NULL;
    s->templates = NULL;
    s->voices = NULL;
}

/* --- building */

struct build {
    struct wizard *w;
    struct agent_step *s;
    size_t count, labels;
};

static struct field *
add(struct build *b, enum field_kind kind, const char *id, const char *label, const char *help)
{
    struct field *fd = &b->s->fields[b->count++];

    *fd = (struct field){.kind = kind, .id = id, .label = label, .help = help};
    return fd;
}

static const char *
numbered(struct build *b, const char *word, const char *what)
{
    char *label = b->s->labels[b->labels++];

    (void)snprintf(label, sizeof b->s->labels[0], "%.10s %.10s", word, what);
    return label;
}

static void
add_agent(struct build *b)
{
    struct agent_step *s = b->s;
    const struct agent_template *list[AGENT_TEMPLATES_MAX];
    const struct agent_template *t = agent_template_find(b->w->c.agent.template_name);
    size_t count = agent_template_list(b->w->c.type && b->w->c.type[0] ? b->w->c.type : NULL, list,
                                       AGENT_TEMPLATES_MAX);
    struct field *fd = add(b, FIELD_CHOICE, ID_TEMPLATE, "Agent",
                           "Who writes: a template with its prompt, questions and voice. Enter "
                           "lists those for this purpose.");

    s->templates = mem_calloc(count + 1, sizeof *s->templates);
    s->templates[0] = "none chosen";
    for (size_t i = 0; i < count; i++) {
        s->templates[i + 1] = list[i]->title;
        if (t == list[i])
            fd->choice = i + 1;
    }
    fd->choices = s->templates;
    fd->choice_count = count + 1;
    fd->width = 32;
    fd = add(b, FIELD_RADIO, ID_MODE, "Replies",
             "What happens when somebody answers: the agent asks its next question, or the reply "
             "waits for a person. ←→ change.");
    fd->choices = mode_words;
    fd->choice_count = ARRAY_LEN(mode_words);
    fd->choice =
        json_is_object(json_object_get(b->w->spec, "agent")) && !b->w->c.agent.scripted ? 1 : 0;
}

static void
add_messages(struct build *b)
{
    const struct campaign *c = &b->w->c;
    size_t count = c->variant_count ? c->variant_count : 1;
    char weight[32];

    for (size_t i = 0; i < count; i++) {
        struct field *fd =
            add(b, FIELD_AREA, ID_MESSAGE,
                numbered(b, "Message", i < c->variant_count ? c->variants[i].name : "A"),
                "The first SMS. {first_name|there} is the name, or there; also {business}, "
                "{assistant}, {last_visit}, {question_1}, {offer}. Tell how to stop.");
        fd->height = 4;
        fd->edit.max_bytes = SPEC_TEXT_MAX;
        field_set_text(fd, i < c->variant_count ? c->variants[i].text : "");
        fd->edit.cursor = 0; /* its beginning is shown */
        if (count < 2)
            continue;
        fd = add(b, FIELD_TEXT, ID_WEIGHT, "  weight",
                 "How many people get this one, compared with the others: 1 and 1 is half each.");
        fd->width = 8;
        (void)snprintf(weight, sizeof weight, "%g", c->variants[i].weight);
        field_set_text(fd, weight);
    }
    b->s->variants = count;
    if (count < SPEC_VARIANT_MAX)
        (void)add(b, FIELD_BUTTON, ID_ADD_VARIANT, "+ another variant", NULL);
}

static void
add_questions(struct build *b)
{
    const struct campaign_agent *a = &b->w->c.agent;

    b->s->questions = a->question_count;
    for (size_t i = 0; i < a->question_count; i++) {
        char n[8];
        struct field *fd;
        (void)snprintf(n, sizeof n, "%zu", i + 1);
        fd = add(b, FIELD_TEXT, ID_QUESTION, numbered(b, "Question", n),
                 "Asked one after the other. F5 adds, F8 removes, F7 and F9 move it up and down.");
        fd->edit.max_bytes = SPEC_TEXT_MAX;
        field_set_text(fd, a->questions[i]);
        fd->edit.cursor = 0;
    }
    if (a->question_count < SPEC_QUESTION_MAX)
        (void)add(b, FIELD_BUTTON, ID_ADD_QUESTION, "+ another question", NULL);
}

static void
add_settings(struct build *b)
{
    const struct campaign_agent *a = &b->w->c.agent;
    size_t count;
    const struct agent_voice *voices = agent_voice_list(&count);
    struct field *fd = add(b, FIELD_AREA, ID_PROMPT, "Prompt",
                           "What the agent is told about itself. F4 opens your editor.");
    char text[32];

    fd->height = 5;
    fd->edit.max_bytes = SPEC_TEXT_MAX;
    field_set_text(fd, a->system_prompt);
    fd->edit.cursor = 0;
    fd = add(b, FIELD_CHOICE, ID_VOICE, "Voice", "How it sounds. Enter lists the voices.");
    b->s->voices = mem_calloc(count + 1, sizeof *b->s->voices);
    b->s->voices[0] = "of the template";
    for (size_t i = 0; i < count; i++) {
        b->s->voices[i + 1] = voices[i].name;
        if (a->voice && strcmp(a->voice, voices[i].name) == 0)
            fd->choice = i + 1;
    }
    fd->choices = b->s->voices;
    fd->choice_count = count + 1;
    fd->width = 24;
    fd = add(b, FIELD_TEXT, ID_TEMPERATURE, "Temperature", "0 is plain, 1 is free.");
    fd->width = 8;
    (void)snprintf(text, sizeof text, "%g", a->temperature);
    field_set_text(fd, text);
    fd = add(b, FIELD_TEXT, ID_MODEL, "Model",
             "The language model's name, kept for later versions.");
    fd->width = 32;
    field_set_text(fd, a->model);
    fd = add(b, FIELD_NUMBER, ID_TOKENS, "Longest", "At most so many tokens an answer.");
    fd->width = 8;
    fd->min = 1;
    fd->max = 100000;
    fd->after = "tokens";
    field_set_number(fd, a->max_tokens > 0 ? a->max_tokens : 300);
    fd =
        add(b, FIELD_TEXT, ID_OFFER, "Offer", "What {offer} stands for in messages and questions.");
    field_set_text(fd, b->w->c.offer);
}

void
agent_fill(struct wizard *w)
{
    struct agent_step *s = &w->agent;
    const struct field *old = form_focused(&s->form);
    const char *id = old ? old->id : ID_TEMPLATE;
    size_t nth = old ? agent_nth(s, old) : 0;
    size_t cursor = old ? old->edit.cursor : 0;
    int top = s->form.top;
    struct build b = {.w = w, .s = s};
    struct field *fd;

    agent_step_release(s);
    s->fields =
        mem_calloc(FIXED_FIELDS + SPEC_VARIANT_MAX * 2 + SPEC_QUESTION_MAX + 4, sizeof *s->fields);
    s->labels = mem_calloc(SPEC_VARIANT_MAX + SPEC_QUESTION_MAX + 2, sizeof *s->labels);
    add_agent(&b);
    add_messages(&b);
    add_questions(&b);
    add_settings(&b);
    (void)add(&b, FIELD_BUTTON, "back", "‹ Back", NULL);
    (void)add(&b, FIELD_BUTTON, "next", "Next ›", NULL);
    form_init(&s->form, s->fields, b.count);
    s->form.label_width = 13;
    s->form.top = top;
    agent_focus(s, id, nth);
    fd = form_focused(&s->form);
    if (fd && cursor <= fd->edit.text.len && old)
        fd->edit.cursor = cursor;
    agent_check(w);
}

/* --- taking */

/* Sets agent[key] unless it says what the template says. */
static void
put_text(json_t *agent, const char *key, const char *value, const char *of_template)
{
    if (value[0] == '\0' ? !of_template || !of_template[0]
                         : of_template && strcmp(value, of_template) == 0)
        (void)json_object_del(agent, key);
    else
        (void)json_object_set_new(agent, key, json_string(value));
}

static void
take_questions(struct agent_step *s, json_t *agent, const struct agent_template *t)
{
    json_t *list = json_array();
    bool same = t && t->question_count == s->questions;

    for (size_t i = 0; i < s->questions; i++) {
        const char *text = field_text(agent_field(s, ID_QUESTION, i));
        same = same && strcmp(text, t->questions[i]) == 0;
        (void)json_array_append_new(list, json_string(text));
    }
    if (same || (!t && s->questions == 0))
        (void)json_object_del(agent, "questions");
    else
        (void)json_object_set(agent, "questions", list);
    json_decref(list);
}

static void
take_messages(struct wizard *w)
{
    struct agent_step *s = &w->agent;
    const struct campaign *c = &w->c;
    json_t *list = json_array();

    for (size_t i = 0; i < s->variants; i++) {
        struct field *weight = agent_field(s, ID_WEIGHT, i);
        const char *text = field_text(agent_field(s, ID_MESSAGE, i));
        double n = 1;
        json_t *v = json_pack("{s:s,s:s}", "name", i < c->variant_count ? c->variants[i].name : "A",
                              "text", text);
        if (weight && num_parse_double(field_text(weight), &n) && n > 0)
            (void)json_object_set_new(v, "weight", json_real(n));
        (void)json_array_append_new(list, v);
    }
    if (s->variants == 1 && text_is_blank(field_text(agent_field(s, ID_MESSAGE, 0))))
        (void)json_object_del(w->spec, "message");
    else
        (void)json_object_set(w->spec, "message", list);
    json_decref(list);
}

static void
take_settings(struct agent_step *s, json_t *agent, const struct agent_template *t)
{
    const struct field *voice = agent_field(s, ID_VOICE, 0);
    double heat;
    int64_t tokens;
    struct error err = {0};

    put_text(agent, "system_prompt", field_text(agent_field(s, ID_PROMPT, 0)),
             t ? t->system_prompt : NULL);
    put_text(agent, "model", field_text(agent_field(s, ID_MODEL, 0)), t ? t->model : NULL);
    put_text(agent, "voice", voice->choice ? voice->choices[voice->choice] : "",
             t ? t->voice : NULL);
    if (!voice->choice)
        (void)json_object_del(agent, "voice");
    if (num_parse_double(field_text(agent_field(s, ID_TEMPERATURE, 0)), &heat) && heat >= 0 &&
        heat <= 1) {
        if (t ? heat > t->temperature || heat < t->temperature : heat > 0)
            (void)json_object_set_new(agent, "temperature", json_real(heat));
        else
            (void)json_object_del(agent, "temperature");
    }
    if (field_number(agent_field(s, ID_TOKENS, 0), &tokens, &err)) {
        if (t && tokens != t->max_tokens)
            (void)json_object_set_new(agent, "max_tokens", json_integer(tokens));
        else if (t)
            (void)json_object_del(agent, "max_tokens");
    }
}

void
agent_take(struct wizard *w)
{
    struct agent_step *s = &w->agent;
    json_t *agent = agent_object(w);
    const char *name = json_string_value(json_object_get(agent, "template"));
    const struct agent_template *t = name ? agent_template_find(name) : NULL;
    const char *offer = field_text(agent_field(s, ID_OFFER, 0));

    (void)json_object_set_new(agent, "mode",
                              json_string(modes[agent_field(s, ID_MODE, 0)->choice]));
    take_questions(s, agent, t);
    take_settings(s, agent, t);
    take_messages(w);
    if (json_object_get(agent, "offer"))
        (void)json_object_del(agent, "offer");
    wizard_set_text(w, "offer", offer);
    wizard_changed(w);
    agent_check(w);
}

static void
check_message(struct wizard *w, struct field *fd)
{
    struct error err = {0};
    const char *text = field_text(fd);

    if (text_is_blank(text))
        field_set_error(fd, fd->touched ? "write what is to be sent" : "");
    else if (!render_check(app_config(w->app), &w->c, text, &err))
        field_set_error(fd, err.text);
    else if (!render_has_opt_out(text))
        field_set_error(fd, "tell how to opt out: Reply STOP to opt out");
    else
        field_set_error(fd, "");
}

void
agent_check(struct wizard *w)
{
    struct agent_step *s = &w->agent;
    struct error err;
    double n;
    int64_t whole;

    for (size_t i = 0; i < s->form.count; i++) {
        struct field *fd = &s->fields[i];
        const char *text = field_text(fd);
        err = (struct error){0};
        if (agent_field_is(fd, ID_MESSAGE)) {
            check_message(w, fd);
        } else if (agent_field_is(fd, ID_QUESTION) || agent_field_is(fd, ID_PROMPT)) {
            bool ok = render_check_question(app_config(w->app), &w->c, text, &err);
            field_set_error(fd, ok ? "" : err.text);
            if (ok && agent_field_is(fd, ID_QUESTION) && text_is_blank(text) && fd->touched)
                field_set_error(fd, "write the question, or F8 removes it");
        } else if (agent_field_is(fd, ID_WEIGHT)) {
            field_set_error(fd, num_parse_double(text, &n) && n > 0 && n <= 1e6
                                    ? ""
                                    : "a number above 0, such as 1");
        } else if (agent_field_is(fd, ID_TEMPERATURE)) {
            field_set_error(
                fd, num_parse_double(text, &n) && n >= 0 && n <= 1 ? "" : "a number from 0 to 1");
        } else if (agent_field_is(fd, ID_TOKENS)) {
            field_set_error(fd, field_number(fd, &whole, &err) ? "" : err.text);
        }
    }
}
