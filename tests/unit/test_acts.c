/*
 * Every act of the API, by the table in tests/support/acts.h: its line in the journal (A5), what a dry run leaves,
 * and that who may not gets nothing by any way in (A4, T25).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "server/flow/people.h"
#include "tests/support/acts.h"
#include "tests/support/raw_http.h"

static struct stop_room room;
static struct tries *tries; /* of the room, while they do not count */

static int up(void **state)
{
    (void)state;
    acts_room_up(&room);
    return 0;
}

static int down(void **state)
{
    (void)state;
    if (tries != NULL)
        room.api.api.tries = tries;
    tries = NULL;
    stop_room_down(&room);
    return 0;
}

static bool changes(const struct route *route)
{
    return !str_eq(route->method, "GET") && str_starts(route->pattern, "/api/");
}

static void every_route_that_changes_something_has_its_example(void **state)
{
    int missing = 0;

    (void)state;
    for (size_t i = 0; i < n_routes; i++)
        if (changes(&routes[i]) && acts_of(routes[i].name) == NULL) {
            print_error("%s has no line in tests/support/acts.c\n", routes[i].name);
            missing++;
        }
    assert_int_equal(missing, 0);
    for (size_t i = 0; i < n_acts; i++)
        assert_true(changes(acts_route(&acts[i])));
}

/* The newest line; false if its act is another. */
static bool newest(const char *act, char *actor, char *way, char *reason, size_t size)
{
    struct journal_entry *items;
    struct arena arena;
    size_t n;
    bool found = false;

    arena_init(&arena);
    assert_int_equal(store_journal_list(room.flow.db, &arena, 0, 20, &items, &n, NULL), 0);
    for (size_t i = 0; i < n && !found; i++) {
        found = str_eq(items[i].act, act);
        snprintf(actor, size, "%s", items[i].actor);
        snprintf(way, size, "%s", items[i].way);
        snprintf(reason, size, "%s", items[i].reason != NULL ? items[i].reason : "");
    }
    arena_deinit(&arena);
    return found;
}

static bool says_why(const struct act *act)
{
    return (act->body != NULL && strstr(act->body, "\"reason\"") != NULL) ||
           strstr(act->target, "reason=") != NULL;
}

static void A5_each_act_writes_who_by_which_way_and_why(void **state)
{
    char uid[32], actor[200], way[200], reason[200];

    (void)state;
    snprintf(uid, sizeof(uid), "uid:%lld", (long long)getuid());
    for (size_t i = 0; i < n_acts; i++) {
        const struct act *act = &acts[i];
        int64_t before = acts_journal_rows(&room);
        uint64_t jobs = writer_counts(room.api.writer).jobs;

        acts_do(&room, act);
        /* One transaction for the act and its line: whenever the server is killed, both are there or neither. */
        if (writer_counts(room.api.writer).jobs != jobs + 1)
            fail_msg("%s took %d transactions", act->route,
                     (int)(writer_counts(room.api.writer).jobs - jobs));
        if (acts_journal_rows(&room) <= before ||
            !newest(act->line, actor, way, reason, sizeof(actor)))
            fail_msg("%s wrote no line %s", act->route, act->line);
        assert_string_equal(actor, uid);
        assert_string_equal(way, "cli");
        if (says_why(act) != (reason[0] != '\0'))
            fail_msg("%s: the reason is not in the journal", act->route);
    }
}

static void a_dry_run_of_any_act_answers_and_leaves_nothing(void **state)
{
    char before[65], after[65], target[256];

    (void)state;
    for (size_t i = 0; i < n_acts; i++) {
        const struct act *act = &acts[i];
        int64_t rows = acts_journal_rows(&room);
        struct stop_answer a;

        acts_store_digest(&room, before);
        snprintf(target, sizeof(target), "%s%cdry-run=1", act->target,
                 strchr(act->target, '?') != NULL ? '&' : '?');
        a = acts_ask(&room, NULL, act, target);
        if (a.status >= 300)
            fail_msg("%s: %d, %s", act->route, a.status, json_str(a.json, "detail"));
        stop_room_answered(&a);
        acts_store_digest(&room, after);
        if (strcmp(before, after) != 0 || acts_journal_rows(&room) != rows)
            fail_msg("a dry run of %s left something", act->route);
        acts_do(&room, act);
        acts_store_digest(&room, after);
        if (strcmp(before, after) == 0)
            fail_msg("%s changed nothing", act->route); /* or the digest does not see it */
    }
}

