/* cli_moment: `slipway status --at T`: what was, or will be, live at an instant. */
#ifndef SLIPWAY_CLI_CLI_MOMENT_H
#define SLIPWAY_CLI_CLI_MOMENT_H

struct invoke;

/* The command's other options are read. Returns the exit status. */
int cli_moment(struct invoke *invoke, const char *at);

#endif
