/* slipway version. */
#include <stdio.h>

#include "cli/cli_command.h"

int cli_version(struct invoke *invoke)
{
    if (invoke->json)
        puts("{\"version\":\"" SLIPWAY_VERSION "\"}");
    else
        puts("slipway " SLIPWAY_VERSION);
    return COMMAND_DONE;
}
