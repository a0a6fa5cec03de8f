#include "core/engine/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"

enum {
    SLOT_BITS = 14, /* many times the calls that can be under way */
    SLOTS = 1 << SLOT_BITS,
    PROBES = 64,
    BOOT_ID_SIZE = 40,
    BOOT_ID_LEN = 36,
    STATE_ID_SIZE = 40,
    VERSION = 2
};
static const char MAGIC[8] = "cvwire\r\n";

struct wire_file {
    char magic[8];
    int64_t version;
    int64_t fence;
    char boot_id[BOOT_ID_SIZE];
    char state_id[STATE_ID_SIZE];
    _Atomic int64_t highest;      /* attempt that was ever marked here */
    _Atomic int64_t overflowed;   /* not 0: something left without a mark */
    _Atomic int64_t slots[SLOTS]; /* 0: free */
};

struct wire {
    struct wire_file *file;
};

/* What is in memory is there as long as the machine runs: this names the run. */
static bool
boot_id(char out[BOOT_ID_SIZE])
{
    struct buf text = {0};
    struct error err = {0};
    bool ok =
        file_read("/proc/sys/kernel/random/boot_id", 200, &text, &err) && text.len >= BOOT_ID_LEN;

    memset(out, 0, BOOT_ID_SIZE);
    if (ok)
        memcpy(out, buf_str(&text), BOOT_ID_LEN);
    buf_release(&text);
    return ok;
}

static struct wire_file *
map_new(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *map = MAP_FAILED;
    int rc;

    if (fd < 0)
        return NULL;
    /* Every block, now: a full disk must not be found out by a signal. */
    rc = posix_fallocate(fd, 0, sizeof(struct wire_file));
    if (rc == 0)
        map = mmap(NULL, sizeof(struct wire_file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (rc != 0)
        errno = rc;
    return map == MAP_FAILED ? NULL : map;
}

struct wire *
wire_begin(const char *home, const char *state_id, int64_t fence, int64_t highest)
{
    char *path = path_join(home, "wire.log");
    /* A name of its own: another engine may have taken the lease meanwhile and be here too. */
    char *fresh = mem_printf("%s.%" PRId64, path, fence);
    struct wire_file *file = map_new(fresh);
    struct wire *w = NULL;

    if (file && boot_id(file->boot_id) &&
        text_copy(file->state_id, sizeof file->state_id, state_id)) {
        file->version = VERSION;
        file->fence = fence;
        atomic_store(&file->highest, highest);
        memcpy(file->magic, MAGIC, sizeof MAGIC);
        /* In place of the last one's, which its engine may still have open. */
        if (rename(fresh, path) == 0) {
            w = mem_alloc(sizeof *w);
            w->file = file;
        }
    }
    if (!w) {
        log_line(LOG_WARN, "engine",
                 "%s cannot be made (error %d): after a crash more will be in doubt", path, errno);
        if (file)
            (void)munmap(file, sizeof *file);
        (void)unlink(fresh);
        (void)unlink(path);
    }
    free(path);
    free(fresh);
    return w;
}

void
wire_end(struct wire *w)
{
    if (!w)
        return;
    (void)munmap(w->file, sizeof *w->file);
    free(w);
}

/* The slot that holds this id; NULL: none of those where it may be does. */
static _Atomic int64_t *
find(struct wire *w, int64_t attempt_id, int64_t id)
{
    /* Fibonacci hashing: attempts come in rows, which would crowd one place. */
    const uint64_t home = (uint64_t)attempt_id * UINT64_C(0x9E3779B97F4A7C15) >> (64 - SLOT_BITS);

    for (size_t i = 0; i < PROBES; i++) {
        _Atomic int64_t *slot = &w->file->slots[(home + i) % SLOTS];

        if (atomic_load(slot) == id)
            return slot;
    }
    return NULL;
}

void
wire_mark(struct wire *w, int64_t attempt_id)
{
    _Atomic int64_t *slot = w ? find(w, attempt_id, 0) : NULL;

    if (slot)
        atomic_store(slot, attempt_id);
    else if (w)
        atomic_store(&w->file->overflowed, 1);
    if (w && attempt_id > atomic_load(&w->file->highest))
        atomic_store(&w->file->highest, attempt_id);
}

void
wire_unmark(struct wire *w, int64_t attempt_id)
{
    _Atomic int64_t *slot = w ? find(w, attempt_id, attempt_id) : NULL;

    if (slot)
        atomic_store(slot, 0);
}

static bool
is_whole(const struct buf *bytes)
{
    const struct wire_file *file = (const void *)buf_str(bytes);

    return bytes->len == sizeof *file && memcmp(file->magic, MAGIC, sizeof MAGIC) == 0 &&
           file->version == VERSION;
}

static bool
is_trusted(const struct buf *bytes, int64_t fence)
{
    const struct wire_file *file = (const void *)buf_str(bytes);
    char now[BOOT_ID_SIZE];

    return is_whole(bytes) && file->fence == fence && file->overflowed == 0 && boot_id(now) &&
           memcmp(now, file->boot_id, sizeof now) == 0;
}

static bool
read_file(const char *home, struct buf *bytes)
{
    char *path = path_join(home, "wire.log");
    struct error err = {0};
    bool ok = file_exists(path) && file_read(path, sizeof(struct wire_file), bytes, &err);

    free(path);
    return ok;
}

int64_t
wire_highest(const char *home, const char *state_id)
{
    struct buf bytes = {0};
    int64_t highest = 0;

    if (read_file(home, &bytes) && is_whole(&bytes)) {
        const struct wire_file *file = (const void *)buf_str(&bytes);

        if (state_id[0] && strncmp(file->state_id, state_id, STATE_ID_SIZE) == 0)
            highest = file->highest;
    }
    buf_release(&bytes);
    return highest;
}

bool
wire_read(const char *home, int64_t fence, struct wire_marks *out)
{
    struct buf bytes = {0};
    bool ok = read_file(home, &bytes) && is_trusted(&bytes, fence);

    *out = (struct wire_marks){0};
    if (ok) {
        const struct wire_file *file = (const void *)buf_str(&bytes);

        out->ids = mem_calloc(SLOTS, sizeof *out->ids);
        for (size_t i = 0; i < SLOTS; i++)
            if (file->slots[i] != 0)
                out->ids[out->count++] = file->slots[i];
    }
    buf_release(&bytes);
    return ok;
}

bool
wire_has(const struct wire_marks *marks, int64_t attempt_id)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->ids[i] == attempt_id)
            return true;
    return false;
}

void
wire_marks_release(struct wire_marks *marks)
{
    free(marks->ids);
    *marks = (struct wire_marks){0};
}
