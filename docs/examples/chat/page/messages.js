// SPDX-License-Identifier: Apache-2.0
// What was said in a room, oldest first: messages in groups of one person's, days, and who came and went.
import { $, avatar, clock, dayOf, make, milliseconds } from './dom.js';

const GROUP = 5 * 60_000; // a message that soon after another of the same person needs no new head
const AT_END = 60; // so many pixels from the end are the end

export class Messages {
  constructor() {
    this.log = $('log');
    this.list = $('messages');
    this.you = null;
    this.stays = true;
    this.entries = []; // {at, nodes, message} or {at, nodes, event, text}, in order of time
    this.ids = new Set();
    $('to-end').addEventListener('click', () => this.toEnd());
    this.log.addEventListener('scroll', () => this.scrolled());
    new ResizeObserver(() => { if (this.stays) this.toEnd(); }).observe(this.log);
  }

  clear() {
    this.entries = [];
    this.ids.clear();
    this.list.replaceChildren();
    $('to-end').hidden = true;
  }

  has(id) { return this.ids.has(id); }

  get atEnd() { return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < AT_END; }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    $('to-end').hidden = true;
  }

  /** Who is at the end stays there, however high the window is. */
  scrolled() {
    if (this.log.clientHeight === 0) return; // another pane is shown
    this.stays = this.atEnd;
    if (this.stays) $('to-end').hidden = true;
  }

  /** One that has just been said. */
  add(message) {
    const atEnd = this.atEnd;
    if (!this.insert({ at: milliseconds(message.at), message })) return;
    if (atEnd || message.from.sub === this.you) this.toEnd();
    else $('to-end').hidden = false;
  }

  /** A page of history: it is not read out, and what was in sight stays there. */
  addPage(messages) {
    const { scrollHeight, scrollTop } = this.log;
    const atEnd = this.atEnd;
    this.log.ariaLive = 'off';
    for (const message of messages) this.insert({ at: milliseconds(message.at), message });
    if (atEnd) this.toEnd();
    else this.log.scrollTop = scrollTop + this.log.scrollHeight - scrollHeight;
    requestAnimationFrame(() => { this.log.ariaLive = 'polite'; });
  }

  /** Something that happened: it stands where it happened, or at the end. */
  note(event, text, at = this.entries.at(-1)?.at ?? Date.now()) {
    const atEnd = this.atEnd;
    this.insert({ at: milliseconds(at), event, text });
    if (atEnd) this.toEnd();
  }

  insert(entry) {
    const id = entry.message?.id;
    if (id !== undefined && this.ids.has(id)) return false;
    if (id !== undefined) this.ids.add(id);
    let index = this.entries.length;
    while (index > 0 && this.entries[index - 1].at > entry.at) index--;
    this.entries.splice(index, 0, entry);
    this.place(index);
    if (index + 1 < this.entries.length) this.place(index + 1); // it looks different after another
    return true;
  }

  place(index) {
    const entry = this.entries[index], previous = this.entries[index - 1];
    for (const node of entry.nodes ?? []) node.remove();
    entry.nodes = this.draw(entry, previous);
    const after = previous ? previous.nodes.at(-1).nextSibling : this.list.firstChild;
    for (const node of entry.nodes) this.list.insertBefore(node, after);
  }

  draw(entry, previous) {
    const day = dayOf(entry.at);
    const nodes = previous && dayOf(previous.at) === day ? [] : [make('li', { className: 'day' }, make('span', {}, day))];
    nodes.push(entry.message ? this.drawMessage(entry, nodes.length === 0 ? previous : undefined) : make('li', { className: 'event', dataset: { event: entry.event } }, entry.text));
    return nodes;
  }

  drawMessage({ at, message: { id, from, text } }, previous) {
    const follows = previous?.message?.from.sub === from.sub && at - previous.at < GROUP;
    const mine = from.sub === this.you;
    return make('li', { className: `message${mine ? ' mine' : ''}${follows ? ' follows' : ''}`, dataset: { id, from: from.sub } },
      ...(follows ? [make('span', { className: 'unseen' }, `${from.name}: `)] : [avatar(from), make('span', { className: 'head' }, make('b', {}, mine ? 'You' : from.name), clock(at))]),
      make('p', { className: 'text', title: new Date(at).toLocaleTimeString([], { timeStyle: 'short' }) }, text));
  }
}
