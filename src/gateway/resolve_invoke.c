/* SPDX-License-Identifier: Apache-2.0 */
/* What a call of the Invoke API names: function, qualifier, type (AWS: Lambda "Invoke", "URI
 * Request Parameters"). Whether there is such a function is told to those alone who may invoke it:
 * stage_invoke.c. */
#include "invoke.h"

#include "invoke_errors.h"
#include "turnpike/base/uri.h"

#define MEGABYTE UINT64_C(1048576)

/* AWS: "Lambda quotas". */
static const struct {
    const char *name;
    uint64_t body_max;
} types[INVOKE_TYPE_COUNT] = {
    [INVOKE_REQUEST_RESPONSE] = {"RequestResponse", 6 * MEGABYTE},
    [INVOKE_EVENT] = {"Event",           MEGABYTE    },
    [INVOKE_DRY_RUN] = {"DryRun",          6 * MEGABYTE},
};

struct str invoke_type_name(enum invoke_type type)
{
    return str_from(types[type].name);
}

void invoke_begin(struct exchange *x)
{
    x->invoke = arena_new(&x->arena, struct invoke);
    uuid_make(x->invoke->uuid);
    x->invoke->request_id = str_from(x->invoke->uuid);
}

uint64_t invoke_body_max(const struct exchange *x)
{
    uint64_t quota = types[x->invoke->type].body_max;
    uint64_t limit = x->t.settings->limits.payload_bytes;
    return limit < quota ? limit : quota;
}

enum verdict invoke_refuse_body(struct exchange *x)
{
    unsigned long long max = invoke_body_max(x), announced = x->t.request.content_length;
    const char *type = types[x->invoke->type].name;
    struct str message = arena_printf(
        &x->arena, "%llu byte payload is too large for the %s invocation type (limit %llu bytes)",
        announced > max ? announced : max + 1, type, max);
    return invoke_refuse_saying(x, INVOKE_TOO_LARGE, message,
                                "the payload is larger than the %llu bytes of the type %s", max,
                                type);
}

/* The call. */

static struct str header_of(const struct exchange *x, struct str name)
{
    const struct header *h = request_header(&x->t.request, name);
    return h ? h->value : STR("");
}

static enum verdict read_operation(struct exchange *x, struct str *ret_function)
{
    const struct request *r = &x->t.request;
    x->invoke->operation = invoke_path_read(r->raw_path, ret_function);
    if (x->invoke->operation == INVOKE_OPERATION_UNKNOWN)
        return invoke_refuse(x, INVOKE_UNKNOWN_OPERATION,
                             "the Invoke API serves POST "
                             "/2015-03-31/functions/{name}/invocations; the path is '%" STR_F "'",
                             STR_A(r->path));
    if (!str_is(r->method, "POST")) {
        (void)invoke_refuse(x, INVOKE_WRONG_METHOD, "functions are invoked by POST");
        exchange_add_header(x, STR("allow"), STR("POST"));
        return DONE;
    }
    if (x->invoke->operation == INVOKE_STREAMING)
        return invoke_refuse_saying(
            x, INVOKE_NOT_IMPLEMENTED,
            STR("InvokeWithResponseStream is not implemented: Invoke gives the whole answer."),
            "responses are not streamed");
    return NEXT;
}

/* Parameters. */

/* A constraint that one of them violates, as AWS says it. */
static void append_violation(struct buf *message, unsigned *count, const char *parameter,
                             struct str value, size_t len_max, const char *pattern)
{
    buf_printf(message, "%sValue '%" STR_F "' at '%s' failed to satisfy constraint: Member must ",
               (*count)++ ? "; " : "", STR_A(value), parameter);
    if (value.len > len_max)
        buf_printf(message, "have length less than or equal to %zu", len_max);
    else
        buf_printf(message, "satisfy %s", pattern);
}

static enum verdict refuse_violations(struct exchange *x, unsigned count, const struct buf *said)
{
    struct str message = arena_printf(&x->arena, "%u validation error%s detected: %" STR_F, count,
                                      count == 1 ? "" : "s", STR_A(buf_str(said)));
    return invoke_refuse_saying(x, INVOKE_INVALID_NAME, message, "%" STR_F, STR_A(message));
}

