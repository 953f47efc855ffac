/* config: slipway.yml and the files of conf.d beside it are one configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/str.h"
#include "lib/config/config_read.h"

#define REPO(name)                                                                                 \
    "repos:\n"                                                                                     \
    "  acme/" name ":\n"                                                                           \
    "    mirror: file:///srv/git/acme/" name ".git\n"                                              \
    "    root: /srv/" name "\n"                                                                    \
    "    environments:\n"                                                                          \
    "      stage: { on: merge, roles: { web: { agent: { hosts: [a] } } } }\n"                      \
    "    jobs:\n"                                                                                  \
    "      web: { runs-on: [web], steps: [{ uses: fetch }, { uses: activate }] }\n"
#define HEAD                                                                                       \
    "version: 1\n"                                                                                 \
    "github: { webhook-secret-files: [webhook-secret] }\n"                                         \
    "mirror-roots: [/srv/git]\n"

/* A folder with slipway.yml and conf.d/more.yml, and what reading it gave. */
struct folder {
    char path[512];
    struct arena arena;
    struct problems problems;
    struct config *config;
    struct err err;
    int rc;
};

static const char *in(struct folder *f, const char *name)
{
    return arena_printf(&f->arena, "%s/%s", f->path, name);
}

static void write_text(struct folder *f, const char *name, const char *text)
{
    assert_int_equal(file_write_atomic(in(f, name), text, strlen(text), 0600, NULL), 0);
}

static void read_folder(struct folder *f, const char *first, const char *more)
{
    memset(f, 0, sizeof(*f));
    arena_init(&f->arena);
    problems_init(&f->problems, &f->arena);
    snprintf(f->path, sizeof(f->path), "%s/slipway-config-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(f->path));
    assert_int_equal(mkdir(in(f, "conf.d"), 0700), 0);
    write_text(f, "slipway.yml", first);
    write_text(f, "conf.d/more.yml", more);
    f->rc = config_read(in(f, "slipway.yml"), &f->config, &f->problems, &f->err);
    if (f->rc < 0)
        f->config = NULL;
}

static void folder_end(struct folder *f)
{
    (void)unlink(in(f, "conf.d/more.yml"));
    (void)unlink(in(f, "slipway.yml"));
    (void)rmdir(in(f, "conf.d"));
    (void)rmdir(f->path);
    config_free(f->config);
    arena_deinit(&f->arena);
}

static const struct problem *problem_with(const struct folder *f, const char *text)
{
    for (size_t i = 0; i < f->problems.n; i++)
        if (strstr(f->problems.items[i].text, text) != NULL)
            return &f->problems.items[i];
    return NULL;
}

static void repositories_of_conf_d_stand_beside_those_of_the_first_file(void **state)
{
    struct folder f;

    (void)state;
    read_folder(&f, HEAD REPO("shop"), REPO("site"));
    assert_int_equal(f.rc, 0);
    assert_non_null(config_repo(f.config, "acme/shop"));
    assert_non_null(config_repo(f.config, "acme/site"));
    folder_end(&f);
}

/* It was read once per file, with no place of its own in the second: the program ended there. */
static void databases_join_also_what_conf_d_brings(void **state)
{
    struct folder f;

    (void)state;
    read_folder(&f,
                HEAD "databases: { one: [acme/shop/stage/db], two: [acme/site/stage/db] }\n" REPO(
                    "shop"),
                REPO("site"));
    assert_int_equal(f.rc, 0);
    assert_int_equal(f.config->n_databases, 2);
    assert_string_equal(f.config->databases[1].name, "two");
    assert_string_equal(f.config->databases[1].members.items[0], "acme/site/stage/db");
    assert_int_equal(config_environment(config_repo(f.config, "acme/site"), "stage")->n_unbuilt, 0);
    assert_null(problem_with(&f, "databases"));
    folder_end(&f);
}

static void a_mistake_names_the_file_of_conf_d_in_which_it_stands(void **state)
{
    const struct problem *p;
    struct folder f;

    (void)state;
    read_folder(&f, HEAD REPO("shop"), "timezone: Asia/Tokyo\n" REPO("shop"));
    assert_int_equal(f.rc, ERR_INVALID);
    p = problem_with(&f, "unknown key \"timezone\" in a file of conf.d");
    assert_non_null(p);
    assert_true(str_ends(p->file, "/conf.d/more.yml"));
    p = problem_with(&f, "is configured already, as ");
    assert_non_null(p);
    assert_int_equal(p->line, 3);
    folder_end(&f);
}

static void W6_a_name_in_another_case_is_the_same_repository_twice(void **state)
{
    const struct problem *p;
    struct folder f;

    (void)state;
    read_folder(&f, HEAD REPO("shop"), REPO("Shop"));
    assert_int_equal(f.rc, ERR_INVALID);
    p = problem_with(&f, "Shop is configured already, as ");
    assert_non_null(p);
    assert_non_null(strstr(p->text, "slipway.yml, line "));
    folder_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repositories_of_conf_d_stand_beside_those_of_the_first_file),
        cmocka_unit_test(W6_a_name_in_another_case_is_the_same_repository_twice),
        cmocka_unit_test(databases_join_also_what_conf_d_brings),
        cmocka_unit_test(a_mistake_names_the_file_of_conf_d_in_which_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
