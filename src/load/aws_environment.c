/* SPDX-License-Identifier: Apache-2.0 */
#include "aws_environment.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws_profile.h"
#include "secret_file.h"

#define SHARED_FILE_MAX (1024 * 1024)

struct shared_file {
    struct str path;
    bool named; /* by an environment variable: it must be there */
    bool exposed;
    struct error error; /* code ERROR_NONE: it was read */
    struct aws_profile profile;
};

struct search {
    struct arena *arena;
    struct aws_environment *found;
    struct str profile;
    struct shared_file files[2]; /* by enum aws_file */
};

/* Variables. */

static struct str variable(struct arena *a, const char *name)
{
    return arena_copy(a, str_from(getenv(name)));
}

/* The first of two that says something. */
static struct str either(struct arena *a, const char *first, const char *second)
{
    struct str value = variable(a, first);
    return value.len > 0 ? value : variable(a, second);
}

/* Files. */

static struct str home_directory(struct arena *a)
{
    struct str home = variable(a, "HOME");
    const struct passwd *entry = home.len > 0 ? NULL : getpwuid(geteuid());
    return entry ? arena_copy(a, str_from(entry->pw_dir)) : home;
}

static struct str expanded(struct arena *a, struct str path)
{
    if (!str_starts_with(path, STR("~/")))
        return path;
    return arena_printf(a, "%" STR_F "%" STR_F, STR_A(home_directory(a)), STR_A(str_skip(path, 1)));
}

static void read_file(struct search *s, enum aws_file which, const char *name, const char *usual)
{
    struct shared_file *f = &s->files[which];
    struct secret_file file = {0};
    struct str written = variable(s->arena, name);
    f->named = written.len > 0;
    f->path = expanded(s->arena, f->named ? written : str_from(usual));
    if (secret_file_read(s->arena, f->path, SHARED_FILE_MAX, &file, &f->error))
        f->error.code = ERROR_NONE;
    f->exposed = file.exposed;
    f->profile = aws_profile_read(s->arena, file.text, which, s->profile);
}

/* Sources of keys, in the CLI's order. Each returns true where it has decided: there are keys, or
 * there is a problem. */

typedef bool source_fn(struct search *s);

