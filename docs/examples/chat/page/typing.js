// SPDX-License-Identifier: Apache-2.0
// Who is typing: for four seconds after they last told, or until they have said it.
import { $ } from './dom.js';

const SHOWN = 4000;
const TELL_EVERY = 2000;

export class Typing {
  /** tell(): one is typing oneself. */
  constructor(tell) {
    this.tell = tell;
    this.told = -Infinity;
    this.next = null;
    this.people = new Map(); // sub -> {name, timer}
  }

  /** For every key; it is told now and then, and the last one in time. */
  key() {
    this.next ??= setTimeout(() => {
      this.next = null;
      this.told = performance.now();
      this.tell();
    }, Math.max(0, this.told + TELL_EVERY - performance.now()));
  }

  /** It has been said. */
  done() {
    clearTimeout(this.next);
    this.next = null;
  }

  add({ sub, name }) {
    this.remove(sub);
    this.people.set(sub, { name, timer: setTimeout(() => this.remove(sub), SHOWN) });
    this.show();
  }

  remove(sub) {
    clearTimeout(this.people.get(sub)?.timer);
    this.people.delete(sub);
    this.show();
  }

  clear() {
    for (const sub of [...this.people.keys()]) this.remove(sub);
    this.done();
  }

  show() {
    const names = [...this.people.values()].map(({ name }) => name);
    $('typing').textContent = names.length === 0 ? '' : names.length > 3 ? 'Several people are typing …'
      : `${names.join(', ').replace(/, ([^,]*)$/, ' and $1')} ${names.length === 1 ? 'is' : 'are'} typing …`;
  }
}
