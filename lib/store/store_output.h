/* store_output: what commands printed: of a release over all its hosts, in the order it arrived; of one step. */
#ifndef SLIPWAY_LIB_STORE_STORE_OUTPUT_H
#define SLIPWAY_LIB_STORE_STORE_OUTPUT_H

#include "lib/model/command.h"
#include "lib/store/db.h"

struct output_line {
    int64_t arrival;  /* rises; where to go on */
    const char *host; /* name */
    struct output_chunk chunk;
};

/* Those that arrived after `after`. `environment` and `host` (a name): NULL = all of them. */
int store_output_of_release(struct db *db, struct arena *arena, int64_t repository_id,
                            int64_t release_number, const char *environment, const char *host,
                            int64_t after, size_t limit, struct output_line **ret_items,
                            size_t *ret_n, struct err *err);

struct output_of_step {
    const char *command_id;
    const char *host_id;
    const char *step;
    bool error_stream;
};
/* The first bytes that a step printed to one stream, as they were printed: `max` of them, or all there are. */
int store_output_of_step(struct db *db, struct arena *arena, const struct output_of_step *which,
                         size_t max, const char **ret_bytes, size_t *ret_len, struct err *err);

#endif
