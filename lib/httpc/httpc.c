#include "lib/httpc/httpc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "lib/base/buf.h"

struct httpc {
    CURL *curl;
};

struct httpc *httpc_new(void)
{
    struct httpc *h = calloc(1, sizeof(*h));

    if (h == NULL || (h->curl = curl_easy_init()) == NULL)
        abort();
    return h;
}

void httpc_free(struct httpc *httpc)
{
    if (httpc == NULL)
        return;
    curl_easy_cleanup(httpc->curl);
    free(httpc);
}

/* Where plain http may go: named constants, nothing that a name could resolve to. */
static bool plain_is_allowed(const char *url)
{
    static const char *const hosts[] = {"127.", "[::1]", "localhost", "169.254.169.254", "169.254.170.2"};
    const char *host = url + strlen("http://");

    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        size_t n = strlen(hosts[i]);
        const char *end = host + n;
        if (strncmp(host, hosts[i], n) != 0)
            continue;
        if (i == 0) /* an address, not a name that begins so */
            end += strspn(end, "0123456789.");
        if (*end == '\0' || *end == ':' || *end == '/')
            return true;
    }
    return false;
}

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
    struct buf *body = arg;

    buf_add(body, bytes, size * n);
    return body->overflow ? 0 : size * n;
}

static int code_of(CURLcode code, CURL *curl)
{
    long sent = 0;

    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
        return sent > 0 ? ERR_TIMEOUT : ERR_UNREACHABLE;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return ERR_UNREACHABLE;
    case CURLE_WRITE_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return ERR_INVALID;
    default:
        return ERR_TIMEOUT; /* lost in mid-way: not known */
    }
}

static void set_up(struct httpc *h, const char *socket, const struct httpc_request *r,
                   struct curl_slist *headers, struct buf *body)
{
    curl_easy_reset(h->curl);
    curl_easy_setopt(h->curl, CURLOPT_URL, r->url);
    curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->timeout_ms < 5000 ? r->timeout_ms : 5000));
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(h->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (socket != NULL)
        curl_easy_setopt(h->curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    if (r->body != NULL) {
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, r->body);
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    }
}

static int run(struct httpc *h, const char *socket, const struct httpc_request *r,
               struct httpc_answer *ret_answer, struct err *err)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    struct buf body;
    CURLcode code;
    long status = 0;
    int rc = 0;

    for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i++)
        headers = curl_slist_append(headers, r->headers[i]);
    buf_init(&body, r->answer_max);
    set_up(h, socket, r, headers, &body);
    code = curl_easy_perform(h->curl);
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        rc = err_set(err, (enum err_code)code_of(code, h->curl), "%s: %s",
                     socket != NULL ? socket : r->url,
                     body.overflow ? "the answer is too large" : curl_easy_strerror(code));
    curl_slist_free_all(headers);
    if (rc < 0) {
        buf_deinit(&body);
        return rc;
    }
    if (body.data == NULL)
        buf_add(&body, "", 0);
    ret_answer->status = (int)status;
    ret_answer->body = buf_detach(&body, &ret_answer->body_len);
    return 0;
}

int httpc_do(struct httpc *httpc, const struct httpc_request *request, struct httpc_answer *ret_answer,
             struct err *err)
{
    if (strncmp(request->url, "https://", 8) != 0 &&
        (strncmp(request->url, "http://", 7) != 0 || !plain_is_allowed(request->url)))
        return err_set(err, ERR_INVALID, "%s: only https is allowed, plain http only on this machine",
                       request->url);
    return run(httpc, NULL, request, ret_answer, err);
}

int httpc_do_unix(struct httpc *httpc, const char *socket, const struct httpc_request *request,
                  struct httpc_answer *ret_answer, struct err *err)
{
    return run(httpc, socket, request, ret_answer, err);
}

void httpc_answer_deinit(struct httpc_answer *answer)
{
    free(answer->body);
    *answer = (struct httpc_answer){.status = 0};
}
