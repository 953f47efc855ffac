#include "server/flow/roster.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/github/github_api.h"
#include "lib/store/store_person.h"
#include "lib/store/writer.h"
#include "server/flow/courier.h"
#include "server/flow/people.h"

#define KEPT_MS 60000
#define REFRESH_MS 30000
#define TROUBLE_MS                                                                                 \
    5000 /* after a question without an answer the next one waits so long, then twice as long ... */
#define TROUBLE_MAX_MS 300000
#define LOOK_MS 1000 /* the clock of the rules may have moved on by then */
#define ENTRIES 1024
#define NAME_SIZE 256

enum kind { KIND_UNUSED, KIND_TEAM, KIND_LOGIN };

/* One question: is `account` in the team `name`, or who has the login `name`. */
struct entry {
    enum kind kind;
    int64_t account;
    char name[NAME_SIZE];
    enum rights_member member;
    mono_ms known_at; /* 0 = never */
    mono_ms asked_at; /* tried last, with or without an answer */
    mono_ms used_at;
    bool wanted;
};

struct roster {
    struct roster_options options;
    struct courier courier;
    struct entry entries[ENTRIES];
    char trouble[256];
    int64_t patience_ms; /* after the next question without an answer */
    mono_ms not_before;  /* GitHub is left alone until then */
};

/* What is known, under the mutex ---------------------------------------------------------------- */

static struct entry *entry_of(struct roster *r, enum kind kind, int64_t account, const char *name,
                              mono_ms now)
{
    struct entry *oldest = &r->entries[0];

    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *e = &r->entries[i];

        if (e->kind == kind && e->account == account && strcasecmp(e->name, name) == 0)
            return e;
        if (oldest->kind != KIND_UNUSED && (e->kind == KIND_UNUSED || e->used_at < oldest->used_at))
            oldest = e;
    }
    *oldest = (struct entry){.kind = kind, .account = account, .used_at = now};
    (void)snprintf(oldest->name, sizeof(oldest->name), "%s", name);
    return oldest;
}

static void want(struct roster *r, struct entry *e)
{
    e->wanted = true;
    courier_ring(&r->courier);
}

enum rights_member roster_in_team(struct roster *r, int64_t account, const char *team)
{
    enum rights_member member = RIGHTS_NOT_KNOWN;
    struct entry *e;
    mono_ms now;

    if (r == NULL || strlen(team) >= NAME_SIZE)
        return RIGHTS_NOT_KNOWN;
    now = clock_mono(r->options.clock);
    pthread_mutex_lock(&r->courier.mutex);
    e = entry_of(r, KIND_TEAM, account, team, now);
    e->used_at = now;
    if (e->known_at != 0 && now - e->known_at < KEPT_MS)
        member = e->member;
    if (e->known_at == 0 || now - e->known_at >= REFRESH_MS)
        want(r, e);
    pthread_mutex_unlock(&r->courier.mutex);
    return member;
}

void roster_bind(struct roster *r, const char *login)
{
    struct entry *e;
    mono_ms now;

    if (r == NULL || strlen(login) >= NAME_SIZE)
        return;
    now = clock_mono(r->options.clock);
    pthread_mutex_lock(&r->courier.mutex);
    e = entry_of(r, KIND_LOGIN, 0, login, now);
    e->used_at = now;
    if (e->known_at == 0 || now - e->known_at >= KEPT_MS)
        want(r, e);
    pthread_mutex_unlock(&r->courier.mutex);
}

void roster_trouble(struct roster *r, char *ret_text, size_t size)
{
    ret_text[0] = '\0';
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->courier.mutex);
    (void)snprintf(ret_text, size, "%s", r->trouble);
    pthread_mutex_unlock(&r->courier.mutex);
}

/* Asking, on the roster's thread ----------------------------------------------------------------- */

struct sight {
    const char *login;
    int64_t id;
    time_ms now;
};

static int write_sight(struct db *db, void *arg, struct err *err)
{
    const struct sight *sight = arg;

    return people_seen(db, sight->login, sight->id, "github", sight->now, err);
}

static int note_sight(struct roster *r, const struct github_api_account *account, struct err *err)
{
    struct sight sight = {account->login, account->id, clock_now(r->options.clock)};

    return writer_do(r->options.writer, write_sight, &sight, err);
}

/* Answers the question; the answer is known when it returns 0. */
static int ask(struct roster *r, struct entry *e, struct err *err)
{
    struct github_api *api = r->courier.api;
    struct github_api_account account;
    bool inside = false;
    int rc;

    if (e->kind == KIND_LOGIN) {
        rc = github_api_user(api, e->name, &account, err);
        return rc == ERR_NOT_FOUND ? 0 : rc < 0 ? rc : note_sight(r, &account, err);
    }
    rc = github_api_account(api, e->account, &account, err);
    if (rc == 0)
        rc = note_sight(r, &account, err);
    if (rc == 0)
        rc = github_api_in_team(api, e->name, account.login, &inside, err);
    e->member = inside ? RIGHTS_INSIDE : RIGHTS_OUTSIDE;
    return rc == ERR_NOT_FOUND ? 0 : rc; /* an account that is gone is in no team */
}

