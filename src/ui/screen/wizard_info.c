/* Step 1: what the campaign is called and what it is for. */
#include <string.h>

#include "core/base/text.h"
#include "ui/screen/wizard_state.h"

static const char *const types[] = {"research", "outbound_sales"};
static const char *const type_words[] = {"research: ask and learn",
                                         "outbound sales: bring them in"};

static const struct field info_fields[] = {
    {.kind = FIELD_TEXT,
     .id = "name",
     .label = "Name",
     .width = 56,
     .help = "What you call it. Customers never see it. The draft is saved from the first letter."},
    {.kind = FIELD_RADIO,
     .id = "type",
     .label = "Purpose",
     .choices = type_words,
     .choice_count = ARRAY_LEN(type_words),
     .help =
         "Research asks and learns; sales offers. It decides which agents step 3 has. ←→ change."},
    {.kind = FIELD_BUTTON, .id = "leave", .label = "Leave"},
    {.kind = FIELD_BUTTON, .id = "next", .label = "Next ›"},
};

static void
info_fill(struct wizard *w)
{
    struct info_step *s = &w->info;

    form_close(&s->form);
    memcpy(s->fields, info_fields, sizeof info_fields);
    form_init(&s->form, s->fields, ARRAY_LEN(s->fields));
    field_set_text(form_find(&s->form, "name"), wizard_text(w, "name"));
    form_find(&s->form, "type")->choice = strcmp(wizard_text(w, "type"), types[1]) == 0;
    form_find(&s->form, "name")->edit.max_bytes = (size_t)SPEC_NAME_MAX * 4;
}

static size_t
characters(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static bool
info_wrong(struct wizard *w, char reason[96])
{
    const char *name = wizard_text(w, "name");

    reason[0] = '\0';
    if (text_is_blank(name))
        (void)text_copy(reason, 96, "give it a name first");
    else if (characters(name) > SPEC_NAME_MAX)
        (void)text_copy(reason, 96, "the name is longer than 200 characters");
    return reason[0] != '\0';
}

static void
info_changed(struct wizard *w)
{
    struct info_step *s = &w->info;
    struct field *name = form_find(&s->form, "name");
    char reason[96];

    wizard_set_text(w, "name", field_text(name));
    if (!text_eq(wizard_text(w, "type"), types[form_find(&s->form, "type")->choice])) {
        wizard_set_text(w, "type", types[form_find(&s->form, "type")->choice]);
        /* an agent of the other purpose would be refused */
        json_t *agent = json_object_get(w->spec, "agent");
        const char *t = json_string_value(json_object_get(agent, "template"));
        if (t && agent_template_find(t) &&
            strcmp(agent_template_find(t)->type, wizard_text(w, "type")) != 0)
            (void)json_object_del(agent, "template");
    }
    field_set_error(name, name->touched && info_wrong(w, reason) ? reason : "");
    wizard_changed(w);
    w->steps[WIZARD_AGENT]->fill(w);
}

static bool
info_input(struct wizard *w, const struct input *in)
{
    struct info_step *s = &w->info;
    struct field *fd = form_focused(&s->form);
    enum form_result result =
        in->key == KEYS_MOUSE ? form_click(&s->form, in->y, in->x) : form_key(&s->form, in->key);

    if (result == FORM_IGNORED)
        return in->key == KEYS_TAB || in->key == KEYS_BACKTAB;
    wizard_moved(w);
    if (result == FORM_CHANGED || fd != form_focused(&s->form))
        info_changed(w);
    if (result == FORM_PRESSED)
        (void)wizard_pressed(w, form_focused(&s->form));
    return true;
}

static void
info_draw(struct wizard *w, struct grid *g, struct area a)
{
    struct info_step *s = &w->info;
    struct area in = draw_frame(g, a, FRAME_FOCUS, "What is it?", NULL);
    const struct config *config = app_config(w->app);
    int y = in.h >= 12 ? 1 : 0;
    struct field *name = form_find(&s->form, "name");

    y += field_draw(name, g, in, y, 12, s->form.focus == 0) + 1;
    y += field_draw(form_find(&s->form, "type"), g, in, y, 12, s->form.focus == 1) + 1;
    (void)grid_text(g, in, y, 0, ROLE_DIM, "Channel");
    (void)grid_printf(g, in, y++, 12, ROLE_TEXT, "SMS%s%s", config->sms.from[0] ? " from " : "",
                      config->sms.from);
    (void)grid_cell(g, in, y, 12, in.w - 12, ROLE_DIM,
                    "This version of canvass sends by SMS only.");
    y += 2;
    (void)grid_wrapped(g, in, y, 4, ROLE_DIM,
                       "Four steps: what it is, who gets it, what they get, and a last look before "
                       "anything is sent. Everything you type is kept in the draft at once: leave "
                       "when you like and go on later.");
    wizard_draw_buttons(w, &s->form, g, in, in.h - 1, true);
}

static bool
info_wants_text(struct wizard *w)
{
    return form_wants_text(&w->info.form);
}

static void
info_place(struct wizard *w, json_t *out)
{
    const struct field *fd = form_focused(&w->info.form);

    (void)json_object_set_new(out, "field", json_string(fd->id));
    (void)json_object_set_new(out, "cursor", json_integer((json_int_t)fd->edit.cursor));
}

static void
info_restore(struct wizard *w, const json_t *place)
{
    const char *id = json_string_value(json_object_get(place, "field"));
    json_int_t cursor = json_integer_value(json_object_get(place, "cursor"));

    for (size_t i = 0; id && i < w->info.form.count; i++)
        if (strcmp(w->info.fields[i].id, id) == 0) {
            w->info.form.focus = i;
            if (cursor >= 0 && (size_t)cursor <= w->info.fields[i].edit.text.len)
                w->info.fields[i].edit.cursor = (size_t)cursor;
        }
}

static const char *
info_help(struct wizard *w)
{
    return form_focused(&w->info.form)->help;
}

static void
info_nothing(struct wizard *w)
{
    app_message(w->app, ROLE_WARN, "Not now: there is nothing like that in this step.");
}

static void
info_picked(struct wizard *w, size_t item)
{
    (void)w;
    (void)item;
}

const struct wizard_step_ops wizard_info_ops = {
    .title = "Info",
    .fill = info_fill,
    .draw = info_draw,
    .input = info_input,
    .wants_text = info_wants_text,
    .wrong = info_wrong,
    .place = info_place,
    .restore = info_restore,
    .help = info_help,
    .add = info_nothing,
    .remove = info_nothing,
    .other_pane = info_nothing,
    .external = info_nothing,
    .picked = info_picked,
};
