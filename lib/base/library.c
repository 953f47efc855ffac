/* library: see library.h. */
#include "lib/base/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int load(struct library *l, struct err *err)
{
    void *handle = dlopen(l->soname, RTLD_NOW | RTLD_LOCAL);

    for (size_t i = 0; handle != NULL && i < l->n; i++) {
        void *function = dlsym(handle, l->names[i]);
        if (function == NULL)
            return err_set(err, ERR_NOT_FOUND, "%s has no %s", l->soname, l->names[i]);
        memcpy((char *)l->functions + i * sizeof(function), &function, sizeof(function));
    }
    return handle != NULL ? 0 : err_set(err, ERR_NOT_FOUND, "a library is missing: %s", dlerror());
}

int library_load(struct library *library, struct err *err)
{
    int rc = 0;

    if (atomic_load_explicit(&library->is_loaded, memory_order_acquire))
        return 0;
    pthread_mutex_lock(&library->mutex);
    if (!atomic_load(&library->is_loaded) && (rc = load(library, err)) == 0)
        atomic_store_explicit(&library->is_loaded, true, memory_order_release);
    pthread_mutex_unlock(&library->mutex);
    return rc;
}

void library_must(struct library *library)
{
    struct err err = ERR_INIT;

    if (library_load(library, &err) == 0)
        return;
    fprintf(stderr, "slipway: %s. Install it, then start again\n", err.text);
    abort();
}
