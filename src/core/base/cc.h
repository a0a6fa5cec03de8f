/* Compiler helpers that every file may use. */
#ifndef CANVASS_CORE_BASE_CC_H
#define CANVASS_CORE_BASE_CC_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
/* For a read that races on purpose, and says why it may. */
#define NO_SANITIZE_THREAD __attribute__((no_sanitize("thread")))
#define UNUSED __attribute__((unused))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
