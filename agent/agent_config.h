/*
 * agent_config: agent.conf in the state folder: who this host is, which server it trusts, and what
 * scripts get from the host itself.
 *
 * `key = value` lines, comments with #. Written once by --register; its later keys are for the
 * administrator to change, while the agent stands still. Pinned here, once and for all: the server's
 * signing key and the store's id (migrate.md 3, G3). Read by the agent at its start and by each
 * supervisor; constant from then on.
 */
#ifndef SLIPWAY_AGENT_AGENT_CONFIG_H
#define SLIPWAY_AGENT_AGENT_CONFIG_H

#include <sys/types.h>

#include "agent/pace.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/sign.h"

#define AGENT_CONFIG_FILE "agent.conf"
#define AGENT_CONFIG_KEY_FILE "host-key.pem" /* the host's RSA key, 0600 */

struct agent_config {
    const char
        *url; /* of the door: "https://agents.acme.example", no path; "" = none (slipway-once) */
    const char *region;      /* for signatures */
    const char *host_id;     /* mi-..., or i-... of a host whose agent is Amazon's */
    const char *fingerprint; /* of this installation, UUID; "" = it speaks to no door */
    const char *store_id;    /* pinned */
    const char *key_text;    /* pinned: base64url of `key` */
    unsigned char key[SIGN_PUBLIC_SIZE];

    const char *path;      /* PATH of scripts */
    const char *lang;      /* LANG of scripts */
    const char *systemctl; /* SLIPWAY_SYSTEMCTL: where it is */
    const char *host_root; /* SLIPWAY_HOST_ROOT: in front of every root; "" = none */
    const char *run_dir;   /* folder for what scripts leave; "" = the command's own folder */
    const char *strict;    /* folder: only documents that lie in it run; "" = all that are signed */
    const char
        *redact; /* file of patterns that are hidden in what scripts print and tell; "" = none */
    const char *limit_text;
    struct pace_limit limit; /* of commands that are new to this host (T37) */
    mode_t umask;            /* of scripts */
};

/* What a new one has: all but who and whom to trust. */
void agent_config_init(struct agent_config *config);

/* Set one key from its text. ERR_NOT_FOUND: no such key; ERR_INVALID: its value is odd. */
int agent_config_set(struct arena *arena, struct agent_config *config, const char *key,
                     const char *value, struct err *err);

/* The whole text; `name` stands in front of errors. All keys without a default must be there. */
int agent_config_parse(struct arena *arena, const char *name, const char *text, size_t len,
                       struct agent_config *ret_config, struct err *err);

int agent_config_read(struct arena *arena, const char *state, struct agent_config *ret_config,
                      struct err *err);

/* Does it name a server to speak to, and who speaks? ERR_INVALID names the key that is missing. */
int agent_config_speaks(const struct agent_config *config, struct err *err);

/* What is hidden here: the patterns of its `redact`, and those of the `servers` own (NULL: none). An error names file and
 * line: then nothing may be run, for what it prints would be seen. */
struct redact;
int agent_config_redact(const struct agent_config *config, const char *servers,
                        struct redact **ret_redact, struct err *err);

/* Durable when it returns. */
int agent_config_write(const char *state, const struct agent_config *config, struct err *err);

#endif
