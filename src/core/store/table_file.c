#include "core/store/table_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/store/table_record.h"

enum {
    PAGE = 4096,
    PAGE_HEADER_AT = 100,     /* on page 1, behind the file's own */
    ROOT_PAGE = 2,            /* of the table; page 1 is the schema's */
    CHUNK = 64 * PAGE,        /* written at once */
    LEVELS = 16,              /* a tree of 2^31 pages has fewer */
    KEY_MAX = 3,              /* columns */
    PARTING_MAX = 1024,       /* bytes of a cell that parts two pages: a key, or a row id */
    HEAD_MAX = 2 * VARINT_MAX /* of a leaf's cell: the record's length, the row id */
};
/* SQLite locks bytes of the page at 1 GiB, and keeps nothing on it. */
#define LOCK_PAGE (0x40000000u / PAGE + 1)
enum page_kind { INDEX_INNER = 2, TABLE_INNER = 5, INDEX_LEAF = 10, TABLE_LEAF = 13 };

/* The rightmost page of a level of the tree: cells are added behind the last. */
struct level {
    unsigned char page[PAGE];
    size_t count;    /* cells */
    size_t bottom;   /* where the last of them begins */
    size_t last_len; /* its bytes */
};

struct table_file {
    struct table_plan plan;
    char *path; /* owned */
    int fd;
    struct level *levels[LEVELS]; /* owned; 0 is the leaves' */
    unsigned char *chunk;         /* owned; pages on their way out */
    size_t chunk_len;
    uint32_t next;       /* the page to be written next */
    unsigned char *room; /* owned; the row at hand: its record begins at HEAD_MAX */
    size_t room_bytes;
    unsigned char *cell; /* in it: as it goes into the leaf, from before the record on */
    size_t cell_len;
    int64_t rows;
    int64_t last_rowid;
    struct db_cell last[KEY_MAX]; /* the key of the row before */
    struct buf last_texts;
};

/* ---- bytes */

static void
put_u16(unsigned char *p, size_t value)
{
    p[0] = (unsigned char)(value >> 8);
    p[1] = (unsigned char)value;
}

static void
put_u32(unsigned char *p, uint32_t value)
{
    put_u16(p, value >> 16);
    put_u16(p + 2, value & 0xFFFF);
}

static uint32_t
get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- pages to the file */

static bool
flush_chunk(struct table_file *f, struct error *err)
{
    const unsigned char *p = f->chunk;

    while (f->chunk_len > 0) {
        ssize_t n = write(f->fd, p, f->chunk_len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, ERR_INTERNAL, "%s cannot be written: %s", f->path,
                             errno == ENOSPC ? "the disk is full" : "input/output error");
        p += n;
        f->chunk_len -= (size_t)n;
    }
    return true;
}

/* The next page, one after the other; *number is the page's. */
static bool
put_page(struct table_file *f, const unsigned char *page, uint32_t *number, struct error *err)
{
    if (f->next == LOCK_PAGE) {
        memset(f->chunk + f->chunk_len, 0, PAGE);
        f->chunk_len += PAGE;
        f->next++;
    }
    memcpy(f->chunk + f->chunk_len, page, PAGE);
    f->chunk_len += PAGE;
    *number = f->next++;
    /* room for two: the one to be left out may come first */
    return f->chunk_len <= CHUNK - (size_t)2 * PAGE || flush_chunk(f, err);
}

static bool
put_page_at(struct table_file *f, const unsigned char *page, uint32_t number, struct error *err)
{
    return pwrite(f->fd, page, PAGE, (off_t)(number - 1) * PAGE) == PAGE ||
           error_set(err, ERR_INTERNAL, "%s cannot be written", f->path);
}

/* ---- the tree */

static enum page_kind
kind_of(const struct table_file *f, size_t level)
{
    if (f->plan.key_columns > 0)
        return level == 0 ? INDEX_LEAF : INDEX_INNER;
    return level == 0 ? TABLE_LEAF : TABLE_INNER;
}

static size_t
head_bytes(size_t level)
{
    return level == 0 ? 8 : 12;
}

static struct level *
level_at(struct table_file *f, size_t level)
{
    assert(level < LEVELS);
    if (!f->levels[level]) {
        f->levels[level] = mem_alloc(sizeof **f->levels);
        f->levels[level]->bottom = PAGE;
    }
    return f->levels[level];
}

