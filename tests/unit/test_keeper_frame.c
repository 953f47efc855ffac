/* keeper_frame: what is sent arrives the same, however it is cut; what has another form does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/repo/keeper_frame.h"

#define SHA_A "1111111111111111111111111111111111111111"
#define SHA_B "2222222222222222222222222222222222222222"

static struct arena arena;
static struct err err;

static int up(void **state)
{
    (void)state;
    arena_init(&arena);
    err = (struct err)ERR_INIT;
    return 0;
}

static int down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static struct keeper_request a_request(void)
{
    static const char *const roots[] = {"/srv/git", "/srv/\"more\""};

    return (struct keeper_request){.verb = KEEPER_FETCH,
                                   .source = {.folder = "/var/lib/slipway/mirrors",
                                              .name = "acme/app",
                                              .url = "https://github.com/acme/app.git",
                                              .branch = "x$(touch${IFS}y)",
                                              .roots = roots,
                                              .n_roots = 2,
                                              .authorization = "Basic eDp5",
                                              .ca_file = "/etc/ca.pem"},
                                   .known = SHA_A,
                                   .sha = SHA_B,
                                   .max = 7,
                                   .deadline_ms = 1500};
}

static void a_request_arrives_as_it_was_sent(void **state)
{
    (void)state;
    for (int verb = 0; verb < KEEPER_VERBS; verb++) {
        struct keeper_request sent = a_request(), got;
        const char *text;
        sent.verb = (enum keeper_verb)verb;
        text = keeper_frame_request_text(&arena, &sent);
        assert_int_equal(keeper_frame_request_read(&arena, text, strlen(text), &got, &err), 0);
        assert_int_equal(got.verb, verb);
        assert_string_equal(got.source.folder, sent.source.folder);
        assert_string_equal(got.source.name, sent.source.name);
        assert_string_equal(got.source.url, sent.source.url);
        assert_string_equal(got.source.branch, sent.source.branch);
        assert_string_equal(got.source.authorization, sent.source.authorization);
        assert_string_equal(got.source.ca_file, sent.source.ca_file);
        assert_int_equal(got.source.n_roots, 2);
        assert_string_equal(got.source.roots[1], sent.source.roots[1]);
        assert_string_equal(got.known, SHA_A);
        assert_string_equal(got.sha, SHA_B);
        assert_int_equal(got.max, 7);
        assert_int_equal(got.deadline_ms, 1500);
    }
}

static int reads(struct keeper_request request)
{
    const char *text = keeper_frame_request_text(&arena, &request);
    struct keeper_request got;

    return keeper_frame_request_read(&arena, text, strlen(text), &got, &err);
}

static void a_request_without_what_its_verb_needs_is_refused(void **state)
{
    struct keeper_request r;

    (void)state;
    assert_int_equal(reads(a_request()), 0);
    r = a_request(), r.source.name = "../../etc";
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.source.folder = NULL;
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.source.url = NULL;
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.source.branch = "--upload-pack=x";
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.sha = "HEAD";
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.deadline_ms = 0;
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.deadline_ms = KEEPER_DEADLINE_MAX_MS + 1;
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.verb = KEEPER_LINE, r.sha = NULL;
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.verb = KEEPER_LINE, r.known = NULL, r.source.url = NULL;
    assert_int_equal(reads(r), 0);
    r = a_request(), r.verb = KEEPER_PATHS, r.sha = NULL;
    assert_int_equal(reads(r), ERR_INVALID);
    r = a_request(), r.verb = KEEPER_CONTAINS, r.known = NULL;
    assert_int_equal(reads(r), ERR_INVALID);
}

static void a_request_too_long_for_a_frame_is_not_made(void **state)
{
    struct keeper_request r = a_request();
    char *url = malloc(KEEPER_FRAME_REQUEST_MAX + 1);

    (void)state;
    memset(url, 'x', KEEPER_FRAME_REQUEST_MAX);
    url[KEEPER_FRAME_REQUEST_MAX] = '\0';
    r.source.url = url;
    assert_null(keeper_frame_request_text(&arena, &r));
    free(url);
}

static struct mirror_commit commits[] = {{.sha = SHA_A,
                                          .committed_at = 0,
                                          .author = "\xe4\xbd\x90\xe8\x97\xa4",
                                          .author_email = "a@x",
                                          .committer_email = "",
                                          .subject = "say \"hi\""},
                                         {.sha = SHA_B,
                                          .parent_sha = SHA_A,
                                          .n_parents = 2,
                                          .committed_at = 1772362800000,
                                          .author = "B",
                                          .author_email = "b@x",
                                          .committer_email = "c@x",
                                          .subject = "",
                                          .reverts = {SHA_A},
                                          .n_reverts = 1,
                                          .makers = {"c@x", "d@x"},
                                          .n_makers = 2,
                                          .more_makers = true}};

static const char *paths[] = {"a/b", "$(id)"};

static struct keeper_answer sent_and_read(enum keeper_verb verb, const struct keeper_answer *sent)
{
    const char *text = keeper_frame_answer_text(&arena, verb, sent);
    struct keeper_answer got;

    if (text == NULL) {
        fail_msg("it does not fit into a frame");
        return *sent;
    }
    assert_int_equal(keeper_frame_answer_read(&arena, text, strlen(text), verb, &got, &err), 0);
    assert_int_equal(got.rc, sent->rc);
    return got;
}

static void an_answer_arrives_as_it_was_sent(void **state)
{
    struct keeper_answer got;

    (void)state;
    got = sent_and_read(KEEPER_FETCH, &(struct keeper_answer){.tip = SHA_A, .changed = true});
    assert_string_equal(got.tip, SHA_A);
    assert_true(got.changed);
    got = sent_and_read(KEEPER_LINE, &(struct keeper_answer){
                                         .line = {.commits = commits, .n = 2, .rewritten = true}});
    assert_int_equal(got.line.n, 2);
    assert_true(got.line.rewritten);
    assert_false(got.line.more);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(got.line.commits[i].sha, commits[i].sha);
        assert_string_equal(got.line.commits[i].parent_sha, commits[i].parent_sha);
        assert_int_equal(got.line.commits[i].n_parents, commits[i].n_parents);
        assert_int_equal(got.line.commits[i].committed_at, commits[i].committed_at);
        assert_string_equal(got.line.commits[i].author, commits[i].author);
        assert_string_equal(got.line.commits[i].author_email, commits[i].author_email);
        assert_string_equal(got.line.commits[i].committer_email, commits[i].committer_email);
        assert_string_equal(got.line.commits[i].subject, commits[i].subject);
        assert_int_equal(got.line.commits[i].n_reverts, commits[i].n_reverts);
        assert_string_equal(got.line.commits[i].reverts[0], commits[i].reverts[0]);
        assert_int_equal(got.line.commits[i].n_makers, commits[i].n_makers);
        for (size_t k = 0; k < commits[i].n_makers; k++)
            assert_string_equal(got.line.commits[i].makers[k], commits[i].makers[k]);
        assert_int_equal(got.line.commits[i].more_makers, commits[i].more_makers);
    }
    got = sent_and_read(KEEPER_PATHS, &(struct keeper_answer){
                                          .paths = {.paths = paths, .n = 2, .truncated = true}});
    assert_int_equal(got.paths.n, 2);
    assert_string_equal(got.paths.paths[1], "$(id)");
    assert_true(got.paths.truncated);
    got = sent_and_read(KEEPER_CONTAINS, &(struct keeper_answer){.contains = true});
    assert_true(got.contains);
    got = sent_and_read(KEEPER_LINE, &(struct keeper_answer){.rc = ERR_TIMEOUT, .error = "late"});
    assert_string_equal(got.error, "late");
}

static void the_largest_answers_fit_into_a_frame(void **state)
{
    struct keeper_answer a = {.rc = 0};
    struct mirror_commit worst = commits[1];
    char quotes[MIRROR_SUBJECT_MAX + 1], path[MIRROR_PATHS_BYTES / MIRROR_PATHS_MAX + 1];
    struct keeper_answer got;

    (void)state;
    memset(quotes, '"', MIRROR_SUBJECT_MAX);
    quotes[MIRROR_SUBJECT_MAX] = '\0';
    worst.subject = quotes;
    worst.n_reverts = MIRROR_REVERTS_MAX;
    for (size_t i = 0; i < MIRROR_REVERTS_MAX; i++)
        memcpy(worst.reverts[i], SHA_A, sizeof(SHA_A));
    worst.author = worst.author_email = worst.committer_email = quotes + MIRROR_PERSON_MAX;
    worst.n_makers = MIRROR_MAKERS_MAX;
    for (size_t i = 0; i < MIRROR_MAKERS_MAX; i++)
        worst.makers[i] = worst.author;
    a.line.n = MIRROR_LINE_MAX;
    a.line.commits = arena_array(&arena, a.line.n, sizeof(*a.line.commits));
    for (size_t i = 0; i < a.line.n; i++)
        a.line.commits[i] = worst;
    got = sent_and_read(KEEPER_LINE, &a);
    assert_int_equal(got.line.n, MIRROR_LINE_MAX);

    memset(path, '\1', sizeof(path) - 1); /* \u0001: six bytes for one */
    path[sizeof(path) - 1] = '\0';
    a = (struct keeper_answer){.paths.n = MIRROR_PATHS_MAX};
    a.paths.paths = arena_array(&arena, a.paths.n, sizeof(*a.paths.paths));
    for (size_t i = 0; i < a.paths.n; i++)
        a.paths.paths[i] = path;
    got = sent_and_read(KEEPER_PATHS, &a);
    assert_int_equal(got.paths.n, MIRROR_PATHS_MAX);
}

