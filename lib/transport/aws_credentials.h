/*
 * aws_credentials: where the keys for AWS come from, as AWS' own tools find them, and keeping them fresh.
 *
 *   1. environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; not when a profile is configured
 *   2. shared files: the profile of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials), then of AWS_CONFIG_FILE
 *      (~/.aws/config); the profile is the configured one, AWS_PROFILE, or `default`
 *   3. a container's: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with AWS_CONTAINER_AUTHORIZATION_TOKEN or
 *      _TOKEN_FILE
 *   4. the machine's role by its metadata service, version 2 only, unless AWS_EC2_METADATA_DISABLED is true;
 *      AWS_EC2_METADATA_SERVICE_ENDPOINT says where
 *
 * A source that is set up and does not give keys ends the search with its story: what an operator wrote down is not
 * replaced by something else in silence. Keys with an end are renewed five minutes before it; shared files are read
 * again every minute. Nothing is asked before keys are wanted. One thread; it may block for some seconds.
 */
#ifndef SLIPWAY_LIB_TRANSPORT_AWS_CREDENTIALS_H
#define SLIPWAY_LIB_TRANSPORT_AWS_CREDENTIALS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/ssm/aws_keys.h"

struct aws_credentials;
struct httpc;

struct aws_credentials_options {
    const char *profile;     /* of the configuration; NULL = none */
    const atomic_bool *stop; /* as httpc has it; NULL = never */
    /* The environment; NULL = the process's own. */
    const char *(*environment)(void *arg, const char *name);
    void *arg;
};

/* The texts of `options` are copied. */
struct aws_credentials *aws_credentials_new(const struct aws_credentials_options *options);
void aws_credentials_free(struct aws_credentials *credentials);

/*
 * Keys that hold at `now`; they live until the next call of this file. ERR_NOT_FOUND: no source has any; ERR_DENIED,
 * ERR_INVALID: one is set up and unusable; ERR_UNREACHABLE, ERR_TIMEOUT, ERR_BUSY: its service does not answer.
 */
int aws_credentials_get(struct aws_credentials *credentials, struct httpc *httpc, time_ms now,
                        const struct aws_keys **ret_keys, struct err *err);

/* AWS refused them: they are forgotten and looked for anew. Are there others now? */
bool aws_credentials_replace(struct aws_credentials *credentials, struct httpc *httpc, time_ms now);

/* Where the last keys came from, for people: "environment", "profile NAME", "container",
 * "role NAME of this machine"; "" = there are none. */
const char *aws_credentials_source(const struct aws_credentials *credentials);

#endif
