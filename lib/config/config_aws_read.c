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
    reader_server(r, yaml_tree_get(node, "endpoint"), "endpoint", false, &r->config->aws_endpoint);
    read_profile(r, yaml_tree_get(node, "profile"));
    if (yaml_tree_get(node, "region") == NULL)
        problems_error(r->problems, node->line, node->column, "aws: `region` is missing");
}
