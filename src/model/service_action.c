/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/service_action.h"

#define REQUIRED true
#define OPTIONAL false

/* What API Gateway's clients get from SQS is XML, so it speaks the query protocol there. */
#define SQS_CONTENT_TYPE "application/x-www-form-urlencoded"
#define JSON_1_0         "application/x-amz-json-1.0"
#define JSON_1_1         "application/x-amz-json-1.1"

static const struct service_field get_configuration[] = {
    {"Application",                "Application",                  SERVICE_PATH, REQUIRED},
    {"ClientConfigurationVersion", "client_configuration_version", SERVICE_TEXT, OPTIONAL},
    {"ClientId",                   "client_id",                    SERVICE_TEXT, REQUIRED},
    {"Configuration",              "Configuration",                SERVICE_PATH, REQUIRED},
    {"Environment",                "Environment",                  SERVICE_PATH, REQUIRED},
};

static const struct service_field put_events[] = {
    {"Detail",       "Detail",       SERVICE_TEXT, REQUIRED},
    {"DetailType",   "DetailType",   SERVICE_TEXT, REQUIRED},
    {"EventBusName", "EventBusName", SERVICE_TEXT, OPTIONAL},
    {"Resources",    "Resources",    SERVICE_LIST, OPTIONAL},
    {"Source",       "Source",       SERVICE_TEXT, REQUIRED},
    {"Time",         "Time",         SERVICE_TIME, OPTIONAL},
    {"TraceHeader",  "TraceHeader",  SERVICE_TEXT, OPTIONAL},
};

static const struct service_field put_record[] = {
    {"Data",                      "Data",                      SERVICE_BASE64, REQUIRED},
    {"ExplicitHashKey",           "ExplicitHashKey",           SERVICE_TEXT,   OPTIONAL},
    {"PartitionKey",              "PartitionKey",              SERVICE_TEXT,   REQUIRED},
    {"SequenceNumberForOrdering", "SequenceNumberForOrdering", SERVICE_TEXT,   OPTIONAL},
    {"StreamName",                "StreamName",                SERVICE_TEXT,   REQUIRED},
};

static const struct service_field delete_message[] = {
    {"QueueUrl",      "QueueUrl",      SERVICE_TEXT, REQUIRED},
    {"ReceiptHandle", "ReceiptHandle", SERVICE_TEXT, REQUIRED},
};

static const struct service_field purge_queue[] = {
    {"QueueUrl", "QueueUrl", SERVICE_TEXT, REQUIRED},
};

static const struct service_field receive_message[] = {
    {"AttributeNames",          "AttributeName",           SERVICE_LIST,    OPTIONAL},
    {"MaxNumberOfMessages",     "MaxNumberOfMessages",     SERVICE_INTEGER, OPTIONAL},
    {"MessageAttributeNames",   "MessageAttributeName",    SERVICE_LIST,    OPTIONAL},
    {"QueueUrl",                "QueueUrl",                SERVICE_TEXT,    REQUIRED},
    {"ReceiveRequestAttemptId", "ReceiveRequestAttemptId", SERVICE_TEXT,    OPTIONAL},
    {"VisibilityTimeout",       "VisibilityTimeout",       SERVICE_INTEGER, OPTIONAL},
    {"WaitTimeSeconds",         "WaitTimeSeconds",         SERVICE_INTEGER, OPTIONAL},
};

static const struct service_field send_message[] = {
    {"DelaySeconds",            "DelaySeconds",           SERVICE_INTEGER,    OPTIONAL},
    {"MessageAttributes",       "MessageAttribute",       SERVICE_ATTRIBUTES, OPTIONAL},
    {"MessageBody",             "MessageBody",            SERVICE_TEXT,       REQUIRED},
    {"MessageDeduplicationId",  "MessageDeduplicationId", SERVICE_TEXT,       OPTIONAL},
    {"MessageGroupId",          "MessageGroupId",         SERVICE_TEXT,       OPTIONAL},
    {"MessageSystemAttributes", "MessageSystemAttribute", SERVICE_ATTRIBUTES, OPTIONAL},
    {"QueueUrl",                "QueueUrl",               SERVICE_TEXT,       REQUIRED},
};

