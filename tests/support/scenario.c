#include "tests/support/scenario.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/str.h"
#include "tests/support/scenario_promise.h"
#include "tests/support/scenario_text.h"
#include "tests/support/scenario_time.h"
#include "tests/support/scenario_words.h"
#include "tests/support/scenario_world.h"

#define STORY_MAX (256 * 1024)
#define INDENT "    "

static const struct {
    const char *word; /* NULL: none */
    scenario_text_fn *text;
} expectations[] = {
    {NULL, scenario_text_plan},
    {"moves", scenario_text_moves},
    {"deployment", scenario_text_deployment},
    {"choices", scenario_text_choices},
    {"forecast", scenario_text_forecast},
    {"at", scenario_text_moment},
};

/* A story being played: where it is, and how it would stand with what was found. */
struct playing {
    struct scenario_world world;
    struct scenario_report *report;
    const char **lines;
    size_t n_lines;
    size_t at; /* the next line */
    const char *path;
    struct buf rewritten;
};

void scenario_report_init(struct scenario_report *report)
{
    *report = (struct scenario_report){.n_expected = 0};
    buf_init(&report->text, 1 << 20);
}

void scenario_report_deinit(struct scenario_report *report)
{
    buf_deinit(&report->text);
}

static int read_lines(struct playing *p, const char *folder, struct err *err)
{
    struct arena *arena = &p->world.arena;
    size_t len, cap = 0;
    char *bytes;
    int rc;

    p->path = arena_printf(arena, "%s/story", folder);
    if ((rc = file_read_all(p->path, STORY_MAX, &bytes, &len, err)) < 0)
        return rc;
    for (const char *line = bytes; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        *ARENA_PUSH(arena, p->lines, p->n_lines, cap) = arena_strn(arena, line, n);
        line += n + (line[n] == '\n');
    }
    free(bytes);
    return 0;
}

static bool is_indented(const char *line)
{
    return line[0] == ' ' || line[0] == '\t';
}

static void add_indented(struct buf *buf, const char *text)
{
    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        buf_adds(buf, INDENT);
        buf_add(buf, line, n);
        buf_addc(buf, '\n');
        line += n + (line[n] == '\n');
    }
}

/* The indented lines from here on, without their indent. */
static void take_block(struct playing *p, struct buf *ret_block)
{
    while (p->at < p->n_lines && is_indented(p->lines[p->at])) {
        const char *line = p->lines[p->at++];
        buf_adds(ret_block, line + strspn(line, " \t"));
        buf_addc(ret_block, '\n');
    }
}

static void compare(struct playing *p, size_t number, const char *line, const char *expected,
                    const char *found)
{
    struct scenario_report *r = p->report;

    r->n_expected++;
    add_indented(&p->rewritten, found);
    if (strstr(found, SCENARIO_TEXT_BROKEN) != NULL)
        r->n_broken++;
    else if (strcmp(expected, found) == 0)
        return;
    r->n_differ++;
    buf_addf(&r->text, "%s:%zu: %s\n  expected\n", p->path, number, line);
    add_indented(&r->text, expected);
    buf_adds(&r->text, "  found\n");
    add_indented(&r->text, found);
}

static int expect(struct playing *p, const char *const *words, size_t n, struct err *err)
{
    const struct config_environment *environment;
    const char *line = p->lines[p->at - 1];
    size_t number = p->at;
    struct buf expected, found;
    int rc;

    if (!p->world.is_open)
        return err_set(err, ERR_INVALID, "a story begins with `at WHEN`");
    if (n < 2 || (n > 3 && !str_eq(words[2], "at")))
        return err_set(
            err, ERR_INVALID,
            "`expect ENV`, or this with moves, deployment, choices, forecast or at WHEN is "
            "expected");
    if (n > 2 && str_eq(words[2], "at") &&
        (rc = scenario_time_read(&p->world, words + 3, n - 3, &p->world.asked_at, err)) < 0)
        return rc;
    if ((rc = scenario_words_environment(&p->world, words[1], &environment, err)) < 0)
        return rc;
    for (size_t i = 0; i < sizeof(expectations) / sizeof(*expectations); i++) {
        if (!str_eq(expectations[i].word, n >= 3 ? words[2] : NULL))
            continue;
        buf_init(&expected, STORY_MAX);
        buf_init(&found, STORY_MAX);
        take_block(p, &expected);
        rc = expectations[i].text(&p->world, environment, &found, err);
        if (rc == 0)
            compare(p, number, line, buf_str(&expected), buf_str(&found));
        buf_deinit(&expected);
        buf_deinit(&found);
        return rc;
    }
    return err_set(err, ERR_INVALID,
                   "moves, deployment, choices, forecast or at is expected, not %s", words[2]);
}

