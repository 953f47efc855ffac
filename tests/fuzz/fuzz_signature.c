/*
 * No header but the right ones verify a body, whichever of two secrets it was signed with and wherever the bytes are
 * parted. Input: header, NUL, body; the header is given as it is, and then as it would be right, or with another digit.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/secret.h"
#include "lib/github/signature.h"

#define PREFIX "sha256="
#define HEADER_SIZE (sizeof(PREFIX) + (size_t)2 * DIGEST_SIZE)

static const char *const keys[] = {"0123456789abcdef0123456789abcdef",
                                   "another, while secrets change"};

static void write_right(const char *key, const uint8_t *body, size_t n, char header[HEADER_SIZE])
{
    unsigned char made[DIGEST_SIZE];

    digest_hmac_sha256(key, strlen(key), body, n, made);
    memcpy(header, PREFIX, sizeof(PREFIX));
    digest_hex(made, sizeof(made), header + sizeof(PREFIX) - 1);
}

static bool verifies(const char *header, const uint8_t *body, size_t n)
{
    static const struct secret *secrets[2]; /* taken once */
    unsigned char claimed[SIGNATURE_SIZE];
    size_t part = n > 0 ? body[n - 1] % (n + 1) : 0;
    struct signature *s;
    bool right;

    for (size_t i = 0; i < 2 && secrets[i] == NULL; i++)
        secrets[i] = secret_new(keys[i], strlen(keys[i]));
    if (!signature_parse(header, claimed))
        return false;
    s = signature_new(claimed, secrets, 2);
    signature_feed(s, body, part);
    signature_feed(s, body + part, n - part);
    right = signature_judge(s) == SIGNATURE_RIGHT;
    signature_free(s);
    return right;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const uint8_t *nul = memchr(bytes, '\0', n);
    char right[HEADER_SIZE];
    const uint8_t *body;
    const char *key;
    size_t len, at, pick;

    if (nul == NULL)
        return 0;
    body = nul + 1;
    len = n - (size_t)(body - bytes);
    pick = bytes[n - 1];
    if (verifies((const char *)bytes, body, len)) {
        size_t equal = 0;

        for (size_t i = 0; i < 2; i++) {
            write_right(keys[i], body, len, right);
            equal += strcmp((const char *)bytes, right) == 0;
        }
        assert(equal == 1);
    }
    key = keys[pick % 2];
    write_right(key, body, len, right);
    at = sizeof(PREFIX) - 1 + pick / 4 % (2 * DIGEST_SIZE);
    if (pick / 2 % 2 == 0) {
        assert(verifies(right, body, len));
    } else {
        right[at] = right[at] == '0' ? '1' : '0';
        assert(!verifies(right, body, len));
    }
    return 0;
}
