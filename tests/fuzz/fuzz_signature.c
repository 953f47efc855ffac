/* No header but the right one verifies a body. Input: header, NUL, body. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/secret.h"
#include "lib/github/signature.h"

static const char key[] = "0123456789abcdef0123456789abcdef";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const uint8_t *nul = memchr(bytes, '\0', n);
    unsigned char claimed[SIGNATURE_SIZE];
    unsigned char made[DIGEST_SIZE];
    const struct secret *secrets[1];
    struct secret *secret;
    struct signature *s;
    size_t body_len;
    bool right;

    if (nul == NULL || !signature_parse((const char *)bytes, claimed))
        return 0;
    body_len = n - (size_t)(nul + 1 - bytes);
    secret = secret_new(key, sizeof(key) - 1);
    secrets[0] = secret;
    s = signature_new(claimed, secrets, 1);
    signature_feed(s, nul + 1, body_len / 2);
    signature_feed(s, nul + 1 + body_len / 2, body_len - body_len / 2);
    right = signature_judge(s) == SIGNATURE_RIGHT;
    digest_hmac_sha256(key, sizeof(key) - 1, nul + 1, body_len, made);
    assert(right == (memcmp(made, claimed, sizeof(made)) == 0));
    signature_free(s);
    secret_free(secret);
    return 0;
}
