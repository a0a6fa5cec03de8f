/* Step 3: agent and message. Keys; wizard_agent_form.c has the fields, wizard_agent_draw.c draws.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/screen/wizard_agent_form.h"

static struct field *
focused(struct wizard *w)
{
    return form_focused(&w->agent.form);
}

/* --- lists that open */

static void
pick_agent(struct wizard *w)
{
    struct field *fd = agent_field(&w->agent, ID_TEMPLATE, 0);
    const struct agent_template *list[32];
    size_t count = agent_template_list(wizard_text(w, "type"), list, ARRAY_LEN(list));

    picker_open(&w->picker, PICK_AGENT, "Agent", fd->area);
    for (size_t i = 0; i < count; i++)
        picker_add(&w->picker, list[i]->title, list[i]->questions[0]);
    if (fd->choice > 0)
        picker_select(&w->picker, fd->choice - 1);
}

static void
pick_voice(struct wizard *w)
{
    struct field *fd = agent_field(&w->agent, ID_VOICE, 0);
    size_t count;
    const struct agent_voice *list = agent_voice_list(&count);

    picker_open(&w->picker, PICK_VOICE, "Voice", fd->area);
    for (size_t i = 0; i < count; i++)
        picker_add(&w->picker, list[i].name, list[i].sound);
    if (fd->choice > 0)
        picker_select(&w->picker, fd->choice - 1);
}

/* The template's own words come; a message that nobody wrote comes with them. */
static void
use_template(struct wizard *w, const struct agent_template *t)
{
    static const char *const own[] = {"system_prompt", "questions", "outcomes",    "title",
                                      "voice",         "model",     "temperature", "max_tokens"};
    json_t *agent = agent_object(w);
    const struct agent_template *before =
        agent_template_find(json_string_value(json_object_get(agent, "template")));
    const char *message = w->c.variant_count ? w->c.variants[0].text : "";

    if (text_is_blank(message) || (before && strcmp(message, before->message) == 0)) {
        if (w->c.variant_count <= 1)
            (void)json_object_set_new(w->spec, "message",
                                      json_pack("[{s:s,s:s}]", "name", "A", "text", t->message));
    }
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        (void)json_object_del(agent, own[i]);
    (void)json_object_set_new(agent, "template", json_string(t->name));
    wizard_changed(w);
    agent_fill(w);
    wizard_save(w);
}

static bool
has_own_words(struct wizard *w)
{
    const json_t *agent = json_object_get(w->spec, "agent");

    return json_object_get(agent, "system_prompt") || json_object_get(agent, "questions");
}

static const struct agent_template *
nth_template(struct wizard *w, size_t item)
{
    const struct agent_template *list[32];
    size_t count = agent_template_list(wizard_text(w, "type"), list, ARRAY_LEN(list));

    return item < count ? list[item] : NULL;
}

static void
replace_words(struct app *app, void *self, int64_t item)
{
    (void)app;
    use_template(self, nth_template(self, (size_t)item));
}

static void
agent_picked(struct wizard *w, size_t item)
{
    const struct agent_template *t = nth_template(w, item);
    struct confirm q = {.yes = "Use it", .run = replace_words, .self = w, .arg = (int64_t)item};

    if (w->picker.what == PICK_VOICE) {
        agent_field(&w->agent, ID_VOICE, 0)->choice = item + 1;
        agent_take(w);
        return;
    }
    if (!t)
        return;
    if (!has_own_words(w)) {
        use_template(w, t);
        return;
    }
    (void)snprintf(q.title, sizeof q.title, "Use %.60s?", t->title);
    (void)snprintf(q.text, sizeof q.text,
                   "The prompt and the questions that you changed are replaced by those of the "
                   "template.");
    app_confirm(w->app, &q);
}

/* --- adding, removing, moving */

static void
add_variant(struct wizard *w)
{
    json_t *list;
    char name[8] = "A";

    agent_take(w);
    list = json_object_get(w->spec, "message");
    if (!json_is_array(list)) {
        list = json_array();
        (void)json_object_set_new(w->spec, "message", list);
        (void)json_array_append_new(list, json_pack("{s:s,s:s}", "name", "A", "text", ""));
    }
    if (json_array_size(list) >= SPEC_VARIANT_MAX) {
        app_message(w->app, ROLE_WARN, "There are 26 variants already.");
        return;
    }
    for (bool used = true; used; name[0] = (char)(name[0] + used)) { /* the first free letter */
        used = false;
        for (size_t i = 0; i < json_array_size(list); i++) {
            const char *n = json_string_value(json_object_get(json_array_get(list, i), "name"));
            used = used || (n && strcmp(n, name) == 0);
        }
    }
    (void)json_array_append_new(
        list, json_pack("{s:s,s:s}", "name", name, "text",
                        w->c.variant_count ? w->c.variants[agent_variant(&w->agent)].text : ""));
    wizard_changed(w);
    agent_fill(w);
    agent_focus(&w->agent, ID_MESSAGE, w->agent.variants - 1);
}

