/*
 * aws_client: asks one region of AWS one thing at a time: finds the keys, signs, sends, and sorts what comes back.
 *
 *      call = aws_client_begin(client, AWS_CALL_HOSTS, now);
 *      outcome = aws_client_ask(&call, body, &answer, &err);
 *      if (outcome == AWS_OK)
 *          outcome = aws_client_read(&call, aws_answer_hosts(...));
 *
 * For transport_ssm.c. SendCommand goes out on a connection of its own, once: a connection that is kept may die under a
 * request, and libcurl, which cannot know that this one must not come twice, would send it again. One thread.
 */
#ifndef SLIPWAY_LIB_TRANSPORT_AWS_CLIENT_H
#define SLIPWAY_LIB_TRANSPORT_AWS_CLIENT_H

#include <stdatomic.h>

#include "lib/base/timestamp.h"
#include "lib/httpc/httpc.h"
#include "lib/ssm/aws_call.h"

struct aws_client;

/* How many calls ended how; any thread may read. */
struct aws_client_counts {
    atomic_ullong calls[AWS_CALL_COUNT][AWS_OUTCOME_COUNT];
};

struct aws_client_options {
    const char *region;
    const char *endpoint; /* https://HOST[:PORT], or plain http to this machine; NULL = AWS' own */
    const char *profile;  /* of the shared files; NULL = as the environment says */
    const char *ca_file;  /* whom to trust; NULL = AWS_CA_BUNDLE, else the system's */
    int64_t timeout_ms;   /* of one call; 0 = 10,000 */
    const atomic_bool *stop;          /* as httpc has it; NULL = never */
    struct aws_client_counts *counts; /* outlive the client; NULL = not counted */
};

/* Nothing is asked yet; texts of `options` are copied. ERR_INVALID: a region or endpoint that cannot be; ERR_NOT_FOUND:
 * no libcurl. */
int aws_client_open(const struct aws_client_options *options, struct aws_client **ret,
                    struct err *err);
void aws_client_close(struct aws_client *client);
const char *aws_client_endpoint(const struct aws_client *client);

/* A call on its way, or several pages of one; its time goes on while they take theirs. */
struct aws_client_call {
    struct aws_client *client;
    enum aws_call call;
    time_ms now;
    mono_ms began;
};
struct aws_client_call aws_client_begin(struct aws_client *client, enum aws_call call, time_ms now);

/* AWS_OK: a 200 of AWS' own, which is the caller's (httpc_answer_deinit()), who tells aws_client_read() whether it could
 * be read. Other outcomes have their text in `err`. */
enum aws_outcome aws_client_ask(struct aws_client_call *call, const char *body,
                                struct httpc_answer *ret_answer, struct err *err);

/* How the call ended, after its answer was read: `rc` < 0, it was none. Counted. */
enum aws_outcome aws_client_read(struct aws_client_call *call, int rc);
/* Its body could not be written: AWS would refuse it. Counted. */
enum aws_outcome aws_client_not_sent(struct aws_client_call *call, struct err *err);

#endif
