/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration means, and how --listen changes it. What is wrong with one is in
 * test_config_problems.c. */
#include "turnpike/load/config.h"

#include <stdlib.h>

#include "config_text.h"
#include "testing.h"
#include "turnpike/base/clock.h"

static const char example[] =
    "awsRegion: eu-west-1\n"
    "accountId: \"000000000042\"\n"
    "development: true\n"
    "log: {level: debug, format: json, destination: log/turnpike.log}\n"
    "stateDirectory: /var/lib/turnpike\n"
    "controlSocket: run/control.sock\n"
    "trustedCertificates: tls/ca.pem\n"
    "shutdown: {delay: 500ms, drainTimeout: 2m}\n"
    "listeners:\n"
    "  - {name: local, address: '::1', port: 8080}\n"
    "  - name: public\n"
    "    address: 0.0.0.0\n"
    "    port: 8443\n"
    "    apis: [todo]\n"
    "    trustedProxies: [10.0.0.0/8, 192.0.2.1]\n"
    "    proxyProtocol: true\n"
    "    tls: {certificate: [a.pem, /b.pem], privateKey: [a-key.pem, /b-key.pem],\n"
    "          minimumVersion: TLS_1_3}\n"
    "  - {name: socket, unix: gw.sock, apis: []}\n"
    "  - {name: handed, systemd: gw}\n"
    "admin: {port: 9901}\n"
    "executeApi: {hostSuffixes: [LocalHost, gw.test], pathForm: never}\n"
    "throttling: {burstLimit: 7}\n"
    "apis:\n"
    "  - apiId: todo\n"
    "    protocolType: HTTP\n"
    "    definition: ../openapi/todo.yaml\n"
    "    definitionParameters: {TableName: todos, Port: 8000}\n"
    "    defaultFunction: todo\n"
    "    disableExecuteApiEndpoint: true\n"
    "    allowUnenforced: [x-amazon-apigateway-policy]\n"
    "    stages:\n"
    "      - stageName: $default\n"
    "        stageVariables: {table: todos, empty: ''}\n"
    "        defaultRouteSettings: {throttlingRateLimit: 0.5, throttlingBurstLimit: 0}\n"
    "        routeSettings:\n"
    "          \"GET /todos\": {throttlingRateLimit: 5}\n"
    "        accessLogSettings: {destination: access.log, format: $context.requestId, escape: "
    "none}\n"
    "      - stageName: dev\n"
    "        routeSettings: {$default: {throttlingRateLimit: 5}}\n"
    "        accessLogSettings: {format: x}\n"
    "  - {apiId: bare, definition: bare.yaml}\n"
    "domains:\n"
    "  - domainName: API.example.com\n"
    "    tls: {certificate: c.pem, privateKey: k.pem}\n"
    "    apiMappings: [{apiId: todo, stage: dev, apiMappingKey: /v1/x/}, {apiId: bare, stage: "
    "$default}]\n"
    "functions:\n"
    "  todo: {endpoint: 'http://127.0.0.1:9000/base/'}\n"
    "  image: {endpoint: 'http://[::1]', emulator: rie}\n"
    "  other: {endpoint: 'http://h:1', emulator: sam, remoteName: Fn, timeout: 900, "
    "maxConcurrency: 16,\n"
    "          maxQueue: 0, connectTimeout: 250ms, keepAliveTimeout: 1.5}\n"
    "defaultEndpoint: http://127.0.0.1:3001\n"
    "issuers:\n"
    "  - {issuer: 'https://idp.example.com', jwksUri: 'http://127.0.0.1:9229/jwks.json'}\n"
    "  - {issuer: 'https://files.example.com', jwksFile: keys.json}\n"
    "  - {issuer: 'https://dev.localhost', signingKeyFile: dev-key.pem}\n"
    "limits: {headerBytes: 4096, headerTimeout: 1h}\n"
    "credentials:\n"
    "  - {accessKeyId: AKID1, secretAccessKey: s/1, sessionToken: t1, userArn: "
    "'arn:aws:iam::1:user/"
    "u'}\n"
    "  - accessKeyId: AKID2\n"
    "    secretAccessKey: s2\n"
    "    policy:\n"
    "      Version: 2012-10-17\n"
    "      Statement:\n"
    "        - {Effect: Allow, Action: ['execute-api:*'], Resource: \"*\"}\n"
    "managementApi: {authorizationType: NONE, listeners: [local]}\n";

