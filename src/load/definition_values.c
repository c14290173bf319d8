/* SPDX-License-Identifier: Apache-2.0 */
#include "definition.h"

void definition_init(struct definition *d, const struct definition_format *format,
                     struct builder *b, struct api *api, const struct doc *root)
{
    struct arena *arena = &b->snapshot->arena;
    *d = (struct definition){
        .format = format,
        .builder = b,
        .diag = b->diag,
        .arena = arena,
        .api = api,
        .root = root,
        .intrinsics = {arena, b->diag, b->snapshot, api},
        .allowed_used = arena_array(arena, bool, api->allow_unenforced.count + 1),
    };
}

static bool report_kind(struct definition *d, const struct doc *node, const char *what,
                        const char *expected)
{
    if (intrinsics_name(&d->intrinsics, node).len > 0)
        intrinsics_refuse(&d->intrinsics, node);
    else
        diag_error(d->diag, node->at, "%s is %s, expected %s", what, doc_kind_name(node), expected);
    return false;
}

static bool is_intrinsic(struct definition *d, const struct doc *node)
{
    return intrinsics_name(&d->intrinsics, node).len > 0;
}

bool definition_text(struct definition *d, const struct doc *node, const char *what,
                     struct str *ret_text)
{
    if (node->kind != DOC_STRING && !is_intrinsic(d, node))
        return report_kind(d, node, what, "a string");
    return intrinsics_text(&d->intrinsics, node, ret_text);
}

bool definition_scalar(struct definition *d, const struct doc *node, const char *what,
                       struct str *ret_text)
{
    if (node->kind != DOC_STRING && node->kind != DOC_NUMBER && !is_intrinsic(d, node))
        return report_kind(d, node, what, "a string");
    return intrinsics_text(&d->intrinsics, node, ret_text);
}

/* Parameters of templates are strings: "true" from a Ref is as good as true. */
bool definition_boolean(struct definition *d, const struct doc *node, const char *what,
                        bool *ret_value)
{
    struct str text;
    if (node->kind == DOC_BOOL && !is_intrinsic(d, node)) {
        *ret_value = node->truth;
        return true;
    }
    if (!is_intrinsic(d, node))
        return report_kind(d, node, what, "true or false");
    if (!intrinsics_text(&d->intrinsics, node, &text))
        return false;
    if (!str_is(text, "true") && !str_is(text, "false"))
        return report_kind(d, node, what, "true or false");
    *ret_value = str_is(text, "true");
    return true;
}

void definition_disable_endpoint(struct definition *d, const struct doc_member *member,
                                 void *subject)
{
    (void)subject;
    bool disabled;
    if (!definition_boolean(d, member->value, "disableExecuteApiEndpoint", &disabled))
        return;
    if (d->api->disable_written)
        diag_notice(d->diag, member->at,
                    "the configuration has disableExecuteApiEndpoint too: what it says holds");
    else
        d->api->disable_execute_api_endpoint |= disabled;
}

bool definition_integer(struct definition *d, const struct doc *node, const char *what,
                        uint64_t least, uint64_t most, uint64_t *ret_value)
{
    struct str text;
    uint64_t value;
    if (!definition_scalar(d, node, what, &text))
        return false;
    if (!str_to_u64(text, &value) || value < least || value > most) {
        diag_error(d->diag, node->at, "%s is %" STR_F ", expected a number from %ju to %ju", what,
                   STR_A(str_head(text, 64)), (uintmax_t)least, (uintmax_t)most);
        return false;
    }
    *ret_value = value;
    return true;
}

bool definition_is_map(struct definition *d, const struct doc *node, const char *what)
{
    if (node->kind == DOC_MAP && !is_intrinsic(d, node))
        return true;
    return report_kind(d, node, what, "a map");
}

bool definition_is_list(struct definition *d, const struct doc *node, const char *what)
{
    if (node->kind == DOC_LIST && !is_intrinsic(d, node))
        return true;
    return report_kind(d, node, what, "a list");
}
