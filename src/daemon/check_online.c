/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/check_online.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/net/fetch.h"

#define ANSWER_MAX      150000
#define ANSWER_TIMEOUT  (1500 * USEC_PER_MSEC)
#define CONNECT_TIMEOUT (1 * USEC_PER_SEC) /* as for requests: backend/origins.c */
#define DISCOVERY_PATH  "/.well-known/openid-configuration"

/* One check under way. */
struct online {
    const struct snapshot *snapshot;
    struct diag *diag;
    struct arena arena;
    struct loop loop;
    struct curl_loop *curl;
    struct fetcher *fetcher;

    /* the transfer that the loop runs for */
    struct position at; /* what asked for it */
    struct str url;
    json_t *document; /* its answer; NULL: reported */
};

static void report(struct online *online, const char *why)
{
    diag_error(online->diag, online->at, "%" STR_F ": %s", STR_A(online->url), why);
}

static void read_answer(struct online *online, const struct fetch_answer *answer)
{
    json_error_t error;
    if (answer->status != 200) {
        diag_error(online->diag, online->at, "%" STR_F ": the answer has status %u",
                   STR_A(online->url), answer->status);
        return;
    }
    online->document =
        json_loadb(answer->body.at, answer->body.len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(online->document)) {
        json_decref(online->document);
        online->document = NULL;
        report(online, "the answer is no JSON object");
    }
}

static void on_fetched(void *data, const struct fetch_answer *answer, const struct error *error)
{
    struct online *online = data;
    if (answer)
        read_answer(online, answer);
    else
        report(online, error->text);
    loop_stop(&online->loop);
}

/* The object at `url`, for the caller to release, or NULL (reported). */
static json_t *fetch_document(struct online *online, struct str url)
{
    struct fetch_request request = {url, ANSWER_TIMEOUT, ANSWER_MAX};
    online->url = url;
    online->document = NULL;
    (void)fetch_start(online->fetcher, &request, on_fetched, online);
    loop_run(&online->loop);
    return online->document;
}

static void check_key_set(struct online *online, struct str url)
{
    json_auto_t *document = fetch_document(online, url);
    if (!document)
        return;
    if (json_array_size(json_object_get(document, "keys")) == 0)
        report(online, "the key set holds no keys");
}

static struct str string_member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return str_of(json_string_value(value), json_string_length(value));
}

/* OpenID Connect Discovery 1.0, 4.3: the document must name the very issuer that was asked. */
static void check_discovery(struct online *online, struct str issuer)
{
    struct str base = issuer;
    if (base.len && base.at[base.len - 1] == '/')
        base.len--;
    json_auto_t *document =
        fetch_document(online, arena_printf(&online->arena, "%" STR_F DISCOVERY_PATH, STR_A(base)));
    if (!document)
        return;

    struct str named = string_member(document, "issuer");
    struct str keys = string_member(document, "jwks_uri");
    if (!str_eq(named, issuer))
        diag_error(online->diag, online->at, "%" STR_F ": names the issuer '%" STR_F "' instead",
                   STR_A(online->url), STR_A(named));
    else if (!str_starts_with_nocase(keys, STR("https://")))
        report(online, "names no jwks_uri with https://");
    else
        check_key_set(online, arena_copy(&online->arena, keys));
}

static const struct issuer_settings *find_settings(const struct snapshot *snapshot,
                                                   struct str issuer)
{
    FOR_EACH_IN (settings, &snapshot->settings.issuers) {
        if (str_eq(settings->issuer, issuer))
            return settings;
    }
    return NULL;
}

static void check_issuer(struct online *online, const struct authorizer *authorizer)
{
    const struct issuer_settings *settings = find_settings(online->snapshot, authorizer->issuer);
    online->at = settings ? settings->at : authorizer->at;
    if (!settings)
        check_discovery(online, authorizer->issuer);
    else if (settings->jwks_uri.text.at)
        check_key_set(online, settings->jwks_uri.text);
    else if (!settings->jwks_file.text.at && !settings->signing_key_file.text.at)
        check_discovery(online, authorizer->issuer);
}

