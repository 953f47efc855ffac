/* slipway version. */
#include <stdio.h>

#include "cli/cli_command.h"

int cli_version(struct invoke *invoke)
{
    int status = cli_command_options_end(invoke);

    if (status != 0)
        return status;
    if (invoke->json)
        puts("{\"version\":\"" SLIPWAY_VERSION "\"}");
    else
        puts("slipway " SLIPWAY_VERSION);
    return COMMAND_DONE;
}
