/* crypto_library: see crypto_library.h. */
#include "lib/base/crypto_library.h"

static const char *const names[] = {CRYPTO_LIBRARY(LIBRARY_NAME)};
static struct crypto_library functions;
static struct library library = LIBRARY_INIT("libcrypto.so.3", names, &functions);

int crypto_library_load(struct err *err)
{
    return library_load(&library, err);
}

const struct crypto_library *crypto_library(void)
{
    library_must(&library);
    return &functions;
}
