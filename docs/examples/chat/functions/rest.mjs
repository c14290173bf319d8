// SPDX-License-Identifier: Apache-2.0
// The function behind openapi.yaml, on the router of Powertools. Who may call which route is the
// document's business: what arrives here has a token with the route's scope.
import { Router } from '@aws-lambda-powertools/event-handler/http';
import { readCaller } from './caller.mjs';
import { isRoomName, readCursor, readLine, readRoomName, readText, Refusal } from './check.mjs';
import { count, logger, observed } from './observe.mjs';
import { Room } from './room.mjs';
import { Store } from './store.mjs';

const PAGE_MAX = 100;

const store = new Store();
const room = new Room(store);
const app = new Router();

const callerOf = ({ event }) => readCaller(event.requestContext.authorizer.jwt.claims);
const json = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

app.get('/health', async () => ({ status: 'ok' }));

app.get('/rooms', async () => ({ rooms: await store.listRooms() }));

app.post('/rooms', async (context) => {
  const body = await readBody(context);
  const caller = callerOf(context);
  const made = {
    name: readRoomName(body, 'name'), topic: readLine(body, 'topic', 100, 0),
    createdBy: { sub: caller.sub, name: await nameOf(caller) }, createdAt: Date.now(),
  };
  if (!await store.createRoom(made)) throw new Refusal(`There is a room "${made.name}" already.`, 409);
  count('Rooms');
  return json(made, 201);
});

app.get('/rooms/:room/messages', async (context) => {
  const name = await findRoom(context);
  const query = new URL(context.req.url).searchParams;
  const limit = Number(query.get('limit') ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) throw new Refusal(`"limit" is a number of 1 to ${PAGE_MAX}.`);
  return store.listMessages(name, limit, readCursor(query.get('before')));
});

app.delete('/rooms/:room/members/:sub', async (context) => {
  const name = await findRoom(context);
  const caller = callerOf(context);
  const { sub } = context.params;
  if (!/^[\w-]{1,64}$/.test(sub)) throw new Refusal('Nobody is called that.');
  if (sub === caller.sub) throw new Refusal('You cannot remove yourself.');
  const ended = await room.remove(name, sub, { sub: caller.sub, name: await nameOf(caller) });
  logger.info('removed', { room: name, sub, by: caller.sub, connections: ended });
  count('Removals');
  return new Response(null, { status: 204 });
});

app.get('/profile', async (context) => describe(callerOf(context)));

app.put('/profile', async (context) => {
  const caller = callerOf(context);
  const body = await readBody(context);
  await store.saveProfile(caller.sub, { name: readLine(body, 'name', 40), about: readText(body, 'about', 200, 0) });
  return describe(caller);
});

app.notFound(async () => json({ message: 'There is nothing here.' }, 404));
app.errorHandler(Refusal, async (error) => json({ message: error.message }, error.statusCode));

async function readBody({ req }) {
  try {
    return await req.json();
  } catch {
    throw new Refusal('The body is no JSON.');
  }
}

async function findRoom({ params }) {
  if (!isRoomName(params.room) || !await store.hasRoom(params.room)) throw new Refusal(`There is no room "${params.room}".`, 404);
  return params.room;
}

async function nameOf(caller) {
  return (await store.findProfile(caller.sub))?.name ?? caller.fallbackName;
}

async function describe(caller) {
  const profile = await store.findProfile(caller.sub);
  const { sub, email, scopes } = caller;
  return { sub, email, name: profile?.name ?? caller.fallbackName, about: profile?.about ?? '', scopes };
}

/** The path arrives decoded, and the router decodes it: what is no separator there must not become one here. */
const encoded = (path) => path.split('/').map(encodeURIComponent).join('/');

export const handler = observed(async (event, context) => app.resolve({ ...event, rawPath: encoded(event.rawPath) }, context));
