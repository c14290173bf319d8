/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of services' actions, as tests/e2e/services.test.mjs compares them with those of
 * AWS's own SDK. */
#include "turnpike/backend/service_request.h"

#include "testing.h"

#define FORM "Action=SendMessage&Version=2012-11-05&"
#define QUEUE                                                                                      \
    {"QueueUrl", "http://q/1/a"},                                                                  \
    {                                                                                              \
        "MessageBody", "b"                                                                         \
    }
#define EVENT                                                                                      \
    {"Source", "s"}, {"DetailType", "t"},                                                          \
    {                                                                                              \
        "Detail", "{}"                                                                             \
    }
#define ENTRY "{\"Entries\":[{\"Detail\":\"{}\",\"DetailType\":\"t\","

/* clang-format off */
static const struct {
    const char *name, *subtype;
    struct {
        const char *name, *value;
    } parameters[7];
    const char *want; /* "PATH[?QUERY] BODY", or why it cannot be written */
} cases[] = {
    /* forms */
    {"a message", "SQS-SendMessage", {QUEUE},
     "/ " FORM "MessageBody=b&QueueUrl=http%3A%2F%2Fq%2F1%2Fa"},
    {"all that a form must escape", "SQS-SendMessage",
     {{"QueueUrl", "q"}, {"MessageBody", "a&b=c+d e%\n\"\xc3\xa9~-._"}},
     "/ " FORM "MessageBody=a%26b%3Dc%2Bd%20e%25%0A%22%C3%A9~-._&QueueUrl=q"},
    {"what tries to be another parameter", "SQS-SendMessage",
     {{"QueueUrl", "q"}, {"MessageBody", "b&DelaySeconds=900"}},
     "/ " FORM "MessageBody=b%26DelaySeconds%3D900&QueueUrl=q"},
    {"numbers", "SQS-SendMessage", {{"DelaySeconds", "5"}, {"QueueUrl", "q"}, {"MessageBody", "b"}},
     "/ " FORM "DelaySeconds=5&MessageBody=b&QueueUrl=q"},
    {"no number", "SQS-SendMessage",
     {{"DelaySeconds", "5s"}, {"QueueUrl", "q"}, {"MessageBody", "b"}},
     "the value of DelaySeconds is not an integer"},
    {"attributes", "SQS-SendMessage",
     {{"MessageAttributes", "{\"a\": {\"DataType\": \"String\", \"StringValue\": \"x y\"},"
                            " \"b\": {\"DataType\": \"Number\", \"StringValue\": 7},"
                            " \"c\": {\"BinaryValue\": \"AA==\", \"DataType\": \"Binary\", \"x\": [1]}}"},
      {"QueueUrl", "q"}, {"MessageBody", "b"}},
     "/ " FORM "MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=String&"
     "MessageAttribute.1.Value.StringValue=x%20y&MessageAttribute.2.Name=b&"
     "MessageAttribute.2.Value.DataType=Number&MessageAttribute.2.Value.StringValue=7&"
     "MessageAttribute.3.Name=c&MessageAttribute.3.Value.DataType=Binary&"
     "MessageAttribute.3.Value.BinaryValue=AA%3D%3D&MessageBody=b&QueueUrl=q"},
    {"no attributes at all", "SQS-SendMessage",
     {{"MessageAttributes", "{}"}, {"QueueUrl", "q"}, {"MessageBody", "b"}},
     "/ " FORM "MessageBody=b&QueueUrl=q"},
    {"system attributes", "SQS-SendMessage",
     {{"MessageSystemAttributes",
       "{\"AWSTraceHeader\": {\"DataType\": \"String\", \"StringValue\": \"Root=1\"}}"},
      {"QueueUrl", "q"}, {"MessageBody", "b"}},
     "/ " FORM "MessageBody=b&MessageSystemAttribute.1.Name=AWSTraceHeader&"
     "MessageSystemAttribute.1.Value.DataType=String&"
     "MessageSystemAttribute.1.Value.StringValue=Root%3D1&QueueUrl=q"},
    {"an attribute without its type", "SQS-SendMessage",
     {{"MessageAttributes", "{\"a\": {\"StringValue\": \"x\"}}"}, {"QueueUrl", "q"}, {"MessageBody", "b"}},
     "the value of MessageAttributes is not a JSON object of attributes with their DataType"},
    {"attributes that are no JSON", "SQS-SendMessage",
     {{"MessageAttributes", "{\"a\": {\"DataType\": \"String\"}"}, {"QueueUrl", "q"}, {"MessageBody", "b"}},
     "the value of MessageAttributes is not a JSON object of attributes with their DataType"},
    {"attributes that are a list", "SQS-SendMessage",
     {{"MessageAttributes", "[]"}, {"QueueUrl", "q"}, {"MessageBody", "b"}},
     "the value of MessageAttributes is not a JSON object of attributes with their DataType"},
    {"a message for a FIFO queue", "SQS-SendMessage",
     {QUEUE, {"MessageGroupId", "g"}, {"MessageDeduplicationId", "d"}},
     "/ " FORM "MessageBody=b&MessageDeduplicationId=d&MessageGroupId=g&"
     "QueueUrl=http%3A%2F%2Fq%2F1%2Fa"},
    {"receiving", "SQS-ReceiveMessage",
     {{"QueueUrl", "q"}, {"MaxNumberOfMessages", "10"}, {"WaitTimeSeconds", "0"},
      {"VisibilityTimeout", "30"}, {"ReceiveRequestAttemptId", "r"}},
     "/ Action=ReceiveMessage&Version=2012-11-05&MaxNumberOfMessages=10&QueueUrl=q&"
     "ReceiveRequestAttemptId=r&VisibilityTimeout=30&WaitTimeSeconds=0"},
    {"lists as JSON, lists with commas", "SQS-ReceiveMessage",
     {{"QueueUrl", "q"}, {"AttributeNames", " [\"All\", \"SentTimestamp\"]"},
      {"MessageAttributeNames", "a, b.*"}},
     "/ Action=ReceiveMessage&Version=2012-11-05&AttributeName.1=All&"
     "AttributeName.2=SentTimestamp&MessageAttributeName.1=a&MessageAttributeName.2=b.%2A&"
     "QueueUrl=q"},
    {"a list of numbers", "SQS-ReceiveMessage", {{"QueueUrl", "q"}, {"AttributeNames", "[1]"}},
     "the value of AttributeNames is not a list of strings"},
    {"a list that does not end", "SQS-ReceiveMessage", {{"QueueUrl", "q"}, {"AttributeNames", "[\"a\""}},
     "the value of AttributeNames is not a list of strings"},
    {"deleting", "SQS-DeleteMessage", {{"QueueUrl", "q"}, {"ReceiptHandle", "AQ+/=="}},
     "/ Action=DeleteMessage&Version=2012-11-05&QueueUrl=q&ReceiptHandle=AQ%2B%2F%3D%3D"},
    {"purging", "SQS-PurgeQueue", {{"QueueUrl", "q"}},
     "/ Action=PurgeQueue&Version=2012-11-05&QueueUrl=q"},

    /* objects */
    {"an event", "EventBridge-PutEvents", {EVENT}, "/ " ENTRY "\"Source\":\"s\"}]}"},
    {"all of an event", "EventBridge-PutEvents",
     {EVENT, {"EventBusName", "b"}, {"Resources", "arn:a,arn:b"}, {"TraceHeader", "Root=1"},
      {"Time", "2020-03-04T19:03:58Z"}},
     "/ " ENTRY "\"EventBusName\":\"b\",\"Resources\":[\"arn:a\",\"arn:b\"],\"Source\":\"s\","
     "\"Time\":1583348638,\"TraceHeader\":\"Root=1\"}]}"},
    {"a time in seconds", "EventBridge-PutEvents", {EVENT, {"Time", "1583348638.39"}},
     "/ " ENTRY "\"Source\":\"s\",\"Time\":1583348638.39}]}"},
    {"a time with milliseconds", "EventBridge-PutEvents", {EVENT, {"Time", "2020-03-04T19:03:58.390Z"}},
     "/ " ENTRY "\"Source\":\"s\",\"Time\":1583348638.39}]}"},
    {"no time", "EventBridge-PutEvents", {EVENT, {"Time", "now"}},
     "the value of Time is not a time of RFC 3339 or in seconds since 1970"},
    {"JSON within JSON", "EventBridge-PutEvents",
     {{"Source", "s"}, {"DetailType", "t"}, {"Detail", "{\"a\": \"b\\n\"}"}},
     "/ {\"Entries\":[{\"Detail\":\"{\\\"a\\\": \\\"b\\\\n\\\"}\",\"DetailType\":\"t\","
     "\"Source\":\"s\"}]}"},
    {"what tries to be another member", "EventBridge-PutEvents",
     {{"Source", "s\",\"EventBusName\":\"other"}, {"DetailType", "t"}, {"Detail", "{}"}},
     "/ " ENTRY "\"Source\":\"s\\\",\\\"EventBusName\\\":\\\"other\"}]}"},
    {"a record", "Kinesis-PutRecord",
     {{"StreamName", "s"}, {"PartitionKey", "p"}, {"Data", "J0hlbGxvLCBXb3JsZCEnCg=="},
      {"ExplicitHashKey", "0"}, {"SequenceNumberForOrdering", "49"}},
     "/ {\"Data\":\"J0hlbGxvLCBXb3JsZCEnCg==\",\"ExplicitHashKey\":\"0\",\"PartitionKey\":\"p\","
     "\"SequenceNumberForOrdering\":\"49\",\"StreamName\":\"s\"}"},
    {"a record that is not in base64", "Kinesis-PutRecord",
     {{"StreamName", "s"}, {"PartitionKey", "p"}, {"Data", "hello!"}},
     "the value of Data is not base64"},
    {"starting", "StepFunctions-StartExecution", {{"StateMachineArn", "a"}, {"Input", "{\"a\": 1}"}, {"Name", "n"}},
     "/ {\"input\":\"{\\\"a\\\": 1}\",\"name\":\"n\",\"stateMachineArn\":\"a\"}"},
    {"starting and waiting", "StepFunctions-StartSyncExecution",
     {{"StateMachineArn", "a"}, {"TraceHeader", "Root=1"}},
     "/ {\"stateMachineArn\":\"a\",\"traceHeader\":\"Root=1\"}"},
    {"stopping", "StepFunctions-StopExecution", {{"ExecutionArn", "a"}, {"Cause", "c"}, {"Error", "e"}},
     "/ {\"cause\":\"c\",\"error\":\"e\",\"executionArn\":\"a\"}"},
    {"bytes that are no UTF-8", "StepFunctions-StopExecution", {{"ExecutionArn", "\xff"}},
     "/ {\"executionArn\":\"\xef\xbf\xbd\"}"},

    /* paths */
    {"a configuration", "AppConfig-GetConfiguration",
     {{"Application", "app"}, {"Environment", "prod"}, {"Configuration", "main"}, {"ClientId", "me"},
      {"ClientConfigurationVersion", "3"}},
     "/applications/app/environments/prod/configurations/main"
     "?client_configuration_version=3&client_id=me "},
    {"what a path must escape", "AppConfig-GetConfiguration",
     {{"Application", "a/b?c#d"}, {"Environment", "p q"}, {"Configuration", "%2F"}, {"ClientId", "a&b"}},
     "/applications/a%2Fb%3Fc%23d/environments/p%20q/configurations/%252F?client_id=a%26b "},
    {"what climbs", "AppConfig-GetConfiguration",
     {{"Application", ".."}, {"Environment", "p"}, {"Configuration", "c"}, {"ClientId", "a"}},
     "the value of Application is not a segment of a path"},
    {"what stays", "AppConfig-GetConfiguration",
     {{"Application", "a"}, {"Environment", "."}, {"Configuration", "c"}, {"ClientId", "a"}},
     "the value of Environment is not a segment of a path"},
    {"dots within a name", "AppConfig-GetConfiguration",
     {{"Application", "..."}, {"Environment", "a.b"}, {"Configuration", ".c"}, {"ClientId", "a"}},
     "/applications/.../environments/a.b/configurations/.c?client_id=a "},
};
/* clang-format on */

