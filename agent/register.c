/* register: see register.h. */
#include "agent/register.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent_config.h"
#include "agent/host_key.h"
#include "agent/session.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/secret.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"
#include "lib/httpc/httpc.h"

#define FINGERPRINT_FILE "fingerprint" /* until agent.conf has it */

/* All that the line says, checked before anything is made. */
static int take_options(struct arena *arena, const struct register_options *o,
                        struct agent_config *config, struct err *err)
{
    const struct {
        const char *option, *key, *value;
    } given[] = {{"--url", "url", o->url},
                 {"--key", "key", o->key},
                 {"--store", "store", o->store_id}};

    agent_config_init(config);
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        if (given[i].value == NULL)
            return err_set(err, ERR_INVALID, "%s is missing", given[i].option);
        if (agent_config_set(arena, config, given[i].key, given[i].value, err) < 0)
            return err_wrap(err, "%s", given[i].option);
    }
    if (!names_is_uuid(o->activation_id))
        return err_set(err, ERR_INVALID, "--id: the activation's UUID is expected");
    if (o->code == NULL || *o->code == '\0' || strlen(o->code) > 256)
        return err_set(err, ERR_INVALID, "--code: the activation's code is expected");
    return 0;
}

/* The same one at each try, so that a lost answer does not make a second host of this machine. */
static int open_fingerprint(struct arena *arena, const char *state, const char **ret_fingerprint,
                            struct err *err)
{
    const char *path = arena_printf(arena, "%s/%s", state, FINGERPRINT_FILE);
    char fresh[NAMES_UUID_SIZE];
    char *text = NULL;
    size_t len;
    int rc = file_read_all(path, NAMES_UUID_SIZE, &text, &len, err);

    if (rc == 0 && names_is_uuid(text))
        *ret_fingerprint = arena_str(arena, text);
    else if (rc == 0 || rc == ERR_NOT_FOUND) {
        names_uuid_new(fresh);
        rc = file_write_atomic(path, fresh, strlen(fresh), 0600, err);
        *ret_fingerprint = arena_str(arena, fresh);
    }
    free(text);
    return rc;
}

static int take_answer(struct arena *arena, const struct httpc_answer *answer,
                       struct agent_config *config, struct err *err)
{
    struct cJSON *json = NULL;
    const char *store, *id;
    int rc = json_parse(answer->body, answer->body_len, NULL, &json, err);

    if (rc < 0)
        return rc;
    id = json_str(json, "InstanceId");
    store = json_str(json_object(json, "Slipway"), "StoreId");
    if (!names_is_host_id(id))
        rc = err_set(err, ERR_INVALID, "the answer has no InstanceId");
    else if (store != NULL && !str_eq(store, config->store_id))
        rc = err_set(err, ERR_DENIED,
                     "the server at %s has store %.40s, the activation is of %s; it is another one",
                     config->url, store, config->store_id);
    else
        config->host_id = arena_str(arena, id);
    json_free(json);
    return rc;
}

static int ask(struct arena *arena, const struct register_options *o, const struct sign_rsa *rsa,
               struct agent_config *config, struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    struct httpc *httpc = httpc_new();
    char *spki = sign_rsa_spki(rsa);
    struct json_out out;
    struct buf body;
    int rc;

    buf_init(&body, 8192);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_str(&out, "ActivationCode", o->code);
    json_add_str(&out, "ActivationId", o->activation_id);
    json_add_str(&out, "Fingerprint", config->fingerprint);
    json_add_str(&out, "PublicKey", spki);
    json_add_str(&out, "PublicKeyType", "Rsa");
    json_end_object(&out);
    rc = session_register(httpc, config->url, buf_str(&body), &answer, err);
    if (rc == 0)
        rc = take_answer(arena, &answer, config, err);
    httpc_answer_deinit(&answer);
    buf_deinit(&body);
    free(spki);
    httpc_free(httpc);
    return rc;
}

int register_host(struct arena *arena, const struct register_options *o, const char **ret_host_id,
                  struct err *err)
{
    struct agent_config config, older;
    struct sign_rsa *rsa = NULL;
    struct err own = ERR_INIT;
    int rc;

    if ((rc = take_options(arena, o, &config, err)) < 0 ||
        (rc = file_mkdirs(o->state, 0700, err)) < 0 ||
        (rc = file_check_dir(o->state, true, err)) < 0)
        return rc;
    rc = agent_config_read(arena, o->state, &older, &own);
    if (rc == 0) {
        *ret_host_id = older.host_id;
        return err_set(err, ERR_CONFLICT,
                       "this machine is host %s of %s already; to make another of it move %s away",
                       older.host_id, older.url, o->state);
    }
    if (rc != ERR_NOT_FOUND) {
        *err = own;
        return rc;
    }
    if ((rc = host_key_open(o->state, &rsa, err)) == 0 &&
        (rc = open_fingerprint(arena, o->state, &config.fingerprint, err)) == 0 &&
        (rc = ask(arena, o, rsa, &config, err)) == 0)
        rc = agent_config_write(o->state, &config, err);
    sign_rsa_free(rsa);
    if (rc == 0)
        *ret_host_id = config.host_id;
    return rc;
}
