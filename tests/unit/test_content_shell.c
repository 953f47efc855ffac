/* content_shell: what a key with `shell: false` can run by the values that it gives, seen from the attacker's side
 * (T61). Each attack that was thought of is a line here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/ssm/content_shell.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

/* A document with this script, as a list of one text or as the text itself, and one variable. */
static const char *document(const char *script, bool as_list, const char *variable,
                            const char *value)
{
    struct json_out out;
    struct buf buf;
    const char *text;

    buf_init(&buf, 65536);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "schemaVersion", "2.2");
    json_begin_array(&out, "mainSteps");
    json_begin_object(&out, NULL);
    json_add_str(&out, "action", "aws:runShellScript");
    json_add_str(&out, "name", "one");
    json_begin_object(&out, "inputs");
    if (as_list)
        json_begin_array(&out, "runCommand");
    json_add_str(&out, as_list ? NULL : "runCommand", script);
    if (as_list)
        json_end_array(&out);
    json_begin_object(&out, "environment");
    if (variable != NULL)
        json_add_str(&out, variable, value);
    json_end_object(&out);
    json_end_object(&out);
    json_end_object(&out);
    json_end_array(&out);
    json_end_object(&out);
    text = arena_strn(&arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

static void T61_a_parameter_where_a_program_is_named_is_a_free_shell(void **state)
{
    static const char *const free_scripts[] = {
        "{{ x }}",
        "{{x}}",
        "{{\tx\n}}",
        " {{ x }} ",
        "{{ x }} {{ y }}",
        "{{ x }} --now",
        "\"{{ x }}\"",
        "'{{ x }}' a",
        "/usr/bin/{{ x }}",
        "./tool-{{ x }} go",
        "set -eu\n{{ x }}",
        "cd /srv && {{ x }}",
        "cd /srv; {{ x }}",
        "true | {{ x }}",
        "echo \"$({{ x }})\"",
        "echo `{{ x }}`",
        "( {{ x }} )",
        "if {{ x }}; then echo yes; fi",
        "if true; then {{ x }}; fi",
        "while ! {{ x }}; do sleep 1; done",
        "A=b {{ x }}",
        "A=b env C=d {{ x }}",
        "eval {{ x }}",
        "eval \"echo {{ x }}\"",
        "exec {{ x }}",
        "sh -c '{{ x }}'",
        "bash -c \"do {{ x }}\"",
        "/bin/sh {{ x }}",
        ". {{ x }}",
        "source /etc/{{ x }}",
        "python3 {{ x }}",
        "sudo {{ x }}",
        "sudo -u deploy {{ x }}",
        "sudo -n -- {{ x }}",
        "timeout 10 {{ x }}",
        "nice -n 5 {{ x }}",
        "env {{ x }}",
        "find / | xargs {{ x }}",
        "ssh host {{ x }}",
        "nohup {{ x }} &",
        "trap '{{ x }}' EXIT",
        "echo a \\\n; {{ x }}",
        "cat <<E\ndon't\nE\n; {{ x }}",
        "X={{ x }}",
        "true & {{ x }}",
    };
    static const char *const bound_scripts[] = {
        "echo {{ x }}",
        "echo cleared {{ what }}",
        "set -eu\nsystemctl restart -- '{{ unit }}.service'",
        "sudo systemctl restart {{ unit }}",
        "sudo -u deploy /srv/bin/clear {{ what }}",
        "cd /srv/app && bin/rails cache:clear[{{ what }}]",
        "curl -fsS 'http://127.0.0.1/purge?a=1&b={{ what }}'",
        "if systemctl is-active {{ unit }}; then echo \"up: {{ unit }} (yes)\"; fi",
        "# it's {{ x }}'s\necho hello",
        "rm -rf -- \"/var/cache/{{ site }}\"",
        "no parameter at all; ls | wc -l",
        "echo {{ not a name }}",
        "journalctl -u {{ unit }} -n 20 | tail -5",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(free_scripts) / sizeof(free_scripts[0]); i++)
        for (int list = 0; list < 2; list++)
            if (!content_shell_is_free(document(free_scripts[i], list == 1, NULL, NULL)))
                fail_msg("not seen as a free shell: %s", free_scripts[i]);
    for (size_t i = 0; i < sizeof(bound_scripts) / sizeof(bound_scripts[0]); i++)
        for (int list = 0; list < 2; list++)
            if (content_shell_is_free(document(bound_scripts[i], list == 1, NULL, NULL)))
                fail_msg("taken for a free shell: %s", bound_scripts[i]);
}

static void T61_variables_that_choose_programs_are_a_free_shell(void **state)
{
    static const char *const free_names[] = {
        "PATH",     "LD_PRELOAD", "LD_LIBRARY_PATH", "ENV",
        "BASH_ENV", "IFS",        "GIT_SSH_COMMAND", "{{ x }}"};

    (void)state;
    for (size_t i = 0; i < sizeof(free_names) / sizeof(free_names[0]); i++)
        if (!content_shell_is_free(document("ls", true, free_names[i], "{{ y }}")))
            fail_msg("not seen: %s", free_names[i]);
    assert_false(content_shell_is_free(document("ls", true, "MESSAGE", "{{ y }}")));
    assert_false(content_shell_is_free(document("ls", true, "PATH", "/usr/bin")));
}

static void T61_what_is_pasted_into_a_script_is_one_word_whatever_the_pattern_says(void **state)
{
    static const char *const attacks[] = {
        "x; id", "x && id",     "x | id",
        "x\nid", "x\rid",       "$(id)",
        "`id`",  "${IFS}id",    "$HOME",
        "x y",   "x\ty",        "'; id; '",
        "\"",    "\\",          "*",
        "?",     "[a]",         "{a,b}",
        "~root", "!!",          "#",
        "x>y",   "x<y",         "(id)",
        "-rf",   "--help",      "$$",
        "x&",    "\xc2\xa0id",  "a\x01",
        "^",     "{{ other }}", "{{ ssm:secret }}",
    };
    static const char *const words[] = {"",    "pages",      "web-1",     "a.b_c",
                                        "50%", "me@example", "10:30",     "v1.2.3+4",
                                        "a,b", "/srv/app",   "key=value", "0123456789abcdef"};
    const char *text = document("echo {{ x }}", true, "QUIET", "{{ quiet }}");

    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        struct json_out out;
        struct buf buf;

        if (content_shell_is_word(attacks[i]))
            fail_msg("taken for a word: %s", attacks[i]);
        buf_init(&buf, 1024);
        json_out_init(&out, &buf);
        json_begin_object(&out, NULL);
        json_add_str(&out, "x", attacks[i]);
        json_end_object(&out);
        if (content_shell_refuse(&arena, text, buf_str(&buf)) == NULL)
            fail_msg("pasted: %s", attacks[i]);
        buf_deinit(&buf);
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!content_shell_is_word(words[i]))
            fail_msg("refused: %s", words[i]);
    /* A list is as many words; what no script holds may be any text. */
    assert_null(content_shell_refuse(&arena, text, "{\"x\":[\"a\",\"b\"]}"));
    assert_non_null(content_shell_refuse(&arena, text, "{\"x\":[\"a\",\"b c\"]}"));
    assert_null(content_shell_refuse(&arena, text, "{\"quiet\":\"a sentence; with $signs\"}"));
    assert_true(str_starts(content_shell_refuse(&arena, text, "{\"x\":\"a b\"}"),
                           "its parameter x stands in a script, and a b is not one word"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T61_a_parameter_where_a_program_is_named_is_a_free_shell),
        cmocka_unit_test(T61_variables_that_choose_programs_are_a_free_shell),
        cmocka_unit_test(T61_what_is_pasted_into_a_script_is_one_word_whatever_the_pattern_says),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