static bool
has_room(const struct level *l, size_t level, size_t len)
{
    return head_bytes(level) + (l->count + 1) * 2 + len <= l->bottom;
}

static void
put_cell(struct level *l, size_t level, const void *bytes, size_t len)
{
    l->bottom -= len;
    memcpy(l->page + l->bottom, bytes, len);
    put_u16(l->page + head_bytes(level) + l->count * 2, l->bottom);
    l->count++;
    l->last_len = len;
}

/* Takes the last cell out again, once; its bytes. A full page has several. */
static size_t
take_last(struct level *l, unsigned char *out)
{
    assert(l->count > 1 && l->last_len <= 4 + PARTING_MAX);
    memcpy(out, l->page + l->bottom, l->last_len);
    l->bottom += l->last_len;
    l->count--;
    return l->last_len;
}

static void
seal(struct table_file *f, size_t level, uint32_t rightmost)
{
    struct level *l = f->levels[level];
    unsigned char *p = l->page;

    memset(p, 0, 8);
    p[0] = (unsigned char)kind_of(f, level);
    put_u16(p + 3, l->count);
    put_u16(p + 5, l->bottom);
    if (level > 0)
        put_u32(p + 8, rightmost);
    memset(p + head_bytes(level) + l->count * 2, 0, l->bottom - head_bytes(level) - l->count * 2);
}

/* A full page goes out. parting: what is above all in it, and below all that comes. */
static bool send_page(struct table_file *f, size_t level, uint32_t rightmost,
                      const unsigned char *parting, size_t len, struct error *err);

static bool
add_child(struct table_file *f, size_t level, uint32_t child, const unsigned char *parting,
          size_t len, struct error *err)
{
    struct level *l = level_at(f, level);
    unsigned char cell[4 + PARTING_MAX];

    assert(len <= PARTING_MAX);
    if (!has_room(l, level, 4 + len)) {
        /* the last cell goes up, its child becomes the rightmost: no page is ever empty */
        size_t last_len = take_last(l, cell);

        if (!send_page(f, level, get_u32(cell), cell + 4, last_len - 4, err))
            return false;
    }
    put_u32(cell, child);
    memcpy(cell + 4, parting, len);
    put_cell(l, level, cell, 4 + len);
    return true;
}

static bool
send_page(struct table_file *f, size_t level, uint32_t rightmost, const unsigned char *parting,
          size_t len, struct error *err)
{
    struct level *l = f->levels[level];
    uint32_t number = 0;

    seal(f, level, rightmost);
    l->count = 0;
    l->bottom = PAGE;
    return put_page(f, l->page, &number, err) && add_child(f, level + 1, number, parting, len, err);
}

/* A leaf's cell stands at f->cell. In an index what parts two leaves stands above them only. */
static bool
add_cell(struct table_file *f, struct error *err)
{
    struct level *l = level_at(f, 0);
    unsigned char parting[4 + PARTING_MAX];
    size_t len;

    if (!has_room(l, 0, f->cell_len)) {
        len = f->plan.key_columns > 0 ? take_last(l, parting)
                                      : varint_put(parting, (uint64_t)f->last_rowid);
        if (!send_page(f, 0, 0, parting, len, err))
            return false;
    }
    put_cell(l, 0, f->cell, f->cell_len);
    return true;
}

/* From the leaves up; the page that stands alone on its level is the root. */
static bool
end_tree(struct table_file *f, struct error *err)
{
    uint32_t number = 0;

    (void)level_at(f, 0);
    for (size_t level = 0;; level++) {
        seal(f, level, number);
        if (!f->levels[level + 1])
            return flush_chunk(f, err) && put_page_at(f, f->levels[level]->page, ROOT_PAGE, err);
        if (!put_page(f, f->levels[level]->page, &number, err))
            return false;
    }
}

/* ---- cells */

static uint32_t
skip_lock_page(uint32_t number)
{
    return number == LOCK_PAGE ? number + 1 : number;
}

/* What a leaf does not hold of a record goes to a chain of pages; *first: where it begins. */
static bool
put_overflow(struct table_file *f, const unsigned char *bytes, size_t len, uint32_t *first,
             struct error *err)
{
    unsigned char page[PAGE];
    uint32_t number = 0;