static void reads_settings(void **state)
{
    (void)state;
    struct config_text t;
    config_text_read(&t, example, NULL);
    assert_string_equal(config_text_findings(&t), "");
    const struct settings *s = &t.builder.snapshot->settings;

    assert_str_equal(s->aws_region, STR("eu-west-1"));
    assert_str_equal(s->account_id, STR("000000000042"));
    assert_true(s->development);
    assert_int_equal(s->log.level, LOG_LEVEL_DEBUG);
    assert_true(s->log.json);
    assert_str_equal(s->log.destination, config_text_path(&t, "log/turnpike.log"));
    assert_str_equal(s->state_directory, STR("/var/lib/turnpike"));
    assert_str_equal(s->control_socket, config_text_path(&t, "run/control.sock"));
    assert_str_equal(s->trusted_certificates.text, config_text_path(&t, "tls/ca.pem"));
    assert_int_equal(s->shutdown.delay, USEC_PER_SEC / 2);
    assert_int_equal(s->shutdown.drain_timeout, 120 * USEC_PER_SEC);
    assert_true(s->admin.on);
    assert_str_equal(s->admin.address, STR("127.0.0.1"));
    assert_int_equal(s->admin.port, 9901);
    assert_int_equal(s->execute_api.host_suffixes.count, 3);
    assert_str_equal(s->execute_api.host_suffixes.items[0], STR("localhost"));
    assert_str_equal(s->execute_api.host_suffixes.items[1], STR("gw.test"));
    assert_str_equal(s->execute_api.host_suffixes.items[2], STR("eu-west-1.amazonaws.com"));
    assert_str_equal(s->execute_api.public_endpoint, STR("localhost:8443"));
    assert_int_equal(s->execute_api.path_form, PATH_FORM_NEVER);
    assert_true(s->throttling.on && s->throttling.rate == 10000 && s->throttling.burst == 7);
    assert_int_equal(s->limits.header_bytes, 4096);
    assert_int_equal(s->limits.header_timeout, 3600 * USEC_PER_SEC);
    assert_int_equal(s->limits.payload_bytes, 10485760);
    assert_str_equal(t.builder.snapshot->default_endpoint.text, STR("http://127.0.0.1:3001"));

    assert_int_equal(s->issuers.count, 3);
    assert_str_equal(s->issuers.items[0].jwks_uri.text, STR("http://127.0.0.1:9229/jwks.json"));
    assert_str_equal(s->issuers.items[1].jwks_file.text, config_text_path(&t, "keys.json"));
    assert_str_equal(s->issuers.items[2].signing_key_file.text,
                     config_text_path(&t, "dev-key.pem"));
    config_text_release(&t);
}

static void reads_listeners(void **state)
{
    (void)state;
    struct config_text t;
    config_text_read(&t, example, NULL);
    const struct settings *s = &t.builder.snapshot->settings;
    assert_int_equal(s->listeners.count, 4);
    const struct listener_settings *local = &s->listeners.items[0], *public = local + 1;

    assert_str_equal(local->address, STR("::1"));
    assert_false(local->limited || local->tls.on || local->proxy_protocol);
    assert_true(public->limited && public->tls.on && public->proxy_protocol);
    assert_str_equal(public->apis.items[0].text, STR("todo"));
    assert_int_equal(public->apis.items[0].at.line, 14);
    assert_int_equal(public->apis.items[0].at.column, 12);
    assert_int_equal(public->trusted_proxies.count, 2);
    assert_int_equal(public->tls.minimum_version, TLS_VERSION_1_3);
    assert_int_equal(public->tls.certificates.count, 2);
    assert_str_equal(public->tls.certificates.items[0].certificate.text,
                     config_text_path(&t, "a.pem"));
    assert_str_equal(public->tls.certificates.items[1].private_key.text, STR("/b-key.pem"));
    assert_str_equal(s->listeners.items[2].unix_path, config_text_path(&t, "gw.sock"));
    assert_true(s->listeners.items[2].limited && s->listeners.items[2].apis.count == 0);
    assert_str_equal(s->listeners.items[3].systemd_name, STR("gw"));
    config_text_release(&t);
}

