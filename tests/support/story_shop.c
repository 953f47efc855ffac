/* story_shop: see story_shop.h. */
#include "tests/support/story_shop.h"

#define ENVIRONMENTS                                                                               \
    "  acme/shop:\n"                                                                               \
    "    branch: main\n"                                                                           \
    "    mirror: GIT/acme/shop\n"                                                                  \
    "    root: /srv/shop\n"                                                                        \
    "    environments:\n"                                                                          \
    "      stage:\n"                                                                               \
    "        on: merge\n"                                                                          \
    "        roles: { all: { agent: { hosts: [stage-1] } } }\n"                                    \
    "      production:\n"                                                                          \
    "        on: schedule\n"                                                                       \
    "        %s\n"                                                                                 \
    "        needs: [stage]\n"                                                                     \
    "        roles:\n"                                                                             \
    "          web: { agent: { hosts: [web-1, web-2] } }\n"                                        \
    "          batch: { agent: { hosts: [batch-1, batch-2] } }\n"

static const char jobs[] =
    "    jobs:\n"
    "      fetch:\n"
    "        runs-on: [web, batch]\n"
    "        max-parallel: 100%\n"
    "        steps: [{ uses: fetch }]\n"
    "      migrate:\n"
    "        needs: [fetch]\n"
    "        runs-on: [batch]\n"
    "        once: primary-db\n"
    "        steps: [{ uses: migrate, with: { tool: rails } }]\n"
    "      web:\n"
    "        needs: [migrate]\n"
    "        runs-on: [web]\n"
    "        health: { http: \"http://127.0.0.1:3000/up\" }\n"
    "        steps: [{ uses: activate }, { uses: restart, with: { unit: puma } }]\n"
    "      batch:\n"
    "        needs: [migrate]\n"
    "        runs-on: [batch]\n"
    "        steps: [{ uses: activate }]\n";

const char *story_shop_config(struct story *s, const char *production)
{
    return arena_printf(&s->arena, "%s%s", arena_printf(&s->arena, ENVIRONMENTS, production), jobs);
}

void story_shop(struct story *s)
{
    story_repository(s, "acme/shop");
    story_config(s, story_shop_config(s, "at: [\"11:00\", \"15:00\"]"));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", NULL);
}
