/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/tls.h"

#include "testing.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/net/http_connection.h"

#include "support/certificates.h"

#define HOUR 3600

static struct certificates files;

static int make_files(void **state)
{
    (void)state;
    certificates_init(&files);
    certificates_make(&files, "default", "default.test", KEY_ECDSA, -HOUR, HOUR);
    certificates_make(&files, "rsa", "rsa.test", KEY_RSA, -HOUR, HOUR);
    certificates_make(&files, "exact", "exact.test", KEY_ECDSA, -HOUR, HOUR);
    certificates_make(&files, "wild", "wild.test", KEY_ECDSA, -HOUR, HOUR);
    certificates_make(&files, "old", "old.test", KEY_ECDSA, -2 * HOUR, -HOUR);
    certificates_make(&files, "new", "new.test", KEY_ECDSA, HOUR, 2 * HOUR);
    certificates_encrypt(&files, "default", "encrypted-key.pem");
    certificates_write(&files, "empty.pem", STR(""));
    certificates_write(&files, "broken.pem",
                       STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    certificates_release(&files);
    return 0;
}

static struct tls_context *context_of(struct tls_tickets *tickets, const char *name)
{
    char certificate[64], key[64];
    struct error error = {0};
    struct tls_context *c = tls_context_new(tickets, false);
    (void)snprintf(certificate, sizeof(certificate), "%s.pem", name);
    (void)snprintf(key, sizeof(key), "%s-key.pem", name);
    bool added = tls_context_add_pair(c, certificates_path(&files, certificate),
                                      certificates_path(&files, key), &error);
    if (!added)
        print_error("%s\n", error.text);
    assert_true(added);
    return c;
}

/* A server with one context, and clients that come one after another. */
struct server {
    struct loop loop;
    struct http_server http;
    struct tls_context *context;
    struct tls_tickets *tickets;
    char memory[512];
    size_t open;
};

static char *head_memory(struct http_connection *c, size_t size)
{
    struct server *s = http_connection_owner(c);
    assert_true(size <= sizeof(s->memory));
    return s->memory;
}

static void on_head(struct http_connection *c, const struct http_head *head)
{
    struct str name = tls_session_name(http_connection_ssl(c));
    (void)head;
    http_connection_respond(c, &(struct http_answer){.status = 200, .body = name});
}

static void on_gone(struct http_connection *c, bool complete)
{
    (void)c, (void)complete;
}

static void on_closed(struct http_connection *c)
{
    struct server *s = http_connection_owner(c);
    s->open--;
}

static const struct http_connection_events http_events = {
    .head_memory = head_memory, .on_head = on_head, .on_gone = on_gone, .on_closed = on_closed};

static void server_init(struct server *s)
{
    static const struct http_server_options options = {
        .head_max = 1024,
        .header_timeout = 60 * USEC_PER_SEC,
        .keep_alive_timeout = 60 * USEC_PER_SEC,
    };
    *s = (struct server){0};
    loop_init(&s->loop);
    http_server_init(&s->http, &s->loop, &options, &http_events);
    s->tickets = tls_tickets_new(&s->loop);
    s->context = context_of(s->tickets, "default");
}

static void server_release(struct server *s)
{
    loop_run(&s->loop);
    assert_int_equal(s->open, 0);
    http_server_release(&s->http);
    loop_release(&s->loop);
    tls_context_free(s->context);
    tls_tickets_free(s->tickets);
}

/* What a client asks for, and what came of it. */
struct client {
    const char *name;
    const char *alpn; /* in wire form */
    int max_version;
    const char *signatures; /* that it understands */
    SSL_SESSION *session;   /* to resume; replaced by the one that it got */

    bool connected, resumed, answered;
    char subject[64], version[16], chosen[16];
};

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct client *c = SSL_get_app_data(ssl);
    SSL_SESSION_free(c->session);
    c->session = session;
    return 1;
}

