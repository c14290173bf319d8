// SPDX-License-Identifier: Apache-2.0
// The chat of somebody who is signed in: what the socket says goes to the views, what they want to the socket.
import { $, tell } from './dom.js';
import { Members } from './members.js';
import { Messages } from './messages.js';
import { Place } from './place.js';
import { Profile } from './profile.js';
import { Refusal, path } from './api.js';
import { Rooms } from './rooms.js';
import { Say } from './say.js';
import { Socket } from './socket.js';
import { Typing } from './typing.js';

const PAGE = 50;
const PAGES_MISSED = 10; // so many pages are read at most to close a gap

const states = { connecting: 'Connecting', connected: 'Connected', away: 'Not connected' };

/** What the gateway's own frames mean here. */
const refusals = {
  'Too Many Requests': 'Too many messages at once. Wait a moment.',
  'Forbidden': 'Your token does not allow that.',
  'Internal server error': 'That failed behind the gateway. Try again.',
};

export class Chat {
  constructor(api, session, hear) {
    Object.assign(this, { api, hear, removed: new Map() }); // removed: room -> what to say
    const send = (message) => this.socket.send(message);
    this.socket = new Socket('/ws', {
      hear, token: () => session.token(), probe: () => api.call('GET', '/api/profile'),
      opened: () => this.place.opened(), took: (message) => this.take(message), changed: (state, why) => this.changed(state, why),
    });
    this.place = new Place({ send, arrived: (message) => this.arrived(message), refused: (why) => this.notice(why) });
    this.messages = new Messages();
    this.rooms = new Rooms(api, (room) => this.enter(room));
    this.typing = new Typing(() => send({ action: 'typing' }));
    this.say = new Say((text) => {
      this.typing.done();
      return send({ action: 'send', text });
    }, () => this.typing.key());
    this.members = new Members((member) => api.call('DELETE', path`/api/rooms/${this.room}/members/${member.sub}`, { own: { 403: 'Only moderators may do that.' } }));
    this.profile = new Profile(api, (profile) => this.known(profile));
    this.listen(session);
  }

  listen(session) {
    $('sign-out').addEventListener('click', () => session.end());
    $('retry').addEventListener('click', () => this.socket.retry());
    $('earlier').addEventListener('click', () => this.earlier());
    addEventListener('online', () => this.socket.retry());
    addEventListener('hashchange', () => { if (this.running) this.enter(roomOfAddress()); });
    for (const button of document.querySelectorAll('#panes button')) button.addEventListener('click', () => this.showPane(button.dataset.show));
  }

  async start() {
    this.running = true;
    $('chat').hidden = false;
    this.showPane('talk');
    try {
      await this.profile.load();
    } catch (error) {
      this.notice(error.message);
    }
    if (!this.running || !await this.rooms.load() || !this.running) return this.startLater();
    this.socket.start();
    this.enter(roomOfAddress() ?? this.rooms.find('lobby')?.name ?? this.rooms.rooms[0]?.name ?? null);
  }

  /** The gateway was not there, or would not say what is needed. */
  startLater() {
    if (this.running) this.later = setTimeout(() => this.start(), 3000);
  }

  stop() {
    this.running = false;
    clearTimeout(this.later);
    this.socket.stop();
    this.place.closed();
    this.enter(null);
    for (const view of [this.rooms, this.profile]) view.clear();
    this.removed.clear();
    history.replaceState(null, '', location.pathname);
    $('chat').hidden = true;
  }

  known({ sub }) {
    this.messages.you = this.members.you = sub;
    this.members.moderator = this.profile.may('moderate');
    this.members.show();
    this.rooms.mayCreate(this.profile.may('write'));
    if (this.place.room) this.socket.send({ action: 'join', room: this.place.room }); // under the name of now
  }

  /** Shows a room, and wants to be in it. */
  enter(room) {
    this.showPane('talk');
    if (room === this.room && room !== null && (this.place.room === room || this.place.asked?.room === room)) return;
    this.leaveView();
    this.room = room;
    this.rooms.select(room);
    this.sayWhere();
    this.place.want(this.removed.has(room) ? null : room);
    if (!room) return;
    if (roomOfAddress() !== room) history.replaceState(null, '', `#${room}`);
  }

  leaveView() {
    for (const view of [this.messages, this.members, this.typing, this.say]) view.clear();
    $('earlier').hidden = true;
    this.before = null;
  }

