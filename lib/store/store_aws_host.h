/* store_aws_host: hosts that AWS tells of: they are in the list as others are, and poll nowhere. */
#ifndef SLIPWAY_LIB_STORE_STORE_AWS_HOST_H
#define SLIPWAY_LIB_STORE_STORE_AWS_HOST_H

#include "lib/model/config.h"
#include "lib/model/host.h"
#include "lib/store/db.h"

/* AWS told of it: id, agent, platform, computer name, address; `online`: it is there now, and `*ret_came` says whether that
 * is news. One that was deregistered here stays so. ERR_CONFLICT: an agent's host has its id or name. Writer. */
int store_aws_host_told(struct db *db, const struct host *host, bool online, time_ms now,
                        bool *ret_came, struct err *err);
/* Exactly these hosts (of AWS) have that tag; `*ret_changed`: it is news. Writer. */
int store_aws_host_tagged(struct db *db, const struct config_pair *tag, const char *const *ids,
                          size_t n, time_ms now, bool *ret_changed, struct err *err);

/* Exactly these hosts (of AWS) have slipway-once: they may run migrate jobs. `*ret_changed`: it is news. Writer. */
int store_aws_host_once(struct db *db, const char *const *ids, size_t n, time_ms now,
                        bool *ret_changed, struct err *err);

#endif
