/*
 * config_not_built: settings that are read and checked, and whose rule does not exist in this version.
 *
 * Nothing that is configured is silently passed: such a setting binds the gate of every environment it
 * touches (cause `not-built`, with its name and line), or, where no gate is concerned, `config check`
 * says that it does nothing yet. A test lists the table; each rule that is built removes its line.
 */
#ifndef SLIPWAY_LIB_CONFIG_CONFIG_NOT_BUILT_H
#define SLIPWAY_LIB_CONFIG_CONFIG_NOT_BUILT_H

#include <stdbool.h>
#include <stddef.h>

struct config_not_built {
    const char *where;   /* top, repository, environment, job */
    const char *setting; /* path below it: "approvals.code" */
    bool binds;          /* else it only does nothing yet */
};

extern const struct config_not_built config_not_built[];
extern const size_t n_config_not_built;

#endif
