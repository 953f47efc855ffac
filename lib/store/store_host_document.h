/* store_host_document: what a host in strict mode runs: the documents that lie on its own disk (threats.md T37). */
#ifndef SLIPWAY_LIB_STORE_STORE_HOST_DOCUMENT_H
#define SLIPWAY_LIB_STORE_STORE_HOST_DOCUMENT_H

#include <stdbool.h>

#include "lib/store/db.h"

/* It runs these, by their digests, and nothing else; `strict` is the digest of that list, NULL = it runs what is signed.
 * Writer. */
int store_host_document_set(struct db *db, const char *host_id, const char *strict,
                            const char *const *digests, size_t n, struct err *err);

int store_host_document_has(struct db *db, const char *host_id, const char *digest, bool *ret_has,
                            struct err *err);

#endif
