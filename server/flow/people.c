#include "server/flow/people.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/log.h"
#include "lib/rules/rights.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_person.h"

int people_seen(struct db *db, const char *login, int64_t github_id, const char *by, time_ms now,
                struct err *err)
{
    enum store_person_news news;
    char detail[64];
    struct journal_entry line = {
        .at = now, .actor = "slipway", .way = "timer", .subject = login, .detail = detail};
    int rc = store_person_seen(db, login, github_id, by, now, &news, err);

    if (rc < 0 || news == STORE_PERSON_KNOWN)
        return rc;
    if (news == STORE_PERSON_STRANGER)
        log_warning("person.refused", "login=%s id=%" PRId64 " text=%s", LOG(login), github_id,
                    LOG("another account than the one that is known; slipway people ls"));
    line.act = news == STORE_PERSON_BOUND ? "person.bind" : "person.refuse";
    snprintf(detail, sizeof(detail), "{\"id\":%" PRId64 ",\"by\":\"%.16s\"}", github_id, by);
    return store_journal_add(db, &line, err);
}

int people_facts(struct db *db, struct arena *arena, int64_t github_id, struct rights_asker *asker,
                 struct err *err)
{
    return store_person_logins(db, arena, github_id, &asker->logins, &asker->n_logins, err);
}
