#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/index/file_layout.h"

struct index_out {
    struct layout_head head;
    char *path, *temporary; /* owned; NULL in memory */
    int fd;                 /* locked as long as it is written; -1 in memory */
    struct buf *bytes;      /* borrowed; NULL for a file */
    uint64_t at;            /* bytes written */
    size_t sections;
};

static struct index_out *
out_new(void)
{
    struct index_out *o = mem_alloc(sizeof *o);

    o->fd = -1;
    o->at = sizeof o->head;
    return o;
}

/*
 * Opens and locks the temporary file. Another process may rename it between open and lock: what is
 * locked then is the index in use, and must not be emptied.
 */
static int
open_locked(const char *temporary, struct error *err)
{
    for (int i = 0; i < 100; i++) {
        int fd = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        struct stat mine;
        struct stat there;

        if (fd < 0) {
            (void)error_set(err, ERR_INTERNAL, "cannot write %s: %s", temporary,
                            errno == ENOSPC ? "the disk is full" : "is the folder writable?");
            return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            (void)error_set(err, ERR_RETRY, "another program is writing %s", temporary);
            (void)close(fd);
            return -1;
        }
        if (fstat(fd, &mine) == 0 && stat(temporary, &there) == 0 && mine.st_ino == there.st_ino &&
            mine.st_dev == there.st_dev)
            return fd;
        (void)close(fd);
    }
    (void)error_set(err, ERR_RETRY, "another program is writing %s", temporary);
    return -1;
}

struct index_out *
index_out_file(const char *path, struct error *err)
{
    struct index_out *o = out_new();

    o->path = mem_strdup(path);
    o->temporary = mem_printf("%s.new", path);
    o->fd = open_locked(o->temporary, err);
    if (o->fd >= 0 && ftruncate(o->fd, 0) == 0 &&
        lseek(o->fd, (off_t)sizeof o->head, SEEK_SET) >= 0)
        return o;
    if (o->fd >= 0)
        (void)error_set(err, ERR_INTERNAL, "cannot empty %s: error %d", o->temporary, errno);
    index_out_abandon(o);
    return NULL;
}

struct index_out *
index_out_memory(struct buf *bytes)
{
    struct index_out *o = out_new();

    buf_clear(bytes);
    o->bytes = bytes;
    buf_add(bytes, &o->head, sizeof o->head);
    return o;
}

static bool
put(struct index_out *o, const void *data, size_t len, struct error *err)
{
    const char *p = data;

    o->at += len;
    if (o->bytes) {
        buf_add(o->bytes, data, len);
        return true;
    }
    while (len > 0) {
        ssize_t n = write(o->fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(err, ERR_INTERNAL, "cannot write %s: error %d%s", o->temporary, errno,
                             errno == ENOSPC ? " (the disk is full)" : "");
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool
index_out_section(struct index_out *o, enum index_section s, unsigned width, const void *data,
                  size_t count, struct error *err)
{
    static const char zeros[INDEX_ALIGN];
    size_t len = width * count;
    size_t pad = (INDEX_ALIGN - o->at % INDEX_ALIGN) % INDEX_ALIGN;

    if (o->sections != (size_t)s)
        return error_set(err, ERR_INTERNAL, "index: section %s out of order", index_spec(s)->name);
    if (!put(o, zeros, pad, err))
        return false;
    o->head.table[o->sections++] = (struct layout_entry){
        .offset = o->at,
        .count = count,
        .width = width,
        .section = (uint32_t)s,
        .hash = index_hash(data, len),
    };
    return put(o, data, len, err);
}

static bool
publish(struct index_out *o, struct error *err)
{
    const struct layout_head head = o->head;

    if (o->bytes) {
        memcpy(o->bytes->data, &head, sizeof head);
        return true;
    }
    if (pwrite(o->fd, &head, sizeof head, 0) != (ssize_t)sizeof head)
        return error_set(err, ERR_INTERNAL, "cannot write %s: error %d", o->temporary, errno);
    return file_publish(o->temporary, o->path, err);
}

bool
index_out_end(struct index_out *o, const struct index_meta *meta, struct error *err)
{
    bool ok =
        o->sections == SECTION_COUNT || error_set(err, ERR_INTERNAL, "index: a section is missing");

    o->head.header = (struct layout_header){
        .byte_order = INDEX_BYTE_ORDER,
        .format = INDEX_FORMAT,
        .file_bytes = o->at,
        .generation = meta->generation,
        .stamp = meta->stamp,
        .customers = meta->counts.customers,
        .conversations = meta->counts.conversations,
        .appointments = meta->counts.appointments,
        .held = meta->counts.held,
        .flags =
            (meta->keys_are_ids ? INDEX_KEYS_ARE_IDS : 0u) | (meta->no_held ? INDEX_NO_HELD : 0u),
        .sections = SECTION_COUNT,
    };
    memcpy(&o->head, INDEX_MAGIC, sizeof o->head.header.magic); /* its first member */
    o->head.header.hash = index_hash(&o->head, sizeof o->head);
    ok = ok && publish(o, err);
    if (ok) {
        free(o->temporary); /* it has its name now */
        o->temporary = NULL;
    }
    index_out_abandon(o);
    return ok;
}

void
index_out_abandon(struct index_out *o)
{
    if (!o)
        return;
    if (o->temporary && o->fd >= 0)
        (void)unlink(o->temporary);
    if (o->fd >= 0)
        (void)close(o->fd);
    free(o->temporary);
    free(o->path);
    free(o);
}
