#include "server/api/api_write.h"

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/request.h"

#define DRY_RUN "dry-run"

bool api_write_is_dry(const struct request *request)
{
    return str_eq(request_query(request, DRY_RUN), "1");
}

struct trial {
    writer_fn *fn;
    void *arg;
    bool went_well;
};

/* What came of it is kept; the failure makes the writer undo it. */
static int try_it(struct db *db, void *arg, struct err *err)
{
    struct trial *trial = arg;
    int rc = trial->fn(db, trial->arg, err);

    trial->went_well = rc == 0;
    return rc == 0 ? err_set(err, ERR_CONFLICT, "a dry run") : rc;
}

int api_write_do(struct request *request, int (*fn)(struct db *db, void *arg, struct err *err),
                 void *arg, struct err *err)
{
    struct trial trial = {.fn = fn, .arg = arg};
    const char *dry = request_query(request, DRY_RUN);
    int rc;

    if (dry == NULL || str_eq(dry, "0"))
        return writer_do(request->api->writer, fn, arg, err);
    if (!str_eq(dry, "1"))
        return err_set(err, ERR_INVALID, DRY_RUN ": expected 0 or 1");
    rc = writer_do(request->api->writer, try_it, &trial, err);
    return trial.went_well ? 0 : rc;
}
