#include "core/base/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/mem.h"

struct mailbox_node {
    struct mailbox_node *next;
    void *item;
};

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct mailbox_node *first;
    struct mailbox_node **last;
    size_t count;
    bool closed;
    int wake_fd;
    void (*free_item)(void *item);
};

struct mailbox *
mailbox_new(void (*free_item)(void *item), struct error *err)
{
    struct mailbox *box = mem_alloc(sizeof *box);

    box->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (box->wake_fd < 0) {
        error_set(err, ERR_INTERNAL, "cannot make an event descriptor: error %d", errno);
        free(box);
        return NULL;
    }
    (void)pthread_mutex_init(&box->lock, NULL);
    (void)pthread_cond_init(&box->filled, NULL);
    box->last = &box->first;
    box->free_item = free_item;
    return box;
}

void
mailbox_free(struct mailbox *box)
{
    void *item;

    if (!box)
        return;
    while ((item = mailbox_take(box)) != NULL)
        if (box->free_item)
            box->free_item(item);
    (void)close(box->wake_fd);
    (void)pthread_cond_destroy(&box->filled);
    (void)pthread_mutex_destroy(&box->lock);
    free(box);
}

void
mailbox_post(struct mailbox *box, void *item)
{
    struct mailbox_node *node = mem_alloc(sizeof *node);
    ssize_t n;

    node->item = item;
    (void)pthread_mutex_lock(&box->lock);
    *box->last = node;
    box->last = &node->next;
    box->count++;
    (void)pthread_cond_signal(&box->filled);
    (void)pthread_mutex_unlock(&box->lock);
    do
        n = write(box->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
    while (n < 0 &&
           errno == EINTR); /* EAGAIN: the counter is full, so the reader is awake anyway */
}

static void *
take_locked(struct mailbox *box)
{
    struct mailbox_node *node = box->first;
    void *item;

    if (!node)
        return NULL;
    box->first = node->next;
    if (!box->first)
        box->last = &box->first;
    box->count--;
    item = node->item;
    free(node);
    return item;
}

void *
mailbox_take(struct mailbox *box)
{
    void *item;

    (void)pthread_mutex_lock(&box->lock);
    item = take_locked(box);
    (void)pthread_mutex_unlock(&box->lock);
    return item;
}

void *
mailbox_wait(struct mailbox *box)
{
    void *item;

    (void)pthread_mutex_lock(&box->lock);
    while (!box->first && !box->closed)
        (void)pthread_cond_wait(&box->filled, &box->lock);
    item = take_locked(box);
    (void)pthread_mutex_unlock(&box->lock);
    return item;
}

void
mailbox_close(struct mailbox *box)
{
    (void)pthread_mutex_lock(&box->lock);
    box->closed = true;
    (void)pthread_cond_broadcast(&box->filled);
    (void)pthread_mutex_unlock(&box->lock);
}

int
mailbox_fd(const struct mailbox *box)
{
    return box->wake_fd;
}

void
mailbox_clear_wake(struct mailbox *box)
{
    uint64_t n;

    while (read(box->wake_fd, &n, sizeof n) < 0 && errno == EINTR)
        ;
}

size_t
mailbox_count(struct mailbox *box)
{
    size_t count;

    (void)pthread_mutex_lock(&box->lock);
    count = box->count;
    (void)pthread_mutex_unlock(&box->lock);
    return count;
}
