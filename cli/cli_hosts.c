/* slipway hosts: machines that run commands. */
#include "cli/cli_command.h"
#include "cli/cli_list.h"

int cli_hosts(struct invoke *invoke)
{
    static const char *const heads[] = {"HOST", "STATE", "LAST HEARD", "AGENT", "ID"};
    static const char *const keys[] = {"name", "state", "seen_at", "agent", "id"};

    return cli_list(invoke, "/api/v1/hosts", "hosts", 5, heads, keys);
}