static void T51_an_answer_of_another_form_or_verb_is_refused(void **state)
{
    static const struct {
        enum keeper_verb verb;
        const char *text;
    } bad[] = {
        {KEEPER_FETCH, ""},
        {KEEPER_FETCH, "[]"},
        {KEEPER_FETCH, "{\"rc\":0}"},
        {KEEPER_FETCH, "{\"rc\":1,\"error\":\"\"}"},
        {KEEPER_FETCH, "{\"rc\":-99,\"error\":\"\"}"},
        {KEEPER_FETCH, "{\"rc\":-1}"},
        {KEEPER_FETCH, "{\"rc\":0,\"changed\":true,\"tip\":\"HEAD\"}"},
        {KEEPER_FETCH,
         "{\"rc\":0,\"changed\":true,\"tip\":\"../../../../../../../../../../../etc\"}"},
        {KEEPER_FETCH, "{\"rc\":0,\"contains\":true}"},
        {KEEPER_LINE, "{\"rc\":0,\"changed\":true,\"tip\":\"" SHA_A "\"}"},
        {KEEPER_LINE, "{\"rc\":0,\"rewritten\":false,\"more\":false}"},
        {KEEPER_LINE,
         "{\"rc\":0,\"rewritten\":false,\"more\":false,\"commits\":[{\"sha\":\"" SHA_A
         "\",\"parent\":null,\"parents\":0,\"at\":0,\"author\":\"\",\"author_email\":\"\","
         "\"committer_email\":\"\",\"subject\":\"\",\"reverts\":[\"HEAD\"],\"makers\":[],"
         "\"more_makers\":false}]}"},
        {KEEPER_LINE,
         "{\"rc\":0,\"rewritten\":false,\"more\":false,\"commits\":[{\"sha\":\"" SHA_A
         "\",\"parent\":null,\"parents\":0,\"at\":0,\"author\":\"\",\"author_email\":\"\","
         "\"committer_email\":\"\",\"subject\":\"\",\"reverts\":[]}]}"},
        {KEEPER_LINE,
         "{\"rc\":0,\"rewritten\":false,\"more\":false,\"commits\":[{\"sha\":\"" SHA_A
         "\",\"parent\":null,\"parents\":0,\"at\":0,\"author\":\"\",\"author_email\":\"\","
         "\"committer_email\":\"\",\"subject\":\"\",\"reverts\":[],\"makers\":[1],"
         "\"more_makers\":false}]}"},
        {KEEPER_LINE, "{\"rc\":0,\"rewritten\":false,\"more\":false,\"commits\":[{}]}"},
        {KEEPER_LINE, "{\"rc\":0,\"rewritten\":false,\"more\":false,\"commits\":[1]}"},
        {KEEPER_PATHS, "{\"rc\":0,\"truncated\":false}"},
        {KEEPER_PATHS, "{\"rc\":0,\"truncated\":false,\"paths\":[1]}"},
        {KEEPER_PATHS, "{\"rc\":0,\"paths\":[]}"},
        {KEEPER_CONTAINS, "{\"rc\":0,\"contains\":1}"},
    };
    struct keeper_answer got;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(keeper_frame_answer_read(&arena, bad[i].text, strlen(bad[i].text),
                                                  bad[i].verb, &got, &err),
                         ERR_INVALID);
}

