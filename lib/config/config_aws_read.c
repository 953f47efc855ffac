/* `aws`: where hosts of roles by `ssm` are reached. Its credentials are no part of the configuration. */
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/config/reader.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"
#define PROFILE_MAX 100

/* It becomes a part of a name: ssm.REGION.amazonaws.com (lib/ssm/aws_call.c says the same). */
static void read_region(struct reader *r, struct yaml_node *node)
{
    const char *text = NULL;
    size_t n;

    reader_text(r, node, &text);
    if (text == NULL)
        return;
    n = strlen(text);
    if (n < 3 || n > 32 || text[0] == '-' || text[n - 1] == '-' || strspn(text, LETTERS "-") != n)
        problems_error(r->problems, node->line, node->column,
                       "region: one such as ap-northeast-1 is expected, this is \"%.60s\"", text);
    else
        r->config->aws_region = text;
}

static bool is_this_machine(const char *host)
{
    size_t n = strcspn(host, ":");

    return (n == 9 && strncmp(host, "localhost", n) == 0) || str_starts(host, "[::1]") ||
           (str_starts(host, "127.") && strspn(host, "0123456789.") == n);
}

/* https, or plain http to this machine, without a path. */
static void read_endpoint(struct reader *r, struct yaml_node *node)
{
    const char *text = NULL, *host;
    size_t len;

    reader_text(r, node, &text);
    if (text == NULL)
        return;
    len = strlen(text);
    while (len > 0 && text[len - 1] == '/')
        len--;
    text = arena_strn(r->arena, text, len);
    host = str_starts(text, "https://") ? text + 8 : str_starts(text, "http://") ? text + 7 : "";
    if (*host == '\0' || strpbrk(host, "/?#@ ") != NULL)
        problems_error(r->problems, node->line, node->column,
                       "endpoint: https://HOST[:PORT] is expected, this is \"%.100s\"", text);
    else if (str_starts(text, "http://") && !is_this_machine(host))
        problems_error(r->problems, node->line, node->column,
                       "endpoint: only this machine is asked by plain http; write https://%.100s",
                       host);
    else
        r->config->aws_endpoint = text;
}

static void read_profile(struct reader *r, struct yaml_node *node)
{
    const char *text = NULL;

    reader_text(r, node, &text);
    if (text == NULL)
        return;
    if (*text == '\0' || strlen(text) > PROFILE_MAX || strpbrk(text, "[]\r\n") != NULL)
        problems_error(r->problems, node->line, node->column,
                       "profile: the name of one in AWS' shared files is expected");
    else
        r->config->aws_profile = text;
}

void config_aws_read(struct reader *r, struct yaml_node *node)
{
    if (node == NULL || !reader_map(r, node, "aws", READER_KEYS("region", "endpoint", "profile")))
        return;
    read_region(r, yaml_tree_get(node, "region"));
    read_endpoint(r, yaml_tree_get(node, "endpoint"));
    read_profile(r, yaml_tree_get(node, "profile"));
    if (yaml_tree_get(node, "region") == NULL)
        problems_error(r->problems, node->line, node->column, "aws: `region` is missing");
}
