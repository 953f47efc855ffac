/* aws_keys: shared files and answers of credential services: what is taken fits into a header, and ends it nowhere. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/secret.h"
#include "lib/ssm/aws_keys.h"

static void check_word(const char *text, size_t n)
{
    assert(n > 0 && n == strlen(text));
    for (size_t i = 0; i < n; i++)
        assert(text[i] > 0x20 && text[i] < 0x7f);
}

static void check(struct aws_keys *keys)
{
    check_word(keys->id, strlen(keys->id));
    assert(strpbrk(keys->id, "/,") == NULL);
    check_word((const char *)secret_bytes(keys->secret), secret_len(keys->secret));
    if (keys->token != NULL)
        check_word((const char *)secret_bytes(keys->token), secret_len(keys->token));
    assert(keys->ends_at >= 0);
    aws_keys_deinit(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char *const profiles[] = {"default", "ship"};
    const char *text = (const char *)bytes;
    struct aws_keys keys;

    for (size_t i = 0; i < 2; i++) {
        if (aws_keys_from_file(text, len, AWS_KEYS_CREDENTIALS, profiles[i], &keys, NULL) == 0)
            check(&keys);
        if (aws_keys_from_file(text, len, AWS_KEYS_CONFIG, profiles[i], &keys, NULL) == 0)
            check(&keys);
    }
    if (aws_keys_from_answer(text, len, &keys, NULL) == 0)
        check(&keys);
    return 0;
}
