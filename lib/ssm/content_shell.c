/* content_shell: see content_shell.h. */
#include "lib/ssm/content_shell.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/ssm/content_reference.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define WORD_MAX 64 /* longer ones are no name of a program that we know */

static const struct json_limits limits = {.depth = 16, .nodes = 20000};

bool content_shell_is_word(const char *value)
{
    return *value != '-' && strspn(value, LETTERS "@%+=:,./_-") == strlen(value);
}

/* Where a program is named ----------------------------------------------------------------------- */

/* They read what comes behind them as a script, or as the name of one. */
static bool reads_code(const char *word)
{
    static const char *const words[] = {
        "eval",   "source",  ".",       "trap",    "sh",          "bash",  "dash",
        "zsh",    "ksh",     "su",      "ssh",     "xargs",       "watch", "flock",
        "chroot", "busybox", "python",  "python3", "perl",        "ruby",  "node",
        "php",    "strace",  "unshare", "nsenter", "systemd-run",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* The program comes behind them, and behind their options. */
static bool goes_before(const char *word)
{
    static const char *const words[] = {
        "!",      "{",    "if",      "then",   "else",    "elif",    "do",      "while",
        "until",  "exec", "sudo",    "doas",   "env",     "nohup",   "nice",    "ionice",
        "setsid", "time", "timeout", "stdbuf", "runuser", "command", "builtin",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* Does each quote end in the line it began in, so that what is quoted can be told from its line alone? */
static bool quotes_end_in_lines(const char *script)
{
    char open = '\0';

    for (const char *p = script; *p != '\0'; p++) {
        if (*p == '\n') {
            if (open != '\0')
                return false;
        } else if (*p == '\\' && open != '\'' && p[1] != '\0' && p[1] != '\n') {
            p++;
        } else if (*p == '"' || *p == '\'') {
            open = open == '\0' ? *p : open == *p ? '\0' : open;
        }
    }
    return open == '\0';
}

/* Where the simple command begins that text[len] belongs to. `plain`: quotes can be told. */
static size_t command_start(const char *text, size_t len, bool plain)
{
    size_t line = len, start;
    char open = '\0';

    while (line > 0 && text[line - 1] != '\n')
        line--;
    start = line;
    for (size_t i = line; i < len; i++) {
        char c = text[i];
        bool in_text = plain && (open == '\'' || (open == '"' && c != '`' &&
                                                  (c != '(' || i == 0 || text[i - 1] != '$')));

        if (plain && c == '\\' && open != '\'')
            i++;
        else if (plain && (c == '"' || c == '\''))
            open = open == '\0' ? c : open == c ? '\0' : open;
        else if (!in_text && strchr(";&|(`)", c) != NULL)
            start = i + 1;
    }
    return start;
}

/* Is the parameter that comes behind text[0..len) where the shell looks for a program, or does a word in
 * front of it read it as one? */
static bool is_program(const char *text, size_t len, bool plain)
{
    size_t at = command_start(text, len, plain);
    bool named = false; /* there is a program, which takes words as words */
    bool after_option = false;

    while (at < len && !named) {
        char word[WORD_MAX];
        const char *name;
        size_t n = 0;

        while (at < len && strchr(" \t\"'", text[at]) != NULL)
            at++;
        while (at < len && strchr(" \t\"'", text[at]) == NULL) {
            if (n + 1 < sizeof(word))
                word[n++] = text[at];
            at++;
        }
        word[n] = '\0';
        if (n == 0 || at == len)
            break; /* the parameter ends this very word */
        name = strrchr(word, '/') != NULL && strcmp(word, ".") != 0 ? strrchr(word, '/') + 1 : word;
        if (reads_code(name))
            return true;
        if (word[0] == '-')
            after_option = true;
        else if (goes_before(name) || strchr(word, '=') != NULL ||
                 strchr("0123456789", word[0]) != NULL)
            after_option = false;
        else if (after_option)
            after_option = false; /* perhaps the option's own */
        else
            named = true;
    }
    return !named;
}

static bool is_free_text(const char *script)
{
    bool plain = quotes_end_in_lines(script);
    struct content_reference r;

    for (const char *p = script; content_reference_next(p, &r); p = r.end)
        if (is_program(script, (size_t)(r.begin - script), plain))
            return true;
    return false;
}

/* Variables that decide what a shell runs, or what is loaded into a program. */
static bool is_free_variable(const char *name)
{
    static const char *const names[] = {"PATH",       "ENV",          "BASH_ENV",       "IFS",
                                        "SHELL",      "SHELLOPTS",    "BASHOPTS",       "PS4",
                                        "PYTHONPATH", "PERL5LIB",     "PERL5OPT",       "RUBYOPT",
                                        "RUBYLIB",    "NODE_OPTIONS", "PROMPT_COMMAND", "CDPATH",
                                        "GLOBIGNORE"};

    if (str_starts(name, "LD_") || str_starts(name, "GIT_") || str_starts(name, "BASH_FUNC"))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Scripts of a document -------------------------------------------------------------------------- */

/* All of a step's script as one text: a command may go over several lines. */
static char *script_of(const struct cJSON *inputs)
{
    const struct cJSON *lines = json_get(inputs, "runCommand");
    struct buf out;
    char *script;

    buf_init(&out, 2 * CONTENT_MAX);
    if (json_string_value(lines) != NULL)
        buf_add(&out, json_string_value(lines), strlen(json_string_value(lines)));
    for (const struct cJSON *i = json_is_array(lines) ? json_first(lines) : NULL; i != NULL;
         i = json_next(i)) {
        const char *line = json_string_value(i);

        if (line != NULL) {
            buf_add(&out, line, strlen(line));
            buf_add(&out, "\n", 1);
        }
    }
    script = strdup(buf_str(&out));
    if (script == NULL)
        abort();
    /* A line that ends with a backslash goes on. */
    for (char *p = script; (p = strstr(p, "\\\n")) != NULL;)
        p[0] = p[1] = ' ';
    buf_deinit(&out);
    return script;
}

/* Asks `fn` about the inputs of each step, until it says yes. */
static bool any_inputs(const struct cJSON *json, bool (*fn)(const struct cJSON *inputs, void *arg),
                       void *arg)
{
    bool found = false;

    for (const struct cJSON *i = json_first(json_array(json, "mainSteps")); i != NULL && !found;
         i = json_next(i))
        found = fn(json_object(i, "inputs"), arg);
    for (const struct cJSON *i = json_first(json_object(json, "runtimeConfig"));
         i != NULL && !found; i = json_next(i)) {
        const struct cJSON *properties = json_get(i, "properties");

        found = fn(json_is_array(properties) ? json_first(properties) : properties, arg);
    }
    return found;
}

static bool is_free(const struct cJSON *inputs, void *arg)
{
    char *script = script_of(inputs);
    struct content_reference r;
    bool found = is_free_text(script);

    (void)arg;
    free(script);
    for (const struct cJSON *i = json_first(json_object(inputs, "environment")); i != NULL;
         i = json_next(i))
        found = found || content_reference_next(json_key(i), &r) ||
                (is_free_variable(json_key(i)) && json_string_value(i) != NULL &&
                 content_reference_next(json_string_value(i), &r));
    return found;
}

bool content_shell_is_free(const char *text)
{
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;
    bool found;

    if (json_parse(text, strlen(text), &limits, &json, &err) < 0)
        return true;
    found = any_inputs(json, is_free, NULL);
    json_free(json);
    return found;
}

/* Values ------------------------------------------------------------------------------------------- */

static bool pastes(const struct cJSON *inputs, void *arg)
{
    const char *name = arg;
    char *script = script_of(inputs);
    struct content_reference r;
    bool found = false;

    for (const char *p = script; !found && content_reference_next(p, &r); p = r.end)
        found = strlen(name) == r.len && strncmp(name, r.name, r.len) == 0;
    free(script);
    return found;
}

/* The value that is no word; NULL = all are. */
static const char *odd_value(const struct cJSON *value)
{
    if (json_string_value(value) != NULL)
        return content_shell_is_word(json_string_value(value)) ? NULL : json_string_value(value);
    for (const struct cJSON *i = json_first(value); i != NULL; i = json_next(i))
        if (json_string_value(i) == NULL || !content_shell_is_word(json_string_value(i)))
            return json_string_value(i) != NULL ? json_string_value(i) : "";
    return NULL;
}

const char *content_shell_refuse(struct arena *arena, const char *text, const char *parameters)
{
    struct cJSON *json = NULL, *given = NULL;
    struct err err = ERR_INIT;
    const char *why = NULL;

    if (json_parse(text, strlen(text), &limits, &json, &err) < 0 ||
        json_parse(parameters, strlen(parameters), &limits, &given, &err) < 0)
        why = arena_str(arena, err.text);
    for (const struct cJSON *i = json_first(given); i != NULL && why == NULL; i = json_next(i)) {
        const char *name = json_key(i), *odd = odd_value(i);

        if (odd != NULL && any_inputs(json, pastes, arena_str(arena, name)))
            why = arena_printf(arena,
                               "its parameter %s stands in a script, and %.100s is not one word of "
                               "letters, digits and @%%+=:,./_-",
                               name, odd);
    }
    json_free(json);
    json_free(given);
    return why;
}
