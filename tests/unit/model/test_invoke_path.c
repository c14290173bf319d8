/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/invoke_path.h"

#include "testing.h"

static const struct {
    const char *name, *path;
    enum invoke_operation operation;
    const char *function;
} paths[] = {
    {"a name", "/2015-03-31/functions/todo/invocations", INVOKE_FUNCTION, "todo"},
    {"an encoded one", "/2015-03-31/functions/a%3Ab/invocations", INVOKE_FUNCTION, "a%3Ab"},
    {"an ARN", "/2015-03-31/functions/arn:aws:lambda:x/invocations", INVOKE_FUNCTION,
     "arn:aws:lambda:x"},
    {"a function of that name", "/2015-03-31/functions/invocations/invocations", INVOKE_FUNCTION,
     "invocations"},
    {"the older call", "/2014-11-13/functions/todo/invoke-async/", INVOKE_ASYNC, "todo"},
    {"without its slash", "/2014-11-13/functions/todo/invoke-async", INVOKE_ASYNC, "todo"},
    {"a stream", "/2021-11-15/functions/todo/response-streaming-invocations", INVOKE_STREAMING,
     "todo"},
    {"no name", "/2015-03-31/functions//invocations", INVOKE_OPERATION_UNKNOWN, NULL},
    {"neither name nor slash", "/2015-03-31/functions/invocations", INVOKE_OPERATION_UNKNOWN, NULL},
    {"two names", "/2015-03-31/functions/a/b/invocations", INVOKE_OPERATION_UNKNOWN, NULL},
    {"a slash behind", "/2015-03-31/functions/a/invocations/", INVOKE_OPERATION_UNKNOWN, NULL},
    {"another date", "/2015-03-30/functions/a/invocations", INVOKE_OPERATION_UNKNOWN, NULL},
    {"a date of another call", "/2014-11-13/functions/a/invocations", INVOKE_OPERATION_UNKNOWN,
     NULL},
    {"another call", "/2015-03-31/functions/a", INVOKE_OPERATION_UNKNOWN, NULL},
    {"the root", "/", INVOKE_OPERATION_UNKNOWN, NULL},
    {"nothing", "", INVOKE_OPERATION_UNKNOWN, NULL},
};

static void reads_paths(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, paths) {
        struct str function = {0};
        CHECK_CASE(c, invoke_path_read(str_from(c->path), &function) == c->operation, "%s",
                   c->path);
        CHECK_CASE(c, str_eq(function, str_from(c->function)), "got '%" STR_F "'", STR_A(function));
    }
}

#define ARN "arn:aws:lambda:us-east-1:123456789012:function:"
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10

static const struct {
    const char *name, *text;
    bool legal;
    const char *function, *qualifier, *region, *account;
} names[] = {
    {"a name", "todo", true, "todo", "", "", ""},
    {"every sign of one", "a-Z_0.9", true, "a-Z_0.9", "", "", ""},
    {"with an alias", "todo:live", true, "todo", "live", "", ""},
    {"with a version", "todo:7", true, "todo", "7", "", ""},
    {"with $LATEST", "todo:$LATEST", true, "todo", "$LATEST", "", ""},
    {"with what is published", "todo:$LATEST.PUBLISHED", true, "todo", "$LATEST.PUBLISHED", "", ""},
    {"with another $", "todo:$latest", false, "", "", "", ""},
    {"with a point in its alias", "todo:a.b", false, "", "", "", ""},
    {"of an account", "123456789012:function:todo", true, "todo", "", "", "123456789012"},
    {"of an account, with an alias", "123456789012:function:todo:live", true, "todo", "live", "",
     "123456789012"},
    {"of an account, without the word", "123456789012:todo", true, "todo", "", "", "123456789012"},
    {"an account alone is a name", "123456789012", true, "123456789012", "", "", ""},
    {"an account of eleven digits is a name", "12345678901:todo", true, "12345678901", "todo", "",
     ""},
    {"an account of letters is a name", "12345678901x:todo", true, "12345678901x", "todo", "", ""},
    {"an ARN", ARN "todo", true, "todo", "", "us-east-1", "123456789012"},
    {"an ARN with an alias", ARN "todo:live", true, "todo", "live", "us-east-1", "123456789012"},
    {"an ARN with $LATEST", ARN "todo:$LATEST", true, "todo", "$LATEST", "us-east-1",
     "123456789012"},
    {"another partition", "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f", true, "f",
     "", "us-gov-west-1", "123456789012"},
    {"no partition", "arn::lambda:us-east-1:123456789012:function:f", true, "f", "", "us-east-1",
     "123456789012"},
    {"a region alone", "us-east-1:f", true, "f", "", "us-east-1", ""},
    {"a region of an isolated division", "us-isob-east-1:f", true, "f", "", "us-isob-east-1", ""},
    {"a region of Europe's own", "eusc-de-east-1:f", true, "f", "", "eusc-de-east-1", ""},
    {"a region of a place called iso", "us-iso-1:f", true, "f", "", "us-iso-1", ""},
    {"a region without number is a name", "us-east:f", true, "us-east", "f", "", ""},
    {"a region with two digits is a name", "us-east-12:f", true, "us-east-12", "f", "", ""},
    {"the word", "function:todo", true, "todo", "", "", ""},
    {"the word, with an alias", "function:todo:live", true, "todo", "live", "", ""},
    {"the word alone is a name", "function", true, "function", "", "", ""},
    {"the word with $LATEST is a name", "function:$LATEST", true, "function", "$LATEST", "", ""},
    {"an ARN without a name", ARN, false, "", "", "", ""},
    {"an ARN cut off", "arn:aws:lambda:", false, "", "", "", ""},
    {"a foreign partition", "arn:gcp:lambda:us-east-1:123456789012:function:f", false, "", "", "",
     ""},
    {"another service's ARN", "arn:aws:sqs:us-east-1:123456789012:function:f", false, "", "", "",
     ""},
    {"another resource is a name too", "arn:aws:lambda:us-east-1:123456789012:layer:f", true,
     "layer", "f", "us-east-1", "123456789012"},
    {"too many parts", "todo:live:more", false, "", "", "", ""},
    {"an empty qualifier", "todo:", false, "", "", "", ""},
    {"nothing", "", false, "", "", "", ""},
    {"white space", "to do", false, "", "", "", ""},
    {"a slash", "a/b", false, "", "", "", ""},
    {"beyond ASCII",
     "t\xc3\xb6"
     "do",
     false, "", "", "", ""},
    {"170 characters", X50 X50 X50 X10 X10, true, X50 X50 X50 X10 X10, "", "", ""},
    {"171 characters", X50 X50 X50 X10 X10 "x", false, "", "", "", ""},
};

