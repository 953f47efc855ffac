/*
 * job_document: what a job runs, as a document in SSM's words: its steps and its health, in exact bytes.
 *
 * It stands on the configuration alone: the cut freezes it, and hosts in strict mode have it on their own disk before.
 */
#ifndef SLIPWAY_SERVER_FLOW_JOB_DOCUMENT_H
#define SLIPWAY_SERVER_FLOW_JOB_DOCUMENT_H

#include <stdbool.h>

#include "lib/base/err.h"

struct arena;
struct config_job;
struct config_repo;

/* Jobs' documents have no versions of their own: another text is another digest. */
#define JOB_DOCUMENT_VERSION "1"

/* The bytes, in the arena, and their SHA-256 in hex (DIGEST_HEX_SIZE). ERR_INVALID, ERR_NOT_FOUND: which job cannot be
 * made a document, and why. */
int job_document_make(struct arena *arena, const struct config_repo *repo,
                      const struct config_job *job, const char **ret_text, char *ret_digest,
                      struct err *err);

/* What looks into the database of a job with `once`: its own `probe`, or that of `uses: migrate`. */
#define JOB_DOCUMENT_PROBE "probe"
#define JOB_DOCUMENT_PROBE_S 120 /* so long it may take */
bool job_document_has_probe(const struct config_job *job);

/* The same for its probe of that database, whichever attempt it asks about: the id of that is a parameter. */
int job_document_probe(struct arena *arena, const struct config_repo *repo,
                       const struct config_job *job, const char *database, const char **ret_text,
                       char *ret_digest, struct err *err);

#endif
