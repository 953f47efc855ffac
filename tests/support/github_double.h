/*
 * github_double: GitHub's REST API as far as people go, on loopback: accounts, renames, teams, and its bad days.
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

enum github_double_day {
    GITHUB_DOUBLE_WELL,
    GITHUB_DOUBLE_BROKEN,    /* 502 to everything */
    GITHUB_DOUBLE_OVER,      /* 429, Retry-After: 7 */
    GITHUB_DOUBLE_FORBIDDEN, /* 403 */
    GITHUB_DOUBLE_ODD,       /* 200 and no JSON */
    GITHUB_DOUBLE_MOVED,     /* 301 to /api/v3 + path on the same host, which answers */
    GITHUB_DOUBLE_AWAY,      /* 302 to another host */
    GITHUB_DOUBLE_SILENT,    /* takes the question and says nothing */
};

struct github_double {
    int fd;
    char url[64]; /* http://127.0.0.1:N */
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

#endif
