// SPDX-License-Identifier: Apache-2.0
// The function behind openapi/todo.yaml: an AWS Lambda handler for events with payload format 2.0.
// It keeps each user's todos in memory, so they last as long as the process.
import { randomUUID } from 'node:crypto';

const TITLE_MAX = 200;

/** Todos by their id, newest last, by the user's subject. */
const users = new Map();

/** A refusal that the caller gets to see. */
class Refusal extends Error {
  constructor(statusCode, message) {
    super(message);
    this.statusCode = statusCode;
  }
}

const routes = {
  'GET /health': () => reply(200, { status: 'ok' }),
  'GET /todos': listTodos,
  'POST /todos': createTodo,
  'GET /todos/{id}': (event) => reply(200, findTodo(event)),
  'PATCH /todos/{id}': updateTodo,
  'DELETE /todos/{id}': deleteTodo,
};

export async function handler(event) {
  const route = routes[event.routeKey];
  try {
    if (!route) throw new Refusal(404, 'There is nothing here.');
    return route(event);
  } catch (error) {
    if (error instanceof Refusal) return reply(error.statusCode, { message: error.message });
    throw error; // a mistake of ours: the gateway answers 500
  }
}

function listTodos(event) {
  const wanted = readFlag(event.queryStringParameters?.done);
  const todos = [...todosOf(event).values()]
    .filter((todo) => wanted === undefined || todo.done === wanted)
    .reverse();
  return reply(200, { todos });
}

function createTodo(event) {
  const { title, done = false } = readChange(event);
  if (title === undefined) throw new Refusal(400, 'title is needed.');
  const todo = { id: randomUUID(), title, done, createdAt: new Date().toISOString() };
  todosOf(event).set(todo.id, todo);
  return reply(201, todo, { location: `/todos/${todo.id}` });
}

function updateTodo(event) {
  const todo = findTodo(event);
  const change = readChange(event);
  if (Object.keys(change).length === 0) throw new Refusal(400, 'Nothing is to be changed.');
  return reply(200, Object.assign(todo, change));
}

function deleteTodo(event) {
  todosOf(event).delete(findTodo(event).id);
  return { statusCode: 204 };
}

/** The caller's todos. Who calls is what the gateway's authorizer has verified. */
function todosOf(event) {
  const subject = event.requestContext.authorizer?.jwt?.claims?.sub;
  if (!subject) throw new Refusal(403, 'The token names no subject.');
  if (!users.has(subject)) users.set(subject, new Map());
  return users.get(subject);
}

function findTodo(event) {
  const todo = todosOf(event).get(event.pathParameters?.id);
  if (!todo) throw new Refusal(404, 'There is no such todo.');
  return todo;
}

function readFlag(text) {
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw new Refusal(400, 'done is true or false.');
  return text === 'true';
}

const fields = {
  title(value) {
    const length = typeof value === 'string' ? [...value].length : 0;
    if (length < 1 || length > TITLE_MAX)
      throw new Refusal(400, `title is a text of 1 to ${TITLE_MAX} characters.`);
  },
  done(value) {
    if (typeof value !== 'boolean') throw new Refusal(400, 'done is true or false.');
  },
};

function readChange(event) {
  const change = readJson(event);
  if (change === null || typeof change !== 'object' || Array.isArray(change))
    throw new Refusal(400, 'The body is to be a JSON object.');
  for (const [name, value] of Object.entries(change)) {
    if (!Object.hasOwn(fields, name)) throw new Refusal(400, `A todo has no ${name}.`);
    fields[name](value);
  }
  return change;
}

function readJson(event) {
  const encoding = event.isBase64Encoded ? 'base64' : 'utf8';
  try {
    return JSON.parse(Buffer.from(event.body ?? '', encoding).toString('utf8'));
  } catch {
    throw new Refusal(400, 'The body is no JSON.');
  }
}

function reply(statusCode, body, headers = {}) {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
