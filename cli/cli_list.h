/* cli_list: verbs that show one of the API's lists as a table, and end one of its items. */
#ifndef SLIPWAY_CLI_CLI_LIST_H
#define SLIPWAY_CLI_CLI_LIST_H

#include <stddef.h>

#include "lib/base/timestamp.h"

struct arena;
struct cJSON;
struct invoke;

/* Sets the cells of one item; NULL is "-". */
typedef void cli_list_cells(struct arena *arena, const struct cJSON *item, time_ms now,
                            const char **cells);

/* Each element of `list` in the answer to GET `path`, in n columns. */
int cli_list_of(struct invoke *invoke, const char *path, const char *list, size_t n,
                const char *const *heads, cli_list_cells *fill);

/* Its members `keys`: a number, a text, the words of an array; what ends in _at as time passed. */
int cli_list(struct invoke *invoke, const char *path, const char *list, size_t n,
             const char *const *heads, const char *const *keys);

/* Words of an array in one text, "a,b"; pairs as KEY=VALUE. */
const char *cli_list_joined(struct arena *arena, const struct cJSON *words);

/* DELETE `path`/ARG; `what` is what ARG names, "token". */
int cli_list_end(struct invoke *invoke, const char *path, const char *what);

#endif
