/*
 * The console: one event loop, a row of tabs, a stack of screens in each. READ THIS FIRST when you
 * add a screen.
 *
 * A screen is one `static const struct screen` and a struct of its own (self). It
 *   - draws itself from what it holds, whole, whenever asked (draw changes nothing but cells);
 *   - gets data only by questions to the query thread: app_ask() with a slot of its own. The answer
 *     comes to done() on this thread, long after; keep the last good answer until then;
 *   - changes data only by commands to the engine thread: app_do();
 *   - says what keys do in a table of bindings: the footer, the help overlay, the palette and the
 * keys themselves are made from it;
 *   - calls app_dirty() when something it shows has changed. Nothing is sent when no cell differs.
 *
 *     static const struct binding my_keys[] = {
 *         {.key = KEYS_ENTER, .name = "open", .label = "open", .help = "Open it", .run = my_open},
 *         {.key = ' ', .name = "pause", .label = "pause", .help = "...", .run = my_pause, .can =
 * may_pause}, {0}}; const struct screen screen_my = {.name = "my", .title = "My", .keys = my_keys,
 * .open = my_new, .close = my_free, .draw = my_draw, .input = my_input, .refresh = my_refresh};
 *     app_push(app, &screen_my, campaign_id);
 *
 * Order in which a key is offered: help, prompt, confirm (when open), screen->input, the screen's
 * bindings, the general bindings. When wants_text() says so, characters go to screen->input only.
 * refresh() comes once after open(), whenever the database has changed, and on `r`.
 */
#ifndef CANVASS_UI_APP_H
#define CANVASS_UI_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/mailbox.h"
#include "core/config/config.h"
#include "core/engine/engine.h"
#include "core/query/query.h"
#include "core/report/report.h"
#include "ui/term/grid.h"
#include "ui/term/keys.h"
#include "ui/widget/toast.h"

struct screen;

/* The screens that the console itself opens (screen/screens.c). */
struct ui_screens {
    const struct screen *const *tabs; /* in the order of the keys from 1 on; at most six */
    size_t tab_count;
    const struct screen *unread; /* the tab that shows how many replies nobody has read */
    const struct screen *messages, *in_doubt;
    const struct screen *new_campaign; /* argument 0 */
};

/* Everything borrowed until ui_run() returns. */
struct ui_options {
    const struct ui_screens *screens;
    const char *home;
    const struct config *config;
    const char *config_dir; /* folder of the configuration: its `themes` is read; NULL: none */
    struct query *query;    /* started with `answers` */
    struct mailbox *answers;
    struct engine *engine;  /* started with `events`; NULL: this console only looks */
    struct mailbox *events; /* NULL without an engine */
    bool no_color;
    const char *log_path; /* told after a crash; standard error goes there while the screen is up */
};

/*
 * Runs the console until it is left. ERR_INVALID: there is no usable terminal (nothing was shown).
 * The terminal is as it was before, however it ends. The engine and the query thread go on: stop
 * them then.
 */
bool ui_run(const struct ui_options *options, struct error *err) MUST_CHECK;

/* Once, before threads are started: the locale belongs to the whole program. */
void ui_choose_locale(void);
/* Whether standard input and output are a terminal that can show it (TERM, not its size). */
bool ui_has_terminal(void);

struct app;

struct binding {
    int key;           /* 0: in the palette only */
    const char *name;  /* in the palette: "pause", "new-campaign" */
    const char *label; /* in the footer: a word or two; NULL: in the help only */
    const char *help;  /* a sentence for the help */
    void (*run)(struct app *app, void *self);
    void (*run_arg)(struct app *app, void *self, const char *arg); /* palette: `:theme light` */
    /* NULL: always. False: why not now, for people; the key is dim and says so when pressed. */
    bool (*can)(struct app *app, void *self, char reason[96]);
    /* NULL: always. False: the footer leaves it out, since it has no meaning where we are now. */
    bool (*shown)(void *self);
};

struct screen {
    const char *name;
    const char *title;          /* of the tab, or the first crumb */
    const struct binding *keys; /* ended by {0}; most used first */
    /* What the footer shows instead while wants_text(); NULL: those of keys that are no letters. */
    const struct binding *text_keys;
    void *(*open)(struct app *app, int64_t arg);
    void (*close)(struct app *app, void *self);
    void (*draw)(struct app *app, void *self, struct grid *g, struct area body);
    bool (*input)(struct app *app, void *self,
                  const struct input *in);        /* may be NULL; true: used */
    void (*refresh)(struct app *app, void *self); /* may be NULL */
    void (*tick)(struct app *app, void *self);    /* may be NULL; every second or so */
    /* The filter `/`: called with every letter. NULL: the screen has none. "" drops it. */
    void (*filter)(struct app *app, void *self, const char *text);
    const char *(*filter_text)(void *self);
    void (*crumb)(void *self, char *out,
                  size_t size);     /* behind the title: "Ana Ruiz"; may be NULL */
    bool (*wants_text)(void *self); /* letters belong to a field in focus now; may be NULL */
    bool (*escape)(struct app *app, void *self); /* Esc: true when it closed something of its own */
    bool (*may_leave)(struct app *app, void *self); /* false: not yet (it says why); may be NULL */
    void (*header)(void *self, char *out, size_t size); /* right end of line 0 before the rest */
    bool bare; /* no line of tabs: the body begins at line 1 (the wizard) */
};

