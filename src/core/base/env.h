/* Variables of the environment. The program only reads them, so any thread may. */
#ifndef CANVASS_CORE_BASE_ENV_H
#define CANVASS_CORE_BASE_ENV_H

/* The value, which lives as long as the program; NULL when it is not set or empty. */
const char *env_get(const char *name);

#endif