/* Who has no JavaScript is told, too: in acme/shop east something has stopped. */
static void P5_plain_text_lists_what_may_be_done(void **state)
{
    static const char ask[] = "GET /status.txt?lang=en HTTP/1.1\r\nHost: h\r\n\r\n";
    struct raw_answer *answer =
        raw_http_ask(http_server_address(room.api.server, LISTENER_WEB), ask, sizeof(ask) - 1);

    (void)state;
    assert_int_equal(answer->status, 200);
    assert_non_null(strstr(answer->body, "Stopped since"));
    assert_non_null(strstr(answer->body, "May decide: ken (right operate)"));
    assert_non_null(strstr(answer->body, "        slipway cancel acme/shop east\n"));
    free(answer);
}

/* Which token ---------------------------------------------------------------------------------- */

static int add_ken(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return people_seen(db, "ken", 31, "delivery", 1000, err);
}

/* A token that was made with that body; its secret. */
static void make_token(const char *body, char *secret, size_t size)
{
    struct stop_answer a = stop_room_ask(&room, NULL, "POST", "/api/v1/tokens", body);

    assert_int_equal(a.status, 201);
    snprintf(secret, size, "%s", json_str(a.json, "token"));
    stop_room_answered(&a);
}

static void holds_by(const char *secret, const char *actor, const char *way)
{
    char is_actor[200], is_way[200], reason[200];
    const struct act *act = acts_of("hold_add");
    struct stop_answer a = acts_ask(&room, secret, act, act->target);

    assert_int_equal(a.status, act->status);
    stop_room_answered(&a);
    assert_true(newest(act->line, is_actor, is_way, reason, sizeof(is_actor)));
    assert_string_equal(is_actor, actor);
    assert_string_equal(is_way, way);
}

/* Also where it stands for a person, who may have several; and one that has its name anew is another one. */
static void A5_an_act_by_a_token_names_the_token_and_never_its_secret(void **state)
{
    char secret[3][128];
    struct stop_answer a;

    (void)state;
    api_room_write(&room.api, add_ken, NULL);
    make_token("{\"name\":\"bot\",\"rights\":[\"operate\"]}", secret[0], sizeof(secret[0]));
    make_token("{\"name\":\"laptop\",\"login\":\"ken\"}", secret[1], sizeof(secret[1]));
    holds_by(secret[0], "token:bot", "api:token:1:bot");
    holds_by(secret[1], "github:31:ken", "api:token:2:laptop");
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", "/api/v1/tokens/bot", NULL), 200);
    make_token("{\"name\":\"bot\",\"rights\":[\"operate\"]}", secret[2], sizeof(secret[2]));
    holds_by(secret[2], "token:bot", "api:token:3:bot");
    a = stop_room_ask(&room, NULL, "GET", "/api/v1/audit?limit=500", NULL);
    assert_int_equal(a.status, 200);
    for (const struct cJSON *row = json_first(json_array(a.json, "rows")); row != NULL;
         row = json_next(row))
        for (int i = 0; i < 3; i++) {
            assert_null(strstr(json_str(row, "actor"), secret[i] + 8));
            assert_null(strstr(json_str(row, "way"), secret[i] + 8));
            if (json_str(row, "reason") != NULL)
                assert_null(strstr(json_str(row, "reason"), secret[i] + 8));
        }
    stop_room_answered(&a);
}

/* Those who may not ---------------------------------------------------------------------------- */

struct way {
    const char *name;
    const char *make; /* body that makes its token; NULL = "" as it is */
    int status;       /* that every act answers */
    char token[128];
};

