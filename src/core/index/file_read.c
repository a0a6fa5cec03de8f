#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/index/file_layout.h"

enum { UNCHECKED, GOOD, BAD };

/*
 * Pages of sections not asked for lately are let go beyond this: they stay in the system's cache,
 * and come back when they are needed. At 10M customers the file is 900 MB.
 */
enum { RESIDENT_BYTES_MAX = 96 << 20 };

struct index_file {
    const unsigned char *bytes; /* mapped, or owned when in memory */
    size_t len;
    int fd; /* -1: in memory */
    struct layout_head head;
    struct index_meta meta;
    unsigned char state[SECTION_COUNT];
    bool damaged;
    uint64_t used[SECTION_COUNT]; /* 0: its pages were let go, or never asked for */
    uint64_t uses;
    uint64_t resident;                 /* bytes of those that are used */
    const char **words[SECTION_COUNT]; /* owned arrays of borrowed texts */
    size_t word_count[SECTION_COUNT];
};

static bool
refuse(struct error *err, const char *why)
{
    return error_set(err, ERR_INVALID, "the column index cannot be used: %s", why);
}

static bool
width_fits(enum index_kind kind, uint32_t width)
{
    switch (kind) {
    case KIND_TIME:
    case KIND_ID:
        return width == 4 || width == 8;
    case KIND_CODE:
        return width <= 2;
    case KIND_BYTE:
    case KIND_WORDS:
        return width == 1;
    case KIND_FIRST:
    case KIND_POSITION:
    case KIND_ROW:
        return width == 4;
    case KIND_SCORES:
        return width == 8;
    }
    return false;
}

static uint64_t
owner_count(const struct index_counts *c, enum index_owner owner)
{
    switch (owner) {
    case OWNER_CUSTOMER:
        return c->customers;
    case OWNER_CONVERSATION:
        return c->conversations;
    case OWNER_APPOINTMENT:
        return c->appointments;
    case OWNER_HELD:
        return c->held;
    case OWNER_FREE:
        break;
    }
    return 0;
}

static bool
entry_fits(const struct index_file *f, enum index_section s)
{
    const struct layout_entry *e = &f->head.table[s];
    const struct index_spec *spec = index_spec(s);
    uint64_t count = owner_count(&f->meta.counts, spec->owner);

    return e->section == (uint32_t)s && width_fits(spec->kind, e->width) &&
           e->offset % INDEX_ALIGN == 0 && e->offset >= sizeof f->head && e->offset <= f->len &&
           e->count <= UINT32_MAX && e->count * e->width <= f->len - e->offset &&
           (spec->owner == OWNER_FREE || e->count == (e->width ? count : 0));
}

static bool
head_is_good(struct index_file *f, struct error *err)
{
    struct layout_header *h = &f->head.header;
    uint64_t hash;

    if (f->len < sizeof *h)
        return refuse(err, "it is cut off");
    memcpy(h, f->bytes, sizeof *h);
    if (memcmp(h->magic, INDEX_MAGIC, sizeof h->magic) != 0)
        return refuse(err, "it is not an index");
    if (h->byte_order != INDEX_BYTE_ORDER || h->format != INDEX_FORMAT ||
        h->sections != SECTION_COUNT)
        return refuse(err, "another version of canvass wrote it");
    if (f->len < sizeof f->head || h->file_bytes != f->len)
        return refuse(err, "it is cut off");
    memcpy(&f->head, f->bytes, sizeof f->head);
    hash = h->hash;
    h->hash = 0;
    if (index_hash(&f->head, sizeof f->head) != hash)
        return refuse(err, "its head is damaged");
    f->meta = (struct index_meta){
        .generation = h->generation,
        .stamp = h->stamp,
        .counts = {h->customers, h->conversations, h->appointments, h->held},
        .keys_are_ids = h->flags & INDEX_KEYS_ARE_IDS,
        .no_held = h->flags & INDEX_NO_HELD,
    };
    if (h->customers >= UINT32_MAX || h->conversations >= UINT32_MAX ||
        h->appointments >= UINT32_MAX || h->held >= UINT32_MAX)
        return refuse(err, "its head is damaged");
    for (int s = 0; s < SECTION_COUNT; s++)
        if (!entry_fits(f, (enum index_section)s))
            return refuse(err, "its table is damaged");
    return true;
}