static SSL *client_session(SSL_CTX *ctx, struct client *c, int fd)
{
    (void)SSL_CTX_set_session_cache_mode(ctx,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(ctx, on_session);
    SSL *ssl = SSL_new(ctx);
    SSL_set_app_data(ssl, c);
    assert_true(SSL_set_fd(ssl, fd));
    if (c->name)
        assert_true(SSL_set_tlsext_host_name(ssl, c->name));
    if (c->max_version)
        assert_true(SSL_set_max_proto_version(ssl, c->max_version));
    if (c->signatures)
        assert_true(SSL_set1_sigalgs_list(ssl, c->signatures));
    if (c->alpn)
        assert_int_equal(
            SSL_set_alpn_protos(ssl, (const unsigned char *)c->alpn, (unsigned)strlen(c->alpn)), 0);
    if (c->session)
        assert_true(SSL_set_session(ssl, c->session));
    SSL_set_connect_state(ssl);
    return ssl;
}

/* Whether a call of OpenSSL that did not succeed wants to be tried again. */
static bool again(struct server *s, SSL *ssl, int result)
{
    int error = SSL_get_error(ssl, result);
    ERR_clear_error();
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return false;
    (void)uv_run(&s->loop.uv, UV_RUN_NOWAIT);
    return true;
}

static void note_session(struct client *c, const SSL *ssl)
{
    const unsigned char *chosen;
    unsigned len;
    X509 *peer = SSL_get0_peer_certificate(ssl);
    c->resumed = SSL_session_reused(ssl);
    (void)X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, c->subject,
                                    sizeof(c->subject));
    (void)snprintf(c->version, sizeof(c->version), "%s", SSL_get_version(ssl));
    SSL_get0_alpn_selected(ssl, &chosen, &len);
    (void)snprintf(c->chosen, sizeof(c->chosen), "%.*s", (int)len,
                   chosen ? (const char *)chosen : "");
}

static void talk(struct server *s, SSL *ssl, struct client *c)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    char answer[512];
    int result;
    while ((result = SSL_do_handshake(ssl)) != 1)
        if (!again(s, ssl, result))
            return;
    c->connected = true;
    note_session(c, ssl);
    while ((result = SSL_write(ssl, request, sizeof(request) - 1)) <= 0)
        if (!again(s, ssl, result))
            return;
    while ((result = SSL_read(ssl, answer, sizeof(answer))) <= 0)
        if (!again(s, ssl, result))
            return;
    c->answered = strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0;
    (void)SSL_shutdown(ssl); /* or the session could not be used again */
}

static void visit(struct server *s, struct client *c)
{
    int fds[2];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    s->open++;
    (void)http_connection_open(&s->http, fds[0], tls_context_accept(s->context), s);
    SSL *ssl = client_session(ctx, c, fds[1]);
    talk(s, ssl, c);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    (void)close(fds[1]);
    while (s->open)
        (void)uv_run(&s->loop.uv, UV_RUN_ONCE);
}

static void test_handshakes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct client client;
        bool connects;
        const char *version, *chosen;
    } cases[] = {
        {"plain", {.alpn = NULL}, true, "TLSv1.3", ""},
        {"TLS 1.2", {.max_version = TLS1_2_VERSION}, true, "TLSv1.2", ""},
        {"TLS 1.1", {.max_version = TLS1_1_VERSION}, false, "", ""},
        {"http/1.1", {.alpn = "\x08http/1.1"}, true, "TLSv1.3", "http/1.1"},
        {"h2 before http/1.1", {.alpn = "\x02h2\x08http/1.1"}, true, "TLSv1.3", "http/1.1"},
        {"h2 only", {.alpn = "\x02h2"}, false, "", ""},
    };
    struct server s;
    server_init(&s);
    FOR_EACH_CASE (c, cases) {
        struct client client = c->client;
        visit(&s, &client);
        CHECK_CASE(c, client.connected == c->connects, "%d", client.connected);
        CHECK_CASE(c, client.answered == c->connects, "%d", client.answered);
        CHECK_CASE(c, strcmp(client.version, c->version) == 0, "%s", client.version);
        CHECK_CASE(c, strcmp(client.chosen, c->chosen) == 0, "%s", client.chosen);
        SSL_SESSION_free(client.session);
    }
    server_release(&s);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *asked, *subject;
    } cases[] = {
        {"none", NULL, "default.test"},
        {"unknown", "other.test", "default.test"},
        {"exact", "exact.test", "exact.test"},
        {"whatever the case", "EXACT.test", "exact.test"},
        {"one label more", "a.exact.test", "wild.test"},
        {"exact before wildcard", "b.exact.test", "exact.test"},
        {"two labels more", "a.b.c.exact.test", "default.test"},
        {"the bare wildcard name", "only.test", "default.test"},
        {"a subdomain of it", "x.only.test", "wild.test"},
        {"the last one counts", "twice.test", "wild.test"},
    };
    struct server s;
    server_init(&s);
    struct tls_context *exact = context_of(s.tickets, "exact");
    struct tls_context *wild = context_of(s.tickets, "wild");
    tls_context_add_name(s.context, STR("Exact.test"), exact);
    tls_context_add_name(s.context, STR("b.exact.test"), exact);
    tls_context_add_name(s.context, STR("*.exact.test"), wild);
    tls_context_add_name(s.context, STR("*.only.test"), wild);
    tls_context_add_name(s.context, STR("twice.test"), exact);
    tls_context_add_name(s.context, STR("twice.test"), wild);
    tls_context_free(exact);
    tls_context_free(wild);

    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    FOR_EACH (version, versions, ARRAY_LENGTH(versions)) {
        FOR_EACH_CASE (c, cases) {
            struct client client = {.name = c->asked, .max_version = *version};
            visit(&s, &client);
            CHECK_CASE(c, client.answered, "no answer");
            CHECK_CASE(c, strcmp(client.subject, c->subject) == 0, "%s", client.subject);
            SSL_SESSION_free(client.session);
        }
    }
    server_release(&s);
}

