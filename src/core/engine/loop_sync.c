/* The replica: brought up to the main database every few seconds. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/engine/loop.h"
#include "core/replica/sync.h"
#include "core/replica/write_back.h"
#include "core/store/replica_state_store.h"
#include "core/store/write_back_store.h"

struct loop_sync {
    const char *home;
    const struct config *config;
    main_database_open_fn *open;
    main_sink_open_fn *open_sink;
    int64_t next_ms; /* monotonic */
    pthread_t thread;
    /* written by the thread, read after `ended` */
    int64_t now_s;
    struct write_back_result written;
    struct error err, why; /* of reading, of writing back */
    bool ok, wrote;
    atomic_bool ended;
    atomic_bool cancel; /* the engine leaves: what is being read is given up */
    bool running;
    bool failing, write_failing; /* the last one failed: said once, not every time */
};

static void *
run_sync(void *arg)
{
    struct loop_sync *s = arg;
    struct sync_result result = {0};
    const struct sync_job job = {.home = s->home,
                                 .config = s->config,
                                 .open = s->open,
                                 .cancel = &s->cancel,
                                 .now_s = s->now_s,
                                 .mode = SYNC_REFRESH};

    s->ok = replica_sync(&job, &result, &s->err);
    s->wrote = !s->config->main_database.write_back || atomic_load(&s->cancel) ||
               write_back_run(s->home, s->config, s->open_sink, &s->cancel, &s->written, &s->why);
    atomic_store(&s->ended, true);
    return NULL;
}

void
loop_sync_prepare(struct loop *l)
{
    struct replica_state state = {0};
    struct error err = {0};
    int64_t age_s;

    if (l->opt.config->main_database.url[0] == '\0' ||
        l->opt.config->main_database.refresh_seconds <= 0)
        return;
    l->sync = mem_alloc(sizeof *l->sync);
    l->sync->home = l->opt.home;
    l->sync->config = l->opt.config;
    l->sync->open = l->opt.open_main_database;
    l->sync->open_sink = l->opt.open_main_sink;
    if (!write_back_enable(l->ledger, l->opt.config->main_database.write_back, &err))
        loop_trouble(l, "turn write-back on or off", &err);
    if (!replica_state_load(l->reader, &state, &err))
        loop_trouble(l, "see how old the replica is", &err);
    age_s = loop_now_ms(l) / 1000 - state.synced_at_s;
    if (state.synced && age_s < l->opt.config->main_database.refresh_seconds)
        l->sync->next_ms =
            loop_mono_ms(l) + (l->opt.config->main_database.refresh_seconds - age_s) * 1000;
}

/* The same trouble is said once. */
static void
hear_of_writing(struct loop *l, struct loop_sync *s)
{
    bool failed = !s->wrote && s->why.code != ERR_RETRY;
    bool refused = s->wrote && s->written.refused > 0;

    if (failed && !s->write_failing)
        loop_event(l, LOG_WARN, 0, "the main database was not told everything; the rest waits: %s",
                   s->why.text);
    if (refused && !s->write_failing)
        loop_event(l, LOG_WARN, 0,
                   "the main database refused %" PRId64 " rows: canvass doctor says why",
                   s->written.refused);
    s->write_failing = failed || refused;
}

/* What the thread found; ERR_RETRY is another process's sync, which does as well. */
static void
hear(struct loop *l, struct loop_sync *s)
{
    if (s->ok && s->failing)
        loop_event(l, LOG_INFO, 0, "the main database can be read again");
    if (!s->ok && !s->failing && s->err.code != ERR_RETRY)
        loop_event(l, LOG_WARN, 0, "the main database could not be read: %s", s->err.text);
    s->failing = !s->ok && s->err.code != ERR_RETRY;
    hear_of_writing(l, s);
}

void
loop_sync_step(struct loop *l, bool stopping)
{
    struct loop_sync *s = l->sync;
    const int64_t mono = loop_mono_ms(l);

    if (!s)
        return;
    if (s->running && atomic_load(&s->ended)) {
        (void)pthread_join(s->thread, NULL);
        s->running = false;
        s->next_ms = mono + l->opt.config->main_database.refresh_seconds * 1000;
        hear(l, s);
    }
    if (!s->running && !stopping && s->next_ms <= mono) {
        atomic_store(&s->ended, false);
        s->err = s->why = (struct error){0};
        s->written = (struct write_back_result){0};
        s->now_s = loop_now_ms(l) / 1000;
        s->running = pthread_create(&s->thread, NULL, run_sync, s) == 0;
        s->next_ms = mono + l->opt.config->main_database.refresh_seconds * 1000;
    }
    loop_wait_at_most(l, s->next_ms - mono);
}

void
loop_sync_finish(struct loop *l)
{
    if (!l->sync)
        return;
    atomic_store(&l->sync->cancel, true);
    if (l->sync->running)
        (void)pthread_join(l->sync->thread, NULL);
    free(l->sync);
    l->sync = NULL;
}