    *first = skip_lock_page(f->next);
    while (len > 0) {
        const size_t n = len < PAGE - 4 ? len : PAGE - 4;

        memset(page, 0, sizeof page);
        memcpy(page + 4, bytes, n);
        bytes += n;
        len -= n;
        if (len > 0)
            put_u32(page, skip_lock_page(skip_lock_page(f->next) + 1));
        if (!put_page(f, page, &number, err))
            return false;
    }
    return true;
}

/* How many bytes of a record stay in the leaf: SQLite's own rule. */
static size_t
local_bytes(const struct table_file *f, size_t len)
{
    const size_t most = f->plan.key_columns > 0 ? (PAGE - 12) * 64 / 255 - 23 : PAGE - 35;
    const size_t least = (PAGE - 12) * 32 / 255 - 23;
    size_t some;

    if (len <= most)
        return len;
    some = least + (len - least) % (PAGE - 4);
    return some <= most ? some : least;
}

/* How long the row's record is, in the room. */
static size_t
make_record(struct table_file *f, const struct db_cell *cells, size_t width, const char *texts,
            bool rowid)
{
    const size_t most = HEAD_MAX + table_record_bound(cells, width);

    if (most > f->room_bytes) {
        f->room_bytes = most * 2;
        f->room = mem_realloc(f->room, f->room_bytes, 1);
    }
    return table_record_write(f->room + HEAD_MAX, cells, width, texts, rowid);
}

/* The record becomes a cell: its length and the row id (NULL: none) before it. */
static void
put_head(struct table_file *f, size_t len, const int64_t *rowid)
{
    unsigned char head[HEAD_MAX];
    size_t n = varint_put(head, len);

    if (rowid)
        n += varint_put(head + n, (uint64_t)*rowid);
    f->cell = f->room + HEAD_MAX - n;
    f->cell_len = n + len;
    memcpy(f->cell, head, n);
}

/* What is too long for a leaf goes elsewhere. */
static bool
cut_cell(struct table_file *f, size_t len, struct error *err)
{
    unsigned char *record = f->room + HEAD_MAX;
    const size_t local = local_bytes(f, len);
    uint32_t overflow = 0;

    if (local == len)
        return true;
    if (!put_overflow(f, record + local, len - local, &overflow, err))
        return false;
    put_u32(record + local, overflow); /* there is room: what went out is longer than 4 bytes */
    f->cell_len -= len - local - 4;
    return true;
}

/* ---- order */