static void test_minimum_version_of_a_name(void **state)
{
    (void)state;
    struct server s;
    server_init(&s);
    struct error error;
    struct tls_context *strict = tls_context_new(NULL, true);
    assert_true(tls_context_add_pair(strict, certificates_path(&files, "exact.pem"),
                                     certificates_path(&files, "exact-key.pem"), &error));
    tls_context_add_name(s.context, STR("strict.test"), strict);
    tls_context_free(strict);

    struct client old = {.name = "strict.test", .max_version = TLS1_2_VERSION};
    struct client current = {.name = "strict.test"};
    visit(&s, &old);
    visit(&s, &current);
    assert_false(old.connected);
    assert_true(current.answered);
    assert_string_equal(current.subject, "exact.test");
    SSL_SESSION_free(current.session);
    server_release(&s);
}

static void test_two_pairs_side_by_side(void **state)
{
    (void)state;
    struct server s;
    struct error error;
    server_init(&s);
    assert_true(tls_context_add_pair(s.context, certificates_path(&files, "rsa.pem"),
                                     certificates_path(&files, "rsa-key.pem"), &error));
    struct client modern = {.signatures = "ECDSA+SHA256:RSA-PSS+SHA256"};
    struct client rsa = {.signatures = "RSA-PSS+SHA256:RSA+SHA256"};
    visit(&s, &modern);
    visit(&s, &rsa);
    assert_string_equal(modern.subject, "default.test");
    assert_string_equal(rsa.subject, "rsa.test");
    assert_true(modern.answered && rsa.answered);
    SSL_SESSION_free(modern.session);
    SSL_SESSION_free(rsa.session);
    server_release(&s);
}

static void test_tickets(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int version;
        uint64_t later[2]; /* when keys are looked at before the second visit */
        bool resumed;
    } cases[] = {
        {"TLS 1.3", TLS1_3_VERSION, {0, 0}, true},
        {"TLS 1.2", TLS1_2_VERSION, {0, 0}, true},
        {"TLS 1.3, one key later", TLS1_3_VERSION, {TLS_TICKET_PERIOD, 0}, true},
        {"TLS 1.2, one key later", TLS1_2_VERSION, {TLS_TICKET_PERIOD, 0}, true},
        {"TLS 1.3, two keys later",
         TLS1_3_VERSION,
         {TLS_TICKET_PERIOD, 2 * TLS_TICKET_PERIOD + 1},
         false},
        {"TLS 1.2, two keys later",
         TLS1_2_VERSION,
         {TLS_TICKET_PERIOD, 2 * TLS_TICKET_PERIOD + 1},
         false},
        {"TLS 1.3, after long quiet", TLS1_3_VERSION, {0, 3 * TLS_TICKET_PERIOD}, false},
    };
    FOR_EACH_CASE (c, cases) {
        struct server s;
        server_init(&s);
        uint64_t start = loop_now(&s.loop);
        struct client client = {.max_version = c->version};
        visit(&s, &client);
        CHECK_CASE(c, client.answered && !client.resumed, "the first visit");
        CHECK_CASE(c, client.session, "no ticket");
        for (int i = 0; i < 2; i++)
            if (c->later[i])
                tls_tickets_rotate(s.tickets, start + c->later[i]);
        client.answered = false;
        visit(&s, &client);
        CHECK_CASE(c, client.answered, "the second visit");
        CHECK_CASE(c, client.resumed == c->resumed, "%d", client.resumed);
        SSL_SESSION_free(client.session);
        server_release(&s);
    }
}

/* A reload: the new context, with the same keys, understands the old one's tickets. */
static void test_tickets_survive_a_reload(void **state)
{
    (void)state;
    struct server s;
    server_init(&s);
    struct client client = {0};
    visit(&s, &client);
    tls_context_free(s.context);
    s.context = context_of(s.tickets, "default");
    visit(&s, &client);
    assert_true(client.resumed);
    SSL_SESSION_free(client.session);
    server_release(&s);
}

