/* The subcommands, in the order of the help. */
#include "cli/commands.h"

const struct cli_command *const cli_commands[] = {
    &cli_init,     &cli_sync,   &cli_segment,  &cli_campaign, &cli_inbox,
    &cli_suppress, &cli_run,    &cli_in_doubt, &cli_stop_all, &cli_start_all,
    &cli_audit,    &cli_doctor, NULL,
};
