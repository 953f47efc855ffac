/*
 * config_read: the configuration file -> struct config, with every mistake in one run.
 *
 *      bytes --yaml_tree--> nodes --config_read, config_repo_read, config_job_read--> struct config
 *        --config_check--> names resolved, sums checked --config_text--> canonical text and digest
 *
 * `slipway.yml` and the files of `conf.d/` beside it (in order of their names) are one configuration;
 * each of those may add repositories, calendars and freezes. No network, no secret is read here.
 */
#ifndef SLIPWAY_LIB_CONFIG_CONFIG_READ_H
#define SLIPWAY_LIB_CONFIG_CONFIG_READ_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/config/problems.h"
#include "lib/model/config.h"

/* ERR_INVALID if there was an error among the problems, ERR_NOT_FOUND or ERR_DENIED for the file.
 * `problems` (initialised by the caller, in an arena of its own) also gets the warnings. */
int config_read(const char *path, struct config **ret_config, struct problems *problems,
                struct err *err);

/* The same for one file's bytes; `folder` is where relative paths begin. */
int config_read_bytes(const char *bytes, size_t len, const char *folder, struct config **ret_config,
                      struct problems *problems, struct err *err);

#endif
