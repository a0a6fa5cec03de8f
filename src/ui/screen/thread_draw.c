/* How a conversation looks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/sms_segments.h"
#include "ui/screen/common.h"
#include "ui/screen/thread.h"
#include "ui/widget/draw.h"
#include "ui/widget/when.h"

#define LINES_MAX 2000
#define STALE_MS 150 /* then the spinner is there, and the frame is drawn anew */

/* The conversation as lines of the screen, made anew for each frame. */
struct line {
    char *text; /* owned */
    unsigned style;
    bool right;  /* ours: at the right side */
    bool bubble; /* padded to the width of its bubble */
    int width;   /* of the bubble */
};

struct lines {
    struct line *items;
    size_t count, capacity;
    int width; /* of a bubble's text */
    unsigned style;
    bool right;
    int widest;
    size_t first; /* of the bubble under way */
};

static void
add_line(struct lines *l, char *text, unsigned style, bool right, bool bubble)
{
    if (l->count >= LINES_MAX) {
        free(text);
        return;
    }
    l->items = mem_grow(l->items, l->count, &l->capacity, sizeof *l->items);
    l->items[l->count++] = (struct line){text, style, right, bubble, 0};
}

static void
add_wrapped(void *ctx, const char *s, size_t len)
{
    struct lines *l = ctx;
    char *text = mem_strndup(s, len);
    int width = cells_width(text);

    if (width > l->widest)
        l->widest = width;
    add_line(l, text, l->style, l->right, true);
}

static char *
note_of(const struct message *m, int64_t now_s)
{
    struct status_look look = delivery_look(m->state);
    char clock[8];
    char day[16];

    if (when_day_start(m->at_s) == when_day_start(now_s))
        day[0] = '\0';
    else
        (void)when_short(m->at_s, now_s, day);
    (void)when_clock(m->at_s, clock);
    if (m->inbound)
        return mem_printf("%s%s%s", day, day[0] ? " " : "", clock);
    return mem_printf("%s%s%s  %s%s%s%s%s", day, day[0] ? " " : "", clock,
                      m->author ? m->author : "", look.word[0] ? ", " : "", look.word,
                      m->error ? ": " : "", m->error ? m->error : "");
}

static void
add_message(struct lines *l, const struct message *m, int64_t now_s)
{
    bool bad = m->state && (strcmp(m->state, "failed") == 0 || strcmp(m->state, "in_doubt") == 0 ||
                            strcmp(m->state, "undelivered") == 0);
    struct buf clean = {0};

    l->style = m->inbound ? ROLE_BUBBLE_IN : ROLE_BUBBLE_OUT;
    l->right = !m->inbound;
    l->widest = 0;
    l->first = l->count;
    buf_add_str(&clean, m->text ? m->text : "");
    (void)cells_wrap(buf_str(&clean), l->width, add_wrapped, l);
    buf_release(&clean);
    for (size_t i = l->first; i < l->count; i++)
        l->items[i].width = l->widest + 2;
    add_line(l, note_of(m, now_s), bad ? ROLE_ERROR : ROLE_DIM, !m->inbound, false);
    add_line(l, mem_strdup(""), ROLE_TEXT, false, false);
}

static void
draw_line(struct grid *g, struct area a, int y, const struct line *l)
{
    int width = l->bubble ? l->width : cells_width(l->text);
    int x = l->right ? a.w - width : 0;

    if (x < 0)
        x = 0;
    if (l->bubble)
        (void)grid_repeat(g, a, y, x, width, l->style, " ");
    (void)grid_text(g, a, y, x + (l->bubble ? 1 : 0), l->style, l->text);
}

