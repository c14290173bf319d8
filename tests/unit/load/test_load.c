/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration together with its definitions. */
#include "turnpike/load/load.h"

#include <stdio.h>
#include <unistd.h>

#include "testing.h"
#include "turnpike/base/buf.h"

#define CONFIG                                                                                     \
    "functions: {todo: {endpoint: 'http://127.0.0.1:9000'}}\n"                                     \
    "apis:\n"                                                                                      \
    "  - apiId: todo\n"                                                                            \
    "    protocolType: HTTP\n"                                                                     \
    "    defaultFunction: todo\n"
#define SOCKETS                                                                                    \
    "functions: {todo: {endpoint: 'http://127.0.0.1:9000'}}\n"                                     \
    "listeners: [{name: a, port: 1, tls: {certificate: c, privateKey: k}}]\n"                      \
    "apis:\n"                                                                                      \
    "  - apiId: chat\n"                                                                            \
    "    definition: api.yaml\n" /* 6 */
#define SOCKET                                                                                     \
    "protocolType: WEBSOCKET\nrouteSelectionExpression: $request.body.a\n"                         \
    "routes: {a: {integration: {integrationUri: todo}}}\n"
#define DEFINITION "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/todos: {get: {}}}\n"

#define ISSUER(name)                                                                               \
    CONFIG "    definition: api.yaml\nissuers: [{issuer: " name ", jwksUri: 'https://k.test/'}]\n"
#define GUARDED                                                                                    \
    DEFINITION                                                                                     \
    "components: {securitySchemes: {users: {type: oauth2, x-amazon-apigateway-authorizer: {"       \
    "type: jwt, identitySource: $request.header.Authorization, jwtConfiguration: {"                \
    "issuer: 'https://dev.localhost', audience: [a]}}}}}\n"

#define HOSTED(rest)                                                                               \
    "functions: {todo: {process: {command: [/bin/sh]}}}\n"                                         \
    "apis: [{apiId: todo, protocolType: HTTP, definition: api.yaml" rest "}]\n"
#define SHARED                                                                                     \
    "turnpike.yaml:1:29: function 'todo' runs as the gateway's own user and may read its keys "    \
    "and configuration: 'user' names another (or this one, where that is meant)\n"

