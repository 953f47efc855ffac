#include "server/flow/ground.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/store/store_host.h"
#include "lib/store/store_repository.h"

#define KEPT_MAX                                                                                   \
    32 /* of each kind: the first ones, which a look through is still cheaper for than the store */

void ground_init(struct ground *c, struct db *db, struct arena *arena, time_ms now)
{
    *c = (struct ground){.db = db, .arena = arena, .now = now};
}

int ground_standing(struct ground *c, const struct standing **ret_standing, struct err *err)
{
    int rc = c->knows_standing ? 0 : store_standing_read(c->db, &c->standing, err);

    c->knows_standing = rc == 0;
    *ret_standing = &c->standing;
    return rc;
}

int ground_freezes(struct ground *c, const struct freeze **ret_items, size_t *ret_n,
                   struct err *err)
{
    const struct standing *standing;
    int rc = ground_standing(c, &standing, err);

    if (rc == 0 && standing->freezes && !c->knows_freezes)
        rc = store_freeze_list(c->db, c->arena, c->now, &c->freezes, &c->n_freezes, err);
    c->knows_freezes = rc == 0;
    *ret_items = c->freezes;
    *ret_n = c->n_freezes;
    return rc;
}

int ground_repository(struct ground *c, const char *name, const struct repository **ret,
                      struct err *err)
{
    struct repository *r;
    int rc;

    for (size_t i = 0; i < c->n_repositories; i++)
        if (strcmp(c->repositories[i]->name, name) == 0) {
            *ret = c->repositories[i];
            return 0;
        }
    r = arena_alloc(c->arena, sizeof(*r));
    rc = store_repository_by_name(c->db, c->arena, name, r, err);
    if (rc == 0 && c->n_repositories < KEPT_MAX)
        *ARENA_PUSH(c->arena, c->repositories, c->n_repositories, c->cap_repositories) = r;
    *ret = r;
    return rc;
}

int ground_host(struct ground *c, const char *name, const struct host **ret_host, struct err *err)
{
    struct host *h;
    int rc;

    for (size_t i = 0; i < c->n_hosts; i++)
        if (strcmp(c->hosts[i]->name, name) == 0) {
            *ret_host = c->hosts[i];
            return 0;
        }
    h = arena_alloc(c->arena, sizeof(*h));
    rc = store_host_by_name(c->db, c->arena, name, h, err);
    if (rc == 0 && c->n_hosts < KEPT_MAX)
        *ARENA_PUSH(c->arena, c->hosts, c->n_hosts, c->cap_hosts) = h;
    *ret_host = h;
    return rc;
}