static void
draw_messages(struct thread *t, struct grid *g, struct area a)
{
    struct lines l = {.width = a.w * 3 / 4};
    int count;
    int top;

    for (size_t i = 0; i < t->data.message_count; i++)
        add_message(&l, &t->data.messages[i], app_now_s(t->app));
    count = (int)l.count > 0 ? (int)l.count - 1 : 0; /* without the last blank line */
    if (t->scroll > count - a.h)
        t->scroll = count - a.h;
    if (t->scroll < 0)
        t->scroll = 0;
    top = count > a.h ? count - a.h - t->scroll : 0;
    for (int y = 0; y < a.h && top + y < count; y++)
        draw_line(g, a, y, &l.items[top + y]);
    if (top > 0) { /* in the rule above */
        struct area rule = {a.y - 1, a.x, 1, a.w};
        (void)grid_text(g, rule, 0, a.w - 15, ROLE_DIM, " ↑ more above ");
    }
    for (size_t i = 0; i < l.count; i++)
        free(l.items[i].text);
    free(l.items);
}

static void
draw_answers(struct thread *t, struct grid *g, struct area a)
{
    int y = 0;

    if (t->data.answer_count == 0) {
        (void)grid_text(g, a, 0, 0, ROLE_DIM, "No question has been answered yet.");
        return;
    }
    for (size_t i = 0; i < t->data.answer_count && y < a.h; i++) {
        const struct answer_row *r = &t->data.answers[i];
        char *question = mem_printf("%" PRId64 ". %s", r->question + 1, r->question_text);
        y += grid_wrapped(g, a, y, a.h - y, ROLE_DIM, question);
        y += grid_wrapped(g, area_cols(a, 3, a.w - 3), y, a.h - y, ROLE_TITLE, r->text) + 1;
        free(question);
    }
}

/* --- head */

static const char *
agent_words(const struct conversation *c)
{
    if (!c->agent || strcmp(c->agent, "none") == 0)
        return "no agent";
    if (c->status && strcmp(c->status, "completed") == 0)
        return c->outcome && strcmp(c->outcome, "opted_out") == 0 ? "opted out" : "agent is done";
    return strcmp(c->agent, "scripted") == 0 ? "agent asks" : "handed over to you";
}

static void
draw_head(const struct thread *t, struct grid *g, struct area a)
{
    const struct conversation *c = &t->data;
    struct status_look mood = sentiment_look(c->sentiment);
    char when[16];
    char number[24];
    int x = grid_text(g, a, 0, 0, ROLE_TITLE, or_dash(c->address)) + 2;

    x = grid_printf(g, a, 0, x, ROLE_DIM, "%s since %s", or_dash(c->status),
                    when_short(c->created_at, app_now_s(t->app), when)) +
        2;
    x = grid_text(g, a, 0, x, ROLE_DIM, agent_words(c)) + 2;
    if (mood.word[0])
        (void)grid_printf(g, a, 0, x, mood.role, "%s %s", mood.sign, mood.word);
    x = grid_text(g, a, 1, 0, ROLE_DIM, "outcome ");
    x = grid_text(g, a, 1, x, c->outcome ? ROLE_ACCENT : ROLE_DIM, or_dash(c->outcome));
    (void)snprintf(number, sizeof number, c->score ? "%" PRId64 "/10" : "—", c->score);
    x = grid_text(g, a, 1, x, ROLE_DIM, "  score ");
    x = grid_text(g, a, 1, x, ROLE_TITLE, number);
    (void)grid_printf(g, a, 1, x, ROLE_DIM, "  answers %zu%s", c->answer_count,
                      c->answer_count ? t->show_answers ? " · a hides" : " · a shows" : "");
}

/* --- foot */

static int
draw_key(struct grid *g, struct area a, int y, int x, const char *key, const char *text)
{
    if (x + cells_width(key) + 1 + cells_width(text) > a.w)
        return a.w; /* cut at a whole key; the help has them all */
    x = grid_text(g, a, y, x, ROLE_KEY, key);
    return grid_text(g, a, y, x + 1, ROLE_TEXT, text) + 3;
}

static void
draw_actions(const struct thread *t, struct grid *g, struct area a)
{
    bool scripted = t->data.agent && strcmp(t->data.agent, "scripted") == 0;
    bool handed = t->data.agent && strcmp(t->data.agent, "handed_over") == 0;
    int x = draw_key(g, a, 0, 0, "e", "answer");

    x = draw_key(g, a, 0, x, "s", "outcome");
    if (scripted || handed)
        x = draw_key(g, a, 0, x, "h", scripted ? "take over" : "give back");
    x = draw_key(g, a, 0, x, "o", "opt out…");
    if (!t->data.needs_review && t->data.status && strcmp(t->data.status, "active") == 0)
        (void)draw_key(g, a, 0, x, "x", "close");
    if (t->data.needs_review)
        (void)draw_key(g, a, 0, x, "d", "no opt-out");
}

