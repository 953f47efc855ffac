/* A target, as the router and a handler see it. What is found lies in it and holds no escape; a value of the query is a
 * text without NUL, no longer than what it was made of; a number is in its range. Input: the target, NUL, a key. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "server/api/request.h"
#include "server/api/router.h"
#include "server/api/routes.h"

/* One method of each input: all of them for each took nearly all of the time, and a path is matched before they are. */
static void route(const char *path, unsigned which)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "BREW"};
    const char *method = methods[which % (sizeof(methods) / sizeof(*methods))];

    for (int i = 0; i < LISTENER_COUNT; i++) {
        struct router_found found = {.route = NULL};
        enum router_match match = router_find((enum listener)i, method, path, &found);
        if (match != ROUTER_NO_PATH)
            assert(strstr(path, "//") == NULL && strpbrk(path, "%;?#\\ ") == NULL);
        assert(found.n_segments <= REQUEST_SEGMENTS_MAX);
        for (size_t s = 0; match == ROUTER_FOUND && s < found.n_segments; s++) {
            size_t len = found.segments[s].len;
            assert(found.segments[s].offset + len <= strlen(path));
            assert(memchr(path + found.segments[s].offset, '/', len) == NULL);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct request request = {.method = "GET"};
    struct err err = ERR_INIT;
    char *target, *key, *query;
    static struct arena arena; /* kept: to take a block for each run costs more than the run */
    const char *value;
    int64_t number = -1;

    target = arena_strn(&arena, (const char *)bytes, strnlen((const char *)bytes, n));
    key = strlen(target) < n
              ? arena_strn(&arena, (const char *)bytes + strlen(target) + 1, n - strlen(target) - 1)
              : arena_str(&arena, "limit");
    query = strchr(target, '?');
    if (query != NULL)
        *query++ = '\0';
    route(target, (unsigned)n);
    request.arena = &arena;
    request.query = query != NULL ? query : "";
    value = request_query(&request, key);
    assert(value == NULL || strlen(value) < strlen(request.query));
    if (request_query_int(&request, key, 1, 500, 50, &number, &err) == 0)
        assert(number >= 1 && number <= 500);
    else
        assert(value != NULL && err.text[0] != '\0');
    arena_reset(&arena); /* behind it: what is given back counts for the run that took it */
    return 0;
}
