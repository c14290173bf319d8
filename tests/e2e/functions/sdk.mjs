// Functions that use AWS's SDK as it comes: no endpoint, no key, no region of their own.
import { ApiGatewayManagementApiClient, GetConnectionCommand, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

const attempts = { maxAttempts: 1 };
const told = (error) => ({ name: error.name, status: error.$metadata?.httpStatusCode ?? null, message: error.message });

// A route of a WebSocket API: sends back what came, by @connections. The endpoint is what AWS's own
// examples make of the event, or, where the message says so, what the environment says.
export async function chat({ body, requestContext: { connectionId, domainName, stage, routeKey } }) {
  if (routeKey !== "$default") return { statusCode: 200 };
  const { text, endpoint = `https://${domainName}/${stage}`, from } = JSON.parse(body);
  const client = new ApiGatewayManagementApiClient({ ...attempts, ...(from === "environment" ? {} : { endpoint }) });
  try {
    await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: `said ${text}` }));
    const { Identity } = await client.send(new GetConnectionCommand({ ConnectionId: connectionId }));
    return { statusCode: 200, body: JSON.stringify({ sourceIp: Identity.SourceIp }) };
  } catch (error) {
    return { statusCode: 200, body: JSON.stringify(told(error)) };
  }
}

// Calls another function: ?name=…&type=…&payload=…
export async function invoke({ queryStringParameters: { name, type = "RequestResponse", payload = "{}", log = "None" } }) {
  try {
    const answer = await new LambdaClient(attempts).send(new InvokeCommand({ FunctionName: name, InvocationType: type, Payload: payload, LogType: log }));
    return { status: answer.StatusCode, error: answer.FunctionError, version: answer.ExecutedVersion, payload: Buffer.from(answer.Payload ?? []).toString(), log: answer.LogResult && Buffer.from(answer.LogResult, "base64").toString() };
  } catch (error) {
    return told(error);
  }
}
