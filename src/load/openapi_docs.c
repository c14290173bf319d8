/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of docs: one for each file, so that no variable of the document's own takes them. */
#include "docs_files.h"
#include "openapi_import.h"
#include "turnpike/base/gzip.h"

#define GZIP_MIN 1024 /* less is not worth it */

static struct str path_of(struct definition *d, struct str name)
{
    struct str base = d->api->docs_path.text;
    if (name.len == 0)
        return base;
    return arena_printf(d->arena, "%" STR_F "/%" STR_F, STR_A(base), STR_A(name));
}

/* /docs/{name}, which would lose some of its names without anybody's noticing. More general ones
 * ({proxy+}, ANY, $default) give way to ours as they do to every route. */
static bool is_variable_below(struct str template, struct str base)
{
    struct str below = str_skip(template, base.len);
    return str_starts_with(template, base) && str_starts_with(below, STR("/{")) &&
           str_find(str_skip(below, 1), '/') == below.len - 1 && !str_ends_with(below, STR("+}"));
}

static bool clashes(struct definition *d, const struct route *route, const docs_file_list *files)
{
    if (!str_is(route->method, "GET"))
        return false;
    FOR_EACH_IN (file, files)
        if (str_eq(route->path, path_of(d, file->name)))
            return true;
    return is_variable_below(route->path, d->api->docs_path.text);
}

static bool check_clashes(struct definition *d, const docs_file_list *files)
{
    bool good = true;
    FOR_EACH_IN (route, &d->api->routes) {
        if (!clashes(d, *route, files))
            continue;
        good = false;
        diag_error(d->diag, d->api->docs_path.at,
                   "docs at '%" STR_F "' clash with the route '%" STR_F "' at %s:%u",
                   STR_A(d->api->docs_path.text), STR_A((*route)->key), (*route)->at.file,
                   (*route)->at.line);
    }
    return good;
}

static void add_route(struct definition *d, const struct docs_file *file)
{
    struct position at = d->api->docs_path.at;
    struct integration *integration = builder_add_integration(d->builder, d->api, at);
    struct route *route =
        builder_add_route(d->builder, d->api, at, STR("GET"), path_of(d, file->name));
    integration->type = INTEGRATION_DOCS;
    integration->docs_file = file;
    if (route)
        route->integration = integration;
}

static struct docs_file document(struct definition *d)
{
    size_t depth = 0;
    struct str rest = str_skip(d->api->docs_path.text, 1), segment;
    while (str_split(&rest, '/', &segment))
        depth++;
    struct str text = openapi_public_document(d, depth);
    struct docs_file file = {.name = STR(DOCS_DOCUMENT),
                             .content_type = STR("application/json"),
                             .plain = docs_form_of(d->arena, text)};
    if (text.len >= GZIP_MIN)
        file.gzip = docs_form_of(d->arena, gzip_compress(d->arena, text));
    return file;
}

void openapi_add_docs(struct definition *d)
{
    if (!docs_files_load(d->builder, d->api->docs_path.at))
        return;
    docs_file_list files = {0};
    FOR_EACH_IN (file, &d->builder->snapshot->docs_files)
        *list_push(d->arena, &files) = *file;
    *list_push(d->arena, &files) = document(d);
    if (!check_clashes(d, &files))
        return;
    FOR_EACH_IN (file, &files)
        add_route(d, file);
}
