// SPDX-License-Identifier: Apache-2.0
// cognito-local, in the current directory. Its own command counts characters where it has written bytes, and so
// keeps more and more of its log back after each code (the frame around it is no ASCII): here all is written.
import { createRequire } from 'node:module';

const require = createRequire(createRequire(import.meta.url).resolve('cognito-local'));
const { createDefaultServer } = require('cognito-local');
const pino = require('pino');

const write = (line) => {
  const { time, target = '-', msg, err } = JSON.parse(line);
  process.stdout.write(`${new Date(time).toISOString()} ${target}: ${err ? `${msg}: ${err.message}` : msg}\n`);
};

const server = await createDefaultServer(pino({}, { write }));
await server.start({ hostname: process.env.HOST, port: Number(process.env.PORT) });
