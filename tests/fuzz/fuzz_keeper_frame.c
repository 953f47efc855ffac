/* Bytes as a stream of frames, and as a request and an answer of each verb: what is read says the same
 * after it was written and read again, and stays within its limits. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/repo/keeper_frame.h"

static void stream(struct arena *arena, const char *bytes, size_t n)
{
    struct keeper_frame frame;
    struct buf in;
    bool got = true;

    buf_init(&in, n);
    buf_add(&in, bytes, n);
    while (got && keeper_frame_take(&in, 256, 0, arena, &frame, &got, NULL) == 0)
        if (got) {
            assert(frame.len <= 256 && frame.text[frame.len] == '\0');
            n -= KEEPER_FRAME_HEAD + frame.len;
            assert(in.len == n);
        }
    buf_deinit(&in);
}

static void request(struct arena *arena, const char *bytes, size_t n)
{
    struct keeper_request first, second;
    const char *text;

    if (keeper_frame_request_read(arena, bytes, n, &first, NULL) < 0)
        return;
    assert(names_is_repo(first.source.name) && first.source.n_roots <= KEEPER_FRAME_ROOTS_MAX);
    assert(first.sha == NULL || names_is_sha40(first.sha));
    assert(first.deadline_ms > 0 && first.deadline_ms <= KEEPER_DEADLINE_MAX_MS);
    if ((text = keeper_frame_request_text(arena, &first)) == NULL)
        return;
    assert(keeper_frame_request_read(arena, text, strlen(text), &second, NULL) == 0);
    assert(first.verb == second.verb && first.max == second.max);
    assert(str_eq(first.source.url, second.source.url) && str_eq(first.known, second.known));
    assert(str_eq(first.source.branch, second.source.branch));
    assert(first.source.n_roots == second.source.n_roots);
}

static void answer(struct arena *arena, enum keeper_verb verb, const char *bytes, size_t n)
{
    struct keeper_answer first, second;
    const char *text;

    if (keeper_frame_answer_read(arena, bytes, n, verb, &first, NULL) < 0)
        return;
    assert(first.rc <= 0 && first.rc >= ERR_INTERNAL && (first.rc == 0) == (first.error == NULL));
    assert(first.line.n <= MIRROR_LINE_MAX && first.paths.n <= MIRROR_PATHS_MAX);
    assert(verb != KEEPER_FETCH || first.rc < 0 || names_is_sha40(first.tip));
    if ((text = keeper_frame_answer_text(arena, verb, &first)) == NULL)
        return;
    assert(keeper_frame_answer_read(arena, text, strlen(text), verb, &second, NULL) == 0);
    assert(first.rc == second.rc && first.line.n == second.line.n);
    assert(first.paths.n == second.paths.n && first.contains == second.contains);
    assert(str_eq(first.tip, second.tip) && str_eq(first.error, second.error));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;

    arena_init(&arena);
    stream(&arena, (const char *)bytes, n);
    request(&arena, (const char *)bytes, n);
    for (int verb = 0; verb < KEEPER_VERBS; verb++)
        answer(&arena, (enum keeper_verb)verb, (const char *)bytes, n);
    arena_deinit(&arena);
    return 0;
}
