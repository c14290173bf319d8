// SPDX-License-Identifier: Apache-2.0
// What the handler promises in openapi/chat.websocket.yaml: `node --test docs/examples/chat`.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { createHandler } from './handler.mjs';
import { ApiGatewayManagementApi, sign } from './management.mjs';
import { handler as page } from './page.mjs';

const AT = 1700000003453;

/** A chat of its own, with what each connection was sent. Those in `broken` throw what they hold. */
function openChat() {
  const sent = [];
  const broken = new Map();
  const endpoints = new Set();
  const handler = createHandler({
    connect: (endpoint) => ({
      async postToConnection({ ConnectionId, Data }) {
        endpoints.add(endpoint);
        if (broken.has(ConnectionId)) throw broken.get(ConnectionId);
        sent.push([ConnectionId, JSON.parse(Data)]);
      },
    }),
  });
  const call = async (connectionId, routeKey, body, principalId) => {
    const answer = await handler({
      requestContext: {
        routeKey, connectionId, domainName: 'localhost:8443', stage: 'ws', requestTimeEpoch: AT,
        authorizer: principalId && { principalId },
      },
      body: typeof body === 'string' ? body : JSON.stringify({ action: routeKey, ...body }),
      isBase64Encoded: false,
    });
    return { status: answer.statusCode, body: answer.body && JSON.parse(answer.body) };
  };
  const enter = (id, name = id, room = 'lobby') => call(id, 'join', { room, name });
  const take = () => sent.splice(0);
  return { handler, call, enter, take, broken, endpoints };
}

const failure = (name) => Object.assign(new Error('no'), { name });

test('connecting is accepted and says nothing', async () => {
  const chat = openChat();
  assert.deepEqual(await chat.call('a', '$connect', ''), { status: 200, body: undefined });
  assert.deepEqual(chat.take(), []);
});

test('joining: the others hear of it, the joiner who is there', async () => {
  const chat = openChat();
  const first = await chat.enter('a', 'Ann');
  assert.deepEqual(first.body, { type: 'members', room: 'lobby', members: ['Ann'], you: 'Ann' });
  const second = await chat.enter('b', ' Bob ');
  assert.deepEqual(second.body.members, ['Ann', 'Bob']);
  assert.deepEqual(chat.take(), [['a', { type: 'joined', room: 'lobby', from: 'Bob', at: AT }]]);
  assert.deepEqual([...chat.endpoints], ['https://localhost:8443/ws']);
});

test('without a name it is the token that says who joins', async () => {
  const chat = openChat();
  assert.equal((await chat.call('a', 'join', { room: 'lobby' }, 'ann')).body.you, 'ann');
  assert.equal((await chat.call('b', 'join', { room: 'lobby' })).body.you, 'somebody');
});

test('a message goes to everybody in the room, its sender too', async () => {
  const chat = openChat();
  await chat.enter('a', 'Ann');
  await chat.enter('b', 'Bob');
  await chat.enter('c', 'Eve', 'elsewhere');
  chat.take();
  assert.deepEqual(await chat.call('a', 'send', { text: 'Grüße 🎈' }), { status: 200, body: undefined });
  const message = { type: 'message', room: 'lobby', from: 'Ann', text: 'Grüße 🎈', at: AT };
  assert.deepEqual(chat.take(), [['a', message], ['b', message]]);
});

test('who answers the one who asks', async () => {
  const chat = openChat();
  await chat.enter('a', 'Ann');
  await chat.enter('b', 'Bob');
  chat.take();
  assert.deepEqual((await chat.call('b', 'who')).body, { type: 'members', room: 'lobby', members: ['Ann', 'Bob'], you: 'Bob' });
  assert.deepEqual(chat.take(), []);
});

for (const how of ['leave', '$disconnect'])
  test(`${how}: the others hear of it, once`, async () => {
    const chat = openChat();
    await chat.enter('a', 'Ann');
    await chat.enter('b', 'Bob');
    chat.take();
    await chat.call('b', how);
    await chat.call('b', '$disconnect');
    assert.deepEqual(chat.take().map(([id, { type, from }]) => [id, type, from]), [['a', 'left', 'Bob']]);
    assert.deepEqual((await chat.call('a', 'who')).body.members, ['Ann']);
  });

test('leaving is confirmed', async () => {
  const chat = openChat();
  await chat.enter('a', 'Ann');
  assert.deepEqual((await chat.call('a', 'leave')).body, { type: 'left', room: 'lobby', from: 'Ann', at: AT });
});

test('joining another room leaves the first', async () => {
  const chat = openChat();
  await chat.enter('a', 'Ann');
  await chat.enter('b', 'Bob');
  await chat.enter('c', 'Eve', 'elsewhere');
  chat.take();
  assert.deepEqual((await chat.enter('b', 'Bob', 'elsewhere')).body.members, ['Eve', 'Bob']);
  assert.deepEqual(chat.take().map(([id, { type }]) => [id, type]), [['a', 'left'], ['c', 'joined']]);
});

