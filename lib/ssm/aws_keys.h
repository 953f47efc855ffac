/*
 * aws_keys: the keys a call to AWS is signed with, as AWS' shared files and its credential services write them.
 *
 * Pure. What is read is bounded and checked before it becomes a header; secrets are `struct secret`. The caller wipes
 * the text.
 */
#ifndef SLIPWAY_LIB_SSM_AWS_KEYS_H
#define SLIPWAY_LIB_SSM_AWS_KEYS_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct secret;

#define AWS_KEYS_ID_SIZE 129
#define AWS_KEYS_FILE_MAX ((size_t)256 << 10)
#define AWS_KEYS_ANSWER_MAX ((size_t)64 << 10)

struct aws_keys {
    char id[AWS_KEYS_ID_SIZE]; /* "" = none */
    struct secret *secret;
    struct secret *token; /* of temporary ones; NULL = none */
    time_ms ends_at;      /* 0 = never */
};

/* Accepts zeroed memory. */
void aws_keys_deinit(struct aws_keys *keys);

/* Check and copy. `token` NULL or "" = none. ERR_INVALID names what is not usable, never its text. */
int aws_keys_make(const char *id, const char *secret, const char *token, time_ms ends_at,
                  struct aws_keys *ret_keys, struct err *err);

enum aws_keys_file {
    AWS_KEYS_CREDENTIALS, /* ~/.aws/credentials: [NAME] */
    AWS_KEYS_CONFIG,      /* ~/.aws/config: [profile NAME], and [default] */
};

/* Those of a profile in a shared file. ERR_NOT_FOUND: no such profile, or it says nothing of keys; ERR_DENIED: it comes to
 * them in a way that is not built (a role, a process, a sign-in), the text says which; ERR_INVALID: they cannot be. */
int aws_keys_from_file(const char *bytes, size_t len, enum aws_keys_file file, const char *profile,
                       struct aws_keys *ret_keys, struct err *err);

/* Those of an answer of the metadata service or of a container's: JSON. ERR_INVALID. */
int aws_keys_from_answer(const char *bytes, size_t len, struct aws_keys *ret_keys, struct err *err);

#endif