static void reads_names(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, names) {
        struct function_name got = {0};
        CHECK_CASE(c, invoke_name_read(str_from(c->text), &got) == c->legal, "%s", c->text);
        CHECK_CASE(c, str_is(got.name, c->function), "name '%" STR_F "'", STR_A(got.name));
        CHECK_CASE(c, str_is(got.qualifier, c->qualifier), "qualifier '%" STR_F "'",
                   STR_A(got.qualifier));
        CHECK_CASE(c, str_is(got.region, c->region), "region '%" STR_F "'", STR_A(got.region));
        CHECK_CASE(c, str_is(got.account, c->account), "account '%" STR_F "'", STR_A(got.account));
    }
}

static void a_name_may_hold_no_nul(void **state)
{
    (void)state;
    struct function_name name;
    assert_false(invoke_name_read(STR("to\0do"), &name));
    assert_false(invoke_qualifier_is(STR("li\0ve")));
}

static const struct {
    const char *name, *query, *qualifier; /* NULL: none */
    bool legal;
} queries[] = {
    {"none", "", NULL, false},
    {"another parameter", "qualifier=live", NULL, false},
    {"an alias", "Qualifier=live", "live", true},
    {"$LATEST, encoded", "x=y&Qualifier=%24LATEST", "$LATEST", true},
    {"an encoded name", "%51ualifier=7", "7", true},
    {"small letters", "Qualifier=$latest", "$latest", true},
    {"what is published", "Qualifier=$LATEST.PUBLISHED", "$LATEST.PUBLISHED", true},
    {"an empty one", "Qualifier=", "", false},
    {"a point", "Qualifier=a.b", "a.b", false},
    {"a space", "Qualifier=a+b", "a b", false},
    {"the first of two", "Qualifier=a&Qualifier=b", "a", true},
    {"128 characters", "Qualifier=" X50 X50 X10 X10 "xxxxxxxx", X50 X50 X10 X10 "xxxxxxxx", true},
    {"129 characters", "Qualifier=" X50 X50 X10 X10 "xxxxxxxxx", X50 X50 X10 X10 "xxxxxxxxx",
     false},
};

static void reads_qualifiers(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    FOR_EACH_CASE (c, queries) {
        struct str got = invoke_query_qualifier(&a, str_from(c->query));
        CHECK_CASE(c, (got.at != NULL) == (c->qualifier != NULL), "is there");
        CHECK_CASE(c, str_eq(got, str_from(c->qualifier)), "got '%" STR_F "'", STR_A(got));
        CHECK_CASE(c, invoke_qualifier_is(got) == c->legal, "is one");
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_paths),
        cmocka_unit_test(reads_names),
        cmocka_unit_test(a_name_may_hold_no_nul),
        cmocka_unit_test(reads_qualifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
