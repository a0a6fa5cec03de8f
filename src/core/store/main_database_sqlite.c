#include "core/store/main_database_sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/config/config.h"
#include "core/store/key_hash.h"

enum { WORD_MAX_BYTES = 1024, TEXT_MAX_BYTES = 4096, NOTES_MAX_BYTES = 65536, SCRATCH_COUNT = 8 };
enum { ZONE_SLACK_S = 2 * DAY_S }; /* a text with an offset may sort a day off */
enum { RACY_S = 2 };               /* a file changed this lately may change again unseen */

struct source {
    struct db *db;
    char *path;                        /* owned */
    bool has_zones;                    /* customers.time_zone, which the reference lacks */
    struct buf scratch[SCRATCH_COUNT]; /* texts of the row at hand */
    size_t used;
};

/* The columns that each query names; the order is that of the reading functions below. */
static const struct table {
    const char *name;
    const char *columns; /* of every query, key and updated_at first */
} tables[] = {
    [MAIN_CUSTOMERS] = {"customers",
                        "id, updated_at, name, phone, email, is_new_client, notes, created_at"},
    [MAIN_APPOINTMENTS] =
        {"appointments", "id, updated_at, customer_id, appointment_datetime, status, service_type, "
                         "provider, booked_by, cancelled_at"},
    [MAIN_CONVERSATIONS] = {"conversations",
                            "id, updated_at, customer_id, last_activity_at, channel, "
                            "conversation_type, status, outcome, sentiment, satisfaction_score, "
                            "metadata"},
    [MAIN_REQUESTS] = {"appointment_requests", "id, updated_at, conversation_id, status"},
};
_Static_assert(ARRAY_LEN(tables) == MAIN_TABLE_COUNT, "columns for every table");

struct main_time
main_time_parse(const char *text)
{
    struct main_time t = {0};
    char full[48];
    size_t len = text ? strlen(text) : 0;

    if (len < 19 || len > 40)
        return t;
    t.set = utime_parse_lenient(text, len, &t.s);
    if (!t.set && len >= 22 && (text[len - 3] == '+' || text[len - 3] == '-')) {
        (void)snprintf(full, sizeof full, "%s:00", text);
        t.set = utime_parse_lenient(full, len + 3, &t.s);
    } else if (!t.set && len >= 24 && (text[len - 5] == '+' || text[len - 5] == '-')) {
        (void)snprintf(full, sizeof full, "%.*s:%s", (int)len - 2, text, text + len - 2);
        t.set = utime_parse_lenient(full, len + 1, &t.s);
    }
    return t;
}

void
main_text_repair(struct buf *out, const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len <= max && utf8_is_valid(text, len)) {
        buf_add(out, text, len);
        return;
    }
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t used = utf8_decode(text + i, len - i, &cp);

        if (out->len + (used > 0 ? used : 3) > max)
            return;
        if (used > 0)
            buf_add(out, text + i, used);
        else
            buf_add_str(out, "\xEF\xBF\xBD");
        i += used > 0 ? used : 1;
    }
}

static struct buf *
scratch(struct source *src)
{
    struct buf *b = &src->scratch[src->used++ % SCRATCH_COUNT];

    buf_clear(b);
    return b;
}

/* The column's text as it stands when it is good, else a repaired copy. */
static const char *
text_of(struct source *src, struct db_stmt *st, int col, size_t max)
{
    const char *text = db_column_text(st, col);
    size_t len = text ? strlen(text) : 0;
    struct buf *b;

    if (!text || (len <= max && utf8_is_valid(text, len)))
        return text;
    b = scratch(src);
    main_text_repair(b, text, max);
    return buf_str(b);
}

static struct main_time
time_of(struct db_stmt *st, int col)
{
    return db_column_is_text(st, col) ? main_time_parse(db_column_text(st, col))
                                      : (struct main_time){0};
}

