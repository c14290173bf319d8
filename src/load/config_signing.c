/* SPDX-License-Identifier: Apache-2.0 */
/* signWith: whose signature requests to an endpoint carry. */
#include "config_signing.h"

#include "aws_environment.h"
#include "secret_file.h"
#include "turnpike/base/ip.h"

#define SECRET_MAX (64 * 1024)
#define REGION_MAX 32

/* Hosts. */

/* The domains of AWS's partitions. */
static const char *const aws_domains[] = {".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu",
                                          ".api.aws"};

/* What stands before AWS's domain in a host, or nothing: "lambda.eu-west-1". */
static struct str before_aws_domain(struct str host)
{
    FOR_EACH (domain, aws_domains, ARRAY_LENGTH(aws_domains)) {
        struct str suffix = str_from(*domain);
        if (host.len > suffix.len && str_eq_nocase(str_skip(host, host.len - suffix.len), suffix))
            return str_head(host, host.len - suffix.len);
    }
    return STR("");
}

static struct str take_last_label(struct str *host)
{
    const char *dot = host->len ? memrchr(host->at, '.', host->len) : NULL;
    size_t start = dot ? (size_t)(dot - host->at) + 1 : 0;
    struct str label = str_skip(*host, start);
    *host = str_head(*host, start ? start - 1 : 0);
    return label;
}

/* "eu-west-1", "us-gov-east-1": what no service is called. */
static bool is_region(struct str s)
{
    return config_consists_of(s, CONFIG_LOWER CONFIG_DIGITS "-", REGION_MAX) &&
           str_find(s, '-') == 2 && s.at[s.len - 2] == '-' &&
           strchr(CONFIG_DIGITS, s.at[s.len - 1]);
}

/* Of lambda.REGION.amazonaws.com and vpce-….lambda.REGION.vpce.amazonaws.com; or nothing. */
static struct str region_of_host(struct config *c, struct str host)
{
    struct str rest = config_lower(c, before_aws_domain(host));
    struct str label = take_last_label(&rest);
    if (str_is(label, "vpce"))
        label = take_last_label(&rest);
    return is_region(label) ? label : STR("");
}

static bool is_loopback(struct str host)
{
    struct ip ip;
    return str_eq_nocase(host, STR("localhost")) || (ip_parse(host, &ip) && ip_is_loopback(&ip));
}

/* Keys. */

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~')
            return false;
    return true;
}

bool config_check_key(struct config *c, struct position at, struct str access_key_id,
                      struct str secret_access_key, struct str session_token)
{
    static const char problem[] = "holds a character that none has: a space or a line break?";
    if (!is_visible(access_key_id) || str_find(access_key_id, '/') < access_key_id.len ||
        str_find(access_key_id, ',') < access_key_id.len)
        diag_error(c->diag, at, "the access key ID %s", problem);
    else if (!is_visible(secret_access_key))
        diag_error(c->diag, at, "the secret access key %s", problem);
    else if (!is_visible(session_token))
        diag_error(c->diag, at, "the session token %s", problem);
    else
        return true;
    return false;
}

static bool read_keys(struct config *c, const struct doc *d, struct signing *s)
{
    size_t errors_before = c->diag->error_count;
    return config_read_section(c, &config_sign_with, d, s) && c->diag->error_count == errors_before;
}

/* Looked for once a load, whoever asks. One that is not ours says nothing. */
static const struct aws_environment *environment_of(struct config *c)
{
    if (!c->environment) {
        c->environment = arena_new(c->arena, struct aws_environment);
        if (!c->foreign_environment)
            *c->environment = aws_environment_read(c->arena);
    }
    return c->environment;
}

static bool take_environment(struct config *c, bool implied, struct signing *s)
{
    const struct aws_environment *e = environment_of(c);
    const char *before = implied ? "requests to AWS are signed: " : "";
    if (e->problem.len > 0) {
        diag_error(c->diag, s->at, "%s%" STR_F, before, STR_A(e->problem));
        return false;
    }
    if (e->region.len > 0 &&
        !config_consists_of(e->region, CONFIG_LOWER CONFIG_DIGITS "-", REGION_MAX)) {
        diag_error(c->diag, s->at, "%s'%" STR_F "', the environment's region, is none", before,
                   STR_A(e->region));
        return false;
    }
    if (e->exposed_file.len > 0)
        diag_warning(c->diag, s->at, "%" STR_F " holds a secret, and everybody may read it",
                     STR_A(e->exposed_file));
    s->access_key_id = e->access_key_id;
    s->secret_access_key = e->secret_access_key;
    s->session_token = e->session_token;
    return true;
}

