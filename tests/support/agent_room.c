/* agent_room: see agent_room.h. */
#include "tests/support/agent_room.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/file.h"

#define PROGRAM SLIPWAY_BUILD_DIR "/slipway-agent"

struct agent_room agent_room;

/* The agent ------------------------------------------------------------------------------------ */

int agent_room_exit(pid_t pid, int seconds)
{
    int status;

    for (int i = 0; i < seconds * 50; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        (void)poll(NULL, 0, 20);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

pid_t agent_room_program(char *const argv[])
{
    pid_t pid = fork();

    if (pid == 0) {
        int fd = open(agent_room.log, O_WRONLY | O_CREAT | O_APPEND, 0600);

        (void)setenv("AGENTS_OWN_SECRET", "not for scripts", 1);
        dup2(fd, 1);
        dup2(fd, 2);
        execv(agent_room.program, argv);
        _exit(99);
    }
    return pid;
}

int agent_room_register(char *key, char *code)
{
    char id[] = "11111111-2222-4333-8444-555555555555";

    return agent_room_exit(agent_room_program(AGENT_ROOM_ARGS(
                               AGENT_ROOM_WORD("--register"), AGENT_ROOM_WORD("--url"),
                               agent_room.door.url, AGENT_ROOM_WORD("--id"), id,
                               AGENT_ROOM_WORD("--code"), code, AGENT_ROOM_WORD("--key"), key,
                               AGENT_ROOM_WORD("--store"), agent_room.door.store_id,
                               AGENT_ROOM_WORD("--state"), agent_room.state)),
                           AGENT_ROOM_LONG_S);
}

void agent_room_start(void)
{
    agent_room.agent =
        agent_room_program(AGENT_ROOM_ARGS(AGENT_ROOM_WORD("--state"), agent_room.state));
}

void agent_room_kill(void)
{
    kill(agent_room.agent, SIGKILL);
    (void)agent_room_exit(agent_room.agent, AGENT_ROOM_LONG_S);
    agent_room.agent = 0;
}

int agent_room_stop(void)
{
    int code;

    kill(agent_room.agent, SIGTERM);
    code = agent_room_exit(agent_room.agent, AGENT_ROOM_LONG_S);
    agent_room.agent = 0;
    return code;
}

char *agent_room_text(const char *path)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t len;

    if (file_read_all(path, 16 * 1024 * 1024, &text, &len, &err) < 0)
        text = strdup("");
    return text;
}

bool agent_room_says(const char *folder, const char *name, const char *wanted)
{
    char path[512];
    char *text;
    bool says;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    text = agent_room_text(path);
    says = strstr(text, wanted) != NULL;
    free(text);
    return says;
}

size_t agent_room_lines(const char *name)
{
    char path[512];
    char *text;
    size_t n = 0;

    snprintf(path, sizeof(path), "%s/%s", agent_room.folder, name);
    text = agent_room_text(path);
    for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
        n++;
    free(text);
    return n;
}

bool agent_room_wait_lines(const char *name, size_t n)
{
    for (int i = 0; i < AGENT_ROOM_LONG_S * 50; i++) {
        if (agent_room_lines(name) >= n)
            return true;
        (void)poll(NULL, 0, 20);
    }
    return false;
}

/* Until the agent knows that the door has its last word. */
void agent_room_wait_reported(void)
{
    for (int i = 0; i < AGENT_ROOM_LONG_S * 50; i++) {
        if (agent_room_says(agent_room.state, "journal", "\"kind\":\"reported\""))
            return;
        (void)poll(NULL, 0, 20);
    }
    fail_msg("nothing was reported");
}

/* Pid of the supervisor of the journal's last `started`. */
pid_t agent_room_supervisor(void)
{
    char path[512];
    char *text, *at = NULL, *p;
    pid_t pid = 0;

    snprintf(path, sizeof(path), "%s/journal", agent_room.state);
    text = agent_room_text(path);
    for (p = text; (p = strstr(p, "\"pid\":")) != NULL; p++)
        at = p;
    if (at != NULL)
        pid = (pid_t)strtol(at + 6, NULL, 10);
    free(text);
    return pid;
}

void agent_room_up(bool registers)
{
    const char *tmp = getenv("TMPDIR");

    memset(&agent_room, 0, sizeof(agent_room));
    agent_room.program = PROGRAM;
    snprintf(agent_room.folder, sizeof(agent_room.folder), "%.80s/slipway-agent-XXXXXX",
             tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(agent_room.folder));
    snprintf(agent_room.state, sizeof(agent_room.state), "%s/state", agent_room.folder);
    snprintf(agent_room.log, sizeof(agent_room.log), "%s/log", agent_room.folder);
    door_double_up(&agent_room.door);
    if (registers)
        assert_int_equal(agent_room_register(agent_room.door.key_text,
                                             AGENT_ROOM_WORD("good-code")),
                         0);
}

static void clean_up(void)
{
    char command[256];

    if (agent_room.folder[0] == '\0')
        return;
    if (getenv("SLIPWAY_TEST_LOG") != NULL) {
        char *text = agent_room_text(agent_room.log);

        fprintf(stderr, "%s\n", text);
        free(text);
    }
    door_double_down(&agent_room.door);
    snprintf(command, sizeof(command), "rm -rf '%s'", agent_room.folder);
    agent_room.folder[0] = '\0';
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): a name that mkdtemp made
}

/* The end of a test that went well. */
void agent_room_down(void)
{
    if (agent_room.agent > 0)
        assert_int_equal(agent_room_stop(), 0);
    assert_int_equal(atomic_load(&agent_room.door.unsigned_calls), 0);
    clean_up();
}

/* After one that failed. */
int agent_room_tear_down(void **state)
{
    (void)state;
    if (agent_room.agent > 0)
        agent_room_kill();
    clean_up();
    return 0;
}

/* Documents ------------------------------------------------------------------------------------- */

static struct config_pair variables[] = {{"FOLDER", ""}, {"PATH", "/tmp"}, {"LANG", "C"}};

struct document_step agent_room_script(const char *name, const char *text)
{
    variables[0].value = agent_room.folder;
    return (struct document_step){.action = DOCUMENT_RUN,
                                  .name = name,
                                  .script = text,
                                  .working_directory = "",
                                  .run_as = "",
                                  .timeout_s = 60,
                                  .environment = {.items = variables, .n = 3}};
}

/* One step; gives the command's id. */
const char *agent_room_send(const char *text)
{
    struct document_step step = agent_room_script("only", text);
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    struct envelope e = door_double_envelope(&agent_room.door);

    door_double_send(&agent_room.door, &e, &document);
    return e.command_id;
}

void agent_room_expect_declined(const char *command_id, const char *why)
{
    const struct door_double_word *word =
        door_double_wait(&agent_room.door, command_id, MESSAGE_REPLY_DECLINED, AGENT_ROOM_LONG_S);

    assert_non_null(word);
    if (strstr(word->reply.reason, why) == NULL)
        fail_msg("declined with: %s", word->reply.reason);
    assert_int_equal(word->reply.status, INVOCATION_FAILED);
    assert_int_equal(door_double_count(&agent_room.door, command_id, MESSAGE_REPLY_STARTED), 0);
    assert_int_equal(agent_room_lines("runs"), 0);
}
