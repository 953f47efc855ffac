/* What the request filter lets pass has one Host, at most one length, clean bytes up to the end of the
 * last value, and CRLF at the end of each line before it. Input: the raw head of a request. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "server/api/request_filter.h"
#include "tests/support/laid_out.h"

static size_t count(const struct laid_out *l, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < l->input.n_headers; i++)
        n += strlen(name) == l->headers[i].name_len &&
             strncasecmp(l->headers[i].name, name, l->headers[i].name_len) == 0;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct laid_out l;
    const char *last;

    if (!lay_out(&l, (const char *)bytes, n))
        return 0;
    l.input.chunked = n % 2 == 0;
    if (request_filter_judge(&l.input) != NULL)
        return 0;
    assert(count(&l, "Host") == 1);
    assert(count(&l, "Content-Length") + count(&l, "Transfer-Encoding") <= 1);
    last = l.headers[l.input.n_headers - 1].value + l.headers[l.input.n_headers - 1].value_len;
    for (size_t i = 0; i < (size_t)(last - l.buffer); i++) {
        assert(bytes[i] != 0x7f);
        assert(bytes[i] >= 0x20 || strchr("\t\r\n", bytes[i]) != NULL);
        if (bytes[i] == '\n')
            assert(i > 0 && (bytes[i - 1] == '\r' || bytes[i - 1] == '\0'));
        if (bytes[i] == '\0')
            assert(bytes[i + 1] == '\n'); /* in the place of a CR it leaves no trace */
        if (bytes[i] == '\r')
            assert(bytes[i + 1] == '\n');
    }
    return 0;
}
