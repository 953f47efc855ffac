/* pattern: see pattern.h. */
#include "lib/ssm/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"

/*
 * The C library writes {m,n} and + out, and its time and memory go with the square of what is written out and may be left out;
 * with more than that, and without an end, where what may be empty is written out. So both are counted before it sees any.
 */
#define SIZE_MAX_ 4096    /* places for a character, written out */
#define OPTIONAL_MAX 1000 /* of those: that {m,n} and ? may leave out */
#define REPEAT_MAX 4096   /* of one {m,n} */
#define DEPTH_MAX 20

/* What one atom is, or a group so far. */
struct extent {
    size_t size, optional;
    bool may_be_empty;
};

struct level {
    struct extent branch; /* what stands since the group's ( or the last | */
    struct extent before; /* the branches before it: sizes, and whether one may be empty */
};

/* The pattern on its way from one engine's language into the other's. */
struct translation {
    const char *p;
    struct buf out;
    const char *flaw; /* NULL */
    struct level levels[DEPTH_MAX + 1];
    int depth;
    struct extent last; /* the atom that a quantifier behind it is of */
    bool has_last;
};

static void bound(struct translation *t, const struct extent *e)
{
    if (e->size > SIZE_MAX_ || e->optional > OPTIONAL_MAX)
        t->flaw = "its repetitions are too many";
}

static void add_last(struct translation *t)
{
    struct extent *branch = &t->levels[t->depth].branch;

    if (!t->has_last)
        return;
    branch->size += t->last.size;
    branch->optional += t->last.optional;
    branch->may_be_empty = branch->may_be_empty && t->last.may_be_empty;
    t->has_last = false;
    bound(t, branch);
}

static void put_atom(struct translation *t, struct extent atom)
{
    add_last(t);
    t->last = atom;
    t->has_last = true;
}

static void begin_branch(struct level *l)
{
    l->branch = (struct extent){.may_be_empty = true};
}

static void end_branch(struct translation *t)
{
    struct level *l = &t->levels[t->depth];

    add_last(t);
    l->before.size += l->branch.size;
    l->before.optional += l->branch.optional;
    l->before.may_be_empty = l->before.may_be_empty || l->branch.may_be_empty;
    bound(t, &l->before);
    begin_branch(l);
}

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

/* What the C library makes of the last atom: so many times itself, and those that may be left out behind it. */
static void write_out(struct translation *t, unsigned long least, unsigned long most)
{
    struct extent *e = &t->last;

    if (most > 1 && e->may_be_empty) {
        t->flaw = "what may be empty is repeated";
        return;
    }
    e->optional = e->optional * least + e->size * (most - least);
    e->size *= most > 1 ? most : 1;
    e->may_be_empty = e->may_be_empty || least == 0;
    bound(t, e);
}

static void repeat(struct translation *t)
{
    const char *p = t->p + 1;
    char *end;
    unsigned long least, most;
    bool is_open = false;

    if (!isdigit((unsigned char)*p)) {
        t->flaw = "braces without a number";
        return;
    }
    least = strtoul(p, &end, 10);
    most = least;
    if (*end == ',')
        is_open = !isdigit((unsigned char)end[1]);
    if (*end == ',')
        most = is_open ? (end++, least) : strtoul(end + 1, &end, 10);
    if (*end != '}' || least > REPEAT_MAX || most > REPEAT_MAX || most < least) {
        t->flaw = "braces are odd, or their number is too high";
        return;
    }
    if (!t->has_last || t->last.size == 0) {
        t->flaw = "braces stand behind nothing";
        return;
    }
    write_out(t, least, is_open && least > 0 ? least + 1 : most);
    buf_add(&t->out, t->p, (size_t)(end + 1 - t->p));
    t->p = end + 1;
}

static void group(struct translation *t)
{
    if (t->depth == DEPTH_MAX) {
        t->flaw = "its groups are too deep";
        return;
    }
    add_last(t);
    t->levels[++t->depth] = (struct level){.before = {.size = 0}};
    begin_branch(&t->levels[t->depth]);
    buf_addc(&t->out, *t->p++);
    if (*t->p != '?')
        return;
    if (t->p[1] == ':')
        t->p += 2;
    else
        t->flaw = "look-around, flags and names of groups are not understood";
}

