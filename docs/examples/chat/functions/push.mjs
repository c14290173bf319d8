// SPDX-License-Identifier: Apache-2.0
// Tells connections something through @connections, with the AWS SDK as it is.
import {
  ApiGatewayManagementApiClient, DeleteConnectionCommand, PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { logger } from './observe.mjs';

const clients = new Map();

/** One client for each endpoint: it keeps its connections. */
function clientOf(endpoint) {
  if (!clients.has(endpoint)) clients.set(endpoint, new ApiGatewayManagementApiClient({ endpoint }));
  return clients.get(endpoint);
}

/** Where the event's own connection is reached: its domain name and stage say. */
export function endpointOf({ domainName, stage }) {
  return `https://${domainName}/${stage}`;
}

async function post({ endpoint, connectionId }, Data) {
  await clientOf(endpoint).send(new PostToConnectionCommand({ ConnectionId: connectionId, Data }));
}

/** Ends a connection; one that is gone already has what was wanted. */
export async function disconnect({ endpoint, connectionId }) {
  try {
    await clientOf(endpoint).send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
  } catch (error) {
    if (error.name !== 'GoneException') throw error;
  }
}

/** Tells all these members at once, and returns those whose connections are gone. */
export async function tell(members, message) {
  const data = JSON.stringify(message);
  const outcomes = await Promise.allSettled(members.map((member) => post(member, data)));
  return members.filter((member, n) => {
    const { reason } = outcomes[n];
    if (reason && reason.name !== 'GoneException') logger.warn(`${member.connectionId} was not told`, reason);
    return reason?.name === 'GoneException';
  });
}
