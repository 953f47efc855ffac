/*
 * config: the whole configuration as one immutable value (ux.md, Config).
 *
 * lib/config fills it, with every default in place and every name resolved; lib/calendar resolves its
 * schedules; rules, flow and faces read it. Everything lies in the arena of its owner. Lists are an
 * array and a count; texts are never NULL unless it says so.
 */
#ifndef SLIPWAY_LIB_MODEL_CONFIG_H
#define SLIPWAY_LIB_MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/almanac.h"

/* Where something stands, for messages. */
struct config_place {
    const char *file;
    int line; /* from 1; 0 = a default */
    int column;
};

struct config_list { /* of words */
    const char **items;
    size_t n;
};

/* Rights, in the order of `enum right` of the API behind its RIGHT_NONE. */
enum config_right {
    CONFIG_VIEW,
    CONFIG_APPROVE_CONTENT,
    CONFIG_APPROVE_CODE,
    CONFIG_OPERATE,
    CONFIG_HOTFIX,
    CONFIG_ADMIN,
    CONFIG_RIGHTS
};
extern const char *const config_right_names[CONFIG_RIGHTS];

struct config_rights {
    struct config_list who[CONFIG_RIGHTS]; /* logins, team:, token:, group:, anyone (view only) */
};

struct config_pair { /* env, with, tags */
    const char *key;
    const char *value;
};

struct config_pairs {
    struct config_pair *items;
    size_t n;
};

/* A setting whose rule is not built in this version: it binds the gate (cause `not-built`). */
struct config_unbuilt {
    const char *setting; /* as written: "between", "approvals.code" */
    int line;
    bool binds; /* false: it only does nothing yet, and config check says so */
};

enum config_on { CONFIG_ON_PULL_REQUEST, CONFIG_ON_MERGE, CONFIG_ON_SCHEDULE, CONFIG_ON_RELEASE };
extern const char *const config_on_names[4];

/* How many approvals a change needs, by its lane (A2, A3). */
struct config_approvals {
    int64_t code;
    int64_t content;
    bool self;         /* who made it may approve it */
    int64_t expire_ms; /* an approval counts so long; 0 = for ever */
};

enum config_after_failure { CONFIG_STAND, CONFIG_NEXT, CONFIG_ROLLBACK };

struct config_role {
    const char *name; /* "all" stands for every role the environment does not name */
    bool ssm;         /* else by slipway-agent */
    struct config_list hosts;
    struct config_pairs tags;
    struct config_place place;
};

struct config_environment {
    const char *name;
    struct config_place place;
    struct config_repo *repo;
    enum config_on on;
    struct config_list at; /* HH:MM:SS, on: schedule */
    const char *timezone;  /* IANA name */
    const struct almanac_window
        *windows; /* `between`; none = always open, or the calendar's days */
    size_t n_windows;
    const struct almanac_calendar *calendar; /* days on which `at` counts; NULL = all */
    int64_t delay_ms;                        /* so long after a merge was seen (F10) */
    int64_t cut_off_ms;
    int64_t grace_ms;
    const char *url; /* NULL */
    enum config_after_failure after_failure;
    struct config_approvals approvals;
    struct config_list ci; /* names that must be green on the commit */
    bool check; /* `required`: what needs this environment waits until a person has looked */
    struct config_environment **needs;
    size_t n_needs;
    struct config_role *roles;
    size_t n_roles;
    struct config_rights rights; /* effective */
    struct config_unbuilt *unbuilt;
    size_t n_unbuilt;
};

struct config_step {
    const char *name;
    const char *run;  /* script, NULL with `uses` */
    const char *uses; /* document name, perhaps name@version; NULL with `run` */
    struct config_pairs with;
    struct config_pairs env;
    const char *run_as;            /* effective; "" = the agent's own user */
    const char *working_directory; /* effective; "" = none */
    struct config_place place;
};

struct config_health {
    const char *http; /* NULL = none */
    const char *run;  /* NULL = none */
    int64_t expect;   /* HTTP status */
    int64_t within_ms;
};

struct config_job {
    const char *name;
    struct config_place place;
    struct config_list runs_on; /* roles */
    struct config_job **needs;
    size_t n_needs;
    struct config_list environments; /* empty = all */
    const char *once;                /* NAME of the database, NULL */
    const char *primary;             /* host, NULL */
    const char *probe;     /* script that asks a database, NULL = the shipped one, if any */
    int64_t kill_after_ms; /* of a migrate job; 0 = never */
    int64_t max_parallel;  /* hosts, or percent */
    bool max_parallel_percent;
    int64_t max_errors;
    int64_t start_within_ms;
    bool start_within_set;
    int64_t timeout_ms;
    struct config_health health;
    struct config_pairs env;
    struct config_step *steps;
    size_t n_steps;
};

