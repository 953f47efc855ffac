/*
 * strict: a host that runs only what lies on its own disk (threats.md T37).
 *
 * With `strict = FOLDER` in agent.conf a document runs only if a file of that folder has its very bytes; files that
 * others could write, and links, are not looked at. Whoever has
 * the server's signing key can then still choose among them, and when, but can bring nothing of his own. What was
 * refused is kept in STATE/refused/NAME@VERSION, for the administrator to read and, if it is good, to copy.
 */
#ifndef SLIPWAY_AGENT_STRICT_H
#define SLIPWAY_AGENT_STRICT_H

#include "agent/agent_config.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"

#define STRICT_FILES_MAX 1000  /* of the folder that are looked at */
#define STRICT_REFUSED_MAX 100 /* documents that are kept to be read: the newest */

/* What lies there, by the SHA-256 of its bytes in hex: the server is told, so that it waits for a host that lacks
 * something. Only with `strict`. */
void strict_digests(struct arena *arena, const struct agent_config *config,
                    const char ***ret_digests, size_t *ret_n);

/* May the document of that name and these bytes run here? ERR_DENIED: no, and what to do. */
int strict_check(struct arena *arena, const struct agent_config *config, const char *state,
                 const char *name, const char *document, struct err *err);

#endif
