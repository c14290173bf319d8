// DynamoDB: dynalite, in this process and in memory, and its tables as tests look at them.
import AWS from "aws-sdk";
import dynalite from "dynalite";
import { once } from "node:events";
import { credentials } from "./services.mjs";

// url: where functions find it (AWS_ENDPOINT_URL_DYNAMODB).
// table(key): makes one whose rows have that key; { name, rows(), put(row) }.
export async function startDynamoDb() {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  const options = { endpoint: url, region: "us-east-1", credentials, maxRetries: 0 };
  const tables = new AWS.DynamoDB(options), documents = new AWS.DynamoDB.DocumentClient(options);
  let made = 0;
  return {
    url,
    async table(key) {
      const TableName = `table${++made}`, types = { AttributeDefinitions: [{ AttributeName: key, AttributeType: "S" }], KeySchema: [{ AttributeName: key, KeyType: "HASH" }] };
      await tables.createTable({ TableName, BillingMode: "PAY_PER_REQUEST", ...types }).promise();
      while ((await tables.describeTable({ TableName }).promise()).Table.TableStatus !== "ACTIVE");
      return {
        name: TableName,
        rows: async () => (await documents.scan({ TableName }).promise()).Items,
        put: (Item) => documents.put({ TableName, Item }).promise(),
      };
    },
    async stop() { server.closeAllConnections(); server.close(); await once(server, "close"); },
  };
}