/* Copy the next question out; false = it is time to stop. Waits. */
static bool take(struct roster *r, struct entry *ret_entry)
{
    bool found = false;

    pthread_mutex_lock(&r->courier.mutex);
    while (!found && !atomic_load(&r->courier.stopping)) {
        mono_ms now = clock_mono(r->options.clock);
        bool left_alone = now < r->not_before;

        for (size_t i = 0; i < ENTRIES && !found && !left_alone; i++) {
            struct entry *e = &r->entries[i];
            if (!e->wanted)
                continue;
            e->wanted = false;
            e->asked_at = now;
            *ret_entry = *e;
            found = true;
        }
        if (!found)
            courier_wait(&r->courier, courier_now() + LOOK_MS);
    }
    pthread_mutex_unlock(&r->courier.mutex);
    return found;
}

static void put(struct roster *r, const struct entry *answered, int rc, const struct err *err)
{
    mono_ms now = clock_mono(r->options.clock);
    struct entry *e;

    pthread_mutex_lock(&r->courier.mutex);
    e = entry_of(r, answered->kind, answered->account, answered->name, now);
    if (rc == 0) {
        e->member = answered->member;
        e->known_at = answered->asked_at;
        r->trouble[0] = '\0';
        r->patience_ms = TROUBLE_MS;
    } else {
        e->wanted = e->kind == KIND_LOGIN || now - e->used_at < KEPT_MS; /* somebody still asks */
        r->not_before =
            now + (rc == ERR_BUSY ? github_api_wait_ms(r->courier.api) : r->patience_ms);
        r->patience_ms = r->patience_ms * 2 < TROUBLE_MAX_MS ? r->patience_ms * 2 : TROUBLE_MAX_MS;
        (void)snprintf(r->trouble, sizeof(r->trouble), "%s", err->text);
    }
    pthread_mutex_unlock(&r->courier.mutex);
}

static void *roster_main(void *arg)
{
    struct roster *r = arg;
    struct entry entry;

    while (take(r, &entry)) {
        struct err err = ERR_INIT;
        int rc = ask(r, &entry, &err);

        if (rc < 0 && !atomic_load(&r->courier.stopping))
            log_warning("roster.no-answer", "question=%s account=%" PRId64 " err=%s",
                        LOG(entry.name), entry.account, LOG(err.text));
        put(r, &entry, rc, &err);
    }
    return NULL;
}

/* Life -------------------------------------------------------------------------------------------- */

int roster_start(const struct roster_options *options, struct roster **ret_roster, struct err *err)
{
    struct roster *r = calloc(1, sizeof(*r));
    int rc;

    if (r == NULL)
        abort();
    r->options = *options;
    r->patience_ms = TROUBLE_MS;
    rc = courier_start(&r->courier, &options->github, "the roster", roster_main, r, err);
    if (rc < 0)
        free(r);
    else
        *ret_roster = r;
    return rc;
}

void roster_stop(struct roster *r)
{
    if (r == NULL)
        return;
    courier_stop(&r->courier);
    courier_free(&r->courier);
    free(r);
}

/* Of the configuration ---------------------------------------------------------------------------- */

static int bind_rights(struct roster *r, struct db *db, struct arena *arena,
                       const struct config_rights *rights, struct err *err)
{
    for (int right = 0; right < CONFIG_RIGHTS; right++)
        for (size_t i = 0; i < rights->who[right].n; i++) {
            const char *who = rights->who[right].items[i];
            struct person person;
            int rc;

            if (strchr(who, ':') != NULL || strcmp(who, "anyone") == 0)
                continue;
            rc = store_person_by_login(db, arena, who, &person, err);
            if (rc == ERR_NOT_FOUND)
                roster_bind(r, who);
            else if (rc < 0)
                return rc;
        }
    return 0;
}

int roster_bind_all(struct roster *r, struct db *db, const struct config *config, struct err *err)
{
    struct arena arena;
    int rc;

    if (r == NULL)
        return 0;
    arena_init(&arena);
    rc = bind_rights(r, db, &arena, &config->rights, err);
    for (size_t i = 0; i < config->n_repos && rc == 0; i++) {
        rc = bind_rights(r, db, &arena, &config->repos[i].rights, err);
        for (size_t k = 0; k < config->repos[i].n_environments && rc == 0; k++)
            rc = bind_rights(r, db, &arena, &config->repos[i].environments[k].rights, err);
    }
    arena_deinit(&arena);
    return rc;
}