static void more_commits_or_paths_than_can_be_are_refused(void **state)
{
    struct keeper_answer a = {.paths.n = MIRROR_PATHS_MAX + 1}, got;
    const char *text;

    (void)state;
    a.paths.paths = arena_array(&arena, a.paths.n, sizeof(*a.paths.paths));
    for (size_t i = 0; i < a.paths.n; i++)
        a.paths.paths[i] = "x";
    text = keeper_frame_answer_text(&arena, KEEPER_PATHS, &a);
    assert_int_equal(keeper_frame_answer_read(&arena, text, strlen(text), KEEPER_PATHS, &got, &err),
                     ERR_INVALID);
    a = (struct keeper_answer){.line.n = MIRROR_LINE_MAX + 1};
    a.line.commits = arena_array(&arena, a.line.n, sizeof(*a.line.commits));
    for (size_t i = 0; i < a.line.n; i++)
        a.line.commits[i] = commits[0];
    text = keeper_frame_answer_text(&arena, KEEPER_LINE, &a);
    assert_int_equal(keeper_frame_answer_read(&arena, text, strlen(text), KEEPER_LINE, &got, &err),
                     ERR_INVALID);
}

static void frames_are_whole_however_the_bytes_come(void **state)
{
    struct buf all, in;
    struct keeper_frame frame;
    int taken = 0;
    bool got;

    (void)state;
    buf_init(&all, 1000);
    buf_init(&in, 1000);
    keeper_frame_put(&all, 1, "one", 3);
    keeper_frame_put(&all, UINT64_MAX, "", 0);
    keeper_frame_put(&all, 3, "three", 5);
    for (size_t i = 0; i < all.len; i++) {
        buf_add(&in, all.data + i, 1);
        assert_int_equal(keeper_frame_take(&in, 100, 0, &arena, &frame, &got, &err), 0);
        if (!got)
            continue;
        taken++;
        assert_int_equal(frame.id, taken == 1 ? 1 : taken == 2 ? UINT64_MAX : 3);
        assert_string_equal(frame.text, taken == 1 ? "one" : taken == 2 ? "" : "three");
        assert_int_equal(frame.len, strlen(frame.text));
    }
    assert_int_equal(taken, 3);
    assert_int_equal(in.len, 0);
    buf_deinit(&in);
    buf_deinit(&all);
}

