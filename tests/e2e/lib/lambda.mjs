// Functions behind the Lambda Invoke API, as the service answers (2015-03-31/functions/NAME/invocations).
import { once } from "node:events";
import http from "node:http";
import https from "node:https";

const route = /^\/2015-03-31\/functions\/([^/]+)\/invocations(?:\?(.*))?$/;

// handlers: name -> async (event, call) => result. A handler may take the answer over: it returns
// undefined after having called call.reply(status, headers, body). `tls` ({ key, cert }) makes it
// https://localhost; `refuse` is asked before any handler: async (call) => [status, type, message],
// or nothing.
export async function startLambda(handlers, { keepAliveTimeout = 60000, tls, refuse } = {}) {
  const calls = [];
  const create = (listener) => (tls ? https.createServer(tls, listener) : http.createServer(listener));
  const server = create(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const match = route.exec(request.url);
    const name = match && decodeURIComponent(match[1]);
    const raw = Buffer.concat(chunks).toString();
    const call = { name, raw, headers: request.headers, url: request.url, qualifier: match?.[2], request, response, replied: false };
    call.reply = (status, headers, body) => { call.replied = true; response.writeHead(status, headers).end(body); };
    calls.push(call);
    const refused = await refuse?.(call);
    if (refused) {
      const [status, type, message] = refused;
      return call.reply(status, { "x-amzn-ErrorType": type, "content-type": "application/json" }, JSON.stringify({ message }));
    }
    if (!handlers[name]) {
      return call.reply(404, { "x-amzn-ErrorType": "ResourceNotFoundException", "content-type": "application/json" },
        JSON.stringify({ Type: "User", Message: `Function not found: arn:aws:lambda:us-east-1:123456789012:function:${name}:$LATEST` }));
    }
    try {
      call.event = JSON.parse(raw);
      const result = await handlers[name](call.event, call);
      if (!call.replied && !(result === undefined && call.pending))
        call.reply(200, { "content-type": "application/json", "x-amzn-RequestId": "11111111-2222-3333-4444-555555555555", "X-Amz-Executed-Version": "$LATEST" },
          JSON.stringify(result ?? null));
    } catch (error) {
      if (!call.replied)
        call.reply(200, { "content-type": "application/json", "X-Amz-Function-Error": "Unhandled" },
          JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: [] }));
    }
  });
  server.keepAliveTimeout = keepAliveTimeout;
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  await once(server, "listening");
  return {
    calls,
    server,
    url: tls ? `https://localhost:${server.address().port}` : `http://127.0.0.1:${server.address().port}`,
    get last() { return calls.at(-1); },
    async stop() { server.closeAllConnections(); server.close(); await once(server, "close"); },
  };
}

// An Invoke ARN as definitions write it.
export const invokeArn = (name) =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:${name}/invocations`;

// A definition whose routes ("GET /pets") go to functions (or { function, format, security, … }).
export function definition(routes, extra = {}) {
  const paths = {};
  for (const [key, target] of Object.entries(routes)) {
    const { function: name, format = "2.0", timeoutInMillis, ...operation } = typeof target === "string" ? { function: target } : target;
    const [method, path] = key === "$default" ? ["ANY", "/$default"] : key.split(" ");
    const word = method === "ANY" ? "x-amazon-apigateway-any-method" : method.toLowerCase();
    (paths[path] ??= {})[word] = {
      ...(key === "$default" ? { isDefaultRoute: true } : {}),
      responses: { default: { description: "whatever the function says" } },
      ...operation,
      "x-amazon-apigateway-integration": {
        type: "aws_proxy", httpMethod: "POST", uri: invokeArn(name), payloadFormatVersion: format,
        ...(timeoutInMillis ? { timeoutInMillis } : {}),
      },
    };
  }
  return { openapi: "3.0.1", info: { title: "test", version: "1" }, paths, ...extra };
}