static bool
truth_of(struct db_stmt *st, int col)
{
    const char *text;

    if (!db_column_is_text(st, col))
        return db_column_i64(st, col) != 0;
    text = db_column_text(st, col);
    return text_eq_nocase(text, "true") || text_eq_nocase(text, "t") || text_eq(text, "1");
}

/* False for NULL. */
static bool
key_of(struct source *src, struct db_stmt *st, int col, struct key *out)
{
    struct buf *b;
    const char *text;

    *out = (struct key){0};
    if (db_column_is_null(st, col))
        return false;
    if (db_column_is_int(st, col)) {
        out->number = db_column_i64(st, col);
        return true;
    }
    text = db_column_text(st, col);
    if (!text || num_parse_usual_i64(text, &out->number))
        return text != NULL;
    b = scratch(src);
    main_text_repair(b, text, WORD_MAX_BYTES);
    if (key_is_uuid(buf_str(b), b->len))
        for (size_t i = 0; i < b->len; i++)
            if (b->data[i] >= 'A' && b->data[i] <= 'F')
                b->data[i] = (char)(b->data[i] - 'A' + 'a');
    out->is_text = true;
    buf_add_char(b, '\0');
    out->text = b->data;
    return true;
}

static void
read_customer(struct source *src, struct db_stmt *st, struct main_row *row)
{
    row->customer_of = (struct main_customer){
        .name = text_of(src, st, 2, TEXT_MAX_BYTES),
        .phone = text_of(src, st, 3, TEXT_MAX_BYTES),
        .email = text_of(src, st, 4, TEXT_MAX_BYTES),
        .is_new_client = truth_of(st, 5),
        .notes = text_of(src, st, 6, NOTES_MAX_BYTES),
        .created_at = time_of(st, 7),
        .time_zone = src->has_zones ? text_of(src, st, 8, WORD_MAX_BYTES) : NULL,
    };
}

static void
read_appointment(struct source *src, struct db_stmt *st, struct main_row *row)
{
    row->has_customer = key_of(src, st, 2, &row->customer);
    row->appointment = (struct main_appointment){
        .at = time_of(st, 3),
        .status = text_of(src, st, 4, WORD_MAX_BYTES),
        .service = text_of(src, st, 5, WORD_MAX_BYTES),
        .provider = text_of(src, st, 6, WORD_MAX_BYTES),
        .booked_by = text_of(src, st, 7, WORD_MAX_BYTES),
        .cancelled_at = time_of(st, 8),
    };
}

static void
read_conversation(struct source *src, struct db_stmt *st, struct main_row *row)
{
    struct main_conversation *c = &row->conversation;

    row->has_customer = key_of(src, st, 2, &row->customer);
    *c = (struct main_conversation){
        .at = time_of(st, 3),
        .channel = text_of(src, st, 4, WORD_MAX_BYTES),
        .type = text_of(src, st, 5, WORD_MAX_BYTES),
        .status = text_of(src, st, 6, WORD_MAX_BYTES),
        .outcome = text_of(src, st, 7, WORD_MAX_BYTES),
        .sentiment = text_of(src, st, 8, WORD_MAX_BYTES),
        .metadata = db_column_is_text(st, 10) ? db_column_text(st, 10) : NULL,
    };
    if (db_column_is_int(st, 9) || db_column_is_real(st, 9)) {
        c->has_satisfaction = true;
        c->satisfaction = db_column_double(st, 9);
    } else if (db_column_is_text(st, 9)) {
        c->has_satisfaction = num_parse_double(db_column_text(st, 9), &c->satisfaction);
    }
}

static void
read_request(struct source *src, struct db_stmt *st, struct main_row *row)
{
    row->request.has_conversation = key_of(src, st, 2, &row->request.conversation);
    row->request.status = text_of(src, st, 3, WORD_MAX_BYTES);
}

