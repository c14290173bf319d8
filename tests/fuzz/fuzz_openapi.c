/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the import to its promises: what it accepts is complete, what it does not accept it says.
 */
#include "turnpike/load/openapi.h"

#include "fuzz.h"
#include "turnpike/base/json.h"

/* What is told everybody is JSON, whatever the document was. */
static void check_docs(const struct route *route)
{
    const struct docs_file *file = route->integration->docs_file;
    struct json_reader reader;
    REQUIRE(file);
    if (!str_is(file->name, "openapi.json"))
        return;
    json_reader_init(&reader, file->plain.body, NULL);
    REQUIRE(json_skip(&reader, NULL) && json_finish(&reader));
}

static void add_docs(struct builder *b, struct api *api)
{
    struct docs_file *page = list_push(&b->snapshot->arena, &b->snapshot->docs_files);
    page->name = STR("");
    api->docs_path = (struct written){STR("/docs"), {"turnpike.yaml", 1, 1}};
}

static void check_complete(const struct api *api)
{
    REQUIRE(api->name.at);
    FOR_EACH_IN (authorizer, &api->authorizers)
        REQUIRE((*authorizer)->issuer.len > 0 && (*authorizer)->audience.count > 0);
    FOR_EACH_IN (route, &api->routes) {
        REQUIRE((*route)->integration);
        if ((*route)->integration->type == INTEGRATION_DOCS)
            check_docs(*route);
        else
            REQUIRE((*route)->integration->uri.text.len > 0);
        REQUIRE((*route)->scopes.count == 0 || (*route)->authorizer);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag;
    struct builder b;
    diag_init(&diag);
    builder_init(&b, &diag);
    b.snapshot->settings.aws_region = STR("us-east-1");
    b.snapshot->settings.account_id = STR("123456789012");
    (void)builder_add_function(&b, (struct position){0}, STR("todo"));
    struct api *api = builder_add_api(&b, (struct position){0}, STR("a"));
    (void)builder_add_stage(&b, api, (struct position){0}, STR("$default"));
    api->protocol_written = size % 2;
    if (size % 4 < 2)
        add_docs(&b, api);
    *list_push(&b.snapshot->arena, &api->allow_unenforced) = (struct written){STR("open"), {0}};

    const struct doc *root =
        doc_parse(&b.snapshot->arena, &diag, "fuzz.yaml", fuzz_input(data, size));
    bool read = root && openapi_read(&b, api, root);
    REQUIRE(read == (diag.error_count == 0));
    if (read)
        check_complete(api);
    snapshot_unref(builder_finish(&b));
    diag_release(&diag);
    return 0;
}
