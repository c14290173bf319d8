/* SPDX-License-Identifier: Apache-2.0 */
#include "intrinsics.h"

#include "turnpike/base/buf.h"

#define TEXT_MAX ((size_t)1024 * 1024)

/* Short names; the tag is '!' and one of them. */
static const char *const supported[] = {"GetAtt", "Ref", "Sub"};
static const char *const unsupported[] = {
    "And",     "Base64", "Cidr",  "Condition",    "Contains",  "Equals", "FindInMap",
    "ForEach", "GetAZs", "If",    "ImportValue",  "Join",      "Length", "Not",
    "Or",      "Select", "Split", "ToJsonString", "Transform",
};

static const struct doc *single_value(const struct doc *node)
{
    return node->kind == DOC_MAP && node->tag.len == 0 && node->count == 1 ? node->members[0].value
                                                                           : NULL;
}

static bool is_function_key(struct str key)
{
    return str_is(key, "Ref") || str_starts_with(key, STR("Fn::"));
}

struct str intrinsics_name(const struct intrinsics *in, const struct doc *node)
{
    if (node->tag.len > 1) {
        struct str name = str_skip(node->tag, 1);
        bool bare = str_is(name, "Ref") || str_is(name, "Condition");
        return bare ? name : arena_printf(in->arena, "Fn::%" STR_F, STR_A(name));
    }
    if (single_value(node) && is_function_key(node->members[0].key))
        return node->members[0].key;
    return STR("");
}

static struct str short_name(struct str name)
{
    return str_starts_with(name, STR("Fn::")) ? str_skip(name, 4) : name;
}

static bool is_among(struct str name, const char *const *names, size_t count)
{
    FOR_EACH (n, names, count)
        if (str_is(name, *n))
            return true;
    return false;
}

void intrinsics_refuse(const struct intrinsics *in, const struct doc *node)
{
    struct str name = intrinsics_name(in, node), shorter = short_name(name);
    if (is_among(shorter, supported, ARRAY_LENGTH(supported))) {
        diag_error(in->diag, node->at, "%" STR_F " cannot stand here: it yields a string",
                   STR_A(name));
        return;
    }
    if (is_among(shorter, unsupported, ARRAY_LENGTH(unsupported))) {
        diag_error(in->diag, node->at,
                   "%" STR_F " is not supported: write what it yields, or a definition parameter",
                   STR_A(name));
        return;
    }
    const char *nearest = nearest_name(shorter, supported, ARRAY_LENGTH(supported));
    if (!nearest)
        nearest = nearest_name(shorter, unsupported, ARRAY_LENGTH(unsupported));
    bool fn = nearest && strcmp(nearest, "Ref") != 0;
    diag_error(in->diag, node->at, "unknown function %" STR_F "%s%s%s%s", STR_A(name),
               nearest ? "; did you mean " : "", fn ? "Fn::" : "", nearest ? nearest : "",
               nearest ? "?" : "");
}

/* --- names --- */

static bool pseudo_parameter(const struct intrinsics *in, struct str name, struct str *ret)
{
    const struct settings *settings = &in->snapshot->settings;
    const struct {
        const char *name;
        struct str value;
    } known[] = {
        {"AWS::AccountId", settings->account_id},
        {"AWS::Partition", STR("aws")          },
        {"AWS::Region",    settings->aws_region},
        {"AWS::URLSuffix", STR("amazonaws.com")},
    };
    FOR_EACH (p, known, ARRAY_LENGTH(known)) {
        if (str_is(name, p->name)) {
            *ret = p->value;
            return true;
        }
    }
    return false;
}

static bool definition_parameter(const struct intrinsics *in, struct str name, struct str *ret)
{
    FOR_EACH_IN (parameter, &in->api->definition_parameters) {
        if (str_eq(parameter->name, name)) {
            *ret = parameter->value;
            return true;
        }
    }
    return false;
}

static struct str function_arn(const struct intrinsics *in, struct str name)
{
    const struct settings *settings = &in->snapshot->settings;
    return arena_printf(in->arena, "arn:aws:lambda:%" STR_F ":%" STR_F ":function:%" STR_F,
                        STR_A(settings->aws_region), STR_A(settings->account_id), STR_A(name));
}

