// SPDX-License-Identifier: Apache-2.0
// Programs that are started together and end together.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import readline from 'node:readline';

/** Whether somebody listens where `localhost` leads: browsers try IPv6 first, so that one counts, too. */
export async function isTaken(port) {
  return await accepts(port, '127.0.0.1') || accepts(port, '::1');
}

/** A connection that is accepted means that the port is somebody else's. */
async function accepts(port, address) {
  const socket = net.connect(port, address);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Asks a URL until it answers 2xx; fails when `unless` settles, which is what it waits for otherwise. */
export async function answers(url, unless) {
  let over = false;
  const stop = unless.then(() => { over = true; }, () => { over = true; });
  while (!over) {
    if (await Promise.race([stop, fetch(url).then((answer) => answer.ok, () => false)])) return;
    await Promise.race([stop, new Promise((resolve) => { setTimeout(resolve, 100); })]);
  }
  await unless;
  throw new Error('stopped');
}

export class Children {
  #children = new Map();
  #closed = false;

  /** The first that ends by itself: {name, status}. */
  ended = new Promise((resolve) => { this.resolveEnded = resolve; });

  /**
   * In a session of its own: Ctrl-C reaches who started it, who ends all in order. What it says goes into
   * the file `log`, line by line to `onLine`, too; what it says on stdout to this process's own with `show`.
   */
  start(name, command, { log, onLine, show = false, ...options }) {
    if (this.#closed) throw new Error(`${name} is not started any more`);
    const [program, ...args] = command;
    const child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', show ? 'inherit' : 'pipe', 'pipe'] });
    const file = createWriteStream(log);
    for (const stream of [child.stdout, child.stderr].filter(Boolean))
      readline.createInterface({ input: stream }).on('line', (line) => { file.write(`${line}\n`); onLine?.(line); });
    const over = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (status, signal) => resolve(signal ?? `exit status ${status}`));
    }).then((status) => {
      this.#children.delete(name);
      this.resolveEnded({ name, status });
      return status;
    });
    this.#children.set(name, { child, over });
    return over;
  }

  /** From now on nothing is started: what is under way must not outlive those who end it. */
  close() {
    this.#closed = true;
  }

  /** Whoever cannot wait: nobody is asked any more. */
  kill() {
    for (const { child } of this.#children.values()) child.kill('SIGKILL');
  }

  /** Ends it and waits until it has ended. */
  async stop(name) {
    const found = this.#children.get(name);
    found?.child.kill('SIGTERM');
    await found?.over;
  }
}