static bool from_variables(struct search *s)
{
    struct aws_environment *found = s->found;
    struct str id = variable(s->arena, "AWS_ACCESS_KEY_ID");
    struct str secret = variable(s->arena, "AWS_SECRET_ACCESS_KEY");
    if (id.len == 0 && secret.len == 0)
        return false;
    found->access_key_id = id;
    found->secret_access_key = secret;
    found->session_token = either(s->arena, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN");
    found->origin = STR("the environment");
    if (id.len == 0 || secret.len == 0)
        found->problem = arena_printf(s->arena, "%s is set, %s is not",
                                      id.len ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                      id.len ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    return true;
}

/* What the CLI would follow to other credentials: signing with those at hand would be another
 * identity than is meant. */
static bool refuse_variable(struct search *s, const char *name)
{
    if (variable(s->arena, name).len == 0)
        return false;
    s->found->problem = arena_printf(s->arena,
                                     "%s is set, and credentials of that kind are not supported: "
                                     "only access keys are",
                                     name);
    return true;
}

static bool refuse_web_identity(struct search *s)
{
    return refuse_variable(s, "AWS_WEB_IDENTITY_TOKEN_FILE");
}

static bool refuse_file(struct search *s)
{
    FOR_EACH (f, s->files, ARRAY_LENGTH(s->files)) {
        if (f->error.code == ERROR_NONE || (!f->named && access(f->path.at, F_OK) != 0))
            continue;
        s->found->problem = arena_copy(s->arena, str_from(f->error.text));
        return true;
    }
    return false;
}

static bool refuse_setting(struct search *s, const struct shared_file *f, const char *name)
{
    if (aws_profile_get(&f->profile, name).len == 0)
        return false;
    s->found->problem = arena_printf(s->arena,
                                     "profile '%" STR_F "' in %" STR_F
                                     " has '%s', and credentials of that kind are not "
                                     "supported: only access keys are",
                                     STR_A(s->profile), STR_A(f->path), name);
    return true;
}

static bool refuse_roles(struct search *s)
{
    static const char *const settings[] = {"role_arn",       "web_identity_token_file",
                                           "sso_session",    "sso_start_url",
                                           "sso_account_id", "login_session"};
    FOR_EACH (f, s->files, ARRAY_LENGTH(s->files)) {
        FOR_EACH (name, settings, ARRAY_LENGTH(settings)) {
            if (refuse_setting(s, f, *name))
                return true;
        }
    }
    return false;
}

static bool from_file(struct search *s, const struct shared_file *f)
{
    struct aws_environment *found = s->found;
    struct str id = aws_profile_get(&f->profile, "aws_access_key_id");
    struct str secret = aws_profile_get(&f->profile, "aws_secret_access_key");
    if (id.len == 0 && secret.len == 0)
        return false;
    found->access_key_id = id;
    found->secret_access_key = secret;
    found->session_token = aws_profile_get(&f->profile, "aws_session_token");
    found->origin = f->path;
    if (f->exposed)
        found->exposed_file = f->path;
    if (id.len == 0 || secret.len == 0)
        found->problem = arena_printf(
            s->arena, "profile '%" STR_F "' in %" STR_F " has '%s' without '%s'", STR_A(s->profile),
            STR_A(f->path), id.len ? "aws_access_key_id" : "aws_secret_access_key",
            id.len ? "aws_secret_access_key" : "aws_access_key_id");
    return true;
}

static bool from_credentials_file(struct search *s)
{
    return from_file(s, &s->files[AWS_CREDENTIALS_FILE]);
}

static bool refuse_process(struct search *s)
{
    FOR_EACH (f, s->files, ARRAY_LENGTH(s->files))
        if (refuse_setting(s, f, "credential_process"))
            return true;
    return false;
}

static bool from_config_file(struct search *s)
{
    return from_file(s, &s->files[AWS_CONFIG_FILE]);
}

static bool refuse_container(struct search *s)
{
    return refuse_variable(s, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
           refuse_variable(s, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

static bool refuse_at_last(struct search *s)
{
    const struct shared_file *config = &s->files[AWS_CONFIG_FILE];
    const struct shared_file *credentials = &s->files[AWS_CREDENTIALS_FILE];
    bool found = config->profile.found || credentials->profile.found;
    s->found->problem = arena_printf(
        s->arena,
        "AWS_ACCESS_KEY_ID is not set, and %s profile '%" STR_F "' %s %" STR_F " %s %" STR_F
        " (an instance's or container's own role is not asked)",
        found ? "there are no keys in" : "there is no", STR_A(s->profile), found ? "of" : "in",
        STR_A(credentials->path), found ? "and" : "or", STR_A(config->path));
    return true;
}

static source_fn *const sources[] = {from_variables,   refuse_web_identity,   refuse_file,
                                     refuse_roles,     from_credentials_file, refuse_process,
                                     from_config_file, refuse_container,      refuse_at_last};

struct aws_environment aws_environment_read(struct arena *a)
{
    struct aws_environment found = {0};
    struct search s = {.arena = a, .found = &found};
    s.profile = either(a, "AWS_DEFAULT_PROFILE", "AWS_PROFILE");
    if (s.profile.len == 0)
        s.profile = STR("default");
    read_file(&s, AWS_CONFIG_FILE, "AWS_CONFIG_FILE", "~/.aws/config");
    read_file(&s, AWS_CREDENTIALS_FILE, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    for (size_t i = 0; !sources[i](&s); i++)
        continue;
    found.region = either(a, "AWS_REGION", "AWS_DEFAULT_REGION");
    if (found.region.len == 0)
        found.region = aws_profile_get(&s.files[AWS_CONFIG_FILE].profile, "region");
    if (found.region.len == 0)
        found.region = aws_profile_get(&s.files[AWS_CREDENTIALS_FILE].profile, "region");
    return found;
}
