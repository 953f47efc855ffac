/* content_shipped: see content_shipped.h. */
#include "lib/ssm/content_shipped.h"

#include <pthread.h>
#include <string.h>

#include "lib/base/embed.h"
#include "lib/base/str.h"

/* generated/document_files.c: deploy/documents, sorted. */
extern const struct embedded_file document_files[];
extern const size_t n_document_files;

#define SHIPPED_MAX 32
#define SUFFIX "@1.json" /* each has one version so far */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct content_shipped table[SHIPPED_MAX];
static char names[SHIPPED_MAX][80];
static size_t n_table;

static void fill_table(void)
{
    for (size_t i = 0; i < n_document_files && n_table < SHIPPED_MAX; i++) {
        const struct embedded_file *file = &document_files[i];
        size_t len = strlen(file->name);

        if (!str_ends(file->name, SUFFIX) || len - strlen(SUFFIX) >= sizeof(names[0]))
            continue;
        memcpy(names[n_table], file->name, len - strlen(SUFFIX));
        table[n_table] = (struct content_shipped){.name = names[n_table],
                                                  .text = (const char *)file->bytes,
                                                  .len = file->len,
                                                  .digest = file->sha256};
        n_table++;
    }
}

const struct content_shipped *content_shipped_all(size_t *ret_n)
{
    (void)pthread_once(&once, fill_table);
    *ret_n = n_table;
    return table;
}

const struct content_shipped *content_shipped_find(const char *name)
{
    size_t n;
    const struct content_shipped *all = content_shipped_all(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}