static json_t *
question_list(struct wizard *w)
{
    json_t *list = json_array();

    for (size_t i = 0; i < w->agent.questions; i++)
        (void)json_array_append_new(
            list, json_string(field_text(agent_field(&w->agent, ID_QUESTION, i))));
    return list;
}

static void
set_questions(struct wizard *w, json_t *list, size_t focus)
{
    (void)json_object_set_new(agent_object(w), "questions", list);
    wizard_changed(w);
    agent_fill(w);
    if (w->agent.questions > 0)
        agent_focus(&w->agent, ID_QUESTION, focus);
    else
        agent_focus(&w->agent, ID_ADD_QUESTION, 0);
}

static void
agent_add(struct wizard *w)
{
    struct field *fd = focused(w);
    json_t *list;
    size_t at;

    if (agent_field_is(fd, ID_MESSAGE) || agent_field_is(fd, ID_WEIGHT) ||
        agent_field_is(fd, ID_ADD_VARIANT)) {
        add_variant(w);
        return;
    }
    if (w->agent.questions >= SPEC_QUESTION_MAX) {
        app_message(w->app, ROLE_WARN, "There are 10 questions already.");
        return;
    }
    agent_take(w);
    at = agent_field_is(fd, ID_QUESTION) ? agent_nth(&w->agent, fd) + 1 : w->agent.questions;
    list = question_list(w);
    (void)json_array_insert_new(list, at, json_string(""));
    set_questions(w, list, at);
}

static void
agent_remove(struct wizard *w)
{
    struct field *fd = focused(w);
    size_t nth = agent_nth(&w->agent, fd);
    json_t *list;

    if (agent_field_is(fd, ID_QUESTION)) {
        list = question_list(w);
        (void)json_array_remove(list, nth);
        set_questions(w, list, nth);
        return;
    }
    if (!agent_field_is(fd, ID_MESSAGE) && !agent_field_is(fd, ID_WEIGHT)) {
        app_message(w->app, ROLE_WARN, "Remove: not now. Go to a question or a message.");
        return;
    }
    if (w->agent.variants < 2) {
        app_message(w->app, ROLE_WARN, "Remove: not now. One message has to stay.");
        return;
    }
    agent_take(w);
    (void)json_array_remove(json_object_get(w->spec, "message"), nth);
    wizard_changed(w);
    agent_fill(w);
    agent_focus(&w->agent, ID_MESSAGE, nth);
}

static void
agent_move(struct wizard *w, int by)
{
    struct field *fd = focused(w);
    size_t nth = agent_nth(&w->agent, fd);
    json_t *list;
    json_t *one;

    if (!agent_field_is(fd, ID_QUESTION) || (by < 0 && nth == 0) ||
        (by > 0 && nth + 1 >= w->agent.questions)) {
        app_message(w->app, ROLE_WARN, "Move: not now. Go to a question that has one beside it.");
        return;
    }
    list = question_list(w);
    one = json_incref(json_array_get(list, nth));
    (void)json_array_remove(list, nth);
    (void)json_array_insert_new(list, nth + (size_t)by, one);
    set_questions(w, list, nth + (size_t)by);
}

static void
agent_external(struct wizard *w)
{
    struct field *fd = focused(w);
    struct error err = {0};
    char *text = NULL;

    if (!agent_field_is(fd, ID_MESSAGE) && !agent_field_is(fd, ID_QUESTION))
        fd = agent_field(&w->agent, ID_PROMPT, 0);
    if (!app_edit_external(w->app, field_text(fd), &text, &err)) {
        app_toast_error(w->app, &err);
        return;
    }
    for (size_t len = strlen(text); len > 0 && text[len - 1] == '\n';)
        text[--len] = '\0'; /* editors end a file with a newline; a message does not */
    for (char *c = text; *c && agent_field_is(fd, ID_QUESTION); c++)
        if (*c == '\n')
            *c = ' ';
    field_set_text(fd, text);
    free(text);
    agent_take(w);
}

/* --- keys */

static void
agent_press(struct wizard *w, const struct field *fd)
{
    if (agent_field_is(fd, ID_ADD_VARIANT) || agent_field_is(fd, ID_ADD_QUESTION))
        agent_add(w);
    else
        (void)wizard_pressed(w, fd);
}

static void
other_person(struct wizard *w, int by)
{
    size_t count = wizard_people(w);

    if (count == 0)
        return;
    if (w->agent.person >= count)
        w->agent.person = 0;
    w->agent.person = (w->agent.person + (by > 0 ? 1 : count - 1)) % count;
}

static bool
preview_key(struct wizard *w, int key)
{
    if (key == KEYS_LEFT || key == KEYS_RIGHT)
        other_person(w, key == KEYS_RIGHT ? 1 : -1);
    else if (key == 'r') {
        w->segment.seed++;
        wizard_ask_preview(w);
    } else if (key == KEYS_TAB || key == KEYS_BACKTAB) {
        w->agent.in_preview = false;
        w->agent.form.focus = key == KEYS_TAB ? 0 : w->agent.form.count - 1;
    } else
        return false;
    return true;
}