static bool
hand_over(struct source *src, enum main_table table, struct db_stmt *st, main_row_fn *on_row,
          void *arg, struct error *err)
{
    static void (*const readers[])(struct source *, struct db_stmt *, struct main_row *) = {
        [MAIN_CUSTOMERS] = read_customer,
        [MAIN_APPOINTMENTS] = read_appointment,
        [MAIN_CONVERSATIONS] = read_conversation,
        [MAIN_REQUESTS] = read_request,
    };
    struct main_row row = {0};

    src->used = 0;
    if (!key_of(src, st, 0, &row.key))
        return true; /* a row without a key is nobody's */
    row.updated_at = time_of(st, 1);
    readers[table](src, st, &row);
    return on_row(arg, &row, err);
}

static bool
source_error(const struct source *src, enum main_table table, struct error *err)
{
    return error_wrap(err, "main database %s, table %s", src->path, tables[table].name);
}

static bool
run_scan(struct source *src, enum main_table table, struct db_stmt *st, const int64_t *since_s,
         main_row_fn *on_row, void *arg, struct error *err)
{
    bool row = false;

    for (;;) {
        if (!db_step(st, &row, err))
            return source_error(src, table, err);
        if (!row)
            return true;
        if (since_s) {
            struct main_time t = time_of(st, 1);

            if (t.set && t.s < *since_s)
                continue;
        }
        if (!hand_over(src, table, st, on_row, arg, err))
            return false;
    }
}

static struct db_stmt *
prepare(struct source *src, enum main_table table, const char *columns, const char *rest,
        struct error *err)
{
    char *sql = mem_printf("SELECT %s FROM %s %s", columns, tables[table].name, rest);
    struct db_stmt *st = db_prepare(src->db, sql, err);

    if (!st)
        (void)source_error(src, table, err);
    free(sql);
    return st;
}

/* Whole rows. */
static struct db_stmt *
prepare_rows(struct source *src, enum main_table table, const char *rest, struct error *err)
{
    bool zone = table == MAIN_CUSTOMERS && src->has_zones;
    char *columns = mem_printf("%s%s", tables[table].columns, zone ? ", time_zone" : "");
    struct db_stmt *st = prepare(src, table, columns, rest, err);

    free(columns);
    return st;
}

static bool
scan_all(void *ctx, enum main_table table, main_row_fn *on_row, void *arg, struct error *err)
{
    struct source *src = ctx;
    struct db_stmt *st = prepare_rows(src, table, "ORDER BY id", err);
    bool ok = st && run_scan(src, table, st, NULL, on_row, arg, err);

    db_stmt_release(st);
    return ok;
}

static bool
scan_since(void *ctx, enum main_table table, int64_t since_s, main_row_fn *on_row, void *arg,
           struct error *err)
{
    struct source *src = ctx;
    struct db_stmt *st =
        prepare_rows(src, table, "WHERE updated_at >= :day OR updated_at IS NULL", err);
    char day[UTIME_RFC3339_SIZE];
    bool ok = false;

