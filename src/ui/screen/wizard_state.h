/*
 * The four-step wizard, shared by its files (wizard_*.c). The campaign being made is `spec`, JSON
 * of the shape of a campaign file, which the steps read and write; the ledger's draft follows
 * within a second (wizard_save.c). What the draft cannot hold because it is wrong (a half-typed
 * value, an unknown variable) is kept in the wizard's own column, so that nothing typed is ever
 * lost.
 */
#ifndef CANVASS_UI_SCREEN_WIZARD_STATE_H
#define CANVASS_UI_SCREEN_WIZARD_STATE_H

#include <jansson.h>

#include "core/campaign/campaign.h"
#include "core/campaign/launch.h"
#include "core/campaign/render.h"
#include "core/segment/segment.h"
#include "ui/app.h"
#include "ui/screen/wizard_rows.h"
#include "ui/widget/draw.h"
#include "ui/widget/form.h"
#include "ui/widget/list.h"
#include "ui/widget/picker.h"

enum wizard_step { WIZARD_INFO, WIZARD_SEGMENT, WIZARD_AGENT, WIZARD_REVIEW, WIZARD_STEPS };
enum { SAMPLE_PEOPLE = 50 };

/* --- answers of the query thread (wizard_ask.c) */
struct preview {
    bool exact; /* false: the criteria could not be counted: why */
    char why[200];
    struct reach reach;
    struct segment_funnel funnel;
    struct segment_sample sample;
    struct customer_vars *vars; /* of the sample; NULL unless asked for */
    char *sentence, *unknown;   /* owned; unknown: words that no row of the replica holds */
    int64_t took_us, as_of_s;
    bool everyone;
};
void preview_free(void *preview);

struct why_answer {
    char *name; /* owned */
    struct segment_why why;
};

/* --- the draft (wizard_save.c): its id lives as long as a save is under way */
struct draft_ref;

enum people_sort {
    SORT_SAMPLE, /* as it was drawn */
    SORT_NAME,
    SORT_VISIT,
    SORT_CONTACT,
    SORT_APPOINTMENT,
    SORT_COUNT, /* of appointments */
    SORTS
};

struct segment_step {
    struct wrows rows;
    size_t stop; /* of the focus: see wizard_segment.c */
    size_t top;  /* first line shown */
    struct edit save_as;
    char origin[80]; /* "Inactive customers", "own criteria" */
    char saved_error[120];
    char help[240];       /* of F1, when it is put together */
    char saved_name[401]; /* of the saved segment that was picked */
    char renaming[401];   /* "": the name that is typed is for saving */
    json_t *saved;        /* [{name, criteria}] of the saved segments; owned */
    uint64_t seed;
    bool in_preview; /* the right pane has the focus (F6) */
    struct list people;
    enum people_sort sort;
    size_t *order;                  /* owned: line to place in the sample */
    size_t more;                    /* people wanted beyond SAMPLE_PEOPLE */
    bool go_on;                     /* they were asked for by going down */
    size_t why_top;                 /* first criterion shown */
    const char *why_reach;          /* of the person whose reasons are shown */
    struct area pane, preview_pane; /* of the last draw */
    struct {
        struct area area;
        size_t stop;
    } places[512];
    size_t place_count;
};

struct agent_step {
    struct form form;
    struct field *fields; /* owned */
    char (*labels)[24];   /* owned; of questions and messages */
    size_t questions, variants;
    const char **templates; /* owned array of borrowed titles; the first: none */
    const char **voices;    /* owned array of borrowed names */
    size_t person;          /* of the sample */
    bool in_preview;
    struct area preview_pane;
};
void agent_step_release(struct agent_step *s);

struct review_step {
    struct form form;
    struct field fields[10];
    struct area preview_pane, checks_pane;
    struct launch_review review;
    bool have_review, asking;
    char failed[256]; /* why the review or the launch did not go */
    size_t person, variant;
    struct list checks;
    bool launching;
};

struct info_step {
    struct form form;
    struct field fields[4];
};

struct wizard_step_ops;
struct wizard_choices;
struct trend;

struct wizard {
    struct app *app;
    const struct wizard_step_ops *const *steps; /* by enum wizard_step */
    struct draft_ref *ref;
    int64_t id;        /* 0: not in the ledger yet */
    bool loaded, gone; /* gone: it cannot be edited any more; why: gone_text */
    char gone_text[200];
    json_t *spec;      /* owned */
    struct campaign c; /* spec_apply() of it, for rendering */
    enum wizard_step step;
    bool seen[WIZARD_STEPS];
    /* what the ledger has */
    bool spec_changed, place_changed, saving;
    bool save_failed; /* wait for the next change before trying again */
    int64_t saved_at_s;
    bool invalid; /* the ledger refused the spec: kept in the wizard's column */
    char invalid_text[256], invalid_path[128];
    json_t *restore; /* where the focus was; owned until it is applied */

