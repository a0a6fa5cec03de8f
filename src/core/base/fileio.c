#include "core/base/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

static bool
io_error(struct error *err, const char *what, const char *path)
{
    char reason[128] = "";
    enum err_code code = errno == ENOENT   ? ERR_NOT_FOUND
                         : errno == EACCES ? ERR_DENIED
                                           : ERR_INTERNAL;

    return error_set(err, code, "cannot %s %s: %s", what, path,
                     strerror_r(errno, reason, sizeof reason));
}

static bool
read_fd(int fd, const char *path, size_t max, struct buf *out, struct error *err)
{
    char chunk[65536];
    size_t total = 0;

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_error(err, "read", path);
        if (n == 0)
            return true;
        total += (size_t)n;
        if (total > max)
            return error_set(err, ERR_INVALID, "%s is larger than %zu bytes", path, max);
        buf_add(out, chunk, (size_t)n);
    }
}

bool
file_read(const char *path, size_t max, struct buf *out, struct error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool ok;

    if (fd < 0)
        return io_error(err, "open", path);
    ok = read_fd(fd, is_stdin ? "standard input" : path, max, out, err);
    if (!is_stdin)
        (void)close(fd);
    return ok;
}

static bool
write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool
sync_dir(const char *path, struct error *err)
{
    char *dir = path_dirname(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (!ok)
        io_error(err, "sync", dir);
    if (fd >= 0)
        (void)close(fd);
    free(dir);
    return ok;
}

bool
file_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
    char *tmp = mem_printf("%s.tmp.%ld", path, (long)getpid());
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    bool ok = false;

    if (fd < 0) {
        io_error(err, "create", tmp);
        goto out;
    }
    if (fchmod(fd, mode) != 0 || !write_all(fd, data, len) || fsync(fd) != 0) {
        io_error(err, "write", tmp);
        (void)close(fd);
        goto out;
    }
    if (close(fd) != 0) {
        io_error(err, "write", tmp);
        goto out;
    }
    if (rename(tmp, path) != 0) {
        io_error(err, "replace", path);
        goto out;
    }
    ok = sync_dir(path, err);
out:
    if (!ok)
        (void)unlink(tmp);
    free(tmp);
    return ok;
}

bool
file_publish(const char *temporary, const char *path, struct error *err)
{
    int fd = open(temporary, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return io_error(err, "open", temporary);
    if (fsync(fd) != 0 || close(fd) != 0)
        return io_error(err, "write", temporary);
    if (rename(temporary, path) != 0)
        return io_error(err, "create", path);
    return sync_dir(path, err);
}

bool
file_publish_new(const char *temporary, const char *path, struct error *err)
{
    int fd = open(temporary, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd < 0 || close(fd) != 0 || !ok)
        return io_error(err, "write", temporary);
    ok = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0;
    if (!ok && (errno == EINVAL || errno == ENOSYS)) { /* a file system that cannot say so */
        errno = EEXIST;
        ok = access(path, F_OK) != 0 && rename(temporary, path) == 0;
    }
    if (!ok && errno == EEXIST)
        return error_set(err, ERR_CONFLICT, "%s is there already; nothing was overwritten", path);
    return ok ? sync_dir(path, err) : io_error(err, "create", path);
}

char *
file_read_secret(const char *path, struct error *err)
{
    struct stat st;
    struct buf text = {0};

    if (stat(path, &st) != 0) {
        io_error(err, "open secret file", path);
        return NULL;
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        error_set(err, ERR_DENIED, "%s can be read by others; chmod 600 it", path);
        return NULL;
    }
    if (!file_read(path, 16384, &text, err)) {
        buf_release(&text);
        return NULL;
    }
    while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.data[--text.len] = '\0';
    if (!text.len || strlen(text.data) != text.len) {
        error_set(err, ERR_INVALID, "secret file %s is empty or not text", path);
        buf_release(&text);
        return NULL;
    }
    return buf_take(&text);
}

bool
file_make_dirs(const char *path, struct error *err)
{
    char *copy = mem_strdup(path);
    bool ok = true;

    for (char *p = copy + 1; ok; p++) {
        if (*p && *p != '/')
            continue;
        char kept = *p;

        *p = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            ok = io_error(err, "make folder", copy);
        *p = kept;
        if (!kept)
            break;
    }
    free(copy);
    return ok;
}

bool
file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

char *
path_join(const char *dir, const char *name)
{
    return name[0] == '/' ? mem_strdup(name) : mem_printf("%s/%s", dir, name);
}

char *
path_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return mem_strdup(".");
    return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

void
random_bytes(void *out, size_t len)
{
    unsigned char *p = out;

    while (len) {
        ssize_t n = getrandom(p, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            abort();
        p += n;
        len -= (size_t)n;
    }
}

static void
uuid_text(uint8_t b[16], unsigned version, char out[UUID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    size_t o = 0;

    b[6] = (uint8_t)((b[6] & 0x0F) | version << 4);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[o++] = '-';
        out[o++] = hex[b[i] >> 4];
        out[o++] = hex[b[i] & 15];
    }
    out[o] = '\0';
}

void
random_uuid(char out[UUID_SIZE])
{
    uint8_t b[16];

    random_bytes(b, sizeof b);
    uuid_text(b, 4, out);
}

void
timed_uuid(int64_t now_ms, char out[UUID_SIZE])
{
    uint8_t b[16];

    random_bytes(b, sizeof b);
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)((uint64_t)now_ms >> (40 - 8 * i));
    uuid_text(b, 7, out);
}
