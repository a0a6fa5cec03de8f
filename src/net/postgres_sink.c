/*
 * Writing back to PostgreSQL by the mapping's statements, a row a statement, each committed by
 * itself: what was written stays, and one row that is refused holds nothing else back.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/config/mapping.h"
#include "core/store/main_sink_sqlite.h"
#include "net/postgres.h"
#include "net/postgres_link.h"

struct sink {
    struct pglink *l;
    char *sql[MAIN_WRITE_COUNT]; /* owned; with $1, $2, ... */
};

static void
sink_close(void *ctx)
{
    struct sink *s = ctx;

    pglink_close(s->l);
    for (int k = 0; k < MAIN_WRITE_COUNT; k++)
        free(s->sql[k]);
    free(s);
}

/* A class of SQLSTATE that is about this row: a value, a constraint. */
static bool
is_about_the_row(const char *state)
{
    return strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0;
}

static bool
put(void *ctx, enum main_write kind, const char *const *values, bool *refused, struct error *err)
{
    struct sink *s = ctx;
    char state[6] = "";
    size_t count;
    bool ok;

    (void)main_write_names(kind, &count);
    ok = pglink_exec_values(s->l, s->sql[kind], values, count, state, err);
    *refused = !ok && is_about_the_row(state);
    return ok || error_wrap(err, "main database");
}

bool
net_main_sink_open(const struct config *config, const atomic_bool *cancel, struct main_sink *out,
                   struct error *err)
{
    struct mapping m = {0};
    struct buf problems = {0};
    struct sink *s;
    char *folder;
    bool ok;

    *out = (struct main_sink){0};
    if (text_starts_with(config->main_database.url, "sqlite:"))
        return main_sink_open_sqlite(config, cancel, out, err);
    s = mem_alloc(sizeof *s);
    folder = path_dirname(config->path);
    ok = mapping_load(config->main_database.mapping, folder, &m, &problems, err);
    for (int k = 0; ok && k < MAIN_WRITE_COUNT; k++) {
        if (m.write_back[k])
            s->sql[k] = mem_strdup(m.write_back[k]);
        else
            ok = error_set(err, ERR_INVALID,
                           "main_database.write_back is on, but the mapping %s has no write_back",
                           m.path);
    }
    if (ok)
        s->l = pglink_open(config->main_database.url, config->main_database.password, cancel, err);
    mapping_release(&m);
    buf_release(&problems);
    free(folder);
    if (!s->l) {
        sink_close(s);
        return false;
    }
    *out = (struct main_sink){.ctx = s, .put = put, .close = sink_close};
    return true;
}
