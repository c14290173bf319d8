/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are hosted, and the Invoke API: what a configuration says of them, and what is
 * wrong with it. */
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config_text.h"
#include "turnpike/base/clock.h"

#define NOBODY 65534

/* Runs as somebody who is not root: nobody else may be run then, and there is no warning of root.
 */
static int become_nobody(void **state)
{
    (void)state;
    if (geteuid() == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    (void)prctl(PR_SET_DUMPABLE, 1); /* which seteuid took: leaks are looked for by ptrace */
    (void)setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    (void)unsetenv("AWS_ACCESS_KEY_ID");
    (void)unsetenv("AWS_PROFILE");
    (void)setenv("HOME", "/nowhere", 1);
    return 0;
}

static int become_again(void **state)
{
    (void)state;
    return seteuid(getuid());
}

static const char *own_name(void)
{
    const struct passwd *entry = getpwuid(geteuid());
    return entry ? entry->pw_name : "nobody";
}

/* A text in which % stands for this process's user. */
static void read_text(struct config_text *t, const char *text, const struct config_options *options)
{
    scoped_buf struct buf whole = {0};
    for (; *text; text++)
        buf_append(&whole, *text == '%' ? str_from(own_name()) : str_of(text, 1));
    buf_append_char(&whole, '\0');
    config_text_read(t, whole.data, options);
}

static void reads_a_function(void **state)
{
    (void)state;
    struct config_text t;
    read_text(&t,
              "functions:\n"
              "  chat:\n"
              "    process: {command: [bin/env, -i, sh], workingDirectory: /usr//./, minimum: 2,\n"
              "      concurrency: 4, idleTimeout: 1m, initTimeout: 500ms, user: '%', watch: true}\n"
              "    environment: {TABLE: connections, _x1: 7, DEBUG: false, EMPTY: ''}\n"
              "    memorySize: 256\n"
              "    timeout: 10\n"
              "    maxQueue: 7\n"
              "    credentials: none\n",
              NULL);
    assert_string_equal(config_text_findings(&t), "");
    const struct function *f = t.builder.snapshot->functions.items[0];
    const struct process_settings *p = &f->process;
    assert_true(p->on && p->watch && p->memory_limited);
    assert_int_equal(p->at.line, 3);
    assert_int_equal(p->command.count, 3);
    assert_str_equal(p->command.items[0], STR("/usr/bin/env"));
    assert_str_equal(p->command.items[1], STR("-i"));
    assert_str_equal(p->directory.text, STR("/usr"));
    assert_int_equal(p->concurrency, 4);
    assert_int_equal(p->minimum, 2);
    assert_int_equal(p->idle_timeout, 60 * USEC_PER_SEC);
    assert_int_equal(p->init_timeout, USEC_PER_SEC / 2);
    assert_str_equal(p->user.text, str_from(own_name()));
    assert_int_equal(p->user_id, geteuid());
    assert_int_equal(p->environment.count, 4);
    assert_str_equal(p->environment.items[1].name, STR("_x1"));
    assert_str_equal(p->environment.items[1].value, STR("7"));
    assert_str_equal(p->environment.items[2].value, STR("false"));
    assert_str_equal(p->environment.items[3].value, STR(""));
    assert_int_equal(p->memory_size, 256);
    assert_int_equal(p->credentials, FUNCTION_CREDENTIALS_NONE);
    assert_int_equal(f->timeout, 10 * USEC_PER_SEC);
    assert_int_equal(f->max_concurrency, 4);
    assert_int_equal(f->max_queue, 7);
    assert_int_equal(f->endpoint.url.len, 0);
    config_text_release(&t);
}

static void a_function_has_defaults(void **state)
{
    (void)state;
    struct config_text t;
    read_text(&t, "functions: {f: {process: {command: [sh], user: '%'}}}", NULL);
    assert_string_equal(config_text_findings(&t), "");
    const struct function *f = t.builder.snapshot->functions.items[0];
    const struct process_settings *p = &f->process;
    assert_str_equal(p->command.items[0], STR("sh"));
    assert_str_equal(p->directory.text, str_from(t.directory));
    assert_int_equal(p->concurrency, 1);
    assert_int_equal(p->minimum, 0);
    assert_int_equal(p->idle_timeout, 300 * USEC_PER_SEC);
    assert_int_equal(p->init_timeout, 10 * USEC_PER_SEC);
    assert_int_equal(p->memory_size, 128);
    assert_false(p->watch || p->memory_limited);
    assert_int_equal(p->credentials, FUNCTION_CREDENTIALS_GATEWAY);
    assert_int_equal(f->timeout, 3 * USEC_PER_SEC);
    assert_int_equal(f->max_concurrency, 1);
    assert_int_equal(f->max_queue, 100);
    config_text_release(&t);
}

/* A file that is named from where the gateway was started: what a process gets is absolute. */
static void directories_are_absolute(void **state)
{
    (void)state;
    char place[] = "/tmp/turnpike-process-XXXXXX", want[64];
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* its path may be closed to us */
    assert_true(before >= 0);
    assert_non_null(mkdtemp(place));
    assert_int_equal(chdir(place), 0);
    FILE *file = fopen("turnpike.yaml", "we");
    assert_non_null(file);
    assert_true(fputs("functions: {a: {process: {command: [sh]}},\n"
                      "  b: {process: {command: [./x/../run], workingDirectory: x/..}}}\n",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);

    static const char *const files[] = {"turnpike.yaml", "./turnpike.yaml"};
    FOR_EACH (name, files, ARRAY_LENGTH(files)) {
        struct diag diag;
        struct builder b;
        diag_init(&diag);
        builder_init(&b, &diag);
        assert_false(config_load(&b, *name, NULL)); /* there is neither x nor run */
        const struct function *first = b.snapshot->functions.items[0];
        const struct function *second = b.snapshot->functions.items[1];
        assert_str_equal(first->process.directory.text, str_from(place));
        (void)snprintf(want, sizeof(want), "%s/x/../x/../run", place);
        assert_str_equal(second->process.command.items[0], str_from(want));
        builder_abandon(&b);
        diag_release(&diag);
    }
    assert_int_equal(unlink("turnpike.yaml") + fchdir(before) + rmdir(place), 0);
    (void)close(before);
}

#define F(rest)           "functions: {f: {process: {command: [sh], user: '%'" rest "}}"
#define ENVIRONMENT(rest) F("},\n environment: {" rest "}") /* 2:16 */

#define OWN_USER(may, pass)                                                                        \
    " as the gateway's own user" may " may read its keys and configuration" pass                   \
    ": 'user' names another (or this one, where that is meant)\n"
#define SHARED OWN_USER(",", " and pass for one another")

static const struct {
    const char *name, *text, *want;
} cases[] = {
    /* an endpoint or a process */
    {"neither", "functions: {f: {timeout: 1}}",
     "1:16: error: 'endpoint' or 'process' is missing\n"},
    {"no process after all", "functions: {f: {process: }}",
     "1:16: error: 'endpoint' or 'process' is missing\n"},
    {"both", "functions: {f: {endpoint: 'http://h',\n process: {command: [sh], user: '%'}}}",
     "2:2: error: 'process' stands beside 'endpoint': write one of them\n"},
    {"keys of endpoints",
     "functions: {f: {process: {command: [sh], user: '%'},\n emulator: rie,\n remoteName: x,\n"
     " signWith: environment,\n maxConcurrency: 5,\n connectTimeout: 1,\n keepAliveTimeout: 1,\n"
     " maxQueue: 5}}",
     "2:2: error: 'emulator' is of functions with an 'endpoint'\n"
     "3:2: error: 'remoteName' is of functions with an 'endpoint'\n"
     "4:2: error: 'signWith' is of functions with an 'endpoint'\n"
     "5:2: error: 'maxConcurrency' is of functions with an 'endpoint': here 'process.concurrency' "
     "counts\n"
     "6:2: error: 'connectTimeout' is of functions with an 'endpoint': here 'process.initTimeout' "
     "counts\n"
     "7:2: error: 'keepAliveTimeout' is of functions with an 'endpoint': here "
     "'process.idleTimeout' "
     "counts\n"},
    {"keys of processes",
     "functions: {f: {endpoint: 'http://h',\n environment: {},\n memorySize: 128,\n"
     " credentials: gateway}}",
     "2:2: error: 'environment' is of functions with a 'process'\n"
     "3:2: error: 'memorySize' is of functions with a 'process'\n"
     "4:2: error: 'credentials' is of functions with a 'process'\n"},

    /* the process */
    {"no map", "functions: {f: {process: sh}}",
     "1:26: error: 'process' must be a map, not a string\n"},
    {"no command", "functions: {f: {process: {user: '%'}}}", "1:26: error: 'command' is missing\n"},
    {"an empty command", "functions: {f: {process: {command: [], user: '%'}}}",
     "1:36: error: 'command' is empty: it begins with the program\n"},
    {"a command of numbers", "functions: {f: {process: {command: [sh, 1], user: '%'}}}",
     "1:41: error: 'command' must be a string (put it in quotes), not a number\n"},
    {"a shell's command", "functions: {f: {process: {command: sh run.sh, user: '%'}}}",
     "1:36: error: 'command' must be a list, not a string\n"},
    {"a program that is nowhere",
     "functions: {f: {process: {command: [a/b], workingDirectory: /usr, user: '%'}}}",
     "1:37: error: '/usr/a/b' cannot be run: No such file or directory\n"},
    {"a program of npm",
     "functions: {f: {process: {command: [node_modules/.bin/x], workingDirectory: /usr,\n"
     " user: '%'}}}",
     "1:37: error: '/usr/node_modules/.bin/x' cannot be run: No such file or directory; 'npm ci' "
     "(or 'npm install') puts it there\n"},
    {"keys of the function",
     "functions: {f: {process: {command: [sh], user: '%',\n timeout: 5,\n environment: {A: b},\n"
     " credentials: none}}}",
     "2:2: error: 'timeout' does not belong here, but one level further out\n"
     "3:2: error: 'environment' does not belong here, but one level further out\n"
     "4:2: error: 'credentials' does not belong here, but one level further out\n"},
    {"keys of the process",
     "functions: {f: {process: {command: [sh], user: '%'},\n watch: true,\n idleTimeout: 5}}",
     "2:2: error: 'watch' does not belong here, but into 'process'\n"
     "3:2: error: 'idleTimeout' does not belong here, but into 'process'\n"},
    {"a command in one word",
     "functions: {f: {process: {command: [node_modules/.bin/x f.handler],\n"
     " workingDirectory: /usr, user: '%'}}}",
     "1:37: error: '/usr/node_modules/.bin/x f.handler' cannot be run: No such file or directory; "
     "each argument is an item of its own\n"},
    {"a Python that is not there",
     "functions: {f: {process: {command: [.venv/bin/python], workingDirectory: /usr, user: '%'}}}",
     "1:37: error: '/usr/.venv/bin/python' cannot be run: No such file or directory; "
     "'python3 -m venv' and its 'pip install' put it there\n"},
    {"a file that is no program", "functions: {f: {process: {command: [/etc/passwd], user: '%'}}}",
     "1:37: error: '/etc/passwd' cannot be run: it is not executable\n"},
    {"a directory", "functions: {f: {process: {command: [/usr/bin], user: '%'}}}",
     "1:37: error: '/usr/bin' cannot be run: not a file\n"},
    {"nothing of that name in the PATH",
     "functions: {f: {process: {command: [no-such-program], user: '%'}}}",
     "1:37: warning: there is no program 'no-such-program' in the PATH\n"},
    {"it is in the directory",
     "functions: {f: {process: {command: [hosts], workingDirectory: /etc, user: '%'}}}",
     "1:37: warning: there is no program 'hosts' in the PATH; did you mean './hosts'?\n"},
    {"the function's own PATH", F("},\n environment: {PATH: '/nowhere:/etc'}"),
     "1:37: warning: there is no program 'sh' in the PATH\n"},
    {"no directory", F(",\n workingDirectory: /nowhere}"),
     "2:20: error: '/nowhere' cannot be worked in: No such file or directory\n"},
    {"a file", F(",\n workingDirectory: /etc/passwd}"),
     "2:20: error: '/etc/passwd' is no directory\n"},
    {"bounds",
     F(",\n concurrency: 1001,\n idleTimeout: 0,\n initTimeout: 901},\n memorySize: 127,\n"
       " timeout: 901"),
     "2:15: error: 'concurrency' must be from 1 to 1000, not 1001\n"
     "3:15: error: 'idleTimeout' must be from 0.001 to 86400, not 0\n"
     "4:15: error: 'initTimeout' must be from 0.001 to 900, not 901\n"
     "5:14: error: 'memorySize' must be from 128 to 10240, not 127\n"
     "6:11: error: 'timeout' must be from 0.001 to 900, not 901\n"},
    {"more kept than there may be", F(",\n minimum: 2}"),
     "2:2: error: 'minimum' is 2, but 'concurrency' allows 1\n"},
    {"as many", F(", minimum: 2, concurrency: 2}"), ""},

    /* whom it runs as */
    {"nobody's name", "functions: {f: {process: {command: [sh], user: no-such-user}}}",
     "1:48: error: there is no user 'no-such-user'\n"},
    {"somebody else", "functions: {f: {process: {command: [sh], user: root}}}",
     "1:48: warning: function 'f' runs as root\n"
     "1:48: error: nothing can be run as 'root' here: that takes root, or the capabilities "
     "CAP_SETUID, CAP_SETGID and CAP_KILL; under systemd the drop-in hosting.conf gives them\n"},
    {"nobody written", "functions:\n  f: {process: {command: [sh]}}\n",
     "2:16: warning: function 'f' runs" OWN_USER(" and", "")},
    {"nobody written, several functions",
     "functions:\n  a: {process: {command: [sh], user: '%'}}\n  b: {process: {command: [sh]}}\n"
     "  c: {endpoint: 'http://h'}\n  d: {process: {command: [sh]}}\n"
     "  e: {process: {command: [sh]}}\n  f: {process: {command: [sh]}}\n",
     "3:16: warning: functions 'b', 'd', 'e' and 1 more run" SHARED},

    /* the environment */
    {"names", ENVIRONMENT("1a: x, a-b: x,\n '': x"),
     "2:16: error: '1a' is no variable's name: letters, digits and _, no digit first\n"
     "2:23: error: 'a-b' is no variable's name: letters, digits and _, no digit first\n"
     "3:2: error: '' is no variable's name: letters, digits and _, no digit first\n"},
    {"values", ENVIRONMENT("A: , B: [x],\n C: !Ref x, D: \"a\\0b\""),
     "2:16: error: variable 'A' must be a string, not nothing\n"
     "2:24: error: variable 'B' must be a string, not a list\n"
     "3:5: error: tag '!Ref' means nothing here\n"
     "3:16: error: variable 'D' holds a NUL character\n"},
    {"no map of variables", F("},\n environment: [A=b]"),
     "2:15: error: 'environment' must be a map, not a list\n"},
    {"variables that are the gateway's",
     ENVIRONMENT("AWS_REGION: x, _X_AMZN_TRACE_ID: x,\n AWS_LAMBDA_FUNCTION_MEMORY_SIZE: 1,"
                 " _HANDLER: x, AWS_EXECUTION_ENV: x, PATH: /usr/bin, AWS_ENDPOINT_URL: x"),
     "2:16: error: 'AWS_REGION' cannot be set: 'awsRegion' decides\n"
     "2:31: error: '_X_AMZN_TRACE_ID' cannot be set: the runtime sets it for each invocation\n"
     "3:2: error: 'AWS_LAMBDA_FUNCTION_MEMORY_SIZE' cannot be set: 'memorySize' decides\n"},
    {"keys beside those of the gateway",
     ENVIRONMENT("AWS_ACCESS_KEY_ID: x, AWS_SECRET_ACCESS_KEY: y,\n AWS_SESSION_TOKEN: z"),
     "2:16: error: 'AWS_ACCESS_KEY_ID' cannot be set: 'credentials' decides, and leaves it to you "
     "where it is 'none'\n"
     "2:38: error: 'AWS_SECRET_ACCESS_KEY' cannot be set: 'credentials' decides, and leaves it to "
     "you where it is 'none'\n"
     "3:2: error: 'AWS_SESSION_TOKEN' cannot be set: 'credentials' decides, and leaves it to you "
     "where it is 'none'\n"},
    {"keys of the function's own",
     F("},\n credentials: none, environment: {AWS_ACCESS_KEY_ID: x, AWS_SECRET_ACCESS_KEY: y}"),
     ""},
    {"credentials", F("},\n credentials: gatway"),
     "2:15: error: 'credentials' cannot be 'gatway'; did you mean 'gateway'?\n"},
    {"nothing to inherit", F("},\n credentials: inherit"),
     "2:2: warning: the gateway's environment names no credentials that function 'f' could "
     "inherit\n"},

    /* the Invoke API */
    {"an Invoke API in public",
     "invokeApi: {address: 0.0.0.0}\nfunctions: {f: {endpoint: 'http://h'}}",
     "1:13: warning: 'invokeApi' speaks plain HTTP: whoever is between can read what functions "
     "are sent and answer\n"},
    {"an open one in public",
     "invokeApi: {authorizationType: NONE, address: '::'}\nfunctions: {f: {endpoint: 'http://h'}}",
     "1:13: error: authorizationType NONE, but :: is not loopback\n"},
    {"an open one", "invokeApi: {authorizationType: NONE}\nfunctions: {f: {endpoint: 'http://h'}}",
     ""},
    {"one without functions", "invokeApi: {}",
     "1:12: warning: 'invokeApi' without 'functions' has none to invoke\n"},
    {"an absent one", "invokeApi: ", ""},
    {"one that is no map", "invokeApi: true",
     "1:12: error: 'invokeApi' must be a map, not a boolean\n"},
    {"values of it", "invokeApi: {address: localhost, port: 0, authorizationType: IAM}",
     "1:12: warning: 'invokeApi' without 'functions' has none to invoke\n"
     "1:22: error: 'localhost' is no numeric address\n"
     "1:39: error: 'port' must be from 1 to 65535, not 0\n"
     "1:61: error: 'authorizationType' cannot be 'IAM'; it is one of AWS_IAM, NONE\n"},
    {"the address of others",
     "invokeApi: {port: 8080}\nadmin: {port: 8080}\nfunctions: {f: {endpoint: 'http://h'}}",
     "1:12: error: 'invokeApi' has the address and port of listener 'local'\n"
     "1:12: error: 'invokeApi' has the address and port of 'admin'\n"
     "2:8: error: 'admin' has the address and port of listener 'local'\n"},
    {"functions that would invoke themselves",
     "invokeApi: {}\nfunctions: {f: {endpoint: 'http://127.0.0.1:3001'},\n"
     "  g: {endpoint: 'http://localhost:3001/x'}, h: {endpoint: 'http://127.0.0.2:3001'}}\n"
     "defaultEndpoint: http://127.0.0.1:3001",
     "2:13: error: function 'f': the endpoint is this gateway's own, that of 'invokeApi'\n"
     "3:3: error: function 'g': the endpoint is this gateway's own, that of 'invokeApi'\n"
     "4:18: error: the endpoint is this gateway's own, that of 'invokeApi'\n"},
};

static void finds_problems(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct config_text t;
        read_text(&t, c->text, NULL);
        CHECK_CASE(c, strcmp(config_text_findings(&t), c->want) == 0, "got\n%s",
                   config_text_findings(&t));
        config_text_release(&t);
    }
}

static void bounds_what_a_process_is_given(void **state)
{
    static const struct {
        const char *name;
        size_t value;
        const char *want;
    } sizes[] = {
        /* "sh", "A" and their ends are six bytes */
        {"as much as may be", 98304 - 6, ""},
        {"more", 98304 - 5,
         "2:2: error: 'command' and 'environment' are 98305 bytes together; they may be 98304\n"},
    };
    (void)state;
    FOR_EACH_CASE (c, sizes) {
        scoped_buf struct buf text = {0};
        buf_literal(&text,
                    "functions: {f: {process: {command: [sh], user: '%'},\n environment: {A: ");
        memset(buf_reserve(&text, c->value), 'x', c->value);
        buf_commit(&text, c->value);
        buf_literal(&text, "}}}");
        buf_append_char(&text, '\0');
        struct config_text t;
        read_text(&t, text.data, NULL);
        CHECK_CASE(c, strcmp(config_text_findings(&t), c->want) == 0, "got\n%s",
                   config_text_findings(&t));
        config_text_release(&t);
    }
}

static void credentials_are_looked_for(void **state)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_PROFILE",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE"};
    (void)state;
    FOR_EACH (name, names, ARRAY_LENGTH(names)) {
        struct config_text t;
        (void)setenv(*name, "x", 1);
        read_text(&t, F("}, credentials: inherit"), NULL);
        (void)unsetenv(*name);
        assert_string_equal(config_text_findings(&t), "");
        config_text_release(&t);
    }
}

