/* A table-valued function over rows in memory: SQLite's way to read what is not in a file. */
#include "core/store/db_feed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "core/base/mem.h"

enum { COLUMN_ROWS = DB_FEED_COLUMNS }; /* the hidden one: the function's argument */

struct feed_cursor {
    sqlite3_vtab_cursor base; /* first: SQLite's own part */
    const struct db_rows *rows;
    size_t at;
};

static const char SQL_TABLE[] = "CREATE TABLE x (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, "
                                "c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23, c24, "
                                "rows HIDDEN)";

static int
feed_connect(sqlite3 *raw, void *aux, int argc, const char *const *argv, sqlite3_vtab **out,
             char **why)
{
    (void)aux;
    (void)argc;
    (void)argv;
    (void)why;
    *out = mem_alloc(sizeof **out);
    return sqlite3_declare_vtab(raw, SQL_TABLE);
}

static int
feed_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

static int
feed_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != COLUMN_ROWS || !info->aConstraint[i].usable ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->estimatedCost = 1;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT; /* nothing to read without its rows */
}

static int
feed_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct feed_cursor *c = mem_alloc(sizeof *c);

    (void)table;
    *out = &c->base;
    return SQLITE_OK;
}

static int
feed_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int
feed_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
            sqlite3_value **argv)
{
    struct feed_cursor *c = (struct feed_cursor *)cursor;

    (void)number;
    (void)text;
    c->at = 0;
    c->rows = argc == 1 ? sqlite3_value_pointer(argv[0], DB_ROWS_POINTER) : NULL;
    return SQLITE_OK;
}

static int
feed_next(sqlite3_vtab_cursor *cursor)
{
    ((struct feed_cursor *)cursor)->at++;
    return SQLITE_OK;
}

static int
feed_eof(sqlite3_vtab_cursor *cursor)
{
    const struct feed_cursor *c = (const struct feed_cursor *)cursor;

    return !c->rows || c->at >= c->rows->count;
}

static int
feed_column(sqlite3_vtab_cursor *cursor, sqlite3_context *ctx, int column)
{
    const struct feed_cursor *c = (const struct feed_cursor *)cursor;
    const struct db_cell *cell;

    if ((size_t)column >= c->rows->width)
        return SQLITE_OK; /* NULL */
    cell = &c->rows->cells[c->at * c->rows->width + (size_t)column];
    switch (cell->kind) {
    case DB_CELL_NULL:
        break;
    case DB_CELL_I64:
        sqlite3_result_int64(ctx, cell->i64);
        break;
    case DB_CELL_REAL:
        sqlite3_result_double(ctx, cell->real);
        break;
    case DB_CELL_TEXT:
        sqlite3_result_text(ctx, c->rows->texts + cell->at, (int)cell->len, SQLITE_STATIC);
        break;
    }
    return SQLITE_OK;
}

static int
feed_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((const struct feed_cursor *)cursor)->at;
    return SQLITE_OK;
}

int
db_feed_register(struct sqlite3 *raw)
{
    /* without xCreate the function is there without CREATE VIRTUAL TABLE */
    static const sqlite3_module module = {
        .xConnect = feed_connect,
        .xBestIndex = feed_best_index,
        .xDisconnect = feed_disconnect,
        .xOpen = feed_open,
        .xClose = feed_close,
        .xFilter = feed_filter,
        .xNext = feed_next,
        .xEof = feed_eof,
        .xColumn = feed_column,
        .xRowid = feed_rowid,
    };

    return sqlite3_create_module(raw, "feed", &module, NULL);
}

/* --- rows put together */

static void
add_cell(struct db_feed *f, struct db_cell cell)
{
    f->cells = mem_grow(f->cells, f->count, &f->capacity, sizeof *f->cells);
    f->cells[f->count++] = cell;
}

void
db_feed_add_i64(struct db_feed *f, int64_t value)
{
    add_cell(f, (struct db_cell){.kind = DB_CELL_I64, .i64 = value});
}

void
db_feed_add_text(struct db_feed *f, const char *text)
{
    const size_t len = text ? strlen(text) : 0;

    if (!text) {
        add_cell(f, (struct db_cell){.kind = DB_CELL_NULL});
        return;
    }
    add_cell(f, (struct db_cell){.kind = DB_CELL_TEXT, .len = (uint32_t)len, .at = f->texts.len});
    buf_add(&f->texts, text, len);
}

struct db_rows
db_feed_rows(const struct db_feed *f, size_t width)
{
    assert(f->count % width == 0);
    return (struct db_rows){f->cells, width, f->count / width, buf_str(&f->texts)};
}

void
db_feed_release(struct db_feed *f)
{
    free(f->cells);
    buf_release(&f->texts);
    *f = (struct db_feed){0};
}
