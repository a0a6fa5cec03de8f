/* What the files of step 3 share: which field is which. */
#ifndef CANVASS_UI_SCREEN_WIZARD_AGENT_FORM_H
#define CANVASS_UI_SCREEN_WIZARD_AGENT_FORM_H

#include "ui/screen/wizard_pick.h"
#include "ui/screen/wizard_state.h"

/* The ids of fields; those of messages, weights and questions come once for each. */
#define ID_TEMPLATE "template"
#define ID_MODE "mode"
#define ID_MESSAGE "message"
#define ID_WEIGHT "weight"
#define ID_ADD_VARIANT "add-variant"
#define ID_QUESTION "question"
#define ID_ADD_QUESTION "add-question"
#define ID_PROMPT "prompt"
#define ID_VOICE "voice"
#define ID_TEMPERATURE "temperature"
#define ID_MODEL "model"
#define ID_TOKENS "tokens"
#define ID_OFFER "offer"

/* Fields anew from the spec; the focus stays on the same field. */
void agent_fill(struct wizard *w);
/* The fields into the spec, and what is wrong with them. */
void agent_take(struct wizard *w);
void agent_check(struct wizard *w);
/* How many fields with that id stand before fd: the number of a message or question. */
size_t agent_nth(const struct agent_step *s, const struct field *fd);
/* The nth field with that id; NULL when there are fewer. */
struct field *agent_field(struct agent_step *s, const char *id, size_t nth);
void agent_focus(struct agent_step *s, const char *id, size_t nth);
bool agent_field_is(const struct field *fd, const char *id);
/* The variant that the focus belongs to; the first when none. */
size_t agent_variant(struct agent_step *s);
json_t *agent_object(struct wizard *w); /* of the spec; made when missing; borrowed */
void agent_draw(struct wizard *w, struct grid *g, struct area a);

#endif
