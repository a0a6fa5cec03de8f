/*
 * The log: one line an event, ids instead of names, numbers and bodies. Any thread may write.
 * While the screen is up the log is a file; headless it is standard error.
 */
#ifndef CANVASS_CORE_BASE_LOG_H
#define CANVASS_CORE_BASE_LOG_H

#include <stdbool.h>

#include "core/base/cc.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_to_fd(int fd, enum log_level least); /* the fd stays the caller's; -1 is silence */
void log_line(enum log_level level, const char *area, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
