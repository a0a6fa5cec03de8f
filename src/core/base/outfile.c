#include "core/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"

struct outfile {
    FILE *stream; /* owned, but for standard output */
    char *path;   /* owned; NULL: standard output */
    char *part;   /* owned */
    int failed;   /* errno of the first write that did; 0: none */
};

struct outfile *
outfile_open(const char *path, struct error *err)
{
    struct outfile *f = mem_alloc(sizeof *f);
    int fd;

    if (strcmp(path, "-") == 0) {
        f->stream = stdout;
        return f;
    }
    f->path = mem_strdup(path);
    f->part = mem_printf("%s.part.%ld", path, (long)getpid());
    fd = open(f->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    f->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f->stream)
        return f;
    (void)error_set(err, ERR_DENIED, "cannot write %s: is the folder there and writable?", path);
    if (fd >= 0)
        (void)close(fd);
    free(f->path);
    free(f->part);
    free(f);
    return NULL;
}

void
outfile_add(struct outfile *f, const char *text, size_t len)
{
    if (!f->failed && fwrite(text, 1, len, f->stream) != len)
        f->failed = errno ? errno : EIO;
}

void
outfile_drop(struct outfile *f)
{
    if (!f)
        return;
    if (f->part) {
        if (f->stream)
            (void)fclose(f->stream);
        (void)unlink(f->part);
    }
    free(f->path);
    free(f->part);
    free(f);
}

bool
outfile_finish(struct outfile *f, struct error *err)
{
    char reason[128] = "";
    bool ok = true;

    errno = 0;
    if (!f->failed && fflush(f->stream) != 0)
        f->failed = errno ? errno : EIO;
    if (!f->failed && f->part) {
        if (fclose(f->stream) != 0)
            f->failed = errno ? errno : EIO;
        f->stream = NULL;
    }
    if (f->failed)
        ok = error_set(err, ERR_INTERNAL, "cannot write %s: %s", f->path ? f->path : "the output",
                       strerror_r(f->failed, reason, sizeof reason));
    else if (f->part)
        ok = file_publish(f->part, f->path, err);
    outfile_drop(f); /* its temporary has its name by now, or goes */
    return ok;
}

/* --- CSV */

static bool
is_formula(const char *text)
{
    text += strspn(text, "'");
    return *text && strchr("=+-@\t\r", *text);
}

void
csv_add_plain(struct buf *out, const char *text)
{
    const bool quoted =
        strpbrk(text, "\",\r\n") || text[0] == ' ' || (text[0] && text[strlen(text) - 1] == ' ');

    if (quoted)
        buf_add_char(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            buf_add_char(out, '"');
        buf_add_char(out, *p);
    }
    if (quoted)
        buf_add_char(out, '"');
}

void
csv_add_text(struct buf *out, const char *text)
{
    char *guarded = is_formula(text) ? mem_printf("'%s", text) : NULL;

    csv_add_plain(out, guarded ? guarded : text);
    free(guarded);
}

const char *
csv_unguard(const char *text)
{
    return text[0] == '\'' && is_formula(text) ? text + 1 : text;
}
