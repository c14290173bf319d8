/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../src/load/intrinsics.h"

#include "openapi_fixture.h"

#define TODO_ARN    "arn:aws:lambda:us-east-1:123456789012:function:todo"
#define PARAMETERS  "definitionParameters can give it a value"
#define ATTRIBUTES  "only NAME.Arn, of a function, is known; " PARAMETERS
#define UNSUPPORTED " is not supported: write what it yields, or a definition parameter"

#define YIELDS(name, document, text)                                                               \
    {                                                                                              \
        name, document, text, ""                                                                   \
    }
#define REFUSES(name, document, findings)                                                          \
    {                                                                                              \
        name, document, NULL, findings                                                             \
    }

/* Each document has its value under `v`, which begins at 1:4. */
static const struct {
    const char *name;
    const char *document;
    const char *want; /* NULL: refused */
    const char *findings;
} cases[] = {
    YIELDS("a plain string", "v: todo", "todo"),
    YIELDS("a number, as it was written", "v: 1.0", "1.0"),
    YIELDS("AWS variables of a plain string",
           "v: arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:todo",
           TODO_ARN),
    YIELDS("others stay in a plain string", "v: ${Table} ${AWS::URLSuffix} ${stageVariables.x} ${",
           "${Table} ${AWS::URLSuffix} ${stageVariables.x} ${"),

    YIELDS("!Ref of a parameter", "v: !Ref Table", "todos"),
    YIELDS("Ref by key", "v: {Ref: Table}", "todos"),
    YIELDS("Ref in JSON", "{\"v\": {\"Ref\": \"Table\"}}", "todos"),
    YIELDS("Ref of a function is its name", "v: !Ref todo", "todo"),
    YIELDS("Ref of the region", "v: !Ref AWS::Region", "us-east-1"),
    YIELDS("Ref of the account", "v: !Ref AWS::AccountId", "123456789012"),
    YIELDS("Ref of the partition", "v: !Ref AWS::Partition", "aws"),
    YIELDS("Ref of the suffix", "v: !Ref AWS::URLSuffix", "amazonaws.com"),
    REFUSES("Ref of an unknown name", "v: !Ref Tabel",
            "1:4 error: unknown name 'Tabel': " PARAMETERS "; did you mean 'Table'?\n"),
    REFUSES("Ref of a pseudo parameter that is none", "v: !Ref AWS::StackName",
            "1:4 error: unknown name 'AWS::StackName': " PARAMETERS "\n"),
    REFUSES("Ref of no name", "v: !Ref [a]", "1:4 error: Ref takes a name\n"),

    YIELDS("!GetAtt", "v: !GetAtt todo.Arn", TODO_ARN),
    YIELDS("!GetAtt of a list", "v: !GetAtt [todo, Arn]", TODO_ARN),
    YIELDS("Fn::GetAtt", "v: {\"Fn::GetAtt\": [todo, Arn]}", TODO_ARN),
    YIELDS("a function that is not listed may be at the default endpoint", "v: !GetAtt other.Arn",
           "arn:aws:lambda:us-east-1:123456789012:function:other"),
    REFUSES("another attribute", "v: !GetAtt todo.Name",
            "1:4 error: unknown attribute 'todo.Name': " ATTRIBUTES "\n"),
    REFUSES("GetAtt of a map", "v: !GetAtt {a: b}",
            "1:4 error: Fn::GetAtt takes NAME.Arn, or a list of NAME and Arn\n"),

    YIELDS("!Sub", "v: !Sub a-${Table}-${todo.Arn}-${todo}", "a-todos-" TODO_ARN "-todo"),
    YIELDS("Fn::Sub by key", "v: {\"Fn::Sub\": \"${AWS::Region}/${Table}\"}", "us-east-1/todos"),
    YIELDS("Sub with a map of its own", "v: !Sub [\"${a}-${Table}\", {a: !Ref Table, Table: mine}]",
           "todos-mine"),
    YIELDS("Sub within Sub, twice",
           "v: !Sub [\"${a}${a}\", {a: !Sub [\"${b}${b}\", {b: !Ref Table}]}]",
           "todostodostodostodos"),
    REFUSES("what is wrong with a value is said once", "v: !Sub [\"${a}${a}\", {a: !Ref Tabel}]",
            "1:26 error: unknown name 'Tabel': " PARAMETERS "; did you mean 'Table'?\n"),
    YIELDS("an escaped variable", "v: !Sub ${!Literal}", "${Literal}"),
    YIELDS("API Gateway replaces what Sub leaves", "v: !Sub ${!AWS::Region}", "us-east-1"),
    YIELDS("stage variables belong to the stage", "v: !Sub function:${stageVariables.fn}",
           "function:${stageVariables.fn}"),
    YIELDS("a brace that never closes is text", "v: !Sub a${b", "a${b"),
    REFUSES("Sub with an unknown name", "v: !Sub ${Tabel}",
            "1:4 error: unknown name 'Tabel': " PARAMETERS "; did you mean 'Table'?\n"),
    REFUSES("Sub reports every unknown name", "v: !Sub ${qqqq}${zzzz.Foo}",
            "1:4 error: unknown name 'qqqq': " PARAMETERS "\n"
            "1:4 error: unknown attribute 'zzzz.Foo': " ATTRIBUTES "\n"),
    REFUSES("Sub of three", "v: !Sub [a, {}, c]",
            "1:4 error: Fn::Sub takes a string, or a list of a string and a map\n"),
    REFUSES("Sub of a function", "v: {\"Fn::Sub\": !Ref Table}",
            "1:16 error: Fn::Sub takes a string, or a list of a string and a map\n"),

    REFUSES("a function that is not supported", "v: !Join ['', [a, b]]",
            "1:4 error: Fn::Join" UNSUPPORTED "\n"),
    REFUSES("the same by key", "v: {\"Fn::ImportValue\": x}",
            "1:4 error: Fn::ImportValue" UNSUPPORTED "\n"),
    REFUSES("a condition", "v: !If [a, b, c]", "1:4 error: Fn::If" UNSUPPORTED "\n"),
    REFUSES("a function that nobody knows", "v: !Subs x",
            "1:4 error: unknown function Fn::Subs; did you mean Fn::Sub?\n"),
    REFUSES("a map that is no function", "v: {a: b}",
            "1:4 error: expected a string, found a map\n"),
    REFUSES("a list", "v: [a]", "1:4 error: expected a string, found a list\n"),
    REFUSES("nothing", "v:", "1:3 error: expected a string, found nothing\n"),
};

