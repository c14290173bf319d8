"""A chat as AWS's sample in Python has it: one function for all routes, and boto3."""
import json
import os

import boto3

table = boto3.resource("dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT"]).Table(os.environ["TABLE_NAME"])


def client_of(context):
    if os.environ.get("IDIOM") == "none":
        return boto3.client("apigatewaymanagementapi")
    domain, stage = context["domainName"], context["stage"]
    return boto3.client("apigatewaymanagementapi", endpoint_url="https://" + domain + "/" + stage)


def send(context, text):
    client = client_of(context)
    for row in table.scan(ProjectionExpression="connectionId")["Items"]:
        try:
            client.post_to_connection(ConnectionId=row["connectionId"], Data=text.encode())
        except client.exceptions.GoneException:
            table.delete_item(Key=row)


def handler(event, context):
    request = event["requestContext"]
    row = {"connectionId": request["connectionId"]}
    if request["routeKey"] == "$connect":
        table.put_item(Item={**row, "name": (event.get("queryStringParameters") or {}).get("name", "guest")})
    elif request["routeKey"] == "$disconnect":
        table.delete_item(Key=row)
    else:
        send(request, json.loads(event["body"])["data"])
    return {"statusCode": 200, "body": "All have it."}
