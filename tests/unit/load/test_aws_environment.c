/* SPDX-License-Identifier: Apache-2.0 */
/* Each case has variables and files of its own: HOME is a fresh directory with .aws in it. */
#include "../../../src/load/aws_environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include "testing.h"

#define KEYS_IN(section, id)                                                                       \
    "[" section "]\naws_access_key_id = " id "\naws_secret_access_key = s" id "\n"
#define NO_KEYS                                                                                    \
    "AWS_ACCESS_KEY_ID is not set, and there is no profile 'default' in HOME/.aws/credentials or " \
    "HOME/.aws/config (an instance's or container's own role is not asked)"
#define UNSUPPORTED ", and credentials of that kind are not supported: only access keys are"

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
};

static const struct {
    const char *name;
    const char *variables[6];         /* NAME=VALUE; HOME in a value is the directory */
    const char *credentials, *config; /* NULL: there is no such file */
    const char *want;                 /* id secret token region, or the problem */
} cases[] = {
    {"variables", {"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}, NULL, NULL, "a b - -"},
    {"a token",
     {"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_SESSION_TOKEN=t",
      "AWS_SECURITY_TOKEN=o"},
     NULL,
     NULL,
     "a b t -"},
    {"an old name",
     {"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_SECURITY_TOKEN=t"},
     NULL,
     NULL,
     "a b t -"},
    {"an id alone",
     {"AWS_ACCESS_KEY_ID=a"},
     KEYS_IN("default", "x"),
     NULL,
     "AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not"},
    {"a secret alone",
     {"AWS_SECRET_ACCESS_KEY=a"},
     NULL,
     NULL,
     "AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not"},
    {"empty variables are not there",
     {"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_PROFILE="},
     KEYS_IN("default", "x"),
     NULL,
     "x sx - -"},
    {"variables come before files",
     {"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_PROFILE=gone"},
     KEYS_IN("default", "x"),
     NULL,
     "a b - -"},
    {"the credentials file",
     {NULL},
     KEYS_IN("default", "x") "aws_session_token = t\n",
     NULL,
     "x sx t -"},
    {"comes before the config file",
     {NULL},
     KEYS_IN("default", "x"),
     KEYS_IN("default", "y"),
     "x sx - -"},
    {"the config file", {NULL}, KEYS_IN("other", "x"), KEYS_IN("default", "y"), "y sy - -"},
    {"a profile",
     {"AWS_PROFILE=work"},
     KEYS_IN("default", "x") KEYS_IN("work", "y"),
     NULL,
     "y sy - -"},
    {"a profile of the config file",
     {"AWS_PROFILE=work"},
     NULL,
     KEYS_IN("profile work", "y"),
     "y sy - -"},
    {"the other name comes first",
     {"AWS_PROFILE=work", "AWS_DEFAULT_PROFILE=home"},
     KEYS_IN("home", "x") KEYS_IN("work", "y"),
     NULL,
     "x sx - -"},
    {"a profile that is not there",
     {"AWS_PROFILE=work"},
     KEYS_IN("default", "x"),
     NULL,
     "AWS_ACCESS_KEY_ID is not set, and there is no profile 'work' in HOME/.aws/credentials or "
     "HOME/.aws/config (an instance's or container's own role is not asked)"},
    {"half a key in a file",
     {NULL},
     "[default]\naws_access_key_id = x\n",
     KEYS_IN("default", "y"),
     "profile 'default' in HOME/.aws/credentials has 'aws_access_key_id' without "
     "'aws_secret_access_key'"},
    {"the other half",
     {NULL},
     "[default]\naws_secret_access_key = x\n",
     NULL,
     "profile 'default' in HOME/.aws/credentials has 'aws_secret_access_key' without "
     "'aws_access_key_id'"},
    {"nothing", {NULL}, NULL, NULL, NO_KEYS},
    {"a profile without keys",
     {NULL},
     NULL,
     "[default]\nregion = x\n",
     "AWS_ACCESS_KEY_ID is not set, and there are no keys in profile 'default' of "
     "HOME/.aws/credentials and HOME/.aws/config (an instance's or container's own role is not "
     "asked)"},
    {"files elsewhere",
     {"AWS_SHARED_CREDENTIALS_FILE=HOME/.aws/config", "AWS_CONFIG_FILE=HOME/.aws/credentials"},
     "[default]\nregion = r\n",
     KEYS_IN("default", "x"),
     "x sx - r"},
    {"a tilde",
     {"AWS_SHARED_CREDENTIALS_FILE=~/.aws/config"},
     NULL,
     KEYS_IN("default", "x"),
     "x sx - -"},
    {"a named file that is not there",
     {"AWS_SHARED_CREDENTIALS_FILE=HOME/gone"},
     NULL,
     KEYS_IN("default", "x"),
     "HOME/gone: cannot be read: No such file or directory"},
    {"a directory for a file",
     {"AWS_CONFIG_FILE=HOME"},
     KEYS_IN("default", "x"),
     NULL,
     "HOME: cannot be read: Is a directory"},

    {"the region",
     {"AWS_REGION=r", "AWS_DEFAULT_REGION=s"},
     KEYS_IN("default", "x"),
     "[default]\nregion = t\n",
     "x sx - r"},
    {"the default region",
     {"AWS_DEFAULT_REGION=s"},
     KEYS_IN("default", "x"),
     "[default]\nregion = t\n",
     "x sx - s"},
    {"the profile's region",
     {"AWS_PROFILE=p"},
     KEYS_IN("p", "x") "region = u\n",
     "[default]\nregion = s\n[profile p]\nregion = t\n",
     "x sx - t"},
    {"the credentials file's", {NULL}, KEYS_IN("default", "x") "region = u\n", NULL, "x sx - u"},

    {"a role",
     {NULL},
     KEYS_IN("default", "x"),
     "[default]\nrole_arn = arn\nsource_profile = x\n",
     "profile 'default' in HOME/.aws/config has 'role_arn'" UNSUPPORTED},
    {"a role of another profile",
     {NULL},
     KEYS_IN("default", "x"),
     "[profile p]\nrole_arn = arn\n",
     "x sx - -"},
    {"single sign-on",
     {NULL},
     KEYS_IN("default", "x"),
     "[default]\nsso_session = s\n",
     "profile 'default' in HOME/.aws/config has 'sso_session'" UNSUPPORTED},
    {"a process",
     {NULL},
     NULL,
     KEYS_IN("default", "x") "credential_process = /bin/true\n",
     "profile 'default' in HOME/.aws/config has 'credential_process'" UNSUPPORTED},
    {"keys come before a process",
     {NULL},
     KEYS_IN("default", "x"),
     "[default]\ncredential_process = p\n",
     "x sx - -"},
    {"a web identity",
     {"AWS_WEB_IDENTITY_TOKEN_FILE=t"},
     KEYS_IN("default", "x"),
     NULL,
     "AWS_WEB_IDENTITY_TOKEN_FILE is set" UNSUPPORTED},
    {"variables come before it",
     {"AWS_WEB_IDENTITY_TOKEN_FILE=t", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"},
     NULL,
     NULL,
     "a b - -"},
    {"a container's role",
     {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x"},
     NULL,
     NULL,
     "AWS_CONTAINER_CREDENTIALS_FULL_URI is set" UNSUPPORTED},
    {"files come before it",
     {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x"},
     KEYS_IN("default", "x"),
     NULL,
     "x sx - -"},
};

struct home {
    struct arena arena;
    char path[32], directory[64], credentials[96], config[96];
};

static struct str replaced(struct arena *a, struct str s, struct str old, struct str new)
{
    struct str result = STR("");
    for (size_t at; (at = str_find_str(s, old)) < s.len; s = str_skip(s, at + old.len))
        result = arena_printf(a, "%" STR_F "%" STR_F "%" STR_F, STR_A(result),
                              STR_A(str_head(s, at)), STR_A(new));
    return arena_printf(a, "%" STR_F "%" STR_F, STR_A(result), STR_A(s));
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    if (!text)
        return;
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void home_init(struct home *h, const char *credentials, const char *config)
{
    *h = (struct home){.path = "/tmp/turnpike-home-XXXXXX"};
    arena_init(&h->arena, 1024);
    assert_non_null(mkdtemp(h->path));
    (void)snprintf(h->directory, sizeof(h->directory), "%s/.aws", h->path);
    (void)snprintf(h->credentials, sizeof(h->credentials), "%s/credentials", h->directory);
    (void)snprintf(h->config, sizeof(h->config), "%s/config", h->directory);
    assert_int_equal(mkdir(h->directory, 0700), 0);
    write_file(h->credentials, credentials, 0600);
    write_file(h->config, config, 0600);
    assert_int_equal(setenv("HOME", h->path, 1), 0);
    FOR_EACH (name, variables, ARRAY_LENGTH(variables))
        assert_int_equal(unsetenv(*name), 0);
}

static void home_set(struct home *h, const char *variable)
{
    struct str all = replaced(&h->arena, str_from(variable), STR("HOME"), str_from(h->path)), name;
    (void)str_split(&all, '=', &name);
    assert_int_equal(setenv(arena_cstring(&h->arena, name), arena_cstring(&h->arena, all), 1), 0);
}

static void home_release(struct home *h)
{
    (void)unlink(h->credentials);
    (void)unlink(h->config);
    assert_int_equal(rmdir(h->directory), 0);
    assert_int_equal(rmdir(h->path), 0);
    arena_release(&h->arena);
}

static struct str shown(struct str s)
{
    return s.len ? s : STR("-");
}

static void finds_what_the_cli_would(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct home h;
        home_init(&h, c->credentials, c->config);
        for (size_t i = 0; i < ARRAY_LENGTH(c->variables) && c->variables[i]; i++)
            home_set(&h, c->variables[i]);
        struct aws_environment e = aws_environment_read(&h.arena);
        struct str got = e.problem.len
                             ? replaced(&h.arena, e.problem, str_from(h.path), STR("HOME"))
                             : arena_printf(&h.arena, "%" STR_F " %" STR_F " %" STR_F " %" STR_F,
                                            STR_A(e.access_key_id), STR_A(e.secret_access_key),
                                            STR_A(shown(e.session_token)), STR_A(shown(e.region)));
        CHECK_CASE(c, str_is(got, c->want), "got %" STR_F, STR_A(got));
        CHECK_CASE(c, e.exposed_file.len == 0, "exposed");
        home_release(&h);
    }
}

static void tells_that_everybody_may_read_a_file(void **state)
{
    (void)state;
    struct home h;
    home_init(&h, KEYS_IN("default", "x"), NULL);
    assert_int_equal(chmod(h.credentials, 0644), 0);
    struct aws_environment e = aws_environment_read(&h.arena);
    assert_str_equal(e.exposed_file, str_from(h.credentials));
    assert_int_equal(chmod(h.credentials, 0640), 0);
    e = aws_environment_read(&h.arena);
    assert_str_equal(e.exposed_file, STR(""));
    home_release(&h);
}

/* A service without HOME has that of its user. */
static void asks_the_user_database_for_a_home(void **state)
{
    (void)state;
    struct home h;
    home_init(&h, NULL, NULL);
    assert_int_equal(unsetenv("HOME"), 0);
    struct aws_environment e = aws_environment_read(&h.arena);
    assert_true(e.problem.len > 0 || e.access_key_id.len > 0);
    assert_int_equal(str_find_str(e.problem, STR("in /.aws/credentials")), e.problem.len);
    home_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_the_cli_would),
        cmocka_unit_test(tells_that_everybody_may_read_a_file),
        cmocka_unit_test(asks_the_user_database_for_a_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
