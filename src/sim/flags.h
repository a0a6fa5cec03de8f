/* The command line of canvass-sim: one table for parsing and for --help. */
#ifndef CANVASS_SIM_FLAGS_H
#define CANVASS_SIM_FLAGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/error.h"
#include "sim/sim.h"

#define SIM_MAX_FROM 64

struct sim_flags {
    struct sim_options sim;
    const char *from[SIM_MAX_FROM];
    const char *port_file, *auth_token_file, *log;
    int64_t seed;
    bool help, version;
};

/* flags is replaced; its texts are those of argv, and sim.from points into it: do not copy it. */
bool sim_flags_parse(int argc, char **argv, struct sim_flags *flags, struct error *err) MUST_CHECK;
void sim_flags_help(FILE *out);

#endif
