// SPDX-License-Identifier: Apache-2.0
// The chat in a terminal:
//   node --experimental-websocket talk.mjs 'ws://localhost:8080/ws?token=…' [ROOM [NAME]]
// A line is a message; /who, /leave and /join ROOM do what they say; Ctrl-D ends it. For wss://,
// NODE_EXTRA_CA_CERTS names the authority of the gateway's certificate.
import { createInterface } from 'node:readline';

const [url, room = 'lobby', name] = process.argv.slice(2);

function fail(message) {
  console.error(`talk: ${message}`);
  process.exit(1);
}

if (!url) fail("usage: node --experimental-websocket talk.mjs 'ws://localhost:8080/ws?token=…' [ROOM [NAME]]");
if (typeof WebSocket === 'undefined') fail('this Node needs the option --experimental-websocket');

const socket = new WebSocket(url);
const send = (message) => socket.send(JSON.stringify(message));

const commands = {
  '/join': (argument) => send({ action: 'join', room: argument, name }),
  '/leave': () => send({ action: 'leave' }),
  '/who': () => send({ action: 'who' }),
};

const texts = {
  message: ({ from, text }) => `${from}: ${text}`,
  members: ({ room: here, members }) => `* ${here}: ${members.join(', ')}`,
  joined: ({ from }) => `* ${from} joined`,
  left: ({ from }) => `* ${from} left`,
  pong: () => '',
};

/** What comes from elsewhere must not steer the terminal. */
const harmless = (text) => text.replace(/\p{Cc}/gu, ' ');

socket.onopen = () => {
  commands['/join'](room);
  setInterval(() => send({ action: 'ping' }), 240_000).unref();
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const [word, ...rest] = line.split(' ');
    if (Object.hasOwn(commands, word)) commands[word](rest.join(' '));
    else if (line.trim()) send({ action: 'send', text: line });
  });
  lines.on('close', () => socket.close(1000, 'bye'));
};

socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  const text = texts[message.type]?.(message) ?? `! ${message.message}`;
  if (text) console.log(harmless(text));
};

socket.onerror = () => fail('refused, or cut off: is the gateway there, is the token right?');
socket.onclose = ({ code, reason }) => (code === 1000 ? process.exit(0) : fail(`closed: ${code} ${reason}`));
