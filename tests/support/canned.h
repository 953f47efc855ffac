/*
 * canned: a server on loopback that says what it was given, byte for byte, and remembers what it was asked.
 *
 * The n-th request gets the n-th answer, and all that come after the last one get that; each has a connection of its
 * own unless it `keeps` them, which then end under the second request. One thread of its own. Tried by test_httpc.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_CANNED_H
#define SLIPWAY_TESTS_SUPPORT_CANNED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define CANNED_MAX 8
#define CANNED_SILENCE NULL /* an answer: none, until the other side gives up */

struct canned {
    const char *answers[CANNED_MAX];
    int n_answers;
    bool keeps; /* connections: the first request on one is answered, the second ends it */
    const char *unix_path; /* listen there; NULL = on 127.0.0.1 */
    int fd;
    char url[64];                 /* http://127.0.0.1:N */
    char asked[CANNED_MAX][8192]; /* head and body; what comes after the last replaces that */
    atomic_int times;
    pthread_t thread;
};

/* Fill in answers before. canned_say() is for the usual case of one. */
void canned_up(struct canned *c);
void canned_say(struct canned *c, const char *answer);
void canned_down(struct canned *c);
/* The last request. */
const char *canned_asked(const struct canned *c);

#endif