struct config_repo {
    const char *name; /* owner/name */
    struct config_place place;
    const char *branch;
    const char *mirror;
    struct config_list content; /* path patterns */
    const char *root;           /* NULL */
    const char *run_as;         /* "" = the agent's own user */
    int64_t keep;
    const char *language;
    struct config_rights rights;             /* effective */
    struct config_environment *environments; /* in file order */
    size_t n_environments;
    struct config_job *jobs; /* in file order */
    size_t n_jobs;
};

/* database: NAME -> where it stands (ux.md, `databases`). */
struct config_database {
    const char *name;
    struct config_list members; /* REPO/ENVIRONMENT/NAME */
};

/* A script that AWS callers may run by its name: a document of SSM, as it stands in its file. */
struct config_document {
    const char *name;
    const char *text;
    struct config_place place;
};

struct config_freeze {
    struct almanac_freeze freeze;
    struct config_list environments; /* names; empty = all */
    struct config_list repos;
    struct config_place place;
};

struct config {
    struct arena *arena;         /* owns all of it */
    const char *url;             /* of the page; NULL */
    const char *webhooks_url;    /* NULL */
    const char *agents_url;      /* NULL: http://LISTEN.AGENTS */
    const char *listen_webhooks; /* address:port */
    const char *listen_agents;
    const char *listen_web;
    const char *listen_cli; /* path of the socket */
    struct config_list trusted_proxies;
    struct config_list metrics_from;
    struct config_list mirror_roots;
    const char *redact;    /* patterns, one a line: what matches is hidden in output; NULL = none */
    int64_t gone_after_ms; /* a host found by tags is gone when it was silent for so long */
    const char *timezone;
    const char *language;
    const char *state;                       /* folder */
    struct config_list webhook_secret_files; /* absolute paths */
    const char *github_web;
    const char *github_api;        /* base address of the REST API, no slash at its end */
    const char *github_token_file; /* absolute path; NULL = GitHub is not asked */
    const char *aws_region;        /* of hosts by `ssm`; NULL = AWS is not asked */
    const char *aws_endpoint;      /* SCHEME://HOST[:PORT]; NULL = AWS' own */
    const char *aws_profile;       /* of AWS' shared files; NULL = as the environment says */
    struct config_rights rights;
    struct config_database *databases;
    size_t n_databases;
    struct almanac_calendar *calendars;
    size_t n_calendars;
    struct config_freeze *freezes;
    size_t n_freezes;
    struct config_document *documents;
    size_t n_documents;
    struct config_repo *repos;
    size_t n_repos;
    struct config_unbuilt *unbuilt; /* of the whole file: these only warn */
    size_t n_unbuilt;
    const char *text; /* canonical JSON, without secrets */
    const char
        *read_text; /* the same as it was read, before the store's holidays were put over it */
};

const struct config_repo *config_repo(const struct config *config, const char *name);
const struct config_environment *config_environment(const struct config_repo *repo,
                                                    const char *name);

/* Is the environment among those that it freezes? */
bool config_freeze_covers(const struct config_freeze *freeze,
                          const struct config_environment *environment);

/* Does the job run in that environment? */
bool config_job_runs(const struct config_job *job, const struct config_environment *environment);

/* `uses: migrate`, in whatever version. */
bool config_step_migrates(const struct config_step *step);
/* The step of a job with `once` in whose place a probe asks: the one with `uses: migrate`, else the first script. */
const struct config_step *config_job_asked(const struct config_job *job);

/* Does the role find a host of that name, with these tags? A role by `ssm` finds those whose name is an instance id, and
 * no other does: no agent's host has such a name. */
bool config_role_finds(const struct config_role *role, const char *name,
                       const struct config_pairs *tags);
/* ... any of the environment's roles? */
bool config_environment_finds(const struct config_environment *environment, const char *name,
                              const struct config_pairs *tags);

/* Is `role` of the job one of `r`, by name or by `all`? */
bool config_role_covers(const struct config_environment *environment, const struct config_role *r,
                        const char *role);

/* Resolved name of a database (M1): REPO/ENVIRONMENT/NAME, or what `databases:` maps it to. */
const char *config_database(const struct config *config,
                            const struct config_environment *environment, const char *once,
                            struct arena *arena);

void config_free(struct config *config);

#endif
