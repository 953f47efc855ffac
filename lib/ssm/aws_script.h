/*
 * aws_script: what AWS-RunShellScript is handed for a job, as one text (design.md 5, `ssm`; threats.md T30).
 *
 * Without `once`: the steps of its document, with nothing installed on the host (deploy/ssm/job.sh says how they run). One text
 * serves up to 50 hosts: what differs between them stands in a table by AWS_SSM_INSTANCE_ID. With `once`: the signed order of
 * one host, for slipway-once. How such a script ended is read by aws_outcome.
 *
 * No value is ever interpreted: values and scripts stand in quotes, orders in base64, and AWS's own {{ }} does not come up.
 * Pure; texts lie in the arena. Called by the server's carrier, and by the checks of a configuration and of a cut.
 */
#ifndef SLIPWAY_LIB_SSM_AWS_SCRIPT_H
#define SLIPWAY_LIB_SSM_AWS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ssm/document.h"
#include "lib/ssm/envelope.h"

#define AWS_SCRIPT_HOSTS_MAX 50
/* Bytes as a JSON string. AWS takes 64 KB of its own document, which has under 2 KB, and its parameters. */
#define AWS_SCRIPT_MAX (60 * 1024)

/*
 * A job without `once` on these hosts, whose envelopes were sealed for it: same repository, environment, release, commit.
 * ERR_INVALID: it cannot be run so, and why: also that it is too long, which for several hosts may be mended by fewer at a time.
 */
int aws_script_job(struct arena *arena, const struct document *document,
                   const struct envelope *envelopes, size_t n, const char **ret_script,
                   struct err *err);

/* The signed order of a migrate job for slipway-once: run it, or take it back. */
enum aws_script_verb { AWS_SCRIPT_RUN, AWS_SCRIPT_REVOKE };
struct message_command;
int aws_script_order(struct arena *arena, const struct message_command *command,
                     enum aws_script_verb verb, const char **ret_script, struct err *err);

/* Would that document fit, before any host is known? Asked by config check and at the cut. `text` is the document's;
 * `redact` the patterns of the configuration, which an order carries; NULL = none. */
int aws_script_check(struct arena *arena, const char *text, bool has_database, const char *redact,
                     struct err *err);

/* `executionTimeout` of a job without `once`: its script ends by itself before. At most DOCUMENT_TIMEOUT_MAX_S. */
int64_t aws_script_execution_s(const struct document *document);

#endif
