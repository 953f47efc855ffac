/*
 * content_shipped: documents for AWS callers that are part of the program: deploy/documents/NAME@VERSION.json.
 * Beside AWS-RunShellScript such as a key with `shell: false` may run. Constant data; any thread.
 */
#ifndef SLIPWAY_LIB_SSM_CONTENT_SHIPPED_H
#define SLIPWAY_LIB_SSM_CONTENT_SHIPPED_H

#include <stddef.h>

struct content_shipped {
    const char *name;
    const char *text;
    size_t len;
    const char *digest;
};

const struct content_shipped *content_shipped_all(size_t *ret_n);
const struct content_shipped *content_shipped_find(const char *name); /* NULL */

#endif