#define PATTERN "regular expression pattern: "

static enum verdict read_names(struct exchange *x, struct str function, struct str *ret_qualifier)
{
    scoped_buf struct buf said = {0};
    unsigned violations = 0;
    struct str name = uri_decode(&x->arena, function, false);
    struct str qualifier = invoke_query_qualifier(&x->arena, x->t.request.query);
    struct str log_type = header_of(x, STR("x-amz-log-type"));
    if (!invoke_name_read(name, &x->invoke->name))
        append_violation(&said, &violations, "functionName", name, INVOKE_NAME_MAX,
                         PATTERN INVOKE_NAME_PATTERN);
    if (qualifier.len > 0 && !invoke_qualifier_is(qualifier))
        append_violation(&said, &violations, "qualifier", qualifier, INVOKE_QUALIFIER_MAX,
                         PATTERN INVOKE_QUALIFIER_PATTERN);
    x->invoke->wants_log = str_is(log_type, "Tail");
    if (log_type.len > 0 && !x->invoke->wants_log && !str_is(log_type, "None"))
        append_violation(&said, &violations, "logType", log_type, SIZE_MAX,
                         "enum value set: [None, Tail]");
    *ret_qualifier = qualifier;
    return violations ? refuse_violations(x, violations, &said) : NEXT;
}

/* The name may hold one, and so may the query. */
static enum verdict settle_qualifier(struct exchange *x, struct str asked)
{
    struct function_name *name = &x->invoke->name;
    if (asked.len > 0 && name->qualifier.len > 0 && !str_eq(asked, name->qualifier))
        return invoke_refuse_saying(x, INVOKE_INVALID_PARAMETER,
                                    STR("The derived qualifier from the function name does not "
                                        "match the specified qualifier."),
                                    "the name's qualifier is '%" STR_F "', the query's '%" STR_F
                                    "'",
                                    STR_A(name->qualifier), STR_A(asked));
    if (asked.len > 0)
        name->qualifier = asked;
    return NEXT;
}

static enum verdict read_type(struct exchange *x)
{
    struct str type = header_of(x, STR("x-amz-invocation-type"));
    if (x->invoke->operation == INVOKE_ASYNC) {
        x->invoke->type = INVOKE_EVENT;
        return NEXT;
    }
    for (unsigned i = 0; i < INVOKE_TYPE_COUNT; i++) {
        if (!str_is(type, types[i].name))
            continue;
        x->invoke->type = (enum invoke_type)i;
        return NEXT;
    }
    if (type.len == 0)
        return NEXT;
    struct str message = arena_printf(&x->arena,
                                      "Invocation type '%" STR_F "' is not one of RequestResponse, "
                                      "Event, DryRun",
                                      STR_A(type));
    return invoke_refuse_saying(x, INVOKE_INVALID_PARAMETER, message, "%" STR_F, STR_A(message));
}

static struct str name_arn(struct exchange *x)
{
    const struct function_name *name = &x->invoke->name;
    struct str region = name->region.len ? name->region : x->t.settings->aws_region;
    struct str account = name->account.len ? name->account : x->t.settings->account_id;
    return arena_printf(&x->arena,
                        "arn:aws:lambda:%" STR_F ":%" STR_F ":function:%" STR_F "%s%" STR_F,
                        STR_A(region), STR_A(account), STR_A(name->name),
                        name->qualifier.len ? ":" : "", STR_A(name->qualifier));
}

enum verdict resolve_invoke(struct exchange *x)
{
    struct str function, qualifier;
    enum verdict verdict = read_operation(x, &function);
    if (verdict == NEXT)
        verdict = read_names(x, function, &qualifier);
    if (verdict == NEXT)
        verdict = settle_qualifier(x, qualifier);
    if (verdict == NEXT)
        verdict = read_type(x);
    if (verdict == NEXT)
        x->invoke->arn = name_arn(x);
    return verdict;
}
