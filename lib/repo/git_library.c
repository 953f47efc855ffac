/* git_library: see git_library.h. */
#include "lib/repo/git_library.h"

static const char *const names[] = {GIT_LIBRARY(LIBRARY_NAME)};
static struct git_library functions;
static struct library library = LIBRARY_INIT("libgit2.so." LIBGIT2_SOVERSION, names, &functions);

int git_library_load(struct err *err)
{
    return library_load(&library, err);
}

const struct git_library *git_library(void)
{
    library_must(&library);
    return &functions;
}
