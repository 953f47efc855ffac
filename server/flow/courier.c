#include "server/flow/courier.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/secret.h"
#include "lib/github/github_api.h"

void courier_free(struct courier *c)
{
    github_api_free(c->api);
    secret_free(c->token);
    pthread_cond_destroy(&c->bell);
    pthread_mutex_destroy(&c->mutex);
    free(c->base);
}

static void open_github(struct courier *c, const struct courier_options *options)
{
    c->token = options->token;
    c->base = strdup(options->api);
    if (c->base == NULL)
        abort();
    c->api = github_api_new(&(struct github_api_options){.base = c->base,
                                                         .token = c->token,
                                                         .agent = options->agent,
                                                         .timeout_ms = options->timeout_ms,
                                                         .answer_max = options->answer_max,
                                                         .stop = &c->stopping});
}

int courier_start(struct courier *c, const struct courier_options *options, const char *whose,
                  void *(*run)(void *), void *arg, struct err *err)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&c->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->bell, &attr);
    pthread_condattr_destroy(&attr);
    if (options != NULL)
        open_github(c, options);
    if (pthread_create(&c->thread, NULL, run, arg) == 0)
        return 0;
    courier_free(c);
    return err_set(err, ERR_INTERNAL, "the thread of %s cannot be started", whose);
}

void courier_stop(struct courier *c)
{
    atomic_store(&c->stopping, true);
    pthread_mutex_lock(&c->mutex);
    courier_ring(c);
    pthread_mutex_unlock(&c->mutex);
    pthread_join(c->thread, NULL);
}

void courier_ring(struct courier *c)
{
    pthread_cond_signal(&c->bell);
}

void courier_wait(struct courier *c, mono_ms until)
{
    const struct timespec at = {.tv_sec = until / 1000, .tv_nsec = (long)(until % 1000) * 1000000};

    if (!atomic_load(&c->stopping))
        (void)pthread_cond_timedwait(&c->bell, &c->mutex, &at);
}

mono_ms courier_now(void)
{
    return clock_mono(clock_system());
}
