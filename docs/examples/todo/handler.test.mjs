// SPDX-License-Identifier: Apache-2.0
// What the handler promises in openapi/todo.yaml: `node --test docs/examples/todo`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handler } from './handler.mjs';

function call(routeKey, { id, body, query, subject = 'ann', base64 = false } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return handler({
    version: '2.0',
    routeKey,
    pathParameters: id && { id },
    queryStringParameters: query,
    body: base64 ? Buffer.from(text).toString('base64') : text,
    isBase64Encoded: base64,
    requestContext: { authorizer: subject && { jwt: { claims: { sub: subject } } } },
  });
}

test('health needs nobody', async () => {
  const answer = await call('GET /health', { subject: null });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(JSON.parse(answer.body), { status: 'ok' });
});

test('a todo is added, found, changed and removed', async () => {
  const added = await call('POST /todos', { body: { title: 'milk' } });
  const todo = JSON.parse(added.body);
  assert.equal(added.statusCode, 201);
  assert.equal(added.headers.location, `/todos/${todo.id}`);
  assert.deepEqual([todo.title, todo.done], ['milk', false]);

  const changed = await call('PATCH /todos/{id}', { id: todo.id, body: { done: true }, base64: true });
  assert.equal(changed.statusCode, 200);
  const found = await call('GET /todos/{id}', { id: todo.id });
  assert.equal(JSON.parse(found.body).done, true);

  assert.deepEqual(await call('DELETE /todos/{id}', { id: todo.id }), { statusCode: 204 });
  assert.equal((await call('GET /todos/{id}', { id: todo.id })).statusCode, 404);
});

test('the list is the newest first, and filtered', async () => {
  for (const title of ['one', 'two']) await call('POST /todos', { subject: 'bob', body: { title } });
  await call('POST /todos', { subject: 'bob', body: { title: 'three', done: true } });
  const titles = async (query) =>
    JSON.parse((await call('GET /todos', { subject: 'bob', query })).body).todos.map((t) => t.title);
  assert.deepEqual(await titles(), ['three', 'two', 'one']);
  assert.deepEqual(await titles({ done: 'false' }), ['two', 'one']);
});

test("nobody sees another's todos", async () => {
  const { id } = JSON.parse((await call('POST /todos', { body: { title: 'secret' } })).body);
  for (const route of ['GET /todos/{id}', 'DELETE /todos/{id}'])
    assert.equal((await call(route, { id, subject: 'eve' })).statusCode, 404);
  assert.equal((await call('GET /todos', { subject: null })).statusCode, 403);
});

const refused = {
  'no body': undefined,
  'no JSON': '{',
  'a list': [],
  'null': 'null',
  'no title': {},
  'an empty title': { title: '' },
  'a long title': { title: 'x'.repeat(201) },
  'a title that is a number': { title: 1 },
  'done that is a text': { title: 'x', done: 'yes' },
  'an unknown member': { title: 'x', owner: 'eve' },
  'an inherited name': { title: 'x', toString: 1 },
};

for (const [name, body] of Object.entries(refused))
  test(`${name} is refused`, async () => {
    assert.equal((await call('POST /todos', { body })).statusCode, 400);
  });

test('a change of nothing is refused', async () => {
  const { id } = JSON.parse((await call('POST /todos', { body: { title: 'x' } })).body);
  assert.equal((await call('PATCH /todos/{id}', { id, body: {} })).statusCode, 400);
});

test('an unknown route is 404', async () => {
  assert.equal((await call('GET /nothing')).statusCode, 404);
});
