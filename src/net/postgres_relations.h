/*
 * Where a sync stood: which server, which tables, and the oldest transaction that was running. Rows
 * written since then carry that transaction's number or a later one, unless somebody put other
 * tables in the place of those that were read: hence the tables are part of it.
 */
#ifndef CANVASS_NET_POSTGRES_RELATIONS_H
#define CANVASS_NET_POSTGRES_RELATIONS_H

#include "core/base/buf.h"
#include "core/config/mapping.h"
#include "net/postgres_link.h"

/* A digest of the tables that the SELECTs read and of their columns; *out is the caller's. */
bool pgrelations_load(struct pglink *l, const struct mapping *m, char **out,
                      struct error *err) MUST_CHECK;

/* "XMIN identity relations" */
void pgposition_format(struct buf *out, uint64_t xmin, const char *identity, const char *relations);
bool pgposition_xmin(const char *position, uint64_t *xmin);
/* Whether it was made on this server with these tables, and not too long ago. now: xmin of today.
 */
bool pgposition_is_of(const char *position, uint64_t now, const char *identity,
                      const char *relations);

#endif
