/* SPDX-License-Identifier: Apache-2.0 */
/* signWith: what it makes of its values, the environment and the endpoint's host. */
#include <sys/stat.h>

#include "config_text.h"

#define KEY        "accessKeyId: AKID, secretAccessKey: top-secret"
#define SIGNED(e)  "functions: {f: {endpoint: '" e "', signWith: {" KEY "}}}\n"
#define FROM(e)    "functions: {f: {endpoint: '" e "', signWith: environment}}\n"
#define IMPLIED(e) "functions: {f: {endpoint: '" e "'}}\n"

static void set_environment(const char *region)
{
    assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "ENVID", 1), 0);
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "env-secret", 1), 0);
    assert_int_equal(setenv("AWS_SESSION_TOKEN", "env-token", 1), 0);
    assert_int_equal(region ? setenv("AWS_REGION", region, 1) : unsetenv("AWS_REGION"), 0);
}

static int clear_environment(void **state)
{
    (void)state;
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID",   "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_REGION",          "AWS_DEFAULT_REGION",    "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE",       "AWS_SHARED_CREDENTIALS_FILE"};
    FOR_EACH (name, names, ARRAY_LENGTH(names))
        (void)unsetenv(*name);
    return setenv("HOME", "/nonexistent", 1);
}

static const struct {
    const char *name, *region /* AWS_REGION */, *text, *want; /* id secret token region, or - */
} signatures[] = {
    {"a key", NULL, SIGNED("http://127.0.0.1"), "AKID top-secret - us-east-1"},
    {"a token", NULL,
     "functions: {f: {endpoint: 'http://[::1]', signWith: {" KEY ", sessionToken: t}}}\n",
     "AKID top-secret t us-east-1"},
    {"an empty token is none", NULL,
     "functions: {f: {endpoint: 'http://localhost', signWith: {" KEY ", sessionToken: ''}}}\n",
     "AKID top-secret - us-east-1"},
    {"nobody", NULL, IMPLIED("http://127.0.0.1"), "-"},
    {"nobody where nothing is written", NULL,
     "functions: {f: {endpoint: 'http://127.0.0.1', signWith: }}\n", "-"},
    {"the environment", NULL, FROM("http://127.0.0.1"), "ENVID env-secret env-token us-east-1"},

    /* the region */
    {"that is written", "eu-south-1",
     "functions: {f: {endpoint: 'https://lambda.eu-west-1.amazonaws.com', signWith: {" KEY
     ", region: eu-north-1}}}\n",
     "AKID top-secret - eu-north-1"},
    {"of the host", "eu-south-1", SIGNED("https://lambda.eu-west-1.amazonaws.com"),
     "AKID top-secret - eu-west-1"},
    {"of the host before the environment's", "eu-south-1",
     FROM("https://lambda.eu-west-1.amazonaws.com"), "ENVID env-secret env-token eu-west-1"},
    {"of the environment", "eu-south-1", "awsRegion: eu-west-3\n" FROM("http://127.0.0.1"),
     "ENVID env-secret env-token eu-south-1"},
    {"not the environment's for a key that is written", "eu-south-1",
     "awsRegion: eu-west-3\n" SIGNED("http://127.0.0.1"), "AKID top-secret - eu-west-3"},

    /* hosts of AWS */
    {"is implied", NULL, IMPLIED("https://lambda.us-west-2.amazonaws.com"),
     "ENVID env-secret env-token us-west-2"},
    {"in capitals", NULL, IMPLIED("https://LAMBDA.US-WEST-2.AMAZONAWS.COM/"),
     "ENVID env-secret env-token us-west-2"},
    {"with a port", NULL, IMPLIED("https://lambda.us-west-2.amazonaws.com:443"),
     "ENVID env-secret env-token us-west-2"},
    {"FIPS", NULL, IMPLIED("https://lambda-fips.us-gov-west-1.amazonaws.com"),
     "ENVID env-secret env-token us-gov-west-1"},
    {"in China", NULL, IMPLIED("https://lambda.cn-north-1.amazonaws.com.cn"),
     "ENVID env-secret env-token cn-north-1"},
    {"dual stack", NULL, IMPLIED("https://lambda.ap-southeast-2.api.aws"),
     "ENVID env-secret env-token ap-southeast-2"},
    {"of a VPC endpoint", NULL,
     IMPLIED("https://vpce-0a1b-2c3d.lambda.eu-central-1.vpce.amazonaws.com"),
     "ENVID env-secret env-token eu-central-1"},
    {"without a region", "eu-south-1", IMPLIED("https://events.amazonaws.com"),
     "ENVID env-secret env-token eu-south-1"},
    {"a name that only ends alike", NULL, IMPLIED("https://notamazonaws.com"), "-"},
    {"a name that only begins alike", NULL, IMPLIED("https://lambda.us-east-1.amazonaws.com.test"),
     "-"},
};

