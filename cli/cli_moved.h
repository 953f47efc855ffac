/* cli_moved: what verbs that stop or free the line print: which promises moved, and what goes on. */
#ifndef SLIPWAY_CLI_CLI_MOVED_H
#define SLIPWAY_CLI_CLI_MOVED_H

struct arena;
struct cJSON;

/* `path` with `key=value` behind it, escaped; `value` NULL = `path` as it is. */
const char *cli_moved_path(struct arena *arena, const char *path, const char *key,
                           const char *value);

/* The lists `moved` and `under_way` of an answer (Moved in docs/openapi.yaml), on stdout. */
void cli_moved_print(struct arena *arena, const struct cJSON *answer);

#endif
