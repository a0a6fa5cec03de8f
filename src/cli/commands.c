/* The subcommands, in the order of the help. */
#include "cli/commands.h"

#include <string.h>

#include "core/base/text.h"

const struct cli_command *const cli_commands[] = {
    &cli_init,     &cli_sync,    &cli_segment,  &cli_campaign, &cli_inbox,
    &cli_suppress, &cli_run,     &cli_in_doubt, &cli_stop_all, &cli_start_all,
    &cli_backup,   &cli_restore, &cli_audit,    &cli_doctor,   NULL,
};

const struct cli_command *
cli_find(const char *name)
{
    for (size_t i = 0; cli_commands[i]; i++)
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    return NULL;
}

const char *
cli_nearest(const char *name)
{
    const char *names[64] = {0};
    size_t count = 0;

    for (; count < ARRAY_LEN(names) && cli_commands[count]; count++)
        names[count] = cli_commands[count]->name;
    return text_nearest(name, names, count, sizeof names[0]);
}
