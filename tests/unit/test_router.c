/* router: exact, raw, one way to each (T46); the table and docs/openapi.yaml agree both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/api/router.h"
#include "server/api/routes.h"

static const char *find(enum listener listener, const char *method, const char *path)
{
    struct router_found found;

    switch (router_find(listener, method, path, &found)) {
    case ROUTER_FOUND:
        return found.route->name;
    case ROUTER_NO_METHOD:
        return "405";
    case ROUTER_NO_PATH:
        break;
    }
    return "404";
}

static void each_listener_serves_its_own(void **state)
{
    (void)state;
    assert_string_equal(find(LISTENER_WEBHOOKS, "POST", "/webhooks/github"), "receive_webhook");
    assert_string_equal(find(LISTENER_WEB, "POST", "/webhooks/github"), "404");
    assert_string_equal(find(LISTENER_AGENTS, "POST", "/"), "door");
    assert_string_equal(find(LISTENER_WEBHOOKS, "POST", "/"), "404");
    assert_string_equal(find(LISTENER_WEB, "GET", "/api/v1/status"), "status_get");
    assert_string_equal(find(LISTENER_CLI, "GET", "/api/v1/status"), "status_get");
    assert_string_equal(find(LISTENER_AGENTS, "GET", "/api/v1/status"), "404");
    assert_string_equal(find(LISTENER_WEBHOOKS, "GET", "/metrics"), "404");
    for (int i = 0; i < LISTENER_COUNT; i++)
        assert_string_equal(find((enum listener)i, "GET", "/healthz"), "health_live");
}

static void segments_are_handed_on_raw(void **state)
{
    static const char path[] = "/api/v1/repos/acme/rails-app.js/releases/128";
    struct router_found found;

    (void)state;
    assert_int_equal(router_find(LISTENER_WEB, "GET", path, &found), ROUTER_FOUND);
    assert_string_equal(found.route->name, "release_get");
    assert_int_equal(found.n_segments, 3);
    assert_memory_equal(path + found.segments[0].offset, "acme", found.segments[0].len);
    assert_memory_equal(path + found.segments[1].offset, "rails-app.js", found.segments[1].len);
    assert_memory_equal(path + found.segments[2].offset, "128", found.segments[2].len);
}

static void T46_another_spelling_of_a_path_is_not_there(void **state)
{
    static const char *const paths[] = {
        "/webhooks/github/",
        "//webhooks/github",
        "/webhooks//github",
        "/webhooks/github;x",
        "/webhooks/github%2f",
        "/webhooks/%67ithub",
        "/Webhooks/github",
        "/webhooks/./github",
        "/x/../webhooks/github",
        "/webhooks/github.json",
        "",
        "/webhooks",
        "/webhooks/githubx",
        "/webhooks/github#",
    };
    static const char *const api[] = {
        "/api/v1/repos/acme/../releases",
        "/api/v1/repos/acme/./releases",
        "/api/v1/repos/acme/a%2fb/releases",
        "/api/v1/repos/acme//releases",
        "/api/v1/repos//b/releases",
        "/api/v1/repos/acme/b;x/releases",
        "/api/v1/status/",
        "/api/v1//status",
        "/api/v2/status",
        "/API/v1/status",
        "/api/v1/tokens/",
        "/api/v1/repos/acme/b/releases/1/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_string_equal(find(LISTENER_WEBHOOKS, "POST", paths[i]), "404");
    for (size_t i = 0; i < sizeof(api) / sizeof(api[0]); i++)
        assert_string_equal(find(LISTENER_WEB, "GET", api[i]), "404");
}

static void T46_other_methods_are_405_and_say_which_there_are(void **state)
{
    struct router_found found;

    (void)state;
    assert_int_equal(router_find(LISTENER_WEBHOOKS, "GET", "/webhooks/github", &found),
                     ROUTER_NO_METHOD);
    assert_string_equal(found.allow, "POST");
    assert_int_equal(router_find(LISTENER_WEB, "PUT", "/api/v1/tokens", &found), ROUTER_NO_METHOD);
    assert_string_equal(found.allow, "GET, HEAD, POST");
    assert_string_equal(find(LISTENER_WEBHOOKS, "HEAD", "/webhooks/github"), "405");
    assert_string_equal(find(LISTENER_WEBHOOKS, "OPTIONS", "/webhooks/github"), "405");
    assert_string_equal(find(LISTENER_WEBHOOKS, "POSTX", "/webhooks/github"), "405");
    assert_string_equal(find(LISTENER_WEB, "HEAD", "/api/v1/status"), "status_get");
}

static void every_write_asks_for_a_right_on_web_and_cli(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_routes; i++) {
        if ((routes[i].listeners & (ON(LISTENER_WEB) | ON(LISTENER_CLI))) == 0)
            continue;
        if (strcmp(routes[i].method, "GET") != 0)
            assert_true(routes[i].right > RIGHT_VIEW);
        if (strncmp(routes[i].pattern, "/api/", 5) == 0)
            assert_true(routes[i].right >= RIGHT_VIEW);
    }
}

static void names_and_places_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_routes; i++) {
        for (size_t k = i + 1; k < n_routes; k++) {
            assert_string_not_equal(routes[i].name, routes[k].name);
            if ((routes[i].listeners & routes[k].listeners) != 0 &&
                strcmp(routes[i].pattern, routes[k].pattern) == 0)
                assert_string_not_equal(routes[i].method, routes[k].method);
        }
    }
}

/* docs/openapi.yaml --------------------------------------------------------------------------- */

