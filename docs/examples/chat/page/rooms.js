// SPDX-License-Identifier: Apache-2.0
// The rooms there are, as links: the one that is shown is in the address.
import { $, make, onSubmit, tell } from './dom.js';

export class Rooms {
  /** chosen(name): of a link, though it may be the one that is shown. */
  constructor(api, chosen) {
    this.api = api;
    this.rooms = [];
    $('rooms').addEventListener('click', (event) => {
      const link = event.target.closest('a[data-room]');
      if (link) chosen(link.dataset.room);
    });
    $('rooms-refresh').addEventListener('click', () => this.load());
    onSubmit($('room-form'), async ({ name, topic }) => {
      const room = await api.call('POST', '/api/rooms', { body: { name, topic }, own: {
        403: 'You may not create rooms.',
        409: 'There is a room of that name already.',
        429: 'Too many rooms at once. Wait a moment.',
      } });
      $('room-form').reset();
      $('new-room').open = false;
      await this.load();
      location.hash = room.name;
    });
  }

  /** Whether they could be had. */
  async load() {
    try {
      this.rooms = (await this.api.call('GET', '/api/rooms')).rooms;
      tell($('rooms-said'), '');
      this.show();
      return true;
    } catch (error) {
      tell($('rooms-said'), error.message);
      return false;
    }
  }

  find(name) { return this.rooms.find((room) => room.name === name); }

  select(name) {
    this.selected = name;
    this.show();
  }

  mayCreate(may) { $('new-room').hidden = !may; }

  clear() {
    this.rooms = [];
    this.select(null);
    $('room-form').reset();
    $('new-room').open = false;
    for (const id of ['room-form', 'rooms-pane']) tell($(id).querySelector('[role=alert]'), '');
  }

  show() {
    $('rooms').replaceChildren(...this.rooms.map(({ name, topic }) => {
      const link = make('a', { href: `#${name}`, dataset: { room: name } }, make('b', {}, name), ...(topic ? [make('span', { className: 'soft' }, topic)] : []));
      if (name === this.selected) link.ariaCurrent = 'page';
      return make('li', {}, link);
    }));
    const room = this.find(this.selected);
    $('room-name').textContent = this.selected ?? 'No room';
    $('room-topic').textContent = !this.selected ? 'Choose a room, or make one.'
      : [room?.topic, room?.createdBy?.name && `created by ${room.createdBy.name}`].filter(Boolean).join(' · ');
    document.title = this.selected ? `${this.selected} – Chat` : 'Chat';
  }
}
