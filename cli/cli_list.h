/* cli_list: a verb that shows one of the API's lists as a table. */
#ifndef SLIPWAY_CLI_CLI_LIST_H
#define SLIPWAY_CLI_CLI_LIST_H

#include <stddef.h>

struct invoke;

/* The members `keys` of each element of `list` in the answer to GET `path`. */
int cli_list(struct invoke *invoke, const char *path, const char *list, size_t n,
             const char *const *heads, const char *const *keys);

#endif