static struct index_file *
check_head(struct index_file *f, struct error *err)
{
    if (head_is_good(f, err))
        return f;
    index_file_close(f);
    return NULL;
}

struct index_file *
index_file_open(const char *path, struct error *err)
{
    struct index_file *f = mem_alloc(sizeof *f);
    struct stat st;
    void *map;

    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)error_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID,
                        "cannot read the column index %s", path);
        index_file_close(f);
        return NULL;
    }
    if (st.st_size > 0) {
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f->fd, 0);
        if (map == MAP_FAILED) {
            (void)error_set(err, ERR_INVALID, "cannot map %s: error %d", path, errno);
            index_file_close(f);
            return NULL;
        }
        f->bytes = map;
        f->len = (size_t)st.st_size;
    }
    return check_head(f, err);
}

struct index_file *
index_file_from(const void *bytes, size_t len, struct error *err)
{
    struct index_file *f = mem_alloc(sizeof *f);
    void *copy = aligned_alloc(INDEX_ALIGN, (len / INDEX_ALIGN + 1) * INDEX_ALIGN);

    f->fd = -1;
    if (!copy) {
        (void)error_set(err, ERR_INTERNAL, "out of memory");
        free(f);
        return NULL;
    }
    memcpy(copy, bytes, len);
    f->bytes = copy;
    f->len = len;
    return check_head(f, err);
}

void
index_file_close(struct index_file *f)
{
    /* free() and munmap() want the bytes without const */
    union {
        const unsigned char *read;
        void *any;
    } bytes;

    if (!f)
        return;
    bytes.read = f->bytes;
    if (f->fd < 0)
        free(bytes.any);
    else if (f->bytes)
        (void)munmap(bytes.any, f->len);
    if (f->fd >= 0)
        (void)close(f->fd);
    for (int s = 0; s < SECTION_COUNT; s++)
        free(f->words[s]);
    free(f);
}

const struct index_meta *
index_file_meta(const struct index_file *f)
{
    return &f->meta;
}

bool
index_file_is_whole(struct index_file *f)
{
    struct stat st;

    if (f->fd >= 0 && (fstat(f->fd, &st) != 0 || st.st_size != (off_t)f->len))
        f->damaged = true;
    return !f->damaged;
}