static struct str shown(struct str s)
{
    return s.len ? s : STR("-");
}

static struct str describe(struct arena *a, const struct signing *s)
{
    return s ? arena_printf(a, "%" STR_F " %" STR_F " %" STR_F " %" STR_F, STR_A(s->access_key_id),
                            STR_A(s->secret_access_key), STR_A(shown(s->session_token)),
                            STR_A(s->region))
             : STR("-");
}

static void signatures_of_functions(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, signatures) {
        struct config_text t;
        set_environment(c->region);
        config_text_read(&t, c->text, NULL);
        CHECK_CASE(c, t.read, "%s", config_text_findings(&t));
        const struct snapshot *s = t.builder.snapshot;
        struct str got = describe(&t.builder.snapshot->arena, s->functions.items[0]->signing);
        CHECK_CASE(c, str_is(got, c->want), "got %" STR_F, STR_A(got));
        config_text_release(&t);
    }
}

static void the_default_endpoint_is_signed_for_too(void **state)
{
    (void)state;
    struct config_text t;
    set_environment(NULL);
    config_text_read(&t, "defaultEndpoint: https://lambda.us-west-2.amazonaws.com\n", NULL);
    assert_true(t.read);
    assert_str_equal(describe(&t.builder.snapshot->arena, t.builder.snapshot->default_signing),
                     STR("ENVID env-secret env-token us-west-2"));
    config_text_release(&t);
}

static void a_foreign_environment_is_not_asked(void **state)
{
    (void)state;
    struct config_text t;
    const struct config_options options = {.foreign_environment = true};
    set_environment("eu west");
    config_text_read(&t, FROM("http://127.0.0.1"), &options);
    assert_true(t.read);
    const struct signing *s = t.builder.snapshot->functions.items[0]->signing;
    assert_int_equal(s->secret_access_key.len, 0);
    assert_str_equal(s->region, STR("us-east-1"));
    config_text_release(&t);
}

#define NO_KEYS                                                                                    \
    "AWS_ACCESS_KEY_ID is not set, and there is no profile 'default' in "                          \
    "/nonexistent/.aws/credentials or /nonexistent/.aws/config (an instance's or container's own " \
    "role is not asked)\n"
#define F "functions:\n  f: {endpoint: 'http://127.0.0.1', signWith: " /* 2:47 */

static const struct {
    const char *name, *text, *want;
} problems[] = {
    {"another word", F "enviroment}\n",
     "2:47: error: 'signWith' must be a map with a key, or 'environment'\n"},
    {"a list", F "[]}\n", "2:47: error: 'signWith' must be a map with a key, or 'environment'\n"},
    {"a tag", F "!Sub environment}\n", "2:47: error: tag '!Sub' means nothing here\n"},
    {"an empty map", F "{}}\n",
     "2:47: error: 'accessKeyId' is missing\n"
     "2:47: error: 'secretAccessKey' or 'secretAccessKeyFile' is missing\n"},
    {"half a key", F "{accessKeyId: AKID}}\n",
     "2:47: error: 'secretAccessKey' or 'secretAccessKeyFile' is missing\n"},
    {"an unknown key", F "{" KEY ", regoin: x}}\n",
     "2:96: error: there is no key 'regoin' here; did you mean 'region'?\n"},
    {"no region", F "{" KEY ", region: Frankfurt}}\n",
     "2:104: error: 'Frankfurt' is no region such as us-east-1\n"},
    {"an empty secret", F "{accessKeyId: AKID, secretAccessKey: ''}}\n",
     "2:84: error: 'secretAccessKey' is empty\n"},
    {"a number for a secret", F "{accessKeyId: AKID, secretAccessKey: 1234}}\n",
     "2:84: error: 'secretAccessKey' must be a string (put it in quotes), not a number\n"},
    {"a secret and a file", F "{" KEY ", secretAccessKeyFile: x}}\n",
     "2:117: error: 'secretAccessKeyFile' stands beside 'secretAccessKey': write one of them\n"},
    {"an empty path", F "{accessKeyId: AKID, secretAccessKeyFile: ''}}\n",
     "2:88: error: 'secretAccessKeyFile' is empty\n"},
    {"no file", F "{accessKeyId: AKID, secretAccessKeyFile: /nonexistent/x}}\n",
     "2:88: error: /nonexistent/x: cannot be read: No such file or directory\n"},
    {"an empty file", F "{accessKeyId: AKID, secretAccessKeyFile: /dev/null}}\n",
     "2:88: error: /dev/null is empty\n"},
    {"a slash in an id", F "{accessKeyId: a/b, secretAccessKey: s}}\n",
     "2:47: error: the access key ID holds a character that none has: a space or a line break?\n"},
    {"a comma in an id", F "{accessKeyId: 'a,b', secretAccessKey: s}}\n",
     "2:47: error: the access key ID holds a character that none has: a space or a line break?\n"},
    {"a space in a secret", F "{accessKeyId: a, secretAccessKey: 'top secret'}}\n",
     "2:47: error: the secret access key holds a character that none has: a space or a line "
     "break?\n"},
    {"a line break in a token", F "{" KEY ", sessionToken: \"a\\nb\"}}\n",
     "2:47: error: the session token holds a character that none has: a space or a line break?\n"},
    {"no environment", F "environment}\n", "2:47: error: " NO_KEYS},
    {"none where AWS implies it",
     "functions:\n  f: {endpoint: 'https://lambda.us-east-1.amazonaws.com'}\n"
     "defaultEndpoint: https://lambda.us-east-1.amazonaws.com\n",
     "2:17: error: requests to AWS are signed: " NO_KEYS
     "3:18: error: requests to AWS are signed: " NO_KEYS},
    {"in clear", "functions:\n  f: {endpoint: 'http://lambda.test', signWith: {" KEY "}}\n",
     "2:17: warning: signed requests to 'lambda.test' are sent in clear: https:// hides what they "
     "carry, a session token too\n"},
};

