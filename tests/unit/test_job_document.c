/* job_document: a probe asks in the place of the step that it stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/config/config_read.h"
#include "lib/ssm/document.h"
#include "server/flow/job_document.h"

static const char text[] =
    "version: 1\n"
    "github: { webhook-secret-files: [secret] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    run-as: deploy\n"
    "    environments: { stage: { on: merge, roles: { web: { agent: { hosts: [a] } } } } }\n"
    "    jobs:\n"
    "      shipped:\n"
    "        runs-on: [web]\n"
    "        once: queue\n"
    "        env: { DATABASE_URL: default-db, LANG: C }\n"
    "        steps:\n"
    "          - { uses: fetch, run-as: git }\n"
    "          - uses: migrate\n"
    "            with: { tool: rails }\n"
    "            env: { DATABASE_URL: queue-db }\n"
    "            run-as: queue\n"
    "            working-directory: /srv/queue\n"
    "      own:\n"
    "        runs-on: [web]\n"
    "        once: main\n"
    "        probe: { run: bin/probe }\n"
    "        steps: [{ uses: fetch, run-as: git }, { run: bin/db, env: { DATABASE_URL: main-db } }]\n";

static void parse(struct arena *arena, const char *document, struct document *ret)
{
    struct err err = ERR_INIT;

    if (document_parse(arena, document, strlen(document), ret, &err) < 0)
        fail_msg("%s", err.text);
}

/* The probe of the job `number` has user, folder and every variable of that step. */
static void stands_in_place(const struct config_repo *repo, size_t number, size_t step)
{
    struct arena arena;
    struct document job, probe;
    const struct document_step *asks, *asked;
    const char *text_of;
    char digest[DIGEST_HEX_SIZE];
    struct err err = ERR_INIT;

    arena_init(&arena);
    assert_int_equal(job_document_make(&arena, repo, &repo->jobs[number], &text_of, digest, &err),
                     0);
    parse(&arena, text_of, &job);
    assert_int_equal(job_document_probe(&arena, repo, &repo->jobs[number], "db", &text_of, digest,
                                        &err),
                     0);
    parse(&arena, text_of, &probe);
    assert_int_equal(probe.n_steps, 1);
    asks = &probe.steps[0];
    asked = &job.steps[step];
    assert_string_equal(asks->run_as, asked->run_as);
    assert_string_equal(asks->working_directory, asked->working_directory);
    assert_int_equal(asks->environment.n, asked->environment.n);
    for (size_t i = 0; i < asked->environment.n; i++) {
        assert_string_equal(asks->environment.items[i].key, asked->environment.items[i].key);
        assert_string_equal(asks->environment.items[i].value, asked->environment.items[i].value);
    }
    arena_deinit(&arena);
}

static void M5_a_probe_asks_in_the_place_of_the_step_that_migrates(void **state)
{
    struct arena arena;
    struct problems problems;
    struct config *config = NULL;
    struct err err = ERR_INIT;
    const struct config_repo *repo;

    (void)state;
    arena_init(&arena);
    problems_init(&problems, &arena);
    if (config_read_bytes(text, strlen(text), "/etc/slipway", &config, &problems, &err) < 0)
        fail_msg("%s: %s", err.text, problems.n > 0 ? problems.items[0].text : "");
    repo = config_repo(config, "acme/shop");
    stands_in_place(repo, 0, 2); /* behind fetch, and behind the check of the same document */
    stands_in_place(repo, 1, 1);
    config_free(config);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M5_a_probe_asks_in_the_place_of_the_step_that_migrates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