/* Reads what stands under signWith; where that is nothing, a host of AWS implies `environment`.
 * False where nothing is signed, or something is wrong. */
static bool read_source(struct config *c, const struct doc *d, const struct endpoint *e,
                        struct signing *s, bool *ret_environment)
{
    *ret_environment = true;
    if (!d || d->kind == DOC_NULL)
        return before_aws_domain(e->host).len > 0 && take_environment(c, true, s);
    s->at = d->at;
    if (d->tag.len > 0) /* reported already */
        return false;
    if (d->kind == DOC_STRING && str_is(d->text, "environment"))
        return take_environment(c, false, s);
    *ret_environment = false;
    if (d->kind == DOC_MAP)
        return read_keys(c, d, s);
    diag_error(c->diag, d->at, "'signWith' must be a map with a key, or 'environment'");
    return false;
}

static struct str region_for(struct config *c, const struct endpoint *e, struct str environment)
{
    struct str region = region_of_host(c, e->host);
    if (region.len == 0)
        region = environment;
    return region.len ? region : c->settings->aws_region;
}

const struct signing *config_read_signing(struct config *c, const struct doc *owner,
                                          const struct endpoint *e, struct position endpoint_at)
{
    bool environment;
    struct signing s = {.at = endpoint_at};
    if (!read_source(c, doc_get(owner, "signWith"), e, &s, &environment) ||
        !config_check_key(c, s.at, s.access_key_id, s.secret_access_key, s.session_token))
        return NULL;
    if (s.region.len == 0)
        s.region = region_for(c, e, environment ? environment_of(c)->region : STR(""));
    if (e->host.len > 0 && !e->tls && !is_loopback(e->host))
        diag_warning(c->diag, endpoint_at,
                     "signed requests to '%" STR_F "' are sent in clear: https:// hides what they "
                     "carry, a session token too",
                     STR_A(e->host));
    struct signing *signing = arena_new(c->arena, struct signing);
    *signing = s;
    return signing;
}

/* Secrets. */

static struct str without_line_end(struct str s)
{
    while (s.len > 0 && (s.at[s.len - 1] == '\n' || s.at[s.len - 1] == '\r'))
        s.len--;
    return s;
}

static void read_file(struct config *c, const char *key, const struct doc *d, struct str *target)
{
    struct str path;
    struct error error;
    struct secret_file file;
    if (!config_string(c, key, d, &path))
        return;
    if (path.len == 0) {
        diag_error(c->diag, d->at, "'%s' is empty", key);
        return;
    }
    path = config_path(c, path);
    if (!target) /* nothing reads it yet */
        return;
    if (!secret_file_read(c->arena, path, SECRET_MAX, &file, &error)) {
        diag_error(c->diag, d->at, "%s", error.text);
        return;
    }
    *target = without_line_end(file.text);
    if (target->len == 0)
        diag_error(c->diag, d->at, "%" STR_F " is empty", STR_A(path));
    else if (str_find(*target, '\0') < target->len)
        diag_error(c->diag, d->at, "%" STR_F " holds a NUL character", STR_A(path));
    else if (file.exposed)
        diag_warning(c->diag, d->at, "%" STR_F " holds a secret, and everybody may read it",
                     STR_A(path));
}

static void read_text(struct config *c, const struct config_key *key, const struct doc *d,
                      struct str *target)
{
    struct str text;
    if (!config_string(c, key->name, d, &text))
        return;
    if (text.len == 0 && !key->initial)
        diag_error(c->diag, d->at, "'%s' is empty", key->name);
    else if (target)
        *target = text;
}

void config_read_secret(struct config *c, const struct config_key *key, const struct doc *map,
                        struct str *target)
{
    char file_key[64];
    (void)snprintf(file_key, sizeof(file_key), "%sFile", key->name);
    const struct doc *d = doc_get(map, key->name), *file = doc_get(map, file_key);
    bool has_text = config_has(map, key->name), has_file = config_has(map, file_key);
    if (has_text && has_file)
        diag_error(c->diag, file->at, "'%s' stands beside '%s': write one of them", file_key,
                   key->name);
    else if (has_text)
        read_text(c, key, d, target);
    else if (has_file)
        read_file(c, file_key, file, target);
    else if (key->required)
        diag_error(c->diag, map->at, "'%s' or '%s' is missing", key->name, file_key);
    else if (key->opens && file)
        diag_error(c->diag, config_at(map, file_key), "'%s' is empty", file_key);
}
