/*
 * github_double: GitHub's REST API as far as it is asked, on loopback: accounts, renames, teams; webhooks with the list
 * of what they delivered, pull requests (github_double_history.c); and its bad days.
 *
 * It answers as github-wire.md 4 says and refuses what GitHub refuses: no token, no User-Agent, another version.
 * One thread of its own; the test changes it under its lock by these verbs.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_GITHUB_DOUBLE_H
#define SLIPWAY_TESTS_SUPPORT_GITHUB_DOUBLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define GITHUB_DOUBLE_TOKEN "ghp_a-token-of-the-double"
#define GITHUB_DOUBLE_MAX 16
#define GITHUB_DOUBLE_HISTORY 512

enum github_double_day {
    GITHUB_DOUBLE_WELL,
    GITHUB_DOUBLE_BROKEN,    /* 502 to everything */
    GITHUB_DOUBLE_OVER,      /* 429, Retry-After: 7; or 403 with the headers `over` */
    GITHUB_DOUBLE_FORBIDDEN, /* 403 */
    GITHUB_DOUBLE_ODD,       /* 200 and no JSON */
    GITHUB_DOUBLE_MOVED,     /* 301 to /api/v3 + path on the same host, which answers */
    GITHUB_DOUBLE_AWAY,      /* 302 to another host */
    GITHUB_DOUBLE_SILENT,    /* takes the question and says nothing */
};

struct github_double {
    int fd;
    char url[64];     /* http://127.0.0.1:N */
    const char *over; /* header lines */
    pthread_t thread;
    pthread_mutex_t mutex;
    struct {
        char login[64];
        int64_t id; /* 0 = unused */
    } accounts[GITHUB_DOUBLE_MAX];
    struct {
        char team[64]; /* ORG/SLUG; "" = unused */
        int64_t id;
        const char *state;
    } members[GITHUB_DOUBLE_MAX];
    struct {
        char owner[64]; /* repos/OWNER/NAME, orgs/OWNER; "" = unused */
        int64_t id;
        char url[128];
    } hooks[GITHUB_DOUBLE_MAX];
    struct github_double_sent {
        int64_t hook, id; /* id 0 = unused */
        char guid[64], event[32], at[32];
        char *payload;
    } sent[GITHUB_DOUBLE_HISTORY]; /* oldest first */
    size_t n_sent;
    struct github_double_pull {
        int64_t number; /* 0 = unused */
        char at[32];    /* updated_at */
        char *json;
    } pulls[GITHUB_DOUBLE_HISTORY];
    size_t n_pulls;
    size_t page;                 /* entries of a page of deliveries; 0 = as asked */
    int64_t forgotten;           /* this delivery is listed and no longer kept */
    bool no_hooks;               /* the token may not see webhooks: 404 */
    int n_payloads, n_looked_up; /* questions for one delivery, for one pull request */
    atomic_int day;
    atomic_int asked; /* questions that came */
    char last[512];   /* path of the last one */
};

void github_double_up(struct github_double *d);
void github_double_down(struct github_double *d);

/* From now on this login is this account's; whoever had either has it no more. */
void github_double_account(struct github_double *d, const char *login, int64_t id);
/* "active", "pending", NULL = no member. */
void github_double_member(struct github_double *d, const char *team, int64_t id, const char *state);

/* History --------------------------------------------------------------------------------------- */

void github_double_hook(struct github_double *d, const char *owner, int64_t id, const char *url);
/* It was sent, or tried: RFC 3339 `at`. Ids grow. */
void github_double_sent(struct github_double *d, int64_t hook, const char *guid, const char *event,
                        const char *at, const char *payload);
/* A pull request as it is now; the newest change last. `json`: what GET .../pulls/N answers. */
void github_double_pull(struct github_double *d, int64_t number, const char *at, const char *json);

/* For github_double.c: the answer to a path about history, malloc'ed; NULL = it is about something else. */
char *github_double_history(struct github_double *d, const char *path, int *ret_status,
                            char *ret_link, size_t link_size);
void github_double_forget(struct github_double *d);

#endif
