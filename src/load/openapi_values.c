/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_import.h"

static bool report_kind(struct openapi *o, const struct doc *node, const char *what,
                        const char *expected)
{
    if (intrinsics_name(&o->intrinsics, node).len > 0)
        intrinsics_refuse(&o->intrinsics, node);
    else
        diag_error(o->diag, node->at, "%s is %s, expected %s", what, doc_kind_name(node), expected);
    return false;
}

static bool is_intrinsic(struct openapi *o, const struct doc *node)
{
    return intrinsics_name(&o->intrinsics, node).len > 0;
}

bool openapi_text(struct openapi *o, const struct doc *node, const char *what, struct str *ret_text)
{
    if (node->kind != DOC_STRING && !is_intrinsic(o, node))
        return report_kind(o, node, what, "a string");
    return intrinsics_text(&o->intrinsics, node, ret_text);
}

bool openapi_scalar(struct openapi *o, const struct doc *node, const char *what,
                    struct str *ret_text)
{
    if (node->kind != DOC_STRING && node->kind != DOC_NUMBER && !is_intrinsic(o, node))
        return report_kind(o, node, what, "a string");
    return intrinsics_text(&o->intrinsics, node, ret_text);
}

/* Parameters of templates are strings: "true" from a Ref is as good as true. */
bool openapi_boolean(struct openapi *o, const struct doc *node, const char *what, bool *ret_value)
{
    struct str text;
    if (node->kind == DOC_BOOL && !is_intrinsic(o, node)) {
        *ret_value = node->truth;
        return true;
    }
    if (!is_intrinsic(o, node))
        return report_kind(o, node, what, "true or false");
    if (!intrinsics_text(&o->intrinsics, node, &text))
        return false;
    if (!str_is(text, "true") && !str_is(text, "false"))
        return report_kind(o, node, what, "true or false");
    *ret_value = str_is(text, "true");
    return true;
}

bool openapi_integer(struct openapi *o, const struct doc *node, const char *what, uint64_t least,
                     uint64_t most, uint64_t *ret_value)
{
    struct str text;
    uint64_t value;
    if (!openapi_scalar(o, node, what, &text))
        return false;
    if (!str_to_u64(text, &value) || value < least || value > most) {
        diag_error(o->diag, node->at, "%s is %" STR_F ", expected a number from %ju to %ju", what,
                   STR_A(str_head(text, 64)), (uintmax_t)least, (uintmax_t)most);
        return false;
    }
    *ret_value = value;
    return true;
}

bool openapi_is_map(struct openapi *o, const struct doc *node, const char *what)
{
    if (node->kind == DOC_MAP && !is_intrinsic(o, node))
        return true;
    return report_kind(o, node, what, "a map");
}

bool openapi_is_list(struct openapi *o, const struct doc *node, const char *what)
{
    if (node->kind == DOC_LIST && !is_intrinsic(o, node))
        return true;
    return report_kind(o, node, what, "a list");
}
