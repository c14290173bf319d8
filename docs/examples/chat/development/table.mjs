// SPDX-License-Identifier: Apache-2.0
// The table of functions/store.mjs in dynalite, with the rooms that are there from the beginning.
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Store } from '../functions/store.mjs';
import { dynamoPort, region, rooms, table } from './settings.mjs';

// dynalite checks no signature.
const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${dynamoPort}`, region, credentials: { accessKeyId: 'development', secretAccessKey: 'development' },
});

async function createTable() {
  try {
    await client.send(new CreateTableCommand({
      TableName: table, BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }, { AttributeName: 'sk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' }],
    }));
  } catch (error) {
    if (error.name !== 'ResourceInUseException') throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.1, maxDelay: 0.2 }, { TableName: table });
}

/** people: those whose accounts are new. Connections of an earlier run do not exist any more. */
export async function fillTable(people) {
  await createTable();
  const store = new Store(table, DynamoDBDocumentClient.from(client));
  const by = { sub: 'nobody', name: 'turnpike' };
  for (const room of rooms) await store.createRoom({ ...room, createdBy: by, createdAt: Date.now() });
  for (const { sub, name } of people) await store.saveProfile(sub, { name, about: '' });
  for (const { name } of await store.listRooms())
    for (const { connectionId } of await store.listMembers(name)) await store.leave(connectionId, name);
}