static void reads_apis(void **state)
{
    (void)state;
    struct config_text t;
    config_text_read(&t, example, NULL);
    const struct snapshot *snapshot = t.builder.snapshot;
    assert_int_equal(snapshot->apis.count, 2);
    const struct api *todo = snapshot->apis.items[0], *bare = snapshot->apis.items[1];

    assert_str_equal(todo->api_id, STR("todo"));
    assert_true(todo->protocol_written && todo->disable_written);
    assert_true(todo->disable_execute_api_endpoint);
    assert_str_equal(todo->definition.text, config_text_path(&t, "../openapi/todo.yaml"));
    assert_int_equal(todo->definition_parameters.count, 2);
    assert_str_equal(todo->definition_parameters.items[1].value, STR("8000"));
    assert_str_equal(todo->default_function.text, STR("todo"));
    assert_int_equal(todo->allow_unenforced.count, 1);
    assert_false(bare->protocol_written || bare->disable_written);
    assert_int_equal(bare->stages.count, 1);
    assert_str_equal(bare->stages.items[0]->stage_name, STR("$default"));
    assert_false(bare->stages.items[0]->default_throttle.on);
    assert_false(bare->stages.items[0]->access_log_settings.on);

    const struct stage *stage = todo->stages.items[0], *dev = todo->stages.items[1];
    assert_ptr_equal(stage->api, todo);
    assert_int_equal(stage->variables.count, 2);
    assert_true(stage->default_throttle.on && stage->default_throttle.rate == 0.5 &&
                stage->default_throttle.burst == 0);
    const struct route_settings *own = &stage->route_settings.items[0];
    assert_str_equal(own->route_key.text, STR("GET /todos"));
    assert_int_equal(own->route_key.at.line, 37);
    /* what is left out is the stage's, else the account's */
    assert_true(own->throttle.on && own->throttle.rate == 5 && own->throttle.burst == 0);
    assert_true(dev->route_settings.items[0].throttle.burst == 7);
    assert_true(stage->access_log_settings.on && !stage->access_log_settings.escape);
    assert_str_equal(stage->access_log_settings.destination, config_text_path(&t, "access.log"));
    assert_str_equal(dev->access_log_settings.destination, STR("stdout"));
    assert_true(dev->access_log_settings.escape);

    assert_int_equal(snapshot->domains.count, 1);
    const struct domain *domain = snapshot->domains.items[0];
    assert_str_equal(domain->domain_name, STR("api.example.com"));
    assert_true(domain->tls.on && domain->tls.certificates.count == 1);
    assert_str_equal(domain->mappings.items[0].key, STR("v1/x"));
    assert_str_equal(domain->mappings.items[1].key, STR(""));
    config_text_release(&t);
}

static void reads_functions(void **state)
{
    (void)state;
    struct config_text t;
    config_text_read(&t, example, NULL);
    assert_int_equal(t.builder.snapshot->functions.count, 3);
    const struct function *todo = t.builder.snapshot->functions.items[0];
    const struct function *image = t.builder.snapshot->functions.items[1];
    const struct function *other = t.builder.snapshot->functions.items[2];

    assert_str_equal(todo->endpoint.host, STR("127.0.0.1"));
    assert_str_equal(todo->endpoint.base_path, STR("/base"));
    assert_str_equal(todo->remote_name, STR("todo"));
    assert_int_equal(todo->timeout, 30 * USEC_PER_SEC);
    assert_int_equal(todo->connect_timeout, USEC_PER_SEC);
    assert_int_equal(todo->keep_alive_timeout, 4 * USEC_PER_SEC);
    assert_int_equal(todo->max_concurrency, 100);
    assert_int_equal(todo->max_queue, 100);
    assert_str_equal(image->remote_name, STR("function"));
    assert_int_equal(image->max_concurrency, 1);
    assert_int_equal(other->emulator, EMULATOR_SAM);
    assert_str_equal(other->remote_name, STR("Fn"));
    assert_int_equal(other->timeout, 900 * USEC_PER_SEC);
    assert_int_equal(other->max_concurrency, 16);
    assert_int_equal(other->max_queue, 0);
    assert_int_equal(other->connect_timeout, USEC_PER_SEC / 4);
    assert_int_equal(other->keep_alive_timeout, 3 * USEC_PER_SEC / 2);
    config_text_release(&t);
}