static struct way ways[] = {
    {.name = "no token", .status = 401},
    {.name = "a token that is none", .status = 401, .token = "slipway_guess"},
    {.name = "one that may look", .make = "{\"name\":\"w1\",\"rights\":[\"view\"]}", .status = 403},
    {.name = "one that may approve",
     .make = "{\"name\":\"w2\",\"rights\":[\"approve-code\",\"approve-content\"]}",
     .status = 403},
    {.name = "one of elsewhere",
     .make =
         "{\"name\":\"w3\",\"rights\":[\"admin\",\"operate\",\"hotfix\"],\"scope\":\"acme/other\"}",
     .status = 403},
    {.name = "the calendar's", .make = "{\"name\":\"w4\",\"rights\":[\"feed\"]}", .status = 403},
    {.name = "a person without the right",
     .make = "{\"name\":\"w5\",\"login\":\"sam\"}",
     .status = 403},
    {.name = "one whose time is over",
     .make = "{\"name\":\"w6\",\"rights\":[\"admin\",\"operate\",\"hotfix\"],\"for\":\"1m\"}",
     .status = 401},
    {.name = "one that was ended",
     .make = "{\"name\":\"w7\",\"rights\":[\"admin\",\"operate\",\"hotfix\"]}",
     .status = 401},
};
#define N_WAYS (sizeof(ways) / sizeof(*ways))
#define WAY_THAT_MAY_APPROVE 3

/* Who may approve is denied all but what takes that right. */
static bool may(const struct way *way, const struct act *act)
{
    enum right right = acts_route(act)->right;

    return way == &ways[WAY_THAT_MAY_APPROVE] &&
           (right == RIGHT_APPROVE_CODE || right == RIGHT_APPROVE_CONTENT);
}

static int add_sam(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return people_seen(db, "sam", 30, "delivery", 1000, err);
}

/* Tokens of all of them; each was used once, so that nothing is left to note of it. */
static void make_ways(void)
{
    tries = room.api.api.tries;
    room.api.api.tries = NULL; /* T45 is tested elsewhere; here it would answer for the policy */
    api_room_write(&room.api, add_sam, NULL);
    for (size_t i = 0; i < N_WAYS; i++) {
        struct stop_answer a;
        if (ways[i].make == NULL)
            continue;
        a = stop_room_ask(&room, NULL, "POST", "/api/v1/tokens", ways[i].make);
        assert_int_equal(a.status, 201);
        snprintf(ways[i].token, sizeof(ways[i].token), "%s", json_str(a.json, "token"));
        stop_room_answered(&a);
        stop_room_status(&room, ways[i].token, "GET", "/api/v1/status", NULL);
    }
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", "/api/v1/tokens/w7", NULL), 200);
    stop_room_at(&room, "14:02");
}

