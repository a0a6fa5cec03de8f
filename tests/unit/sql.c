#include "sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void
sql_run(struct db *db, const char *sql)
{
    struct error err = {0};

    if (!db_exec(db, sql, &err))
        fail_msg("%s", err.text);
}

int64_t
sql_number(struct db *db, const char *sql)
{
    struct error err = {0};
    int64_t n = -1;

    if (!db_query_i64(db, sql, &n, &err))
        fail_msg("%s", err.text);
    return n;
}
