/* What is taken from an Authorization header can be signed and read again, and nobody's signature but the right one is
 * accepted. Input, parted by NULs: the header, the query, X-Amz-Date, X-Amz-Target, X-Amz-Content-Sha256 and
 * X-Amz-Security-Token. Of what is missing the date and the target are as they should be, the rest is not sent. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/ssm/sigv4.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

#define NOW INT64_C(1440938160000) /* 2015-08-30 12:36 */

/* The text up to the next NUL, or `otherwise` at the end of all. */
static const char *take(struct arena *arena, const uint8_t **at, const uint8_t *end,
                        const char *otherwise)
{
    size_t left = (size_t)(end - *at), len = strnlen((const char *)*at, left);
    const char *text = left == 0 ? otherwise : arena_strn(arena, (const char *)*at, len);

    *at += len < left ? len + 1 : len;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const names[] = {"x-amz-date", "x-amz-target", "x-amz-content-sha256",
                                        "x-amz-security-token"};
    static const char *const usual[] = {"20150830T123600Z", "AmazonSSM.X", NULL, NULL};
    struct sigv4_header headers[5] = {{"host", "h"}};
    struct sigv4_request request = {.method = "POST",
                                    .path = "/",
                                    .headers = headers,
                                    .n_headers = 1,
                                    .body = "{}",
                                    .body_len = 2};
    const uint8_t *end = bytes + n;
    struct sigv4_authorization auth;
    struct err err = ERR_INIT;
    struct arena arena;
    const char *header, *text;

    arena_init(&arena);
    header = take(&arena, &bytes, end, "");
    request.query = take(&arena, &bytes, end, "");
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *value = take(&arena, &bytes, end, usual[i]);

        if (value != NULL)
            headers[request.n_headers++] = (struct sigv4_header){names[i], value};
    }
    if (sigv4_parse(&arena, header, &auth, &err) == 0) {
        char *canonical = sigv4_canonical(&arena, &request, &auth);
        char right[SIGV4_HEX_SIZE];

        assert(auth.n_signed >= 1 && auth.n_signed <= SIGV4_HEADERS_MAX);
        assert(strlen(auth.date) == 8);
        if (canonical != NULL) {
            text = sigv4_string_to_sign(&arena, &auth, headers[1].value, canonical);
            sigv4_signature(SECRET, &auth, text, right);
            assert(sigv4_signature_is(SECRET, &auth, text) == (strcmp(auth.signature, right) == 0));
        }
        if (sigv4_check(&arena, &request, &auth, "ssm", NOW, &text, &err) == 0)
            assert(strcmp(auth.service, "ssm") == 0 && strcmp(auth.date, "20150830") == 0 &&
                   strncmp(headers[1].value, "20150830T12", 11) == 0);
    }
    arena_deinit(&arena);
    return 0;
}
