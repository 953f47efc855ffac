/* httpc: see httpc.h. Source: libcurl's manual, curl_easy_setopt(3), libcurl-url(3). */
#include "lib/httpc/httpc.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/buf.h"
#include "lib/httpc/curl_library.h"

#define CONNECT_MS 5000
#define TIMEOUT_MS 30000
#define ANSWER_MAX ((size_t)64 * 1024)

struct httpc {
    CURL *curl;
    CURLU *url;
    const atomic_bool *stop;   /* of the request under way */
    bool private_ok;           /* likewise */
    char why[CURL_ERROR_SIZE]; /* libcurl's own words about the last failure */
};

/* One request on its way. */
struct sending {
    struct curl_slist *headers;
    struct buf body;
    bool drop_body;
};

int httpc_begin(struct err *err)
{
    return curl_library_load(err);
}

struct httpc *httpc_new(void)
{
    struct httpc *h = calloc(1, sizeof(*h));

    if (h == NULL || (h->curl = curl_easy_init()) == NULL || (h->url = curl_url()) == NULL)
        abort();
    return h;
}

void httpc_free(struct httpc *httpc)
{
    if (httpc == NULL)
        return;
    curl_easy_cleanup(httpc->curl);
    curl_url_cleanup(httpc->url);
    free(httpc);
}

/* Where a request may go --------------------------------------------------------------------- */

static bool part_is(CURLU *url, CURLUPart part, const char *wanted)
{
    char *text = NULL;
    bool is = curl_url_get(url, part, &text, 0) == CURLUE_OK && strcmp(text, wanted) == 0;

    curl_free(text);
    return is;
}

static bool part_is_there(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool is = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return is;
}

/* This machine, and the two metadata addresses: constants, no name that somebody could point
 * elsewhere. libcurl has normalised the host: 127.1 and 2130706433 come as 127.0.0.1. */
static bool host_is_near(CURLU *url)
{
    static const char *const hosts[] = {"localhost", "[::1]", "169.254.169.254", "169.254.170.2"};
    char *host = NULL;
    bool near = false;

    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return false;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        near = near || strcmp(host, hosts[i]) == 0;
    if (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host))
        near = true;
    curl_free(host);
    return near;
}

/* libcurl sends to what is judged here, not to a second reading of the text. */
static int judge_url(struct httpc *h, const char *text, bool local, struct err *err)
{
    /* Emptied first: a text without a scheme would be read as relative to the address before. */
    (void)curl_url_set(h->url, CURLUPART_URL, NULL, 0);
    if (curl_url_set(h->url, CURLUPART_URL, text, 0) != CURLUE_OK)
        return err_set(err, ERR_INVALID, "%.200s: not an address", text);
    if (part_is_there(h->url, CURLUPART_USER) || part_is_there(h->url, CURLUPART_PASSWORD))
        return err_set(err, ERR_INVALID, "an address with a user or password is not taken");
    if (part_is(h->url, CURLUPART_SCHEME, "https"))
        return 0;
    if (part_is(h->url, CURLUPART_SCHEME, "http") && (local || host_is_near(h->url)))
        return 0;
    return err_set(err, ERR_INVALID,
                   "%.200s: only https is allowed, plain http only to this machine", text);
}

/* Sending ------------------------------------------------------------------------------------ */

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
    struct sending *s = arg;

    if (!s->drop_body)
        buf_add(&s->body, bytes, size * n);
    return s->body.overflow ? 0 : size * n;
}

static bool four_is_public(const unsigned char a[4], bool private_ok)
{
    bool private = a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
                   (a[0] == 192 && a[1] == 168) || (a[0] == 100 && (a[1] & 0xc0) == 64);

    if (a[0] == 0 || a[0] == 127 || (a[0] == 169 && a[1] == 254) || a[0] >= 224)
        return false;
    return private_ok || !private;
}

