/*
 * result_file: the file SLIPWAY_RESULT of a step that has ended (lib/ssm/result_lines.h).
 */
#ifndef SLIPWAY_AGENT_RESULT_FILE_H
#define SLIPWAY_AGENT_RESULT_FILE_H

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ssm/result_lines.h"

#define RESULT_FILE_MAX ((size_t)16 * 1024 * 1024) /* that is looked through */

/* Add its lines. A script may have replaced it by anything: only a regular file is read, and no more than the limit. None
 * there is no error. */
int result_file_read(struct arena *arena, struct result_lines *lines, const char *path,
                     struct err *err);

#endif
