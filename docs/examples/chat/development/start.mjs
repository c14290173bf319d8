// SPDX-License-Identifier: Apache-2.0
// Starts the chat: what stands in for AWS, then the gateway, which runs the functions. Says what it does
// and what to try, and ends everything with Ctrl-C.
//   node start.mjs [TURNPIKE]
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { answers, Children, isTaken } from './children.mjs';
import { accounts, password } from './settings.mjs';
import { startStandIns, stopStandIns } from './stand-ins.mjs';

const home = path.resolve(import.meta.dirname, '..');
const state = path.join(home, 'state');
const given = process.argv[2] ?? 'turnpike';
const turnpike = given.includes('/') ? path.resolve(given) : given; // a mere name is looked for in the PATH
const configuration = path.join(home, 'turnpike.yaml');
const ports = [8080, 8443, 9901, 3001, 9229, 8000];
const STEPS = 7;

const run = promisify(execFile);
const children = new Children();
const here = (file) => path.relative(process.cwd(), file) || '.';

let step = 0;
const onStep = (text) => console.log(`[${++step}/${STEPS}] ${text}`);

class Failure extends Error {
  constructor(message, status = 1) {
    super(message);
    this.status = status;
  }
}

async function checkPorts() {
  onStep(`ports ${ports.join(', ')}`);
  for (const port of ports) if (await isTaken(port)) throw new Failure(`port ${port} is in use already: stop what listens there (ss -ltnp shows it; an earlier start that was killed leaves its programs)`);
}

/** Passwords are in it, and what people say: it is nobody else's to read. */
function makeState() {
  mkdirSync(state, { recursive: true });
  chmodSync(state, 0o700);
  mkdirSync(path.join(state, 'gateway'), { recursive: true });
}

async function makeCertificate() {
  onStep(`certificate for localhost, ${here(path.join(home, 'tls'))}`);
  await run(turnpike, ['init', home]).catch((error) => {
    throw new Failure(error.code === 'ENOENT' ? `there is no program '${turnpike}': the argument is its path` : error.stderr || error.message);
  });
}

const lastLines = (name) => readFileSync(path.join(state, `${name}.log`), 'utf8').trimEnd().split('\n').slice(-5).join('\n');

/** Mistakes are shown with their place; what is only a warning, `turnpike check` tells who asks. */
async function checkConfiguration() {
  onStep(`configuration ${here(configuration)}`);
  await run(turnpike, ['check', '--config', configuration]).catch((error) => {
    throw new Failure(`${error.stdout ?? ''}${error.stderr ?? error.message}`.trim(), 78);
  });
}

async function startGateway() {
  onStep('gateway and functions');
  // The functions' client is started by the name `node`: the one that runs this is to be found first.
  const PATH = `${path.dirname(process.execPath)}:${process.env.PATH}`;
  children.start('gateway', [turnpike, 'serve', '--config', configuration], {
    env: { ...process.env, PATH }, log: path.join(state, 'gateway.log'), show: true,
  });
  const fails = children.ended.then(({ name, status }) => { throw new Failure(`${name} ended (${status}); its last lines:\n${lastLines(name)}`); });
  await answers('http://127.0.0.1:9901/readyz', fails);
}

function advise() {
  const [{ email }] = accounts;
  console.log(`
The chat is ready. In a browser:

  http://localhost:8080/             # sign in as ${email}, password ${password}
                                     # or sign up: the code of the mail is printed here
  https://localhost:8443/            # the same by TLS; import ${here(path.join(home, 'tls/ca.pem'))} first
  http://localhost:8080/api/docs     # the HTTP API, to try

and in another terminal:

  curl http://localhost:8080/api/health
  curl -i http://localhost:8080/api/rooms                # needs a token: 401
  ${here(turnpike)} routes --config ${here(configuration)}
  ${here(turnpike)} status --config ${here(configuration)}
  ${here(turnpike)} reload --config ${here(configuration)}    # takes over what you have changed there

What is said is kept in ${here(state)}: delete it to begin anew. The log of the gateway and of the
functions is there, too: tail -f ${here(path.join(state, 'gateway.log'))}
Ctrl-C stops everything. Requests, as they come:
`);
}

async function stopAll() {
  children.close();
  await children.stop('gateway');
  await stopStandIns(children);
}

async function main() {
  const stopped = new Promise((resolve) => { for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve); });
  stopped.then(() => process.on('SIGINT', () => children.kill())); // Ctrl-C again
  const started = (async () => {
    await checkPorts();
    makeState();
    await makeCertificate();
    await startStandIns(children, state, { onStep, onCode: (email, code) => console.log(`Mail for ${email}: the code is ${code}`) })
      .catch((error) => { throw new Failure(error.message); });
    await checkConfiguration();
    await startGateway();
    advise();
    const { name, status } = await children.ended;
    throw new Failure(`${name} ended (${status}); its last lines:\n${lastLines(name)}`);
  })();
  await Promise.race([started, stopped]);
}

let status = 0;
try {
  await main();
} catch (error) {
  status = error.status ?? 1;
  console.error(error.status || error.code ? `run: ${error.message}` : error);
}
await stopAll();
process.exit(status);