static const struct {
    const char *name, *config, *definition, *want; /* findings */
} cases[] = {
    {"all is well", CONFIG "    definition: api.yaml\n", DEFINITION, ""},
    {"a definition that is not there",
     CONFIG "    definition: other.yaml\n"
            "    stages: [{stageName: $default, routeSettings: {GET /todos: {}}}]\n",
     DEFINITION, "turnpike.yaml:6:17: '%s/other.yaml' cannot be read: No such file or directory\n"},
    {"a definition that is malformed", CONFIG "    definition: api.yaml\n", "openapi: {\n",
     "api.yaml:2:1: did not find expected node content, while parsing a flow node (it begins at "
     "line 2)\n"},
    {"names that nothing has",
     CONFIG "    definition: api.yaml\n"
            "    stages: [{stageName: $default, routeSettings: {GET /todo: {}}}]\n"
            "domains: [{domainName: a, apiMappings: [{apiId: tood, stage: $default}]}]\n"
            "listeners: [{name: a, port: 1, apis: [x]}]\n",
     DEFINITION,
     "turnpike.yaml:7:52: there is no route 'GET /todo'; did you mean 'GET /todos'?\n"
     "turnpike.yaml:8:49: there is no API 'tood'; did you mean 'todo'?\n"
     "turnpike.yaml:9:39: there is no API 'x'\n"},
    {"mistakes in both", "foo: 1\n" CONFIG "    definition: api.yaml\n",
     "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/todos: {got: {}}}\n",
     "api.yaml:3:18: unknown field 'got' in a path item; did you mean 'get'?\n"
     "turnpike.yaml:1:1: there is no key 'foo' here; did you mean 'log'?\n"},
    {"a WebSocket API", SOCKETS "    stages: [{stageName: prod}]\n    binaryFrames: deliver\n",
     SOCKET, ""},
    {"a WebSocket API that the configuration knows",
     SOCKETS "    stages: [{stageName: prod}]\n    protocolType: WEBSOCKET\n", SOCKET, ""},
    {"one that the definition knows otherwise",
     SOCKETS "    stages: [{stageName: prod}]\n    protocolType: HTTP\n", SOCKET,
     "api.yaml:1:15: the definition is a WebSocket API's, but the configuration says another "
     "protocolType\n"},
    {"one whose definition is OpenAPI",
     SOCKETS "    stages: [{stageName: prod}]\n    protocolType: WEBSOCKET\n", DEFINITION,
     "api.yaml:1:1: an OpenAPI document, but the configuration says protocolType WEBSOCKET: such "
     "an API has a definition of its own kind\n"},
    {"one without stages", SOCKETS, SOCKET,
     "turnpike.yaml:4:12: 'stages' is missing: the URLs of a WebSocket API have the name of a "
     "stage\n"},
    {"words of WebSocket APIs elsewhere",
     CONFIG "    definition: api.yaml\n    idleReset: any\n    serializeMessages: false\n",
     DEFINITION,
     "turnpike.yaml:7:5: 'idleReset' has no effect: it is for WebSocket APIs\n"
     "turnpike.yaml:8:5: 'serializeMessages' has no effect: it is for WebSocket APIs\n"},
    {"a hosted function with a route", HOSTED(", defaultFunction: todo"), DEFINITION, SHARED},
    {"one that nothing invokes", HOSTED(""),
     "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\n",
     "turnpike.yaml:1:13: nothing invokes function 'todo': no route has it, and there is no "
     "'invokeApi'\n" SHARED},
    {"one that others may invoke", HOSTED("") "invokeApi: {}\n",
     "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\n", SHARED},
    {"nothing at all", "", DEFINITION,
     "turnpike.yaml:0:0: there are neither 'apis' nor 'invokeApi': nothing is served\n"},
    {"an issuer that an authorizer has", ISSUER("https://dev.localhost"), GUARDED, ""},
    {"one that none has", ISSUER("https://dev.localhost/"), GUARDED,
     "turnpike.yaml:7:11: no authorizer has the issuer 'https://dev.localhost/'; did you mean "
     "'https://dev.localhost'?\n"},
    {"one where there are no authorizers", ISSUER("https://dev.localhost/"), DEFINITION, ""},
    {"a kind that is not built yet",
     "apis: [{apiId: a, protocolType: REST, definition: api.yaml}]\n", DEFINITION,
     "turnpike.yaml:1:33: APIs of protocolType REST are not built yet\n"},
};

static void write_file(const char *directory, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void print_findings(struct buf *out, struct diag *diag, size_t directory_len)
{
    diag_sort(diag);
    FOR_EACH_IN (f, &diag->findings)
        buf_printf(out, "%s:%u:%u: %" STR_F "\n", f->at.file + directory_len + 1, f->at.line,
                   f->at.column, STR_A(f->message));
}

static struct str with_directory(struct arena *arena, const char *want, const char *directory)
{
    struct str text = str_from(want);
    size_t at = str_find_str(text, STR("%s"));
    if (at == text.len)
        return text;
    return arena_printf(arena, "%" STR_F "%s%s", STR_A(str_head(text, at)), directory,
                        want + at + 2);
}

static void loads(void **state)
{
    (void)state;
    char directory[] = "/tmp/turnpike-load-XXXXXX", config[64], definition[64];
    struct arena arena;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(config, sizeof(config), "%s/turnpike.yaml", directory);
    (void)snprintf(definition, sizeof(definition), "%s/api.yaml", directory);
    arena_init(&arena, 1024);
    FOR_EACH_CASE (c, cases) {
        struct diag diag;
        scoped_buf struct buf got = {0};
        write_file(directory, "turnpike.yaml", c->config);
        write_file(directory, "api.yaml", c->definition);
        diag_init(&diag);
        struct snapshot *snapshot = load_snapshot(config, &diag);
        print_findings(&got, &diag, sizeof(directory) - 1);
        CHECK_CASE(c, str_eq(buf_str(&got), with_directory(&arena, c->want, directory)),
                   "got %" STR_F, STR_A(buf_str(&got)));
        CHECK_CASE(c, (snapshot != NULL) == (diag.error_count == 0), "a snapshot");
        snapshot_unref(snapshot);
        diag_release(&diag);
    }
    arena_release(&arena);
    (void)unlink(config);
    (void)unlink(definition);
    (void)rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
