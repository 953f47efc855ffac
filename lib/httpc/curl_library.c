/* curl_library: see curl_library.h. */
#include "lib/httpc/curl_library.h"

static const char *const names[] = {CURL_LIBRARY(LIBRARY_NAME)};
static struct curl_library functions;
static struct library library = LIBRARY_INIT("libcurl.so.4", names, &functions);

int curl_library_load(struct err *err)
{
    return library_load(&library, err);
}

const struct curl_library *curl_library(void)
{
    library_must(&library);
    return &functions;
}
