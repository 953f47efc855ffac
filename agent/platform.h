/* platform: what system this host runs, from /etc/os-release. */
#ifndef SLIPWAY_AGENT_PLATFORM_H
#define SLIPWAY_AGENT_PLATFORM_H

#include "lib/base/arena.h"

/* "Debian GNU/Linux" and "12"; "" = it does not say. Texts lie in the arena. */
void platform_read(struct arena *arena, const char **ret_name, const char **ret_version);

#endif
