#include "lib/github/signature.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/secret.h"

#define MARK_BYTES 16
_Static_assert(2 * MARK_BYTES + 1 == DELIVERY_MARK_SIZE, "a mark is all of its digits");

struct signature {
    unsigned char claimed[SIGNATURE_SIZE];
    struct digest_hmac *hmacs[SIGNATURE_SECRETS_MAX];
    size_t n;
    unsigned char marks[SIGNATURE_SECRETS_MAX][MARK_BYTES];
    size_t fitting;
};

bool signature_parse(const char *header, unsigned char ret_claimed[SIGNATURE_SIZE])
{
    static const char prefix[] = "sha256=";
    const size_t prefix_len = sizeof(prefix) - 1;
    unsigned char claimed[SIGNATURE_SIZE];

    if (header == NULL || strlen(header) != SIGNATURE_HEADER_LEN)
        return false;
    if (strncmp(header, prefix, prefix_len) != 0)
        return false;
    header += prefix_len;
    if (strspn(header, "0123456789abcdef") != 2 * (size_t)SIGNATURE_SIZE)
        return false;
    if (digest_unhex(header, 2 * (size_t)SIGNATURE_SIZE, claimed, SIGNATURE_SIZE) < 0)
        return false;
    memcpy(ret_claimed, claimed, SIGNATURE_SIZE);
    return true;
}

struct signature *signature_new(const unsigned char claimed[SIGNATURE_SIZE],
                                const struct secret *const *secrets, size_t n_secrets)
{
    struct signature *s = calloc(1, sizeof(*s));

    if (s == NULL)
        abort();
    assert(n_secrets >= 1 && n_secrets <= SIGNATURE_SECRETS_MAX);
    memcpy(s->claimed, claimed, SIGNATURE_SIZE);
    for (size_t i = 0; i < n_secrets; i++)
        s->hmacs[s->n++] = digest_hmac_new(secret_bytes(secrets[i]), secret_len(secrets[i]));
    return s;
}

void signature_free(struct signature *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++)
        digest_hmac_free(s->hmacs[i]);
    free(s);
}

void signature_feed(struct signature *s, const void *bytes, size_t len)
{
    for (size_t i = 0; i < s->n; i++)
        digest_hmac_add(s->hmacs[i], bytes, len);
}

enum signature_verdict signature_judge(struct signature *s)
{
    size_t right = 0, fits;

    /* All of them, whatever the first one says: time must not tell which secret is in use. */
    for (size_t i = 0; i < s->n; i++) {
        unsigned char made[DIGEST_SIZE];

        digest_hmac_final(s->hmacs[i], made);
        fits = digest_equal(made, s->claimed, SIGNATURE_SIZE) ? 1u : 0u;
        right |= fits;
        s->fitting = (s->fitting & ~(0 - fits)) | (i & (0 - fits));
        memcpy(s->marks[i], made, MARK_BYTES);
    }
    return right != 0 ? SIGNATURE_RIGHT : SIGNATURE_WRONG;
}

bool signature_mark(const struct signature *s, size_t nth, char ret_mark[DELIVERY_MARK_SIZE])
{
    if (nth >= s->n)
        return false;
    digest_hex(s->marks[nth], MARK_BYTES, ret_mark);
    return true;
}

size_t signature_fitting(const struct signature *s)
{
    return s->fitting;
}

void signature_mark_unsigned(const struct secret *secret, const void *body, size_t n,
                             char ret_mark[DELIVERY_MARK_SIZE])
{
    unsigned char made[DIGEST_SIZE];

    digest_hmac_sha256(secret_bytes(secret), secret_len(secret), body, n, made);
    digest_hex(made, MARK_BYTES, ret_mark);
}
