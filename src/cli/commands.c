/* The subcommands, in the order of the help. */
#include "cli/commands.h"

const struct cli_command *const cli_commands[] = {
    &cli_doctor,
    NULL,
};
