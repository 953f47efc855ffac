/* agent_config: see agent_config.h. */
#include "agent/agent_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/names.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"

#define FILE_MAX (64 * 1024)
#define VALUE_MAX 1024

/* Grammars. */

static bool is_url(const char *s)
{
    const char *at = str_starts(s, "https://") ? s + 8 : str_starts(s, "http://") ? s + 7 : NULL;

    /* Scheme, host, perhaps a port: what is signed is what is sent. */
    return at != NULL && *at != '\0' &&
           at[strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")] ==
               '\0';
}

static bool is_url_or_empty(const char *s)
{
    return *s == '\0' || is_url(s);
}

static bool is_uuid_or_empty(const char *s)
{
    return *s == '\0' || names_is_uuid(s);
}

static bool is_key(const char *s)
{
    unsigned char raw[SIGN_PUBLIC_SIZE];

    return digest_unbase64url(s, strlen(s), raw, sizeof(raw)) == SIGN_PUBLIC_SIZE;
}

static bool is_absolute(const char *s)
{
    return *s == '/';
}

static bool is_absolute_or_empty(const char *s)
{
    return *s == '/' || *s == '\0';
}

/* Absolute folders only: "." in a PATH runs what a checkout brought along. */
static bool is_path_list(const char *s)
{
    for (;;) {
        size_t n = strcspn(s, ":");

        if (n == 0 || *s != '/')
            return false;
        if (s[n] == '\0')
            return true;
        s += n + 1;
    }
}

static bool is_umask(const char *s)
{
    return strlen(s) == 3 && strspn(s, "01234567") == 3;
}

static bool is_limit(const char *s)
{
    struct pace_limit limit;

    return pace_parse(s, &limit);
}

#define TEXT(member) offsetof(struct agent_config, member)
#define NOT_TEXT ((size_t)-1)

/* The keys, in the order in which they are written. */
static const struct {
    const char *key;
    size_t member; /* NOT_TEXT: umask */
    bool (*is_good)(const char *value);
    const char *standard; /* NULL = must be there */
    const char *comment;
} keys[] = {
    {"url", TEXT(url), is_url_or_empty, "", "the server's door for agents"},
    {"region", TEXT(region), names_is_word, "slipway", NULL},
    {"host", TEXT(host_id), names_is_machine_id, NULL, "who this host is there"},
    {"fingerprint", TEXT(fingerprint), is_uuid_or_empty, "", NULL},
    {"store", TEXT(store_id), names_is_uuid, NULL, "pinned: commands of another store are refused"},
    {"key", TEXT(key_text), is_key, NULL, "pinned: commands not signed by this key are refused"},
    {"path", TEXT(path), is_path_list,
     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "of scripts; yours to change"},
    {"lang", TEXT(lang), names_is_word, "C.UTF-8", NULL},
    {"systemctl", TEXT(systemctl), is_absolute, "/usr/bin/systemctl", NULL},
    {"host-root", TEXT(host_root), is_absolute_or_empty, "",
     "in front of every root, for several hosts on one machine"},
    {"run-dir", TEXT(run_dir), is_absolute_or_empty, "",
     "where scripts that run as another user leave their results; /run/slipway-agent, say"},
    {"strict", TEXT(strict), is_absolute_or_empty, "",
     "a folder: only documents whose very bytes lie in it run here"},
    {"redact", TEXT(redact), is_absolute_or_empty, "",
     "a file of patterns, one a line: what matches is hidden before it leaves this host"},
    {"limit", TEXT(limit_text), is_limit, PACE_STANDARD,
     "how many commands this host takes: so many at once, and so many an hour; more wait at the door"},
    {"umask", NOT_TEXT, is_umask, "022",
     "of scripts: what they publish is read by web servers; this agent's own files are 077"},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const char **member_of(struct agent_config *config, size_t i)
{
    return (const char **)(void *)((char *)config + keys[i].member);
}

static void put(struct agent_config *config, size_t i, const char *value)
{
    if (keys[i].member == NOT_TEXT)
        config->umask = (mode_t)strtoul(value, NULL, 8);
    else
        *member_of(config, i) = value;
    if (keys[i].member == TEXT(key_text) && value != NULL)
        (void)digest_unbase64url(value, strlen(value), config->key, sizeof(config->key));
    if (keys[i].member == TEXT(limit_text))
        (void)pace_parse(value, &config->limit);
}

void agent_config_init(struct agent_config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < N_KEYS; i++)
        put(config, i, keys[i].standard);
}

static int find(const char *key)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        if (str_eq(keys[i].key, key))
            return (int)i;
    }
    return -1;
}

static bool is_plain(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    }
    return true;
}

int agent_config_set(struct arena *arena, struct agent_config *config, const char *key,
                     const char *value, struct err *err)
{
    int i = find(key);

    if (i < 0)
        return err_set(err, ERR_NOT_FOUND, "there is no key %.64s", key);
    if (strlen(value) > VALUE_MAX || !is_plain(value) || !keys[i].is_good(value))
        return err_set(err, ERR_INVALID, "%s: \"%.64s\" is not a value for it", key, value);
    put(config, (size_t)i, arena_str(arena, value));
    return 0;
}