static void report_unknown(const struct intrinsics *in, struct position at, struct str name)
{
    LIST(const char *) names = {0};
    static const char *const pseudo[] = {"AWS::AccountId", "AWS::Partition", "AWS::Region",
                                         "AWS::URLSuffix"};
    FOR_EACH (p, pseudo, ARRAY_LENGTH(pseudo))
        *list_push(in->arena, &names) = *p;
    FOR_EACH_IN (parameter, &in->api->definition_parameters)
        *list_push(in->arena, &names) = arena_cstring(in->arena, parameter->name);
    FOR_EACH_IN (f, &in->snapshot->functions)
        *list_push(in->arena, &names) = arena_cstring(in->arena, (*f)->name);

    const char *nearest = nearest_name(name, names.items, names.count);
    diag_error(in->diag, at,
               "unknown name '%" STR_F "': definitionParameters can give it a value%s%s%s",
               STR_A(name), nearest ? "; did you mean '" : "", nearest ? nearest : "",
               nearest ? "'?" : "");
}

/* X.Arn is the ARN of the function X. */
static bool resolve_attribute(const struct intrinsics *in, struct position at, struct str name,
                              struct str *ret)
{
    if (definition_parameter(in, name, ret))
        return true;
    size_t dot = str_find(name, '.');
    if (dot == 0 || !str_is(str_skip(name, dot), ".Arn")) {
        diag_error(in->diag, at,
                   "unknown attribute '%" STR_F
                   "': only NAME.Arn, of a function, is known; definitionParameters can give it a "
                   "value",
                   STR_A(name));
        return false;
    }
    *ret = function_arn(in, str_head(name, dot));
    return true;
}

static bool resolve_reference(const struct intrinsics *in, struct position at, struct str name,
                              struct str *ret)
{
    if (pseudo_parameter(in, name, ret) || definition_parameter(in, name, ret))
        return true;
    if (map_get(&in->snapshot->functions_by_name, name)) {
        *ret = name; /* Ref of a function is its name */
        return true;
    }
    report_unknown(in, at, name);
    return false;
}

/* --- text --- */

/* Takes the next "${NAME}" off *rest: what stands before it, and its name. False where there is no
 * other; *ret_before is then all that was left. */
static bool next_variable(struct str *rest, struct str *ret_before, struct str *ret_name)
{
    size_t start = str_find_str(*rest, STR("${"));
    size_t len = str_find(str_skip(*rest, start), '}');
    *ret_before = str_head(*rest, start);
    if (start + len >= rest->len) {
        *ret_before = *rest;
        return false;
    }
    *ret_name = str_head(str_skip(*rest, start + 2), len - 2);
    *rest = str_skip(*rest, start + len + 1);
    return true;
}

static void append_variable(struct buf *out, struct str name)
{
    buf_literal(out, "${");
    buf_append(out, name);
    buf_literal(out, "}");
}

/* API Gateway itself replaces these three, in whatever text it is given. */
static struct str substitute_aws_variables(const struct intrinsics *in, struct str text)
{
    if (str_find_str(text, STR("${AWS::")) == text.len)
        return text;
    scoped_buf struct buf out = {0};
    struct str rest = text, before, name, value;
    while (next_variable(&rest, &before, &name)) {
        buf_append(&out, before);
        if (!str_is(name, "AWS::URLSuffix") && pseudo_parameter(in, name, &value))
            buf_append(&out, value);
        else
            append_variable(&out, name);
    }
    buf_append(&out, before);
    return arena_copy(in->arena, buf_str(&out));
}

/* One Fn::Sub. Each value of its map is evaluated once at most: maps may stand within maps, each of
 * whose names the text around it has twice. */
struct substitution {
    struct position at;
    const struct doc *values; /* the map beside the text, or NULL */
    struct own {
        bool done, good;
        struct str text;
    } * own; /* for each of values */
};

static bool own_value(const struct intrinsics *in, const struct substitution *s, struct str name,
                      bool *ret_good, struct str *ret_text)
{
    const struct doc_member *member = s->values ? doc_member(s->values, name) : NULL;
    if (!member)
        return false;
    struct own *own = &s->own[member - s->values->members];
    if (!own->done)
        own->good = intrinsics_text(in, member->value, &own->text);
    own->done = true;
    *ret_good = own->good;
    *ret_text = own->text;
    return true;
}

