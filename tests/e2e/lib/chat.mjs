// A WebSocket API, `chat` with its stage `prod`, and the function behind it.
import { startGateway } from "./gateway.mjs";
import { invokeArn, startLambda } from "./lambda.mjs";

// The function `room`. handlers: route key -> async (event, call) => result, or the result itself; a route
// without one is answered { statusCode: 200 }. `names`: other functions with the same handlers.
//   on[routeKey]        may be changed while it runs
//   events              all that came, in order
//   event(routeKey, n)  resolves with the n-th event (1 is the first) of that route
//   of(routeKey)        those that have come so far
export async function startRoom(handlers = {}, { names = ["room"], ...options } = {}) {
  const waiting = new Set();
  const self = { on: { ...handlers }, events: [] };
  const handle = async (event, call) => {
    self.events.push(event);
    for (const check of [...waiting]) check();
    const handler = self.on[event.requestContext?.routeKey];
    return typeof handler === "function" ? handler(event, call) : handler === undefined ? { statusCode: 200 } : handler;
  };
  const lambda = await startLambda(Object.fromEntries(names.map((name) => [name, handle])), options);
  self.of = (routeKey) => self.events.filter((event) => event.requestContext?.routeKey === routeKey);
  self.event = (routeKey, n = 1) => new Promise((resolve) => {
    const check = () => {
      const event = self.of(routeKey)[n - 1];
      if (!event) return;
      waiting.delete(check);
      resolve(event);
    };
    waiting.add(check);
    check();
  });
  return Object.assign(self, { lambda, url: lambda.url, calls: lambda.calls, stop: lambda.stop });
}

// Answers with what it was sent.
export const echo = (event) => ({ statusCode: 200, body: event.body });

// Calls that wait until they are let go. hold: a handler; held(n): resolves when n have come; release()
// lets all go, those that come later too; release(i, result) the i-th alone.
export function gate(result = { statusCode: 200 }) {
  const self = { waiting: [], checks: new Set(), open: false };
  self.hold = () => (self.open ? result : new Promise((resolve) => {
    self.waiting.push(resolve);
    for (const check of [...self.checks]) check();
  }));
  self.held = (count) => new Promise((resolve) => {
    const check = () => {
      if (self.waiting.length < count) return;
      self.checks.delete(check);
      resolve();
    };
    self.checks.add(check);
    check();
  });
  self.release = (index, own = result) => {
    if (index !== undefined) return self.waiting[index](own);
    self.open = true;
    for (const go of self.waiting) go(result);
  };
  return self;
}

// The definition of a WebSocket API. routes: route key -> {}: `room`, one way; { twoWay: true }: with a
// route response; anything else stands as it is written.
export function websocketDefinition(routes, extra = {}) {
  const written = {};
  for (const [key, { twoWay = false, ...route }] of Object.entries(routes))
    written[key] = { integration: { integrationType: "AWS_PROXY", integrationUri: invokeArn("room") }, ...(twoWay ? { routeResponse: {} } : {}), ...route };
  return { protocolType: "WEBSOCKET", name: "chat", routeSelectionExpression: "$request.body.action", ...extra, routes: written };
}

const usual = { $connect: {}, $disconnect: {}, $default: { twoWay: true } };

// A gateway with that API, at /prod. config, or what it gives for the ports, is the test's own; `api`,
// `stage` and `room` add to the keys of the API, its stage and its function. The handlers are of `on`.
export async function startChat({ routes = usual, on = {}, extra, api = {}, stage = {}, room: options = {}, names, config = {}, files = {}, ...more } = {}) {
  const room = await startRoom({ $default: echo, ...on }, { names });
  const functions = Object.fromEntries((names ?? ["room"]).map((name) => [name, { endpoint: room.url, maxConcurrency: 5000, maxQueue: 5000, ...options }]));
  try {
    const gateway = await startGateway({
      ...more,
      config: (ports) => {
        const { functions: others = {}, ...own } = typeof config === "function" ? config(ports) : config;
        return { apis: [{ apiId: "chat", definition: "chat.json", ...api, stages: [{ stageName: "prod", ...stage }] }], functions: { ...functions, ...others }, ...own };
      },
      files: { "chat.json": websocketDefinition(routes, extra), ...files },
    });
    return { gateway, room, functions, async stop(signal) { try { return await gateway.stop(signal); } finally { await room.stop(); } } };
  } catch (error) {
    await room.stop();
    throw error;
  }
}

// The same around a test: withChat(options, async ({ gateway, room }) => …).
export async function withChat(options, fn) {
  const chat = await startChat(options);
  try {
    await fn(chat);
  } finally { await chat.stop(); }
}
