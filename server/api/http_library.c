/* http_library: see http_library.h. */
#include "server/api/http_library.h"

static const char *const names[] = {HTTP_LIBRARY(LIBRARY_NAME)};
static struct http_library functions;
static struct library library = LIBRARY_INIT("libmicrohttpd.so.12", names, &functions);

int http_library_load(struct err *err)
{
    return library_load(&library, err);
}

const struct http_library *http_library(void)
{
    library_must(&library);
    return &functions;
}
