// A chat as AWS's first samples had it: a function for each route, the SDK in version 2, whose endpoints have
// no scheme.
const AWS = require("aws-sdk");

const { AWS_REGION, DYNAMODB_ENDPOINT, TABLE_NAME } = process.env;
const table = new AWS.DynamoDB.DocumentClient({ apiVersion: "2012-08-10", region: AWS_REGION, endpoint: DYNAMODB_ENDPOINT });

exports.connect = async ({ requestContext: { connectionId } }) => {
  await table.put({ TableName: TABLE_NAME, Item: { connectionId } }).promise();
  return { statusCode: 200, body: "Welcome." };
};

exports.disconnect = async ({ requestContext: { connectionId } }) => {
  await table.delete({ TableName: TABLE_NAME, Key: { connectionId } }).promise();
  return { statusCode: 200, body: "Farewell." };
};

const sendTo = (endpointOf) => async (event) => {
  const management = new AWS.ApiGatewayManagementApi({ apiVersion: "2018-11-29", endpoint: endpointOf(event.requestContext) });
  const Data = JSON.parse(event.body).data;
  const { Items } = await table.scan({ TableName: TABLE_NAME, ProjectionExpression: "connectionId" }).promise();
  await Promise.all(Items.map(async ({ connectionId }) => {
    try {
      await management.postToConnection({ ConnectionId: connectionId, Data }).promise();
    } catch (error) {
      if (error.statusCode !== 410) throw error;
      await table.delete({ TableName: TABLE_NAME, Key: { connectionId } }).promise();
    }
  }));
  return { statusCode: 200, body: "All have it." };
};

exports.toDomain = sendTo(({ domainName, stage }) => domainName + "/" + stage);
exports.toApi = sendTo(({ apiId, stage }) => `${apiId}.execute-api.${AWS_REGION}.amazonaws.com/${stage}`);
