/* ical_library: see ical_library.h. */
#include "lib/calendar/ical_library.h"

static const char *const names[] = {ICAL_LIBRARY(LIBRARY_NAME)};
static struct ical_library functions;
static struct library library = LIBRARY_INIT("libical.so.3", names, &functions);

const struct ical_library *ical_library(void)
{
    library_must(&library);
    return &functions;
}
