/* One subcommand per file of this folder. */
#ifndef CANVASS_CLI_COMMANDS_H
#define CANVASS_CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_command cli_init;
extern const struct cli_command cli_sync;
extern const struct cli_command cli_segment;
extern const struct cli_command cli_campaign;
extern const struct cli_command cli_inbox;
extern const struct cli_command cli_suppress;
extern const struct cli_command cli_run;
extern const struct cli_command cli_in_doubt;
extern const struct cli_command cli_stop_all;
extern const struct cli_command cli_start_all;
extern const struct cli_command cli_backup;
extern const struct cli_command cli_restore;
extern const struct cli_command cli_audit;
extern const struct cli_command cli_doctor;

/* NULL-terminated; one per file. */
extern const struct cli_command *const cli_commands[];
const struct cli_command *cli_find(const char *name);
const char *cli_nearest(const char *name); /* a command with a like name, or NULL */

#endif
