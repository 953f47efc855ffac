#include "server/api/api_missing.h"

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define NAMES_MAX 400 /* of the error's text; more are cut */

int api_missing_repository(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND,
                   "repository %.140s is not in the configuration, or not yours to see; slipway "
                   "status names those that are",
                   name);
}

int api_missing_environment(const struct config_repo *repo, const char *name, struct err *err)
{
    struct buf names;
    int rc;

    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; i < repo->n_environments; i++)
        buf_addf(&names, "%s%s", i > 0 ? ", " : "", repo->environments[i].name);
    rc = err_set(err, ERR_NOT_FOUND, "%s has no environment %.64s; there are: %s", repo->name, name,
                 buf_str(&names));
    buf_deinit(&names);
    return rc;
}

int api_missing_release(const struct config_repo *repo, const char *number, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "%s has no release r%.20s; slipway releases %s lists them",
                   repo->name, number, repo->name);
}

int api_missing_host(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "no host is registered as %.64s; slipway hosts lists them",
                   name);
}

int api_missing_database(const char *name, struct err *err)
{
    return err_set(
        err, ERR_NOT_FOUND,
        "no migrate job ever ran on a database %.200s; slipway migrate status lists those "
        "on which one did",
        name);
}
