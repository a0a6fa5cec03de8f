/* Files: bounded reads, and writes that are whole or not there at all. */
#ifndef CANVASS_CORE_BASE_FILEIO_H
#define CANVASS_CORE_BASE_FILEIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/error.h"

/* Reads a whole file ("-" is standard input); more than max bytes is ERR_INVALID. out is appended
 * to. */
bool file_read(const char *path, size_t max, struct buf *out, struct error *err) MUST_CHECK;
/* Temporary, fsync, rename, fsync of the folder. mode as for open(2): 0600 for a secret. */
bool file_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
                       struct error *err) MUST_CHECK;
/* Renames a finished file into place: fsync of the file, rename, fsync of the folder. */
bool file_publish(const char *temporary, const char *path, struct error *err) MUST_CHECK;
/* The same where nothing may be there: ERR_CONFLICT, and nothing is overwritten. */
bool file_publish_new(const char *temporary, const char *path, struct error *err) MUST_CHECK;
/* A secret: refuses a file that group or others can read; the value without trailing newline. */
char *file_read_secret(const char *path, struct error *err) MUST_CHECK;
/* mkdir -p, mode 0700 for what is new. */
bool file_make_dirs(const char *path, struct error *err) MUST_CHECK;
bool file_exists(const char *path);
/* "dir/name", or name itself when it is absolute; caller frees. */
char *path_join(const char *dir, const char *name);
char *path_dirname(const char *path); /* caller frees; "." when there is no slash */
/* len random bytes from the kernel; cannot fail after boot, aborts if it does. */
void random_bytes(void *out, size_t len);
#define UUID_SIZE 37
void random_uuid(char out[UUID_SIZE]); /* version 4, lower case */
/* Version 7 (RFC 9562): begins with the time, so that many in a row lie together in an index. */
void timed_uuid(int64_t now_ms, char out[UUID_SIZE]);

#endif
