/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "state.h"
#include "turnpike/auth/policy.h"

#define KEY_FILE_SIZE_MAX 150000

/* One run of auth_prepare. */
struct preparation {
    struct auth *auth;
    struct snapshot *snapshot;
    struct diag *diag;
    struct key_source **listed; /* of settings.issuers, in their order; NULL: reported */
    struct arena scratch;
};

MUST_USE static bool read_file(struct arena *a, struct str path, struct str *ret_content,
                               struct error *ret_error)
{
    scoped_file FILE *file = fopen(arena_cstring(a, path), "re");
    if (!file) {
        error_set_errno(ret_error, errno, "cannot open it");
        return false;
    }
    char *content = arena_bytes(a, KEY_FILE_SIZE_MAX + 1);
    size_t len = fread(content, 1, KEY_FILE_SIZE_MAX + 1, file);
    if (ferror(file)) {
        error_set_errno(ret_error, errno, "cannot read it");
        return false;
    }
    if (len > KEY_FILE_SIZE_MAX) {
        error_set(ret_error, ERROR_TOO_LARGE, "it is larger than %d bytes", KEY_FILE_SIZE_MAX);
        return false;
    }
    *ret_content = str_of(content, len);
    return true;
}

/* dev-key.pem → dev-key.pub.pem: the daemon never opens the private half. */
MUST_USE static bool public_half(struct arena *a, struct str path, struct str *ret_path,
                                 struct error *ret_error)
{
    struct str suffix = STR(".pem");
    if (!str_ends_with(path, suffix)) {
        error_set(ret_error, ERROR_INVALID,
                  "its name must end in .pem (the public half is the .pub.pem beside it)");
        return false;
    }
    *ret_path = arena_printf(a, "%" STR_F ".pub.pem", STR_A(str_head(path, path.len - suffix.len)));
    return true;
}

static void release_source(void *data)
{
    struct key_source *source = data;
    auth_unref_source(source->context->data, source);
}

/* The snapshot holds the source until it is freed. */
static struct key_source *hold(struct preparation *p, struct key_source *source)
{
    source->references++;
    snapshot_on_release(p->snapshot, release_source, source);
    return source;
}

/* A source's name says all that decides which keys it has, so that nothing that is in force changes
 * while a new snapshot is prepared. */
static struct key_source *find_source(struct preparation *p, struct str name)
{
    return map_get(&p->auth->sources, name);
}

static struct key_source *add_source(struct preparation *p, struct str name,
                                     const struct key_source_origin *origin)
{
    struct auth *auth = p->auth;
    struct key_source *source = key_source_new(&auth->context, ++auth->last_source_id, origin);
    source->name = arena_copy(&source->arena, name);
    (void)map_set(&auth->sources, source->name, source);
    return source;
}

static struct key_source *fetched_source(struct preparation *p,
                                         const struct key_source_origin *origin)
{
    struct str name =
        arena_printf(&p->scratch, "%" STR_F "\n%s\n%" STR_F, STR_A(origin->issuer),
                     origin->http_allowed ? "http" : "https", STR_A(origin->jwks_uri));
    struct key_source *source = find_source(p, name);
    return hold(p, source ? source : add_source(p, name, origin));
}

static struct str name_of_file(struct arena *a, struct str issuer, struct str content, bool pem)
{
    struct sha256 digest = sha256_of(&content, 1);
    struct str front = arena_printf(a, "%" STR_F "\n%s\n", STR_A(issuer), pem ? "pem" : "jwks");
    char *name = arena_bytes(a, front.len + SHA256_SIZE);
    memcpy(name, front.at, front.len);
    memcpy(name + front.len, digest.bytes, SHA256_SIZE);
    return str_of(name, front.len + SHA256_SIZE);
}

/* Of a file's keys the content is part of the name: a file that was changed is another source. */
static struct key_source *content_source(struct preparation *p, struct str issuer,
                                         struct str content, bool pem, struct error *ret_error)
{
    struct str name = name_of_file(&p->scratch, issuer, content, pem);
    struct key_source *source = find_source(p, name);
    if (source)
        return hold(p, source);
    struct key_source_origin origin = {.issuer = issuer};
    origin.fixed = pem ? key_set_from_pem(content, ret_error) : key_set_parse(content, ret_error);
    return origin.fixed ? hold(p, add_source(p, name, &origin)) : NULL;
}