static void finds_problems(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, problems) {
        struct config_text t;
        config_text_read(&t, c->text, NULL);
        CHECK_CASE(c, strcmp(config_text_findings(&t), c->want) == 0, "got\n%s",
                   config_text_findings(&t));
        config_text_release(&t);
    }
}

static void a_region_of_the_environment_is_checked(void **state)
{
    (void)state;
    struct config_text t;
    set_environment("EU west");
    config_text_read(&t, F "environment}\n", NULL);
    assert_string_equal(config_text_findings(&t),
                        "2:47: error: 'EU west', the environment's region, is none\n");
    config_text_release(&t);
}

static const struct {
    const char *name, *content;
    mode_t mode;
    const char *want, *findings; /* behind the file's name */
} files[] = {
    {"a line", "top-secret\n", 0600, "top-secret", ""},
    {"no line end", "top-secret", 0640, "top-secret", ""},
    {"CR LF", "top-secret\r\n", 0600, "top-secret", ""},
    {"several line ends", "top-secret\n\n", 0600, "top-secret", ""},
    {"readable by everybody", "top-secret\n", 0644, "top-secret",
     " holds a secret, and everybody may read it\n"},
    {"line ends alone", "\n\n", 0600, NULL, " is empty\n"},
    {"a NUL", "a\\0b", 0600, NULL, " holds a NUL character\n"},
    {"two lines", "top\nsecret\n", 0600, NULL, NULL},
};

static void write_secret(const char *path, const char *content, mode_t mode)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    for (; *content; content++) {
        bool nul = content[0] == '\\' && content[1] == '0';
        assert_int_equal(fputc(nul ? '\0' : *content, f), nul ? '\0' : *content);
        content += nul;
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void secrets_in_files(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, files) {
        char path[] = "/tmp/turnpike-secret-XXXXXX", text[256];
        assert_int_equal(close(mkstemp(path)), 0);
        write_secret(path, c->content, c->mode);
        (void)snprintf(text, sizeof(text), F "{accessKeyId: a, secretAccessKeyFile: %s}}\n", path);
        struct config_text t;
        config_text_read(&t, text, NULL);
        (void)unlink(path);
        const char *findings = config_text_findings(&t), *behind = strstr(findings, path);
        CHECK_CASE(c, t.read == (c->want != NULL), "%s", findings);
        CHECK_CASE(c, !strstr(findings, "top"), "the secret is shown: %s", findings);
        if (c->findings)
            CHECK_CASE(c, strcmp(behind ? behind + strlen(path) : "", c->findings) == 0, "%s",
                       findings);
        if (c->want)
            assert_str_equal(t.builder.snapshot->functions.items[0]->signing->secret_access_key,
                             str_from(c->want));
        config_text_release(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(signatures_of_functions, clear_environment),
        cmocka_unit_test_setup(the_default_endpoint_is_signed_for_too, clear_environment),
        cmocka_unit_test_setup(a_foreign_environment_is_not_asked, clear_environment),
        cmocka_unit_test_setup(finds_problems, clear_environment),
        cmocka_unit_test_setup(a_region_of_the_environment_is_checked, clear_environment),
        cmocka_unit_test_setup(secrets_in_files, clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
