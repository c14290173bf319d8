/* SPDX-License-Identifier: Apache-2.0 */
/* Integrations with AWS services: what is read of them, and what is wrong with them. */
#include "openapi_fixture.h"
#include "turnpike/model/service_action.h"

/* The integration's members begin at 6:9. */
#define DOCUMENT(members)                                                                          \
    "openapi: 3.0.1\ninfo: {title: t, version: '1'}\npaths:\n  /: {get: "                          \
    "{x-amazon-apigateway-integration: {\n        type: aws_proxy,\n        " members "}}}\n"
#define SEND(parameters)                                                                           \
    DOCUMENT("integrationSubtype: SQS-SendMessage,\n        requestParameters: {" parameters "}")
#define QUEUE "QueueUrl: 'http://q/1/a', MessageBody: $request.body"

static void with_endpoints(struct fixture *f)
{
    fixture_open(f);
    for (size_t i = 0; i < SERVICE_NAME_COUNT; i++)
        if (!str_is(str_from(service_names[i]), "states"))
            *list_push(&f->builder.snapshot->arena,
                       &f->builder.snapshot->settings.service_endpoints) =
                (struct service_endpoint){.name = str_from(service_names[i])};
}

/* clang-format off */
static const struct {
    const char *name, *document, *findings;
} problems[] = {
    {"nothing", SEND(QUEUE), ""},
    {"an unknown subtype", DOCUMENT("integrationSubtype: SQS-SendMesage"),
     "6:29 error: unknown integrationSubtype 'SQS-SendMesage'; did you mean 'SQS-SendMessage'?\n"},
    {"a subtype of nobody", DOCUMENT("integrationSubtype: DynamoDB-PutItem"),
     "6:29 error: unknown integrationSubtype 'DynamoDB-PutItem'\n"},
    {"a subtype that is no text", DOCUMENT("integrationSubtype: [a]"),
     "6:29 error: integrationSubtype is a list, expected a string\n"},
    {"a service without an endpoint",
     DOCUMENT("integrationSubtype: StepFunctions-StartExecution,\n"
              "        requestParameters: {StateMachineArn: a}"),
     "6:29 error: StepFunctions-StartExecution calls 'states', which has no endpoint: write "
     "'serviceEndpoints: {states: URL}' into the configuration\n"},
    {"no parameters", DOCUMENT("integrationSubtype: SQS-PurgeQueue"),
     "4:46 error: requestParameters of SQS-PurgeQueue lack 'QueueUrl', which is required\n"},
    {"parameters that are no map",
     DOCUMENT("integrationSubtype: SQS-PurgeQueue,\n        requestParameters: a"),
     "7:28 error: requestParameters is a string, expected a map\n"},
    {"a slip of the pen in a parameter", SEND(QUEUE ", DelaySecond: 1"),
     "7:83 error: SQS-SendMessage has no parameter 'DelaySecond'; did you mean 'DelaySeconds'?\n"},
    {"a parameter of another action", SEND(QUEUE ", Input: a"),
     "7:83 error: SQS-SendMessage has no parameter 'Input'\n"},
    {"mappings, which services do not have", SEND(QUEUE ", 'append:header.a': b"),
     "7:83 error: SQS-SendMessage has no parameter 'append:header.a'\n"},
    {"a source that there is not", SEND("QueueUrl: a, MessageBody: $request.bdy"),
     "7:55 error: MessageBody is '$request.bdy': no such source: there are request.header.NAME, "
     "request.querystring.NAME, request.body, request.path, request.path.NAME, context.NAME and "
     "stageVariables.NAME\n"},
    {"an empty parameter", SEND(QUEUE ", MessageGroupId: ''"),
     "7:83 error: MessageGroupId is empty\n"},
    {"a number is text", SEND(QUEUE ", DelaySeconds: 5"), ""},
    {"a region", SEND(QUEUE ", Region: eu-west-1"), ""},
    {"format 2.0", SEND(QUEUE "}, payloadFormatVersion: '2.0', x-a: {"),
     "7:106 error: payloadFormatVersion of a service is 1.0\n"},
    {"format 1.0", SEND(QUEUE "}, payloadFormatVersion: '1.0', x-a: {"), ""},
    {"the caller's credentials", SEND(QUEUE "}, credentials: 'arn:aws:iam::*:user/*', x-a: {"),
     "7:84 error: credentials 'arn:aws:iam::*:user/*' are the caller's own, which would decide what "
     "the call may do: not built yet\n"},
    {"a role", SEND(QUEUE "}, credentials: 'arn:aws:iam::123456789012:role/r', x-a: {"),
     "7:84 warning: 'credentials' has no effect: requests are signed as 'signWith' of the service "
     "in 'serviceEndpoints' says\n"},
    {"a role of the template", SEND(QUEUE "}, credentials: {'Fn::GetAtt': [Role, Arn]}, x-a: {"),
     "7:84 warning: 'credentials' has no effect: requests are signed as 'signWith' of the service "
     "in 'serviceEndpoints' says\n"},
    {"a uri", SEND(QUEUE "}, uri: 'arn:aws:apigateway:us-east-1:sqs:path/', x-a: {"),
     "7:84 warning: 'uri' has no effect beside integrationSubtype: the service is found in "
     "'serviceEndpoints'\n"},
};
/* clang-format on */

static void finds_problems(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, problems) {
        struct fixture f;
        with_endpoints(&f);
        bool read = fixture_read(&f, c->document);
        struct str findings = fixture_findings(&f);
        CHECK_CASE(c, str_is(findings, c->findings), "found '%" STR_F "'", STR_A(findings));
        CHECK_CASE(c, read == !strstr(c->findings, " error: "), "read: %d", read);
        fixture_close(&f);
    }
}

static void reads_parameters(void **state)
{
    (void)state;
    struct fixture f;
    with_endpoints(&f);
    assert_true(fixture_read(&f, SEND(QUEUE ", DelaySeconds: 5")));
    const struct integration *integration = f.api->routes.items[0]->integration;
    assert_string_equal(integration->action->subtype, "SQS-SendMessage");
    assert_int_equal(integration->parameters.count, 3);
    assert_str_equal(integration->parameters.items[1].name, STR("MessageBody"));
    assert_str_equal(integration->parameters.items[1].value->text, STR("$request.body"));
    assert_str_equal(integration->parameters.items[2].value->text, STR("5"));
    fixture_close(&f);
}

static void every_action_takes_its_own_parameters(void **state)
{
    (void)state;
    FOR_EACH (action, service_actions, service_action_count) {
        struct fixture f;
        scoped_buf struct buf text = {0};
        fixture_open(&f);
        *list_push(&f.builder.snapshot->arena, &f.builder.snapshot->settings.service_endpoints) =
            (struct service_endpoint){.name = str_from(action->service)};
        buf_printf(&text, DOCUMENT("integrationSubtype: %s, requestParameters: {Region: us-east-1"),
                   action->subtype);
        text.end -= strlen("}}}\n");
        FOR_EACH (field, action->fields, action->field_count)
            buf_printf(&text, ", %s: '1'", field->name);
        buf_printf(&text, "}}}}\n%c", 0);
        bool read = fixture_read(&f, text.data);
        if (!read || fixture_findings(&f).len > 0)
            fail_msg("%s: %" STR_F, text.data, STR_A(fixture_findings(&f)));
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_problems),
        cmocka_unit_test(reads_parameters),
        cmocka_unit_test(every_action_takes_its_own_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
