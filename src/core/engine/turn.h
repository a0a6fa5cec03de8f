/*
 * The engine's work, turn by turn, on one thread (engine.h puts a thread and a mailbox around it).
 * Inside the engine only; tests drive it turn by turn.
 */
#ifndef CANVASS_CORE_ENGINE_TURN_H
#define CANVASS_CORE_ENGINE_TURN_H

#include "core/engine/loop.h"

bool loop_open(struct loop *l, const struct engine_options *options, bool until_idle,
               struct error *err) MUST_CHECK;
/* Ends everything under way without a word, gives the lease back. */
void loop_close(struct loop *l);
/* One turn; stopping: claims nothing new. Afterwards l->wait_ms says how long to pump. */
void loop_turn(struct loop *l, bool stopping);
/* Waits for the network up to l->wait_ms (or the mailbox fd, when there is no network). */
void loop_wait(struct loop *l, int command_fd);
/* Nothing is under way, and nothing can go out within about two seconds. */
bool loop_is_idle(struct loop *l);
/* Calls under way or results not yet written down. */
bool loop_is_busy(struct loop *l);
/* What is left and until when; "" when nothing is. */
void loop_say_waits(struct loop *l, char *out, size_t size);

#endif