bool
index_file_is_at(const struct index_file *f, const char *path)
{
    struct stat mine;
    struct stat there;

    return f->fd >= 0 && fstat(f->fd, &mine) == 0 && stat(path, &there) == 0 &&
           mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

bool
index_file_is_damaged(const struct index_file *f)
{
    return f->damaged;
}

/* --- sections */

static bool
ascends(const uint32_t *first, size_t count, uint64_t end)
{
    bool good = count > 0 && first[0] == 0 && first[count - 1] == end;

    for (size_t i = 1; i < count; i++)
        good &= first[i - 1] <= first[i];
    return good;
}

static bool
are_below(const uint32_t *p, size_t count, uint64_t limit)
{
    bool good = true;

    for (size_t i = 0; i < count; i++)
        good &= p[i] < limit;
    return good;
}

/* How many elements a KIND_FIRST section must have; 0: any. */
static uint64_t
firsts_wanted(const struct index_file *f, enum index_section s)
{
    if (s == SECTION_CONVERSATION_FIRST || s == SECTION_APPOINTMENT_FIRST)
        return f->meta.counts.customers + 1;
    return 0;
}

static bool
content_is_good(struct index_file *f, enum index_section s)
{
    const struct layout_entry *e = &f->head.table[s];
    const struct index_spec *spec = index_spec(s);
    const void *data = f->bytes + e->offset;

    if (index_hash(data, e->count * e->width) != e->hash)
        return false;
    switch (spec->kind) {
    case KIND_FIRST:
        return ascends(data, e->count, f->head.table[spec->other].count) &&
               (!firsts_wanted(f, s) || e->count == firsts_wanted(f, s));
    case KIND_POSITION:
        return are_below(data, e->count, f->meta.counts.customers);
    case KIND_ROW:
        return are_below(data, e->count, f->meta.counts.conversations);
    case KIND_WORDS:
        return e->count == 0 || ((const char *)data)[e->count - 1] == '\0';
    case KIND_TIME:
    case KIND_ID:
    case KIND_CODE:
    case KIND_BYTE:
    case KIND_SCORES:
        break;
    }
    return true;
}

static uint64_t
section_bytes(const struct index_file *f, int s)
{
    return f->head.table[s].count * f->head.table[s].width;
}

static void
let_go(struct index_file *f, int s)
{
    const uintptr_t page = 4096;
    uintptr_t from = (uintptr_t)(f->bytes + f->head.table[s].offset + page - 1) & ~(page - 1);
    uintptr_t end =
        (uintptr_t)(f->bytes + f->head.table[s].offset + section_bytes(f, s)) & ~(page - 1);
    union {
        uintptr_t number;
        void *pointer;
    } address = {from};

    if (end > from)
        (void)madvise(address.pointer, end - from, MADV_DONTNEED);
    f->used[s] = 0;
    f->resident -= section_bytes(f, s);
}

static void
note_use(struct index_file *f, int s)
{
    if (f->fd < 0)
        return;
    if (f->used[s] == 0)
        f->resident += section_bytes(f, s);
    f->used[s] = ++f->uses;
    while (f->resident > RESIDENT_BYTES_MAX) {
        int oldest = s;

        for (int i = 0; i < SECTION_COUNT; i++)
            if (f->used[i] > 0 && f->used[i] < f->used[oldest])
                oldest = i;
        if (oldest == s)
            return;
        let_go(f, oldest);
    }
}

bool
index_file_column(struct index_file *f, enum index_section s, struct index_column *out)
{
    const struct layout_entry *e = &f->head.table[s];

    *out = (struct index_column){0};
    if (f->state[s] == UNCHECKED) {
        f->state[s] = content_is_good(f, s) ? GOOD : BAD;
        if (f->state[s] == BAD)
            log_line(LOG_WARN, "index", "the column index is damaged (%s); it will be made anew",
                     index_spec(s)->name);
    }
    if (f->state[s] == BAD || f->damaged) {
        f->damaged = true;
        return false;
    }
    note_use(f, s);
    *out = (struct index_column){f->bytes + e->offset, e->count, e->width};
    return true;
}

bool
index_file_check(struct index_file *f)
{
    struct index_column c;

    for (int s = 0; s < SECTION_COUNT; s++)
        if (!index_file_column(f, (enum index_section)s, &c))
            return false;
    return true;
}

const char *const *
index_file_words(struct index_file *f, enum index_section s, size_t *count)
{
    struct index_column c;
    const char *p;
    size_t capacity = 0;

    *count = 0;
    if (!index_file_column(f, s, &c))
        return NULL;
    p = c.data;
    if (!f->words[s]) {
        f->words[s] = mem_alloc(sizeof *f->words[s]); /* so that none is not NULL */
        capacity = 1;
        for (size_t at = 0; at < c.count; at += strlen(p + at) + 1) {
            f->words[s] = mem_grow(f->words[s], f->word_count[s], &capacity, sizeof *f->words[s]);
            f->words[s][f->word_count[s]++] = p + at;
        }
    }
    *count = f->word_count[s];
    return f->words[s];
}
