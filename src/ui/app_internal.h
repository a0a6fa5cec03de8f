/* What the files of the event loop share; screens include app.h only. */
#ifndef CANVASS_UI_APP_INTERNAL_H
#define CANVASS_UI_APP_INTERNAL_H

#include "ui/app.h"
#include "ui/term/term.h"
#include "ui/widget/edit.h"
#include "ui/widget/list.h"
#include "ui/widget/prompt.h"

#define APP_TABS 6
#define APP_DEPTH 8
#define APP_MIN_H 24
#define APP_MIN_W 80
#define STATUS_SLOT 0 /* the first slot is the app's own */

struct open_screen {
    const struct screen *screen;
    void *self;
    uint64_t serial; /* tells a late answer that its screen has gone */
};

struct tab {
    struct open_screen stack[APP_DEPTH];
    size_t depth; /* 0: never opened */
};

struct slot {
    bool taken;
    bool busy;
    bool again; /* refresh() after the answer */
    int64_t since_ms;
    const char *label;
    void (*done)(void *owner, const struct question *q, void *result, const struct error *err);
    void *owner;
};

struct confirm_pane {
    bool open;
    struct confirm what;
    struct edit typed;
    int focus; /* 0 the text (when something must be typed), 1 Cancel, 2 yes */
    struct area cancel_area, yes_area;
    uint64_t serial;
};

struct click_place { /* something that can be clicked on lines of the frame */
    int x0, x1;
    int key;
};

struct app {
    struct ui_options opt;
    const struct binding *general_keys;
    struct tab tabs[APP_TABS];
    size_t tab;
    uint64_t serial;
    bool quit;
    bool dirty, dirty_data;
    bool stuck; /* the line takes nothing: drawn when it does again */
    int64_t drawn_ms, data_drawn_ms;
    int64_t now_s;

    struct slot slots[QUERY_SLOTS];
    struct report_status status;
    bool have_status;
    int64_t status_asked_ms;
    bool is_behind; /* the data has changed since refreshed_ms, when the top screen asked last */
    int64_t refreshed_ms;
    struct engine_status engine;
    int64_t ticked_ms;
    int64_t tick_at_ms; /* asked for by app_tick_in(); 0: not */
    int64_t input_ms;   /* the last key: an answer soon after it is what the person waits for */

    struct toasts toasts;
    struct app_command undo; /* while toasts.can_undo */
    bool have_undo;
    struct {
        enum role role;
        char text[400];
    } message;

    struct prompt prompt;
    struct {
        size_t sel;
    } palette;
    struct {
        bool open;
        int top;
        struct edit filter;
        bool filtering;
    } help;
    struct confirm_pane confirm;

    struct {
        int64_t at_ms;
        int y, x;
    } last_click;
    struct click_place footer_places[24];
    size_t footer_count;
    int tab_places[2 * APP_TABS];
    int footer_y;
    bool spinner_shown;

    struct theme theme;
    char *theme_dir; /* owned */
};

struct open_screen *app_top(struct app *app);
bool app_screen_is_open(struct app *app, uint64_t serial);
bool app_wants_text(struct app *app);

void app_close_screens(struct app *app);
bool app_is_too_small(const struct app *app);

/* app_keys.c */
extern const struct binding app_general_keys[]; /* the loop puts them into app->general_keys */
void app_on_input(struct app *app, struct input *in);

/* bindings.c */
const struct binding *app_find_key(const struct binding *keys, int key); /* NULL: none */
/* Runs a binding when it may; says why not otherwise. */
void app_run_binding(struct app *app, void *self, const struct binding *b, const char *arg);
bool app_can(struct app *app, void *self, const struct binding *b, char reason[96]);

/* app_draw.c */
void app_draw(struct app *app);

/* app_ask.c */
void app_ask_status(struct app *app);
void app_take_answers(struct app *app);
void app_undo(struct app *app);
void app_release_undo(struct app *app);
bool app_busy_label(struct app *app, const char **label, int64_t *since_ms);
void app_cancel_busy(struct app *app);

/* palette.c, help.c, confirm.c */
void palette_draw(struct app *app, struct grid *g, struct area body);
void palette_complete(struct app *app);
void palette_take(struct app *app, const char *text);
void help_open(struct app *app);
void help_draw(struct app *app, struct grid *g, struct area all);
void help_key(struct app *app, int key);
void confirm_draw(struct app *app, struct grid *g, struct area body);
void confirm_input(struct app *app, const struct input *in);

#endif
