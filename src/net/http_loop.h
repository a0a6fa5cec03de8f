/*
 * What moves a curl multi handle: epoll, curl's own timer, a way to wake it. The cost of a round is
 * that of the sockets on which something happened, however many others are open. One thread, except
 * http_loop_wake(). Inside src/net only.
 */
#ifndef CANVASS_NET_HTTP_LOOP_H
#define CANVASS_NET_HTTP_LOOP_H

#include <stdbool.h>

#include <curl/curl.h>

#include "core/base/error.h"

struct http_loop;

/* Borrows the multi handle, which must be cleaned up before the loop is freed. */
struct http_loop *http_loop_new(CURLM *multi, struct error *err) MUST_CHECK;
void http_loop_free(struct http_loop *loop); /* NULL is fine */
/* Every easy handle needs it before it is added: the loop hears of sockets that come and go. */
CURLcode http_loop_prepare(struct http_loop *loop, CURL *easy);
/* What is due by the clock, without waiting. */
void http_loop_start_due(struct http_loop *loop);
/* Waits for something to happen up to timeout_ms, or until wake(), and has curl deal with it. */
void http_loop_run(struct http_loop *loop, int timeout_ms);
void http_loop_wake(struct http_loop *loop); /* any thread */

#endif