static void reads_who_may_sign(void **state)
{
    (void)state;
    struct config_text t;
    config_text_read(&t, example, NULL);
    const struct settings *s = &t.builder.snapshot->settings;
    assert_int_equal(s->credentials.count, 2);
    const struct credential *first = &s->credentials.items[0], *second = first + 1;

    assert_str_equal(first->access_key_id, STR("AKID1"));
    assert_str_equal(first->secret_access_key, STR("s/1"));
    assert_str_equal(first->session_token, STR("t1"));
    assert_str_equal(first->user_arn, STR("arn:aws:iam::1:user/u"));
    assert_null(first->policy.text.at);
    assert_int_equal(second->at.line, first->at.line + 1);
    assert_int_equal(second->session_token.len + second->user_arn.len, 0);
    assert_str_equal(second->policy.text,
                     STR("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                         "\"Action\":[\"execute-api:*\"],\"Resource\":\"*\"}]}"));
    assert_int_equal(second->policy.at.line, second->at.line + 3);
    assert_null(second->compiled);

    assert_true(s->management.is_open);
    assert_true(s->management.limited);
    assert_int_equal(s->management.listeners.count, 1);
    assert_str_equal(s->management.listeners.items[0].text, STR("local"));
    config_text_release(&t);
}

static void reads_a_secret_from_its_file(void **state)
{
    (void)state;
    char path[] = "/tmp/turnpike-secret-XXXXXX", text[256];
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "from/a+file\n", 12) == 12 && close(fd) == 0);
    (void)snprintf(text, sizeof(text),
                   "credentials: [{accessKeyId: a, secretAccessKeyFile: %s, sessionTokenFile: %s}]",
                   path, path);
    struct config_text t;
    config_text_read(&t, text, NULL);
    (void)unlink(path);
    assert_string_equal(config_text_findings(&t), "");
    const struct credential *credential = t.builder.snapshot->settings.credentials.items;
    assert_str_equal(credential->secret_access_key, STR("from/a+file"));
    assert_str_equal(credential->session_token, STR("from/a+file"));
    config_text_release(&t);
}

