/* pattern: see pattern.h. */
#include "lib/ssm/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"

#define REPEAT_MAX 4096   /* of one {m,n} */
#define REPEATS_MAX 20000 /* of nested ones, multiplied */
#define DEPTH_MAX 20

/* The pattern on its way from one engine's language into the other's. */
struct translation {
    const char *p;
    struct buf out;
    const char *flaw; /* NULL */
    size_t repeats;
    int depth;
};

static void put_class(struct translation *t, char letter, bool inside)
{
    static const struct {
        char letter;
        const char *inside, *outside;
    } classes[] = {
        {'d', "0-9", "[0-9]"},
        {'w', "a-zA-Z0-9_", "[a-zA-Z0-9_]"},
        {'s', " \t\n\r\f\v", "[ \t\n\r\f\v]"},
        {'D', NULL, "[^0-9]"},
        {'W', NULL, "[^a-zA-Z0-9_]"},
        {'S', NULL, "[^ \t\n\r\f\v]"},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        const char *text = inside ? classes[i].inside : classes[i].outside;

        if (classes[i].letter != letter)
            continue;
        if (text == NULL)
            t->flaw = "a negated class inside brackets is not understood";
        else
            buf_adds(&t->out, text);
        return;
    }
    if (letter == 't' || letter == 'n' || letter == 'r') {
        buf_addc(&t->out, letter == 't' ? '\t' : letter == 'n' ? '\n' : '\r');
        return;
    }
    t->flaw = "an escape is not understood";
}

static void escape(struct translation *t)
{
    char c = *++t->p;

    if (c == '\0') {
        t->flaw = "it ends with a backslash";
        return;
    }
    t->p++;
    if (isalnum((unsigned char)c)) {
        put_class(t, c, false);
    } else {
        buf_addc(&t->out, '\\');
        buf_addc(&t->out, c);
    }
}

/* [...]: a literal ']' or '\' needs its own place in POSIX brackets. */
static void brackets(struct translation *t)
{
    bool first = true, closing = false, dash = false;

    buf_addc(&t->out, *t->p++);
    if (*t->p == '^')
        buf_addc(&t->out, *t->p++);
    /* What must stand first or last is collected. */
    size_t at = t->out.len;
    for (; *t->p != '\0' && (first || *t->p != ']') && t->flaw == NULL; first = false) {
        char c = *t->p++;

        if (c == '[' && (*t->p == ':' || *t->p == '.' || *t->p == '=')) {
            t->flaw = "a class with a name is not understood";
        } else if (c == '\\' && *t->p != '\0') {
            c = *t->p++;
            if (isalnum((unsigned char)c))
                put_class(t, c, true);
            else if (c == ']')
                closing = true;
            else if (c == '-')
                dash = true;
            else
                buf_addc(&t->out, c);
        } else if (c == ']') {
            closing = true;
        } else if (c == '-' && *t->p == ']') {
            dash = true;
        } else {
            buf_addc(&t->out, c);
        }
    }
    if (*t->p != ']' && t->flaw == NULL)
        t->flaw = "brackets are not closed";
    if (closing && t->flaw == NULL) { /* to the front */
        buf_addc(&t->out, ']');
        memmove(t->out.data + at + 1, t->out.data + at, t->out.len - at - 1);
        t->out.data[at] = ']';
    }
    if (dash)
        buf_addc(&t->out, '-');
    buf_addc(&t->out, ']');
    if (*t->p == ']')
        t->p++;
}

static void repeat(struct translation *t)
{
    const char *p = t->p + 1;
    char *end;
    unsigned long least, most;

    if (!isdigit((unsigned char)*p)) {
        t->flaw = "braces without a number";
        return;
    }
    least = strtoul(p, &end, 10);
    most = least;
    if (*end == ',')
        most = isdigit((unsigned char)end[1]) ? strtoul(end + 1, &end, 10) : (end++, least);
    if (*end != '}' || least > REPEAT_MAX || most > REPEAT_MAX || most < least) {
        t->flaw = "braces are odd, or their number is too high";
        return;
    }
    t->repeats *= most > 1 ? most : 1;
    if (t->repeats > REPEATS_MAX)
        t->flaw = "its repetitions are too many";
    buf_add(&t->out, t->p, (size_t)(end + 1 - t->p));
    t->p = end + 1;
}

static void group(struct translation *t)
{
    if (++t->depth > DEPTH_MAX)
        t->flaw = "its groups are too deep";
    buf_addc(&t->out, *t->p++);
    if (*t->p != '?')
        return;
    if (t->p[1] == ':')
        t->p += 2;
    else
        t->flaw = "look-around, flags and names of groups are not understood";
}

/* Behind a quantifier another '?' or '+' only says how hard to try: not for a whole match. */
static void quantifier(struct translation *t)
{
    buf_addc(&t->out, *t->p++);
    if (*t->p == '?' || *t->p == '+')
        t->p++;
    if (*t->p == '*' || *t->p == '+' || *t->p == '?' || *t->p == '{')
        t->flaw = "a quantifier stands behind a quantifier";
}

static void translate(struct translation *t)
{
    while (*t->p != '\0' && t->flaw == NULL) {
        switch (*t->p) {
        case '\\':
            escape(t);
            break;
        case '[':
            brackets(t);
            break;
        case '{':
            repeat(t);
            if (*t->p == '?')
                t->p++;
            break;
        case '(':
            group(t);
            break;
        case '*':
        case '+':
        case '?':
            quantifier(t);
            break;
        case ')':
            t->depth--;
            buf_addc(&t->out, *t->p++);
            break;
        default:
            buf_addc(&t->out, *t->p++);
            break;
        }
    }
    if (t->flaw == NULL && t->depth != 0)
        t->flaw = "its groups are not closed";
}

static int compile(const char *pattern, regex_t *ret_regex, struct err *err)
{
    struct translation t = {.p = pattern, .repeats = 1};
    int rc = 0;

    if (strlen(pattern) > PATTERN_MAX)
        return err_set(err, ERR_INVALID, "the pattern is longer than %d bytes", PATTERN_MAX);
    buf_init(&t.out, 32 * 1024);
    buf_adds(&t.out, "^(");
    translate(&t);
    buf_adds(&t.out, ")$");
    if (t.flaw == NULL && t.out.overflow)
        t.flaw = "it is too long";
    if (t.flaw == NULL && regcomp(ret_regex, buf_str(&t.out), REG_EXTENDED | REG_NOSUB) != 0)
        t.flaw = "it is no regular expression";
    if (t.flaw != NULL)
        rc = err_set(err, ERR_INVALID, "the pattern %.100s: %s", pattern, t.flaw);
    buf_deinit(&t.out);
    return rc;
}

int pattern_check(const char *pattern, struct err *err)
{
    regex_t regex;
    int rc = compile(pattern, &regex, err);

    if (rc == 0)
        regfree(&regex);
    return rc;
}

bool pattern_matches(const char *pattern, const char *value)
{
    struct err err = ERR_INIT;
    regex_t regex;
    bool matches;

    if (compile(pattern, &regex, &err) < 0)
        return false;
    matches = regexec(&regex, value, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}
