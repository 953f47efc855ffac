#include "server/api/api_health.h"

#include "lib/base/err.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/reply.h"

enum request_next api_health_live(struct request *request, struct reply *reply)
{
    reply_text(reply, 200, "ok\n");
    reply->close =
        request->listener == LISTENER_WEBHOOKS; /* no outsider keeps a place there (T08) */
    reply_header(reply, "Cache-Control", "no-store");
    return REQUEST_DONE;
}

enum request_next api_health_ready(struct request *request, struct reply *reply)
{
    const struct api *api = request->api;
    bool ready = !request_is_stopping(request) && !writer_is_broken(api->writer) &&
                 (api->is_ready == NULL || api->is_ready(api->server));

    reply_text(reply, ready ? 200 : 503, ready ? "ready\n" : "not ready\n");
    reply_header(reply, "Cache-Control", "no-store");
    if (!ready)
        reply_header(reply, "Retry-After", "5");
    return REQUEST_DONE;
}
