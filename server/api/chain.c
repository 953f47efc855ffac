#include "server/api/chain.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/store/db.h"
#include "lib/store/store_journal.h"

#define LOOK_ROWS 50000 /* of one look: a quarter of a second */
#define SLICE_ROWS 1000 /* between two pauses */

struct chain {
    pthread_mutex_t mutex; /* also: one look at a time */
    int64_t last;          /* of the rows that hold; 0 = none was read */
    char hash[DIGEST_HEX_SIZE];
    int64_t bad;
};

struct chain *chain_new(void)
{
    struct chain *chain = calloc(1, sizeof(*chain));

    if (chain == NULL)
        abort();
    pthread_mutex_init(&chain->mutex, NULL);
    return chain;
}

void chain_free(struct chain *chain)
{
    if (chain == NULL)
        return;
    pthread_mutex_destroy(&chain->mutex);
    free(chain);
}

/* The last row that was read is still that one: nobody wrote a chain anew, or took its end away. */
static int check_end(struct chain *chain, struct db *db, struct err *err)
{
    char hash[DIGEST_HEX_SIZE];
    int rc = chain->last != 0 ? store_journal_hash(db, chain->last, hash, err) : 0;

    if (rc == ERR_NOT_FOUND || (rc == 0 && chain->last != 0 && strcmp(hash, chain->hash) != 0)) {
        chain->bad = chain->last;
        rc = 0;
    }
    return rc;
}

/* Up to `rows` more behind `*last`; 1 = there may be more. */
static int go_on(struct db *db, size_t rows, int64_t *last, char hash[DIGEST_HEX_SIZE],
                 int64_t *ret_bad, struct err *err)
{
    int64_t from = *last;
    int more = store_journal_verify_behind(db, from, rows, last, ret_bad, err);
    int rc = more >= 0 && *last != from ? store_journal_hash(db, *last, hash, err) : 0;

    return rc < 0 ? rc : more;
}

int chain_look(struct chain *chain, struct db_pool *readers, struct chain_word *ret_word,
               struct err *err)
{
    struct db *db = NULL;
    int rc, more = 0;

    pthread_mutex_lock(&chain->mutex);
    rc = db_pool_take(readers, &db, err); /* behind the lock: it sees what others read */
    if (rc == 0 && chain->bad == 0)
        rc = check_end(chain, db, err);
    if (rc == 0 && chain->bad == 0)
        more = rc = go_on(db, LOOK_ROWS, &chain->last, chain->hash, &chain->bad, err);
    *ret_word = (struct chain_word){.whole = chain->last, .bad = chain->bad, .more = more > 0};
    db_pool_give(readers, db);
    pthread_mutex_unlock(&chain->mutex);
    return rc < 0 ? rc : 0;
}

int chain_read_again(struct chain *chain, struct db *db, bool (*pause)(void *arg), void *arg,
                     int64_t *ret_bad, struct err *err)
{
    char hash[DIGEST_HEX_SIZE] = "";
    int64_t last = 0;
    int rc;

    *ret_bad = 0;
    while ((rc = go_on(db, SLICE_ROWS, &last, hash, ret_bad, err)) > 0) {
        if (pause(arg))
            break;
    }
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&chain->mutex);
    if (chain->bad == 0)
        chain->bad = *ret_bad;
    if (last > chain->last) {
        chain->last = last;
        memcpy(chain->hash, hash, sizeof(hash));
    }
    pthread_mutex_unlock(&chain->mutex);
    return 0;
}
