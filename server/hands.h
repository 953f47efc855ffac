/*
 * hands: what the server may reach of the file system (threats.md T58).
 */
#ifndef SLIPWAY_SERVER_HANDS_H
#define SLIPWAY_SERVER_HANDS_H

#include "lib/base/err.h"

struct config;

/* Hands off everything but our own folders, what the configuration at `path` names, and what libraries read. Threads that
 * are begun after this are held, too; who loads libraries meanwhile is not, and has ended before anybody is heard. A
 * kernel without Landlock is a warning that doctor repeats. At most SIGNATURE_SECRETS_MAX secrets. */
int hands_hold(const struct config *config, const char *path, struct err *err);

#endif
