/* slipway hold, unhold, freeze: what a person types, what is printed, and the exit status (ux.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli_command.h"
#include "cli/client.h"
#include "lib/base/str.h"
#include "tests/support/stop_room.h"

#define WORDS_MAX 24

static struct stop_room room;
static char out[16384]; /* what the last command printed on stdout */
static char errors[16384];

static int up(void **state)
{
    (void)state;
    stop_room_up(&room);
    stop_room_release(&room, "acme/shop", 0);
    stop_room_release(&room, "acme/shop", 7);
    return 0;
}

static int down(void **state)
{
    (void)state;
    stop_room_down(&room);
    return 0;
}

static const struct command *command_of(const char *name)
{
    for (size_t i = 0; i < cli_command_count; i++)
        if (strcmp(cli_command_table[i].name, name) == 0)
            return &cli_command_table[i];
    fail_msg("no command %s", name);
    return NULL;
}

static void read_all(FILE *file, char *text, size_t size)
{
    size_t n;

    rewind(file);
    n = fread(text, 1, size - 1, file);
    text[n] = '\0';
    (void)fclose(file);
}

/* Run `name` with these words (up to NULL) over the room's socket; its exit status. */
static int run(const char *name, ...)
{
    FILE *printed = tmpfile(), *complained = tmpfile();
    int before_out = dup(STDOUT_FILENO), before_err = dup(STDERR_FILENO);
    char *words[WORDS_MAX];
    struct invoke invoke = {.command = command_of(name), .argv = words};
    va_list args;
    int status;

    va_start(args, name);
    while (invoke.argc < WORDS_MAX && (words[invoke.argc] = va_arg(args, char *)) != NULL)
        invoke.argc++;
    va_end(args);
    assert_true(printed != NULL && complained != NULL);
    (void)fflush(stdout);
    assert_true(dup2(fileno(printed), STDOUT_FILENO) >= 0);
    assert_true(dup2(fileno(complained), STDERR_FILENO) >= 0);
    invoke.client = client_new(room.api.cli, NULL, NULL);
    status = invoke.argc < invoke.command->min_args ? COMMAND_USAGE : invoke.command->run(&invoke);
    client_free(invoke.client);
    (void)fflush(stdout);
    assert_true(dup2(before_out, STDOUT_FILENO) >= 0);
    assert_true(dup2(before_err, STDERR_FILENO) >= 0);
    close(before_out);
    close(before_err);
    read_all(printed, out, sizeof(out));
    read_all(complained, errors, sizeof(errors));
    return status;
}

static void assert_in(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text);
}

static void a_hold_prints_what_moves_and_a_dry_run_saves_nothing(void **state)
{
    (void)state;
    assert_int_equal(run("hold", "acme/shop", "production", "-m", "stock check", "--until", "16:30",
                         "--dry-run", NULL),
                     0);
    assert_in(out, "acme/shop production would be on hold until Tue 24 Nov 16:30 JST (Asia/Tokyo)");
    assert_in(out, "acme/shop production r2: Tue 24 Nov 15:00 JST -> Tue 24 Nov 17:00 JST");
    assert_in(out, "#7 Winter sale");
    assert_in(out, "Nothing was saved");
    assert_int_equal(run("status", NULL), 0);
    assert_null(strstr(out, "stock check"));
    assert_int_equal(run("hold", "acme/shop", "production", "-m", "stock check", "--until", "16:30",
                         NULL),
                     0);
    assert_in(out,
              "acme/shop production is on hold until Tue 24 Nov 16:30 JST (Asia/Tokyo): stock");
    assert_in(out, "Promised starts that moved:");
    assert_int_equal(run("status", NULL), 0);
    assert_in(out, "held");
    assert_in(out, "stock check (until Tue 24 Nov 16:30 JST)");
}

/* --dry-run goes with every verb that changes something, also where the verb itself knows nothing of it. */
static void any_verb_that_changes_something_can_be_tried(void **state)
{
    (void)state;
    assert_int_equal(run("not-before", "acme/shop", "#7", "18:00", "-m", "press", "--environment",
                         "production", "--dry-run", NULL),
                     0);
    assert_in(errors, "A dry run: nothing is changed");
    assert_int_equal(stop_room_journal(&room, "barrier.set"), 0);
    assert_int_equal(run("token add", "bot", "--rights", "view", "--dry-run", NULL), 0);
    assert_null(strstr(out, "slipway_"));
    assert_int_equal(run("token rm", "bot", NULL), COMMAND_NO_SUCH);
    assert_int_equal(run("token add", "bot", "--rights", "view", NULL), 0);
    assert_int_equal(run("token rm", "bot", "--dry-run", NULL), 0);
    assert_int_equal(run("token rm", "bot", NULL), 0);
    assert_int_equal(run("hosts", "--dry-run", NULL), COMMAND_USAGE); /* it changes nothing */
}