static void check_issuers(struct online *online)
{
    struct map seen = {0};
    FOR_EACH_IN (api, &online->snapshot->apis) {
        FOR_EACH_IN (authorizer, &(*api)->authorizers) {
            if (!map_set(&seen, (*authorizer)->issuer, *authorizer))
                check_issuer(online, *authorizer);
        }
    }
    map_release(&seen);
}

static void check_trusted_issuers(struct online *online)
{
    struct error error;
    struct str trusted = online->snapshot->settings.trusted_certificates.text;
    online->curl = curl_loop_new(&online->loop, &error);
    online->fetcher = online->curl ? fetcher_new(online->curl) : NULL;
    if (!online->curl || !curl_loop_trust(online->curl, trusted, &error))
        diag_error(online->diag, (struct position){0}, "%s", error.text);
    else
        check_issuers(online);
    fetcher_free(online->fetcher);
    curl_loop_free(online->curl);
}

static void check_all_issuers(struct online *online)
{
    loop_init(&online->loop);
    check_trusted_issuers(online);
    loop_run(&online->loop); /* lets its handles close */
    loop_release(&online->loop);
}

/* 0, or why there is no connection. */
static int connect_within(const struct addrinfo *address, uint64_t timeout)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;

    int problem = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (problem == EINPROGRESS) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        socklen_t size = sizeof(problem);
        if (poll(&ready, 1, (int)(timeout / USEC_PER_MSEC)) != 1)
            problem = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0)
            problem = errno;
    }
    close(fd);
    return problem;
}

static const char *connect_problem(struct arena *arena, const struct endpoint *e, uint64_t timeout)
{
    char port[6];
    snprintf(port, sizeof(port), "%u", e->port);
    struct addrinfo *addresses = NULL, hints = {.ai_socktype = SOCK_STREAM};
    int failed = getaddrinfo(arena_cstring(arena, e->host), port, &hints, &addresses);
    if (failed)
        return gai_strerror(failed);

    int problem = EADDRNOTAVAIL;
    for (struct addrinfo *a = addresses; a && problem != 0; a = a->ai_next)
        problem = connect_within(a, timeout);
    freeaddrinfo(addresses);
    return problem ? strerror(problem) : NULL;
}

static void check_functions(struct online *online)
{
    FOR_EACH_IN (function, &online->snapshot->functions) {
        const struct function *f = *function;
        if (f->endpoint.url.len == 0)
            continue;
        const char *problem = connect_problem(&online->arena, &f->endpoint, f->connect_timeout);
        if (problem)
            diag_warning(online->diag, f->at, "function '%" STR_F "': %" STR_F ": %s",
                         STR_A(f->name), STR_A(f->endpoint.url), problem);
    }
}

/* Each host and port once. */
static void check_backend(struct online *online, struct map *seen, const struct stage_route *route)
{
    const struct endpoint *e = &route->endpoint;
    if (!e->url.at)
        return;
    struct str key = arena_printf(&online->arena, "%" STR_F ":%u", STR_A(e->host), e->port);
    if (map_set(seen, key, online))
        return;
    const char *problem = connect_problem(&online->arena, e, CONNECT_TIMEOUT);
    if (problem)
        diag_warning(online->diag, route->route->integration->uri.at, "backend '%" STR_F "': %s",
                     STR_A(e->url), problem);
}

static void check_backends(struct online *online)
{
    struct map seen = {0};
    FOR_EACH_IN (api, &online->snapshot->apis)
        FOR_EACH_IN (stage, &(*api)->stages)
            for (size_t i = 0; i < (*api)->routes.count; i++)
                check_backend(online, &seen, &(*stage)->routes[i]);
    map_release(&seen);
}

static void check_services(struct online *online)
{
    FOR_EACH_IN (service, &online->snapshot->settings.service_endpoints) {
        const char *problem = connect_problem(&online->arena, &service->endpoint, CONNECT_TIMEOUT);
        if (problem)
            diag_warning(online->diag, service->at, "service '%" STR_F "': %" STR_F ": %s",
                         STR_A(service->name), STR_A(service->endpoint.url), problem);
    }
}

void check_online(const struct snapshot *snapshot, struct diag *diag)
{
    struct online online = {.snapshot = snapshot, .diag = diag};
    arena_init(&online.arena, 4096);
    check_all_issuers(&online);
    check_functions(&online);
    check_backends(&online);
    check_services(&online);
    arena_release(&online.arena);
}
