/*
 * A file that is written piece by piece and is whole or not there: a temporary beside it (mode
 * 0600), synced, renamed. "-" is standard output. Errors are kept until the end.
 */
#ifndef CANVASS_CORE_BASE_OUTFILE_H
#define CANVASS_CORE_BASE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/error.h"

struct outfile;

struct outfile *outfile_open(const char *path, struct error *err) MUST_CHECK;
void outfile_add(struct outfile *f, const char *text, size_t len);
/* Puts the file in its place and frees f; what was there before is replaced. */
bool outfile_finish(struct outfile *f, struct error *err) MUST_CHECK;
void outfile_drop(struct outfile *f); /* nothing was written; NULL is fine */

/*
 * Cells of a CSV (RFC 4180). A text that a spreadsheet would take for a formula (it begins with
 * = + - @, a tab or a return) gets an apostrophe in front, and so does one with apostrophes before
 * such a sign, so that csv_unguard() gives back exactly what was there.
 */
void csv_add_text(struct buf *out, const char *text);
void csv_add_plain(struct buf *out, const char *text); /* surely no formula: a phone number */
const char *csv_unguard(const char *text);

#endif
