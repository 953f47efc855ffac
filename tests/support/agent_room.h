/*
 * agent_room: a real slipway-agent in a folder of its own, with a scripted door in front of it.
 *
 * One per test program, put up by each test and cleared away after it, also after one that failed.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_AGENT_ROOM_H
#define SLIPWAY_TESTS_SUPPORT_AGENT_ROOM_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/door_double.h"

#define AGENT_ROOM_LONG_S 20 /* for what takes a moment on a busy machine */

struct agent_room {
    struct door_double door;
    char folder[128]; /* removed at the end; scripts know it as $FOLDER */
    char state[160];
    char log[160];
    const char *program; /* path of slipway-agent */
    pid_t agent;         /* 0 = none runs */
};
extern struct agent_room agent_room;

/* A door, and with `registers` a host that is registered there. Fails the test if anything does. */
void agent_room_up(bool registers);
void agent_room_down(void);             /* the end of a test that went well */
int agent_room_tear_down(void **state); /* after one that failed */

/* The program with these arguments, argv[0] included; its exit code, -1 = it did not end in time. */
pid_t agent_room_program(char *const argv[]);
int agent_room_exit(pid_t pid, int seconds);
#define AGENT_ROOM_ARGS(...) ((char *[]){(char[]){"slipway-agent"}, __VA_ARGS__, NULL})
#define AGENT_ROOM_WORD(text) ((char[]){text})

int agent_room_register(char *key, char *code); /* exit code */
void agent_room_start(void);
void agent_room_kill(void); /* -9 */
int agent_room_stop(void);  /* SIGTERM; exit code */
/* Pid of the supervisor of the journal's last `started`. */
pid_t agent_room_supervisor(void);

char *agent_room_text(const char *path); /* of a whole file, "" if there is none; free() */
bool agent_room_says(const char *folder, const char *name, const char *wanted);
size_t agent_room_lines(const char *name); /* of a file in the folder */
bool agent_room_wait_lines(const char *name, size_t n);
/* Until the agent knows that the door has its last word. */
void agent_room_wait_reported(void);

/* A step with $FOLDER, and a script of one step that is sent at once; gives the command's id. */
struct document_step agent_room_script(const char *name, const char *text);
const char *agent_room_send(const char *text);
/* A line of a script: lines of the file `runs` are how often it ran. */
#define AGENT_ROOM_COUNT "echo once >> \"$FOLDER/runs\"\n"

/* It was declined, with these words, and nothing ran. */
void agent_room_expect_declined(const char *command_id, const char *why);

#endif
