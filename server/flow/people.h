/*
 * people: persons at GitHub, as far as rights are concerned (A4).
 *
 * Every way in that knows a person by a numeric id (a token that stands for somebody, a comment, a label)
 * makes its facts here and asks lib/rules/rights.
 */
#ifndef SLIPWAY_SERVER_FLOW_PEOPLE_H
#define SLIPWAY_SERVER_FLOW_PEOPLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

struct arena;
struct db;
struct err;
struct rights_asker;

/* `by` says that this login is this account: "delivery" (a signed one) or "github" (its API). Journals what
 * is new: a binding, or a stranger under a known login, who is refused. Writer. */
int people_seen(struct db *db, const char *login, int64_t github_id, const char *by, time_ms now,
                struct err *err);

/* What the configuration may mean the account by: adds its logins, and each team that the configuration names, to
 * `asker`. `roster` NULL: no team is known. */
struct config;
struct roster;
int people_facts(struct db *db, struct arena *arena, const struct config *config,
                 struct roster *roster, int64_t github_id, struct rights_asker *asker,
                 struct err *err);

#endif
