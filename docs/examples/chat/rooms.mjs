// SPDX-License-Identifier: Apache-2.0
// Who is in which room, kept in memory: it lasts as long as the process, and there must be only one.
// Whatever has these four functions can take its place, such as a table with an index by room.

export class MemoryRooms {
  #members = new Map();

  /** member: { connectionId, room, name, endpoint }. A connection is in one room at most. */
  async enter(member) {
    this.#members.set(member.connectionId, member);
  }

  /** The member that is gone now; undefined where there was none. */
  async leave(connectionId) {
    const member = this.#members.get(connectionId);
    this.#members.delete(connectionId);
    return member;
  }

  async find(connectionId) {
    return this.#members.get(connectionId);
  }

  /** In the order in which they came. */
  async membersOf(room) {
    return [...this.#members.values()].filter((member) => member.room === room);
  }
}