bool httpc_address_is_public(const struct sockaddr *address, bool private_ok)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    unsigned char a[16];

    if (address->sa_family == AF_INET) {
        memcpy(a, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return four_is_public(a, private_ok);
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(a, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    if (memcmp(a, mapped, sizeof(mapped)) == 0)
        return four_is_public(a + 12, private_ok);
    if ((a[0] & 0xfe) == 0xfc) /* unique local */
        return private_ok;
    return (a[0] & 0xe0) ==
           0x20; /* global unicast; the rest is loopback, link-local, multicast, reserved */
}

/* libcurl asks for a socket for each address that it tries. */
static curl_socket_t open_public(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct httpc *h = arg;

    (void)purpose;
    if (!httpc_address_is_public(&address->addr, h->private_ok))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* libcurl asks at least once a second; anything but 0 ends the request. */
static int asked_to_stop(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                         curl_off_t up)
{
    const atomic_bool *const *stop = arg;

    (void)down_total, (void)down, (void)up_total, (void)up;
    return atomic_load(*stop) ? 1 : 0;
}

static int add_headers(struct sending *s, const struct httpc_request *r, struct err *err)
{
    /* An empty one takes away what libcurl would add: the wait for "100 Continue". */
    s->headers = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i++) {
        if (strpbrk(r->headers[i], "\r\n") != NULL)
            return err_set(err, ERR_INVALID, "a header has a line end in it");
        s->headers = curl_slist_append(s->headers, r->headers[i]);
    }
    return 0;
}

static void set_up(struct httpc *h, const char *socket, const struct httpc_request *r,
                   struct sending *s)
{
    int64_t timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : TIMEOUT_MS;
    int64_t connect_ms = r->connect_ms > 0 ? r->connect_ms : CONNECT_MS;

    curl_easy_reset(h->curl);
    h->why[0] = '\0';
    curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, h->why);
    curl_easy_setopt(h->curl, CURLOPT_CURLU, h->url);
    curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(connect_ms < timeout_ms ? connect_ms : timeout_ms));
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(h->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (r->once)
        curl_easy_setopt(h->curl, CURLOPT_FRESH_CONNECT, 1L);
    if (r->ca_file != NULL)
        curl_easy_setopt(h->curl, CURLOPT_CAINFO, r->ca_file);
    if (socket != NULL)
        curl_easy_setopt(h->curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    if (r->public_only && socket == NULL && !host_is_near(h->url)) {
        h->private_ok = r->private_ok;
        curl_easy_setopt(h->curl, CURLOPT_OPENSOCKETFUNCTION, open_public);
        curl_easy_setopt(h->curl, CURLOPT_OPENSOCKETDATA, h);
    }
    if (r->stop != NULL) {
        h->stop = r->stop;
        curl_easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION, asked_to_stop);
        curl_easy_setopt(h->curl, CURLOPT_XFERINFODATA, &h->stop);
        curl_easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
    }
    if (r->body != NULL) {
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, r->body);
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    }
    curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, r->method);
}

/* Did the request never leave, or may it have had its effect? */
static enum err_code code_of(CURL *curl, CURLcode code)
{
    long sent = 0;

    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return ERR_UNREACHABLE;
    case CURLE_WRITE_ERROR: /* our own `take`: too large */
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return ERR_INVALID;
    default:
        curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
        return sent > 0 ? ERR_TIMEOUT : ERR_UNREACHABLE;
    }
}

static int set_error(struct httpc *h, CURLcode code, const struct sending *s, const char *where,
                     struct err *err)
{
    const char *why = h->why[0] != '\0' ? h->why : curl_easy_strerror(code);

    if (s->body.overflow)
        why = "the answer is too large";
    return err_set(err, code_of(h->curl, code), "%.200s: %s", where, why);
}

static int run(struct httpc *h, const char *socket, const struct httpc_request *r, bool drop_body,
               struct httpc_answer *ret_answer, struct err *err)
{
    struct sending s = {.drop_body = drop_body};
    CURLcode code;
    long status = 0;
    int rc = judge_url(h, r->url, socket != NULL, err);

    buf_init(&s.body, r->answer_max > 0 ? r->answer_max : ANSWER_MAX);
    if (rc == 0)
        rc = add_headers(&s, r, err);
    if (rc < 0)
        goto out;
    set_up(h, socket, r, &s);
    code = curl_easy_perform(h->curl);
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        rc = set_error(h, code, &s, socket != NULL ? socket : r->url, err);
        goto out;
    }
    buf_add(&s.body, "", 0);
    ret_answer->status = (int)status;
    ret_answer->body = buf_detach(&s.body, &ret_answer->body_len);
    if (ret_answer->body == NULL && (ret_answer->body = calloc(1, 1)) == NULL)
        abort();
out:
    curl_slist_free_all(s.headers);
    buf_deinit(&s.body);
    return rc;
}

const char *httpc_header(struct httpc *httpc, const char *name)
{
    struct curl_header *header = NULL;

    return curl_easy_header(httpc->curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
               ? header->value
               : NULL;
}

const char *httpc_redirect(struct httpc *httpc)
{
    const char *url = NULL;

    (void)curl_easy_getinfo(httpc->curl, CURLINFO_REDIRECT_URL, &url);
    return url;
}

int httpc_send(struct httpc *httpc, const struct httpc_request *request,
               struct httpc_answer *ret_answer, struct err *err)
{
    return run(httpc, NULL, request, false, ret_answer, err);
}

int httpc_send_unix(struct httpc *httpc, const char *socket, const struct httpc_request *request,
                    struct httpc_answer *ret_answer, struct err *err)
{
    return run(httpc, socket, request, false, ret_answer, err);
}

void httpc_answer_deinit(struct httpc_answer *answer)
{
    if (answer == NULL)
        return;
    free(answer->body);
    *answer = (struct httpc_answer){.status = 0};
}

int httpc_health(struct httpc *httpc, const char *url, int64_t expect, int64_t timeout_ms,
                 struct err *err)
{
    const struct httpc_request request = {.method = "GET", .url = url, .timeout_ms = timeout_ms};
    struct httpc_answer answer = {.status = 0};
    int rc = run(httpc, NULL, &request, true, &answer, err);

    if (rc == 0 && answer.status != expect)
        rc = err_set(err, ERR_CONFLICT, "%.200s answered %d, expected %lld", url, answer.status,
                     (long long)expect);
    httpc_answer_deinit(&answer);
    return rc;
}