/* As SQLite orders an ANY column: numbers, then texts bytewise. */
static int
compare(const struct db_cell *a, const char *a_texts, const struct db_cell *b, const char *b_texts)
{
    int order;

    if (a->kind != b->kind)
        return a->kind == DB_CELL_I64 ? -1 : 1;
    if (a->kind == DB_CELL_I64)
        return (a->i64 > b->i64) - (a->i64 < b->i64);
    order = memcmp(a_texts + a->at, b_texts + b->at, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static bool
is_above_last(const struct table_file *f, const struct db_cell *cells, const char *texts)
{
    if (f->plan.key_columns == 0)
        return cells[0].kind == DB_CELL_I64 && (f->rows == 0 || cells[0].i64 > f->last_rowid);
    for (size_t i = 0; i < f->plan.key_columns; i++)
        if (cells[i].kind != DB_CELL_I64 && cells[i].kind != DB_CELL_TEXT)
            return false;
    for (size_t i = 0; f->rows > 0 && i < f->plan.key_columns; i++) {
        int order = compare(&f->last[i], buf_str(&f->last_texts), &cells[i], texts);

        if (order != 0)
            return order < 0;
    }
    return f->rows == 0;
}

static void
keep_last(struct table_file *f, const struct db_cell *cells, const char *texts)
{
    f->rows++;
    f->last_rowid = cells[0].i64; /* of no use where it is a text */
    buf_clear(&f->last_texts);
    for (size_t i = 0; i < f->plan.key_columns; i++) {
        f->last[i] = cells[i];
        if (cells[i].kind != DB_CELL_TEXT)
            continue;
        f->last[i].at = f->last_texts.len;
        buf_add(&f->last_texts, texts + cells[i].at, cells[i].len);
    }
}

/* ---- the file */

struct table_file *
table_file_new(const char *path, const struct table_plan *plan, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct table_file *f;

    assert(plan->key_columns <= KEY_MAX);
    if (fd < 0) {
        error_set(err, ERR_INTERNAL, "cannot make %s: error %d", path, errno);
        return NULL;
    }
    f = mem_alloc(sizeof *f);
    *f = (struct table_file){
        .plan = *plan, .path = mem_strdup(path), .fd = fd, .next = ROOT_PAGE + 1};
    f->chunk = mem_calloc(CHUNK, 1);
    f->chunk_len = (size_t)ROOT_PAGE * PAGE; /* the first two are written at the end */
    return f;
}

enum table_added
table_file_add(struct table_file *f, const struct db_cell *cells, size_t width, const char *texts,
               struct error *err)
{
    size_t len;

    if (!is_above_last(f, cells, texts))
        return TABLE_UNORDERED;
    len = make_record(f, cells, width, texts, f->plan.key_columns == 0);
    put_head(f, len, f->plan.key_columns == 0 ? &cells[0].i64 : NULL);
    if (!cut_cell(f, len, err) || !add_cell(f, err))
        return TABLE_FAILED;
    keep_last(f, cells, texts);
    return TABLE_ADDED;
}

int64_t
table_file_rows(const struct table_file *f)
{
    return f->rows;
}

/* "table", its name twice, its root, its statement: the schema's one row. */
static void
make_schema_cell(struct table_file *f)
{
    const char *const texts[] = {"table", f->plan.name, f->plan.name, f->plan.sql};
    struct db_cell cells[5] = {{.kind = DB_CELL_I64}};
    const int64_t rowid = 1;
    struct buf all = {0};

    for (size_t i = 0; i < 4; i++) {
        cells[i < 3 ? i : 4] = (struct db_cell){
            .kind = DB_CELL_TEXT, .len = (uint32_t)strlen(texts[i]), .at = all.len};
        buf_add_str(&all, texts[i]);
    }
    cells[3] = (struct db_cell){.kind = DB_CELL_I64, .i64 = ROOT_PAGE};
    put_head(f, make_record(f, cells, 5, buf_str(&all), false), &rowid);
    buf_release(&all);
}

static bool
put_first_page(struct table_file *f, struct error *err)
{
    enum { AT = PAGE_HEADER_AT };
    unsigned char page[PAGE] = "SQLite format 3";
    size_t bottom;

    make_schema_cell(f);
    assert(f->cell_len + AT + 10 <= PAGE);
    bottom = PAGE - f->cell_len;
    put_u16(page + 16, PAGE);
    page[18] = page[19] = 1; /* a rollback journal, not a write-ahead log */
    page[21] = 64;           /* fractions that never change */
    page[22] = page[23] = 32;
    put_u32(page + 24, 1); /* changes */
    put_u32(page + 28, f->next - 1);
    put_u32(page + 40, 1); /* schema's number */
    put_u32(page + 44, 4); /* schema's format: with the types 8 and 9 */
    put_u32(page + 56, 1); /* UTF-8 */
    put_u32(page + 92, 1); /* of which change the number of pages is */
    put_u32(page + 96, SQLITE_VERSION_NUMBER);
    page[AT] = TABLE_LEAF;
    put_u16(page + AT + 3, 1);
    put_u16(page + AT + 5, bottom);
    put_u16(page + AT + 8, bottom);
    memcpy(page + bottom, f->cell, f->cell_len);
    return put_page_at(f, page, 1, err);
}

bool
table_file_end(struct table_file *f, struct error *err)
{
    return end_tree(f, err) && put_first_page(f, err);
}

void
table_file_empty(struct table_file *f)
{
    if (ftruncate(f->fd, 0) != 0)
        log_line(LOG_WARN, "db", "cannot empty %s: error %d", f->path, errno);
}

void
table_file_free(struct table_file *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < LEVELS; i++)
        free(f->levels[i]);
    (void)close(f->fd); /* what had to be written was read again since */
    free(f->room);
    buf_release(&f->last_texts);
    free(f->chunk);
    free(f->path);
    free(f);
}
