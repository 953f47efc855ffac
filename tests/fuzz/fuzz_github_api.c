/* github_api: answers of GitHub's, whatever comes; a read account is one that a path can be made of. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/github/github_api.h"
#include "lib/github/github_hook.h"
#include "lib/github/github_pull.h"

/* What is made of an answer is JSON again. */
static void reread(char *text)
{
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;

    assert(json_parse(text, strlen(text), &(struct json_limits){.depth = 66}, &json, &err) == 0);
    json_free(json);
    free(text);
}

static void read_history(const struct cJSON *json)
{
    struct github_delivery *deliveries;
    struct github_hook *hooks;
    struct github_pull *pulls;
    static struct arena arena; /* kept: to take a block for each run costs more than the run */
    struct err err = ERR_INIT;
    char *text;
    size_t n;

    (void)github_hook_read_list(json, &arena, &hooks, &n, &err);
    if (github_hook_read_deliveries(json, &arena, &deliveries, &n, &err) == 0)
        for (size_t i = 0; i < n; i++)
            assert(deliveries[i].id > 0 && strpbrk(deliveries[i].guid, " \r\n") == NULL);
    if (github_pull_read_list(json, &arena, &pulls, &n, &err) == 0)
        for (size_t i = 0; i < n; i++)
            assert(pulls[i].number > 0);
    if (github_hook_read_payload(json, &text, &err) == 0)
        reread(text);
    if (github_pull_read_payload(json, &text, &err) == 0)
        reread(text);
    arena_reset(&arena); /* behind it: what is given back counts for the run that took it */
}

/* A cursor is a part of a path: nothing in it ends one. */
static void read_link(const char *bytes, size_t len)
{
    char cursor[GITHUB_HOOK_CURSOR_SIZE];
    char *link = malloc(len + 1);

    assert(link != NULL);
    memcpy(link, bytes, len);
    link[len] = '\0';
    github_hook_read_cursor(link, cursor);
    assert(strpbrk(cursor, "&?#/ <>\r\n") == NULL);
    free(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct github_api_account account = {.id = 0};
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;
    bool member = false;

    read_link((const char *)bytes, len);
    if (json_parse((const char *)bytes, len, NULL, &json, &err) < 0)
        return 0;
    if (github_api_read_account(json, &account, &err) == 0) {
        assert(account.id > 0 && account.login[0] != '\0');
        assert(strpbrk(account.login, "/?#%.\r\n ") == NULL);
    }
    (void)github_api_read_membership(json, &member, &err);
    read_history(json);
    json_free(json);
    return 0;
}
