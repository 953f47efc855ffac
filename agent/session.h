/*
 * session: signed calls to the server's door, with short-lived credentials (ssm-wire.md 2, 9, 10).
 *
 * The host's RSA key signs one question, for credentials; those sign everything else and are renewed at
 * half their life. One session for all threads of the agent; each brings its own connection (httpc).
 */
#ifndef SLIPWAY_AGENT_SESSION_H
#define SLIPWAY_AGENT_SESSION_H

#include <stdatomic.h>
#include <stdint.h>

#include "agent/agent_config.h"
#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/sign.h"
#include "lib/httpc/httpc.h"

struct session;

/* `config`, `rsa`, `state` and `stop` outlive it. In the folder `state` the key is replaced when the door asks for
 * another (host_key.h). Once `stop` is true a call under way ends within a second. */
struct session *session_new(const struct agent_config *config, const struct sign_rsa *rsa,
                            const char *state, struct clock *clock, const atomic_bool *stop);
void session_free(struct session *session);

enum session_operation {
    SESSION_UPDATE_INFORMATION,
    SESSION_GET_MESSAGES, /* waits up to 15 s on the other side */
    SESSION_ACKNOWLEDGE,
    SESSION_SEND_REPLY,
    SESSION_PUT_OUTPUT,
    SESSION_OBSERVE,
    SESSION_REQUEST_START,
};

/*
 * Ask and wait. 0: it answered 200; the answer is the caller's to httpc_answer_deinit().
 * ERR_UNREACHABLE, ERR_TIMEOUT: no answer. ERR_BUSY: it says later, or has a fault; or it was not the door that
 * answered, whatever the status.
 * ERR_DENIED: it does not know this host's credentials, also not fresh ones.
 * ERR_INVALID: it refuses this request, and will again; the text has its own words.
 */
int session_call(struct session *session, struct httpc *httpc, enum session_operation operation,
                 const char *body, struct httpc_answer *ret_answer, struct err *err);

/*
 * What time it is by both clocks: the door takes a call only where its date lies within five minutes of the door's own, and from the
 * last one that it took this counts on by the monotonic clock. So no step of this host's clock is in it. 0: it took none yet.
 */
time_ms session_now(struct session *session);

/* May the same request be good later? */
static inline bool session_is_later(int rc)
{
    return rc != ERR_INVALID && rc != ERR_NOT_FOUND;
}

/* RegisterManagedInstance, which needs no signature: an activation is its proof. Same codes. */
int session_register(struct httpc *httpc, const char *url, const char *body,
                     struct httpc_answer *ret_answer, struct err *err);

#endif
