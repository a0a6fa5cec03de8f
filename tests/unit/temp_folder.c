/* nftw */
#define _XOPEN_SOURCE 700 /* NOLINT(bugprone-reserved-identifier): POSIX names it so */
#include "temp_folder.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
make_under(const char *parent, char *path)
{
    int len = snprintf(path, TEMP_FOLDER_PATH, "%s/canvass-test-XXXXXX", parent);

    if (len < 0 || len >= TEMP_FOLDER_PATH || !mkdtemp(path))
        fail_msg("no folder for the test under %s", parent);
}

void
temp_folder_make(char path[TEMP_FOLDER_PATH])
{
    const char *parent = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    make_under(parent && *parent ? parent : "/tmp", path);
}

void
temp_folder_make_fast(char path[TEMP_FOLDER_PATH])
{
    if (access("/dev/shm", W_OK) == 0)
        make_under("/dev/shm", path);
    else
        temp_folder_make(path);
}

static int
remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

void
temp_folder_remove(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fail_msg("%s could not be removed", path);
}
