// SPDX-License-Identifier: Apache-2.0
// The function behind websocket.yaml. What it returns goes to whoever sent the message (the routes have
// a route response); everybody else is told through @connections.
import { randomUUID } from 'node:crypto';
import { readCaller } from './caller.mjs';
import { readRoomName, readText, Refusal } from './check.mjs';
import { count, logger, observed } from './observe.mjs';
import { endpointOf } from './push.mjs';
import { faceOf, Room } from './room.mjs';
import { Store } from './store.mjs';

const store = new Store();
const room = new Room(store);
const routes = { $connect: accept, $disconnect: disconnect, join, send, typing, who, leave, $default: explain };

export const handler = observed(async (event) => {
  try {
    const answer = await routes[event.requestContext.routeKey](event);
    return { statusCode: 200, body: answer && JSON.stringify(answer) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error; // a mistake of ours: the gateway says so
    return { statusCode: error.statusCode, body: JSON.stringify({ type: 'error', message: error.message }) };
  }
});

/** The gateway has checked the token; the connection exists only once this has returned. */
async function accept({ requestContext }) {
  count('Connected');
  logger.info('connected', { connectionId: requestContext.connectionId, sub: requestContext.authorizer.sub });
}

async function disconnect({ requestContext }) {
  await room.depart(requestContext.connectionId);
}

async function join(event) {
  const { connectionId, authorizer } = event.requestContext;
  const caller = readCaller(authorizer);
  const name = readRoomName(JSON.parse(event.body), 'room');
  if (!await store.hasRoom(name)) throw new Refusal(`There is no room "${name}".`, 404);
  const removed = new Refusal(`A moderator has removed you from "${name}".`, 403);
  if (await store.isBanned(name, caller.sub)) throw removed;
  const profile = await store.findProfile(caller.sub);
  const { sub, moderator, mayWrite } = caller;
  const member = {
    connectionId, room: name, sub, moderator, mayWrite, name: profile?.name ?? caller.fallbackName, endpoint: endpointOf(event.requestContext),
  };
  if (!await room.enter(member)) throw removed;
  return describe(member);
}

async function send(event) {
  const member = await findSender(event);
  if (!member.mayWrite) throw new Refusal('You may read here, not write: the token has no chat/write.', 403);
  const { sub, name } = member;
  const message = {
    id: randomUUID(), room: member.room, from: { sub, name }, text: readText(JSON.parse(event.body), 'text', 2000),
    at: event.requestContext.requestTimeEpoch,
  };
  await store.addMessage(message);
  await room.broadcast(member.room, { type: 'message', ...message });
  count('Messages');
}

async function typing(event) {
  const member = await findSender(event);
  const others = (await store.listMembers(member.room)).filter(({ sub }) => sub !== member.sub);
  await room.broadcast(member.room, { type: 'typing', room: member.room, from: faceOf(member), at: Date.now() }, others);
}

async function who(event) {
  return describe(await findSender(event));
}

async function leave(event) {
  const member = await findSender(event);
  await room.depart(member.connectionId);
  return { type: 'left', room: member.room, member: faceOf(member), at: event.requestContext.requestTimeEpoch };
}

async function explain() {
  throw new Refusal('A message is JSON such as {"action": "join", "room": "lobby"}; the actions are join, send, typing, who, leave and ping.');
}

async function findSender(event) {
  const member = await store.findMember(event.requestContext.connectionId);
  if (!member) throw new Refusal('You are in no room: join one first.');
  return member;
}

async function describe(member) {
  return { type: 'members', room: member.room, members: await room.faces(member.room), you: faceOf(member) };
}
