/*
 * cli_act: an act that is shown before it is done.
 *
 * The server tries it (a dry run), what would happen is told, and whoever types it is asked where it is dangerous;
 * `--yes` answers, `--dry-run` stops there. Then it is done, and told again.
 */
#ifndef SLIPWAY_CLI_CLI_ACT_H
#define SLIPWAY_CLI_CLI_ACT_H

#include <stdbool.h>

struct arena;
struct cJSON;
struct invoke;
struct json_out;

struct cli_act {
    const char *path; /* POST; without a query */
    const char *body;
    bool dry_run, yes;    /* taken from the words by cli_act_words() */
    const char *question; /* "Roll back?" */
    const char *danger;   /* why nobody should go on unasked, where nobody can be asked */
    /* Say in words what the answer says; its member `dry_run` tells whether it was done. */
    void (*tell)(const struct invoke *invoke, struct arena *arena, const struct cJSON *answer);
    /* Nothing is lost by it, so nobody is asked. NULL = never so. */
    bool (*harmless)(const struct cJSON *answer);
};

/* Take --dry-run and --yes out of the words. */
struct cli_act cli_act_words(struct invoke *invoke);

/* 0, or the exit status. */
int cli_act(struct invoke *invoke, struct arena *arena, const struct cli_act *act);

#endif
