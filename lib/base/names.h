/*
 * names: the grammars of names that come from outside or from the configuration, and new ids.
 *
 * What passes here is safe in a path component, in an environment value and in a log line.
 */
#ifndef SLIPWAY_LIB_BASE_NAMES_H
#define SLIPWAY_LIB_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define NAMES_UUID_SIZE 37

bool names_is_sha40(const char *s);    /* 40 lower-case hex digits, not all zero */
bool names_is_zero_sha(const char *s); /* 40 zeros: GitHub's "there is none" */
bool names_is_repo(const char *s);     /* "owner/name", GitHub's letters, no dot names */
bool names_is_branch(const char *s);   /* git's rules for refs, no leading '-', at most 255 bytes */
/* Environment, role, job, step, host, calendar: [a-z0-9A-Z][a-zA-Z0-9._-]{0,63}. */
bool names_is_word(const char *s);
bool names_is_guid(const char *s);    /* X-GitHub-Delivery: 1-128 printable ASCII without blanks */
bool names_is_uuid(const char *s);    /* lower-case, 8-4-4-4-12 */
bool names_is_host_id(const char *s); /* mi- and 17 lower-case hex digits */
bool names_is_machine_id(const char *s);    /* that, or the i-... of EC2 */
bool names_is_hex(const char *s, size_t n); /* exactly n lower-case hex digits */
bool names_is_document(const char *s);      /* WORD@NUMBER */

void names_uuid_new(char out[NAMES_UUID_SIZE]); /* version 4 */
/* Version 7: begins with the time, so that rows written in order stand in order. `ms` = UTC. */
void names_uuid_at(long long ms, char out[NAMES_UUID_SIZE]);
/* `prefix` and 43 letters of 256 random bits; `out` has room for strlen(prefix) + 44. */
void names_token_new(const char *prefix, char *out);

#endif
