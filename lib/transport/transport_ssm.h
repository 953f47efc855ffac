/*
 * transport_ssm: the hosts of one region of AWS, reached by Systems Manager's Run Command.
 *
 * It asks and tells what was answered; what that means for a deployment is decided elsewhere. A handle is one region,
 * one endpoint, one source of credentials, and one thread, which it may block for as long as a call may last
 * (aws_client.h). Nothing is asked when it is opened.
 *
 *      transport_ssm_open(&options, &ssm, &err);
 *      outcome = transport_ssm_send(ssm, &arena, &send, now, &id, &err);
 *      AWS_UNCLEAR: transport_ssm_find(ssm, &arena, comment, sent_at, now, &id, &err);
 *
 * Each call signs with `now` and what has passed since; texts of answers lie in the arena. Other outcomes than AWS_OK
 * leave their text in `err`, and nothing in what is returned.
 */
#ifndef SLIPWAY_LIB_TRANSPORT_TRANSPORT_SSM_H
#define SLIPWAY_LIB_TRANSPORT_TRANSPORT_SSM_H

#include "lib/ssm/aws_answer.h"
#include "lib/ssm/aws_call.h"
#include "lib/transport/aws_client.h"

struct transport_ssm;

/* As aws_client_open(). */
int transport_ssm_open(const struct aws_client_options *options, struct transport_ssm **ret,
                       struct err *err);
void transport_ssm_close(struct transport_ssm *ssm);
/* Where it asks. */
const char *transport_ssm_endpoint(const struct transport_ssm *ssm);

/* SendCommand of AWS-RunShellScript: to all of the hosts, or to none. */
enum aws_outcome transport_ssm_send(struct transport_ssm *ssm, struct arena *arena,
                                    const struct aws_send *send, time_ms now,
                                    const char **ret_command_id, struct err *err);

/* The command with exactly this comment that was sent after `after` (five minutes are given to the clocks); of several
 * the oldest. NULL = AWS shows none: for about 30 s that says nothing. */
enum aws_outcome transport_ssm_find(struct transport_ssm *ssm, struct arena *arena,
                                    const char *comment, time_ms after, time_ms now,
                                    const char **ret_command_id, struct err *err);

/* How each host of the command fares, sorted by id, each once; hosts that AWS does not show yet are missing. */
enum aws_outcome transport_ssm_look(struct transport_ssm *ssm, struct arena *arena,
                                    const char *command_id, time_ms now,
                                    struct aws_invocation **ret, size_t *ret_n, struct err *err);

/* The same of one host, with all the output that AWS keeps. AWS_ABSENT: not there, or not yet. */
enum aws_outcome transport_ssm_text(struct transport_ssm *ssm, struct arena *arena,
                                    const char *command_id, const char *instance_id, time_ms now,
                                    struct aws_invocation *ret, struct err *err);

/* Asks that it end on these hosts, 0 = on all. What has ended is not changed by it; what runs is asked, and may still
 * end otherwise: look again. */
enum aws_outcome transport_ssm_cancel(struct transport_ssm *ssm, struct arena *arena,
                                      const char *command_id, const char *const *instance_ids,
                                      size_t n, time_ms now, struct err *err);

/* Hosts that every one of the filters finds, sorted by id, each once. Without filters: all. */
enum aws_outcome transport_ssm_hosts(struct transport_ssm *ssm, struct arena *arena,
                                     const struct aws_filter *filters, size_t n_filters,
                                     time_ms now, struct aws_host **ret, size_t *ret_n,
                                     struct err *err);

#endif