struct operation {
    char path[160];
    char method[16];
    char name[64];
    char summary[200];
    char right[32];
};

static struct operation operations[128];
static size_t n_operations;

/* What follows "key: " on an indented line, without quotes; 0 if the line is another. */
static int value_of(const char *line, const char *indented_key, char *text, size_t size)
{
    size_t len = strlen(indented_key);

    if (strncmp(line, indented_key, len) != 0)
        return 0;
    line += len;
    if (*line == '"')
        line++;
    snprintf(text, size, "%.*s", (int)strcspn(line, "\"\n"), line);
    return 1;
}

/* The document is written by hand in one form: paths at two blanks, methods at four, their keys at
 * six. */
static int read_openapi(void **state)
{
    char line[512];
    char path[160] = "";
    FILE *f = fopen(SLIPWAY_SOURCE_DIR "/docs/openapi.yaml", "r");

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL && strncmp(line, "components:", 11) != 0) {
        struct operation *last = n_operations > 0 ? &operations[n_operations - 1] : NULL;

        if (strncmp(line, "  /", 3) == 0) {
            snprintf(path, sizeof(path), "%.*s", (int)strcspn(line + 2, ":\n"), line + 2);
        } else if (strncmp(line, "    ", 4) == 0 && line[4] != ' ' && strstr(line, ":\n") != NULL &&
                   strncmp(line + 4, "parameters", 10) != 0) {
            struct operation *o = &operations[n_operations++];

            snprintf(o->path, sizeof(o->path), "%s", path);
            snprintf(o->method, sizeof(o->method), "%.*s", (int)strcspn(line + 4, ":"), line + 4);
            for (char *c = o->method; *c != '\0'; c++)
                *c = (char)(*c - 'a' + 'A');
        } else if (last != NULL) {
            (void)(value_of(line, "      operationId: ", last->name, sizeof(last->name)) ||
                   value_of(line, "      summary: ", last->summary, sizeof(last->summary)) ||
                   value_of(line, "      x-right: ", last->right, sizeof(last->right)));
        }
    }
    (void)fclose(f);
    return 0;
}

static void each_api_route_is_described_and_each_description_is_a_route(void **state)
{
    size_t described = 0;

    (void)state;
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *r = &routes[i];
        const struct operation *found = NULL;

        if (strncmp(r->pattern, "/api/v1/", 8) != 0)
            continue;
        for (size_t k = 0; k < n_operations; k++) {
            if (strcmp(operations[k].path, r->pattern) == 0 &&
                strcmp(operations[k].method, r->method) == 0)
                found = &operations[k];
        }
        if (found == NULL)
            fail_msg("%s %s is not in docs/openapi.yaml", r->method, r->pattern);
        assert_string_equal(found->name, r->name);
        assert_string_equal(found->summary, r->summary);
        assert_string_equal(found->right, right_name(r->right));
        described++;
    }
    assert_true(described > 10);
    assert_int_equal(described, n_operations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_listener_serves_its_own),
        cmocka_unit_test(segments_are_handed_on_raw),
        cmocka_unit_test(T46_another_spelling_of_a_path_is_not_there),
        cmocka_unit_test(T46_other_methods_are_405_and_say_which_there_are),
        cmocka_unit_test(every_write_asks_for_a_right_on_web_and_cli),
        cmocka_unit_test(names_and_places_are_unique),
        cmocka_unit_test(each_api_route_is_described_and_each_description_is_a_route),
    };

    return cmocka_run_group_tests(tests, read_openapi, NULL);
}