    struct info_step info;
    struct segment_step segment;
    struct agent_step agent;
    struct review_step review;
    struct picker picker;

    int slot_load, slot_preview, slot_why, slot_review, slot_trend;
    struct preview *preview; /* the last good one; owned */
    char preview_error[200];
    int64_t synced_s; /* of the replica that was counted */
    bool preview_old; /* asked anew, not answered yet */
    uint64_t preview_serial;
    struct trend *trend; /* owned; NULL: none to show (wizard_trend.h) */
    size_t trend_row;    /* what it was asked for last: row, and preview; 0: nothing */
    uint64_t trend_preview;
    struct why_answer *why; /* owned; NULL: none asked */
    struct area body;
    int step_places[2 * WIZARD_STEPS];
};

/* --- wizard_go.c */
void wizard_go(struct wizard *w, enum wizard_step step);

/* --- wizard_state.c */
void wizard_changed(struct wizard *w); /* the spec was changed: apply, save soon */
void wizard_moved(struct wizard *w);   /* the focus was: save soon */
/* Why the step is not finished; false when it is. */
bool wizard_step_wrong(struct wizard *w, enum wizard_step step, char reason[96]);
/* The footer of a pane: "‹ Back", "Next ›" and why not. */
const char *wizard_text(const struct wizard *w, const char *key);           /* of the spec; "" */
void wizard_set_text(struct wizard *w, const char *key, const char *value); /* "" removes */

/* --- wizard_save.c */
struct draft_ref *draft_ref_new(int64_t id);
void draft_ref_drop(struct draft_ref *ref);
void wizard_save(struct wizard *w); /* now, unless a save is under way */
json_t *wizard_state(struct wizard *w);
void wizard_launch(struct wizard *w, int64_t confirm, bool everyone);

/* --- wizard_draft.c: reads the draft from the ledger and fills the steps */
void wizard_ask_draft(struct wizard *w);

/* --- wizard_ask.c */
void wizard_ask_preview(struct wizard *w);
void wizard_ask_why(struct wizard *w, const struct key *customer, const char *name);
void wizard_ask_review(struct wizard *w);
void why_answer_free(void *answer);

/* --- each step: fill from the spec, draw, keys, where the focus is as text and back */
struct wizard_step_ops {
    const char *title;
    void (*fill)(struct wizard *w);
    void (*draw)(struct wizard *w, struct grid *g, struct area a);
    bool (*input)(struct wizard *w, const struct input *in);
    bool (*wants_text)(struct wizard *w);
    bool (*wrong)(struct wizard *w, char reason[96]);
    void (*place)(struct wizard *w, json_t *out); /* focus and cursor */
    void (*restore)(struct wizard *w, const json_t *place);
    const char *(*help)(struct wizard *w);  /* F1; NULL: none */
    void (*add)(struct wizard *w);          /* F5 */
    void (*remove)(struct wizard *w);       /* F8 */
    void (*move)(struct wizard *w, int by); /* F7 F9; may be NULL */
    void (*other_pane)(struct wizard *w);   /* F6 */
    void (*external)(struct wizard *w);     /* F4 */
    void (*picked)(struct wizard *w, size_t item);
    /* A preview came; of the segment only. before: the one that was there; NULL: none. */
    void (*counted)(struct wizard *w, const struct preview *before);
    void (*arrived)(struct wizard *w); /* a review came; of the review only */
    /* What wizard_ask_choices() asked for came; of the segment only. */
    void (*choices)(struct wizard *w, struct wizard_choices *c);
};
extern const struct wizard_step_ops wizard_info_ops, wizard_segment_ops, wizard_agent_ops,
    wizard_review_ops;

/* --- wizard_people.c: keys of the preview pane */
bool wizard_preview_input(struct wizard *w, const struct input *in);

/* --- wizard_preview.c */
void wizard_draw_preview(struct wizard *w, struct grid *g, struct area a, bool focused);
/* "1,190 reachable of 1,421 matched" in one line. */
void wizard_draw_reach_line(struct wizard *w, struct grid *g, struct area a, int y);
/* The text of a variant for a person of the sample, with its length; returns the lines used. */
int wizard_draw_message(struct wizard *w, struct grid *g, struct area a, int y, size_t variant,
                        size_t person);
/* People of the sample who would get a message; the others are left out of previews of texts. */
size_t wizard_people(const struct wizard *w);
const char *wizard_person_name(const struct wizard *w, size_t nth);
/* Empty ones while there is nobody; borrowed until the next preview. */
const struct customer_vars *wizard_person_vars(const struct wizard *w, size_t nth);

/* Back and Next at the bottom of a pane; the fields are BUTTONs with ids "back" and "next". */
void wizard_draw_buttons(struct wizard *w, struct form *f, struct grid *g, struct area a, int y,
                         bool focused);
/* What FORM_PRESSED on such a button does; true when it was one of them. */
bool wizard_pressed(struct wizard *w, const struct field *fd);

#endif
