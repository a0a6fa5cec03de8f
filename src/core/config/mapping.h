/*
 * How a main database's tables become the canonical ones: data/mappings/NAME.yaml, built in, or a
 * file of one's own. One SELECT per table whose result columns have the canonical names
 * (main_schema.h), the type of its key, and words to translate. docs/main-database.md has the
 * format.
 */
#ifndef CANVASS_CORE_CONFIG_MAPPING_H
#define CANVASS_CORE_CONFIG_MAPPING_H

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/port/main_database.h"
#include "core/port/main_schema.h"
#include "core/port/main_sink.h"

enum mapping_key { MAPPING_KEY_INT, MAPPING_KEY_UUID, MAPPING_KEY_TEXT };

struct mapping_word {
    const struct main_column *column; /* static */
    char *from, *to;                  /* owned */
};

struct mapping_table {
    bool present; /* false: the main database has no such table; it is empty */
    enum mapping_key key;
    char *select; /* owned */
    int line;     /* of the SELECT in the file */
    struct mapping_word *words;
    size_t word_count, word_capacity;
};

struct mapping {
    char *path;      /* "reference", or the file; owned */
    char *time_zone; /* of timestamps without time zone; owned */
    char digest[17]; /* of the file's bytes: another text, another mapping */
    struct mapping_table tables[MAIN_TABLE_COUNT];
    char *write_back[MAIN_WRITE_COUNT]; /* owned; statements with $1, $2, … for the values in the
                                           order of main_write_names(); NULL: none */
};

/*
 * name    a built-in mapping, or a file (relative to folder) when it ends in .yaml or .yml or holds
 *         a slash
 * errors  appended: every error as "file:line:column: text", a line each
 * err     the first of them
 * Release with mapping_release(), also after a failure.
 */
bool mapping_load(const char *name, const char *folder, struct mapping *out, struct buf *errors,
                  struct error *err) MUST_CHECK;
/* The same from a text; path is for the errors. */
bool mapping_parse(const char *path, const char *text, size_t len, struct mapping *out,
                   struct buf *errors, struct error *err) MUST_CHECK;
void mapping_release(struct mapping *m);
/* The canonical word for a value; the value itself when it is not translated. */
const char *mapping_word(const struct mapping_table *table, const struct main_column *column,
                         const char *value);

#endif