/* --- drawing and talking */
void app_dirty(struct app *app); /* something that can be seen has changed by a key: draw soon */
void app_dirty_data(struct app *app); /* ... by data: at most five times a second */
void app_toast(struct app *app, enum toast_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);
void app_toast_error(struct app *app, const struct error *err);
/* Text in the message line until the next key or call: field errors, hints. "" clears. */
void app_message(struct app *app, enum role role, const char *text);

/* Calls tick() of the screen on top in so many milliseconds, besides every second. */
void app_tick_in(struct app *app, int64_t ms);

/* --- where we are */
void app_push(struct app *app, const struct screen *screen, int64_t arg);
void app_pop(struct app *app); /* closes the top one of this tab; the last one stays */
void app_go_tab(struct app *app, size_t tab);
void app_go_screen(struct app *app, const struct screen *screen); /* one of the tabs */
void *app_top_self(struct app *app);
void app_quit(struct app *app); /* asks first when this console sends and work waits */

/* --- asking: the answer comes to q->done(q->owner, ...) on this thread */
int app_slot(struct app *app);                    /* a slot for as long as the screen lives */
void app_slot_release(struct app *app, int slot); /* cancels what is under way */
/*
 * Asks; a newer question of a slot cancels the older. label: what the spinner says after 150 ms
 * ("Reading recipients"); NULL: none.
 */
void app_ask(struct app *app, const struct question *q, const char *label);
/* For refresh(): does not cancel the question of that slot that is under way; then refresh() is
 * called again after its answer. False: not asked, and the arg is yours still. */
bool app_ask_if_free(struct app *app, const struct question *q, const char *label);
/* What is under way in a slot is given up: its answer does not come. */
void app_cancel(struct app *app, int slot);
bool app_is_asking(struct app *app, int slot);

/* --- doing: on the engine's thread, with the writing connection */
struct app_command {
    bool (*run)(struct db *ledger, struct db *reader, const struct config *config, void *arg,
                struct error *err);
    void *arg; /* owned by the command */
    void (*free_arg)(void *arg);
    char ok_text[200]; /* toast when it worked; "" for none */
    /* On this thread, after it worked or not, when the screen that asked is still there. May be
     * NULL. */
    void (*then)(struct app *app, void *self, void *arg, bool ok);
    void *self;
};
/* Fails with a toast when this console has no engine thread. A failure becomes an error toast. */
void app_do(struct app *app, const struct app_command *cmd);
/* The same; the toast offers `u undo` for 8 seconds, which does `undo`. */
void app_do_undoable(struct app *app, const struct app_command *cmd,
                     const struct app_command *undo);

/* --- asking before what cannot be undone: in a pane at the bottom, Cancel has the focus */
struct confirm {
    char title[96];
    char text[400];      /* names the thing, the number, the consequence */
    char yes[40];        /* the button */
    char must_type[200]; /* "" or what has to be typed first */
    void (*run)(struct app *app, void *self, int64_t arg);
    void *self;
    int64_t arg;
};
void app_confirm(struct app *app, const struct confirm *c); /* copied */

/* --- facts */
const struct ui_options *app_options(const struct app *app);
const struct config *app_config(const struct app *app);
const struct report_status *app_status(const struct app *app); /* of the last half second or so */
const struct engine_status *app_engine(const struct app *app);
const struct toasts *app_toasts(const struct app *app);
const char *app_theme_name(const struct app *app);
bool app_set_theme(struct app *app, const char *name, struct error *err) MUST_CHECK;
int64_t app_now_s(const struct app *app); /* of this turn */
/* Lets a person edit text with $VISUAL or $EDITOR; *out is the new text, caller frees. */
bool app_edit_external(struct app *app, const char *text, char **out, struct error *err) MUST_CHECK;
/* 80, 100, 120: what fits beside the list (ui-guide "Sizes"). */
bool app_is_wide(struct area body);   /* >= 120 columns: detail beside the list */
bool app_is_narrow(struct area body); /* < 100 columns: one pane */

#endif