/* Of a gateway that runs elsewhere, only what the file says is known. */
static void a_foreign_environment_is_not_asked(void **state)
{
    (void)state;
    const struct config_options options = {.foreign_environment = true};
    struct config_text t;
    read_text(&t,
              "functions:\n"
              "  a: {process: {command: [no-such-program], user: '%'}, credentials: inherit}\n"
              "  b: {process: {command: [sh], user: root}}\n",
              &options);
    assert_string_equal(config_text_findings(&t), "3:38: warning: function 'b' runs as root\n");
    config_text_release(&t);
}

/* The gateway may be somebody who may. */
static void foreign_rights_are_no_error(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } texts[] = {
        {"oneself", "functions: {f: {process: {command: [sh], user: '%'}}}", ""},
        {"somebody else", "functions: {f: {process: {command: [sh], user: root}}}",
         "1:48: warning: function 'f' runs as root\n"
         "1:48: warning: whoever runs this check could run nothing as 'root': that takes root, or "
         "the capabilities CAP_SETUID, CAP_SETGID and CAP_KILL; under systemd the drop-in "
         "hosting.conf gives them\n"},
        {"nobody's name", "functions: {f: {process: {command: [sh], user: no-such-user}}}",
         "1:48: error: there is no user 'no-such-user'\n"},
    };
    static const struct config_options options = {.foreign_rights = true};
    (void)state;
    FOR_EACH_CASE (c, texts) {
        struct config_text t;
        read_text(&t, c->text, &options);
        CHECK_CASE(c, strcmp(config_text_findings(&t), c->want) == 0, "got\n%s",
                   config_text_findings(&t));
        config_text_release(&t);
    }
}

