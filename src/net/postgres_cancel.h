/* Asks a PostgreSQL server to stop what it does for a connection. For net's PostgreSQL only. */
#ifndef CANVASS_NET_POSTGRES_CANCEL_H
#define CANVASS_NET_POSTGRES_CANCEL_H

#include <libpq-fe.h>

/*
 * libpq asks on a connection of its own and waits for the server to close it, however long that
 * takes: a server that hangs must not hold us up. So a thread asks, and this waits a few seconds.
 *
 * cancel  taken over; NULL is fine
 */
void pgcancel_send(PGcancel *cancel);

#endif