static void a_frame_is_found_by_its_id_and_the_others_stay(void **state)
{
    struct keeper_frame frame;
    struct buf in;
    bool got;

    (void)state;
    buf_init(&in, 1000);
    keeper_frame_put(&in, 1, "one", 3);
    keeper_frame_put(&in, 2, "two", 3);
    keeper_frame_put(&in, 3, "three", 5);
    assert_int_equal(keeper_frame_take(&in, 100, 4, &arena, &frame, &got, &err), 0);
    assert_false(got);
    assert_int_equal(keeper_frame_take(&in, 100, 2, &arena, &frame, &got, &err), 0);
    assert_true(got);
    assert_string_equal(frame.text, "two");
    assert_int_equal(keeper_frame_take(&in, 100, 0, &arena, &frame, &got, &err), 0);
    assert_string_equal(frame.text, "one");
    assert_int_equal(keeper_frame_take(&in, 100, 0, &arena, &frame, &got, &err), 0);
    assert_string_equal(frame.text, "three");
    buf_deinit(&in);
}

static void T51_a_length_is_judged_before_its_bytes_come(void **state)
{
    static const unsigned char head[KEEPER_FRAME_HEAD] = {0xff, 0xff, 0xff, 0xff, 1};
    struct keeper_frame frame;
    struct buf in;
    bool got;

    (void)state;
    buf_init(&in, 1000);
    buf_add(&in, head, sizeof(head));
    assert_int_equal(keeper_frame_take(&in, KEEPER_FRAME_ANSWER_MAX, 0, &arena, &frame, &got, &err),
                     ERR_INVALID);
    buf_deinit(&in);
}

