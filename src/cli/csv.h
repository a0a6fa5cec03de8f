/* CSV as RFC 4180 says it: quoted fields, doubled quotes, line ends inside quotes, CR LF or LF. */
#ifndef CANVASS_CLI_CSV_H
#define CANVASS_CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_FIELDS_MAX 16

struct csv {
    const char *text; /* borrowed */
    size_t len, at;
    long line; /* of the next row, from 1 */
};

struct csv_row {
    char *fields[CSV_FIELDS_MAX]; /* owned, NUL-terminated */
    size_t count;
    long line;       /* where it begins */
    const char *bad; /* NULL, or why it cannot be read; borrowed for ever */
};

/* A byte order mark is passed over. */
void csv_init(struct csv *csv, const char *text, size_t len);
/* False at the end. Empty lines are passed over. A bad row is told, and the reader goes on behind.
 */
bool csv_next(struct csv *csv, struct csv_row *row);
void csv_row_release(struct csv_row *row);

#endif
