// SPDX-License-Identifier: Apache-2.0
// What people may write.

/** A refusal whose text whoever asked gets to see. */
export class Refusal extends Error {
  constructor(message, statusCode = 400) {
    super(message);
    this.statusCode = statusCode;
  }
}

const something = /[\p{L}\p{N}\p{P}\p{S}]/u; // not only spaces, joiners and accents
// Controls, other ends of lines, and what turns the direction of writing of the words around a name.
const unfitForLines = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** The member of an object, a trimmed text of min to max characters. */
export function readText(object, member, max, min = 1) {
  const value = object?.[member] ?? '';
  const text = typeof value === 'string' ? value.trim() : null;
  if (text === null || [...text].length < min || [...text].length > max)
    throw new Refusal(`"${member}" is a text of ${min} to ${max} characters.`);
  if (!text.isWellFormed() || text && !something.test(text)) throw new Refusal(`"${member}" has nothing that can be read.`);
  return text;
}

/** Likewise, what stands in the middle of others' words: names, topics. */
export function readLine(object, member, max, min = 1) {
  const text = readText(object, member, max, min);
  if (unfitForLines.test(text)) throw new Refusal(`"${member}" is one line, without control characters.`);
  return text;
}

export const isRoomName = (text) => /^[a-z0-9-]{1,32}$/.test(text);

/** The name of a room: it is also a part of paths and of keys. */
export function readRoomName(object, member) {
  const name = readText(object, member, 32);
  if (!isRoomName(name)) throw new Refusal(`"${member}" has small letters, digits and hyphens.`);
  return name;
}

/** What an answer has said to ask the next page with; none is undefined. */
export function readCursor(text) {
  if (!text) return undefined;
  if (!/^[\dTZ:.-]{1,32}#[\w-]{1,64}$/.test(text)) throw new Refusal('"before" is what an answer has in its own.');
  return text;
}
