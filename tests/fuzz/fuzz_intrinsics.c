/* SPDX-License-Identifier: Apache-2.0 */
/* Every input is a document whose value is a text with CloudFormation's functions in it. What they
 * yield is bounded, the same every time, and refused with a reason or not at all. */
#include "../../src/load/intrinsics.h"

#include "turnpike/model/builder.h"

#include "fuzz.h"

#define YIELD_MAX ((size_t)1024 * 1024 + 64 * 8192) /* 1 MiB, and AWS variables become longer */

static void set_up(struct builder *b, struct api **ret_api)
{
    b->snapshot->settings.aws_region = STR("us-east-1");
    b->snapshot->settings.account_id = STR("123456789012");
    (void)builder_add_function(b, (struct position){0}, STR("todo"));
    *ret_api = builder_add_api(b, (struct position){0}, STR("a"));
    *list_push(&b->snapshot->arena, &(*ret_api)->definition_parameters) =
        (struct variable){STR("Table"), STR("todos")};
    *list_push(&b->snapshot->arena, &(*ret_api)->definition_parameters) =
        (struct variable){STR("Empty"), STR("")};
}

/* A text without a variable or function stands for itself. */
static void check_plain(const struct doc *node, struct str text)
{
    bool scalar = node->kind != DOC_MAP && node->kind != DOC_LIST;
    if (scalar && node->tag.len == 0 && str_find_str(node->text, STR("${")) == node->text.len)
        REQUIRE(str_eq(text, node->text));
}

static void check(const struct intrinsics *in, const struct doc *node)
{
    struct str text = {NULL, 0}, again = {NULL, 0};
    size_t before = in->diag->error_count;
    bool read = intrinsics_text(in, node, &text);
    size_t errors = in->diag->error_count - before;
    REQUIRE(read == (errors == 0));
    if (!read)
        return;
    REQUIRE(text.len <= YIELD_MAX);
    check_plain(node, text);
    REQUIRE(intrinsics_text(in, node, &again) && str_eq(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag;
    struct builder b;
    struct api *api;
    diag_init(&diag);
    builder_init(&b, &diag);
    set_up(&b, &api);
    const struct doc *root =
        doc_parse(&b.snapshot->arena, &diag, "fuzz.yaml", fuzz_input(data, size));
    struct intrinsics in = {
        .arena = &b.snapshot->arena, .diag = &diag, .snapshot = b.snapshot, .api = api};
    if (root) {
        (void)intrinsics_name(&in, root);
        check(&in, root);
        if (intrinsics_name(&in, root).len > 0)
            intrinsics_refuse(&in, root);
    }
    snapshot_unref(builder_finish(&b));
    diag_release(&diag);
    return 0;
}
