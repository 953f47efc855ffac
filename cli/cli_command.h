/*
 * cli_command: what `slipway` can do: one table, one file per family of verbs.
 *
 * Help, usage errors and "did you mean" come from the table. A verb gets its words behind its name and a
 * client, prints data on stdout and all else on stderr, and returns the program's exit status.
 */
#ifndef SLIPWAY_CLI_CLI_COMMAND_H
#define SLIPWAY_CLI_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses (ux.md, Exit). */
enum {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1, /* the operation ran and failed */
    COMMAND_USAGE = 64,
    COMMAND_DATA = 65,
    COMMAND_NO_SUCH = 66,
    COMMAND_UNREACHABLE = 69, /* the server */
    COMMAND_BUG = 70,
    COMMAND_IO = 74,
    COMMAND_NOT_NOW = 75,
    COMMAND_PROTOCOL = 76,
    COMMAND_NOT_ALLOWED = 77,
    COMMAND_CONFIG = 78,
};

struct client;

/* What all verbs share. */
struct invoke {
    const struct command *command;
    struct client *client; /* NULL for verbs that need no server */
    const char *config;    /* path of the configuration */
    bool json;             /* --json: the API's answer as it is */
    bool color;
    int argc; /* words behind the verb */
    char **argv;
};

struct command {
    const char *name; /* "status", "activation create" */
    const char *args; /* for the usage line */
    const char *summary;
    const char *right; /* who may: view, operate, admin, or "-" for verbs on files */
    bool server;       /* it asks the server */
    int min_args;      /* words that must be there */
    int max_args;      /* and that may: one too many was meant for something */
    int (*run)(struct invoke *invoke);
};

extern const struct command cli_command_table[];
extern const size_t cli_command_count;

/* `slipway: error: WHAT. Try: COMMAND` on stderr; returns `status`. */
int cli_command_error(int status, const char *try, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Wrong words: says how the verb is used. */
int cli_command_usage(const struct invoke *invoke, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "--name VALUE" or "--name=VALUE" among the words; takes it out. NULL = it is not there. */
const char *cli_command_option(struct invoke *invoke, const char *name);
/* "--name" alone. */
bool cli_command_flag(struct invoke *invoke, const char *name);
/* Any option that is left over is a mistake: 0, or the exit status. But --dry-run of a verb that changes something: then
 * the client only tries. */
int cli_command_options_end(struct invoke *invoke);

/* "r128" or "128"; ERR_INVALID. */
int cli_command_release_number(const char *word, long long *ret_number);

int cli_status(struct invoke *invoke);
int cli_releases(struct invoke *invoke);
int cli_show(struct invoke *invoke);
int cli_logs(struct invoke *invoke);
int cli_why(struct invoke *invoke);
int cli_forecast(struct invoke *invoke);
int cli_forecast_schedule(struct invoke *invoke);
int cli_calendar(struct invoke *invoke);
int cli_release(struct invoke *invoke);
int cli_cancel(struct invoke *invoke);
int cli_retry(struct invoke *invoke);
int cli_rollback(struct invoke *invoke);
int cli_approve(struct invoke *invoke);
int cli_check(struct invoke *invoke);
int cli_not_before(struct invoke *invoke);
int cli_baseline(struct invoke *invoke);
int cli_adopt(struct invoke *invoke);
int cli_hold(struct invoke *invoke);
int cli_hold_lift(struct invoke *invoke);
int cli_freeze_add(struct invoke *invoke);
int cli_freeze_ls(struct invoke *invoke);
int cli_freeze_rm(struct invoke *invoke);
int cli_hosts(struct invoke *invoke);
int cli_documents(struct invoke *invoke);
int cli_agent_accept_journal(struct invoke *invoke);
int cli_agent_drain(struct invoke *invoke);
int cli_agent_undrain(struct invoke *invoke);
int cli_agent_revoke(struct invoke *invoke);
int cli_agent_fence(struct invoke *invoke);
int cli_signing_key(struct invoke *invoke);
int cli_signing_key_announce(struct invoke *invoke);
int cli_signing_key_turn(struct invoke *invoke);
int cli_migrate_status(struct invoke *invoke);
int cli_migrate_probe(struct invoke *invoke);
int cli_migrate_mark(struct invoke *invoke);
int cli_migrate_retry(struct invoke *invoke);
int cli_migrate_abandon(struct invoke *invoke);
int cli_migrate_forget(struct invoke *invoke);
int cli_activation_create(struct invoke *invoke);
int cli_activation_ls(struct invoke *invoke);
int cli_commands(struct invoke *invoke);
int cli_key_add(struct invoke *invoke);
int cli_key_ls(struct invoke *invoke);
int cli_key_rm(struct invoke *invoke);
int cli_token_add(struct invoke *invoke);
int cli_token_ls(struct invoke *invoke);
int cli_people_ls(struct invoke *invoke);
int cli_people_accept(struct invoke *invoke);
int cli_events_ls(struct invoke *invoke);
int cli_events_show(struct invoke *invoke);
int cli_events_replay(struct invoke *invoke);
int cli_audit(struct invoke *invoke);
int cli_token_rm(struct invoke *invoke);
int cli_holidays_import(struct invoke *invoke);
int cli_holidays_ls(struct invoke *invoke);
int cli_config_check(struct invoke *invoke);
int cli_doctor(struct invoke *invoke);
int cli_version(struct invoke *invoke);

#endif
