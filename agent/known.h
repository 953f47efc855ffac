/*
 * known: what the journal of a host says, in memory: how far each command came, and the floors (migrate.md 3, G4, G5).
 *
 * Found by id in constant time, for a busy host knows a hundred thousand of a month. What is over has some 76 bytes each: the nonce
 * goes with the word that needs it. Belongs to the journal, which locks.
 */
#ifndef SLIPWAY_AGENT_KNOWN_H
#define SLIPWAY_AGENT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent_journal.h"

/* One that a server forgot may stand behind those that it gave since: so many are told (docs/decisions/0135). */
#define KNOWN_EPOCHS 4

/* The highest epochs seen of a database, and whose they are. */
struct known_floor {
    char *database;
    struct known_epoch {
        int64_t epoch; /* 0 = none */
        char command_id[NAMES_UUID_SIZE];
    } seen[KNOWN_EPOCHS]; /* the highest first: it is the floor */
};

struct known_command;

struct known {
    struct known_command *commands; /* in the order they came */
    size_t n, cap;
    uint32_t *places; /* number in `commands` + 1, by id; 0 = free */
    size_t n_places;  /* a power of two */
    struct known_floor *floors;
    size_t n_floors;
    /* The latest start-by of a command that was forgotten; 0 = none was. What had to begin by then may have been here. */
    time_ms forgotten_until;
};

void known_deinit(struct known *known);

/* A record of the journal, written at `at`. False: the command was known before. */
bool known_note(struct known *known, const struct agent_journal_record *record, time_ms at);

/* A command that is not known yet, as it is. */
void known_put(struct known *known, const struct agent_journal_entry *entry);

#define KNOWN_NOT SIZE_MAX
size_t known_find(const struct known *known, const char *command_id); /* its number, KNOWN_NOT */
void known_entry(const struct known *known, size_t number, struct agent_journal_entry *ret_entry);
/* How far it came; NONE also for KNOWN_NOT. */
enum agent_journal_kind known_kind(const struct known *known, size_t number);

/* NULL: nothing was seen of that database. */
const struct known_floor *known_floor(const struct known *known, const char *database);
/* Nothing happens where that is not higher, or there is no database. */
void known_raise(struct known *known, const char *database, int64_t epoch, const char *command_id);

#endif