  arrived({ room, members }) {
    this.members.set(members);
    this.notice('');
    this.say.ready(this.profile.may('write'), this.profile.may('write') ? `Write to ${room}` : 'You may read here, but not write');
    if (matchMedia('(min-width: 56rem)').matches) this.say.focus();
    this.catchUp(room);
  }

  /** The newest messages; after a gap, all that were missed. */
  async catchUp(room) {
    const first = this.messages.ids.size === 0;
    let before = null;
    for (let pages = 0; pages < PAGES_MISSED; pages++) {
      const page = await this.load(room, before);
      if (!page) return;
      const closed = page.messages.some(({ id }) => this.messages.has(id));
      this.messages.addPage(page.messages);
      before = page.before;
      if (first) this.showEarlier(before);
      if (first || closed || !before) return;
    }
  }

  async earlier() {
    const page = await this.load(this.room, this.before);
    if (!page) return;
    this.messages.addPage(page.messages);
    this.showEarlier(page.before);
  }

  showEarlier(before) {
    this.before = before;
    $('earlier').hidden = !before;
  }

  /** A page of history, or null if it could not be had, or nobody wants it any more. */
  async load(room, before) {
    try {
      const page = await this.api.call('GET', `${path`/api/rooms/${room}/messages`}?${new URLSearchParams({ limit: PAGE, ...(before && { before }) })}`);
      return room === this.room ? page : null;
    } catch (error) {
      if (room === this.room) this.notice(error instanceof Refusal && error.status === 404 ? 'There is no such room.' : error.message);
      return null;
    }
  }

  /** A frame. Those without a type are the gateway's own. */
  take(message) {
    if (Object.hasOwn(takers, message.type ?? '')) return takers[message.type].call(this, message);
    if (!message.message) return;
    if (!message.type) this.hear({ method: 'WS', path: '/ws', at: Date.now(), status: message.message, body: JSON.stringify(message), note: 'A frame of the gateway itself: it refused a message, or the function failed.' });
    const why = refusals[message.message] ?? message.message;
    if (!this.place.failed(why)) this.say.refused(why);
  }

  changed(state, why) {
    $('state').dataset.state = state;
    $('state').textContent = states[state];
    if (state === 'connected') this.sayWhere();
    if (state !== 'away') return;
    if (this.place.room) this.messages.note('lost', 'The connection was lost');
    this.place.closed();
    this.typing.clear();
    this.say.ready(false, 'Not connected');
    this.notice(this.removed.get(this.room) ?? why, !this.removed.has(this.room));
  }

  /** Until one is in the room. */
  sayWhere() {
    const removed = this.removed.get(this.room);
    this.notice(removed);
    this.say.ready(false, removed ? 'You were removed from this room' : 'Not in a room');
  }

  notice(text, retry = false) {
    $('notice').hidden = !text;
    $('notice').firstElementChild.textContent = text ?? '';
    $('retry').hidden = !retry;
  }

  showPane(pane) {
    $('chat').dataset.pane = pane;
    for (const button of document.querySelectorAll('#panes button')) button.ariaCurrent = String(button.dataset.show === pane);
  }
}

/** What a frame of a type does to the chat (`this`). Frames of a room that one has left mean nothing. */
const takers = {
  members(message) {
    if (message.room === this.place.room) this.members.set(message.members);
    else this.place.members(message);
  },
  joined({ room, member, at }) {
    if (room === this.room && this.members.add(member)) this.messages.note('joined', `${member.name} joined`, at);
  },
  left({ room, member, at, removed }) {
    if (member.sub === this.profile.profile.sub) return this.place.left(room);
    if (room !== this.room || !this.members.delete(member.sub)) return;
    this.typing.remove(member.sub);
    this.messages.note(removed ? 'removed' : 'left', `${member.name} ${removed ? 'was removed by a moderator' : 'left'}`, at);
  },
  message(message) {
    if (message.room !== this.room) return;
    if (message.from.sub === this.messages.you) this.say.said(message.text);
    this.typing.remove(message.from.sub);
    this.messages.add(message);
  },
  typing({ room, from }) {
    if (room === this.room && from.sub !== this.messages.you) this.typing.add(from);
  },
  removed({ room, by, at }) {
    this.removed.set(room, `${by?.name ?? 'A moderator'} removed you from ${room}. You cannot come back to this room; choose another.`);
    if (room !== this.room) return;
    this.messages.note('removed', `${by?.name ?? 'A moderator'} removed you`, at);
    this.place.closed();
    this.place.want(null);
    this.members.clear();
    this.typing.clear();
    this.sayWhere();
  },
  pong() {},
};

function roomOfAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null;
  }
}
