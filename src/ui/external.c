/* A text in the editor of the person. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/env.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/app_internal.h"

bool
app_edit_external(struct app *app, const char *text, char **out, struct error *err)
{
    const char *editor = env_get("VISUAL");
    char path[] = "/tmp/canvass-edit-XXXXXX";
    int fd = mkstemp(path);
    size_t len = strlen(text);
    struct buf content = {0};
    bool ok = false;

    if (!editor)
        editor = env_get("EDITOR");
    if (!editor)
        editor = "vi";
    if (fd < 0)
        return error_set(err, ERR_INTERNAL, "cannot make a temporary file: error %d", errno);
    if (write(fd, text, len) != (ssize_t)len) {
        error_set(err, ERR_INTERNAL, "cannot write %s: error %d", path, errno);
    } else {
        char *command = mem_printf("exec %s \"$1\"", editor); /* EDITOR may hold arguments */
        char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, (char[]){"sh"}, path, NULL};
        ok = term_run(argv, err) && file_read(path, 65536, &content, err);
        free(command);
    }
    if (ok && !utf8_is_valid(buf_str(&content), content.len))
        ok = error_set(err, ERR_INVALID, "the text is not UTF-8; nothing was changed");
    if (ok) {
        while (content.len > 0 && content.data[content.len - 1] == '\n')
            content.data[--content.len] = '\0';
        *out = content.data ? buf_take(&content) : mem_strdup("");
    }
    buf_release(&content);
    (void)close(fd);
    (void)unlink(path);
    app_dirty(app);
    return ok;
}
