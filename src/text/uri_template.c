/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/uri_template.h"

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* What is wrong with the name between two braces, or NULL. */
static const char *name_problem(struct str name)
{
    size_t len = 0;
    while (len < name.len && is_name_character(name.at[len]))
        len++;
    if (len > 0 && len == name.len)
        return NULL;
    if (len > 0 && len == name.len - 1 && name.at[len] == '+')
        return "a variable is written without '+' here: {proxy} of a route with {proxy+}";
    return "between braces stands the name of a variable of the route's path";
}

static void add(struct arena *a, uri_piece_list *pieces, struct str text, bool variable)
{
    if (text.len > 0)
        *list_push(a, pieces) = (struct uri_piece){.text = text, .variable = variable};
}

/* Each {name} becomes a piece of its own. */
static const char *take_apart(struct arena *a, struct str text, uri_piece_list *pieces)
{
    for (;;) {
        size_t open = str_find(text, '{');
        struct str literal = str_head(text, open);
        if (str_find(literal, '}') < literal.len)
            return "a '}' without its '{'";
        if (!uri_escapes_are_valid(literal))
            return "a '%' without two hexadecimal digits";
        add(a, pieces, literal, false);
        if (open == text.len)
            return NULL;
        if (literal.len > 0 && literal.at[literal.len - 1] == '$')
            return "of ${…}, the URI of an integration has ${stageVariables.NAME} alone";

        struct str rest = str_skip(text, open + 1);
        size_t close = str_find(rest, '}');
        struct str name = str_head(rest, close);
        const char *problem = close == rest.len ? "a '{' without its '}'" : name_problem(name);
        if (problem)
            return problem;
        add(a, pieces, name, true);
        text = str_skip(rest, close + 1);
    }
}

/* Between "://" and the path. */
static bool has_brace_before_path(struct str text)
{
    size_t begin = str_find_str(text, STR("://"));
    struct str authority = str_skip(text, begin + 3);
    size_t end = begin == text.len ? text.len : begin + 3 + str_find(authority, '/');
    return str_find(str_head(text, end), '{') < end;
}

struct uri_template *uri_template_compile(struct arena *a, struct str text, const char **ret_why)
{
    struct uri_template *template = arena_new(a, struct uri_template);
    if (has_brace_before_path(text))
        *ret_why = "a variable of the path cannot stand in the scheme, host or port: "
                   "${stageVariables.NAME} can";
    else if (!uri_parse(text, &template->uri))
        *ret_why = "no absolute http:// or https:// URL";
    else if (!(*ret_why = take_apart(a, template->uri.path, &template->path)) &&
             !(*ret_why = take_apart(a, template->uri.query, &template->query)))
        return template;
    return NULL;
}