static bool
agent_input(struct wizard *w, const struct input *in)
{
    struct agent_step *s = &w->agent;
    struct field *fd = focused(w);
    enum form_result result;

    if (in->key == KEYS_MOUSE) {
        if (area_has(s->preview_pane, in->y, in->x))
            other_person(w, in->mouse == MOUSE_WHEEL_UP ? -1 : 1);
        s->in_preview = area_has(s->preview_pane, in->y, in->x);
        result = s->in_preview ? FORM_IGNORED
                 : in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN
                     ? (form_next(&s->form, in->mouse == MOUSE_WHEEL_UP ? -1 : 1) ? FORM_MOVED
                                                                                  : FORM_IGNORED)
                     : form_click(&s->form, in->y, in->x);
    } else if (s->in_preview) {
        return preview_key(w, in->key);
    } else if ((agent_field_is(fd, ID_TEMPLATE) || agent_field_is(fd, ID_VOICE)) &&
               (in->key == KEYS_ENTER || in->key == KEYS_LEFT || in->key == KEYS_RIGHT ||
                key_is_text(in->key))) {
        if (agent_field_is(fd, ID_TEMPLATE))
            pick_agent(w);
        else
            pick_voice(w);
        if (key_is_text(in->key) && in->key != ' ')
            (void)picker_input(&w->picker, in, &(size_t){0});
        return true;
    } else {
        result = form_key(&s->form, in->key);
    }
    if (result == FORM_IGNORED && (in->key == KEYS_TAB || in->key == KEYS_BACKTAB))
        s->in_preview = true; /* round through the other pane */
    if (result == FORM_IGNORED)
        return in->key == KEYS_TAB || in->key == KEYS_BACKTAB || in->key == KEYS_MOUSE;
    wizard_moved(w);
    if (result == FORM_CHANGED)
        agent_take(w);
    else if (fd != focused(w))
        agent_check(w);
    if (result == FORM_PRESSED)
        agent_press(w, focused(w));
    return true;
}

static bool
agent_wants_text(struct wizard *w)
{
    return !w->agent.in_preview && form_wants_text(&w->agent.form);
}

static bool
agent_wrong(struct wizard *w, char reason[96])
{
    struct agent_step *s = &w->agent;
    const struct campaign_agent *a = &w->c.agent;

    reason[0] = '\0';
    for (size_t i = 0; i < s->form.count && !reason[0]; i++)
        if (s->fields[i].error[0])
            (void)snprintf(reason, 96, "fix %.40s first",
                           s->fields[i].label[0] == ' ' ? "the weight" : s->fields[i].label);
    for (size_t i = 0; i < s->variants && !reason[0]; i++)
        if (text_is_blank(field_text(agent_field(s, ID_MESSAGE, i))))
            (void)text_copy(reason, 96, "write the message first");
    if (!reason[0] && a->scripted && text_is_blank(a->system_prompt))
        (void)text_copy(reason, 96, "choose an agent, or set Replies to none");
    if (!reason[0] && a->scripted && a->question_count == 0)
        (void)text_copy(reason, 96, "add a question, or set Replies to none");
    for (size_t i = 0; i < s->questions && !reason[0]; i++)
        if (text_is_blank(field_text(agent_field(s, ID_QUESTION, i))))
            (void)snprintf(reason, 96, "write question %zu first", i + 1);
    return reason[0] != '\0';
}

/* --- the rest */

static void
agent_place(struct wizard *w, json_t *out)
{
    const struct field *fd = focused(w);

    (void)json_object_set_new(out, "field", json_string(fd->id));
    (void)json_object_set_new(out, "nth", json_integer((json_int_t)agent_nth(&w->agent, fd)));
    (void)json_object_set_new(out, "cursor", json_integer((json_int_t)fd->edit.cursor));
}

static void
agent_restore(struct wizard *w, const json_t *place)
{
    const char *id = json_string_value(json_object_get(place, "field"));
    json_int_t nth = json_integer_value(json_object_get(place, "nth"));
    json_int_t cursor = json_integer_value(json_object_get(place, "cursor"));
    struct field *fd;

    if (!id || nth < 0)
        return;
    agent_focus(&w->agent, id, (size_t)nth);
    fd = focused(w);
    if (cursor >= 0 && (size_t)cursor <= fd->edit.text.len)
        fd->edit.cursor = (size_t)cursor;
}

static const char *
agent_help(struct wizard *w)
{
    return focused(w)->help;
}

static void
agent_other_pane(struct wizard *w)
{
    w->agent.in_preview = !w->agent.in_preview;
}

const struct wizard_step_ops wizard_agent_ops = {
    .title = "AI agent",
    .fill = agent_fill,
    .draw = agent_draw,
    .input = agent_input,
    .wants_text = agent_wants_text,
    .wrong = agent_wrong,
    .place = agent_place,
    .restore = agent_restore,
    .help = agent_help,
    .add = agent_add,
    .remove = agent_remove,
    .move = agent_move,
    .other_pane = agent_other_pane,
    .external = agent_external,
    .picked = agent_picked,
};