    if (st) {
        /* Only the date: a blank and a T after it sort apart. The exact test is on the time that
         * was read. */
        (void)utime_format(since_s > ZONE_SLACK_S ? since_s - ZONE_SLACK_S : 0, day);
        day[10] = '\0';
        db_bind_text(st, ":day", day);
        ok = run_scan(src, table, st, &since_s, on_row, arg, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
scan_one(struct source *src, enum main_table table, const struct key *key, main_row_fn *on_row,
         void *arg, struct error *err)
{
    /* UUIDs may stand there in capitals, numbers as text. */
    struct db_stmt *st = prepare_rows(
        src, table, "WHERE id = :key OR id = upper(:key) OR id = CAST(:key AS TEXT)", err);
    bool ok = false;

    if (st) {
        db_bind_key(st, ":key", key);
        ok = run_scan(src, table, st, NULL, on_row, arg, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
scan_some(void *ctx, enum main_table table, const struct key *keys, size_t count,
          main_row_fn *on_row, void *arg, struct error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < count; i++)
        ok = scan_one(ctx, table, &keys[i], on_row, arg, err);
    return ok;
}

static bool
scan_keys(void *ctx, enum main_table table, const struct key *from, const struct key *until,
          main_key_fn *on_key, void *arg, struct error *err)
{
    struct source *src = ctx;
    struct db_stmt *st = prepare(src, table, "id", "ORDER BY id", err);
    bool ok = st != NULL;
    bool row = true;

    while (ok && row) {
        struct key key;

        ok = db_step(st, &row, err) || source_error(src, table, err);
        src->used = 0;
        if (ok && row && key_of(src, st, 0, &key) && (!from || key_compare(&key, from) >= 0) &&
            (!until || key_compare(&key, until) < 0))
            ok = on_key(arg, &key, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
count(void *ctx, enum main_table table, int64_t *out, struct error *err)
{
    struct source *src = ctx;
    struct db_stmt *st = prepare(src, table, "count(*)", "", err);
    bool ok = st && (db_step_one(st, err) || source_error(src, table, err));

    if (ok)
        *out = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

static bool
digest(void *ctx, enum main_table table, struct main_digest *out, struct error *err)
{
    struct source *src = ctx;
    struct db_stmt *st = prepare(src, table, "count(*), coalesce(sum(key_hash(id)), 0)",
                                 "WHERE id IS NOT NULL", err);
    bool ok = st && (db_step_one(st, err) || source_error(src, table, err));

    if (ok)
        *out = (struct main_digest){db_column_i64(st, 0), db_column_i64(st, 1)};
    db_stmt_release(st);
    return ok;
}

/* What stat says of one file; false: it changed so lately that a second change might not show. */
static bool
add_stat(struct buf *out, const char *path)
{
    struct stat st;
    struct timespec now = {0};

    if (stat(path, &st) != 0) {
        buf_add_str(out, "-;");
        return true;
    }
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec - st.st_mtim.tv_sec < RACY_S)
        return false;
    buf_printf(out, "%lld.%lld.%lld.%lld.%ld;", (long long)st.st_dev, (long long)st.st_ino,
               (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    return true;
}

static bool
fingerprint(void *ctx, struct buf *out, struct error *err)
{
    struct source *src = ctx;
    char *wal = mem_printf("%s-wal", src->path);
    struct buf text = {0};

    (void)err;
    if (add_stat(&text, src->path) && add_stat(&text, wal))
        buf_add(out, buf_str(&text), text.len);
    buf_release(&text);
    free(wal);
    return true;
}

static bool
begin(void *ctx, struct error *err)
{
    struct source *src = ctx;
    int64_t n = 0;

    /* The first read takes the snapshot. */
    return (db_begin_read(src->db, err) &&
            db_query_i64(src->db, "SELECT count(*) FROM sqlite_master", &n, err)) ||
           error_wrap(err, "main database %s", src->path);
}

static void
end(void *ctx)
{
    struct source *src = ctx;

    db_rollback(src->db);
}

static void
source_close(void *ctx)
{
    struct source *src = ctx;

    if (!src)
        return;
    db_close(src->db);
    for (size_t i = 0; i < SCRATCH_COUNT; i++)
        buf_release(&src->scratch[i]);
    free(src->path);
    free(src);
}

/* Appends what is missing of one table: the table, or "table.column" each. */
static bool
find_missing(struct source *src, const struct table *table, struct buf *missing, struct error *err)
{
    struct db_stmt *st =
        db_prepare(src->db,
                   "SELECT count(*), count(*) FILTER (WHERE name = :column COLLATE NOCASE) "
                   "FROM pragma_table_info(:table)",
                   err);
    const char *at = table->columns;
    bool ok = st != NULL;

    while (ok && *at) {
        size_t len = strcspn(at, ",");
        char *column = mem_strndup(at, len);

        db_bind_text(st, ":column", column);
        db_bind_text(st, ":table", table->name);
        ok = db_step_one(st, err);
        if (ok && db_column_i64(st, 0) == 0) {
            buf_printf(missing, "%stable %s", missing->len > 0 ? ", " : "", table->name);
            at += strlen(at);
        } else {
            if (ok && db_column_i64(st, 1) == 0)
                buf_printf(missing, "%scolumn %s.%s", missing->len > 0 ? ", " : "", table->name,
                           column);
            at += len;
            at += strspn(at, ", ");
        }
        free(column);
        db_stmt_reset(st);
    }
    db_stmt_release(st);
    return ok;
}

static bool
find_zones(struct source *src, struct error *err)
{
    int64_t found = 0;
    bool ok = db_query_i64(src->db,
                           "SELECT count(*) FROM pragma_table_info('customers') "
                           "WHERE name = 'time_zone' COLLATE NOCASE",
                           &found, err);

    src->has_zones = found > 0;
    return ok;
}

static bool
check_schema(struct source *src, struct error *err)
{
    struct buf missing = {0};
    bool ok = find_zones(src, err);

    for (size_t i = 0; ok && i < ARRAY_LEN(tables); i++)
        ok = find_missing(src, &tables[i], &missing, err) ||
             error_wrap(err, "main database %s", src->path);
    if (ok && missing.len > 0)
        ok = error_set(
            err, ERR_INVALID,
            "the main database %s lacks %s; is main_database.url the right file? its tables "
            "must be those of the reference schema",
            src->path, buf_str(&missing));
    buf_release(&missing);
    return ok;
}

static bool
open_file(struct source *src, struct error *err)
{
    struct stat st;

    if (stat(src->path, &st) != 0)
        return error_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_DENIED,
                         "the main database %s %s; check main_database.url in the configuration",
                         src->path, errno == ENOENT ? "does not exist" : "cannot be reached");
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERR_INVALID,
                         "the main database %s is not a file; check main_database.url in the "
                         "configuration",
                         src->path);
    src->db = db_open(src->path, DB_READ_ONLY, err);
    return (src->db || error_wrap(err, "main database")) &&
           db_exec(src->db, "PRAGMA cache_size = -16384", err) && check_schema(src, err);
}

bool
main_database_open_sqlite(const char *path, struct main_database *out, struct error *err)
{
    struct source *src = mem_alloc(sizeof *src);

    *out = (struct main_database){0};
    src->path = mem_strdup(path);
    if (!open_file(src, err)) {
        source_close(src);
        return false;
    }
    *out = (struct main_database){
        .ctx = src,
        .name = mem_printf("sqlite:%s", path),
        .fingerprint = fingerprint,
        .begin = begin,
        .end = end,
        .scan_all = scan_all,
        .scan_since = scan_since,
        .scan_some = scan_some,
        .scan_keys = scan_keys,
        .digest = digest,
        .count = count,
        .close = source_close,
    };
    return true;
}

bool
main_database_open_url(const char *url, struct main_database *out, struct error *err)
{
    *out = (struct main_database){0};
    if (text_is_blank(url))
        return error_set(
            err, ERR_INVALID,
            "no main database is configured; set main_database.url to \"sqlite:FILE\"");
    if (!text_starts_with(url, "sqlite:"))
        return error_set(err, ERR_INVALID,
                         "main_database.url: only \"sqlite:FILE\" is understood here");
    return main_database_open_sqlite(url + strlen("sqlite:"), out, err);
}

bool
main_database_open_config(const struct config *config, const atomic_bool *cancel,
                          struct main_database *out, struct error *err)
{
    struct source *src;

    *out = (struct main_database){0};
    if (text_starts_with(config->main_database.url, "sqlite:") &&
        !text_eq(config->main_database.mapping, "reference"))
        return error_set(err, ERR_INVALID,
                         "main_database.mapping: a SQLite main database is read in the reference "
                         "schema; leave the mapping out");
    if (!main_database_open_url(config->main_database.url, out, err))
        return false;
    src = out->ctx;
    db_set_cancel(src->db, cancel);
    return true;
}