test('a connection that is gone is taken out, and missed', async () => {
  const chat = openChat();
  for (const id of ['a', 'b', 'c']) await chat.enter(id);
  chat.take();
  chat.broken.set('b', failure('GoneException'));
  await chat.call('a', 'send', { text: 'hello' });
  assert.deepEqual(chat.take().filter(([, { type }]) => type === 'left').map(([id, { from }]) => [id, from]), [['a', 'b'], ['c', 'b']]);
  assert.deepEqual((await chat.call('a', 'who')).body.members, ['a', 'c']);
});

test('a connection that cannot be told stays, and the others are told', async (t) => {
  const chat = openChat();
  for (const id of ['a', 'b', 'c']) await chat.enter(id);
  chat.take();
  const logged = t.mock.method(console, 'error', () => {});
  chat.broken.set('b', failure('LimitExceededException'));
  assert.equal((await chat.call('a', 'send', { text: 'hello' })).status, 200);
  assert.deepEqual(chat.take().map(([id]) => id), ['a', 'c']);
  assert.match(logged.mock.calls[0].arguments[0], /b was not told: LimitExceededException/);
  assert.deepEqual((await chat.call('a', 'who')).body.members, ['a', 'b', 'c']);
});

const refused = {
  'no room': ['join', {}, /"room"/],
  'a room that is a number': ['join', { room: 1 }, /"room"/],
  'an empty room': ['join', { room: ' ' }, /"room"/],
  'a long room': ['join', { room: 'x'.repeat(41) }, /1 to 40/],
  'a name that is none': ['join', { room: 'lobby', name: null }, /"name"/],
  'no text': ['send', {}, /"text"/],
  'an empty text': ['send', { text: '' }, /"text"/],
  'a long text': ['send', { text: 'x'.repeat(2001) }, /1 to 2000/],
  'an unknown action': ['$default', { action: 'dance' }, /the actions are join, send, leave, who and ping/],
  'no JSON': ['$default', 'hello', /A message is JSON/],
};

for (const [name, [routeKey, body, why]] of Object.entries(refused))
  test(`${name} is refused, to the sender alone`, async () => {
    const chat = openChat();
    await chat.enter('a');
    await chat.enter('b');
    chat.take();
    const answer = await chat.call('a', routeKey, body);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.type, 'error');
    assert.match(answer.body.message, why);
    assert.deepEqual(chat.take(), []);
    assert.deepEqual((await chat.call('a', 'who')).body.members, ['a', 'b'], 'it is still there');
  });

for (const routeKey of ['send', 'leave', 'who'])
  test(`${routeKey} without a room is refused`, async () => {
    const { status, body } = await openChat().call('a', routeKey, { text: 'hello' });
    assert.equal(status, 400);
    assert.match(body.message, /join one first/);
  });

test('a signature is AWS\'s', () => {
  const { authorization } = sign({
    method: 'POST', url: new URL('https://localhost:8443/ws/@connections/fSRjYQ-_3GZnoac%3D'), body: Buffer.from('hé'), region: 'us-east-1',
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret/x+', sessionToken: 'tok' }, date: new Date('2026-01-02T03:04:05.678Z'),
  });
  assert.equal(authorization, 'AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/execute-api/aws4_request, ' +
    'SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, ' +
    'Signature=66a686362b1f1e48fb2de2fb5151c4964632cdefeb2e97add69da089eac9d593'); // @smithy/signature-v4 says the same
});

test('what the gateway answers becomes what the SDK would throw', async () => {
  const seen = [];
  const answers = [[200, {}, ''], [410, { 'x-amzn-ErrorType': 'GoneException' }, ''], [403, { 'x-amzn-ErrorType': 'ForbiddenException:http://x/' }, '{"message":"Forbidden"}']];
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    seen.push([request.method, request.url, Buffer.concat(chunks).toString()]);
    const [status, headers, body] = answers[seen.length - 1];
    response.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new ApiGatewayManagementApi({
    endpoint: `http://127.0.0.1:${server.address().port}/ws`, region: 'us-east-1', credentials: { accessKeyId: 'A', secretAccessKey: 'B' },
  });
  const post = () => client.postToConnection({ ConnectionId: 'fSRjYQdB3GZnoac=', Data: 'grüße' });
  try {
    assert.deepEqual(await post(), {});
    await assert.rejects(post(), { name: 'GoneException', $metadata: { httpStatusCode: 410 } });
    await assert.rejects(post(), { name: 'ForbiddenException', message: '{"message":"Forbidden"}' });
    assert.deepEqual(seen[0], ['POST', '/ws/@connections/fSRjYQdB3GZnoac%3D', 'grüße']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('the page may run its own script and nothing else', async () => {
  const { statusCode, headers, body } = await page();
  assert.equal(statusCode, 200);
  assert.match(body, /<title>Chat<\/title>/);
  assert.match(headers['content-security-policy'], /script-src 'sha256-[A-Za-z0-9+/]{43}='; style-src 'sha256-/);
  assert.doesNotMatch(body, /innerHTML|https?:\/\/(?!\$)/, 'it loads nothing from elsewhere');
});
