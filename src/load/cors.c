/* SPDX-License-Identifier: Apache-2.0 */
#include "cors.h"

#include "turnpike/base/http_message.h"
#include "turnpike/base/uri.h"

#define SHOWN 128 /* of a name, in messages */

bool cors_parse_max_age(struct str text, int *ret_seconds)
{
    uint64_t seconds;
    if (str_is(text, "-1")) {
        *ret_seconds = -1;
        return true;
    }
    if (!str_to_u64(text, &seconds) || seconds > CORS_MAX_AGE_MAX)
        return false;
    *ret_seconds = (int)seconds;
    return true;
}

static bool is_star(struct str text)
{
    return str_is(text, "*");
}

static void check_origin(struct diag *diag, const struct written *origin, bool credentials)
{
    struct str shown = str_head(origin->text, SHOWN);
    if (is_star(origin->text) && credentials) {
        diag_error(diag, origin->at,
                   "allowCredentials is not supported where allowOrigins has '*': name the "
                   "origins, or write 'https://*'");
        return;
    }
    if (is_star(origin->text) || str_is(origin->text, "https://*") ||
        str_is(origin->text, "http://*"))
        return;
    if (str_find(origin->text, '*') < origin->text.len) {
        diag_error(diag, origin->at,
                   "'%" STR_F "' is no origin: the only wildcards are '*', 'https://*' and "
                   "'http://*'",
                   STR_A(shown));
        return;
    }
    const char *problem = uri_origin_problem(origin->text);
    if (problem)
        diag_error(diag, origin->at, "'%" STR_F "' would match no page: %s", STR_A(shown), problem);
}

/* Browsers take "*" for a name where a page sends its credentials (Fetch, "CORS protocol and
 * credentials"). */
static void check_name(struct diag *diag, const char *key, const struct written *name,
                       bool credentials)
{
    if (!http_is_token(name->text)) /* "*" is one */
        diag_error(diag, name->at, "'%" STR_F "' in %s is neither a name nor '*'",
                   STR_A(str_head(name->text, SHOWN)), key);
    else if (is_star(name->text) && credentials)
        diag_warning(diag, name->at,
                     "'*' in %s means nothing to browsers where allowCredentials is true: write "
                     "the names",
                     key);
}

/* Methods compare exactly, and browsers send those that they know in upper case. */
static void check_method(struct diag *diag, const struct written *method)
{
    if (str_eq_nocase(method->text, STR("ANY"))) {
        diag_warning(diag, method->at, "'%" STR_F "' is no method: all of them are '*'",
                     STR_A(method->text));
        return;
    }
    for (size_t i = 0; i < method->text.len; i++) {
        if (method->text.at[i] < 'a' || method->text.at[i] > 'z')
            continue;
        diag_warning(diag, method->at, "method '%" STR_F "' is not in upper case: it matches none",
                     STR_A(str_head(method->text, SHOWN)));
        return;
    }
}

static void check_names(struct diag *diag, const char *key, const written_list *names,
                        bool credentials)
{
    FOR_EACH_IN (name, names)
        check_name(diag, key, name, credentials);
}

void cors_check(struct diag *diag, const struct cors_configuration *cors)
{
    if (cors->allow_origins.count == 0)
        diag_warning(diag, cors->at,
                     "no allowOrigins: no page of another origin may read an answer of this API");
    FOR_EACH_IN (origin, &cors->allow_origins)
        check_origin(diag, origin, cors->allow_credentials);
    check_names(diag, "allowMethods", &cors->allow_methods, cors->allow_credentials);
    check_names(diag, "allowHeaders", &cors->allow_headers, cors->allow_credentials);
    check_names(diag, "exposeHeaders", &cors->expose_headers, cors->allow_credentials);
    FOR_EACH_IN (method, &cors->allow_methods)
        check_method(diag, method);
}
