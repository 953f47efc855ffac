/* story_act: what people do in a story, by the socket of the command line. Declared in story.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/httpc/httpc.h"
#include "tests/support/story.h"

/* The answer's status; its text in the story's arena. */
static int ask(struct story *s, const char *method, const char *path, const char *body,
               const char **ret_text)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Accept: application/json", "X-Slipway: cli", NULL};
    const struct httpc_request request = {.method = method,
                                          .url =
                                              arena_printf(&s->arena, "http://localhost%s", path),
                                          .headers = headers,
                                          .body = body,
                                          .body_len = body == NULL ? 0 : strlen(body),
                                          .timeout_ms = 20000,
                                          .answer_max = (size_t)4 << 20};
    struct httpc_answer answer = {.status = 0};
    struct httpc *httpc = httpc_new();
    struct err err = ERR_INIT;
    int status;

    if (httpc_send_unix(httpc, arena_printf(&s->arena, "%s/cli.sock", s->folder), &request, &answer,
                        &err) < 0)
        fail_msg("%s %s: %s", method, path, err.text);
    *ret_text = arena_strn(&s->arena, answer.body, answer.body_len);
    status = answer.status;
    httpc_answer_deinit(&answer);
    httpc_free(httpc);
    return status;
}

const char *story_ask(struct story *s, const char *method, const char *path, const char *body)
{
    const char *text;
    int status = ask(s, method, path, body, &text);

    if (status >= 400)
        fail_msg("%s %s was refused with %d: %s", method, path, status, text);
    return text;
}

void story_act(struct story *s, const char *method, const char *path, const char *body)
{
    (void)story_ask(s, method, path, body);
    story_settle(s);
}

void story_refused(struct story *s, const char *method, const char *path, const char *body,
                   int status, const char *text)
{
    const char *found;
    int is = ask(s, method, path, body, &found);

    if (is != status || strstr(found, text) == NULL)
        fail_msg("%s %s was answered with %d, expected %d with \"%s\": %s", method, path, is,
                 status, text, found);
}