static void group_end(struct translation *t)
{
    struct extent group;

    if (t->depth == 0) {
        t->flaw = "its groups are not opened";
        return;
    }
    end_branch(t);
    group = t->levels[t->depth--].before;
    put_atom(t, group);
    buf_addc(&t->out, *t->p++);
}

/* Behind a quantifier another '?' or '+' only says how hard to try: not for a whole match. */
static void quantifier(struct translation *t)
{
    if (!t->has_last || t->last.size == 0) {
        t->flaw = "a quantifier stands behind nothing";
        return;
    }
    if (*t->p == '+')
        write_out(t, 1, 2); /* x+ becomes xx* */
    else if (*t->p == '?')
        write_out(t, 0, 1);
    else
        t->last.may_be_empty = true;
    buf_addc(&t->out, *t->p++);
    if (*t->p == '?' || *t->p == '+')
        t->p++;
    if (*t->p == '*' || *t->p == '+' || *t->p == '?' || *t->p == '{')
        t->flaw = "a quantifier stands behind a quantifier";
}

static void translate(struct translation *t)
{
    static const struct extent one = {.size = 1}, none = {.may_be_empty = true};

    begin_branch(&t->levels[0]);
    while (*t->p != '\0' && t->flaw == NULL) {
        switch (*t->p) {
        case '\\':
            put_atom(t, one);
            escape(t);
            break;
        case '[':
            put_atom(t, one);
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
            group_end(t);
            break;
        case '|':
            end_branch(t);
            buf_addc(&t->out, *t->p++);
            break;
        default:
            /* An anchor is no place; of a wider character the first byte is one. */
            if (*t->p == '^' || *t->p == '$' || ((unsigned char)*t->p & 0xc0) != 0x80)
                put_atom(t, *t->p == '^' || *t->p == '$' ? none : one);
            buf_addc(&t->out, *t->p++);
            break;
        }
    }
    if (t->flaw == NULL)
        end_branch(t);
    if (t->flaw == NULL && t->depth != 0)
        t->flaw = "its groups are not closed";
}

struct pattern {
    regex_t regex;
};

/* What the C library shall see, in `ret_text`. */
static int read_pattern(const char *pattern, struct buf *ret_text, struct err *err)
{
    struct translation t = {.p = pattern};

    if (strlen(pattern) > PATTERN_MAX)
        return err_set(err, ERR_INVALID, "the pattern is longer than %d bytes", PATTERN_MAX);
    buf_init(&t.out, 32 * 1024);
    buf_adds(&t.out, "^(");
    translate(&t);
    buf_adds(&t.out, ")$");
    if (t.flaw == NULL && t.out.overflow)
        t.flaw = "it is too long";
    *ret_text = t.out;
    return t.flaw == NULL ? 0
                          : err_set(err, ERR_INVALID, "the pattern %.100s: %s", pattern, t.flaw);
}

int pattern_read(const char *pattern, struct err *err)
{
    struct buf text = {.data = NULL};
    int rc = read_pattern(pattern, &text, err);

    buf_deinit(&text);
    return rc;
}

int pattern_new(const char *pattern, struct pattern **ret_pattern, struct err *err)
{
    struct pattern *made = calloc(1, sizeof(*made));
    struct buf text = {.data = NULL};
    int rc;

    if (made == NULL)
        abort();
    rc = read_pattern(pattern, &text, err);
    if (rc == 0 && regcomp(&made->regex, buf_str(&text), REG_EXTENDED | REG_NOSUB) != 0)
        rc = err_set(err, ERR_INVALID, "the pattern %.100s: it is no regular expression", pattern);
    buf_deinit(&text);
    if (rc == 0)
        *ret_pattern = made;
    else
        free(made);
    return rc;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    regfree(&pattern->regex);
    free(pattern);
}

bool pattern_matches(const struct pattern *pattern, const char *value)
{
    return regexec(&pattern->regex, value, 0, NULL, 0) == 0;
}
