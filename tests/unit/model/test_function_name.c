/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/function_name.h"

#include "testing.h"

#define INVOKE(arn)                                                                                \
    "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" arn "/invocations"
#define ARN "arn:aws:lambda:eu-west-1:123456789012:function:"

static const struct {
    const char *name, *uri;
    bool legal;
    const char *function, *qualifier, *region;
} cases[] = {
    {"an invocation ARN", INVOKE(ARN "todo"), true, "todo", "", "eu-west-1"},
    {"with an alias", INVOKE(ARN "todo:live"), true, "todo", "live", "eu-west-1"},
    {"with a version", INVOKE(ARN "todo:7"), true, "todo", "7", "eu-west-1"},
    {"with $LATEST", INVOKE(ARN "todo:$LATEST"), true, "todo", "$LATEST", "eu-west-1"},
    {"an old export's double slash",
     "arn:aws:apigateway:us-east-1:lambda:path//2015-03-31/functions/" ARN "f/invocations", true,
     "f", "", "eu-west-1"},
    {"a bare ARN", ARN "todo", true, "todo", "", "eu-west-1"},
    {"another partition", "arn:aws-cn:lambda:cn-north-1:123456789012:function:f", true, "f", "",
     "cn-north-1"},
    {"a name", "todo", true, "todo", "", ""},
    {"a name with a qualifier", "todo:live", true, "todo", "live", ""},
    {"a partial ARN", "123456789012:function:todo", true, "todo", "", ""},
    {"a shorter one", "function:todo:live", true, "todo", "live", ""},
    {"empty", "", false, "", "", ""},
    {"an empty qualifier", "todo:", false, "", "", ""},
    {"an empty name in an ARN", ARN, false, "", "", ""},
    {"another service's ARN", "arn:aws:sqs:eu-west-1:123456789012:queue", false, "", "", ""},
    {"a URL", "https://example.com/x", false, "", "", ""},
    {"white space", "to do", false, "", "", ""},
};

static void reads(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct function_name name;
        bool read = function_name_parse(str_from(c->uri), &name);
        CHECK_CASE(c, read == c->legal, "%s", c->uri);
        if (!read)
            continue;
        CHECK_CASE(c, str_is(name.name, c->function), "got %" STR_F, STR_A(name.name));
        CHECK_CASE(c, str_is(name.qualifier, c->qualifier), "got %" STR_F, STR_A(name.qualifier));
        CHECK_CASE(c, str_is(name.region, c->region), "got %" STR_F, STR_A(name.region));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
