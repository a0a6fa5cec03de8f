/* Whether two column indexes say the same, whatever numbers they gave their words. */
#ifndef CANVASS_TESTS_UNIT_INDEX_SAME_H
#define CANVASS_TESTS_UNIT_INDEX_SAME_H

#include "core/store/db.h"

/* The file at path and one that is read from the replica now; fails the test when they differ. */
void index_same_as_read(const char *path, struct db *replica);

#endif
