/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of WebSocket definitions: selection expressions and mapping templates. */
#include "turnpike/model/context_variable.h"
#include "websocket_import.h"

#define TEXT_SHOWN   128          /* of a text in a message */
#define TEMPLATE_MAX (300 * 1024) /* AWS: "Important notes for WebSocket APIs" */

const struct selection_expression *websocket_selection(struct definition *d, const struct doc *node,
                                                       const char *what, unsigned allowed)
{
    struct str text, why;
    if (!definition_text(d, node, what, &text))
        return NULL;
    if (text.len == 0) {
        diag_error(d->diag, node->at, "%s is empty", what);
        return NULL;
    }
    const struct selection_expression *s = selection_compile(d->arena, text, allowed, &why);
    if (!s)
        diag_error(d->diag, node->at, "%s is '%" STR_F "': %" STR_F, what,
                   STR_A(str_head(text, TEXT_SHOWN)), STR_A(why));
    return s;
}

/* In the template, where it stands in the document as it is. */
static struct position position_in(const struct doc *node, struct str text, size_t offset)
{
    bool as_written = node->kind == DOC_STRING && str_eq(text, node->text);
    return as_written ? doc_text_position(node, offset) : node->at;
}

static const struct mapping_template *read_template(struct definition *d, const struct doc *node,
                                                    const char *what)
{
    struct str text, why;
    size_t offset;
    if (!definition_text(d, node, what, &text))
        return NULL;
    if (text.len > TEMPLATE_MAX) {
        diag_error(d->diag, node->at, "a template has at most %d bytes, not %zu", TEMPLATE_MAX,
                   text.len);
        return NULL;
    }
    const struct mapping_template *t =
        template_compile(d->arena, text, context_variable_of_websocket_template, &why, &offset);
    if (!t)
        diag_error(d->diag, position_in(node, text, offset), "%" STR_F, STR_A(why));
    return t;
}

void websocket_read_templates(struct definition *d, const struct doc *node, const char *what,
                              named_template_list *templates)
{
    if (!definition_is_map(d, node, what))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const struct doc_member *member = &node->members[i];
        const struct mapping_template *t = read_template(d, member->value, "a template");
        if (t)
            *list_push(d->arena, templates) = (struct named_template){member->at, member->key, t};
    }
}

void websocket_check_templates(struct definition *d, const named_template_list *templates,
                               const struct selection_expression *selection)
{
    FOR_EACH_IN (t, templates)
        if (!selection && !str_is(t->key, "$default"))
            diag_warning(d->diag, t->at,
                         "template '%" STR_F "' has no effect: without templateSelectionExpression "
                         "there is $default alone",
                         STR_A(t->key));
}

void websocket_read_content_handling(struct definition *d, const struct doc *node,
                                     enum content_handling *handling)
{
    static const char *const words[] = {"CONVERT_TO_BINARY", "CONVERT_TO_TEXT"};
    static const enum content_handling values[] = {CONVERT_TO_BINARY, CONVERT_TO_TEXT};
    struct str text;
    if (!definition_text(d, node, "contentHandlingStrategy", &text))
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (str_is(text, words[i])) {
            *handling = values[i];
            return;
        }
    }
    diag_error(d->diag, node->at, "unknown contentHandlingStrategy '%" STR_F "'%s", STR_A(text),
               definition_suggestion(d, text, words, ARRAY_LENGTH(words)));
}
