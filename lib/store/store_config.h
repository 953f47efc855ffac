/* store_config: each accepted configuration, and up to when sources are known to be seen. */
#ifndef SLIPWAY_LIB_STORE_STORE_CONFIG_H
#define SLIPWAY_LIB_STORE_STORE_CONFIG_H

#include "lib/store/db.h"

/* `by` is "start" or "reload". It is the one in force from then on; of a known digest nothing else changes. Writer. */
int store_config_put(struct db *db, const char *digest, const char *text, const char *by,
                     time_ms now, bool *ret_new, struct err *err);
int store_config_is_in_force(struct db *db, const char *digest, bool *ret_is, struct err *err);

/* The patterns of a configuration, under the digest that envelopes name. Known ones change nothing. Writer. */
int store_config_redaction_put(struct db *db, const char *digest, const char *text,
                               struct err *err);
/* ERR_NOT_FOUND: none of that digest. */
int store_config_redaction(struct db *db, struct arena *arena, const char *digest,
                           const char **ret_text, struct err *err);

/* When the last new one was accepted; 0 = none was. */
int store_config_changed(struct db *db, time_ms *ret_at, struct err *err);

/* Up to when a source is known to be seen (W5). Writer. */
int store_watermark_set(struct db *db, const char *source, time_ms at, struct err *err);
/* The clock says `now`: what was seen up to later than that was seen up to then. Writer. */
int store_watermark_seen_by(struct db *db, time_ms now, struct err *err);
int store_watermark(struct db *db, const char *source, time_ms *ret_at, struct err *err);

#endif
