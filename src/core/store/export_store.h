/* The rows of a campaign's export: one a recipient, one column a row of the table. */
#ifndef CANVASS_CORE_STORE_EXPORT_STORE_H
#define CANVASS_CORE_STORE_EXPORT_STORE_H

#include "core/store/db.h"

enum export_kind { EXPORT_TEXT, EXPORT_NUMBER, EXPORT_TIME /* UTC seconds */ };
struct export_column {
    const char *name;
    enum export_kind kind;
    int width;       /* characters, in a sheet */
    const char *sql; /* a fixed fragment */
};
extern const struct export_column export_columns[];
extern const size_t export_column_count;

/*
 * In order of the deliveries; column i of the statement is export_columns[i]. db: a reader. Stops
 * when each() returns false.
 */
bool export_store_each(struct db *db, int64_t campaign_id,
                       bool (*each)(void *ctx, struct db_stmt *row), void *ctx,
                       struct error *err) MUST_CHECK;

#endif
