/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/function_name.h"

static bool consists_of(struct str s, const char *extra)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr(extra, c);
        if (!legal || c == '\0')
            return false;
    }
    return s.len > 0;
}

/* NAME[:QUALIFIER] */
static bool read_name(struct str s, struct function_name *ret)
{
    size_t colon = str_find(s, ':');
    ret->name = str_head(s, colon);
    ret->qualifier = str_skip(s, colon + 1);
    return consists_of(ret->name, "-_.") && (colon == s.len || consists_of(ret->qualifier, "-_$"));
}

/* arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER] */
static bool read_arn(struct str arn, struct function_name *ret)
{
    struct str rest = arn, scheme, partition, service, resource;
    ret->arn = arn;
    return str_split(&rest, ':', &scheme) && str_split(&rest, ':', &partition) &&
           str_split(&rest, ':', &service) && str_split(&rest, ':', &ret->region) &&
           str_split(&rest, ':', &ret->account) && str_split(&rest, ':', &resource) &&
           str_is(scheme, "arn") && str_starts_with(partition, STR("aws")) &&
           str_is(service, "lambda") && str_is(resource, "function") && read_name(rest, ret);
}

/* The function ARN within arn:…:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations;
 * old exports write path//2015-03-31. Another URI is returned as it is. */
static struct str unwrap(struct str uri)
{
    size_t at = str_find_str(uri, STR(":lambda:path/"));
    if (at == uri.len || !str_starts_with(uri, STR("arn:")))
        return uri;
    struct str rest = str_skip(uri, at + STR(":lambda:path/").len);
    if (str_starts_with(rest, STR("/")))
        rest = str_skip(rest, 1);
    if (!str_starts_with(rest, STR("2015-03-31/functions/")) ||
        !str_ends_with(rest, STR("/invocations")))
        return uri;
    rest = str_skip(rest, STR("2015-03-31/functions/").len);
    rest.len -= STR("/invocations").len <= rest.len ? STR("/invocations").len : rest.len;
    return rest;
}

/* function:NAME or ACCOUNT:function:NAME */
static bool read_partial(struct str s, struct function_name *ret)
{
    size_t at = str_find_str(s, STR("function:"));
    if (at == s.len)
        return read_name(s, ret);
    struct str account = str_head(s, at);
    if (account.len > 0) {
        account.len--;
        uint64_t digits;
        if (s.at[account.len] != ':' || account.len != 12 || !str_to_u64(account, &digits))
            return false;
        ret->account = account;
    }
    return read_name(str_skip(s, at + STR("function:").len), ret);
}

bool function_name_parse(struct str uri, struct function_name *ret_name)
{
    struct function_name name = {
        .arn = {NULL, 0}
    };
    struct str function = unwrap(uri);
    bool read = str_starts_with(function, STR("arn:")) ? read_arn(function, &name)
                                                       : read_partial(function, &name);
    if (read)
        *ret_name = name;
    return read;
}
