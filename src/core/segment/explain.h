/* Criteria in words: for the sentence of a segment and for the reasons of one customer. */
#ifndef CANVASS_CORE_SEGMENT_EXPLAIN_H
#define CANVASS_CORE_SEGMENT_EXPLAIN_H

#include "core/segment/criteria_tree.h"

/* "last contact is older than 7 days (at or before 2026-11-16T09:00:00Z)" */
void explain_leaf(const struct leaf *leaf, const struct segment_env *env, struct buf *out);

#endif
