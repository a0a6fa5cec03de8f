/*
 * A queue between threads. Posting an item gives it away; taking one makes it yours.
 * The reader may poll mailbox_fd(): readable when something was posted since mailbox_clear_wake().
 */
#ifndef CANVASS_CORE_BASE_MAILBOX_H
#define CANVASS_CORE_BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/cc.h"
#include "core/base/error.h"

struct mailbox;

struct mailbox *mailbox_new(void (*free_item)(void *item), struct error *err) MUST_CHECK;
void
mailbox_free(struct mailbox *box); /* frees items that nobody took; no thread may use it any more */
void mailbox_post(struct mailbox *box, void *item); /* any thread; wakes the reader */
void *mailbox_take(struct mailbox *box);            /* NULL when empty; any thread */
void *mailbox_wait(struct mailbox *box); /* blocks; NULL after mailbox_close() once empty */
void mailbox_close(struct mailbox *box); /* wakes mailbox_wait() for good */
int mailbox_fd(const struct mailbox *box);
void mailbox_clear_wake(struct mailbox *box); /* call before taking, or a wake-up is lost */
size_t mailbox_count(struct mailbox *box);

#endif
