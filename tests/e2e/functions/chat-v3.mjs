// A chat as AWS's samples have it today: the SDK in version 3. Each `to…` sends to all, and makes the endpoint
// and knows who has gone in a way of its own.
import { ApiGatewayManagementApiClient, GoneException, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, DynamoDBDocumentClient, PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";

const { AWS_REGION, CALLBACK_URL, TABLE_NAME: TableName } = process.env;
const client = new DynamoDBClient({ region: AWS_REGION });
const table = DynamoDBDocumentClient.from(client);

export async function connect({ requestContext: { connectionId } }) {
  const ttl = Math.ceil(Date.now() / 1000) + 3 * 3600;
  await client.send(new PutItemCommand({ TableName, Item: { connectionId: { S: connectionId }, ttl: { N: String(ttl) } } }));
  return { statusCode: 200, body: "Welcome." };
}

export async function disconnect({ requestContext: { connectionId } }) {
  await client.send(new DeleteItemCommand({ TableName, Key: { connectionId: { S: connectionId } } }));
  return { statusCode: 200, body: "Farewell." };
}

const remove = (connectionId) => table.send(new DeleteCommand({ TableName, Key: { connectionId } }));

const sendTo = (endpointOf, isGone) => async (event) => {
  const endpoint = endpointOf(event.requestContext);
  const management = new ApiGatewayManagementApiClient(endpoint ? { endpoint } : {});
  const { Items } = await table.send(new ScanCommand({ TableName, ProjectionExpression: "connectionId" }));
  await Promise.all(Items.map(async ({ connectionId }) => {
    try {
      await management.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: JSON.parse(event.body).data }));
    } catch (error) {
      if (!isGone(error)) throw error;
      await remove(connectionId);
    }
  }));
  return { statusCode: 200, body: "All have it." };
};

const domainAlone = ({ domainName, stage }) => (domainName.endsWith("amazonaws.com") ? `https://${domainName}/${stage}` : `https://${domainName}`);

export const toDomain = sendTo(({ domainName, stage }) => `https://${domainName}/${stage}`, (error) => error.$metadata?.httpStatusCode === 410);
export const toApi = sendTo(({ apiId, stage }) => `https://${apiId}.execute-api.${AWS_REGION}.amazonaws.com/${stage}`, (error) => error.name === "GoneException");
export const toDomainAlone = sendTo(domainAlone, (error) => error.name === "GoneException");
export const toEnvironment = sendTo(() => CALLBACK_URL, (error) => error instanceof GoneException);
export const toNothing = sendTo(() => undefined, (error) => error.$response?.statusCode === 410);

// All routes in one, behind an authorizer: rows are somebody's, and what is said comes back to who said it.
export async function everything({ body, requestContext }) {
  const { authorizer, connectionId, routeKey } = requestContext;
  if (routeKey === "$connect") {
    try {
      await table.send(new PutCommand({ TableName, Item: { connectionId, userId: authorizer.userId, removedAt: Math.ceil(Date.now() / 1000) + 3 * 3600 } }));
      return { statusCode: 200, body: "Welcome." };
    } catch (error) {
      console.error(error);
      return { statusCode: 500, body: "No." };
    }
  }
  if (routeKey === "$disconnect") {
    await remove(connectionId);
    return { statusCode: 200, body: "Farewell." };
  }
  const management = new ApiGatewayManagementApiClient({ endpoint: domainAlone(requestContext) });
  await management.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: Buffer.from(JSON.stringify({ message: body }), "utf-8") }));
  return { statusCode: 200, body: "Received." };
}

// Who that is, as functions behind an authorizer ask.
export const who = async ({ requestContext: { authorizer } }) => ({
  statusCode: 200, body: JSON.stringify({ principalId: authorizer.principalId, sub: authorizer.sub, user: authorizer["cognito:username"], email: authorizer.email, userId: authorizer.userId }),
});