static void has_defaults(void **state)
{
    (void)state;
    struct config_text t;
    (void)unsetenv("STATE_DIRECTORY");
    (void)unsetenv("RUNTIME_DIRECTORY");
    config_text_read(&t, "", NULL);
    assert_string_equal(config_text_findings(&t), "");
    const struct settings *s = &t.builder.snapshot->settings;

    assert_str_equal(s->aws_region, STR("us-east-1"));
    assert_str_equal(s->account_id, STR("123456789012"));
    assert_int_equal(s->log.level, LOG_LEVEL_NOTICE);
    assert_str_equal(s->log.destination, STR("stderr"));
    assert_false(s->log.json || s->development || s->admin.on);
    assert_int_equal(s->state_directory.len + s->control_socket.len, 0);
    assert_int_equal(s->shutdown.delay, 0);
    assert_int_equal(s->shutdown.drain_timeout, 30 * USEC_PER_SEC);
    assert_int_equal(s->listeners.count, 1);
    assert_str_equal(s->listeners.items[0].name, STR("local"));
    assert_str_equal(s->execute_api.public_endpoint, STR("127.0.0.1:8080"));
    assert_str_equal(s->execute_api.host_suffixes.items[0], STR("localhost"));
    assert_str_equal(s->execute_api.host_suffixes.items[1], STR("us-east-1.amazonaws.com"));
    assert_int_equal(s->execute_api.path_form, PATH_FORM_LOOPBACK);
    assert_true(s->throttling.on && s->throttling.rate == 10000 && s->throttling.burst == 5000);
    assert_int_equal(s->credentials.count, 0);
    assert_true(!s->management.is_open && !s->management.limited);
    assert_false(s->invoke_api.on);

    static const struct limit_settings limits = {
        .header_bytes = 10240,
        .payload_bytes = 10485760,
        .connections = 10000,
        .buffered_bytes = 268435456,
        .header_timeout = 10 * USEC_PER_SEC,
        .body_timeout = 60 * USEC_PER_SEC,
        .keep_alive_timeout = 60 * USEC_PER_SEC,
        .send_timeout = 60 * USEC_PER_SEC,
        .authorizer_timeout = 10 * USEC_PER_SEC,
        .websocket_message_bytes = 131072,
        .websocket_frame_bytes = 32768,
        .websocket_pending_bytes = 1048576,
        .websocket_idle = 600 * USEC_PER_SEC,
        .websocket_duration = 7200 * USEC_PER_SEC,
        .websocket_connect_rate = 500,
        .websocket_messages_in_flight = 16,
    };
    assert_memory_equal(&s->limits, &limits, sizeof(limits));
    config_text_release(&t);
}

static void reads_websocket_apis(void **state)
{
    (void)state;
    struct config_text t;
    config_text_read(
        &t,
        "apis:\n"
        "  - {apiId: plain, definition: a.yaml, protocolType: WEBSOCKET}\n"
        "  - {apiId: own, definition: b.yaml, binaryFrames: deliver,\n"
        "     serializeMessages: true, idleReset: any, stages: [{stageName: prod}]}\n"
        "limits: {websocketMessageBytes: 1, websocketFrameBytes: 2, websocketIdle: 3,\n"
        "  websocketDuration: 4, websocketConnectRate: 0.5, websocketPendingBytes: 6,\n"
        "  websocketMessagesInFlight: 7, websocketPingInterval: 8}\n",
        NULL);
    assert_string_equal(config_text_findings(&t), "");
    const struct api *plain = t.builder.snapshot->apis.items[0];
    const struct api *own = t.builder.snapshot->apis.items[1];
    assert_int_equal(plain->protocol_type, PROTOCOL_WEBSOCKET);
    assert_true(plain->protocol_written && !plain->stages_written);
    assert_false(plain->websocket.delivers_binary || plain->websocket.serializes ||
                 plain->websocket.control_resets_idle);
    assert_int_equal(plain->websocket_keys.count, 0);
    assert_true(own->stages_written && own->websocket.delivers_binary &&
                own->websocket.serializes && own->websocket.control_resets_idle);
    assert_int_equal(own->websocket_keys.count, 3);
    assert_str_equal(own->websocket_keys.items[0].text, STR("binaryFrames"));
    assert_int_equal(own->websocket_keys.items[0].at.line, 3);

    const struct limit_settings *limits = &t.builder.snapshot->settings.limits;
    assert_int_equal(limits->websocket_message_bytes, 1);
    assert_int_equal(limits->websocket_frame_bytes, 2);
    assert_int_equal(limits->websocket_idle, 3 * USEC_PER_SEC);
    assert_int_equal(limits->websocket_duration, 4 * USEC_PER_SEC);
    assert_true(limits->websocket_connect_rate == 0.5);
    assert_int_equal(limits->websocket_pending_bytes, 6);
    assert_int_equal(limits->websocket_messages_in_flight, 7);
    assert_int_equal(limits->websocket_ping_interval, 8 * USEC_PER_SEC);
    config_text_release(&t);
}

/* Who tries it, and where, is no part of what we ship. */
static bool is_excused(struct str message)
{
    return str_find_str(message, STR("as the gateway's own user")) < message.len ||
           str_find_str(message, STR("no program 'node' in the PATH")) < message.len;
}