static const struct service_argument *arguments_of(size_t i, const struct service_action *action,
                                                   struct arena *arena)
{
    struct service_argument *arguments =
        arena_array(arena, struct service_argument, action->field_count);
    for (size_t k = 0; k < action->field_count; k++)
        arguments[k].field = &action->fields[k];
    FOR_EACH (p, cases[i].parameters, ARRAY_LENGTH(cases[i].parameters)) {
        if (!p->name)
            break;
        const struct service_field *field = service_action_field(action, str_from(p->name));
        assert_non_null(field);
        arguments[field - action->fields].value = str_from(p->value);
    }
    return arguments;
}

static struct str text_of(struct buf *out, const struct service_text *text)
{
    buf_append(out, buf_str(&text->path));
    if (buf_len(&text->query) > 0)
        buf_append_char(out, '?');
    buf_append(out, buf_str(&text->query));
    buf_append_char(out, ' ');
    buf_append(out, buf_str(&text->body));
    return buf_str(out);
}

static void writes_requests(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct arena arena;
        struct service_text text = {0};
        scoped_buf struct buf got = {0};
        struct str why;
        arena_init(&arena, 1024);
        const struct service_action *action = service_action_find(str_from(c->subtype));
        const struct service_argument *arguments =
            arguments_of((size_t)(c - cases), action, &arena);
        if (service_request_write(&text, action, arguments, &arena, &why))
            why = text_of(&got, &text);
        CHECK_CASE(c, str_is(why, c->want), "got %" STR_F, STR_A(why));
        service_text_release(&text);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