/* NULL where the file is no good, which is then reported. */
static struct key_source *file_source(struct preparation *p, const struct issuer_settings *issuer)
{
    bool pem = issuer->signing_key_file.text.at;
    const struct written *written = pem ? &issuer->signing_key_file : &issuer->jwks_file;
    struct str path = written->text, content;
    struct error error;
    struct key_source *source = NULL;
    if ((!pem || public_half(&p->scratch, written->text, &path, &error)) &&
        read_file(&p->scratch, path, &content, &error))
        source = content_source(p, issuer->issuer, content, pem, &error);
    if (!source)
        diag_error(p->diag, written->at, "%s '%" STR_F "': %s%s",
                   pem ? "signingKeyFile" : "jwksFile", STR_A(path), error.text,
                   pem && error.code == ERROR_SYSTEM ? "; 'turnpike init' makes a pair" : "");
    return source;
}

static bool has_scheme(struct str url, bool http_allowed)
{
    return str_starts_with_nocase(url, STR("https://")) ||
           (http_allowed && str_starts_with_nocase(url, STR("http://")));
}

static struct key_source *listed_source(struct preparation *p, const struct issuer_settings *issuer)
{
    if (issuer->signing_key_file.text.at || issuer->jwks_file.text.at)
        return file_source(p, issuer);

    const struct written *uri = &issuer->jwks_uri;
    if (!has_scheme(uri->text.at ? uri->text : issuer->issuer, true)) {
        diag_error(p->diag, uri->text.at ? uri->at : issuer->at,
                   "%s '%" STR_F "' is no http:// or https:// URL",
                   uri->text.at ? "jwksUri" : "issuer",
                   STR_A(uri->text.at ? uri->text : issuer->issuer));
        return NULL;
    }
    struct key_source_origin origin = {
        .issuer = issuer->issuer, .http_allowed = true, .jwks_uri = uri->text};
    return fetched_source(p, &origin);
}

static struct key_source *unlisted_source(struct preparation *p,
                                          const struct authorizer *authorizer)
{
    if (!has_scheme(authorizer->issuer, false)) {
        diag_error(p->diag, authorizer->at,
                   "the keys of issuer '%" STR_F "' cannot be found: it is no https:// URL, and it "
                   "is not listed under 'issuers'",
                   STR_A(authorizer->issuer));
        return NULL;
    }
    struct key_source_origin origin = {.issuer = authorizer->issuer};
    return fetched_source(p, &origin);
}

static void prepare_authorizer(struct preparation *p, struct authorizer *authorizer)
{
    const struct settings *settings = &p->snapshot->settings;
    for (size_t i = 0; i < settings->issuers.count; i++) {
        if (str_eq(settings->issuers.items[i].issuer, authorizer->issuer)) {
            authorizer->keys = p->listed[i];
            return;
        }
    }
    authorizer->keys = unlisted_source(p, authorizer);
}

static void prepare_credential(struct preparation *p, struct credential *credential)
{
    struct str why;
    const struct written *policy = &credential->policy;
    if (!policy->text.at)
        return;
    credential->compiled = policy_read(&p->snapshot->arena, policy->text, &why);
    if (!credential->compiled)
        diag_error(p->diag, policy->at, "'policy' is no policy: %" STR_F, STR_A(why));
}

void auth_prepare(struct auth *auth, struct snapshot *snapshot, struct diag *diag)
{
    struct preparation p = {.auth = auth, .snapshot = snapshot, .diag = diag};
    arena_init(&p.scratch, 4096);
    size_t count = snapshot->settings.issuers.count;
    p.listed = arena_array(&p.scratch, struct key_source *, count);
    for (size_t i = 0; i < count; i++)
        p.listed[i] = listed_source(&p, &snapshot->settings.issuers.items[i]);
    FOR_EACH_IN (api, &snapshot->apis)
        FOR_EACH_IN (authorizer, &(*api)->authorizers)
            prepare_authorizer(&p, *authorizer);
    FOR_EACH_IN (credential, &snapshot->settings.credentials)
        prepare_credential(&p, credential);
    arena_release(&p.scratch);
}
