/*
 * One conversation: who, what was said, what the scripted agent learned, and what an operator can
 * do: answer, set outcome, sentiment and score, hand over, take back, rule on an opt-out, close. A
 * part of the inbox; it asks for its data itself.
 */
#ifndef CANVASS_UI_SCREEN_THREAD_H
#define CANVASS_UI_SCREEN_THREAD_H

#include "core/reply/reply.h"
#include "ui/app.h"
#include "ui/widget/form.h"

enum thread_mode { THREAD_READ, THREAD_WRITE, THREAD_SET };

struct thread {
    struct app *app;
    int slot;
    int64_t id; /* 0: none is open */
    struct conversation data;
    bool loaded;
    int64_t
        opened_ms; /* monotonic: the one before is shown for an instant, so that nothing flickers */
    char error[200];
    bool show_answers;
    int scroll; /* lines up from the end */
    enum thread_mode mode;
    struct field write_fields[3];
    struct field set_fields[5];
    struct form form;
    int64_t read_id; /* marked as read already, up to this message */
};

void thread_init(struct thread *t, struct app *app);
void thread_release(struct thread *t);
void thread_open(struct thread *t, int64_t id); /* 0 closes */
void thread_refresh(struct thread *t);
/* A person looks at it: what is unread becomes read. */
void thread_seen(struct thread *t);
bool thread_wants_text(const struct thread *t);
bool thread_input(struct thread *t, const struct input *in);
bool thread_escape(struct thread *t); /* true: a form was closed */
void thread_draw(struct thread *t, struct grid *g, struct area a, bool focused);

/* What the keys of the screen call. */
void thread_write(struct thread *t);
void thread_edit_values(struct thread *t);
void thread_toggle_agent(struct thread *t);
void thread_opt_out(struct thread *t);
void thread_keep(struct thread *t); /* the flag was no opt-out */
void thread_close(struct thread *t);
bool thread_may_act(const struct thread *t, char reason[96]);
bool thread_may_toggle_agent(const struct thread *t, char reason[96]);
bool thread_may_keep(const struct thread *t, char reason[96]);
bool thread_may_close(const struct thread *t, char reason[96]);

#endif
