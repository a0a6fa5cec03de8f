/* The agents of data/agents.yaml, read once. A mistake in them is ours: it stops the program. */
#include "core/campaign/spec.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/embed.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml.h"

enum { TEMPLATE_MAX = 64 };

/* The voices of the speech models that agents are written for, and how they sound. */
static const struct agent_voice voices[] = {
    {"alloy", "even, neutral"},       {"ash", "warm, low"},
    {"ballad", "soft, unhurried"},    {"coral", "friendly, bright"},
    {"echo", "calm, clear"},          {"fable", "lively, storytelling"},
    {"nova", "cheerful, quick"},      {"onyx", "deep, assured"},
    {"sage", "gentle, attentive"},    {"shimmer", "light, welcoming"},
    {"verse", "expressive, natural"},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct agent_template *templates;
static size_t template_count;
static struct yaml_doc document; /* the texts that the templates point into; kept for ever */

static _Noreturn void
broken(const char *name, const char *what)
{
    (void)fprintf(stderr, "canvass: data/agents.yaml: %s: %s\n", name, what);
    abort();
}

static const char *
text_of(const json_t *agent, const char *key)
{
    const char *text = json_string_value(json_object_get(agent, key));

    if (text_is_blank(text))
        broken(key, "missing");
    return text;
}

static const char *const *
texts_of(const json_t *agent, const char *key, size_t *count)
{
    const json_t *list = json_object_get(agent, key);
    const char **out;

    *count = json_array_size(list);
    if (*count == 0)
        broken(key, "missing");
    out = mem_calloc(*count, sizeof *out);
    for (size_t i = 0; i < *count; i++) {
        out[i] = json_string_value(json_array_get(list, i));
        if (text_is_blank(out[i]))
            broken(key, "not a text");
    }
    return out;
}

static void
read_one(const json_t *agent, struct agent_template *t)
{
    t->name = text_of(agent, "name");
    t->title = text_of(agent, "title");
    t->type = text_of(agent, "type");
    t->system_prompt = text_of(agent, "system_prompt");
    t->message = text_of(agent, "message");
    t->questions = texts_of(agent, "questions", &t->question_count);
    t->outcomes = texts_of(agent, "outcomes", &t->outcome_count);
    t->voice = text_of(agent, "voice");
    t->model = text_of(agent, "model");
    t->temperature = json_number_value(json_object_get(agent, "temperature"));
    t->max_tokens = json_integer_value(json_object_get(agent, "max_tokens"));
    if (!agent_voice_find(t->voice))
        broken(t->name, "unknown voice");
    if (t->temperature < 0 || t->temperature > 1 || t->max_tokens <= 0)
        broken(t->name, "temperature or max_tokens out of range");
}

static void
read_all(void)
{
    const struct embed_file *file = embed_find("data/agents.yaml");
    struct error err = {0};
    const json_t *list;

    if (!file || !yaml_parse(file->data, (size_t)(file->end - file->data), &document, &err))
        broken(err.path, file ? err.text : "not in the program");
    list = json_object_get(document.root, "agents");
    template_count = json_array_size(list);
    if (template_count == 0 || template_count > TEMPLATE_MAX)
        broken("agents", "none, or too many");
    templates = mem_calloc(template_count, sizeof *templates);
    for (size_t i = 0; i < template_count; i++)
        read_one(json_array_get(list, i), &templates[i]);
}

static void
load_once(void)
{
    if (pthread_once(&once, read_all) != 0)
        broken("agents", "cannot be read");
}

const struct agent_template *
agent_template_find(const char *name)
{
    load_once();
    for (size_t i = 0; name && i < template_count; i++)
        if (strcmp(templates[i].name, name) == 0)
            return &templates[i];
    return NULL;
}

const struct agent_template *
agent_template_nearest(const char *name)
{
    const char *names[TEMPLATE_MAX] = {0};

    load_once();
    for (size_t i = 0; i < template_count; i++)
        names[i] = templates[i].name;
    return agent_template_find(text_nearest(name, names, template_count, sizeof names[0]));
}

size_t
agent_template_list(const char *type, const struct agent_template **out, size_t max)
{
    size_t count = 0;

    load_once();
    for (size_t i = 0; i < template_count && count < max; i++)
        if (!type || strcmp(templates[i].type, type) == 0)
            out[count++] = &templates[i];
    return count;
}

const struct agent_voice *
agent_voice_find(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_LEN(voices); i++)
        if (strcmp(voices[i].name, name) == 0)
            return &voices[i];
    return NULL;
}

const struct agent_voice *
agent_voice_list(size_t *count)
{
    *count = ARRAY_LEN(voices);
    return voices;
}