static int play_line(struct playing *p, struct err *err)
{
    const char *words[SCENARIO_WORDS_MAX];
    const char *line = p->lines[p->at++];
    size_t n;
    int rc;

    buf_adds(&p->rewritten, line);
    buf_addc(&p->rewritten, '\n');
    if (is_indented(line) && line[strspn(line, " \t")] != '\0')
        return err_set(err, ERR_INVALID, "an indented line stands only below an `expect`");
    if ((rc = scenario_words_split(&p->world.arena, line, words, &n, err)) < 0 || n == 0)
        return rc;
    if (strcmp(words[0], "expect") == 0)
        return expect(p, words, n, err);
    return scenario_words_play(&p->world, words, n, err);
}

static int write_again(struct playing *p, struct err *err)
{
    return file_write_atomic(p->path, buf_str(&p->rewritten), p->rewritten.len, 0644, err);
}

/* As far as its expectation number `last`, from 1. */
static int play_until(struct playing *p, size_t last, struct err *err)
{
    int rc = 0;

    while (rc == 0 && p->at < p->n_lines && p->report->n_expected < last) {
        size_t number = p->at + 1;
        if ((rc = play_line(p, err)) < 0) {
            err_wrap(err, "%s:%zu", p->path, number);
            rc = ERR_INVALID;
        }
    }
    return rc;
}

/* What is promised where the story stands. */
static int hold(struct playing *p, struct scenario_report *report, struct err *err)
{
    struct buf broken;
    size_t n = 0;
    int rc;

    buf_init(&broken, STORY_MAX);
    rc = scenario_promise_hold(&p->world, &broken, &n, err);
    report->n_promised += n;
    if (broken.len > 0) {
        report->n_broken++;
        buf_addf(&report->text, "%s:%zu: what is promised here is not kept\n", p->path, p->at);
        add_indented(&report->text, buf_str(&broken));
    }
    buf_deinit(&broken);
    return rc;
}

int scenario_run(const char *folder, bool write, struct scenario_report *report, struct err *err)
{
    struct playing p = {.report = report};
    int rc;

    scenario_world_init(&p.world, folder);
    buf_init(&p.rewritten, STORY_MAX * 2);
    rc = read_lines(&p, folder, err);
    if (rc == 0)
        rc = play_until(&p, SIZE_MAX, err);
    if (rc == 0 && report->n_expected == 0)
        rc = err_set(err, ERR_INVALID, "%s: it expects nothing", p.path);
    if (rc == 0 && write && report->n_differ > 0) {
        report->n_differ = report->n_broken;
        rc = write_again(&p, err);
    } else if (rc == 0 && report->n_differ == 0) {
        rc = hold(&p, report, err);
    }
    buf_deinit(&p.rewritten);
    scenario_world_deinit(&p.world);
    return rc;
}

/* `ret_more`: the story goes on behind it. */
static int hold_at(const char *folder, size_t last, struct scenario_report *report, bool *ret_more,
                   struct err *err)
{
    struct scenario_report own;
    struct playing p = {.report = &own};
    int rc;

    scenario_report_init(&own);
    scenario_world_init(&p.world, folder);
    buf_init(&p.rewritten, STORY_MAX * 2);
    rc = read_lines(&p, folder, err);
    if (rc == 0)
        rc = play_until(&p, last, err);
    *ret_more = p.at < p.n_lines;
    if (rc == 0)
        rc = hold(&p, report, err);
    buf_deinit(&p.rewritten);
    scenario_world_deinit(&p.world);
    scenario_report_deinit(&own);
    return rc;
}

int scenario_promises(const char *folder, struct scenario_report *report, struct err *err)
{
    bool more = true;
    int rc = 0;

    for (size_t last = 1; more && rc == 0; last++)
        rc = hold_at(folder, last, report, &more, err);
    return rc;
}
