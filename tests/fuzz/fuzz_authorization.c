/* What is taken from an Authorization header can be signed and read again, and nobody's signature but
 * the right one is accepted. Input: the header, NUL, the query. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/ssm/sigv4.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct sigv4_header headers[] = {{"host", "h"},
                                                  {"x-amz-date", "20150830T123600Z"},
                                                  {"x-amz-target", "AmazonSSM.X"}};
    struct sigv4_request request = {.method = "POST",
                                    .path = "/",
                                    .headers = headers,
                                    .n_headers = 3,
                                    .body = "{}",
                                    .body_len = 2};
    struct sigv4_authorization auth;
    struct err err = ERR_INIT;
    struct arena arena;
    const char *text;
    char *header;

    arena_init(&arena);
    header = arena_strn(&arena, (const char *)bytes, n);
    request.query = strlen(header) < n ? header + strlen(header) + 1 : "";
    if (sigv4_parse(&arena, header, &auth, &err) == 0) {
        char *canonical = sigv4_canonical(&arena, &request, &auth);
        char right[SIGV4_HEX_SIZE];

        assert(auth.n_signed >= 1 && auth.n_signed <= SIGV4_HEADERS_MAX);
        assert(strlen(auth.date) == 8);
        if (canonical != NULL) {
            text = sigv4_string_to_sign(&arena, &auth, "20150830T123600Z", canonical);
            sigv4_signature(SECRET, &auth, text, right);
            assert(sigv4_signature_is(SECRET, &auth, text) == (strcmp(auth.signature, right) == 0));
        }
        if (sigv4_check(&arena, &request, &auth, "ssm", 1440938160000, &text, &err) == 0)
            assert(strcmp(auth.service, "ssm") == 0 && strcmp(auth.date, "20150830") == 0);
    }
    arena_deinit(&arena);
    return 0;
}
