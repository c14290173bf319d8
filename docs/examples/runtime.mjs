// SPDX-License-Identifier: Apache-2.0
// A client of Lambda's Runtime API: it asks for events, hands them to a handler, and gives back what that
// returns. turnpike starts it for functions with `process`:
//   command: [node, runtime.mjs, handler.handler]     # what handler.mjs exports as `handler`
// AWS's own is the npm package aws-lambda-ric, with streamed answers, handlers with callbacks and Lambda's
// format of logs besides; installing it takes a compiler.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const { env } = process;
const api = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

/** Waits for as long as it takes, which fetch would not: the next event may be hours away. */
async function ask(method, target, value) {
  const headers = method === 'POST' ? { 'Content-Type': 'application/json' } : {};
  const [answer] = await once(request(`${api}/${target}`, { method, headers }).end(value), 'response');
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

function describe(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') };
}

const report = (target, error) => ask('POST', target, JSON.stringify(describe(error)));

/** The function that is meant by FILE.EXPORT. */
async function load(name) {
  const [, module, member] = /^(.+)\.([^./]+)$/.exec(name ?? '') ?? [];
  if (!module) throw new Error(`a handler is written FILE.EXPORT, not '${name}'`);
  const files = ['.mjs', '.js', '.cjs'].map((ending) => path.resolve(module + ending));
  const exported = await import(pathToFileURL(files.find(existsSync) ?? files[0]));
  const handler = exported[member] ?? exported.default?.[member];
  if (typeof handler !== 'function') throw new Error(`${module} exports no function '${member}'`);
  return handler;
}

function makeContext(headers) {
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Number(headers['lambda-runtime-deadline-ms']) - Date.now(),
  };
}

function setTrace(id) {
  if (id) env._X_AMZN_TRACE_ID = id;
  else delete env._X_AMZN_TRACE_ID;
}

async function handleNext(handler) {
  const { status, headers, body } = await ask('GET', 'invocation/next');
  if (status !== 200) throw new Error(`there is no event, but ${status}: ${body}`);
  const context = makeContext(headers);
  setTrace(headers['lambda-runtime-trace-id']);
  try {
    const result = JSON.stringify(await handler(JSON.parse(body), context)) ?? 'null';
    await ask('POST', `invocation/${context.awsRequestId}/response`, result);
  } catch (error) {
    console.error(error);
    await report(`invocation/${context.awsRequestId}/error`, error);
  }
}

const handler = await load(process.argv[2]).catch(async (error) => {
  await report('init/error', error);
  throw error; // Node says where it is, and ends
});
for (;;) await handleNext(handler);
