/*
 * agent_journal: what this host was told, began and ended; nothing is done before it stands here
 * (migrate.md 4, G4).
 *
 * One file, one line per record (journal_line.h), written and synced (file and folder) before the next step. The last record
 * shorter than it says was torn by a crash: dropped. A whole one with a wrong checksum, or a number that is not the next one:
 * the journal is damaged, and is set aside (observe.c).
 *
 * The first record names the journal; a new file is another journal. It grows by about a kilobyte per command, and is written
 * anew from time to time without what is long over (compact.h). Any thread; after a failed write it refuses all others, for
 * nobody knows what is on the disk.
 */
#ifndef SLIPWAY_AGENT_AGENT_JOURNAL_H
#define SLIPWAY_AGENT_AGENT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/names.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/message_floor.h"

struct pace_limit;

#define AGENT_JOURNAL_FILE "journal"

/* In the order in which a command passes through them. */
#define AGENT_JOURNAL_KINDS(X)                                                                     \
    X(AGENT_JOURNAL_NONE, "")             /* nothing is known of the command */                    \
    X(AGENT_JOURNAL_ACCEPTED, "accepted") /* claimed: nobody else here may take it */              \
    X(AGENT_JOURNAL_ASKING, "asking")     /* the permit was, or is about to be, asked for */       \
    X(AGENT_JOURNAL_STARTED, "started")   /* from here it may have run */                          \
    X(AGENT_JOURNAL_CARRIED, "carried")   /* its folder was there before this journal was */       \
    X(AGENT_JOURNAL_FINISHED, "finished") /* a definite end */                                     \
    X(AGENT_JOURNAL_DECLINED, "declined") /* will never run */                                     \
    X(AGENT_JOURNAL_REPORTED, "reported") /* the server has acknowledged how it ended */

#define AGENT_JOURNAL_ENUM(symbol, text) symbol,
enum agent_journal_kind { AGENT_JOURNAL_KINDS(AGENT_JOURNAL_ENUM) AGENT_JOURNAL_KINDS_COUNT };
const char *agent_journal_kind_text(enum agent_journal_kind kind);

/* Only what belongs to its kind is written. */
struct agent_journal_record {
    enum agent_journal_kind kind;
    const char *command_id;
    const char *envelope_digest; /* accepted: SHA-256 of the envelope's text */
    const char *database;        /* accepted, declined, carried: NULL = none */
    int64_t epoch;        /* accepted; declined, carried, where the envelope was good: 0 = none */
    int64_t floor;        /* declined for its epoch: what this host had seen; 0 = not for that */
    time_ms start_by;     /* accepted; declined, where the envelope was good: 0 = not known */
    const char *nonce;    /* asking */
    const char *boot_id;  /* started */
    int64_t pid;          /* started: of the supervisor */
    int64_t pid_started;  /* started: field 22 of /proc/PID/stat, clock ticks since boot */
    const char *status;   /* finished: Success, Failed, TimedOut */
    int64_t exit_code;    /* finished: of the last step that ran; -1 = none */
    time_ms ended_at;     /* finished */
    int64_t acknowledged; /* reported: the record number the server was told */
    const char *why;      /* declined, reported: for people; NULL */
};

/* What is known of one command. */
struct agent_journal_entry {
    char command_id[NAMES_UUID_SIZE];
    enum agent_journal_kind kind; /* of its last record */
    enum agent_journal_kind end;  /* reported: the kind before it, else NONE */
    time_ms at;                   /* of its last record */
    time_ms start_by;             /* 0 = not known */
    int64_t floor;                /* it was declined for its epoch; 0 = not for that */
    /* Of the permit it asked for; "" = it asked for none, or its end was told. */
    char nonce[NAMES_UUID_SIZE];
};

struct agent_journal;

/* Open it, or begin a new one. ERR_INVALID: it is damaged, and says where. */
int agent_journal_open(const char *state, time_ms now, struct agent_journal **ret_journal,
                       struct err *err);
void agent_journal_free(struct agent_journal *journal);

/* Rename a damaged one, so that a new one can begin. `ret_path` has where it is now. */
int agent_journal_set_aside(const char *state, time_ms now, struct arena *arena,
                            const char **ret_path, struct err *err);

bool agent_journal_is_new(const struct agent_journal *journal); /* begun by this open */
const char *agent_journal_id(const struct agent_journal *journal);
int64_t agent_journal_number(struct agent_journal *journal); /* of the newest record */

/*
 * Durable when it returns 0. ERR_CONFLICT: the kind may not follow what is there of the command; a
 * command begins once (I4). ERR_INTERNAL: it could not be written; the agent must stop.
 */
int agent_journal_add(struct agent_journal *journal, const struct agent_journal_record *record,
                      time_ms now, struct err *err);

/* False: nothing is known of it. */
bool agent_journal_find(struct agent_journal *journal, const char *command_id,
                        struct agent_journal_entry *ret_entry);

/*
 * The floor: the highest epoch that stands here for a database, and whose it is. 0: none. A host never goes below it
 * (G5). `ret_command_id` has room for NAMES_UUID_SIZE.
 */
int64_t agent_journal_floor(struct agent_journal *journal, const char *database,
                            char *ret_command_id);

/*
 * Was a command forgotten that had to begin at `start_by`, or later? Then one that is not known here, and had to begin by then, may
 * have been.
 */
bool agent_journal_forgot(struct agent_journal *journal, time_ms start_by);

/* How many commands a host may take (pace.h): what stands in the journal counts. Without it there is no limit. */
void agent_journal_limit(struct agent_journal *journal, const struct pace_limit *limit);
int64_t agent_journal_room(struct agent_journal *journal, time_ms now);
/* The same of commands that were cancelled before they came: of each a line is kept for a month, and nobody signed it. */
int64_t agent_journal_cancel_room(struct agent_journal *journal, time_ms now);

/*
 * Write it anew if so many records came, and as many as were kept the last time. `is_over`: the command has ended, was told, and has
 * no folder any more. `*ret_done`: it was. ERR_BUSY: it could not be, and goes on as it was; ERR_INTERNAL: the agent must stop.
 */
struct agent_journal_rule {
    int64_t after; /* records */
    bool (*is_over)(void *arg, const struct agent_journal_entry *entry);
    void *arg;
};
int agent_journal_compact(struct agent_journal *journal, time_ms now,
                          const struct agent_journal_rule *rule, bool *ret_done, struct err *err);

/* The highest ones of `database` (NULL = of each), each database's highest first, at most `max` in all. In the arena. */
void agent_journal_floors(struct agent_journal *journal, struct arena *arena, const char *database,
                          size_t max, struct message_floor **ret_floors, size_t *ret_n);

/* All commands that are not reported, in the order they came. */
void agent_journal_open_commands(struct agent_journal *journal, struct arena *arena,
                                 struct agent_journal_entry **ret_entries, size_t *ret_n);

#endif
