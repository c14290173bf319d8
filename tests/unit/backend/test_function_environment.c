/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../src/backend/function_environment.h"

#include "testing.h"
#include "turnpike/model/function_variables.h"

#define GATEWAY FUNCTION_CREDENTIALS_GATEWAY
#define INHERIT FUNCTION_CREDENTIALS_INHERIT
#define NONE    FUNCTION_CREDENTIALS_NONE

static const char *const inherited[] = {
    "PATH=/opt/node/bin:/usr/bin",
    "HOME=/home/op",
    "AWS_ACCESS_KEY_ID=AKIDOP",
    "AWS_SECRET_ACCESS_KEY=op/secret=",
    "AWS_SESSION_TOKEN=op-token",
    "AWS_PROFILE=work",
    "AWS_SHARED_CREDENTIALS_FILE=/home/op/keys",
    "AWS_SAM_LOCAL=true",
    "AWS_LAMBDA_MAX_CONCURRENCY=4",
    "AWS_ENDPOINT_URL=http://127.0.0.1:4566",
    "_X_AMZN_TRACE_ID=Root=1-x",
    "_LAMBDA_TELEMETRY_LOG_FD=3",
    "NODE_OPTIONS=--require=/evil.js",
    "PATHEXT=.exe",
    NULL,
};

static const struct sigv4_key key = {
    .access_key_id = STR_INIT("ASIAGW"),
    .secret_access_key = STR_INIT("gw-secret"),
    .session_token = STR_INIT("gw-token"),
};

struct fixture {
    struct arena arena;
    struct settings settings;
    struct function function;
    struct function_environment_facts facts;
    const char *const *environment;
};

static void add_words(struct fixture *f, const char *command)
{
    struct str rest = str_from(command), word;
    while (str_split(&rest, ' ', &word))
        *list_push(&f->arena, &f->function.process.command) = word;
}

/* "A=b C=d". */
static void add_variables(struct fixture *f, const char *written)
{
    struct str rest = str_from(written), word, name;
    while (str_split(&rest, ' ', &word)) {
        if (word.len == 0)
            continue;
        (void)str_split(&word, '=', &name);
        *list_push(&f->arena, &f->function.process.environment) = (struct variable){name, word};
    }
}

static void setup(struct fixture *f, const char *command, const char *written,
                  enum function_credentials credentials)
{
    *f = (struct fixture){.settings = {.aws_region = STR("eu-west-1")},
                          .function = {.name = STR("chat")}};
    arena_init(&f->arena, 4096);
    f->function.process.directory.text = STR("/srv/chat");
    f->function.process.memory_size = 256;
    f->function.process.credentials = credentials;
    add_words(f, command);
    add_variables(f, written);
    f->facts = (struct function_environment_facts){
        .function = &f->function,
        .settings = &f->settings,
        .runtime_api = STR("127.0.0.1:40001"),
        .key = &key,
        .log_stream = STR("2024/01/20/[$LATEST]ab"),
        .ca_file = STR("/run/ca.pem"),
        .management_endpoint = STR("http://127.0.0.1:8080/prod"),
        .invoke_endpoint = STR("http://127.0.0.1:3001"),
        .inherited = inherited,
    };
}

static void compose(struct fixture *f)
{
    f->environment = function_environment(&f->arena, &f->facts);
}

/* NULL: it is not set. */
static const char *value_of(const struct fixture *f, const char *name)
{
    size_t len = strlen(name);
    for (const char *const *v = f->environment; *v; v++)
        if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
            return *v + len + 1;
    return NULL;
}

static bool is_value(const struct fixture *f, const char *name, const char *want)
{
    const char *got = value_of(f, name);
    return want ? got && strcmp(got, want) == 0 : !got;
}