static void an_unhold_prints_what_it_lifted_and_what_remains(void **state)
{
    (void)state;
    assert_int_equal(run("hold", "acme/shop", "-m", "all of it", NULL), 0);
    assert_in(out, "acme/shop is on hold until somebody lifts it: all of it");
    assert_in(out, "-> not before somebody acts");
    assert_int_equal(run("hold", "acme/shop", "production", "-m", "stock & check", NULL), 0);
    assert_int_equal(run("unhold", "acme/shop", "production", "-m", "counted: 100%", NULL), 0);
    assert_in(out, "acme/shop production: the hold of uid:");
    assert_in(out, "is lifted (stock & check)");
    assert_in(out, "acme/shop stays on hold by uid:");
    assert_in(out, "(slipway unhold acme/shop)");
    assert_int_equal(run("unhold", "acme/shop", NULL), 0);
    assert_in(out, "not before somebody acts -> Tue 24 Nov 15:00 JST");
    assert_int_equal(run("unhold", "acme/shop", NULL), COMMAND_NO_SUCH);
}

static void a_freeze_is_added_listed_and_removed_by_its_name(void **state)
{
    (void)state;
    assert_int_equal(run("freeze add", "年末の凍結", "--from", "now", "--to", "2027-01-05 09:00",
                         "--env", "production", "--env", "east", "--repo", "acme/shop", "-m",
                         "quiet days", "--allow", "none", NULL),
                     0);
    assert_in(out, "freeze 年末の凍結 is added: Tue 24 Nov 14:00 JST to Tue 5 Jan 09:00 JST "
                   "(Asia/Tokyo), production, east of acme/shop: quiet days");
    assert_in(out, "acme/shop production r2: Tue 24 Nov 15:00 JST -> Tue 5 Jan 15:00 JST");
    assert_int_equal(run("freeze ls", NULL), 0);
    assert_in(out, "年末の凍結");
    assert_in(out, "east, production");
    assert_int_equal(run("freeze rm", "年末の凍結", "-m", "over", NULL), 0);
    assert_in(out, "is removed");
    assert_in(out, "Tue 5 Jan 15:00 JST -> Tue 24 Nov 15:00 JST");
    assert_int_equal(run("freeze rm", "年末の凍結", NULL), COMMAND_NO_SUCH);
    assert_int_equal(run("freeze ls", NULL), 0);
    assert_null(strstr(out, "年末の凍結"));
}

static void bad_words_are_told_and_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(run("hold", "acme/shop", NULL), COMMAND_USAGE);
    assert_in(errors, "-m WHY");
    assert_int_equal(run("hold", "shop", "-m", "x", NULL), COMMAND_USAGE);
    assert_int_equal(run("hold", "acme/shop", "production", "stock", "check", "-m", "x", NULL),
                     COMMAND_USAGE);
    assert_in(errors, "\"stock\" is one word too many");
    assert_int_equal(run("hold", "acme/shop", "-m", "x", "--unitl", "18:00", NULL), COMMAND_USAGE);
    assert_int_equal(run("hold", "acme/shop", "-m", "x", "--until", "25:00", NULL), COMMAND_DATA);
    assert_in(errors, "until: \"25:00\": there is no such time of day");
    assert_int_equal(run("hold", "acme/shop", "-m", "x", "--until", "2026-11-24 09:00", NULL),
                     COMMAND_DATA);
    assert_in(errors, "has passed (times are read in Asia/Tokyo); nothing was saved");
    assert_int_equal(run("hold", "acme/shop", "moon", "-m", "x", NULL), COMMAND_NO_SUCH);
    assert_int_equal(run("freeze add", "a", "--from", "now", "-m", "x", NULL), COMMAND_USAGE);
    assert_in(errors, "--to T is missing");
    assert_int_equal(run("freeze add", "a", "--from", "now", "--to", "+1h", "-m", "x", "--allow",
                         "all", NULL),
                     COMMAND_USAGE);
    assert_int_equal(run("freeze add", "a", "--from", "now", "--to", "+2", "-m", "x", NULL),
                     COMMAND_DATA);
    assert_in(errors, "to: \"+2\" is not a duration");
    assert_int_equal(run("freeze ls", NULL), 0);
    assert_null(strstr(out, "\na "));
    assert_int_equal(run("unhold", "acme/shop", NULL), COMMAND_NO_SUCH);
}

#define IN_THE_ROOM(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_verb_that_changes_something_can_be_tried, up, down),
        IN_THE_ROOM(a_hold_prints_what_moves_and_a_dry_run_saves_nothing),
        IN_THE_ROOM(an_unhold_prints_what_it_lifted_and_what_remains),
        IN_THE_ROOM(a_freeze_is_added_listed_and_removed_by_its_name),
        IN_THE_ROOM(bad_words_are_told_and_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
