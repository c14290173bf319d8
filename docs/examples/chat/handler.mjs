// SPDX-License-Identifier: Apache-2.0
// The function behind openapi/chat.websocket.yaml: an AWS Lambda handler for the events of WebSocket
// APIs. What it returns goes to whoever sent the message; everybody else is told through @connections.
import { ApiGatewayManagementApi } from './management.mjs';
import { MemoryRooms } from './rooms.mjs';

const NAME_MAX = 40;
const TEXT_MAX = 2000;

/** A refusal that the sender gets to see. */
class Refusal extends Error {}

const clients = new Map();

/** One client for each endpoint: it keeps its connections. */
function clientOf(endpoint) {
  if (!clients.has(endpoint)) clients.set(endpoint, new ApiGatewayManagementApi({ endpoint }));
  return clients.get(endpoint);
}

/** Tests bring a store and clients of their own. */
export function createHandler({ rooms = new MemoryRooms(), connect = clientOf } = {}) {
  const routes = { $connect: accept, $disconnect: disconnect, join, send, leave, who, $default: explain };

  return async function handler(event) {
    const { routeKey } = event.requestContext;
    try {
      const answer = await routes[routeKey](event);
      return { statusCode: 200, body: answer && JSON.stringify(answer) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // a mistake of ours: the gateway says so
      return { statusCode: 400, body: JSON.stringify({ type: 'error', message: error.message }) };
    }
  };

  /** The gateway has checked the token; the connection exists only once this has returned. */
  async function accept() {}

  async function disconnect(event) {
    await depart(event.requestContext.connectionId);
  }

  async function join(event) {
    const { connectionId, domainName, stage, authorizer, requestTimeEpoch: at } = event.requestContext;
    const message = readMessage(event);
    const room = readText(message, 'room', NAME_MAX);
    const name = 'name' in message ? readText(message, 'name', NAME_MAX) : authorizer?.principalId ?? 'somebody';
    await depart(connectionId);
    await rooms.enter({ connectionId, room, name, endpoint: `https://${domainName}/${stage}` });
    await tell(room, { type: 'joined', room, from: name, at }, connectionId);
    return listMembers(room, name);
  }

  async function send(event) {
    const { room, name } = await findSender(event);
    const text = readText(readMessage(event), 'text', TEXT_MAX);
    await tell(room, { type: 'message', room, from: name, text, at: event.requestContext.requestTimeEpoch });
  }

  async function leave(event) {
    const { connectionId, room, name } = await findSender(event);
    await depart(connectionId);
    return { type: 'left', room, from: name, at: event.requestContext.requestTimeEpoch };
  }

  async function who(event) {
    const { room, name } = await findSender(event);
    return listMembers(room, name);
  }

  async function explain() {
    throw new Refusal('A message is JSON such as {"action": "join", "room": "lobby"}; ' +
      'the actions are join, send, leave, who and ping.');
  }

  async function findSender(event) {
    const member = await rooms.find(event.requestContext.connectionId);
    if (!member) throw new Refusal('You are in no room yet: join one first, {"action": "join", "room": "lobby"}.');
    return member;
  }

  async function listMembers(room, you) {
    const members = (await rooms.membersOf(room)).map(({ name }) => name);
    return { type: 'members', room, members, you };
  }

  /** Whoever leaves twice, or was gone before, is missed once. */
  async function depart(connectionId) {
    const member = await rooms.leave(connectionId);
    if (member) await tell(member.room, { type: 'left', room: member.room, from: member.name, at: Date.now() });
  }

  /** Tells everybody in the room, at once. Connections that do not exist any more leave it. */
  async function tell(room, message, except) {
    const data = JSON.stringify(message);
    const members = (await rooms.membersOf(room)).filter(({ connectionId }) => connectionId !== except);
    await Promise.all(members.map((member) => push(member, data)));
  }

  async function push({ connectionId, endpoint }, data) {
    try {
      await connect(endpoint).postToConnection({ ConnectionId: connectionId, Data: data });
    } catch (error) {
      if (error.name === 'GoneException') return depart(connectionId);
      console.error(`chat: ${connectionId} was not told: ${error.name}: ${error.message}`);
    }
  }
}

function readMessage(event) {
  return JSON.parse(event.body); // an object: its `action` has led here
}

function readText(message, member, max) {
  const text = typeof message[member] === 'string' ? message[member].trim() : '';
  if (text === '' || [...text].length > max)
    throw new Refusal(`${message.action} needs "${member}", a text of 1 to ${max} characters.`);
  return text;
}

export const handler = createHandler();
