/* What the wizard's picker can choose, and lists for it that come from the query thread. */
#ifndef CANVASS_UI_SCREEN_WIZARD_PICK_H
#define CANVASS_UI_SCREEN_WIZARD_PICK_H

#include "ui/screen/wizard_state.h"

enum wizard_pick {
    PICK_NOTHING,
    PICK_ORIGIN,    /* template, saved segment, or everybody */
    PICK_ADD,       /* a criterion to add */
    PICK_LEAF,      /* of the row in focus */
    PICK_CONDITION, /* of the row in focus */
    PICK_JOIN,      /* of the group in focus */
    PICK_ADD_GROUP,
    PICK_VALUE,    /* yes/no, or one of the leaf's choices */
    PICK_WORDS,    /* words of the replica */
    PICK_CAMPAIGN, /* any, or a number */
    PICK_AGENT,
    PICK_VOICE,
    PICK_SAVED,     /* a saved segment: wizard_saved.h */
    PICK_SAVED_ACT, /* what to do with it */
};

struct wizard_choices {
    enum wizard_pick what;
    char **labels, **notes; /* owned */
    json_t **criteria;      /* owned; PICK_ORIGIN */
    size_t count;
};

/* PICK_WORDS and PICK_CAMPAIGN ask for the key in focus; PICK_ORIGIN for the saved segments. */
void wizard_ask_choices(struct wizard *w, enum wizard_pick what, const struct leaf_key *key);
/* In wizard_segment_pick.c: opens the picker with them. Borrowed. */
void wizard_choices_arrived(struct wizard *w, struct wizard_choices *choices);

#endif