static void
draw_write(struct thread *t, struct grid *g, struct area a, bool focused)
{
    const char *text = field_text(&t->write_fields[0]);
    struct sms_segments s = sms_segments_count(text, strlen(text));
    struct field *send = &t->write_fields[1];
    struct field *cancel = &t->write_fields[2];
    int y = 1;

    (void)grid_text(g, a, 0, 0, ROLE_FOCUS, "Your answer");
    y += field_draw(&t->write_fields[0], g, a, y, 0, focused && t->form.focus == 0);
    (void)grid_printf(g, a, y, 0, ROLE_DIM, "%d characters, %d segment%s, %s", s.characters,
                      s.segments, s.segments == 1 ? "" : "s", s.gsm7 ? "GSM-7" : "UCS-2");
    y++;
    (void)field_draw(send, g, area_cols(a, 0, 8), y, 0, focused && t->form.focus == 1);
    (void)field_draw(cancel, g, area_cols(a, 10, 10), y, 0, focused && t->form.focus == 2);
    (void)grid_text(g, a, y, 22, ROLE_DIM, "Tab to Send, Enter");
}

static void
draw_set(struct thread *t, struct grid *g, struct area a, bool focused)
{
    int y = 0;

    for (int i = 0; i < 3; i++)
        y += field_draw(&t->set_fields[i], g, a, y, 11, focused && t->form.focus == (size_t)i);
    (void)field_draw(&t->set_fields[3], g, area_cols(a, 0, 8), y + 1, 0,
                     focused && t->form.focus == 3);
    (void)field_draw(&t->set_fields[4], g, area_cols(a, 10, 10), y + 1, 0,
                     focused && t->form.focus == 4);
}

static int
foot_height(const struct thread *t)
{
    switch (t->mode) {
    case THREAD_READ:
        return 1;
    case THREAD_WRITE:
        return 7;
    case THREAD_SET:
        return 6;
    }
    return 1;
}

void
thread_draw(struct thread *t, struct grid *g, struct area a, bool focused)
{
    const struct conversation *c = &t->data;
    bool have = t->loaded || (t->data.id && utime_mono_ms() - t->opened_ms < STALE_MS);
    int foot = foot_height(t);
    char right[160] = "";
    struct area in;
    int head;

    if (have)
        (void)snprintf(right, sizeof right, "%s · %s",
                       c->campaign_name ? c->campaign_name : "no campaign", or_dash(c->channel));
    in = draw_frame(g, a, focused ? FRAME_FOCUS : FRAME_REST,
                    !have                   ? "Conversation"
                    : c->name && c->name[0] ? c->name
                                            : c->address,
                    right);
    if (t->id == 0 || t->error[0] || !have) {
        draw_hint(g, in,
                  t->error[0] ? t->error
                  : t->id     ? "reading…"
                              : "Choose a conversation on the left; Enter opens it.");
        return;
    }
    draw_head(t, g, in);
    head = 2;
    if (c->needs_review)
        (void)grid_printf(g, in, head++, 0, ROLE_WARN, "! %s: o opts out, d keeps",
                          c->needs_review);
    draw_rule(g, in, head);
    if (t->show_answers)
        draw_answers(t, g, area_rows(in, head + 1, in.h - head - 2 - foot));
    else
        draw_messages(t, g, area_rows(in, head + 1, in.h - head - 2 - foot));
    draw_rule(g, in, in.h - foot - 1);
    in = area_rows(in, in.h - foot, foot);
    switch (t->mode) {
    case THREAD_READ:
        draw_actions(t, g, in);
        break;
    case THREAD_WRITE:
        draw_write(t, g, in, focused);
        break;
    case THREAD_SET:
        draw_set(t, g, in, focused);
        break;
    }
}