static size_t count_findings(const struct diag *diag)
{
    size_t count = 0;
    FOR_EACH_IN (finding, &diag->findings)
        if (!is_excused(finding->message))
            count++;
    return count;
}

/* What we ship is valid, and its defaults are the defaults. */
static void reads_our_own_files(void **state)
{
    static const char *const files[] = {"conf/turnpike.yaml", "conf/turnpike.reference.yaml"};
    (void)state;
    FOR_EACH (file, files, ARRAY_LENGTH(files)) {
        struct builder b;
        struct diag diag;
        diag_init(&diag);
        builder_init(&b, &diag);
        (void)!config_load(&b, *file, NULL);
        if (diag.findings.count > 0)
            print_error("%s:%u: %" STR_F "\n", *file, diag.findings.items[0].at.line,
                        STR_A(diag.findings.items[0].message));
        assert_int_equal(count_findings(&diag), 0);
        builder_abandon(&b);
        diag_release(&diag);
    }
}

static const struct {
    const char *name, *state, *runtime, *text, *want_state, *want_socket;
} directories[] = {
    {"systemd's", "/s:/t", "/r:/q", "", "/s", "/r/control.sock"},
    {"state only", "/s", NULL, "", "/s", "/s/control.sock"},
    {"written ones come first", "/s", "/r",
     "stateDirectory: /w\n"
     "controlSocket: /c",
     "/w", "/c"},
    {"the socket in what is written", NULL, NULL, "stateDirectory: /w", "/w", "/w/control.sock"},
};

static void finds_directories(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, directories) {
        (void)(c->state ? setenv("STATE_DIRECTORY", c->state, 1) : unsetenv("STATE_DIRECTORY"));
        (void)(c->runtime ? setenv("RUNTIME_DIRECTORY", c->runtime, 1)
                          : unsetenv("RUNTIME_DIRECTORY"));
        struct config_text t;
        config_text_read(&t, c->text, NULL);
        const struct settings *s = &t.builder.snapshot->settings;
        CHECK_CASE(c, str_is(s->state_directory, c->want_state), "%" STR_F,
                   STR_A(s->state_directory));
        CHECK_CASE(c, str_is(s->control_socket, c->want_socket), "%" STR_F,
                   STR_A(s->control_socket));
        config_text_release(&t);
    }
    (void)unsetenv("STATE_DIRECTORY");
    (void)unsetenv("RUNTIME_DIRECTORY");
}

#define TLS ", tls: {certificate: c, privateKey: k}}"

static const struct {
    const char *name, *listeners, *want;
} endpoints[] = {
    {"the first TLS listener",
     "[{name: a, port: 1}, {name: b, port: 2" TLS ", {name: c, port: 3" TLS "]", "127.0.0.1:2"},
    {"a wildcard", "[{name: a, address: 0.0.0.0, port: 1}]", "localhost:1"},
    {"a wildcard of version 6", "[{name: a, address: '::', port: 1}]", "localhost:1"},
    {"version 6", "[{name: a, address: '2001:db8::1', port: 1}]", "[2001:db8::1]:1"},
    {"https' own port", "[{name: a, address: 192.0.2.1, port: 443" TLS "]", "192.0.2.1"},
    {"http's own port", "[{name: a, address: 192.0.2.1, port: 80}]", "192.0.2.1"},
    {"https' port without it", "[{name: a, address: 192.0.2.1, port: 443}]", "192.0.2.1:443"},
    {"a UNIX socket", "[{name: a, unix: s}]", "localhost"},
};

static void tells_a_public_endpoint(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, endpoints) {
        scoped_buf struct buf text = {0};
        buf_printf(&text, "listeners: %s\n%c", c->listeners, '\0');
        struct config_text t;
        config_text_read(&t, text.data, NULL);
        CHECK_CASE(c, str_is(t.builder.snapshot->settings.execute_api.public_endpoint, c->want),
                   "got '%" STR_F "', %s",
                   STR_A(t.builder.snapshot->settings.execute_api.public_endpoint),
                   config_text_findings(&t));
        config_text_release(&t);
    }
}