static const struct {
    const char *name, *command, *written;
    enum function_credentials credentials;
    const char *variable, *want; /* NULL: it is not set */
} cases[] = {
    {"the Runtime API", "run", "", GATEWAY, "AWS_LAMBDA_RUNTIME_API", "127.0.0.1:40001"},
    {"its name", "run", "", GATEWAY, "AWS_LAMBDA_FUNCTION_NAME", "chat"},
    {"its version", "run", "", GATEWAY, "AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
    {"its memory", "run", "", GATEWAY, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"},
    {"its log group", "run", "", GATEWAY, "AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/chat"},
    {"its log stream", "run", "", GATEWAY, "AWS_LAMBDA_LOG_STREAM_NAME", "2024/01/20/[$LATEST]ab"},
    {"its start", "run", "", GATEWAY, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
    {"its code", "run", "", GATEWAY, "LAMBDA_TASK_ROOT", "/srv/chat"},
    {"where it runs", "run", "", GATEWAY, "PWD", "/srv/chat"},
    {"the runtime's place", "run", "", GATEWAY, "LAMBDA_RUNTIME_DIR", "/var/runtime"},
    {"the region", "run", "", GATEWAY, "AWS_REGION", "eu-west-1"},
    {"the region again", "run", "", GATEWAY, "AWS_DEFAULT_REGION", "eu-west-1"},
    {"the time zone", "run", "", GATEWAY, "TZ", ":UTC"},
    {"the language", "run", "", GATEWAY, "LANG", "en_US.UTF-8"},
    {"the shell's depth", "run", "", GATEWAY, "SHLVL", "0"},
    {"X-Ray without segments", "run", "", GATEWAY, "AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"},
    {"X-Ray's daemon", "run", "", GATEWAY, "AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000"},
    {"its address", "run", "", GATEWAY, "_AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1"},
    {"its port", "run", "", GATEWAY, "_AWS_XRAY_DAEMON_PORT", "2000"},
    {"its own time zone", "run", "TZ=Europe/Rome", GATEWAY, "TZ", "Europe/Rome"},
    {"its own variable", "run", "TABLE=connections EMPTY=", GATEWAY, "TABLE", "connections"},
    {"an empty one", "run", "TABLE=connections EMPTY=", GATEWAY, "EMPTY", ""},
    {"a value with =", "run", "A=b=c", GATEWAY, "A", "b=c"},

    /* what is inherited */
    {"the gateway's PATH", "run", "", GATEWAY, "PATH", "/opt/node/bin:/usr/bin"},
    {"its own PATH", "run", "PATH=/mine", GATEWAY, "PATH", "/mine"},
    {"nothing else", "run", "", GATEWAY, "NODE_OPTIONS", NULL},
    {"no home", "run", "", GATEWAY, "HOME", NULL},
    {"nothing of SAM", "run", "", GATEWAY, "AWS_SAM_LOCAL", NULL},
    {"no endpoint of all services", "run", "", INHERIT, "AWS_ENDPOINT_URL", NULL},
    {"no mode of several invocations", "run", "", INHERIT, "AWS_LAMBDA_MAX_CONCURRENCY", NULL},
    {"no framed logs", "run", "", INHERIT, "_LAMBDA_TELEMETRY_LOG_FD", NULL},
    {"no trace of another", "run", "", INHERIT, "_X_AMZN_TRACE_ID", NULL},

    /* the handler and the runtime */
    {"no handler", "run", "", GATEWAY, "_HANDLER", NULL},
    {"an argument", "node_modules/.bin/aws-lambda-ric chat.handler", "", GATEWAY, "_HANDLER",
     "chat.handler"},
    {"the last of several", "python3 -m awslambdaric chat.handler", "", GATEWAY, "_HANDLER",
     "chat.handler"},
    {"a handler of its own", "run a b", "_HANDLER=c.d", GATEWAY, "_HANDLER", "c.d"},
    {"any program", "run", "", GATEWAY, "AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"},
    {"Node's client", "/x/node_modules/.bin/aws-lambda-ric chat.handler", "", GATEWAY,
     "AWS_EXECUTION_ENV", "AWS_Lambda_nodejs22.x"},
    {"Node", "/usr/bin/env node index.mjs", "", GATEWAY, "AWS_EXECUTION_ENV",
     "AWS_Lambda_nodejs22.x"},
    {"Debian's Node", "nodejs index.mjs", "", GATEWAY, "AWS_EXECUTION_ENV",
     "AWS_Lambda_nodejs22.x"},
    {"Python's client", "awslambdaric chat.handler", "", GATEWAY, "AWS_EXECUTION_ENV",
     "AWS_Lambda_python3.13"},
    {"Python", "/opt/venv/bin/python3.11 run.py", "", GATEWAY, "AWS_EXECUTION_ENV",
     "AWS_Lambda_python3.13"},
    {"a name that begins like one", "pythonic nodes", "", GATEWAY, "AWS_EXECUTION_ENV",
     "AWS_Lambda_provided.al2023"},
    {"what it says itself", "node x", "AWS_EXECUTION_ENV=AWS_Lambda_nodejs20.x", GATEWAY,
     "AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x"},

    /* services and certificates */
    {"connections", "run", "", GATEWAY, "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
     "http://127.0.0.1:8080/prod"},
    {"other connections", "run", "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI=http://x", GATEWAY,
     "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "http://x"},
    {"functions", "run", "", GATEWAY, "AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:3001"},
    {"other functions", "run", "AWS_ENDPOINT_URL_LAMBDA=http://x", GATEWAY,
     "AWS_ENDPOINT_URL_LAMBDA", "http://x"},
    {"Node's certificates", "run", "", GATEWAY, "NODE_EXTRA_CA_CERTS", "/run/ca.pem"},
    {"botocore's", "run", "", GATEWAY, "AWS_CA_BUNDLE", "/run/ca.pem"},
    {"OpenSSL's", "run", "", GATEWAY, "SSL_CERT_FILE", "/run/ca.pem"},
    {"its own", "run", "SSL_CERT_FILE=/mine.pem", GATEWAY, "SSL_CERT_FILE", "/mine.pem"},

    /* credentials */
    {"the gateway's key", "run", "", GATEWAY, "AWS_ACCESS_KEY_ID", "ASIAGW"},
    {"its secret", "run", "", GATEWAY, "AWS_SECRET_ACCESS_KEY", "gw-secret"},
    {"its token", "run", "", GATEWAY, "AWS_SESSION_TOKEN", "gw-token"},
    {"beside it no profile", "run", "", GATEWAY, "AWS_PROFILE", NULL},
    {"nor files", "run", "", GATEWAY, "AWS_SHARED_CREDENTIALS_FILE", "/dev/null"},
    {"nor settings", "run", "", GATEWAY, "AWS_CONFIG_FILE", "/dev/null"},
    {"nor the machine's role", "run", "", GATEWAY, "AWS_EC2_METADATA_DISABLED", "true"},
    {"the operator's key", "run", "", INHERIT, "AWS_ACCESS_KEY_ID", "AKIDOP"},
    {"the operator's secret", "run", "", INHERIT, "AWS_SECRET_ACCESS_KEY", "op/secret="},
    {"the operator's token", "run", "", INHERIT, "AWS_SESSION_TOKEN", "op-token"},
    {"the operator's profile", "run", "", INHERIT, "AWS_PROFILE", "work"},
    {"the operator's files", "run", "", INHERIT, "AWS_SHARED_CREDENTIALS_FILE", "/home/op/keys"},
    {"the usual ones", "run", "", INHERIT, "AWS_CONFIG_FILE", NULL},
    {"where they are", "run", "", INHERIT, "HOME", "/home/op"},
    {"another home", "run", "HOME=/srv", INHERIT, "HOME", "/srv"},
    {"the operator's machine", "run", "", INHERIT, "AWS_EC2_METADATA_DISABLED", NULL},
    {"no key", "run", "", NONE, "AWS_ACCESS_KEY_ID", NULL},
    {"no secret", "run", "", NONE, "AWS_SECRET_ACCESS_KEY", NULL},
    {"no token", "run", "", NONE, "AWS_SESSION_TOKEN", NULL},
    {"no profile", "run", "", NONE, "AWS_PROFILE", NULL},
    {"no files", "run", "", NONE, "AWS_SHARED_CREDENTIALS_FILE", "/dev/null"},
    {"keys of its own", "run", "AWS_ACCESS_KEY_ID=own", NONE, "AWS_ACCESS_KEY_ID", "own"},
    {"files of its own", "run", "AWS_SHARED_CREDENTIALS_FILE=/own", NONE,
     "AWS_SHARED_CREDENTIALS_FILE", "/own"},
    {"not beside the gateway's", "run", "AWS_ACCESS_KEY_ID=own", GATEWAY, "AWS_ACCESS_KEY_ID",
     "ASIAGW"},
};

static void variables_have_their_values(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct fixture f;
        setup(&f, c->command, c->written, c->credentials);
        compose(&f);
        CHECK_CASE(c, is_value(&f, c->variable, c->want), "got %s", value_of(&f, c->variable));
        arena_release(&f.arena);
    }
}

/* What does not have to be there. */
static void what_is_not_there_is_not_set(void **state)
{
    static const char *const names[] = {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
                                        "AWS_ENDPOINT_URL_LAMBDA",
                                        "NODE_EXTRA_CA_CERTS",
                                        "AWS_CA_BUNDLE",
                                        "SSL_CERT_FILE",
                                        "AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN"};
    struct fixture f;
    (void)state;
    setup(&f, "run", "", GATEWAY);
    f.facts.key = NULL;
    f.facts.ca_file = f.facts.management_endpoint = f.facts.invoke_endpoint = STR("");
    f.facts.inherited = NULL;
    compose(&f);
    FOR_EACH (name, names, ARRAY_LENGTH(names))
        assert_null(value_of(&f, *name));
    assert_string_equal(value_of(&f, "PATH"), "/usr/local/bin:/usr/bin:/bin");
    arena_release(&f.arena);
}

static void a_key_may_have_no_token(void **state)
{
    struct sigv4_key permanent = {.access_key_id = STR("A"), .secret_access_key = STR("s")};
    struct fixture f;
    (void)state;
    setup(&f, "run", "", GATEWAY);
    f.facts.key = &permanent;
    compose(&f);
    assert_string_equal(value_of(&f, "AWS_ACCESS_KEY_ID"), "A");
    assert_null(value_of(&f, "AWS_SESSION_TOKEN"));
    arena_release(&f.arena);
}

static void no_name_is_there_twice(void **state)
{
    static const enum function_credentials all[] = {GATEWAY, INHERIT, NONE};
    (void)state;
    FOR_EACH (credentials, all, ARRAY_LENGTH(all)) {
        struct fixture f;
        setup(&f, "run x", "", *credentials);
        compose(&f);
        const char *const *plain = f.environment;
        for (; *plain; plain++) { /* each of them is written, too */
            struct str rest = str_from(*plain), name;
            (void)str_split(&rest, '=', &name);
            *list_push(&f.arena, &f.function.process.environment) =
                (struct variable){name, STR("written")};
        }
        compose(&f);
        size_t count = 0;
        for (const char *const *v = f.environment; *v; v++, count++)
            for (const char *const *other = f.environment; other < v; other++)
                assert_false(strncmp(*other, *v, strcspn(*v, "=") + 1) == 0);
        assert_true(count >= 30);
        arena_release(&f.arena);
    }
}

/* Configurations that write one of these are refused; here they would lose. */
static void what_is_the_gateways_cannot_be_written(void **state)
{
    static const char *const names[] = {"AWS_LAMBDA_RUNTIME_API",
                                        "AWS_LAMBDA_FUNCTION_NAME",
                                        "AWS_LAMBDA_FUNCTION_VERSION",
                                        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                        "AWS_LAMBDA_LOG_GROUP_NAME",
                                        "AWS_LAMBDA_LOG_STREAM_NAME",
                                        "AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "LAMBDA_TASK_ROOT",
                                        "AWS_LAMBDA_INITIALIZATION_TYPE",
                                        "LAMBDA_RUNTIME_DIR",
                                        "PWD",
                                        "AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_LAMBDA_MAX_CONCURRENCY",
                                        "_LAMBDA_TELEMETRY_LOG_FD",
                                        "_X_AMZN_TRACE_ID"};
    (void)state;
    FOR_EACH (name, names, ARRAY_LENGTH(names)) {
        struct fixture f;
        setup(&f, "run", "", GATEWAY);
        *list_push(&f.arena, &f.function.process.environment) =
            (struct variable){str_from(*name), STR("written")};
        compose(&f);
        assert_non_null(function_variable_find(str_from(*name)));
        assert_false(is_value(&f, *name, "written"));
        arena_release(&f.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_have_their_values),
        cmocka_unit_test(what_is_not_there_is_not_set),
        cmocka_unit_test(a_key_may_have_no_token),
        cmocka_unit_test(no_name_is_there_twice),
        cmocka_unit_test(what_is_the_gateways_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