/* One ${NAME}. */
static bool substitute(const struct intrinsics *in, const struct substitution *s, struct str name,
                       struct buf *out)
{
    if (str_starts_with(name, STR("!"))) {
        append_variable(out, str_skip(name, 1));
        return true;
    }
    if (str_starts_with(name, STR("stageVariables."))) {
        append_variable(out, name);
        return true;
    }
    struct str value = {NULL, 0};
    bool found;
    if (!own_value(in, s, name, &found, &value))
        found = str_find(name, '.') < name.len ? resolve_attribute(in, s->at, name, &value)
                                               : resolve_reference(in, s->at, name, &value);
    if (found)
        buf_append(out, value);
    return found;
}

static bool substitute_all(const struct intrinsics *in, struct position at, struct str text,
                           const struct doc *values, struct str *ret)
{
    struct substitution s = {at, values,
                             values ? arena_array(in->arena, struct own, values->count + 1) : NULL};
    scoped_buf struct buf out = {0};
    struct str rest = text, before, name;
    bool good = true;
    while (next_variable(&rest, &before, &name)) {
        buf_append(&out, before);
        good &= substitute(in, &s, name, &out);
        if (buf_len(&out) > TEXT_MAX) {
            diag_error(in->diag, at, "what Fn::Sub yields is longer than 1 MiB");
            return false;
        }
    }
    buf_append(&out, before);
    *ret = arena_copy(in->arena, buf_str(&out));
    return good;
}

/* A scalar that is no function itself. */
static bool is_plain_text(const struct doc *node)
{
    bool scalar = node->kind != DOC_MAP && node->kind != DOC_LIST && node->kind != DOC_NULL;
    return scalar && node->tag.len == 0;
}

/* "text" or ["text", {name: value, …}] */
static bool eval_sub(const struct intrinsics *in, const struct doc *node, struct str *ret)
{
    if (is_plain_text(node))
        return substitute_all(in, node->at, node->text, NULL, ret);
    bool pair = node->kind == DOC_LIST && node->count == 2 && is_plain_text(node->items[0]) &&
                node->items[1]->kind == DOC_MAP;
    if (!pair) {
        diag_error(in->diag, node->at, "Fn::Sub takes a string, or a list of a string and a map");
        return false;
    }
    const struct doc *text = node->items[0];
    return substitute_all(in, text->at, text->text, node->items[1], ret);
}

/* "X.Arn" or [X, Arn] */
static bool eval_get_att(const struct intrinsics *in, const struct doc *node, struct str *ret)
{
    if (is_plain_text(node))
        return resolve_attribute(in, node->at, node->text, ret);
    bool pair = node->kind == DOC_LIST && node->count == 2 && is_plain_text(node->items[0]) &&
                is_plain_text(node->items[1]);
    if (!pair) {
        diag_error(in->diag, node->at, "Fn::GetAtt takes NAME.Arn, or a list of NAME and Arn");
        return false;
    }
    struct str name = arena_printf(in->arena, "%" STR_F ".%" STR_F, STR_A(node->items[0]->text),
                                   STR_A(node->items[1]->text));
    return resolve_attribute(in, node->at, name, ret);
}

static bool eval_ref(const struct intrinsics *in, const struct doc *node, struct str *ret)
{
    if (is_plain_text(node))
        return resolve_reference(in, node->at, node->text, ret);
    diag_error(in->diag, node->at, "Ref takes a name");
    return false;
}

static bool eval(const struct intrinsics *in, const struct doc *node, struct str name,
                 struct str *ret)
{
    const struct doc *value = node->tag.len > 0 ? node : single_value(node);
    assert(value); /* it has a name */
    struct doc argument = *value;
    if (node->tag.len > 0)
        argument.tag = STR("");
    if (str_is(name, "Fn::Sub"))
        return eval_sub(in, &argument, ret);
    if (str_is(name, "Fn::GetAtt"))
        return eval_get_att(in, &argument, ret);
    if (str_is(name, "Ref"))
        return eval_ref(in, &argument, ret);
    intrinsics_refuse(in, node);
    return false;
}

bool intrinsics_text(const struct intrinsics *in, const struct doc *node, struct str *ret_text)
{
    struct str name = intrinsics_name(in, node), text = node->text;
    if (name.len > 0) {
        if (!eval(in, node, name, &text))
            return false;
    } else if (!is_plain_text(node)) {
        diag_error(in->diag, node->at, "expected a string, found %s", doc_kind_name(node));
        return false;
    }
    *ret_text = substitute_aws_variables(in, text);
    return true;
}