static const struct {
    const char *name, *text, *listen[3], *want, *want_findings;
} replacements[] = {
    {"the default listener", "", {"127.0.0.1:1"}, "local 127.0.0.1:1\n", ""},
    {"at its place, with its settings",
     "listeners: [{name: a, port: 1, apis: []}, {name: t, port: 2" TLS ", {name: b, port: 3}]",
     {"192.0.2.1:8", "[::1]:9"},
     "a 192.0.2.1:8 limited\nt 127.0.0.1:2 tls\nb ::1:9\n",
     ""},
    {"those beyond are gone",
     "listeners: [{name: a, port: 1}, {name: b, port: 2}]\nmanagementApi: {listeners: [a, b]}",
     {"127.0.0.1:8"},
     "a 127.0.0.1:8\n",
     "2:32: warning: listener 'b' is gone: --listen replaced it\n"},
    {"more than there were",
     "listeners: [{name: t, port: 2" TLS "]",
     {"127.0.0.1:8", "127.0.0.1:9"},
     "t 127.0.0.1:2 tls\n--listen 1 127.0.0.1:8\n--listen 2 127.0.0.1:9\n",
     ""},
    {"a UNIX socket becomes an address",
     "listeners: [{name: a, unix: s}]",
     {"127.0.0.1:8"},
     "a 127.0.0.1:8\n",
     ""},
    {"a public one with a development issuer",
     "issuers: [{issuer: 'https://x.test', signingKeyFile: k}]",
     {"0.0.0.0:8"},
     "local 0.0.0.0:8\n",
     "1:54: error: a development issuer, but listener 'local' is not loopback: set "
     "'development: true' where that is meant\n"},
};

static void replaces_plain_listeners(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, replacements) {
        struct listen_address addresses[3];
        struct config_options options = {.listen = addresses};
        for (; options.listen_count < 3 && c->listen[options.listen_count]; options.listen_count++)
            CHECK_CASE(c,
                       listen_address_parse(str_from(c->listen[options.listen_count]),
                                            &addresses[options.listen_count]),
                       "listen");
        struct config_text t;
        config_text_read(&t, c->text, &options);
        scoped_buf struct buf got = {0};
        FOR_EACH_IN (l, &t.builder.snapshot->settings.listeners)
            buf_printf(&got, "%" STR_F " %" STR_F ":%u%s%s\n", STR_A(l->name), STR_A(l->address),
                       l->port, l->tls.on ? " tls" : "", l->limited ? " limited" : "");
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got %" STR_F, STR_A(buf_str(&got)));
        CHECK_CASE(c, strcmp(config_text_findings(&t), c->want_findings) == 0, "got %s",
                   config_text_findings(&t));
        config_text_release(&t);
    }
}

static const struct {
    const char *name;
    bool want;
} addresses[] = {
    {"127.0.0.1:8080", true}, {"[::1]:1", true},          {"0.0.0.0:65535", true},
    {"localhost:80", false},  {"127.0.0.1", false},       {"127.0.0.1:0", false},
    {":8080", false},         {"127.0.0.1:65536", false}, {"", false},
};

static void reads_listen_addresses(void **state)
{
    (void)state;
    struct listen_address got;
    FOR_EACH_CASE (c, addresses)
        CHECK_CASE(c, listen_address_parse(str_from(c->name), &got) == c->want, "parse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_settings),
        cmocka_unit_test(reads_listeners),
        cmocka_unit_test(reads_apis),
        cmocka_unit_test(reads_functions),
        cmocka_unit_test(reads_websocket_apis),
        cmocka_unit_test(reads_who_may_sign),
        cmocka_unit_test(reads_a_secret_from_its_file),
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(reads_our_own_files),
        cmocka_unit_test(finds_directories),
        cmocka_unit_test(tells_a_public_endpoint),
        cmocka_unit_test(replaces_plain_listeners),
        cmocka_unit_test(reads_listen_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
