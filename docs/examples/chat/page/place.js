// SPDX-License-Identifier: Apache-2.0
// Which room one is in, and which one wants to be in. A connection is in one room at a time; what is asked is
// answered before the next is asked, since two messages may be handled by two processes at once.

export class Place {
  /** send(message); arrived(message) when a room has been entered; refused(why) when it could not be. */
  constructor({ send, arrived, refused }) {
    Object.assign(this, { send, arrived, refused, room: null, wanted: null, asked: null });
  }

  want(room) {
    this.wanted = room;
    this.step();
  }

  /** A new connection is nowhere, and has asked nothing. */
  opened() {
    this.closed();
    this.step();
  }

  closed() {
    this.room = this.asked = null;
  }

  step() {
    if (this.asked || this.room === this.wanted) return;
    const message = this.room === null ? { action: 'join', room: this.wanted } : { action: 'leave' };
    if (this.send(message)) this.asked = message;
  }

  /** The answer to who asked to join: those who are there. */
  members(message) {
    if (this.asked?.room !== message.room) return;
    this.asked = null;
    this.room = message.room;
    if (this.room === this.wanted) this.arrived(message);
    this.step();
  }

  left(room) {
    if (room !== this.room) return;
    this.asked = this.room = null;
    this.step();
  }

  /** Whether it was about what was asked here. Who was refused does not try again by itself. */
  failed(why) {
    if (!this.asked) return false;
    const { action, room } = this.asked;
    this.asked = null;
    if (action === 'leave') this.room = null;
    else if (room === this.wanted) {
      this.wanted = null;
      this.refused(why);
    }
    this.step();
    return true;
  }
}