static void reads_an_invoke_api(void **state)
{
    (void)state;
    struct config_text t;
    read_text(&t, "invokeApi: {}\nfunctions: {f: {endpoint: 'http://h'}}", NULL);
    assert_string_equal(config_text_findings(&t), "");
    const struct invoke_api_settings *invoke = &t.builder.snapshot->settings.invoke_api;
    assert_true(invoke->on && !invoke->is_open);
    assert_str_equal(invoke->address, STR("127.0.0.1"));
    assert_int_equal(invoke->port, 3001);
    assert_int_equal(invoke->at.line, 1);
    config_text_release(&t);

    read_text(&t,
              "invokeApi: {address: '::1', port: 9, authorizationType: NONE}\n"
              "functions: {f: {endpoint: 'http://h'}}",
              NULL);
    assert_string_equal(config_text_findings(&t), "");
    invoke = &t.builder.snapshot->settings.invoke_api;
    assert_true(invoke->is_open);
    assert_str_equal(invoke->address, STR("::1"));
    assert_int_equal(invoke->port, 9);
    config_text_release(&t);

    read_text(&t, "", NULL);
    assert_false(t.builder.snapshot->settings.invoke_api.on);
    config_text_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_function),
        cmocka_unit_test(a_function_has_defaults),
        cmocka_unit_test(directories_are_absolute),
        cmocka_unit_test(finds_problems),
        cmocka_unit_test(bounds_what_a_process_is_given),
        cmocka_unit_test(credentials_are_looked_for),
        cmocka_unit_test(a_foreign_environment_is_not_asked),
        cmocka_unit_test(foreign_rights_are_no_error),
        cmocka_unit_test(reads_an_invoke_api),
    };
    return cmocka_run_group_tests(tests, become_nobody, become_again);
}
