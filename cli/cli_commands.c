/* slipway commands: what AWS clients sent at the door. */
#include "cli/cli_command.h"
#include "cli/cli_list.h"

int cli_commands(struct invoke *invoke)
{
    static const char *const heads[] = {"COMMAND", "SENT",  "KEY",   "DOCUMENT",
                                        "STATUS",  "HOSTS", "ENDED", "ERRORS"};
    static const char *const keys[] = {"id",      "requested_at", "key",       "document",
                                       "details", "targets",      "completed", "errors"};

    return cli_list(invoke, "/api/v1/commands", "commands", 8, heads, keys);
}
