#include "core/store/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/embed.h"
#include "core/base/mem.h"
#include "core/base/text.h"

/* The number in front of a file name such as "0001_first.sql"; 0 when it is not one of the
 * subject's. */
static int64_t
number_of(const char *name, const char *prefix)
{
    char digits[5] = "";
    int64_t number = 0;

    if (!text_starts_with(name, prefix))
        return 0;
    (void)snprintf(digits, sizeof digits, "%.4s", name + strlen(prefix));
    return num_parse_i64(digits, &number) ? number : 0;
}

static bool
run_one(struct db *db, const char *schema, const struct embed_file *file, int64_t number,
        struct error *err)
{
    char *set_version = mem_printf("PRAGMA %s.user_version=%" PRId64, schema, number);
    bool ok = db_begin(db, err) && db_exec(db, file->data, err) && db_exec(db, set_version, err) &&
              db_commit(db, err);

    free(set_version);
    if (ok)
        return true;
    db_rollback(db);
    return error_wrap(err, "migration %s", file->name);
}

static bool
keep_copy(struct db *db, const char *path, int64_t number, struct error *err)
{
    char *copy = mem_printf("%s.before-%04" PRId64, path, number);
    bool ok = true;

    if (access(copy, F_OK) != 0)
        ok = db_copy_into(db, copy, err) || error_wrap(err, "copy %s before migrating", path);
    free(copy);
    return ok;
}

bool
migrate(struct db *db, const char *subject, const char *schema, const char *path, struct error *err)
{
    char *get_version = mem_printf("PRAGMA %s.user_version", schema);
    char *prefix = mem_printf("data/migrations/%s/", subject);
    size_t count = 0;
    const struct embed_file *files = embed_list(&count);
    int64_t have = 0;
    int64_t newest = 0;
    bool ok = db_query_i64(db, get_version, &have, err);

    for (size_t i = 0; ok && i < count; i++) {
        int64_t number = number_of(files[i].name, prefix);

        if (number > newest)
            newest = number;
        if (number <= have)
            continue;
        if (have > 0 && path)
            ok = keep_copy(db, path, number, err);
        ok = ok && run_one(db, schema, &files[i], number, err);
    }
    if (ok && have > newest)
        ok = error_set(err, ERR_CONFLICT,
                       "%s was written by a newer canvass (schema %" PRId64
                       ", this program knows %" PRId64 "); use the newer program",
                       path ? path : subject, have, newest);
    free(get_version);
    free(prefix);
    return ok;
}