static void yields_text_or_says_why_not(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct fixture f;
        fixture_open(&f);
        struct arena *arena = &f.builder.snapshot->arena;
        const struct intrinsics in = {arena, &f.diag, f.builder.snapshot, f.api};
        struct str got = STR("");
        const struct doc *root = doc_parse(arena, &f.diag, "api.yaml", str_from(c->document));
        bool read = root && intrinsics_text(&in, doc_get(root, "v"), &got);
        CHECK_CASE(c, read == (c->want != NULL), "read: %d", read);
        CHECK_CASE(c, !c->want || str_is(got, c->want), "got '%" STR_F "'", STR_A(got));
        struct str findings = fixture_findings(&f);
        CHECK_CASE(c, str_is(findings, c->findings), "found '%" STR_F "'", STR_A(findings));
        fixture_close(&f);
    }
}

/* Each reference doubles the text: a bound stops it, not memory. */
static void what_sub_yields_is_bounded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct arena *arena = &f.builder.snapshot->arena;
    const struct intrinsics in = {arena, &f.diag, f.builder.snapshot, f.api};
    struct buf text = {0};
    buf_literal(&text, "v: !Sub ['");
    for (size_t i = 0; i < 1100; i++)
        buf_literal(&text, "${a}");
    buf_literal(&text, "', {a: ");
    for (size_t i = 0; i < 1024; i++)
        buf_append_char(&text, 'x');
    buf_literal(&text, "}]");
    const struct doc *root = doc_parse(arena, &f.diag, "api.yaml", buf_str(&text));
    struct str got;
    assert_non_null(root);
    assert_false(intrinsics_text(&in, doc_get(root, "v"), &got));
    assert_str_equal(fixture_findings(&f),
                     STR("1:10 error: what Fn::Sub yields is longer than 1 MiB\n"));
    buf_release(&text);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yields_text_or_says_why_not),
        cmocka_unit_test(what_sub_yields_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
