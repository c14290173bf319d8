// SPDX-License-Identifier: Apache-2.0
// Who is in a room, and who is told of it. A person may be there with several connections (tabs), and
// comes with the first and goes with the last.
import { disconnect, tell } from './push.mjs';

/** What others get to see of a member. */
export const faceOf = ({ sub, name, moderator }) => ({ sub, name, moderator });

export class Room {
  #store;

  constructor(store) {
    this.#store = store;
  }

  /** Everybody once. */
  async faces(room) {
    const members = await this.#store.listMembers(room);
    return [...new Map(members.map((member) => [member.sub, faceOf(member)])).values()];
  }

  /**
   * Who joins the room again where they are is there under their name of now, and nobody is told. Returns
   * false for who may not be there: whoever is removed meanwhile is either seen by `remove`, or sees it here.
   */
  async enter(member) {
    const before = await this.#store.listMembers(member.room);
    if (!before.some(({ connectionId }) => connectionId === member.connectionId)) await this.depart(member.connectionId);
    await this.#store.enter(member);
    if (await this.#store.isBanned(member.room, member.sub)) {
      await this.#store.leave(member.connectionId, member.room);
      return false;
    }
    await this.#announce(member, before);
    return true;
  }

  async #announce(member, before) {
    if (before.some(({ sub }) => sub === member.sub)) return;
    await this.broadcast(member.room, { type: 'joined', room: member.room, member: faceOf(member), at: Date.now() }, before);
  }

  /** Who leaves twice, or was gone before, is missed once. room: where it is listed; details: more to say of it. */
  async depart(connectionId, { room, ...details } = {}) {
    const member = await this.#store.leave(connectionId, room);
    if (!member) return;
    const others = await this.#store.listMembers(member.room);
    if (others.some(({ sub }) => sub === member.sub)) return;
    await this.broadcast(member.room, { type: 'left', room: member.room, member: faceOf(member), at: Date.now(), ...details }, others);
  }

  /** Tells the members of a room; connections that do not exist any more leave it. */
  async broadcast(room, message, members) {
    const gone = await tell(members ?? await this.#store.listMembers(room), message);
    for (const { connectionId, room: theirs } of gone) await this.depart(connectionId, { room: theirs });
  }

  /** Ends what somebody has in a room, and keeps them out of it. by: the moderator. */
  async remove(room, sub, by) {
    await this.#store.ban(room, sub, by);
    const theirs = (await this.#store.listMembers(room)).filter((member) => member.sub === sub);
    await tell(theirs, { type: 'removed', room, by, at: Date.now() });
    for (const member of theirs) {
      await this.depart(member.connectionId, { room, removed: true });
      await disconnect(member);
    }
    return theirs.length;
  }
}
