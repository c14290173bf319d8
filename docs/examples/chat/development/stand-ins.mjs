// SPDX-License-Identifier: Apache-2.0
// What stands in for AWS in development: cognito-local for the user pool, dynalite for DynamoDB. Both
// keep what they know in a directory; who deletes it begins anew.
//   node stand-ins.mjs DIRECTORY     # alone, as the container does
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { answers, Children } from './children.mjs';
import { cognitoPort, dynamoPort, host } from './settings.mjs';
import { fillTable } from './table.mjs';
import { fillPool, preparePool } from './user-pool.mjs';

const require = createRequire(import.meta.url);
const programOf = (name, bin) => path.join(path.dirname(require.resolve(`${name}/package.json`)), bin);

/** cognito-local has no mail: it prints what it would send. */
function findCode(onCode) {
  let user = null;
  return (line) => {
    const [, field, value] = /(Destination|Code):\s+(\S+)/.exec(line) ?? [];
    if (field === 'Destination') user ??= value;
    if (field !== 'Code') return;
    onCode(user?.replace(/[^\x21-\x7e]/g, '?'), value); // whoever signs up wrote it: no escapes for terminals
    user = null;
  };
}

/** onStep(text) tells what is done, onCode(email, code) what would be in a mail. */
export async function startStandIns(children, directory, { onStep, onCode }) {
  mkdirSync(directory, { recursive: true });
  const cognito = path.join(directory, 'cognito');
  preparePool(cognito, path.join(directory, 'user-pool.secret'));

  onStep('DynamoDB (dynalite)');
  const dynamo = [process.execPath, programOf('dynalite', 'cli.js'), '--host', host, '--port', String(dynamoPort),
    '--path', path.join(directory, 'dynamodb'), '--createTableMs', '0'];
  children.start('dynalite', dynamo, { log: path.join(directory, 'dynalite.log') });

  onStep('user pool (cognito-local)');
  const pool = [process.execPath, '--no-warnings', path.join(import.meta.dirname, 'cognito.mjs')];
  const code = findCode(onCode);
  children.start('cognito-local', pool, {
    // COLUMNS: nothing is wrapped, however long an address is.
    cwd: cognito, env: { ...process.env, HOST: host, PORT: String(cognitoPort), COLUMNS: '4000' }, log: path.join(directory, 'cognito-local.log'), onLine: code,
  });
  const fails = children.ended.then(({ name, status }) => { throw new Error(`${name} ended (${status}): see ${directory}/${name}.log`); });
  await answers(`http://127.0.0.1:${dynamoPort}/`, fails);
  await answers(`http://127.0.0.1:${cognitoPort}/health`, fails);

  onStep('table, groups and accounts');
  await fillTable(await fillPool());
}

export async function stopStandIns(children) {
  children.close();
  await Promise.all(['cognito-local', 'dynalite'].map((name) => children.stop(name)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = path.resolve(process.argv[2] ?? 'state');
  const ready = path.join(directory, 'ready');
  rmSync(ready, { force: true });
  const children = new Children();
  const stopped = new Promise((resolve) => { for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve); });
  const started = (async () => {
    await startStandIns(children, directory, {
      onStep: (text) => console.log(text), onCode: (email, code) => console.log(`The code for ${email} is ${code}`),
    });
    writeFileSync(ready, '');
    console.log('The stand-ins are ready.');
    const { name, status } = await children.ended;
    throw new Error(`${name} ended: ${status}`);
  })();
  const error = await Promise.race([started, stopped]).then(() => null, (reason) => reason);
  rmSync(ready, { force: true });
  await stopStandIns(children);
  if (error) console.error(error.message);
  process.exit(error ? 1 : 0);
}
