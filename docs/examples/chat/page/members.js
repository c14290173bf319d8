// SPDX-License-Identifier: Apache-2.0
// Who is in the room now. Moderators may send somebody away.
import { $, avatar, make, tell } from './dom.js';

export class Members {
  /** remove(member) asks the gateway for it. */
  constructor(remove) {
    this.remove = remove;
    this.dialog = $('remove-dialog');
    this.people = new Map();
    this.you = null;
    this.moderator = false;
    $('members').addEventListener('click', (event) => {
      const button = event.target.closest('.remove');
      if (button) this.confirm(this.people.get(button.closest('li').dataset.sub));
    });
    this.dialog.addEventListener('close', () => { if (this.dialog.returnValue === 'yes') this.send(this.asked); });
  }

  set(members) {
    this.people = new Map(members.map((member) => [member.sub, member]));
    this.show();
  }

  /** Whether they were not there. */
  add(member) {
    const isNew = !this.people.has(member.sub);
    this.people.set(member.sub, member);
    this.show();
    return isNew;
  }

  delete(sub) {
    const was = this.people.delete(sub);
    this.show();
    return was;
  }

  clear() {
    this.set([]);
    tell($('people-said'), '');
    this.dialog.close('no');
  }

  confirm(member) {
    if (!member) return;
    this.asked = member;
    this.dialog.returnValue = 'no';
    $('remove-title').textContent = `Remove ${member.name}?`;
    this.dialog.showModal();
  }

  async send(member) {
    tell($('people-said'), '');
    try {
      await this.remove(member);
    } catch (error) {
      tell($('people-said'), error.message);
    }
  }

  show() {
    const people = [...this.people.values()].sort((a, b) => a.name.localeCompare(b.name));
    $('count').textContent = people.length || '';
    $('members').replaceChildren(...people.map((member) => this.draw(member)));
  }

  draw(member) {
    const { sub, name, moderator } = member;
    const words = [sub === this.you && 'you', moderator && 'moderator'].filter(Boolean).join(', ');
    const item = make('li', { dataset: { sub } }, avatar(member),
      make('span', { className: 'who' }, make('b', {}, name), ...(words ? [make('span', { className: 'soft' }, words)] : [])));
    if (!this.moderator || sub === this.you) return item;
    const button = make('button', { type: 'button', className: 'remove quiet small' }, 'Remove');
    button.ariaLabel = `Remove ${name}`;
    item.append(button);
    return item;
  }
}
