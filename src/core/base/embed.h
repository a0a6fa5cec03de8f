/* Files of data/ and themes/, linked into the programs. Names are paths from the top of the tree.
 */
#ifndef CANVASS_CORE_BASE_EMBED_H
#define CANVASS_CORE_BASE_EMBED_H

#include <stddef.h>

struct embed_file {
    const char *name; /* "data/migrations/0001_ledger.sql" */
    const char *data; /* NUL-terminated at end */
    const char *end;  /* end - data bytes */
};

const struct embed_file *embed_find(const char *name); /* NULL when there is none */
/* All of them in order of name; *count is how many. */
const struct embed_file *embed_list(size_t *count);

#endif
