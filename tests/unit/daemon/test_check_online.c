/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/check_online.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "turnpike/base/buf.h"

#include "sample.h"

/* A server that gives every request the same answer and closes. */
struct canned {
    const char *answer;
    int listener;
    uint16_t port;
    pthread_t thread;
};

static int listen_anywhere(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void *serve(void *data)
{
    const struct canned *canned = data;
    for (;;) {
        char request[4096];
        int fd = accept(canned->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (recv(fd, request, sizeof(request), 0) > 0)
            (void)send(fd, canned->answer, strlen(canned->answer), MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
        (void)recv(fd, request, sizeof(request), 0);
        close(fd);
    }
}

static void start(struct canned *canned, const char *answer)
{
    canned->answer = answer;
    canned->listener = listen_anywhere(&canned->port);
    assert_int_equal(pthread_create(&canned->thread, NULL, serve, canned), 0);
}

static void stop(struct canned *canned)
{
    (void)shutdown(canned->listener, SHUT_RDWR);
    pthread_join(canned->thread, NULL);
    close(canned->listener);
}

/* Two authorizers of one issuer, whose keys are at the port. */
static struct snapshot *make(struct diag *diag, uint16_t port)
{
    struct builder b;
    builder_init(&b, diag);
    struct arena *arena = &b.snapshot->arena;
    struct issuer_settings *issuer = list_push(arena, &b.snapshot->settings.issuers);
    issuer->issuer = STR(SAMPLE_ISSUER);
    issuer->at = (struct position){"turnpike.yaml", 7, 5};
    issuer->jwks_uri = sample_written(arena_printf(arena, "http://127.0.0.1:%u/keys", port));
    (void)sample_add_authorizer(&b, sample_add_api(&b, STR("a")), STR("users"), STR("a"));
    (void)sample_add_authorizer(&b, sample_add_api(&b, STR("b")), STR("users"), STR("b"));
    return sample_finish(&b);
}

#define HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

static const struct {
    const char *name, *answer;
    const char *why; /* the one error there is; NULL: none */
} cases[] = {
    {"a key set", HEAD "{\"keys\":[{\"kty\":\"RSA\"}]}", NULL},
    {"no keys", HEAD "{\"keys\":[]}", "the key set holds no keys"},
    {"no key set", HEAD "{}", "the key set holds no keys"},
    {"no object", HEAD "[]", "the answer is no JSON object"},
    {"no JSON", HEAD "<html>", "the answer is no JSON object"},
    {"not found", "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n",
     "the answer has status 404"},
    {"a redirect", "HTTP/1.1 302 Found\r\nLocation: /x\r\nConnection: close\r\n\r\n",
     "the answer has status 302"},
    {"no answer", "", ""},
};

static void asks_for_the_keys_of_an_issuer_once(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct canned canned;
        struct diag diag;
        diag_init(&diag);
        start(&canned, c->answer);
        struct snapshot *snapshot = make(&diag, canned.port);
        check_online(snapshot, &diag);
        CHECK_CASE(c, diag.findings.count == (c->why ? 1 : 0), "%zu", diag.findings.count);
        if (c->why) {
            const struct finding *f = diag.findings.items;
            CHECK_CASE(c, f->severity == SEVERITY_ERROR && f->at.line == 7, "%u", f->at.line);
            CHECK_CASE(
                c, str_find_str(f->message, str_from(c->why)) < f->message.len || c->why[0] == '\0',
                "%" STR_F, STR_A(f->message));
        }
        snapshot_unref(snapshot);
        stop(&canned);
        diag_release(&diag);
    }
}

static struct snapshot *make_function(struct diag *diag, uint16_t port)
{
    struct builder b;
    builder_init(&b, diag);
    struct position at = {"turnpike.yaml", 3, 3};
    struct function *f = builder_add_function(&b, at, STR("todo"));
    struct str url = arena_printf(&b.snapshot->arena, "http://127.0.0.1:%u", port);
    assert_true(builder_set_endpoint(&b, &f->endpoint, sample_written(url)));
    f->connect_timeout = 1000000;
    return sample_finish(&b);
}

static void a_function_that_cannot_be_reached_is_a_warning(void **state)
{
    (void)state;
    struct diag diag;
    uint16_t port;
    int listener = listen_anywhere(&port);
    diag_init(&diag);
    struct snapshot *snapshot = make_function(&diag, port);
    check_online(snapshot, &diag);
    assert_int_equal(diag.findings.count, 0);

    close(listener);
    check_online(snapshot, &diag);
    assert_int_equal(diag.warning_count, 1);
    assert_int_equal(diag.findings.items[0].at.line, 3);
    snapshot_unref(snapshot);
    diag_release(&diag);
}

static struct snapshot *make_backends(struct diag *diag, uint16_t port)
{
    struct builder b;
    builder_init(&b, diag);
    struct api *api = sample_add_api(&b, STR("todo"));
    static const char *const paths[] = {"/a", "/b"};
    FOR_EACH (path, paths, ARRAY_LENGTH(paths)) {
        struct position at = {"api.yaml", (unsigned)(path - paths) + 8, 3};
        struct integration *integration = builder_add_integration(&b, api, at);
        integration->type = INTEGRATION_HTTP;
        integration->uri.at = at;
        integration->uri.text =
            arena_printf(&b.snapshot->arena, "http://127.0.0.1:%u%s", port, *path);
        builder_add_route(&b, api, at, STR("GET"), str_from(*path))->integration = integration;
    }
    return sample_finish(&b);
}

static void a_backend_that_cannot_be_reached_is_one_warning(void **state)
{
    (void)state;
    struct diag diag;
    uint16_t port;
    int listener = listen_anywhere(&port);
    diag_init(&diag);
    struct snapshot *snapshot = make_backends(&diag, port);
    check_online(snapshot, &diag);
    assert_int_equal(diag.findings.count, 0);

    close(listener);
    check_online(snapshot, &diag);
    assert_int_equal(diag.findings.count, 1);
    assert_int_equal(diag.warning_count, 1);
    assert_int_equal(diag.findings.items[0].at.line, 8);
    snapshot_unref(snapshot);
    diag_release(&diag);
}

static struct snapshot *make_service(struct diag *diag, uint16_t port)
{
    struct builder b;
    builder_init(&b, diag);
    struct service_endpoint *service =
        list_push(&b.snapshot->arena, &b.snapshot->settings.service_endpoints);
    service->at = (struct position){"turnpike.yaml", 4, 3};
    service->name = STR("sqs");
    struct str url = arena_printf(&b.snapshot->arena, "http://127.0.0.1:%u", port);
    assert_true(builder_set_endpoint(&b, &service->endpoint, sample_written(url)));
    return sample_finish(&b);
}

static void a_service_that_cannot_be_reached_is_a_warning(void **state)
{
    (void)state;
    struct diag diag;
    uint16_t port;
    int listener = listen_anywhere(&port);
    diag_init(&diag);
    struct snapshot *snapshot = make_service(&diag, port);
    check_online(snapshot, &diag);
    assert_int_equal(diag.findings.count, 0);

    close(listener);
    check_online(snapshot, &diag);
    assert_int_equal(diag.warning_count, 1);
    assert_int_equal(diag.findings.items[0].at.line, 4);
    snapshot_unref(snapshot);
    diag_release(&diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_keys_of_an_issuer_once),
        cmocka_unit_test(a_function_that_cannot_be_reached_is_a_warning),
        cmocka_unit_test(a_backend_that_cannot_be_reached_is_one_warning),
        cmocka_unit_test(a_service_that_cannot_be_reached_is_a_warning),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
