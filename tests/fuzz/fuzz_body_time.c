/* The time in front of a body's key: none or a whole second of the known years, and the same whatever follows that has
 * no time in it. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/github/body_time.h"

#define BEGIN INT64_C(1199145600000)
#define END INT64_C(4102444800000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char tail[] = ",\"n\":\"012345\"}";
    char *longer = malloc(n + sizeof(tail));

    if (longer == NULL)
        abort();
    memcpy(longer, bytes, n);
    memcpy(longer + n, tail, sizeof(tail));
    for (int form = 0; form < 2; form++) {
        time_ms t = body_time((const char *)bytes, n, form != 0);
        assert(t == 0 || (t >= BEGIN && t < END && t % 1000 == 0));
        assert(body_time(longer, n + sizeof(tail) - 1, form != 0) == t);
    }
    free(longer);
    return 0;
}