/* Without blanks at its ends. */
static char *trimmed(char *s)
{
    size_t n;

    s += strspn(s, " \t\r");
    n = strlen(s);
    while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL)
        s[--n] = '\0';
    return s;
}

static int take_line(struct arena *arena, struct agent_config *config, bool seen[N_KEYS],
                     char *line, struct err *err)
{
    char *equals;
    int i;

    line = trimmed(line);
    if (*line == '\0' || *line == '#')
        return 0;
    equals = strchr(line, '=');
    if (equals == NULL)
        return err_set(err, ERR_INVALID, "expected `key = value`");
    *equals = '\0';
    line = trimmed(line);
    i = find(line);
    if (i >= 0 && seen[i])
        return err_set(err, ERR_INVALID, "%s stands here twice", line);
    if (i >= 0)
        seen[i] = true;
    return agent_config_set(arena, config, line, trimmed(equals + 1), err);
}

int agent_config_parse(struct arena *arena, const char *name, const char *text, size_t len,
                       struct agent_config *ret_config, struct err *err)
{
    struct agent_config config;
    bool seen[N_KEYS] = {false};
    char *copy, *line;
    int number = 1;

    if (len > FILE_MAX || memchr(text, '\0', len) != NULL)
        return err_set(err, ERR_INVALID, "%s: over %d bytes, or a NUL is in it", name, FILE_MAX);
    agent_config_init(&config);
    copy = arena_strn(arena, text, len);
    for (line = copy; line != NULL; number++) {
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end = '\0';
        if (take_line(arena, &config, seen, line, err) < 0)
            return err_wrap(err, "%s, line %d", name, number);
        line = end != NULL ? end + 1 : NULL;
    }
    for (size_t i = 0; i < N_KEYS; i++) {
        if (keys[i].standard == NULL && !seen[i])
            return err_set(err, ERR_INVALID, "%s: %s is missing", name, keys[i].key);
    }
    *ret_config = config;
    return 0;
}

int agent_config_read(struct arena *arena, const char *state, struct agent_config *ret_config,
                      struct err *err)
{
    const char *path = arena_printf(arena, "%s/%s", state, AGENT_CONFIG_FILE);
    char *text = NULL;
    size_t len;
    int rc = file_read_all(path, FILE_MAX, &text, &len, err);

    if (rc == 0)
        rc = agent_config_parse(arena, path, text, len, ret_config, err);
    free(text);
    return rc;
}

int agent_config_speaks(const struct agent_config *config, struct err *err)
{
    const char *missing = *config->url == '\0'           ? "url"
                          : *config->fingerprint == '\0' ? "fingerprint"
                                                         : NULL;

    return missing == NULL
               ? 0
               : err_set(err, ERR_INVALID, AGENT_CONFIG_FILE ": %s is missing", missing);
}

static int add_own(const struct agent_config *config, struct redact *redact, struct err *err)
{
    char *text = NULL;
    size_t len;
    int rc = file_read_all(config->redact, FILE_MAX, &text, &len, err);

    if (rc == 0 && strlen(text) != len)
        rc = err_set(err, ERR_INVALID, "a NUL is in it");
    if (rc == 0)
        rc = redact_add(redact, text, err);
    free(text);
    return rc < 0 ? err_wrap(err, "redact, %s", config->redact) : 0;
}

int agent_config_redact(const struct agent_config *config, const char *servers,
                        struct redact **ret_redact, struct err *err)
{
    struct redact *redact;
    int rc = 0;

    redact = redact_new();
    if (servers != NULL && (rc = redact_add(redact, servers, err)) < 0)
        rc = err_wrap(err, "redact, of the server");
    if (rc == 0 && *config->redact != '\0')
        rc = add_own(config, redact, err);
    if (rc < 0)
        redact_free(redact);
    else
        *ret_redact = redact;
    return rc;
}

int agent_config_write(const char *state, const struct agent_config *config, struct err *err)
{
    struct agent_config copy = *config;
    char path[4096];
    struct buf buf;
    int rc;

    if (snprintf(path, sizeof(path), "%s/%s", state, AGENT_CONFIG_FILE) >= (int)sizeof(path))
        return err_set(err, ERR_INVALID, "path too long: %s", state);
    buf_init(&buf, FILE_MAX);
    buf_adds(&buf, "# slipway-agent. Made by --register; restart the agent after a change.\n");
    for (size_t i = 0; i < N_KEYS; i++) {
        if (keys[i].comment != NULL)
            buf_addf(&buf, "\n# %s\n", keys[i].comment);
        if (keys[i].member == NOT_TEXT)
            buf_addf(&buf, "%s = %03o\n", keys[i].key, (unsigned)copy.umask);
        else
            buf_addf(&buf, "%s = %s\n", keys[i].key, *member_of(&copy, i));
    }
    rc = file_write_atomic(path, buf_str(&buf), buf.len, 0600, err);
    buf_deinit(&buf);
    return rc;
}
