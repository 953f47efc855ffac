/* door_library: see door_library.h. */
#include "server/api/door_library.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/ssm/content_shell.h"
#include "lib/ssm/content_shipped.h"
#include "lib/store/store_door_document.h"

const char *door_library_bare_name(const char *name)
{
    const char *in_arn = strstr(name, ":document/");

    return in_arn != NULL ? in_arn + strlen(":document/") : name;
}

bool door_library_migrates(const char *name)
{
    return strcmp(name, "migrate") == 0 || str_starts(name, "migrate@") ||
           str_starts(name, "migrate-check") || str_starts(name, "migrate-run");
}

static const struct config_document *configured(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_documents; i++)
        if (strcmp(config->documents[i].name, name) == 0)
            return &config->documents[i];
    return NULL;
}

bool door_library_is_reserved(const struct config *config, const char *name)
{
    static const char *const prefixes[] = {
        "aws", "amazon", "amzn", "AWSEC2", "AWSConfigRemediation", "AWSSupport", "slipway"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return configured(config, name) != NULL || content_shipped_find(name) != NULL ||
           door_library_migrates(name);
}

static int finish(struct arena *arena, struct door_library_entry *e, struct err *err)
{
    enum content_flaw flaw;
    char digest[DIGEST_HEX_SIZE];

    if (e->digest == NULL) {
        digest_sha256_hex(e->text, strlen(e->text), digest);
        e->digest = arena_str(arena, digest);
    }
    e->hash = e->digest;
    if (e->source != NULL) {
        digest_sha256_hex(e->source, strlen(e->source), digest);
        e->hash = arena_str(arena, digest);
    }
    return content_parse(arena, e->text, strlen(e->text), &e->content, &flaw, err);
}

/* One that has a single version. */
static int fixed(struct arena *arena, const char *name, const char *text, enum access_origin origin,
                 struct door_library_entry *e, struct err *err)
{
    *e = (struct door_library_entry){.name = name,
                                     .origin = origin,
                                     .version = 1,
                                     .latest_version = 1,
                                     .default_version = 1,
                                     .text = text,
                                     .owner = origin == ACCESS_SHIPPED ? "Amazon" : "Slipway"};
    if (origin == ACCESS_SHIPPED && !str_starts(name, "AWS-"))
        e->owner = "Slipway";
    return finish(arena, e, err);
}

static int no_version(const char *name, const char *version, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "document %s has no version %s", name, version);
}

static bool is_one(const char *version)
{
    return version == NULL || strcmp(version, "1") == 0 || strcmp(version, "$LATEST") == 0 ||
           strcmp(version, "$DEFAULT") == 0;
}

/* The number that is meant; 0 = there is none. */
static int resolve(struct db *db, const struct door_document *d, const char *version,
                   const char *version_name, int64_t *ret_number, struct err *err)
{
    *ret_number = d->default_version;
    if (version_name != NULL)
        return store_door_document_version_named(db, d->name, version_name, ret_number, err);
    if (version == NULL || strcmp(version, "$DEFAULT") == 0)
        return 0;
    if (strcmp(version, "$LATEST") == 0)
        *ret_number = d->latest_version;
    else if (str_parse_int64(version, ret_number) < 0)
        *ret_number = 0;
    return 0;
}

static int made(struct db *db, struct arena *arena, const struct door_document *d,
                const char *version, const char *version_name, struct door_library_entry *e,
                struct err *err)
{
    struct door_document_version v;
    int64_t number;
    int rc = resolve(db, d, version, version_name, &number, err);

    if (rc < 0)
        return rc;
    rc = store_door_document_version(db, arena, d->name, number, &v, err);
    if (rc == ERR_NOT_FOUND)
        return no_version(d->name, version_name != NULL ? version_name : version, err);
    if (rc < 0)
        return rc;
    *e = (struct door_library_entry){.name = d->name,
                                     .origin = ACCESS_MADE,
                                     .version = v.version,
                                     .latest_version = d->latest_version,
                                     .default_version = d->default_version,
                                     .version_name = v.version_name,
                                     .target_type = d->target_type,
                                     .text = v.content,
                                     .source = v.source,
                                     .digest = v.digest,
                                     .owner = "Slipway",
                                     .created_at = v.created_at};
    return finish(arena, e, err);
}

int door_library_find(struct db *db, struct arena *arena, const struct config *config,
                      const char *name, const char *version, const char *version_name,
                      struct door_library_entry *ret_entry, struct err *err)
{
    const char *bare = door_library_bare_name(name);
    const struct content_shipped *shipped = content_shipped_find(bare);
    const struct config_document *own = configured(config, bare);
    struct door_document d;
    int rc;

    if (shipped != NULL || own != NULL) {
        if (!is_one(version) || version_name != NULL)
            return no_version(bare, version_name != NULL ? version_name : version, err);
        return shipped != NULL
                   ? fixed(arena, shipped->name, shipped->text, ACCESS_SHIPPED, ret_entry, err)
                   : fixed(arena, own->name, own->text, ACCESS_CONFIGURED, ret_entry, err);
    }
    rc = store_door_document(db, arena, bare, &d, err);
    return rc < 0 ? rc : made(db, arena, &d, version, version_name, ret_entry, err);
}

/* Insert by name; at most `limit` are kept. */
static void insert(struct door_library_entry *items, size_t *n, size_t limit,
                   const struct door_library_entry *e)
{
    size_t at = *n;

    while (at > 0 && strcmp(items[at - 1].name, e->name) > 0)
        at--;
    if (at >= limit)
        return;
    if (*n < limit)
        (*n)++;
    memmove(&items[at + 1], &items[at], (*n - at - 1) * sizeof(*items));
    items[at] = *e;
}

int door_library_page(struct db *db, struct arena *arena, const struct config *config,
                      const char *after, size_t limit, struct door_library_entry **ret_items,
                      size_t *ret_n, struct err *err)
{
    struct door_library_entry *items = arena_array(arena, limit + 1, sizeof(*items));
    const struct content_shipped *shipped;
    struct door_library_entry e;
    struct door_document *documents;
    size_t n = 0, n_shipped, n_documents;
    int rc = store_door_document_page(db, arena, after, limit, &documents, &n_documents, err);

    shipped = content_shipped_all(&n_shipped);
    for (size_t i = 0; i < n_shipped && rc == 0; i++) {
        rc = fixed(arena, shipped[i].name, shipped[i].text, ACCESS_SHIPPED, &e, err);
        if (rc == 0 && strcmp(e.name, after) > 0)
            insert(items, &n, limit, &e);
    }
    for (size_t i = 0; i < config->n_documents && rc == 0; i++) {
        rc = fixed(arena, config->documents[i].name, config->documents[i].text, ACCESS_CONFIGURED,
                   &e, err);
        if (rc == 0 && strcmp(e.name, after) > 0)
            insert(items, &n, limit, &e);
    }
    for (size_t i = 0; i < n_documents && rc == 0; i++) {
        rc = made(db, arena, &documents[i], NULL, NULL, &e, err);
        if (rc == 0)
            insert(items, &n, limit, &e);
    }
    *ret_items = items;
    *ret_n = n;
    return rc;
}

struct access_document door_library_facts(const struct door_library_entry *e)
{
    return (struct access_document){.name = e->name,
                                    .origin = e->origin,
                                    .free_shell = content_shell_is_free(e->text),
                                    .migrates = door_library_migrates(e->name),
                                    .unguarded = content_unguarded(&e->content)};
}
