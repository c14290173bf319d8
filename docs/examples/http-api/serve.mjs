// SPDX-License-Identifier: Apache-2.0
// What the examples of docs/http-api.md and docs/websocket.md call, from files beside each other in a
// directory:
//   node serve.mjs [DIRECTORY [FUNCTION_PORT BACKEND_PORT]]
// http://localhost:9001  the Lambda Invoke API; a function's code is the export of its name in
//                        function.mjs, else `handler`
// http://localhost:9000  an HTTP backend: the default export of backend.mjs; without that file, the
//                        answer is the request as it came, as text
// A file that changes counts from the next request on.
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const INVOKE = /^\/2015-03-31\/functions\/([^/?]+)\/invocations/;

const load = (file) => import(`${pathToFileURL(file)}?${statSync(file).mtimeMs}`);

const exists = (file) => statSync(file, { throwIfNoEntry: false }) !== undefined;

async function read(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function invoke(directory, request, response) {
  const name = INVOKE.exec(request.url)?.[1];
  const event = JSON.parse(await read(request));
  const functions = await load(path.join(directory, 'function.mjs'));
  response.setHeader('Content-Type', 'application/json');
  try {
    const result = await (functions[name] ?? functions.handler)(event);
    response.end(JSON.stringify(result ?? null));
  } catch (error) {
    response.setHeader('X-Amz-Function-Error', 'Unhandled');
    response.end(JSON.stringify({ errorType: error.name, errorMessage: error.message }));
  }
}

async function repeat(request, response) {
  const body = await read(request);
  const fields = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2)
    fields.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}\n`);
  response.setHeader('Content-Type', 'text/plain');
  response.end(`${request.method} ${request.url}\n${fields.join('')}${body ? `\n${body}\n` : ''}`);
}

async function answer(directory, request, response) {
  const file = path.join(directory, 'backend.mjs');
  if (!exists(file)) return repeat(request, response);
  return (await load(file)).default(request, response);
}

/** Starts both. Ports are 0 for any; `stop` ends them. */
async function serve(directory, functionPort, backendPort) {
  const servers = [[invoke, functionPort], [answer, backendPort]].map(([handle, port]) =>
    createServer((request, response) => handle(directory, request, response)).listen(port, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [functions, backend] = servers.map((server) => server.address().port);
  const stop = () => servers.forEach((server) => { server.closeAllConnections(); server.close(); });
  return { functionPort: functions, backendPort: backend, stop };
}

const [directory = '.', wantedFunctions = 9001, wantedBackend = 9000] = process.argv.slice(2);
const { functionPort, backendPort, stop } = await serve(path.resolve(directory), Number(wantedFunctions), Number(wantedBackend));
console.log(`functions: http://localhost:${functionPort}, backend: http://localhost:${backendPort}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
