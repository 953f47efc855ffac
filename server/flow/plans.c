#include "server/flow/plans.h"

#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/str.h"
#include "lib/ssm/document_shipped.h"
#include "server/flow/snapshot.h"

struct documents {
    struct plan_digest_document *items;
    size_t n, cap;
};

/* By the digest of its script: the names of `migrate`'s two parts come from there. */
static const char *name_of(const char *digest)
{
    size_t n;
    const struct document_shipped *all = document_shipped_all(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].digest, digest) == 0)
            return all[i].name;
    return "";
}

static void add(struct documents *d, struct arena *arena, const char *uses)
{
    struct document_step steps[DOCUMENT_SHIPPED_STEPS];
    char digest[DIGEST_HEX_SIZE];
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++)
        if (str_eq(d->items[i].uses, uses))
            return;
    if (document_shipped_steps(arena, uses, "", steps, &n, NULL) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        digest_sha256_hex(steps[i].script, strlen(steps[i].script), digest);
        *ARENA_PUSH(arena, d->items, d->n, d->cap) =
            (struct plan_digest_document){uses, name_of(digest), arena_str(arena, digest)};
    }
}

void plans_make(const struct snapshot *snapshot, const struct config_environment *environment,
                struct arena *arena, struct plan_digest *ret_plan)
{
    const struct config_repo *repo = environment->repo;
    struct documents documents = {.n = 0};

    for (size_t i = 0; i < repo->n_jobs; i++)
        for (size_t k = 0; k < repo->jobs[i].n_steps; k++)
            if (repo->jobs[i].steps[k].uses != NULL)
                add(&documents, arena, repo->jobs[i].steps[k].uses);
    plan_digest_init(ret_plan, snapshot->config, environment, documents.items, documents.n, arena);
}