static void test_session_outlives_its_context(void **state)
{
    (void)state;
    struct server s;
    int fds[2];
    server_init(&s);
    struct tls_context *exact = context_of(s.tickets, "exact");
    tls_context_add_name(s.context, STR("exact.test"), exact);
    tls_context_free(exact);

    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    s.open++;
    (void)http_connection_open(&s.http, fds[0], tls_context_accept(s.context), &s);
    tls_context_free(s.context); /* before the client has said a word */
    s.context = NULL;

    struct client client = {.name = "exact.test"};
    SSL *ssl = client_session(ctx, &client, fds[1]);
    talk(&s, ssl, &client);
    assert_true(client.answered);
    assert_string_equal(client.subject, "exact.test");
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    SSL_SESSION_free(client.session);
    (void)close(fds[1]);
    server_release(&s);
}

static void test_pairs_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *certificate, *key, *text; /* a part of the error */
    } cases[] = {
        {"no certificate file", "none.pem", "default-key.pem", "none.pem: No such file"},
        {"no key file", "default.pem", "none-key.pem", "none-key.pem: No such file"},
        {"an empty certificate", "empty.pem", "default-key.pem", "empty.pem: no certificate"},
        {"an empty key", "default.pem", "empty.pem", "empty.pem: no private key"},
        {"a broken certificate", "broken.pem", "default-key.pem", "broken.pem: no certificate"},
        {"another's key", "default.pem", "exact-key.pem",
         "exact-key.pem: the private key does not belong"},
        {"another kind of key", "default.pem", "rsa-key.pem",
         "rsa-key.pem: the private key does not belong"},
        {"an encrypted key", "default.pem", "encrypted-key.pem",
         "encrypted-key.pem: the private key is encrypted"},
        {"a second ECDSA pair", "exact.pem", "exact-key.pem", "exact.pem: a second certificate"},
    };
    struct tls_context *context = context_of(NULL, "default");
    FOR_EACH_CASE (c, cases) {
        struct error error = {0};
        bool added = tls_context_add_pair(context, certificates_path(&files, c->certificate),
                                          certificates_path(&files, c->key), &error);
        CHECK_CASE(c, !added, "added");
        CHECK_CASE(c, strstr(error.text, c->text), "%s", error.text);
        CHECK_CASE(c, ERR_peek_error() == 0, "errors are left in OpenSSL's queue");
    }
    tls_context_free(context);
}

static void test_chain(void **state)
{
    (void)state;
    static const struct {
        const char *name, *tail, *text;
    } cases[] = {
        {"trailing text", "\nnot a certificate\n", NULL},
        {"a broken issuer", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "chain.pem: a malformed certificate in the chain"},
    };
    FOR_EACH_CASE (c, cases) {
        char leaf[4096];
        FILE *f = fopen(certificates_path(&files, "default.pem").at, "r");
        size_t len = fread(leaf, 1, 2048, f);
        (void)fclose(f);
        memcpy(leaf + len, c->tail, strlen(c->tail));
        certificates_write(&files, "chain.pem", str_of(leaf, len + strlen(c->tail)));

        struct error error = {0};
        struct tls_context *context = tls_context_new(NULL, false);
        bool added = tls_context_add_pair(context, certificates_path(&files, "chain.pem"),
                                          certificates_path(&files, "default-key.pem"), &error);
        CHECK_CASE(c, added == !c->text, "%s", error.text);
        CHECK_CASE(c, added || strstr(error.text, c->text), "%s", error.text);
        tls_context_free(context);
    }
}

static void test_validity(void **state)
{
    (void)state;
    static const struct {
        const char *name, *pair;
        bool valid;
        const char *text;
    } cases[] = {
        {"valid", "default", true, ""},
        {"expired", "old", false, "old.pem: the certificate has expired at 20"},
        {"early", "new", false, "new.pem: the certificate is not valid before 20"},
    };
    FOR_EACH_CASE (c, cases) {
        struct error error = {0};
        struct tls_context *context = context_of(NULL, c->pair);
        CHECK_CASE(c, tls_context_is_valid_at(context, clock_wall(), &error) == c->valid, "%s",
                   error.text);
        CHECK_CASE(c, strstr(error.text, c->text), "%s", error.text);
        tls_context_free(context);
    }
}

int main(void)
{
    (void)alarm(60); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_minimum_version_of_a_name),
        cmocka_unit_test(test_two_pairs_side_by_side),
        cmocka_unit_test(test_tickets),
        cmocka_unit_test(test_tickets_survive_a_reload),
        cmocka_unit_test(test_session_outlives_its_context),
        cmocka_unit_test(test_pairs_that_are_refused),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_validity),
    };
    return cmocka_run_group_tests_name("net/tls", tests, make_files, remove_files);
}