static void what_a_socket_does_not_take_waits_and_its_end_is_seen(void **state)
{
    size_t n = (size_t)2 << 20;
    char *big = malloc(n);
    struct keeper_frame frame;
    struct buf out, in;
    bool got = false;
    int fds[2];

    (void)state;
    memset(big, 'x', n);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    buf_init(&out, 3 * n);
    buf_init(&in, 3 * n);
    assert_int_equal(keeper_frame_fill(&in, fds[1]), ERR_BUSY);
    keeper_frame_put(&out, 9, big, n);
    assert_int_equal(keeper_frame_flush(&out, fds[0]), 0);
    assert_true(out.len > 0); /* more than a socket holds */
    while (!got) {
        int rc = keeper_frame_fill(&in, fds[1]);
        assert_true(rc == 0 || rc == ERR_BUSY);
        assert_int_equal(keeper_frame_flush(&out, fds[0]), 0);
        assert_int_equal(keeper_frame_take(&in, n, 0, &arena, &frame, &got, &err), 0);
    }
    assert_int_equal(frame.len, n);
    assert_memory_equal(frame.text, big, n);
    assert_int_equal(out.len, 0);
    close(fds[1]);
    assert_int_equal(keeper_frame_fill(&in, fds[0]), ERR_UNREACHABLE);
    keeper_frame_put(&out, 9, "x", 1);
    assert_int_equal(keeper_frame_flush(&out, fds[0]), ERR_UNREACHABLE);
    close(fds[0]);
    buf_deinit(&in);
    buf_deinit(&out);
    free(big);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_arrives_as_it_was_sent),
        TEST(a_request_without_what_its_verb_needs_is_refused),
        TEST(a_request_too_long_for_a_frame_is_not_made),
        TEST(an_answer_arrives_as_it_was_sent),
        TEST(the_largest_answers_fit_into_a_frame),
        TEST(T51_an_answer_of_another_form_or_verb_is_refused),
        TEST(more_commits_or_paths_than_can_be_are_refused),
        TEST(frames_are_whole_however_the_bytes_come),
        TEST(a_frame_is_found_by_its_id_and_the_others_stay),
        TEST(T51_a_length_is_judged_before_its_bytes_come),
        TEST(what_a_socket_does_not_take_waits_and_its_end_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
