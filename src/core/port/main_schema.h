/*
 * The canonical columns of the four tables that the sync reads: what a mapping's SELECT gives, by
 * name. The mapping's reader, the PostgreSQL source and docs/main-database.md speak of these rows.
 */
#ifndef CANVASS_CORE_PORT_MAIN_SCHEMA_H
#define CANVASS_CORE_PORT_MAIN_SCHEMA_H

#include <stddef.h>

#include "core/port/main_database.h"

enum main_kind {
    MAIN_KIND_KEY,  /* of the table itself */
    MAIN_KIND_REF,  /* a key of another table */
    MAIN_KIND_TIME, /* timestamptz, timestamp (in the mapping's zone) or date */
    MAIN_KIND_TEXT, /* shown or sent to people */
    MAIN_KIND_WORD, /* compared by criteria: may be translated */
    MAIN_KIND_BOOL,
    MAIN_KIND_NUMBER,
    MAIN_KIND_JSON,    /* json, jsonb or text */
    MAIN_KIND_VERSION, /* xmin: the transaction that wrote the row */
};

struct main_column {
    const char *name;
    enum main_kind kind;
    bool required;
    enum main_table ref; /* MAIN_KIND_REF: whose key */
    const char *words;   /* MAIN_KIND_WORD: "a|b|c" when only these are known, else NULL */
};

/* In the order in which every source reads them; the key first, then updated_at. */
const struct main_column *main_columns(enum main_table table, size_t *count);
/* NULL when there is none. */
const struct main_column *main_column_find(enum main_table table, const char *name);
enum { MAIN_COLUMNS_MAX = 12 };

#endif