/* Over the cli socket as somebody else than root and the server's user. */
static int status_of_other_user(const struct act *act)
{
    int told[2], status = 0;
    pid_t child;

    if (geteuid() != 0) { /* then the server is somebody else */
        uid_t own = room.api.api.uid;
        struct stop_answer a;
        room.api.api.uid = own + 1;
        a = acts_ask(&room, NULL, act, act->target);
        room.api.api.uid = own;
        status = a.status;
        stop_room_answered(&a);
        return status;
    }
    assert_int_equal(chmod(room.api.folder, 0711), 0);
    assert_int_equal(chmod(room.api.cli, 0666), 0);
    assert_int_equal(pipe(told), 0);
    child = fork();
    if (child == 0) {
        struct stop_answer a;
        if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
            _exit(1);
        a = stop_room_ask(&room, NULL, acts_route(act)->method, act->target, act->body);
        _exit(write(told[1], &a.status, sizeof(a.status)) != (ssize_t)sizeof(a.status));
    }
    close(told[1]);
    if (read(told[0], &status, sizeof(status)) != (ssize_t)sizeof(status))
        status = -1;
    close(told[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return status;
}

/* Its detail says who may do it, or where one gets what it takes. */
static void tells(const struct act *act, const struct way *way, const struct stop_answer *a)
{
    const char *detail = json_str(a->json, "detail");

    if (detail == NULL || strstr(detail, a->status == 401 ? "token" : "it takes the right") == NULL)
        fail_msg("%s, %s: %s", act->route, way->name, detail != NULL ? detail : "-");
    assert_non_null(json_str(a->json, "id"));
}

static void T25_the_same_denied_case_through_every_way_in(void **state)
{
    char before[65], after[65];

    (void)state;
    make_ways();
    for (size_t i = 0; i < n_acts; i++) {
        const struct act *act = &acts[i];

        acts_store_digest(&room, before);
        for (size_t k = 0; k < N_WAYS; k++) {
            struct stop_answer a;
            if (may(&ways[k], act))
                continue;
            a = acts_ask(&room, ways[k].token, act, act->target);
            if (a.status != ways[k].status)
                fail_msg("%s, %s: %d", act->route, ways[k].name, a.status);
            tells(act, &ways[k], &a);
            stop_room_answered(&a);
        }
        assert_int_equal(status_of_other_user(act), 403);
        acts_store_digest(&room, after);
        assert_string_equal(before, after);
    }
}

/* Any order of any acts with any body ----------------------------------------------------------- */

static unsigned seed;

static size_t below(size_t n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

static const char *any_body(void)
{
    static const char *const odd[] = {"{}", "", "[]", "{\"reason\":\"x\",\"dry_run\":true}",
                                      "{\"environment\":\"production\",\"reason\":\"x\"}"};

    return below(3) == 0 ? odd[below(sizeof(odd) / sizeof(*odd))] : acts[below(n_acts)].body;
}

static void any_act_by_those_who_may_not(void)
{
    const struct act *act = &acts[below(n_acts)];
    const struct way *drawn = &ways[below(N_WAYS)], *way = may(drawn, act) ? &ways[0] : drawn;
    const char *body = below(2) == 0 ? act->body : any_body();
    char target[256];
    int status;

    snprintf(target, sizeof(target), "%s%s", act->target,
             below(4) != 0                      ? ""
             : strchr(act->target, '?') != NULL ? "&dry-run=0"
                                                : "?dry-run=0");
    status = stop_room_status(&room, way->token, acts_route(act)->method, target, body);
    if (status < 400 || status >= 500)
        fail_msg("%s, %s, body %s: %d", act->route, way->name, body != NULL ? body : "-", status);
}

static void A4_no_sequence_of_acts_without_the_right_changes_anything_but_the_journal(void **state)
{
    /* SLIPWAY_SEQUENCES=N for more; the store is looked at after each ten. */
    const char *wanted = getenv("SLIPWAY_SEQUENCES");
    int runs = wanted != NULL                        ? (int)strtol(wanted, NULL, 10)
               : str_eq(getenv("SLIPWAY_DEEP"), "1") ? 20000
                                                     : 1000;
    char before[65], after[65];

    (void)state;
    make_ways();
    acts_do(&room, acts_of("hold_add")); /* so that there is something to undo */
    acts_do(&room, acts_of("freeze_add"));
    acts_do(&room, acts_of("release_wish"));
    acts_do(&room, acts_of("token_create"));
    acts_store_digest(&room, before);
    for (int run = 0; run < runs; run++) {
        seed = (unsigned)run * 7919 + 1;
        for (size_t i = 1 + below(4); i > 0; i--)
            any_act_by_those_who_may_not();
        if (run % 10 != 9)
            continue;
        acts_store_digest(&room, after);
        if (strcmp(before, after) != 0)
            fail_msg("one of sequences %d to %d changed something", run - 9, run);
    }
    acts_do(&room, acts_of("baseline_declare")); /* the digest sees what changes */
    acts_store_digest(&room, after);
    assert_string_not_equal(before, after);
}

/* The flow judges only whom an act concerns. Each rings, and its line tells enough: stop_room_look() fails where somebody
 * who looks at everything finds more. Whether it may be done after those before it is no matter here. */
static void every_act_is_seen_by_whom_it_concerns(void **state)
{
    (void)state;
    stop_room_look(&room);
    for (size_t i = 0; i < n_acts; i++) {
        struct stop_answer answer = acts_ask(&room, NULL, &acts[i], acts[i].target);

        json_free(answer.json);
        stop_room_look(&room);
    }
}

#define ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_that_changes_something_has_its_example),
        ROOM(A5_each_act_writes_who_by_which_way_and_why),
        ROOM(every_act_is_seen_by_whom_it_concerns),
        ROOM(P5_plain_text_lists_what_may_be_done),
        ROOM(A5_an_act_by_a_token_names_the_token_and_never_its_secret),
        ROOM(a_dry_run_of_any_act_answers_and_leaves_nothing),
        ROOM(T25_the_same_denied_case_through_every_way_in),
        ROOM(A4_no_sequence_of_acts_without_the_right_changes_anything_but_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
