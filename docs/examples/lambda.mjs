// SPDX-License-Identifier: Apache-2.0
// Stands in for Lambda: makes handlers callable through the Lambda Invoke API, so that a gateway (or
// the AWS SDK with `endpoint`) can call them unchanged:
//   POST http://127.0.0.1:PORT/2015-03-31/functions/NAME/invocations
// TIMEOUT (seconds) may be set in the environment.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const TIMEOUT = Number(process.env.TIMEOUT ?? 10) * 1000;
const REQUEST_MAX = 6291456;
const RESPONSE_MAX = 6291556;
const PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?|$)/;

/** An error of the service itself, not of the function. */
class ServiceError extends Error {
  constructor(status, type, message, member = 'message') {
    super(message);
    Object.assign(this, { status, type, member });
  }
}

function arnOf(name) {
  return `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
}

/** NAME, NAME:ALIAS, function:NAME, ACCOUNT:function:NAME or an ARN. */
function nameOf(written) {
  const parts = decodeURIComponent(written).split(':');
  const at = parts.indexOf('function');
  return parts[at + 1];
}

function findFunction(functions, url) {
  const match = PATH.exec(url);
  if (!match) throw new ServiceError(404, 'UnknownOperationException', 'Unknown operation');
  const name = nameOf(match[1]);
  if (!Object.hasOwn(functions, name))
    throw new ServiceError(404, 'ResourceNotFoundException',
      `Function not found: ${arnOf(name)}:$LATEST`, 'Message');
  return name;
}

async function readBody(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > REQUEST_MAX)
      throw new ServiceError(413, 'RequestTooLargeException',
        `${size} byte payload is too large for the RequestResponse invocation type (limit ${REQUEST_MAX} bytes)`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parseEvent(text) {
  try {
    return JSON.parse(text || '{}');
  } catch (error) {
    throw new ServiceError(400, 'InvalidRequestContentException',
      `Could not parse request body into json: ${error.message}`);
  }
}

function makeContext(name, requestId) {
  const deadline = Date.now() + TIMEOUT;
  return {
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: arnOf(name),
    memoryLimitInMB: '128',
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function describeError(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') };
}

function timeOut(requestId) {
  const seconds = (TIMEOUT / 1000).toFixed(2);
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`,
  };
}

/** Settles as { failed, value }, in time. */
async function run({ name, handler, event, requestId }) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ failed: true, value: timeOut(requestId) }), TIMEOUT);
  });
  const done = (async () => handler(event, makeContext(name, requestId)))().then(
    (value) => ({ failed: false, value: value ?? null }),
    (error) => ({ failed: true, value: describeError(error) }),
  );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

async function invoke(invocation) {
  const { failed, value } = await run(invocation);
  const payload = JSON.stringify(value);
  if (Buffer.byteLength(payload) <= RESPONSE_MAX) return { failed, payload };
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${RESPONSE_MAX} bytes).`;
  return { failed: true, payload: JSON.stringify({ errorMessage, errorType: 'Function.ResponseSizeTooLarge' }) };
}

function send(response, status, json) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) });
  response.end(json);
}

const invocationTypes = {
  DryRun: async (response) => response.writeHead(204).end(),
  Event: async (response, invocation) => {
    response.writeHead(202).end();
    const { failed, payload } = await invoke(invocation);
    if (failed) console.error(payload);
  },
  RequestResponse: async (response, invocation) => {
    const { failed, payload } = await invoke(invocation);
    if (failed) response.setHeader('X-Amz-Function-Error', 'Unhandled');
    response.setHeader('X-Amz-Executed-Version', '$LATEST');
    send(response, 200, payload);
  },
};

async function answer(functions, request, response, requestId) {
  if (request.method !== 'POST')
    throw new ServiceError(405, 'MethodNotAllowedException', 'Only POST invokes');
  const name = findFunction(functions, request.url);
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (!Object.hasOwn(invocationTypes, type))
    throw new ServiceError(400, 'InvalidParameterValueException', `Unknown invocation type: ${type}`);
  const event = parseEvent(await readBody(request));
  await invocationTypes[type](response, { name, handler: functions[name], event, requestId });
}

function refuse(response, error) {
  const known = error instanceof ServiceError
    ? error
    : new ServiceError(500, 'ServiceException', error.message, 'Message');
  const body = JSON.stringify({ Type: known.status < 500 ? 'User' : 'Service', [known.member]: known.message });
  if (known.status === 413) response.setHeader('Connection', 'close'); // the rest is not read
  response.setHeader('x-amzn-ErrorType', known.type);
  send(response, known.status, body);
}

/** functions: handlers by their names. `label` is for the log. */
export function serve(functions, { label, port }) {
  const server = createServer((request, response) => {
    const requestId = randomUUID();
    response.setHeader('x-amzn-RequestId', requestId);
    answer(functions, request, response, requestId).catch((error) => {
      if (!response.headersSent) refuse(response, error);
    });
  });

  server.on('error', (error) => {
    console.error(`${label}: ${error.message}`);
    process.exit(1);
  });

  server.listen(port, '127.0.0.1', () => {
    console.log(`${label}: http://127.0.0.1:${server.address().port}`);
  });

  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      server.close();
      server.closeIdleConnections();
    });
}
