#include "core/engine/loop.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/base/text.h"
#include "core/base/utime.h"

enum { TROUBLE_MS = 1000 };

int64_t
loop_now_ms(const struct loop *l)
{
    return l->opt.now_ms ? l->opt.now_ms() : utime_now_ms();
}

int64_t
loop_mono_ms(const struct loop *l)
{
    return l->opt.now_ms ? l->opt.now_ms() : utime_mono_ms();
}

void
loop_wait_at_most(struct loop *l, int64_t ms)
{
    if (ms < l->wait_ms)
        l->wait_ms = ms < 0 ? 0 : ms;
}

void
loop_note(struct loop *l, const char *fmt, ...)
{
    va_list args;

    if (l->note[0])
        return; /* the first thing in the way is the one to show */
    va_start(args, fmt);
    (void)vsnprintf(l->note, sizeof l->note, fmt, args);
    va_end(args);
}

void
loop_trouble(struct loop *l, const char *what, const struct error *err)
{
    const int64_t mono = loop_mono_ms(l);

    if (mono >= l->trouble_until_ms) {
        log_line(LOG_ERROR, "engine", "%s: %s", what, err->text);
        if (l->trouble_since_ms == 0)
            l->trouble_since_ms = mono;
        l->trouble_until_ms = mono + TROUBLE_MS;
    }
    (void)text_copy(l->trouble, sizeof l->trouble, err->text);
    loop_wait_at_most(l, TROUBLE_MS);
}

void
loop_event(struct loop *l, enum log_level level, int64_t campaign_id, const char *fmt, ...)
{
    struct error err = {0};
    char text[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    log_line(level, "engine", "%s", text);
    if (!engine_event_add(l->ledger, level, campaign_id, text, loop_now_ms(l) / 1000, &err))
        loop_trouble(l, "write an event", &err);
}
