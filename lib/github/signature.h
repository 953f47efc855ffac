/*
 * signature: was this body signed with one of our webhook secrets?
 *
 * HMAC-SHA256 over the exact bytes as they arrived (W1). The body is fed piece by piece while it
 * comes; at its end every secret's digest is compared, in constant time and without an early exit,
 * so that time tells neither which secret fits nor how far a forgery was right. SHA-1 is not known
 * here. Called by server/api/receive on http threads; one struct belongs to one request.
 */
#ifndef SLIPWAY_LIB_GITHUB_SIGNATURE_H
#define SLIPWAY_LIB_GITHUB_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/model/delivery.h"

struct secret;

#define SIGNATURE_SECRETS_MAX 8
#define SIGNATURE_SIZE 32
#define SIGNATURE_HEADER_LEN 71 /* "sha256=" and 64 lower-case hex digits */

struct signature;

enum signature_verdict { SIGNATURE_WRONG, SIGNATURE_RIGHT };

/*
 * Read the header's value. False: absent (NULL), of another length, prefix or alphabet; upper case
 * too, GitHub never sends it.
 */
bool signature_parse(const char *header, unsigned char ret_claimed[SIGNATURE_SIZE]);

/* Begin a body that claims this signature. 1 to SIGNATURE_SECRETS_MAX secrets; asserted. */
struct signature *signature_new(const unsigned char claimed[SIGNATURE_SIZE],
                                const struct secret *const *secrets, size_t n_secrets);
void signature_free(struct signature *signature);
void signature_feed(struct signature *signature, const void *bytes, size_t len);

/* At the end of the body; once. */
enum signature_verdict signature_judge(struct signature *signature)
    __attribute__((warn_unused_result));

/*
 * Once it was judged right: the mark of the body by the nth secret; false = there are not so many. It is the first half of
 * that secret's HMAC, in hex: equal for equal bodies, and who does not know the secret cannot make two that have the
 * same. Half a signature signs nothing, so it may be kept (decision 0201).
 */
bool signature_mark(const struct signature *signature, size_t nth,
                    char ret_mark[DELIVERY_MARK_SIZE]);
/* Which one it was signed with. */
size_t signature_fitting(const struct signature *signature);

/* The mark of a body that came otherwise than signed. */
void signature_mark_unsigned(const struct secret *secret, const void *body, size_t n,
                             char ret_mark[DELIVERY_MARK_SIZE]);

#endif