static const struct service_field start_execution[] = {
    {"Input",           "input",           SERVICE_TEXT, OPTIONAL},
    {"Name",            "name",            SERVICE_TEXT, OPTIONAL},
    {"StateMachineArn", "stateMachineArn", SERVICE_TEXT, REQUIRED},
};

static const struct service_field start_sync_execution[] = {
    {"Input",           "input",           SERVICE_TEXT, OPTIONAL},
    {"Name",            "name",            SERVICE_TEXT, OPTIONAL},
    {"StateMachineArn", "stateMachineArn", SERVICE_TEXT, REQUIRED},
    {"TraceHeader",     "traceHeader",     SERVICE_TEXT, OPTIONAL},
};

static const struct service_field stop_execution[] = {
    {"Cause",        "cause",        SERVICE_TEXT, OPTIONAL},
    {"Error",        "error",        SERVICE_TEXT, OPTIONAL},
    {"ExecutionArn", "executionArn", SERVICE_TEXT, REQUIRED},
};

/* A field of every action. */
static const struct service_field region = {"Region", NULL, SERVICE_REGION, OPTIONAL};

/* Rows by protocol: subtype, what the service calls the action, its fields; then what few have. */
#define FIELDS(table) .fields = (table), .field_count = ARRAY_LENGTH(table)
#define SQS(subtype, name, fields)                                                                 \
    {                                                                                              \
        subtype, "sqs", SERVICE_QUERY, name, SQS_CONTENT_TYPE, FIELDS(fields)                      \
    }
#define JSON(subtype, service, name, content_type, fields, ...)                                    \
    {                                                                                              \
        subtype, service, SERVICE_JSON, name, content_type, FIELDS(fields), __VA_ARGS__            \
    }
#define STATES(subtype, name, fields, ...)                                                         \
    JSON(subtype, "states", "AWSStepFunctions." name, JSON_1_0, fields, __VA_ARGS__)
#define REST(subtype, service, path, table)                                                        \
    {                                                                                              \
        subtype, service, SERVICE_REST, path, FIELDS(table)                                        \
    }

/* clang-format off */
const struct service_action service_actions[] = {
    REST("AppConfig-GetConfiguration", "appconfig",
         "/applications/{Application}/environments/{Environment}/configurations/{Configuration}",
         get_configuration),
    JSON("EventBridge-PutEvents", "events", "AWSEvents.PutEvents", JSON_1_1, put_events,
         .list = "Entries"),
    JSON("Kinesis-PutRecord", "kinesis", "Kinesis_20131202.PutRecord", JSON_1_1, put_record),
    SQS("SQS-DeleteMessage", "DeleteMessage", delete_message),
    SQS("SQS-PurgeQueue", "PurgeQueue", purge_queue),
    SQS("SQS-ReceiveMessage", "ReceiveMessage", receive_message),
    SQS("SQS-SendMessage", "SendMessage", send_message),
    STATES("StepFunctions-StartExecution", "StartExecution", start_execution),
    STATES("StepFunctions-StartSyncExecution", "StartSyncExecution", start_sync_execution,
           .host_prefix = "sync-"),
    STATES("StepFunctions-StopExecution", "StopExecution", stop_execution),
};
/* clang-format on */
const size_t service_action_count = ARRAY_LENGTH(service_actions);

const char *const service_names[SERVICE_NAME_COUNT] = {
    "appconfig", "events", "kinesis", "sqs", "states",
};

const struct service_action *service_action_find(struct str subtype)
{
    FOR_EACH (action, service_actions, service_action_count)
        if (str_is(subtype, action->subtype))
            return action;
    return NULL;
}

const struct service_field *service_action_field(const struct service_action *action,
                                                 struct str name)
{
    FOR_EACH (field, action->fields, action->field_count)
        if (str_is(name, field->name))
            return field;
    return str_is(name, region.name) ? &region : NULL;
}
