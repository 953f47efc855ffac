/*
 * bench_generate: a store with much history, for tests/bench.
 *
 *      bench_generate STATE-FOLDER DELIVERIES RELEASES
 *
 * It opens (makes) the store as the server would and fills it with a few large statements, so a million deliveries
 * take seconds. Every pull request has ten deliveries and is one release. Bodies are kept for the newest
 * ten thousand only: older ones are pruned in a store of that age. Ids and digests are random, as GitHub's are.
 * Not through the rooms of the flow: what they would write for each row stands here as SQL, and a test holds that
 * the invariants are content with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/zip.h"
#include "lib/store/db.h"
#include "lib/store/store.h"

#define BODY 24000
#define BODIES_MAX 10000
#define NOW 1764000000000 /* 2025-11-24; deliveries lie one second apart before it */

DB_STATEMENT(SQL_GENERATE_REPOSITORY,
             "INSERT INTO repositories (name, github_id, branch, tip_sha, fetched_at)"
             " VALUES ('acme/shop', 640000001, 'main', $1, $2)"
             " ON CONFLICT (name) DO UPDATE SET tip_sha = excluded.tip_sha");

/* GitHub's ids begin with their time, lowest part first; the key turns it around, and that of a body begins with the
 * time in it (store_delivery). */
DB_STATEMENT(SQL_GENERATE_DELIVERIES,
             "WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2),"
             " made (i, low, mid, rest) AS (SELECT i, printf('%08x', (i * 10000000) & 4294967295),"
             "   printf('%04x', (i * 10000000) >> 32), '-' || lower(hex(randomblob(2))) || '-'"
             "   || lower(hex(randomblob(6))) FROM n)"
             " INSERT INTO deliveries (guid, guid_key, event, received_at, state, form, body_mark,"
             "   body_key, action, repository, recorded_at)"
             " SELECT low || '-' || mid || '-11f0' || rest, '11f0' || mid || low || rest,"
             "   'pull_request', $3 + i * 1000, 'recorded', 0, lower(hex(randomblob(16))),"
             "   ($3 / 1000 + i) << 31 | random() & 2147483647,"
             "   'synchronize', 'acme/shop', $3 + i * 1000 + 20 FROM made");

DB_STATEMENT(
    SQL_GENERATE_PULLS,
    "WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
    " INSERT INTO pull_requests (repository_id, number, github_id, state, draft, fork, title,"
    "   url, author_id, author, base_ref, head_ref, head_sha, merge_sha, opened_at,"
    "   updated_at, closed_at, merged_at)"
    " SELECT 1, i, 7000000 + i, 'merged', 0, 0, 'Round the price once (' || i || ')',"
    "   'https://github.com/acme/shop/pull/' || i, 7, 'ana', 'main', 'topic-' || i,"
    "   printf('%040x', 70000000 + i), printf('%040x', 10000000 + i), $3 + i * 10000,"
    "   $3 + i * 10000 + 9000, $3 + i * 10000 + 9000, $3 + i * 10000 + 9000 FROM n");

DB_STATEMENT(SQL_GENERATE_RELEASES,
             "WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
             " INSERT INTO releases (repository_id, number, sha, parent_sha, subject, author,"
             "   committed_at, seen_at, lane, n_paths)"
             " SELECT 1, i, printf('%040x', 10000000 + i),"
             "   CASE WHEN i > 1 THEN printf('%040x', 10000000 + i - 1) END,"
             "   'Round the price once (#' || i || ')', 'Ana', $3 + i * 10000 + 9000,"
             "   $3 + i * 10000 + 9500, 'code', 3 FROM n");

DB_STATEMENT(SQL_GENERATE_TIMELINE,
             "WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
             " INSERT INTO pull_request_timeline (repository_id, number, at, kind, actor_id, actor,"
             "   delivery_id)"
             " SELECT 1, (i - 1) / 10 + 1, $3 + i * 1000, 'pull_request.synchronize', 7, 'ana', i"
             " FROM n WHERE (i - 1) / 10 + 1 <= $4");

/* All of it is live: history is what was deployed. */
DB_STATEMENT(
    SQL_GENERATE_LIVE,
    "INSERT INTO baselines (repository_id, environment, release_number, actor, way, reason,"
    "   declared_at) VALUES (1, 'stage', $1, 'bench', 'cli', 'generated', $2),"
    " (1, 'production', $1, 'bench', 'cli', 'generated', $2)");

DB_STATEMENT(SQL_GENERATE_BODY,
             "INSERT INTO delivery_bodies (delivery_id, size, zstd) VALUES ($1, $2, $3)");

static void must(int rc, const struct err *err)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_generate: %s\n", err->text);
    exit(1);
}

static void fill_bodies(struct db *db, int64_t first, int64_t last)
{
    static const char words[] = "the price of a coupon is rounded once in the basket ";
    struct err err = ERR_INIT;
    char *body = malloc(BODY);

    if (body == NULL)
        abort();
    for (int64_t id = first; id <= last; id++) {
        size_t len;
        char *zstd;
        for (size_t i = 0; i < BODY; i++)
            body[i] = (char)(i % 7 == 0 ? 'a' + rand() % 26 : words[i % (sizeof(words) - 1)]);
        zstd = zip_compress(zip_of_thread(), body, BODY, &len);
        must(db_run(db, &SQL_GENERATE_BODY, &err, "iiz", id, (int64_t)BODY, zstd, len), &err);
        free(zstd);
    }
    free(body);
}

int main(int argc, char **argv)
{
    int64_t deliveries = argc == 4 ? strtoll(argv[2], NULL, 10) : 0;
    int64_t releases = argc == 4 ? strtoll(argv[3], NULL, 10) : 0;
    int64_t began = NOW - deliveries * 1000;
    struct err err = ERR_INIT;
    struct store store;
    struct db *db;
    char tip[41];

    if (deliveries < 1 || releases < 1) {
        fprintf(stderr, "usage: bench_generate STATE-FOLDER DELIVERIES RELEASES\n");
        return 64;
    }
    must(store_open(argv[1], "bench", NOW, &store, &err), &err);
    db = store.db;
    snprintf(tip, sizeof(tip), "%040llx", 10000000 + (unsigned long long)releases);
    must(db_exec(db, "PRAGMA cache_size = -400000; BEGIN IMMEDIATE", &err), &err);
    must(db_run(db, &SQL_GENERATE_REPOSITORY, &err, "ti", tip, (int64_t)NOW), &err);
    must(db_run(db, &SQL_GENERATE_DELIVERIES, &err, "iii", (int64_t)1, deliveries, began), &err);
    must(db_run(db, &SQL_GENERATE_PULLS, &err, "iii", (int64_t)1, releases, began), &err);
    must(db_run(db, &SQL_GENERATE_RELEASES, &err, "iii", (int64_t)1, releases, began), &err);
    must(db_run(db, &SQL_GENERATE_TIMELINE, &err, "iiii", (int64_t)1, deliveries, began, releases),
         &err);
    must(db_run(db, &SQL_GENERATE_LIVE, &err, "ii", releases, (int64_t)NOW), &err);
    fill_bodies(db, deliveries > BODIES_MAX ? deliveries - BODIES_MAX + 1 : 1, deliveries);
    must(db_exec(db, "COMMIT", &err), &err);
    must(db_checkpoint(db, &err), &err);
    db_close(db);
    (void)close(store.lock);
    return 0;
}
